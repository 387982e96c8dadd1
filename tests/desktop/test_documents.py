# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What the desktop client sends for the documents of the demo is accepted."""
import json
import tempfile
import unittest
from pathlib import Path

from ..documents import (
    LINES, READONLY, connection, find_documents, find_samples)
from ..tools import folder, new_demo, serve
from .test_desktop import check_tools, drive, make_environment, virtual_screen

LANE = 'demo'
TIMEOUT = 1500


class DocumentsTestCase(unittest.TestCase):
    "Test the documents in the desktop client"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        check_tools()
        cls.python = make_environment()
        cls.database, cls.passwords = cls.enterClassContext(new_demo())
        with connection(cls.database) as config:
            cls.samples = find_samples(
                config, {**find_documents(config), **LINES})
        cls.server = cls.enterClassContext(serve(cls.database))

    def test_documents(self):
        "Test each document can be edited, saved and duplicated"
        screenshots = folder() / 'screenshots'
        screenshots.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory() as home, \
                virtual_screen() as display:
            samples = Path(home) / 'samples.json'
            samples.write_text(json.dumps(self.samples))
            outcome = Path(home) / 'outcome.json'
            printed = drive(
                self.python, 'documents.py', display, home,
                f'tryton://127.0.0.1:{self.server.port}'
                f'/{self.database.name}',
                'admin', self.passwords['admin'], str(screenshots),
                str(samples), str(outcome), timeout=TIMEOUT)
            self.assertTrue(outcome.exists(), msg=printed)
            result = json.loads(outcome.read_text(encoding='utf-8'))
        self.assertTrue(result['done'], msg=printed)
        self.assertEqual(len(result['seen']), len(self.samples))
        for seen in result['seen']:
            with self.subTest(model=seen['model'], state=seen['state']):
                self.assertNotIn('failure', seen, seen.get('failure'))
                messages = seen['messages']
                if seen['model'] not in LINES:
                    # Nobody adds lines to a document that is done
                    messages += seen['copy']
                self.assertNotRegex(' '.join(messages), READONLY)
        self.assertGreater(
            len([seen for seen in result['seen'] if seen.get('sent')]), 80)
