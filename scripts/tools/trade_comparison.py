# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Write sales as a plain script does, one after the other."""
import time

from proteus import Model


def replay(config, server, masters, orders):
    """Write the orders, one call or button at a time.

    :param config: configuration of proteus for the server
    :param orders: list of Order
    :return: ids of the sales by key, seconds
    """
    Sale = Model.get('sale.sale', config=config)
    Party = Model.get('party.party', config=config)
    Address = Model.get('party.address', config=config)
    Product = Model.get('product.product', config=config)
    ids, started = {}, time.monotonic()
    for order in orders:
        key = order.key
        sale = Sale()
        sale.party = Party(masters.parties[key.buyer])
        sale.invoice_address = Address(masters.address(key.buyer))
        sale.shipment_address = sale.invoice_address
        sale.reference = key.reference
        sale.description = order.items[0].line.file
        sale.sale_date = key.date
        for item in order.items:
            line = sale.lines.new()
            line.sequence = item.line.number
            line.product = Product(masters.products[item.code])
            line.quantity = float(item.quantity)
            line.unit_price = item.price
        sale.save()
        sale.click('quote')
        sale.click('confirm')
        sale.reload()
        if sale.state == 'confirmed':
            sale.click('process')
        for shipment in sale.shipments:
            shipment.effective_date = key.date
            shipment.save()
            shipment.click('assign_force')
            if masters.has_zones:
                shipment.click('pick')
            shipment.click('pack')
            shipment.click('do')
        for invoice in sale.invoices:
            invoice.invoice_date = key.date
            invoice.save()
            with server.confirmed_invoices([invoice.id]):
                invoice.click('post')
        ids[key] = sale.id
    return ids, time.monotonic() - started
