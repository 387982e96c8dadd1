# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""The virtual environment in which the scripts run.

Standard library only: this is what runs before anything is installed.
"""
import fcntl
import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / '.venv'
VAR = ROOT / 'var'
BIN = VENV / ('Scripts' if os.name == 'nt' else 'bin')
PYTHON = BIN / 'python'


def say(message):
    "Print a step of the progress at once"
    print(message, flush=True)


def _fingerprint(extras):
    digest = hashlib.sha256(repr((sys.version, sorted(extras))).encode())
    for path in [
            ROOT / 'setup.py', ROOT / 'pyproject.toml',
            *sorted(ROOT.glob('modules/*/tryton.cfg'))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _installed(stamp):
    "Return the extras and the fingerprint of the last finished installation"
    try:
        fingerprint, *extras = stamp.read_text().split()
    except (FileNotFoundError, ValueError):
        return set(), None
    return set(extras), fingerprint


def _has_pip():
    "Test if the environment was made, and not only half"
    try:
        return not subprocess.call(
            [str(PYTHON), '-m', 'pip', '--version'],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except FileNotFoundError:
        return False


def ensure(*extras):
    """Go on in the project's virtual environment, made when it is missing.

    The distribution is installed in editable mode with the extras, again
    when setup.py or a tryton.cfg has changed. The running script is then
    executed anew by the Python of the environment.

    :param extras: names of the extras of setup.py
    """
    if sys.version_info < (3, 11):
        sys.exit(
            "Python 3.11 or newer is needed, this is %s."
            % sys.version.split()[0])
    VAR.mkdir(exist_ok=True)
    stamp = VENV / '.installed'
    with open(VAR / '.install.lock', 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        installed, fingerprint = _installed(stamp)
        wanted = installed | set(extras)
        if fingerprint != _fingerprint(wanted):
            if not _has_pip():
                say("Making the virtual environment .venv")
                try:
                    venv.create(VENV, with_pip=True, clear=True)
                except (OSError, subprocess.CalledProcessError) as error:
                    sys.exit(
                        "The virtual environment can not be made (%s). "
                        "On Debian: apt install python3-venv" % error)
            say("Installing tryton-jxc and what it needs (about a minute)")
            target = str(ROOT)
            if wanted:
                target += '[%s]' % ','.join(sorted(wanted))
            command = [
                str(PYTHON), '-m', 'pip', 'install', '--quiet',
                '--disable-pip-version-check', '--use-pep517', '-e', target]
            if subprocess.call(command, cwd=ROOT):
                sys.exit("pip could not install: see its message above.")
            stamp.write_text(' '.join([_fingerprint(wanted), *wanted]))
    if Path(sys.prefix).resolve() != VENV.resolve():
        os.execv(PYTHON, [str(PYTHON), *sys.argv])
