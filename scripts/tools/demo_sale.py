# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""From the opportunity to the invoice of the customer."""
from .demo_account import account
from .demo_base import days
from .demo_plan import Order
from .demo_stock import ship

# Stages of the plan in which nothing leaves the warehouse
UNCONFIRMED = {'draft', 'quotation', 'cancelled'}


def sell(demo, period):
    "Sell, ship and invoice what the plan says"
    orders = period.orders
    sales = order(demo, orders)
    pairs = list(zip(sales, orders))
    demo.click([
            s for s, o in pairs
            if o.stage not in {'draft', 'waiting', 'cancelled'}],
        'quote', 'sales')
    # What is not there only the manager may promise
    demo.click(
        [s for s, o in pairs if o.stage == 'waiting'], 'quote',
        'sales_manager', confirm=True)
    demo.click(
        [s for s, o in pairs if o.stage == 'cancelled'], 'cancel', 'sales')
    confirmed = [(s, o) for s, o in pairs if o.stage not in UNCONFIRMED]
    demo.click(
        [s for s, _ in confirmed], 'confirm', 'sales_manager', confirm=True)
    confirmed = {s.id: o for s, o in confirmed}
    shipments = demo.read('sale.sale', [
            ('id', 'in', list(confirmed))], ['shipments'], 'sales',
        [('id', 'ASC')])
    stages, dates = {}, {}
    for sale in shipments:
        order_ = confirmed[sale['id']]
        for id_ in sale['shipments']:
            stages[id_] = (
                'done' if order_.stage in {'invoiced', 'paid'}
                else order_.stage)
            dates[id_] = min(
                order_.date + days(demo.random.randint(1, 3)), period.last)
    ship(demo, stages, dates)
    post_invoices(demo, {
            sale['id']: dates[sale['shipments'][0]] for sale in shipments
            if confirmed[sale['id']].stage in {'invoiced', 'paid'}})


def order(demo, orders):
    """Make the sales as drafts.

    :param orders: list of demo_plan.Order
    :return: the sales
    """
    values = []
    for order_ in orders:
        header = demo.form('sale.sale', {
                'company': demo.company.id,
                'currency': demo.currency.id,
                'party': demo.parties[order_.customer].id,
                'warehouse': demo.locations[
                    'SHOP' if order_.shop else 'WH'].id,
                'shipment_method': 'order',
                }, ['party'], 'sales')
        header.update(invoice_method='fulfillment', sale_date=order_.date)
        values.append({
                **header,
                'lines': [('create', [
                            line_values(demo, header, code, quantity)
                            for code, quantity in order_.lines])],
                })
    return demo.create('sale.sale', values, 'sales')


def line_values(demo, header, code, quantity):
    """Return the values of a line.

    :param header: values of the sale
    """
    line = demo.form('sale.line', {
            'type': 'line',
            'product': demo.products[code].id,
            # The prices depend on the price list only
            'quantity': 48 if quantity >= 48 else 1,
            }, ['product', 'quantity'], 'sales', ('sale', {
                field: header.get(field) for field in [
                    'company', 'currency', 'price_list', 'warehouse']}))
    return {**line, 'quantity': quantity}


def post_invoices(demo, dates):
    "Post the invoices of the sales, dates are by id of the sale"
    invoices = demo.read('account.invoice', [
            ('sales', 'in', list(dates)), ('state', '=', 'draft'),
            ], ['sales'], 'accountant')
    demo.write('account.invoice', {
            invoice['id']: {'invoice_date': dates[invoice['sales'][0]]}
            for invoice in invoices}, 'accountant')
    Invoice = demo.model('account.invoice', 'accountant')
    demo.click(
        [Invoice(i['id']) for i in invoices], 'post', 'accountant',
        confirm=True)


def sell_in_advance(demo):
    "Sell with a part to pay before, and a service"
    demo.now = demo.today - days(10)
    Term = demo.model('sale.advance_payment_term', 'sales_manager')
    term = Term(name=demo.text("30 % in Advance", "预付 30%"))
    line = term.lines.new()
    line.description = demo.text("Advance Payment 30 %", "预付款 30%")
    line.account = account(demo, '2_2_2', 'sales_manager')
    line.formula = 'total_amount * Decimal("0.3")'
    line.block_shipping = True
    term.save()
    sales = order(demo, [
            Order('W12', demo.now, False, [('T005', 12), ('T019', 12)], ''),
            Order('R04', demo.now, False, [('V003', 1), ('V002', 2)], ''),
            ])
    sales[0].advance_payment_term = demo.seen(term, 'sales')
    sales[0].save()
    demo.click(sales, 'quote', 'sales_manager', confirm=True)
    demo.click(sales, 'confirm', 'sales_manager', confirm=True)
    # The numbers of invoices follow their dates
    post_invoices(demo, {sale.id: demo.today for sale in sales})


def correct_invoices(demo):
    "Check an invoice before it is posted and give credit for others"
    Invoice = demo.model('account.invoice', 'accountant')
    demo.now = demo.today
    drafts = Invoice.find([
            ('type', '=', 'out'), ('state', '=', 'draft')], limit=1)
    for invoice in drafts:
        invoice.invoice_date = demo.today
    Invoice.save(drafts)
    demo.click(drafts, 'validate_invoice', 'accountant')
    posted = Invoice.find([
            ('type', '=', 'out'), ('state', '=', 'posted'),
            ('total_amount', '>', 0),
            ], order=[('id', 'DESC')], limit=2)
    for invoice, refund in zip(posted, [True, False]):
        wizard = demo.wizard(
            'account.invoice.credit', [invoice], 'accountant')
        wizard.form.invoice_date = demo.today
        wizard.form.with_refund = refund
        with demo.confirming('accountant'):
            wizard.execute('credit')
