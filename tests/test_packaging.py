# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What pip installs."""
import email
import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import unittest
import venv
import zipfile
from configparser import ConfigParser
from contextlib import closing
from pathlib import Path

from packaging.requirements import Requirement

from . import ROOT

PACKAGED = {'.py', '.cfg', '.xml', '.po', '.svg', '.fodt', '.html'}
# What is made from the sources
IGNORED = [
    '.git', '.venv', 'var', 'build', 'dist', '*.egg-info', '__pycache__']
PASSWORD = 'Test-Password-8'
MODULE = 'jxc'


def run(*command, cwd=None, **environ):
    """Run the command.

    :return: what it prints
    :raises AssertionError: it failed
    """
    result = subprocess.run(
        [str(c) for c in command], cwd=cwd, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, env={
            **{n: v for n, v in os.environ.items()
                if not n.startswith(('TRYTOND_', 'DB_', 'PYTHONPATH'))},
            **environ})
    if result.returncode:
        raise AssertionError(
            f"{' '.join(map(str, command))}\n{result.stdout[-5000:]}")
    return result.stdout


def packaged():
    "Return the files of the modules that are needed to run them"
    modules = ROOT / 'modules'
    return {
        f'trytond/modules/{path.relative_to(modules)}'
        for path in modules.rglob('*')
        if path.suffix in PACKAGED and '__pycache__' not in path.parts}


