# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Every document of the demo is safe from what is sent past its form."""
import unittest

from .documents import READONLY, connection, find_documents, find_samples
from .sessions import JSONRPC, Refused
from .tools import new_demo, serve

LANE = 'demo'
# Without a document in the demo
MISSING = {'ir.error', 'res.user.application'}
# Documents that refuse before, because they are no draft any more
OWN = {'purchase.budget': f'{READONLY}|不是草稿'}


class DocumentsTestCase(unittest.TestCase):
    "Test the documents of the demo"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        database, passwords = cls.enterClassContext(new_demo())
        with connection(database) as config:
            cls.documents = find_documents(config)
            cls.samples = find_samples(config, cls.documents)
            cls.states = {
                model: [
                    state for state, _
                    in getattr(config.pool.get(model), field).selection
                    if state]
                for model, field in cls.documents.items()}
        cls.server = cls.enterClassContext(serve(database))
        cls.session = JSONRPC(cls.server, 'admin', passwords['admin'])
        cls.addClassCleanup(cls.session.close)

    def test_demo(self):
        "Test the demo has a document of each kind"
        self.assertEqual(
            self.documents.keys() - {model for model, *_ in self.samples},
            MISSING)

    def test_state(self):
        "Test nobody writes the state of a document"
        for model, state, id_ in self.samples:
            field = self.documents[model]
            for other in self.states[model]:
                with self.subTest(model=model, state=state, other=other):
                    if other == state:
                        continue
                    with self.assertRaisesRegex(
                            Refused, OWN.get(model, READONLY)):
                        self.session.call(
                            model, 'write', [id_], {field: other})
            values = self.session.read(model, id_, field)
            self.assertEqual(values[field], state)

    def test_new(self):
        "Test the documents of which the demo has none"
        id_ = self.session.create('res.user.application', {
                'user': 1, 'application': 'rest'})
        with self.assertRaisesRegex(Refused, READONLY):
            self.session.call(
                'res.user.application', 'write', [id_],
                {'state': 'cancelled'})
