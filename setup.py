#!/usr/bin/env python3
# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Package each module of ``modules/`` as ``trytond.modules.<name>``."""
from configparser import ConfigParser
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).resolve().parent
VERSION = '8.0.0'
REQUIRES = [
    'polib', 'pycountry', 'python-dateutil', 'python-sql',
    # Of requests, what connects
    'requests >= 2.32, < 3', 'urllib3 >= 2, < 3']
DATA = [
    '**/tryton.cfg', '**/*.xml', '**/*.po', '**/*.fodt', '**/*.html',
    '**/*.svg', 'tests/**/*.rst', 'tests/**/*.json']
POSTGRESQL = ['psycopg[binary,pool] >= 3.2, < 4']
# What the scripts run and the tests need, each bound to a series
TOOLS = [
    'openpyxl >= 3.1, < 4', 'tqdm >= 4.66, < 5', 'gunicorn >= 23',
    'python-dateutil']
TEST = [
    'aiosmtpd >= 1.4, < 2', 'hypothesis >= 6, < 7', 'build >= 1, < 2',
    'flake8', 'isort']
BROWSER = ['playwright >= 1.49, < 2']


def read_config(path):
    config = ConfigParser()
    config.read(path, encoding='utf-8')
    return config['tryton']


def series(names):
    "Restrict the Tryton distributions to the series of the version"
    major, minor, _ = map(int, VERSION.split('.'))
    return [
        f'{name} >= {major}.{minor}, < {major}.{minor + 1}'
        for name in sorted(names)]


def distributions(key):
    "Return the distributions of the standard modules listed under the key"
    names = set()
    for config in modules.values():
        names.update(config.get(key, '').split())
    return {f'trytond_{n}' for n in names - {'ir', 'res'} - modules.keys()}


modules = {
    path.parent.name: read_config(path)
    for path in sorted(ROOT.glob('modules/*/tryton.cfg'))}
extras = series(distributions('extras_depend') - distributions('depends'))
tools = TOOLS + POSTGRESQL + series({'proteus'})

setup(
    name='tryton-jxc',
    version=VERSION,
    description="进销存: purchase, sale and stock for Tryton",
    long_description=(ROOT / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    license='GPL-3.0-or-later',
    package_dir={'trytond.modules': 'modules'},
    packages=[
        f'trytond.modules.{n}' for n in find_packages(str(ROOT / 'modules'))],
    package_data={f'trytond.modules.{n}': DATA for n in modules},
    python_requires='>=3.11',
    install_requires=REQUIRES + series(distributions('depends') | {'trytond'}),
    extras_require={
        'extras': extras,
        'postgresql': POSTGRESQL,
        'tools': extras + tools,
        'test': extras + tools + TEST,
        'browser': BROWSER,
        },
    entry_points={
        'trytond.modules': [f'{n} = trytond.modules.{n}' for n in modules]},
    zip_safe=False)
