# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""A private PostgreSQL cluster for tests, demos and benchmarks."""
import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path


class PostgreSQLMissing(Exception):
    "Raised when the programs of the PostgreSQL server are not installed"


def find_binaries():
    """Return the folder with initdb and pg_ctl.

    :raises PostgreSQLMissing: there is none
    """
    if path := shutil.which('pg_ctl'):
        return Path(path).resolve().parent
    folders = sorted(
        Path('/usr/lib/postgresql').glob('*/bin/pg_ctl'),
        key=lambda p: int(p.parent.parent.name), reverse=True)
    if not folders:
        raise PostgreSQLMissing(
            "The PostgreSQL server is not installed "
            "(on Debian: apt install postgresql)")
    return folders[0].parent


def _drop_privileges():
    "Return the prefix of a command that runs it as a user who is not root"
    if os.getuid():
        return []
    for user in ['postgres', 'nobody']:
        try:
            pwd.getpwnam(user)
        except KeyError:
            continue
        return ['runuser', '-u', user, '--']
    raise PostgreSQLMissing("There is no user to run PostgreSQL as.")


@contextmanager
def cluster(durable=False, **settings):
    """Run a cluster of its own, gone with the context.

    It listens on a socket only and needs no password.

    :param durable: keep fsync on, as a production server has it
    :param settings: of the server, by their names
    :yields: function from a database name to its URI
    """
    binaries = find_binaries()
    prefix = _drop_privileges()
    folder = Path(tempfile.mkdtemp(prefix='jxc-pg-'))
    data = folder / 'data'
    try:
        if prefix:
            shutil.chown(folder, prefix[2])
        folder.chmod(0o711)
        subprocess.run([
                *prefix, str(binaries / 'initdb'), '-D', str(data),
                '-U', 'tryton', '--auth=trust', '--encoding=UTF8',
                '--locale=C.UTF-8', '--no-sync'],
            check=True, stdout=subprocess.DEVNULL, cwd='/')
        options = [
            '-k', str(folder), '-c', "listen_addresses=''",
            '-c', 'shared_buffers=512MB', '-c', 'max_wal_size=4GB']
        if not durable:
            for name in ['fsync', 'synchronous_commit', 'full_page_writes']:
                options += ['-c', f'{name}=off']
        for name, value in settings.items():
            options += ['-c', f'{name}={value}']
        control = [*prefix, str(binaries / 'pg_ctl'), '-D', str(data), '-w']
        subprocess.run([
                *control, '-l', str(folder / 'postgresql.log'),
                '-o', ' '.join(options), 'start'],
            check=True, stdout=subprocess.DEVNULL, cwd='/')
        try:
            yield lambda name: (
                f'postgresql://tryton@/{name}?host={folder}')
        finally:
            subprocess.run(
                [*control, '-m', 'fast', 'stop'],
                stdout=subprocess.DEVNULL, cwd='/')
    finally:
        shutil.rmtree(folder, ignore_errors=True)
