# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What employees ask for, from the requisition to the quotations."""
from .demo_base import days

# Who asks, days ago, why, products (or what it is) and quantities, end
REQUISITIONS = [
    ('keeper', 60, "Office supplies for the warehouse", "仓库办公用品",
        [('V005', 3)], 'purchased'),
    ('sales', 40, "Display goods for the shop", "门店陈列样品",
        [('T022', 4), ('T060', 2)], 'purchased'),
    ('sales_manager', 25, "Gifts for customers", "客户礼品",
        [('T008', 10), ('T020', 16)], 'quotation'),
    ('accountant', 20, "Printer and paper", "打印机与纸张", [('V005', 2)],
        'approved'),
    ('sales', 15, "Samples for the fair", "展会样品", [('T023', 6)],
        'rejected'),
    ('warehouse_manager', 9, "Batteries for displays", "陈列用电池",
        [('A001', 80)], 'approved'),
    ('keeper', 4, "Labels and tape", "标签与胶带", [('V005', 1)], 'waiting'),
    ('planner', 3, "Spare stock for the season", "旺季备货",
        [('T039', 60), ('T040', 60)], 'waiting'),
    ('sales', 2, "Gifts for the opening", "开业礼品", [('T037', 24)],
        'draft'),
    ('keeper', 30, "Shelf labels", "货架标签", [('V005', 1)], 'cancelled'),
    ]
# Only where things are made
WORKSHOP_REQUISITIONS = [
    ('workshop', 26, "Eyes for new samples", "新样品眼珠",
        [('M004', 500)], 'purchased'),
    ('engineer', 8, "Sound modules for tests", "试制用发声模块",
        [('M010', 100)], 'waiting'),
    ('quality', 5, "Fabric for tear tests", "撕裂测试布料",
        [('M001', 50)], 'approved'),
    ]
# Suppliers that are asked for a quotation
ASKED = ['S01', 'S02', 'S03']


def request(demo):
    "Make requisitions in every state and what follows from them"
    requisitions = REQUISITIONS + (WORKSHOP_REQUISITIONS if demo.erp else [])
    for login, ago, en, zh, lines, end in requisitions:
        demo.now = demo.today - days(ago)
        requisition = _requisition(demo, login, en, zh, lines)
        if end == 'draft':
            continue
        if end == 'cancelled':
            demo.click([requisition], 'cancel', login)
            continue
        demo.click([requisition], 'wait', login)
        if end == 'rejected':
            demo.click([requisition], 'reject', 'manager')
        elif end != 'waiting':
            demo.now += days(1)
            demo.click([requisition], 'approve', 'manager')
            if end == 'purchased':
                _order(demo, requisition)
            elif end == 'quotation':
                _ask_suppliers(demo, requisition)


def _requisition(demo, login, en, zh, lines):
    Requisition = demo.model('purchase.requisition', login)
    requisition = Requisition(
        description=demo.text(en, zh), supply_date=demo.now + days(14))
    for code, quantity in lines:
        line = requisition.lines.new()
        line.product = demo.seen(demo.products[code], login)
        line.quantity = quantity
        line.unit_price = demo.price(demo.rows[code]['cost'] or 1)
    requisition.save()
    return requisition


def _requests(demo, requisition):
    "Return the requests of the approved requisition, as the buyer sees them"
    Request = demo.model('purchase.request', 'buyer')
    lines = [line.id for line in requisition.lines]
    return Request.find([
            ('origin.id', 'in', lines, 'purchase.requisition.line')])


def _order(demo, requisition):
    "Order what was requested from the supplier of each product"
    requests = _requests(demo, requisition)
    Purchase = demo.model('purchase.purchase', 'buyer')
    wizard = demo.wizard('purchase.request.create_purchase', requests, 'buyer')
    while wizard.state == 'ask_party':
        wizard.form.party = demo.seen(
            demo.parties[_supplier(demo, requisition)], 'buyer')
        wizard.execute('start')
    purchases = Purchase.find([
            ('lines.requests', 'in', [r.id for r in requests])])
    for purchase in purchases:
        purchase.purchase_date = demo.now
        for line in purchase.lines:
            if not line.unit_price:
                line.unit_price = demo.price(1)
    Purchase.save(purchases)
    demo.click(purchases, 'quote', 'buyer')
    demo.click(purchases, 'confirm', 'purchase_manager')


def _row(demo, product):
    codes = {product.id: code for code, product in demo.products.items()}
    return demo.rows[codes[product.id]]


def _supplier(demo, requisition):
    return _row(demo, requisition.lines[0].product)['supplier']


def _ask_suppliers(demo, requisition):
    "Ask several suppliers for each product, one has answered for the first"
    Quotation = demo.model('purchase.request.quotation', 'buyer')
    for i, request in enumerate(_requests(demo, requisition)):
        wizard = demo.wizard(
            'purchase.request.quotation.create', [request], 'buyer')
        for code in ASKED:
            wizard.form.suppliers.append(
                demo.seen(demo.parties[code], 'buyer'))
        wizard.execute('create_quotations')
        quotations = Quotation.find([('lines.request', '=', request.id)])
        demo.click(quotations[:2], 'send', 'buyer')
        if i:
            continue
        answered = Quotation(quotations[0].id)
        # As from the purchase request: the list of the quotation is read-only
        Line = demo.model('purchase.request.quotation.line', 'buyer')
        for line in Line.find([('quotation', '=', answered.id)]):
            line.unit_price = demo.price(_row(demo, request.product)['cost'])
            line.save()
        demo.click([answered], 'receive', 'buyer')
