# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What holds for every module."""
import ast
import os
import re
import tempfile
import unittest
from configparser import ConfigParser
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import polib
from lxml import etree
from proteus import Model, Wizard
from tools.company import connect

from trytond.modules import get_module_info, get_modules

from . import ROOT
from .tools import new_company

LANE = 'jxc'
MODULES = sorted(
    path.parent.name for path in ROOT.glob('modules/*/tryton.cfg'))
EDITION = 'jxc_erp'
DOCUMENTS = ['index.rst', 'usage.rst', 'design.rst']
LANGUAGE = 'zh_CN'


def read_config(module):
    config = ConfigParser()
    config.read(ROOT / 'modules' / module / 'tryton.cfg', encoding='utf-8')
    return config


class ModulesTestCase(unittest.TestCase):
    "Test the sources of the modules"

    def modules(self):
        for module in MODULES:
            with self.subTest(module=module):
                yield module, ROOT / 'modules' / module

    def test_folders(self):
        "Test each folder is a module"
        self.assertEqual(
            sorted(
                p.name for p in (ROOT / 'modules').iterdir()
                if p.is_dir() and p.name != '__pycache__'), MODULES)

    def test_acyclic(self):
        "Test no module waits for itself to be loaded"
        graph = {}
        for module in get_modules():
            info = get_module_info(module)
            graph[module] = [
                *info.get('depends', []), *info.get('extras_depend', [])]
        for module in MODULES:
            self.assertIn(module, graph)
        try:
            list(TopologicalSorter(graph).static_order())
        except CycleError as error:
            self.fail(' → '.join(reversed(error.args[1])))

    def test_depends(self):
        "Test the dependencies are listed once and exist"
        for module, _ in self.modules():
            config = read_config(module)['tryton']
            names = config['depends'].split()
            names += config.get('extras_depend', '').split()
            self.assertEqual(len(names), len(set(names)))
            self.assertLessEqual(
                set(config['depends'].split()) - {'ir', 'res'},
                set(get_modules()))

    def test_version(self):
        "Test the modules have the version of the distribution"
        tree = ast.parse((ROOT / 'setup.py').read_text(encoding='utf-8'))
        version, = [
            node.value.value for node in tree.body
            if isinstance(node, ast.Assign)
            and node.targets[0].id == 'VERSION']
        for module, _ in self.modules():
            self.assertEqual(
                read_config(module)['tryton']['version'], version)

    def test_init(self):
        "Test tryton.cfg alone registers the classes"
        for _, path in self.modules():
            tree = ast.parse(
                (path / '__init__.py').read_text(encoding='utf-8'))
            self.assertNotIn('register', {
                    n.name for n in tree.body
                    if isinstance(n, ast.FunctionDef)})

    def test_registered(self):
        "Test each class of the pool is registered"
        for module, path in self.modules():
            registered = set()
            config = read_config(module)
            for section in config.sections():
                if section == 'tryton':
                    continue
                for names in config[section].values():
                    registered.update(names.split())
            defined = set()
            for file in path.glob('*.py'):
                for node in ast.parse(file.read_text('utf-8')).body:
                    if isinstance(node, ast.ClassDef) and any(
                            isinstance(n, ast.Assign)
                            and n.targets[0].id == '__name__'
                            for n in node.body
                            if isinstance(n, ast.Assign)):
                        defined.add(f'{file.stem}.{node.name}')
            self.assertEqual(defined - registered, set())

    def test_xml(self):
        "Test the XML is well formed and each file is loaded"
        for module, path in self.modules():
            for file in path.rglob('*.xml'):
                etree.parse(file)
            self.assertEqual(
                sorted(read_config(module)['tryton'].get('xml', '').split()),
                sorted(p.name for p in path.glob('*.xml')))

    def test_documents(self):
        "Test each module is documented"
        for module, path in self.modules():
            self.assertTrue((path / 'CHANGELOG').read_text('utf-8').strip())
            self.assertEqual(
                os.readlink(path / 'README.rst'), 'doc/index.rst')
            index = (path / 'doc' / 'index.rst').read_text(encoding='utf-8')
            for name in DOCUMENTS:
                with self.subTest(document=name):
                    text = (path / 'doc' / name).read_text(encoding='utf-8')
                    self.assertLessEqual(
                        max(map(len, text.splitlines())), 79)
                    if name != 'index.rst':
                        self.assertIn(f'   {Path(name).stem}\n', index)
            for readme in ['README.md', 'README.zh_CN.md']:
                self.assertIn(
                    f'(modules/{module}/', (ROOT / readme).read_text('utf-8'))

    def test_tests(self):
        "Test each module has its tests"
        for module, path in self.modules():
            text = (path / 'tests' / 'test_module.py').read_text('utf-8')
            self.assertRegex(text, r'class \w+\(.*\bModuleTestCase\)')
            scenarios = list((path / 'tests').glob('scenario_*.rst'))
            if scenarios:
                self.assertTrue((path / 'tests' / 'test_scenario.py').exists())

    def test_anonymous(self):
        "Test nothing points to where it was written"
        private = re.compile(r'/work/|/tmp/w/|/root/')
        for folder in ['modules', 'scripts', 'config', 'tests', 'docs']:
            for path in (ROOT / folder).rglob('*'):
                if (not path.is_file() or path == Path(__file__)
                        or path.suffix in {'.png', '.pyc'}):
                    continue
                with self.subTest(path=str(path.relative_to(ROOT))):
                    self.assertNotRegex(
                        path.read_text(encoding='utf-8'), private)


class TranslationTestCase(unittest.TestCase):
    "Test the Chinese of the modules"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        database = cls.enterClassContext(new_company(EDITION, LANGUAGE))
        with tempfile.TemporaryDirectory() as folder:
            cls.config = connect(
                database, database.write_config(Path(folder) / 'conf'))
        cls.config._context['language'] = 'en'
        cls.language, = Model.get('ir.lang').find([('code', '=', LANGUAGE)])
        Wizard('ir.translation.set').execute('set_')
        update = Wizard('ir.translation.update')
        update.form.language = cls.language
        update.execute('update')

    def test_complete(self):
        "Test each term of a module has its Chinese"
        Module = Model.get('ir.module')
        active = {
            m.name for m in Module.find([('state', '=', 'activated')])}
        self.assertLessEqual({'jxc', EDITION}, active)
        for name in sorted(active & set(MODULES)):
            with self.subTest(module=name):
                module, = Module.find([('name', '=', name)])
                export = Wizard('ir.translation.export')
                export.form.language = self.language
                export.form.module = module
                export.execute('export')
                terms = polib.pofile(
                    (export.form.file or b'').decode('utf-8'))
                self.assertEqual(
                    [(e.msgctxt, e.msgid) for e in terms
                        if not e.msgstr or e.fuzzy], [])
                known = {(e.msgctxt, e.msgid) for e in terms}
                path = ROOT / 'modules' / name / 'locale' / f'{LANGUAGE}.po'
                translated = set()
                if path.exists():
                    translated = {
                        (e.msgctxt, e.msgid) for e in polib.pofile(path)}
                self.assertEqual(translated, known)
