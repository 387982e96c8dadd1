# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""How the sources are written."""
import doctest
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from . import ROOT

FOLDERS = ['modules', 'scripts', 'tests']
HEADER = 'This file is part of tryton-jxc.  The LICENSE file'


def scripts():
    "Return the scripts in Python, which have no suffix"
    return [
        path for path in sorted((ROOT / 'scripts').iterdir())
        if path.is_file() and not path.suffix
        and path.read_bytes().startswith(b'#!/usr/bin/env python3')]


class StyleTestCase(unittest.TestCase):
    "Test the style"

    def run_tool(self, *command):
        result = subprocess.run(
            [sys.executable, '-m', *command], cwd=ROOT, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(result.returncode, 0, msg=result.stdout)

    def test_flake8(self):
        "Test flake8 has nothing to say"
        self.run_tool(
            'flake8', 'setup.py', *FOLDERS, *map(str, scripts()))

    def test_isort(self):
        "Test the imports are in order"
        self.run_tool(
            'isort', '--check-only', '--diff', 'setup.py', *FOLDERS,
            *map(str, scripts()))

    def test_scenarios(self):
        "Test flake8 on the Python of the scenarios"
        with tempfile.TemporaryDirectory() as folder:
            for path in ROOT.glob('modules/*/tests/*.rst'):
                module = path.parent.parent.name
                script = doctest.script_from_examples(
                    path.read_text(encoding='utf-8'))
                script = '\n'.join(
                    line for line in script.splitlines()
                    if not line.startswith('#')) + '\n'
                (Path(folder) / f'{module}-{path.stem}.py').write_text(script)
            self.run_tool(
                'flake8', '--config', str(ROOT / '.flake8'),
                # Blank lines are gone with the text, a last expression is
                # for its output, globals are the parameters
                '--extend-ignore', 'E301,E302,E303,E305,W391,F821', folder)

    def test_headers(self):
        "Test each source names its license"
        for folder in FOLDERS:
            for path in (ROOT / folder).rglob('*'):
                if path.suffix not in {'.py', '.xml'} or (
                        path.parent.name == 'view'):
                    continue
                with self.subTest(path=str(path.relative_to(ROOT))):
                    self.assertIn(
                        HEADER, path.read_text(encoding='utf-8')[:300])
        for path in scripts():
            with self.subTest(path=str(path.relative_to(ROOT))):
                self.assertIn(HEADER, path.read_text('utf-8')[:300])
                self.assertTrue(path.stat().st_mode & 0o100)
