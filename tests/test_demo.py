# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""The demo that ``scripts/demo`` makes and serves."""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path
from unittest.mock import patch

from . import ROOT

from tools import webclient  # noqa: E402 isort:skip
from tools.accounts import (  # noqa: E402 isort:skip
    LOGINS, Account, digest, new_passwords, read_accounts, write_accounts)
from tools.service import free_port  # noqa: E402 isort:skip

DEMO = [sys.executable, str(ROOT / 'scripts' / 'demo')]
# The smallest demo there is
SMALL = ['--edition', 'jxc', '--empty']
# Seconds
TIMEOUT = 600


def demo(folder, *options):
    "Run the script in the folder until it ends by itself"
    return subprocess.run(
        [*DEMO, '--directory', str(folder), *options],
        capture_output=True, text=True, timeout=TIMEOUT)


def start(folder, *options):
    "Start the script in the folder"
    return subprocess.Popen(
        [*DEMO, '--directory', str(folder), *options], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def read_until(process, pattern):
    "Return what the process prints up to the pattern"
    lines = []
    for line in process.stdout:
        lines.append(line)
        if re.search(pattern, line):
            return ''.join(lines)
    raise AssertionError(f"{pattern!r} is not in\n" + ''.join(lines))


def get(port, path):
    with urllib.request.urlopen(
            f'http://127.0.0.1:{port}{path}', timeout=60) as response:
        return response.read().decode()


def log_in(port, login, password):
    "Return the id of the user"
    request = urllib.request.Request(
        f'http://127.0.0.1:{port}/demo/rpc/',
        json.dumps({
                'id': 0, 'method': 'common.db.login',
                'params': [login, {'password': password}, 'en'],
                }).encode(),
        {'Content-Type': 'application/json'})
    with urllib.request.urlopen(request, timeout=60) as response:
        user, *_ = json.load(response)['result']
    return user


def children(pid):
    "Return the process ids of the children"
    path = Path(f'/proc/{pid}/task/{pid}/children')
    return [int(child) for child in path.read_text().split()]


def has_ended(pid):
    "Return whether the process ends within some seconds"
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            state = Path(f'/proc/{pid}/stat').read_text().rsplit(')')[-1]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state.split()[0] == 'Z':
            return True
        time.sleep(0.1)
    return False


class FolderTestCase(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)


class WebClientTestCase(FolderTestCase):
    "Test what is kept of the web client"

    def setUp(self):
        super().setUp()
        self.source = self.folder / 'source'
        for path, text in {
                'index.html': '''
                    <script src="node_modules/jquery/dist/jquery.js"></script>
                    <link href="node_modules/chart/chart.css">
                    <script src="dist/tryton-sao.js"></script>''',
                'dist/tryton-sao.css': '''
                    src: url(../node_modules/icons/font.woff?v=1#x);
                    src: url('../node_modules/icons/font.svg')''',
                'dist/tryton-sao.js': 'sao',
                'images/icon.png': '',
                'sounds/beep.oga': '',
                'locale/zh_CN.json': '{}',
                'locale/zh_CN.po': '',
                'src/sao.js': '',
                'Gruntfile.js': '',
                'package.json': '{"version": "8.0.99"}',
                'node_modules/jquery/LICENSE.txt': '',
                'node_modules/jquery/dist/jquery.js': 'jquery',
                'node_modules/jquery/src/core.js': '',
                'node_modules/chart/chart.css': '',
                'node_modules/icons/font.woff': '',
                'node_modules/icons/font.svg': '',
                'node_modules/grunt/grunt.js': '',
                }.items():
            path = self.source / path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.www = self.folder / 'www'

    def test_select(self):
        "Test that what the browser asks for is kept, and nothing else"
        webclient.select(self.source, self.www)

        self.assertEqual({
                str(path.relative_to(self.www))
                for path in self.www.rglob('*') if path.is_file()}, {
                'index.html', 'dist/tryton-sao.css', 'dist/tryton-sao.js',
                'images/icon.png', 'sounds/beep.oga', 'locale/zh_CN.json',
                'package.json', 'custom.js', 'custom.css',
                'node_modules/jquery/LICENSE.txt',
                'node_modules/jquery/dist/jquery.js',
                'node_modules/chart/chart.css',
                'node_modules/icons/font.woff',
                'node_modules/icons/font.svg',
                })
        self.assertEqual(
            (self.www / 'node_modules/jquery/dist/jquery.js').read_text(),
            'jquery')
        self.assertEqual(webclient.installed(self.www), '8.0.99')

    def test_select_missing(self):
        "Test a file that the client names but does not have"
        (self.source / 'node_modules/chart/chart.css').unlink()
        with self.assertRaisesRegex(
                webclient.WebClientMissing, 'node_modules/chart/chart.css'):
            webclient.select(self.source, self.www)

    def test_fetch_without_npm(self):
        "Test that the missing npm is named and nothing is left"
        with patch.dict(os.environ, {'PATH': str(self.folder)}):
            with self.assertRaisesRegex(
                    webclient.WebClientMissing, "npm is not installed"):
                webclient.fetch(self.www)
        self.assertFalse(self.www.exists())


class AccountsTestCase(FolderTestCase):
    "Test the file of the accounts"

    def setUp(self):
        super().setUp()
        self.path = self.folder / 'accounts.csv'
        self.accounts = [
            Account(login, password, "采购, 主管")
            for login, password in new_passwords().items()]

    def test_passwords(self):
        "Test that each password is another"
        passwords = new_passwords()
        self.assertEqual(list(passwords), LOGINS)
        self.assertEqual(len(set(passwords.values())), len(LOGINS))

    def test_write(self):
        "Test that only the owner reads the file, even a replaced one"
        self.path.write_text('')
        self.path.chmod(0o644)
        write_accounts(self.path, self.accounts)

        self.assertEqual(self.path.stat().st_mode & 0o777, 0o600)
        self.assertEqual(
            self.path.read_text().splitlines()[0], 'login,password,role')
        self.assertEqual(read_accounts(self.path), self.accounts)
        self.assertEqual(list(self.folder.iterdir()), [self.path])

    def test_read_damaged(self):
        "Test that a damaged file has no accounts"
        self.assertEqual(read_accounts(self.path), [])
        for content in [b'', b'login\nadmin\n', b'login,x,y,z\n1,2,3,4\n', (
                    b'login,password,role\nadmin,\xff,\n')]:
            with self.subTest(content=content):
                self.path.write_bytes(content)
                self.assertEqual(read_accounts(self.path), [])

    def test_digest(self):
        "Test that the passwords decide, the names of the roles do not"
        renamed = [a._replace(role="Buyer") for a in self.accounts]
        self.assertEqual(digest(self.accounts), digest(renamed))
        changed = [a._replace(password='other') for a in self.accounts]
        self.assertNotEqual(digest(self.accounts), digest(changed))


class OptionsTestCase(FolderTestCase):
    "Test what is said about options that can not be"

    def assertRefused(self, result, pattern):
        "Assert that the last line of a failure says why"
        self.assertNotEqual(result.returncode, 0)
        self.assertNotIn('Traceback', result.stderr)
        self.assertRegex(result.stderr.strip().splitlines()[-1], pattern)
        self.assertEqual(
            [p.name for p in self.folder.iterdir() if p.name != '.lock'], [])

    def test_port(self):
        "Test a number that is not a port"
        self.assertRefused(
            demo(self.folder, '--port', '70000'), "70000 is not a port")

    def test_port_used(self):
        "Test a port on which something listens"
        with socket.create_server(('127.0.0.1', 0)) as server:
            port = server.getsockname()[1]
            self.assertRefused(
                demo(self.folder, '--port', str(port)),
                f"port {port} .*--port")

    def test_database(self):
        "Test what is not a URI of PostgreSQL"
        for uri in ['demo', 'mysql://localhost/demo', 'sqlite:///demo']:
            with self.subTest(uri=uri):
                self.assertRefused(
                    demo(self.folder, '--database', uri, '--prepare'),
                    f"{uri}.* is not a PostgreSQL URI")

    def test_database_unreachable(self):
        "Test a server that does not answer, without telling its password"
        result = demo(
            self.folder, '--prepare', '--database',
            f'postgresql://me:secret@127.0.0.1:{free_port()}/demo')
        self.assertRefused(result, "connection .* failed")
        self.assertEqual(len(result.stderr.splitlines()), 1)
        self.assertNotIn('secret', result.stdout + result.stderr)


@unittest.skipUnless(
    sys.platform == 'linux', "only Linux ends the children of the killed")
class DemoTestCase(FolderTestCase):
    "Test a whole life of the demo"

    def test_life(self):
        "Test to kill, to make, to serve and to serve again"
        self._kill()
        self._make()
        accounts = read_accounts(self.folder / 'accounts.csv')
        self._refuse_other()
        self._serve(accounts)
        # What tells the passwords is lost
        (self.folder / 'accounts.csv').unlink()
        result = demo(self.folder, '--prepare')
        self.assertEqual(result.returncode, 0, result.stderr)
        renewed = read_accounts(self.folder / 'accounts.csv')
        self.assertFalse(
            {a.password for a in accounts} & {a.password for a in renewed})
        self._serve(renewed)

    def _kill(self):
        process = start(self.folder, *SMALL, '--prepare')
        with process:
            read_until(process, r"Activating modules: [1-9]\d %")
            pids = children(process.pid)
            process.kill()
        self.assertTrue(pids)
        for pid in pids:
            self.assertTrue(has_ended(pid))
        self.assertFalse((self.folder / 'demo.sqlite').exists())
        self.assertFalse((self.folder / 'accounts.csv').exists())

    def _make(self):
        result = demo(self.folder, *SMALL, '--prepare')
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(
            [p.name for p in self.folder.glob('demo*')], ['demo.sqlite'])
        path = self.folder / 'accounts.csv'
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        accounts = read_accounts(path)
        self.assertEqual([a.login for a in accounts], LOGINS)
        for account in accounts:
            self.assertRegex(
                result.stdout,
                f'(?m)^  {account.login} +{account.password} '
                f'+{account.role}$')

    def _refuse_other(self):
        for options in [['--edition', 'erp'], ['--language', 'en']]:
            with self.subTest(options=options):
                result = demo(self.folder, *options, '--prepare')
                self.assertEqual(result.returncode, 1)
                self.assertRegex(
                    result.stderr, "^The database 'demo' is there already, "
                    "made as --edition jxc --language zh_CN --empty: .*reset")

    def _serve(self, accounts):
        port = free_port()
        with start(self.folder, '--port', str(port)) as process:
            try:
                text = read_until(process, "Ctrl-C")
                pids = children(process.pid)
                self.assertIn(f'localhost:{port}', text)
                if webclient.installed(self.folder / 'www'):
                    self.assertIn('<title>Tryton</title>', get(port, '/'))
                users = {
                    log_in(port, account.login, account.password)
                    for account in accounts}
                self.assertEqual(len(users), len(LOGINS))
                self.assertEqual(
                    read_accounts(self.folder / 'accounts.csv'), accounts)
                second = demo(self.folder, '--port', str(free_port()))
                self.assertEqual(second.returncode, 1)
                self.assertRegex(
                    second.stderr, f"^The demo runs already .*port {port}")
            finally:
                process.send_signal(signal.SIGTERM)
                process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0)
        self.assertEqual(len(pids), 2)
        for pid in pids:
            self.assertTrue(has_ended(pid))
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(('127.0.0.1', port))
