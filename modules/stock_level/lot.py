# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
import datetime as dt

from sql import Null

from trytond.model import fields
from trytond.pool import Pool, PoolMeta
from trytond.transaction import Transaction


class Entry(metaclass=PoolMeta):
    __name__ = 'stock.level.entry'
    lot = fields.Integer("Lot")

    @classmethod
    def keys(cls):
        return [*super().keys(), 'lot']


class Level(metaclass=PoolMeta):
    __name__ = 'stock.level'
    lot = fields.Many2One('stock.lot', "Lot")


class Difference(metaclass=PoolMeta):
    __name__ = 'stock.level.difference'
    lot = fields.Many2One('stock.lot', "Lot", readonly=True)


class MoveShelfLife(metaclass=PoolMeta):
    __name__ = 'stock.move'

    @classmethod
    def _level_clause(cls, date, forecast):
        pool = Pool()
        Configuration = pool.get('stock.configuration')
        Date = pool.get('ir.date')
        if not forecast or Transaction().context.get('skip_lot_sled'):
            return super()._level_clause(date, forecast)
        today = Date.today()
        delay = Configuration(1).get_multivalue('shelf_life_delay')
        try:
            expiration = date + (delay or dt.timedelta())
        except OverflowError:
            expiration = dt.date.max if delay > dt.timedelta() else dt.date.min

        # What expires until then will not be there, what is expired already
        # still is
        def clause(lot):
            expires = lot.shelf_life_expiration_date
            return (expires == Null) | (expires >= expiration) | (
                expires < today)
        return clause
