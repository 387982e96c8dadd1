# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""The check of a running installation, on sound and on broken ones."""
import configparser
import os
import runpy
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from contextlib import contextmanager
from pathlib import Path

from tools import preparation
from tools.environment import BIN
from tools.process import bound, stop
from tools.service import free_port

from . import ROOT
from .tools import new_company, new_database, serve

BACKENDS = ['sqlite', 'postgresql']
ENGINE = ['test_sound', 'test_broken', 'test_worker', 'test_slow_cache']
LANE = 'jxc'
LEVELS = ['ok', 'warning', 'error']
LONG_AGO = '2020-01-01 00:00:00'


def check(config, *options):
    """Run the script.

    :return: exit status and (level, detail) by name
    """
    result = subprocess.run(
        [sys.executable, str(ROOT / 'scripts' / 'check'), str(config),
            *map(str, options)],
        stdin=subprocess.DEVNULL, capture_output=True, text=True)
    lines = {}
    for line in result.stdout.splitlines():
        head, _, detail = line.partition(': ')
        level, name = head.split()
        lines[name] = level, detail
    if not lines:
        raise AssertionError(result.stderr)
    return result.returncode, lines


def worst(found):
    "Return the exit status for what was found"
    return max(LEVELS.index(level) for level, _ in found.values())


@contextmanager
def process(*command, **environ):
    "Run a program of the virtual environment"
    process = subprocess.Popen(
        [str(BIN / command[0]), *map(str, command[1:])],
        env=os.environ | environ, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True, preexec_fn=bound())
    try:
        yield process
    finally:
        stop(process)


