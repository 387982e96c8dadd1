# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Databases and servers for the tests.

``scripts/test`` says in the environment on which database engine: TEST_BACKEND
is sqlite or postgresql, TRYTOND_DATABASE_URI its server, TEST_FOLDER takes the
files and TEST_CACHE what serves more than one run of the same sources.
"""
import hashlib
import itertools
import os
import subprocess
import sys
import tempfile
import unittest
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from tools.database import Database
from tools.server import Server
from tools.service import free_port

from . import ROOT
from .locks import locked

PASSWORD = 'Test-Password-8'
# What is used to make a company, beside the modules
SOURCES = [
    'tests/base.py', 'scripts/tools/accounts.py', 'scripts/tools/company.py']

_count = itertools.count(1)


def folder():
    "Return the folder for the files of tests"
    if 'TEST_FOLDER' not in os.environ:
        raise unittest.SkipTest("needs scripts/test, which runs it")
    return Path(os.environ['TEST_FOLDER'])


def new_database():
    "Return a database that does not exist yet and is the caller's to drop"
    return _database(f'test_jxc_{os.getpid()}_{next(_count)}', folder() / 'db')


def _database(name, path):
    if os.environ['TEST_BACKEND'] == 'sqlite':
        path.mkdir(parents=True, exist_ok=True)
        return Database(f'sqlite://{path.resolve() / name}.sqlite')
    parts = urlsplit(os.environ['TRYTOND_DATABASE_URI'])
    return Database(urlunsplit(parts._replace(path=f'/{name}')))


def company_database(edition, language):
    """Return a database to copy, with a company and a user of each role.

    It is made the first time; nobody may connect to it. The logins are those
    of the demo, all with PASSWORD.

    :param edition: jxc or jxc_erp
    :param language: en or zh_CN
    """
    cache = Path(os.environ['TEST_CACHE'])
    digest = hashlib.sha256(cache.name.encode())
    for source in SOURCES:
        digest.update((ROOT / source).read_bytes())
    name = f'test_jxc_base_{edition}_{language}_{digest.hexdigest()[:8]}'
    database = _database(name.lower(), cache)
    with locked(cache / f'{database.backend}-{database.name}.lock'):
        if not database.exists():
            with database.replaced() as draft:
                _make_company(draft, edition, language)
    return database


def _make_company(database, edition, language):
    with tempfile.TemporaryDirectory() as directory:
        result = subprocess.run([
                sys.executable, '-m', 'tests.base', edition, language,
                database.uri, str(Path(directory) / 'trytond.conf'),
                PASSWORD],
            cwd=ROOT, stdin=subprocess.DEVNULL, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if result.returncode:
        raise AssertionError(f"The company was not made:\n{result.stdout}")


def demo_database(edition='erp', language='zh_CN'):
    """Return a database to copy, with the demo, and the passwords by login.

    It is made the first time; nobody may connect to it.
    """
    from tools.accounts import read_accounts
    from tools.preparation import Choice, prepare
    cache = Path(os.environ['TEST_CACHE'])
    digest = hashlib.sha256(cache.name.encode())
    for folder_ in ['scripts/tools', 'scripts/data']:
        for source in sorted((ROOT / folder_).rglob('*')):
            if source.is_file() and source.suffix != '.pyc':
                digest.update(source.read_bytes())
    name = f'test_jxc_demo_{edition}_{language}_{digest.hexdigest()[:8]}'
    database = _database(name.lower(), cache)
    accounts = cache / f'{database.backend}-{database.name}-accounts.csv'
    with locked(cache / f'{database.backend}-{database.name}.lock'):
        prepare(database, accounts, Choice(edition, language, False))
    return database, {a.login: a.password for a in read_accounts(accounts)}


@contextmanager
def new_demo():
    "Yield a database of one's own with the demo, and the passwords by login"
    database = new_database()
    demo, passwords = demo_database()
    demo.copy(database)
    try:
        yield database, passwords
    finally:
        database.drop()


@contextmanager
def new_company(edition='jxc', language='zh_CN'):
    "Yield a database of one's own with a company, see company_database"
    database = new_database()
    company_database(edition, language).copy(database)
    try:
        yield database
    finally:
        database.drop()


@contextmanager
def serve(database, **sections):
    """Run trytond for the database.

    :param sections: options of the configuration by section
    :yields: tools.server.Server, with its url
    """
    port = free_port()
    with tempfile.TemporaryDirectory() as directory:
        config = database.write_config(
            Path(directory) / 'trytond.conf', **{
                'email': {'uri': 'smtp://127.0.0.1:9'},
                **sections,
                'web': {
                    'listen': f'127.0.0.1:{port}', **sections.get('web', {})},
                })
        log = folder() / 'log' / f'{database.name}-trytond.log'
        log.parent.mkdir(exist_ok=True)
        with Server(database, config, port, log) as server:
            server.url = f'http://127.0.0.1:{port}'
            yield server


class ServerTestCase(unittest.TestCase):
    """Test a company on a running server.

    The tests of a class share its database.
    """
    edition = 'jxc'
    language = 'zh_CN'

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.database = cls.enterClassContext(
            new_company(cls.edition, cls.language))
        cls.server = cls.enterClassContext(serve(cls.database))
