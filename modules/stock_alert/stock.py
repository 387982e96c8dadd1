# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What is moved is looked at again at once."""
import datetime as dt

from sql.conditionals import Coalesce

from trytond.model import Index
from trytond.pool import Pool, PoolMeta
from trytond.transaction import Transaction, without_check_access

# What of a move changes a quantity or a date
_WATCHED = {
    'state', 'product', 'quantity', 'unit', 'from_location', 'to_location',
    'planned_date', 'effective_date', 'lot', 'shipment', 'origin'}


class Touched:
    """What the moves of a transaction changed.

    One task of the queue looks at it, after the commit.
    """

    def __init__(self):
        self.products = set()
        self.subjects = set()

    def __eq__(self, other):
        return isinstance(other, Touched)

    __hash__ = None

    @classmethod
    def touch(cls, companies, products, subjects):
        """Have the products and documents looked at after the commit.

        :param companies: records, without whose rules nothing is done
        :param products: records
        :param subjects: references of the documents
        """
        Rule = Pool().get('stock.alert.rule')
        if any(Rule.get_scopes(c) for c in companies):
            touched = Transaction().join(cls())
            touched.products.update(p.id for p in products)
            touched.subjects.update(subjects)

    def clear(self):
        self.products.clear()
        self.subjects.clear()

    def tpc_begin(self, transaction):
        pass

    def commit(self, transaction):
        if self.products:
            with without_check_access():
                self.push()

    def push(self):
        "Hand over to the queue"
        Product = Pool().get('product.product')
        Product.__queue__.scan_stock_alerts(
            Product.browse(sorted(self.products)), sorted(self.subjects))
        self.clear()

    def tpc_vote(self, transaction):
        pass

    def tpc_finish(self, transaction):
        self.clear()

    def tpc_abort(self, transaction):
        self.clear()


class Move(metaclass=PoolMeta):
    __name__ = 'stock.move'

    @classmethod
    def __setup__(cls):
        super().__setup__()
        t = cls.__table__()
        # When a product was moved last, without the moves of the others
        cls._sql_indexes.add(
            Index(
                t,
                (t.product, Index.Range()),
                (cls.sql_done_date(t), Index.Range()),
                where=t.state == 'done'))

    @classmethod
    def sql_done_date(cls, table):
        "Return the date of a done move as the indexes have it"
        return Coalesce(
            table.effective_date, table.planned_date, dt.date.max)

    @classmethod
    def on_modification(cls, mode, moves, field_names=None):
        super().on_modification(mode, moves, field_names=field_names)
        if field_names and not field_names & _WATCHED:
            return
        moves = [m for m in moves if m.state != 'staging']
        Touched.touch(
            {m.company for m in moves}, {m.product for m in moves},
            set().union(*[m.alert_subjects for m in moves]))

    @property
    def alert_subjects(self):
        "What may be overdue because of the move"
        return {
            str(r) for r in [self.shipment, self.origin, self] if r}
