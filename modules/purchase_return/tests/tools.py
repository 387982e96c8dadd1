# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What the scenarios of returns to suppliers begin with."""
import datetime as dt
from decimal import Decimal

from proteus import Model


def buy(supplier, lines, days=0, lots=None, end='done', invoice=True):
    """Buy and receive.

    :param lines: list of (product, quantity, unit price)
    :param days: ago
    :param lots: dictionary of lots by product
    :param end: received or done, for the supplier shipment
    :param invoice: whether the supplier's invoice is posted
    :return: the purchase and its shipment
    """
    Move = Model.get('stock.move')
    Purchase = Model.get('purchase.purchase')
    Shipment = Model.get('stock.shipment.in')
    date = dt.date.today() - dt.timedelta(days=days)
    purchase = Purchase(party=supplier, purchase_date=date)
    purchase.invoice_method = 'order'
    for product, quantity, price in lines:
        line = purchase.lines.new()
        line.product = product
        line.quantity = quantity
        line.unit_price = Decimal(str(price))
    purchase.click('quote')
    purchase.click('confirm')
    shipment = Shipment(supplier=supplier, effective_date=date)
    for move in purchase.moves:
        shipment.incoming_moves.append(Move(move.id))
    shipment.save()
    for move in shipment.incoming_moves:
        if lots and move.product in lots:
            move.lot = lots[move.product]
        move.effective_date = date
    shipment.save()
    shipment.click('receive')
    if end == 'done':
        shipment.click('do')
    if invoice:
        invoice, = purchase.invoices
        invoice.invoice_date = date
        invoice.click('post')
    purchase.reload()
    return purchase, shipment


def send(shipment):
    "Carry out a supplier return shipment"
    shipment.click('assign_force')
    shipment.click('do')
