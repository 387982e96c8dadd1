# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
import datetime as dt
import logging

from trytond.model import ModelSQL, ModelView, fields
from trytond.pool import Pool
from trytond.pyson import Eval
from trytond.transaction import without_check_access
from trytond.wizard import Button, StateTransition, StateView, Wizard

logger = logging.getLogger(__name__)


class Difference(ModelSQL, ModelView):
    "A quantity that was not the sum of the moves"
    __name__ = 'stock.level.difference'
    company = fields.Many2One(
        'company.company', "Company", required=True, readonly=True)
    date = fields.DateTime("Date", required=True, readonly=True)
    product = fields.Many2One(
        'product.product', "Product", required=True, readonly=True,
        context={
            'company': Eval('company', -1),
            },
        depends={'company'})
    location = fields.Many2One(
        'stock.location', "Location", required=True, readonly=True)
    kept = fields.Float(
        "Kept Quantity", required=True, readonly=True,
        help="The quantity that the system showed.")
    moved = fields.Float(
        "Moved Quantity", required=True, readonly=True,
        help="The sum of the stock moves.")

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls._order = [('date', 'DESC'), ('id', 'DESC')]

    @classmethod
    @without_check_access
    def find(cls):
        "Return the differences that there are, without saving them"
        pool = Pool()
        Entry = pool.get('stock.level.entry')
        return cls._from_rows(Entry.differences())

    @classmethod
    @without_check_access
    def correct(cls):
        "Make the levels the sum of the moves and return what differed"
        pool = Pool()
        Entry = pool.get('stock.level.entry')
        differences = cls._from_rows(Entry.correct())
        cls.save(differences)
        for difference in differences:
            logger.error("stock level differed: %s", difference.rec_name)
        return differences

    @classmethod
    def _from_rows(cls, rows):
        "Return a record of each row of stock.level.entry.differences"
        pool = Pool()
        Entry = pool.get('stock.level.entry')
        now = dt.datetime.now()
        names = [*Entry.keys(), 'kept', 'moved']
        return [
            cls(date=now, **dict(zip(names, row))) for row in rows]

    def get_rec_name(self, name):
        return '%s @ %s: %g ≠ %g' % (
            self.product.rec_name, self.location.rec_name,
            self.kept, self.moved)


class Check(Wizard):
    "Compare the levels with the moves and correct them"
    __name__ = 'stock.level.check'
    start_state = 'check'
    check = StateTransition()
    result = StateView(
        'stock.level.check.result', 'stock_level.check_result_view_form', [
            Button("Close", 'end', 'tryton-close', default=True),
            ])

    def transition_check(self):
        pool = Pool()
        Difference = pool.get('stock.level.difference')
        self.result.differences = Difference.correct()
        return 'result'

    def default_result(self, fields):
        differences = self.result.differences
        return {
            'number': len(differences),
            'differences': [d.id for d in differences],
            }


class CheckResult(ModelView):
    "What a check of the levels found"
    __name__ = 'stock.level.check.result'
    number = fields.Integer("Corrected Levels", readonly=True)
    differences = fields.Many2Many(
        'stock.level.difference', None, None, "Differences", readonly=True)
