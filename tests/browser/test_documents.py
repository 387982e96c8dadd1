# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What the web client sends for the documents of the demo is accepted."""
import unittest
from pathlib import Path

from ..documents import (
    LINES, READONLY, connection, find_documents, find_samples)
from ..tools import folder, new_demo, serve
from .webclient import WebClient, fetch_client, open_browser

LANE = 'demo'
SCRIPT = Path(__file__).with_name('documents.js')
# Read-only fields that an on_change sets, by model and state
COMPUTED = {
    ('account.statement', 'posted'): ['start_balance'],
    }


class DocumentsTestCase(unittest.TestCase):
    "Test the documents in the web client"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        www = fetch_client()
        database, cls.passwords = cls.enterClassContext(new_demo())
        with connection(database) as config:
            cls.samples = find_samples(
                config, {**find_documents(config), **LINES})
        cls.server = cls.enterClassContext(
            serve(database, web={'root': str(www)}))

    def test_documents(self):
        "Test each document can be edited, saved and duplicated"
        computed, edited = {}, 0
        with open_browser() as page:
            client = WebClient(page, self.server, folder() / 'screenshots')
            client.login('admin', self.passwords['admin'])
            page.evaluate(SCRIPT.read_text(encoding='utf-8'))
            for model, state, id_ in self.samples:
                with self.subTest(model=model, state=state):
                    functions = ['edit_document']
                    if model not in LINES:
                        # Nobody adds lines to a document that is done
                        functions.append('copy_document')
                    for function in functions:
                        result = page.evaluate(
                            f'([model, id]) => window.{function}(model, id)',
                            [model, id_])
                        self.assertNotRegex(
                            ' '.join(result['messages']), READONLY)
                        if result.get('sent'):
                            edited += 1
                        if result.get('set'):
                            computed[model, state] = result['set']
        self.assertGreater(edited, 80)
        # What is new here must be accepted by the server, as these are
        self.assertEqual(computed, COMPUTED)