class CheckTestCase(unittest.TestCase):
    "Test the check"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sound = cls.enterClassContext(new_company())
        with tempfile.TemporaryDirectory() as folder:
            config = cls.sound.write_config(Path(folder) / 'trytond.conf')
            subprocess.run(
                [str(BIN / 'trytond-cron'), '-c', str(config),
                    '-d', cls.sound.name, '-n', '1', '--once'],
                check=True)

    def setUp(self):
        super().setUp()
        self.database = new_database()
        self.sound.copy(self.database)
        self.addCleanup(self.database.drop)
        self.folder = Path(
            self.enterContext(tempfile.TemporaryDirectory()))
        if self.database.path:
            self.database.path.chmod(0o600)
        self.config = self.write_config()

    def write_config(self, **sections):
        if self.database.backend == 'postgresql':
            sections.setdefault('cache', {'clean_timeout': '0'})
        config = self.database.write_config(
            self.folder / 'trytond.conf', **sections)
        config.chmod(0o600)
        return config

    def check(self, *options):
        """Run the script on the database.

        The server of the tests may lose data in a power cut and the check
        says so: that is left out.
        """
        status, found = check(
            self.config, '--database', self.database.name, *options)
        self.assertEqual(status, worst(found))
        level, detail = found['database']
        if not self.durable:
            self.assertIn('fsync is off', detail)
            if 'series' not in detail:
                found['database'] = 'ok', detail
        return worst(found), found

    @property
    def durable(self):
        if self.database.backend == 'sqlite':
            return True
        with self.database.connection() as connection:
            return connection.execute('SHOW fsync').fetchone() == ('on',)

    def execute(self, query):
        connection = self.database.connection()
        connection.execute(query)
        connection.commit()
        connection.close()

    def assertFound(self, found, name, level, *texts):
        self.assertEqual(found[name][0], level, found)
        for text in texts:
            self.assertIn(text, found[name][1])

    def test_sound(self):
        "Test a sound installation, its configuration without secrets"
        self.config.chmod(0o644)
        self.execute(
            f"UPDATE ir_cron SET next_call = '{LONG_AGO}', active = false "
            "WHERE method = 'ir.error|clean'")
        status, found = self.check()
        self.assertEqual(
            {level for level, _ in found.values()}, {'ok'}, found)
        self.assertEqual(status, 0)
        self.assertEqual(list(found), [
                'configuration', 'database', 'versions', 'modules', 'updates',
                'queue', 'cron', 'errors', 'files', 'disk'])
        self.assertIn('trytond 8.0.', found['versions'][1])

    def test_broken(self):
        "Test an installation with faults in many places"
        self.config.chmod(0o620)
        for query in [
                "UPDATE ir_configuration SET series = '7.0'",
                "UPDATE ir_module SET state = 'to upgrade' "
                "WHERE name = 'sale'",
                'ALTER TABLE party_party RENAME code TO old_code',
                "DELETE FROM ir_model_data "
                "WHERE module = 'jxc' AND fs_id = 'role_buyer'",
                task('NULL'),
                f"UPDATE ir_cron SET next_call = '{LONG_AGO}' "
                "WHERE method = 'ir.queue|clean'",
                ]:
            self.execute(query)
        if self.database.path:
            self.database.path.chmod(0o644)
        status, found = self.check()
        self.assertEqual(status, 2)
        self.assertFound(found, 'configuration', 'error', 'chmod go-w')
        self.assertFound(found, 'database', 'error', '7.0', '8.0')
        self.assertFound(
            found, 'modules', 'error', 'sale (to upgrade)',
            'trytond-admin -u sale')
        self.assertFound(
            found, 'updates', 'error', 'party_party.code', 'jxc.role_buyer',
            'trytond-admin --all')
        self.assertFound(
            found, 'queue', 'error', 'waiting', 'sale.sale process')
        self.assertFound(
            found, 'cron', 'error', 'ir.queue|clean', 'trytond-cron')
        if self.database.path:
            self.assertFound(
                found, 'files', 'error', str(self.database.path), 'chmod o=')

    def test_warnings(self):
        "Test an installation in which a task and an action failed"
        for query in [
                task(f"'{LONG_AGO}'"),
                "INSERT INTO ir_error (state, message, create_date) VALUES "
                "('open', 'The party has no address.', CURRENT_TIMESTAMP), "
                "('solved', 'The party has no name.', CURRENT_TIMESTAMP), "
                f"('open', 'The party is gone.', '{LONG_AGO}')",
                ]:
            self.execute(query)
        status, found = self.check()
        self.assertEqual(status, 1)
        self.assertFound(
            found, 'queue', 'warning', 'not finished', 'sale.sale process')
        self.assertFound(
            found, 'errors', 'warning', '1 in the last day', 'no address')

    def test_readable_secret(self):
        "Test a password in a configuration that everybody can read"
        self.config = self.write_config(
            email={'uri': 'smtp://shop:hidden-7@mail.example.com'})
        self.config.chmod(0o644)
        status, found = self.check()
        self.assertFound(
            found, 'configuration', 'error', '[email] uri', 'chmod o-r')
        self.assertNotIn('hidden-7', str(found))
        self.config.chmod(0o640)
        self.assertEqual(self.check()[0], 0)

    def test_missing_configuration(self):
        "Test a configuration that is not there"
        status, found = check(self.folder / 'none.conf')
        self.assertEqual(status, 2)
        self.assertEqual(list(found), ['configuration'])
        self.assertFound(found, 'configuration', 'error', 'none.conf')

    def test_missing_database(self):
        "Test a database that is not there"
        status, found = check(self.config, '--database', 'no_such_database')
        self.assertEqual(status, 2)
        self.assertFound(found, 'database', 'error', 'no_such_database')
        self.assertNotIn('queue', found)

    def test_missing_module(self):
        "Test an activated module that is not installed"
        self.execute(
            "INSERT INTO ir_module (name, state) "
            "VALUES ('no_such_module', 'activated')")
        status, found = self.check()
        self.assertEqual(status, 2)
        self.assertFound(found, 'modules', 'error', 'no_such_module')

    def test_worker(self):
        "Test that a worker is missed and found"
        self.config = self.write_config(queue={'worker': 'True'})
        status, found = self.check()
        self.assertEqual(status, 2)
        if self.database.backend == 'sqlite':
            self.assertFound(
                found, 'queue', 'error', 'does not work with sqlite')
            return
        self.assertFound(found, 'queue', 'error', 'no worker listens')
        with process(
                'trytond-worker', '-c', self.config,
                '-d', self.database.name, '-n', '1'):
            end = time.monotonic() + 120
            while status and time.monotonic() < end:
                status, found = self.check()
            self.assertFound(found, 'queue', 'ok', '1 listening')

    def test_slow_cache(self):
        "Test that processes which do not tell each other are noticed"
        if self.database.backend != 'postgresql':
            self.skipTest("the processes on SQLite can not tell each other")
        self.config = self.write_config(cache={'clean_timeout': '300'})
        status, found = self.check()
        self.assertEqual(status, 1)
        self.assertFound(found, 'configuration', 'warning', 'clean_timeout')

    def test_web_client(self):
        "Test the folder of the web client"
        www = self.folder / 'www'
        www.mkdir()
        status, found = self.check('--www', www)
        self.assertEqual(status, 1)
        self.assertFound(found, 'versions', 'warning', 'no web client')
        (www / 'package.json').write_text('{"version": "7.0.56"}')
        (www / 'package.json').chmod(0o666)
        (www / 'src').mkdir()
        status, found = self.check('--www', www)
        self.assertEqual(status, 2)
        self.assertFound(found, 'versions', 'error', 'web client 7.0.56')
        self.assertFound(
            found, 'files', 'error', str(www / 'package.json'),
            'scripts/webclient')

    def test_address(self):
        "Test the address of a server on this machine"
        www = self.folder / 'www'
        (www / 'dist').mkdir(parents=True)
        (www / 'index.html').write_text('<script src="dist/tryton-sao.js">')
        with serve(self.database, web={'root': str(www)}) as server:
            status, found = self.check('--url', server.url)
        self.assertEqual(status, 0)
        self.assertEqual(found['address'], ('ok', server.url))

    def test_address_without_tls(self):
        "Test an address of the network without TLS, where nobody answers"
        url = 'http://erp.example.invalid'
        status, found = self.check('--url', url)
        self.assertEqual(status, 2)
        self.assertFound(
            found, 'address', 'error', 'over HTTPS only', f'{url}: ')

    def test_address_tls(self):
        "Test the certificate of an address"
        if not shutil.which('openssl'):
            self.skipTest("needs openssl")
        certificate, key = self.folder / 'cert.pem', self.folder / 'key.pem'
        subprocess.run([
                'openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes',
                '-days', '10', '-subj', '/CN=localhost',
                '-addext', 'subjectAltName=DNS:localhost',
                '-keyout', str(key), '-out', str(certificate)],
            check=True, capture_output=True)
        port = free_port()
        config = self.write_config(
            web={'listen': f'127.0.0.1:{port}'},
            ssl={'certificate': str(certificate), 'privatekey': str(key)})
        options = ['--url', f'https://localhost:{port}']
        with process('trytond', '-c', config, '-d', self.database.name):
            end = time.monotonic() + 120
            while time.monotonic() < end:
                with socket.socket() as sock:
                    if not sock.connect_ex(('127.0.0.1', port)):
                        break
                time.sleep(0.2)
            _, found = self.check(*options)
            self.assertFound(found, 'address', 'error', 'certificate')
            _, found = self.check(*options, '--authority', certificate)
            self.assertFound(
                found, 'address', 'warning', 'the certificate ends in',
                'there is no web client', 'Strict-Transport-Security')


