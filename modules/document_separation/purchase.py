# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Buyer and receiver, receiver and who posts the invoice."""
from sql import Literal
from sql.operators import Exists

from trytond.model import ModelView
from trytond.pool import Pool, PoolMeta
from trytond.pyson import Eval

from .duty import (
    SecondDutyMixin, check_moves, confirmed, first_duty, origins, second_duty)


class Separation(metaclass=PoolMeta):
    __name__ = 'document.approval.separation'

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls.pair.selection += [
            ('buyer_receiver', "Buyer and Receiver"),
            ('receiver_poster', "Receiver and Who Posts the Invoice"),
            ]

    @classmethod
    def get_violation_queries(cls, people):
        pool = Pool()
        Invoice = pool.get('account.invoice')
        Purchase = pool.get('purchase.purchase')
        Shipment = pool.get('stock.shipment.in')

        def receivers():
            return people.employee_duties(
                Shipment, ['received_by', 'done_by'], 'effective_date')

        queries = super().get_violation_queries(people)
        queries.append((
                'buyer_receiver', Purchase.__name__, Shipment.__name__,
                cls.get_violations(
                    cls._link_shipments('purchase', Shipment),
                    people.employee_duties(Purchase, ['confirmed_by']),
                    receivers())))
        for link in cls._link_invoices():
            queries.append((
                    'receiver_poster', Shipment.__name__, Invoice.__name__,
                    cls.get_violations(
                        link,
                        receivers(),
                        people.employee_duties(
                            Invoice, ['validated_by', 'posted_by'],
                            'invoice_date'))))
        return queries

    @classmethod
    def _link_invoices(cls):
        "Yield queries of the ids of shipments and of their invoices"
        pool = Pool()
        InvoiceLine = pool.get('account.invoice.line')
        InvoiceLineMove = pool.get('account.invoice.line-stock.move')
        Move = pool.get('stock.move')

        def select(from_item, move, line, where=Literal(True)):
            return from_item.select(
                Move.shipment.sql_id(move.shipment, Move).as_('first'),
                line.invoice.as_('second'),
                where=where
                & move.shipment.like('stock.shipment.in,%')
                & (move.state != 'cancelled'))

        move, line = Move.__table__(), InvoiceLine.__table__()
        line_move = InvoiceLineMove.__table__()
        yield select(
            line_move
            .join(move, condition=move.id == line_move.stock_move)
            .join(line, condition=line.id == line_move.invoice_line),
            move, line)
        # What was invoiced before it was received has the order in common
        move, line = Move.__table__(), InvoiceLine.__table__()
        line_move = InvoiceLineMove.__table__()
        yield select(
            line.join(move, condition=move.origin == line.origin),
            move, line,
            line.origin.like('purchase.line,%')
            & ~Exists(line_move.select(
                    line_move.id,
                    where=line_move.invoice_line == line.id)))


class Purchase(metaclass=PoolMeta):
    __name__ = 'purchase.purchase'

    @classmethod
    @ModelView.button
    @first_duty('buyer_receiver', 'confirmed_by', 'confirmed')
    def confirm(cls, purchases):
        super().confirm(purchases)


class ShipmentIn(SecondDutyMixin, metaclass=PoolMeta):
    __name__ = 'stock.shipment.in'

    @classmethod
    def __setup__(cls):
        super().__setup__()
        # Nobody else has received it afterwards
        cls.received_by.states['readonly'] |= Eval('state') == 'received'

    def get_first_duties(self, pair):
        duties = super().get_first_duties(pair)
        if pair == 'buyer_receiver':
            duties += confirmed(
                origins(self.incoming_moves, 'purchase.line', 'purchase'))
        return duties

    @classmethod
    @ModelView.button
    @second_duty('buyer_receiver', 'received')
    @first_duty('receiver_poster', 'received_by', 'received')
    def receive(cls, shipments):
        super().receive(shipments)

    @classmethod
    @ModelView.button
    @second_duty('buyer_receiver', 'done')
    @first_duty('receiver_poster', 'done_by', 'done')
    def do(cls, shipments):
        super().do(shipments)


class Move(SecondDutyMixin, metaclass=PoolMeta):
    __name__ = 'stock.move'

    def get_first_duties(self, pair):
        duties = super().get_first_duties(pair)
        if pair == 'buyer_receiver':
            duties += confirmed(origins([self], 'purchase.line', 'purchase'))
        return duties

    @classmethod
    @ModelView.button
    def do(cls, moves):
        check_moves('buyer_receiver', [
                m for m in moves if m.from_location.type == 'supplier'],
            'stock.shipment.in')
        super().do(moves)


class Invoice(SecondDutyMixin, metaclass=PoolMeta):
    __name__ = 'account.invoice'

    def get_first_duties(self, pair):
        duties = super().get_first_duties(pair)
        if pair == 'receiver_poster' and self.type == 'in':
            shipments = set()
            for line in self.lines:
                moves = line.stock_moves
                origin = line.origin
                if not moves and origin and (
                        origin.__name__ == 'purchase.line'):
                    moves = origin.moves
                shipments.update(
                    m.shipment for m in moves
                    if m.state != 'cancelled' and m.shipment
                    and m.shipment.__name__ == 'stock.shipment.in')
            duties += [
                (s, {e for e in [s.received_by, s.done_by] if e})
                for s in shipments]
        return duties

    @classmethod
    @ModelView.button
    @second_duty('receiver_poster', 'validated')
    def validate_invoice(cls, invoices):
        super().validate_invoice(invoices)

    @classmethod
    @second_duty('receiver_poster', 'posted')
    def post_batch(cls, invoices):
        super().post_batch(invoices)

    @classmethod
    @ModelView.button
    @second_duty('receiver_poster', 'posted')
    def post(cls, invoices):
        super().post(invoices)
