# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Seller and who ships."""
from trytond.model import ModelView
from trytond.pool import Pool, PoolMeta

from .duty import (
    SecondDutyMixin, check_moves, confirmed, first_duty, origins, second_duty)


class Separation(metaclass=PoolMeta):
    __name__ = 'document.approval.separation'

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls.pair.selection.append(('seller_shipper', "Seller and Shipper"))

    @classmethod
    def get_violation_queries(cls, people):
        pool = Pool()
        Sale = pool.get('sale.sale')
        Shipment = pool.get('stock.shipment.out')
        return super().get_violation_queries(people) + [(
                'seller_shipper', Sale.__name__, Shipment.__name__,
                cls.get_violations(
                    cls._link_shipments('sale', Shipment),
                    people.employee_duties(Sale, ['confirmed_by']),
                    people.employee_duties(Shipment, [
                            'picked_by', 'packed_by', 'shipped_by',
                            'done_by'], 'effective_date')),
                )]


class Sale(metaclass=PoolMeta):
    __name__ = 'sale.sale'

    @classmethod
    @ModelView.button
    @first_duty('seller_shipper', 'confirmed_by', 'confirmed')
    def confirm(cls, sales):
        super().confirm(sales)


class ShipmentOut(SecondDutyMixin, metaclass=PoolMeta):
    __name__ = 'stock.shipment.out'

    def get_first_duties(self, pair):
        duties = super().get_first_duties(pair)
        if pair == 'seller_shipper':
            duties += confirmed(
                origins(self.outgoing_moves, 'sale.line', 'sale'))
        return duties

    @classmethod
    @ModelView.button
    @second_duty('seller_shipper', 'picked')
    def pick(cls, shipments):
        super().pick(shipments)

    @classmethod
    @ModelView.button
    @second_duty('seller_shipper', 'packed')
    def pack(cls, shipments):
        super().pack(shipments)

    @classmethod
    @ModelView.button
    @second_duty('seller_shipper', 'shipped')
    def ship(cls, shipments):
        super().ship(shipments)

    @classmethod
    @ModelView.button
    @second_duty('seller_shipper', 'done')
    def do(cls, shipments):
        super().do(shipments)


class Move(SecondDutyMixin, metaclass=PoolMeta):
    __name__ = 'stock.move'

    def get_first_duties(self, pair):
        duties = super().get_first_duties(pair)
        if pair == 'seller_shipper':
            duties += confirmed(origins([self], 'sale.line', 'sale'))
        return duties

    @classmethod
    @ModelView.button
    def do(cls, moves):
        check_moves('seller_shipper', [
                m for m in moves if m.to_location.type == 'customer'],
            'stock.shipment.out')
        super().do(moves)
