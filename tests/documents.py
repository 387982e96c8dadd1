# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""A document of the demo in each of its states, for what clients do with it.
"""
import tempfile
from contextlib import contextmanager
from pathlib import Path

from tools.company import connect

from trytond.model import ModelStorage, Workflow

# Lines that have a window of their own
LINES = {
    'account.invoice.line': 'invoice_state',
    'account.statement.line': 'statement_state',
    'account.statement.origin': 'statement_state',
    'production.work': 'state',
    'purchase.line': 'purchase_state',
    'sale.line': 'sale_state',
    'stock.inventory.line': 'inventory_state',
    }
# Messages of the standard about what the edit itself is about, not about what
# is read-only: it is not allowed or not plausible
READONLY = '只读'


@contextmanager
def connection(database):
    "Yield proteus' configuration of the database, as admin"
    with tempfile.TemporaryDirectory() as folder:
        yield connect(
            database, database.write_config(Path(folder) / 'trytond.conf'))


def find_documents(config):
    "Return the name of the field of the state by model, of all documents"
    return {
        name: Document._transition_state
        for name, Document in config.pool.iterobject()
        if issubclass(Document, Workflow)
        and issubclass(Document, ModelStorage)}


def find_samples(config, models):
    """Return tuples of model, state and id, the last of each state.

    :param models: name of the field of the state by model
    """
    samples = {}
    for model, field in models.items():
        for record in config.get_proxy(model).search_read(
                [], 0, None, [('id', 'ASC')], [field], config.context):
            samples[model, record[field]] = record['id']
    return sorted(
        (model, str(state), id_) for (model, state), id_ in samples.items())
