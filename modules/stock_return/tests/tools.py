# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What the scenarios of returns begin with."""
import datetime as dt
from decimal import Decimal

from proteus import Model

from trytond.modules.account.tests.tools import create_fiscalyear
from trytond.modules.account_invoice.tests.tools import (
    set_fiscalyear_invoice_sequences)


def create_years(config=None):
    "Open the fiscal year from half a year ago on"
    fiscalyear = set_fiscalyear_invoice_sequences(
        create_fiscalyear(config=config), config=config)
    fiscalyear.click('create_period')


def stock_up(product, quantity, cost, lot=None, days=0):
    """Bring goods in from a supplier.

    :param cost: Decimal per default unit
    :param days: ago
    """
    Location = Model.get('stock.location')
    Move = Model.get('stock.move')
    Currency = Model.get('currency.currency')
    supplier, = Location.find([('code', '=', 'SUP')])
    storage, = Location.find([('code', '=', 'STO')])
    move = Move()
    move.product = product
    move.quantity = quantity
    move.from_location = supplier
    move.to_location = storage
    move.unit_price = Decimal(cost)
    move.currency, = Currency.find([('code', '=', 'USD')])
    move.effective_date = dt.date.today() - dt.timedelta(days=days)
    if lot:
        move.lot = lot
    move.click('do')
    return move


def sell(customer, lines, days=0, currency=None):
    """Sell and deliver.

    :param lines: list of (product, quantity, unit price)
    :param days: ago
    :return: the sale
    """
    Sale = Model.get('sale.sale')
    Shipment = Model.get('stock.shipment.out')
    date = dt.date.today() - dt.timedelta(days=days)
    sale = Sale(party=customer, sale_date=date)
    if currency:
        sale.currency = currency
    sale.invoice_method = 'order'
    for product, quantity, price in lines:
        line = sale.lines.new()
        line.product = product
        line.quantity = quantity
        line.unit_price = Decimal(str(price))
    sale.click('quote')
    sale.click('confirm')
    for shipment in sale.shipments:
        deliver(Shipment(shipment.id), date)
    sale.reload()
    return sale


def deliver(shipment, date=None):
    "Carry out a customer shipment"
    for move in shipment.inventory_moves:
        move.quantity = move.quantity
    shipment.effective_date = date
    shipment.save()
    shipment.click('assign_force')
    for button in ['pick', 'pack', 'do']:
        shipment.click(button)
