# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Freight: what carriers invoice and how it becomes part of the cost."""
from .demo_base import days


def bear_freight(demo):
    "Allocate the invoices of carriers to what they brought"
    demo.now = demo.today
    for code, ago, posted in [('C01', 40, True), ('C02', 6, False)]:
        invoice = _invoice(demo, code, demo.today - days(ago))
        Cost = demo.model('account.landed_cost', 'accountant')
        Shipment = demo.model('stock.shipment.in', 'accountant')
        cost = Cost()
        for shipment in Shipment.find([
                    ('state', '=', 'done'),
                    ('effective_date', '<=', demo.today - days(ago)),
                    ], order=[('effective_date', 'DESC'), ('id', 'DESC')],
                limit=2):
            cost.shipments.append(shipment)
        Line = demo.model('account.invoice.line', 'accountant')
        for line in invoice.lines:
            cost.invoice_lines.append(Line(line.id))
        cost.save()
        if posted:
            wizard = demo.click([cost], 'post_wizard', 'accountant')
            wizard.execute('post')


def _invoice(demo, code, date):
    "Return the posted invoice of the carrier"
    Invoice = demo.model('account.invoice', 'accountant')
    invoice = Invoice(type='in')
    invoice.party = demo.seen(demo.parties[code], 'accountant')
    invoice.invoice_date = date
    invoice.reference = f'{demo.random.randrange(10**8):08d}'
    line = invoice.lines.new()
    line.product = demo.seen(demo.products['V001'], 'accountant')
    line.quantity = 1
    line.unit_price = demo.price(680)
    invoice.save()
    demo.click([invoice], 'post', 'accountant', confirm=True)
    return Invoice(invoice.id)