def task(dequeued):
    "Return the statement that makes an old task"
    return (
        "INSERT INTO ir_queue (name, data, enqueued_at, dequeued_at) "
        "VALUES ('default', "
        """'{"model": "sale.sale", "method": "process"}', """
        f"'{LONG_AGO}', {dequeued})")


class ConfigurationTestCase(unittest.TestCase):
    "Test the examples in config/"

    def test_demo(self):
        "Test that config/demo.conf is what scripts/demo writes"
        example = configparser.ConfigParser()
        example.read(ROOT / 'config' / 'demo.conf')
        demo = runpy.run_path(str(ROOT / 'scripts' / 'demo'))
        self.assertEqual(
            dict(example['session']), demo['SESSION'])
        self.assertEqual(
            dict(example['email']), preparation.CONFIGURATION['email'])
        self.assertEqual(example['database']['uri'], 'sqlite://')
        self.assertEqual(set(example), {
                'DEFAULT', 'database', 'web', 'session',
                *preparation.CONFIGURATION})

    def test_production(self):
        "Test that the production example can be read"
        example = configparser.ConfigParser(interpolation=None)
        with open(ROOT / 'config' / 'production' / 'trytond.conf') as file:
            example.read_file(file)
        self.assertTrue(example.getboolean('queue', 'worker'))
        self.assertFalse(example.getboolean('database', 'list'))
        self.assertEqual(example.getint('web', 'num_proxies'), 1)
        self.assertEqual(example.getint('cache', 'clean_timeout'), 0)
