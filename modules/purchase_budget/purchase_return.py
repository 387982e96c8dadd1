# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.pool import Pool, PoolMeta

from .commitment import PURCHASE_LINE


class PurchaseLine(metaclass=PoolMeta):
    __name__ = 'purchase.line'

    def _get_origin_budget_line(self):
        "What goes back is given back to the budget it was taken from"
        Line = Pool().get(PURCHASE_LINE)
        if self.returned_move and isinstance(self.returned_move.origin, Line):
            return self.returned_move.origin.budget_line
        return super()._get_origin_budget_line()
