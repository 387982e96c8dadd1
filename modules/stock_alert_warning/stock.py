# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Shipments that take more from a warehouse than they should."""
from trytond.model import ModelView, fields
from trytond.modules.stock_alert.kind import places
from trytond.pool import Pool, PoolMeta

from .document import AlertedMixin, checked
from .quantity import ShipmentBelowMinimum, ShipmentNegative


class ShipmentMixin(AlertedMixin):
    "A shipment that takes goods out of a warehouse"
    __slots__ = ()

    @classmethod
    def get_alert_kinds(cls):
        return {
            **super().get_alert_kinds(),
            **{k.name: k for k in [ShipmentNegative, ShipmentBelowMinimum]},
            }

    @property
    def alert_moves(self):
        "The moves that are still to be done by which the goods leave"
        return [
            m for m in self._get_alert_moves()
            if m.state in {'draft', 'assigned'}]

    def _get_alert_moves(self):
        return self.moves

    @classmethod
    def check_alert_rules(cls, shipments, *args, **kwargs):
        # What has left is not checked when it arrives
        super().check_alert_rules(
            [s for s in shipments if s.alert_moves], *args, **kwargs)

    @classmethod
    def get_alert_products(cls, shipments):
        return list({m.product.id for s in shipments for m in s.alert_moves})

    @classmethod
    def sql_alert_lines(cls, scope):
        pool = Pool()
        Move = pool.get('stock.move')
        Product = pool.get('product.product')
        Template = pool.get('product.template')
        move, product, template = (
            M.__table__() for M in [Move, Product, Template])
        place = places()
        ids = [m.id for s in scope.documents for m in s.alert_moves]
        return (move
            .join(product, condition=move.product == product.id)
            .join(template, condition=product.template == template.id)
            .join(place, condition=move.from_location == place.location)
            .select(
                Move.shipment.sql_id(move.shipment, Move).as_('document'),
                product.id.as_('product'),
                template.id.as_('template'),
                place.warehouse.as_('warehouse'),
                template.default_uom.as_('unit'),
                move.internal_quantity.as_('quantity'),
                where=fields.SQL_OPERATORS['in'](move.id, ids)))


class ShipmentOut(ShipmentMixin, metaclass=PoolMeta):
    __name__ = 'stock.shipment.out'

    def _get_alert_moves(self):
        # What is picked, until it is
        if self.state in {'waiting', 'assigned'} and self.inventory_moves:
            return self.inventory_moves
        return self.outgoing_moves

    @classmethod
    @ModelView.button
    def pick(cls, shipments):
        # Not what is only unpacked
        cls.check_alert_rules([
                s for s in shipments
                if s.state in {'waiting', 'assigned'}])
        super().pick(shipments)

    @classmethod
    @ModelView.button
    def pack(cls, shipments):
        # What was picked was checked then
        cls.check_alert_rules([
                s for s in shipments if s.state == 'assigned'])
        super().pack(shipments)

    @classmethod
    @ModelView.button
    @checked('done', actions=['refuse'])
    def do(cls, shipments):
        super().do(shipments)


class ShipmentInternal(ShipmentMixin, metaclass=PoolMeta):
    __name__ = 'stock.shipment.internal'

    def _get_alert_moves(self):
        if self.warehouse == self.to_warehouse:
            return []
        elif self.transit_location:
            return self.outgoing_moves
        return self.moves

    @classmethod
    @ModelView.button
    @checked('shipped')
    def ship(cls, shipments):
        super().ship(shipments)

    @classmethod
    @ModelView.button
    @checked('done')
    def do(cls, shipments):
        super().do(shipments)


class ShipmentInReturn(ShipmentMixin, metaclass=PoolMeta):
    __name__ = 'stock.shipment.in.return'

    @classmethod
    @ModelView.button
    @checked('done')
    def do(cls, shipments):
        super().do(shipments)
