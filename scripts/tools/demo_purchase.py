# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""From what is asked for to the supplier's invoice."""
from .demo_base import days
from .demo_plan import Supply
from .demo_quality import inspect_last, push
from .demo_stock import prepare_receipts, receive

# Supplier, days since the order and until the delivery, lines, how far it is
OPEN = [
    ('S03', 1, 6, [('T033', 48), ('T035', 40)], 'draft'),
    ('S05', 2, 9, [('T032', 24), ('T034', 18)], 'draft'),
    ('S06', 2, 8, [('T052', 60), ('T058', 40)], 'quotation'),
    ('S02', 9, 1, [('T007', 20)], 'cancelled'),
    ('S01', 4, 5, [('T012', 60), ('T014', 24)], 'processing'),
    ('S04', 12, -3, [('T018', 120), ('T019', 24)], 'processing'),
    ('S03', 8, 0, [('T036', 60), ('T041', 60)], 'shipment'),
    ('S01', 8, 0, [('T011', 24), ('T038', 6)], 'received'),
    ('S02', 9, -1, [('T004', 36)], 'partial'),
    ('S08', 6, 0, [('A001', 120)], 'inspection'),
    ('S08', 7, 0, [('A001', 80)], 'inspection'),
    ('S08', 8, -1, [('A001', 40)], 'inspection'),
    ]


def purchase(demo, period):
    "Order and receive what the plan says"
    purchases = order(demo, period.supplies)
    demo.click(purchases, 'quote', 'buyer')
    demo.click(purchases, 'confirm', 'purchase_manager')
    receive(demo, [
            (p, s.received) for p, s in zip(purchases, period.supplies)])
    post_invoices(demo, [
            (p, s.received + days(2))
            for p, s in zip(purchases, period.supplies)])


def order(demo, supplies):
    """Make the orders to suppliers.

    :param supplies: list of demo_plan.Supply
    :return: the purchases as drafts
    """
    values = []
    for supply in supplies:
        header = demo.form('purchase.purchase', {
                'company': demo.company.id,
                'currency': demo.currency.id,
                'party': demo.parties[supply.supplier].id,
                'warehouse': demo.locations['WH'].id,
                }, ['party'], 'buyer')
        header.update(
            invoice_method='fulfillment',
            purchase_date=supply.ordered,
            delivery_date=supply.received)
        values.append({
                **header,
                'lines': [('create', [
                            line_values(demo, header, code, quantity)
                            for code, quantity in supply.lines])],
                })
    return demo.create('purchase.purchase', values, 'buyer')


def line_values(demo, header, code, quantity):
    """Return the values of a line.

    :param header: values of the purchase
    """
    price_from = 20 * float(demo.rows[code]['pack'] or 1)
    line = demo.form('purchase.line', {
            'type': 'line',
            'product': demo.products[code].id,
            'quantity': price_from if quantity >= price_from else 1,
            }, ['product', 'quantity'], 'buyer', ('purchase', {
                field: header.get(field) for field in [
                    'company', 'currency', 'party', 'warehouse']}))
    return {**line, 'quantity': quantity}


def post_invoices(demo, purchases):
    """Post what the suppliers invoice for the purchases.

    :param purchases: list of purchases and dates
    """
    dates = {purchase.id: date for purchase, date in purchases}
    invoices = demo.read('account.invoice', [
            ('purchases', 'in', list(dates)), ('state', '=', 'draft'),
            ], ['purchases'], 'accountant')
    demo.write('account.invoice', {
            invoice['id']: {
                'invoice_date': dates[invoice['purchases'][0]],
                'reference': f'{demo.random.randrange(10**8):08d}',
                } for invoice in invoices}, 'accountant')
    Invoice = demo.model('account.invoice', 'accountant')
    demo.click(
        [Invoice(i['id']) for i in invoices], 'post', 'accountant',
        confirm=True)


def leave_orders(demo):
    "Leave orders on every step of their way"
    demo.now = demo.today
    purchases = {}
    for supplier, ago, until, lines, stage in OPEN:
        purchase_, = order(demo, [Supply(
                    supplier, demo.today - days(ago),
                    demo.today + days(until), lines)])
        purchases.setdefault(stage, []).append(purchase_)
    ordered = [
        p for stage, ps in purchases.items() for p in ps
        if stage not in {'draft', 'cancelled'}]
    demo.click(ordered, 'quote', 'buyer')
    demo.click(purchases['cancelled'], 'cancel', 'buyer')
    demo.click(
        [p for p in ordered if p not in purchases['quotation']], 'confirm',
        'purchase_manager')
    today = demo.today
    prepare_receipts(demo, [(p, today) for p in purchases['shipment']])
    received = prepare_receipts(
        demo, [(p, today) for p in purchases['received']])
    push(demo, received, 'receive', 'keeper')
    _receive_half(demo, purchases['partial'][0])
    inspected = prepare_receipts(
        demo, [(p, today) for p in purchases['inspection']])
    if demo.erp:
        inspect_last(demo, inspected)


def _receive_half(demo, purchase_):
    "Receive half of what was ordered and check the invoice"
    shipment, = prepare_receipts(demo, [(purchase_, demo.today)])
    shipment = demo.seen(shipment, 'keeper')
    for move in shipment.incoming_moves:
        move.quantity /= 2
    shipment.save()
    push(demo, [shipment], 'receive', 'keeper')
    push(demo, [shipment], 'do', 'keeper')
    invoice, = demo.model('account.invoice', 'accountant').find(
        [('purchases', '=', purchase_.id)])
    invoice.invoice_date = demo.today
    invoice.reference = f'{demo.random.randrange(10**8):08d}'
    invoice.save()
    demo.click([invoice], 'validate_invoice', 'accountant')
