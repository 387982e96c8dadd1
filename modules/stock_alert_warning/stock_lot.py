# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Deliveries from lots whose shelf life ends."""
from sql import Literal, Null

from trytond.model import fields
from trytond.modules.stock_alert import kind_lot
from trytond.modules.stock_alert.kind import days_between, places
from trytond.pool import Pool, PoolMeta

from .document import DocumentKind


class DocumentShelfLife(DocumentKind):
    "The lots of the documents"

    def rows(self, scope):
        pool = Pool()
        Lot = pool.get('stock.lot')
        Move = pool.get('stock.move')
        Product = pool.get('product.product')
        lot, move, product = (M.__table__() for M in [Lot, Move, Product])
        place = places()
        ids = [m.id for s in scope.documents for m in s.alert_moves]
        document = Move.shipment.sql_id(move.shipment, Move)
        found = (move
            .join(lot, condition=move.lot == lot.id)
            .join(product, condition=move.product == product.id)
            .join(place, condition=move.from_location == place.location)
            .select(
                document.as_('document'),
                lot.id.as_('lot'),
                lot.shelf_life_expiration_date.as_('date'),
                product.id.as_('product'),
                product.template.as_('template'),
                place.warehouse.as_('warehouse'),
                where=fields.SQL_OPERATORS['in'](move.id, ids)
                & (move.internal_quantity > 0)
                & (lot.shelf_life_expiration_date != Null)))
        names = ['document', 'lot', 'product', 'template', 'warehouse']
        return found.select(
            *[getattr(found, n).as_(n) for n in names],
            days_between(Literal(scope.today), found.date).as_('value'))


class Expiring(DocumentShelfLife, kind_lot.Expiring):
    pass


class Expired(DocumentShelfLife, kind_lot.Expired):
    pass


class ShipmentOut(metaclass=PoolMeta):
    __name__ = 'stock.shipment.out'

    @classmethod
    def get_alert_kinds(cls):
        return {
            **super().get_alert_kinds(),
            Expiring.name: Expiring,
            Expired.name: Expired,
            }