class PackagingTestCase(unittest.TestCase):
    "Test the wheel, the sdist and the installation from the sources"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = Path(cls.enterClassContext(
                tempfile.TemporaryDirectory(prefix='jxc-packaging-')))
        cls.source = cls.folder / 'source'
        shutil.copytree(
            ROOT, cls.source, symlinks=True,
            ignore=shutil.ignore_patterns(*IGNORED))
        dist = cls.folder / 'dist'
        # The wheel is made from the sdist
        run(sys.executable, '-m', 'build', '--outdir', dist, cls.source)
        cls.wheel, = dist.glob('*.whl')
        cls.sdist, = dist.glob('*.tar.gz')

    def metadata(self):
        with zipfile.ZipFile(self.wheel) as archive:
            name, = [
                n for n in archive.namelist()
                if n.endswith('.dist-info/METADATA')]
            return email.message_from_bytes(archive.read(name))

    def test_wheel(self):
        "Test the wheel has all of the modules and nothing else"
        with zipfile.ZipFile(self.wheel) as archive:
            names = {
                n for n in archive.namelist() if '.dist-info/' not in n}
        self.assertEqual(packaged() - names, set())
        self.assertEqual(
            {n for n in names if not n.startswith('trytond/modules/')}, set())
        self.assertEqual(
            {n.split('/')[2] for n in names},
            {p.parent.name for p in ROOT.glob('modules/*/tryton.cfg')})
        self.assertEqual(
            {n for n in names - packaged()
                if '/tests/' not in n or Path(n).suffix not in {
                    '.rst', '.json'}}, set())

    def test_sdist(self):
        "Test the sdist has all of the modules, the READMEs and the license"
        with tarfile.open(self.sdist) as archive:
            names = {
                n.partition('/')[2] for n in archive.getnames()}
        self.assertEqual({
                n.replace('trytond/modules/', 'modules/')
                for n in packaged()} - names, set())
        self.assertLessEqual(
            {'setup.py', 'pyproject.toml', 'README.md', 'LICENSE'}, names)

    def test_metadata(self):
        "Test the name, the version and the dependencies"
        metadata = self.metadata()
        self.assertEqual(metadata['Name'].replace('_', '-'), 'tryton-jxc')
        self.assertRegex(metadata['Version'], r'^8\.0\.\d+$')
        self.assertTrue(metadata['Summary'])
        self.assertEqual(
            metadata.get('License-Expression') or metadata['License'],
            'GPL-3.0-or-later')
        self.assertIn('scripts/demo', metadata.get_payload())
        requirements = [
            Requirement(r) for r in metadata.get_all('Requires-Dist')]
        names = {
            r.name.replace('-', '_') for r in requirements if not r.marker}
        modules = {p.parent.name for p in ROOT.glob('modules/*/tryton.cfg')}
        for module in modules:
            config = ConfigParser()
            config.read(ROOT / 'modules' / module / 'tryton.cfg')
            for depend in config['tryton']['depends'].split():
                if depend not in modules | {'ir', 'res'}:
                    self.assertIn(f'trytond_{depend}', names)
        for requirement in requirements:
            if requirement.name.startswith(('trytond', 'proteus')):
                with self.subTest(requirement=str(requirement)):
                    self.assertTrue(requirement.specifier.contains('8.0.99'))
                    for other in ['7.0.50', '8.1.0', '8.2.0']:
                        self.assertFalse(
                            requirement.specifier.contains(other))

    def test_install(self):
        "Test the wheel, the folder and the editable folder can be activated"
        environment = self.folder / 'venv'
        venv.create(environment, with_pip=True)
        python = environment / 'bin' / 'python'
        pip = [python, '-m', 'pip', '--disable-pip-version-check']
        site = Path(run(
                python, '-c',
                'import sysconfig; print(sysconfig.get_path("purelib"))'
                ).strip()) / 'trytond' / 'modules'

        run(*pip, 'install', self.wheel)
        database = self.folder / 'activated.sqlite'
        database.touch()
        self.administrate(
            environment, database, '--activate-dependencies', '-l', 'zh_CN',
            '--email', 'admin@example.com')
        self.check(environment, database, site)

        # Each again, without what the one before has left
        for options, place in [
                (['--no-deps', self.source], site),
                (['--no-deps', '--use-pep517', '-e', self.source],
                    self.source / 'modules')]:
            with self.subTest(install=options):
                run(*pip, 'uninstall', '--yes', 'tryton-jxc')
                self.assertFalse((site / MODULE).exists())
                run(*pip, 'install', *options)
                with closing(sqlite3.connect(database)) as connection:
                    connection.execute(
                        'UPDATE ir_ui_view SET data = NULL '
                        'WHERE module = ?', [MODULE])
                    connection.execute(
                        'DELETE FROM ir_translation '
                        "WHERE module = ? AND lang = 'zh_CN'", [MODULE])
                    connection.commit()
                self.administrate(environment, database)
                self.check(environment, database, place)

    def administrate(self, environment, database, *options):
        config = self.folder / 'trytond.conf'
        config.write_text(
            f'[database]\nuri = sqlite://\npath = {database.parent}\n')
        password = self.folder / 'password'
        password.write_text(PASSWORD)
        run(
            environment / 'bin' / 'trytond-admin', '-c', config,
            '-d', database.stem, '-u', MODULE, *options,
            cwd=self.folder, TRYTONPASSFILE=str(password))

    def check(self, environment, database, place):
        """Check what the module has brought into the database.

        :param environment: folder of the virtual environment
        :param database: path
        :param place: folder where the module must be
        """
        with closing(sqlite3.connect(database)) as connection:
            def query(sql, *values):
                return connection.execute(sql, values).fetchall()
            self.assertEqual(
                query('SELECT state FROM ir_module WHERE name = ?', MODULE),
                [('activated',)])
            views = {
                path.stem for path in (
                    ROOT / 'modules' / MODULE / 'view').glob('*.xml')}
            self.assertEqual(
                {name for name, in query(
                    'SELECT name FROM ir_ui_view WHERE module = ? '
                    'AND name IS NOT NULL', MODULE)}, views)
            (terms,), = query(
                'SELECT count(*) FROM ir_translation WHERE module = ? '
                "AND lang = 'zh_CN' AND value != ''", MODULE)
            self.assertGreater(terms, 50)
            self.assertEqual(
                query('SELECT value FROM ir_translation '
                    "WHERE name = 'party.party,string' "
                    "AND lang = 'zh_CN'"), [('往来单位',)])
        printed = run(
            environment / 'bin' / 'python', '-c',
            f'import trytond.modules.{MODULE}.company as company\n'
            'from trytond.tools import find_path\n'
            f'print(find_path("{MODULE}/tryton.cfg"))\n'
            'print(company.__file__)',
            cwd=self.folder)
        for line in printed.split():
            self.assertEqual(
                Path(line).resolve().parent, (place / MODULE).resolve())
