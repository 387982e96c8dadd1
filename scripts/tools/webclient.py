# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Fetch Tryton's web client, only what a browser asks for."""
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

PACKAGE = 'tryton-sao'
VERSION = '8.0.11'
# What index.html needs beside its libraries
OWN = [
    'index.html', 'dist', 'images', 'sounds', 'COPYRIGHT', 'LICENSE',
    'CHANGELOG', 'package.json']
# The client asks for these two even when nobody customised it
HOOKS = ['custom.js', 'custom.css']
LIBRARIES = Path('node_modules')


class WebClientMissing(Exception):
    "Raised with the reason why the web client can not be fetched"


def fetch(www):
    """Make the folder that the server publishes, unless it is there.

    The folder appears complete or not at all.

    :param www: path of the folder
    :raises WebClientMissing: npm is missing or failed
    """
    if installed(www) == VERSION:
        return
    if not shutil.which('npm'):
        raise WebClientMissing(
            "npm is not installed (on Debian: apt install npm)")
    www.parent.mkdir(parents=True, exist_ok=True)
    for unfinished in www.parent.glob('.www-*'):
        shutil.rmtree(unfinished)
    with tempfile.TemporaryDirectory(
            prefix='.www-', dir=www.parent) as folder:
        source, target = Path(folder) / 'source', Path(folder) / 'www'
        _unpack(_pack([f'{PACKAGE}@{VERSION}'], folder), {PACKAGE: source})
        ranges = _read_json(source / 'package.json')['dependencies']
        names = sorted({path.parts[1] for path in references(source)})
        archives = _pack([f'{n}@{ranges[n]}' for n in names], folder)
        _unpack(archives, {n: source / LIBRARIES / n for n in names})
        select(source, target)
        if www.exists():
            www.rename(Path(folder) / 'previous')
        target.rename(www)


def installed(www):
    "Return the version in the folder, None when there is none"
    try:
        return _read_json(www / 'package.json')['version']
    except FileNotFoundError:
        return None


def references(source):
    """Return the paths under node_modules that the client names.

    :param source: folder of the unpacked package
    """
    html = (source / 'index.html').read_text(encoding='utf-8')
    css = (source / 'dist' / 'tryton-sao.css').read_text(encoding='utf-8')
    found = re.findall(r'''(?:src|href)=["'](node_modules/[^"'?#]+)''', html)
    found += re.findall(
        r'''url\(\s*["']?\.\./(node_modules/[^"')?#]+)''', css)
    return {Path(path) for path in found}


def select(source, target):
    """Copy what the browser can ask for.

    :param source: folder of the unpacked package with its libraries in
        node_modules
    :param target: folder to make
    :raises WebClientMissing: a file that the client names is not there
    """
    paths = [Path(name) for name in OWN if (source / name).exists()]
    paths += [p.relative_to(source) for p in source.glob('locale/*.json')]
    libraries = references(source)
    for library in {path.parts[1] for path in libraries}:
        paths += [
            p.relative_to(source)
            for p in (source / LIBRARIES / library).glob('*LICENSE*')
            if p.is_file()]
    for path in [*paths, *sorted(libraries)]:
        origin, copy = source / path, target / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        if origin.is_dir():
            shutil.copytree(origin, copy)
        elif origin.exists():
            shutil.copy(origin, copy)
        else:
            raise WebClientMissing(f"{path} is missing in {PACKAGE}")
    for name in HOOKS:
        (target / name).touch()


def _read_json(path):
    return json.loads(path.read_text(encoding='utf-8'))


def _pack(specifications, folder):
    """Download packages with npm, which verifies them.

    :param specifications: list of ``name@version`` or ``name@range``
    :param folder: where to put the archives
    :return: path of the archive by name of package
    """
    result = subprocess.run(
        ['npm', 'pack', '--json', '--ignore-scripts', '--fetch-retries=1',
            *specifications],
        cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if result.returncode:
        lines = result.stderr.strip().splitlines()
        raise WebClientMissing("npm says: %s" % next(
                (l for l in lines if re.match(r'npm (ERR!|error) \S', l)),
                f"exit code {result.returncode}"))
    return {
        package['name']: Path(folder) / package['filename']
        for package in json.loads(result.stdout)}


def _unpack(archives, folders):
    "Unpack each archive, without its first level, into the folder"
    for name, folder in folders.items():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
            with tarfile.open(archives[name]) as archive:
                # Python before 3.11.4 has no filters
                if hasattr(tarfile, 'data_filter'):
                    archive.extractall(temporary, filter='data')
                else:
                    archive.extractall(temporary)
            first, = Path(temporary).iterdir()
            os.rename(first, folder)
