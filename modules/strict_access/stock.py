# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.pool import PoolMeta


class MoveUnitUnprotected(metaclass=PoolMeta):
    """Protect the unit of an assigned, done or cancelled move.

    The standard protects a field "uom", which is the former name of "unit".
    """
    __name__ = 'stock.move'

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls._deny_modify_assigned.add('unit')
        cls._deny_modify_done_cancel.add('unit')


class MovePriceUnprotected(metaclass=PoolMeta):
    """Protect the prices of the moves of closed periods from clients.

    The standard lets them be modified because invoices and costing correct
    them, but it lets everybody else too.
    """
    __name__ = 'stock.move'

    @classmethod
    def check_modification(cls, mode, moves, values=None, external=False):
        super().check_modification(
            mode, moves, values=values, external=external)
        if (mode == 'write' and external
                and not values.keys() - cls._allow_modify_closed_period):
            cls.check_period_closed(moves)
