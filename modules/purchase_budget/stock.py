# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What is received is not ordered any longer, but committed still."""
from sql import Null

from trytond.model import fields
from trytond.pool import Pool, PoolMeta
from trytond.tools import grouped_slice
from trytond.transaction import Transaction

from .commitment import PURCHASE_LINE


class Move(metaclass=PoolMeta):
    __name__ = 'stock.move'

    @classmethod
    def on_modification(cls, mode, moves, field_names=None):
        super().on_modification(mode, moves, field_names=field_names)
        if mode == 'write' and field_names & {
                'state', 'quantity', 'unit', 'origin'}:
            cls._book_budget(moves)

    @classmethod
    def _book_budget(cls, moves):
        pool = Pool()
        Commitment = pool.get('purchase.budget.commitment')
        line = pool.get(PURCHASE_LINE).__table__()
        move = cls.__table__()
        cursor = Transaction().connection.cursor()
        lines = set()
        # Most moves are of no order with a budget: no record is read
        for sub_moves in grouped_slice(moves, 1000):
            cursor.execute(*move.join(
                    line, condition=move.origin.like(f'{PURCHASE_LINE},%')
                    & (cls.origin.sql_id(move.origin, cls) == line.id)
                    ).select(
                    line.id,
                    where=(line.budget_line != Null)
                    & fields.SQL_OPERATORS['in'](
                        move.id, [m.id for m in sub_moves])))
            lines.update(id_ for id_, in cursor)
        if lines:
            Commitment.book({PURCHASE_LINE: lines})
