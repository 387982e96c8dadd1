# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Compare the ledger with the documents."""
import logging

from trytond.model import ModelView, fields
from trytond.modules.currency.fields import Monetary
from trytond.pool import Pool
from trytond.transaction import without_check_access
from trytond.wizard import Button, StateTransition, StateView, Wizard

logger = logging.getLogger(__name__)


class Difference(ModelView):
    __name__ = 'purchase.budget.check.difference'

    line = fields.Many2One(
        'purchase.budget.line', "Budget Line", readonly=True)
    currency = fields.Many2One(
        'currency.currency', "Currency", readonly=True)
    month = fields.Date("Month", readonly=True)
    origin = fields.Char(
        "Origin", readonly=True,
        help="The line of the document, empty for the sum of the month.")
    booked = Monetary(
        "Booked", currency='currency', digits='currency', readonly=True)
    documents = Monetary(
        "Documents", currency='currency', digits='currency', readonly=True,
        help="What the documents say.")


class CheckResult(ModelView):
    __name__ = 'purchase.budget.check.result'

    number = fields.Integer("Differences", readonly=True)
    differences = fields.One2Many(
        'purchase.budget.check.difference', None, "Differences",
        readonly=True)


class Check(Wizard):
    __name__ = 'purchase.budget.check'
    start_state = 'result'

    result = StateView(
        'purchase.budget.check.result',
        'purchase_budget.check_result_view_form', [
            Button("Close", 'end', 'tryton-close', default=True),
            Button("Correct", 'correct', 'tryton-ok'),
            ])
    correct = StateTransition()

    def default_result(self, fields):
        differences = find_differences()
        return {'number': len(differences), 'differences': differences}

    def transition_correct(self):
        pool = Pool()
        Commitment = pool.get('purchase.budget.commitment')
        for values in find_differences():
            logger.error("budget commitment differed: %s", values)
        Commitment.correct()
        return 'result'


@without_check_access
def find_differences():
    """Return what differs between ledger, sums and documents.

    :return: list of values of purchase.budget.check.difference
    """
    pool = Pool()
    Commitment = pool.get('purchase.budget.commitment')
    Line = pool.get('purchase.budget.line')
    found = [
        (key.line, key.month, name_of(key.origin), booked, documents)
        for key, booked, documents in Commitment.get_differences()]
    found += [
        (line, month, None, kept.used, booked.used)
        for line, month, kept, booked in Commitment.get_sum_differences()]
    return [{
            'line': line,
            'line.': {'rec_name': Line(line).rec_name},
            'currency': Line(line).currency.id,
            'month': month,
            'origin': origin,
            'booked': booked,
            'documents': documents,
            } for line, month, origin, booked, documents in found]


def name_of(origin):
    "Return what people call the line of a document that may be deleted"
    name, _, id_ = origin.partition(',')
    records = Pool().get(name).search([('id', '=', int(id_))])
    return records[0].rec_name if records else origin
