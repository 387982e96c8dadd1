# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What comes back from customers and goes back to suppliers."""
from decimal import Decimal

from .demo_base import days
from .demo_quality import push
from .demo_stock import has_lot

# Which sale, the newest first, how much of the first line, code of the reason,
# condition, and how far it is
RETURNS = [
    (0, 1, '07', 'unopened', 'draft'),
    (1, 2, '01', 'opened', 'processing'),
    (2, 1, '07', 'opened', 'waiting'),
    (5, 1, '04', 'unopened', 'approved'),
    (6, 3, '02', 'damaged', 'received'),
    (7, 1, '07', 'opened', 'rejected'),
    (9, 1, '05', 'unopened', 'cancelled'),
    (12, 2, '01', 'opened', 'done'),
    ]
# Which sale, and how many of its first product for as many of another one
EXCHANGE = (11, 1)
# Which purchase, how much of the first line, how far it is
SUPPLIER_RETURNS = [(0, 2, 'waiting'), (1, 3, 'done'), (2, 1, 'draft')]
COMPLAINTS = [
    (3, "Seam open", "缝线开裂", 'draft'),
    (4, "Wrong colour delivered", "发错颜色", 'waiting'),
    (8, "Box damaged", "包装破损", 'approved'),
    (10, "Battery empty", "电池没电", 'rejected'),
    (14, "Part missing", "缺少零件", 'done'),
    ]


def take_back(demo):
    "Make the returns of customers and to suppliers, and the complaints"
    sales = demo.model('sale.sale').find([
            ('state', 'in', ['processing', 'done']),
            ('shipment_state', '=', 'sent'),
            ], order=[('sale_date', 'DESC'), ('id', 'DESC')], limit=20)
    _make_policies(demo)
    for index, *arguments in RETURNS:
        _return_sale(demo, sales[index], *arguments)
    _exchange(demo, sales[EXCHANGE[0]], sales[1], EXCHANGE[1])
    _return_without_original(demo, sales[8])
    purchases = demo.model('purchase.purchase').find([
            ('state', 'in', ['processing', 'done']),
            ('shipment_state', '=', 'received'),
            ], order=[('purchase_date', 'DESC'), ('id', 'DESC')], limit=20)
    purchases = [p for p in purchases if _is_left(demo, p.lines[0].product)]
    for index, quantity, end in SUPPLIER_RETURNS:
        _return_purchase(demo, purchases[index], quantity, end)
    type_ = _complaint_type(demo)
    for index, en, zh, end in COMPLAINTS:
        _complain(demo, type_, sales[index], demo.text(en, zh), end)


def _is_left(demo, product):
    "Return whether some of the product can go back to the supplier"
    most = max(quantity for _, quantity, _ in SUPPLIER_RETURNS)
    # What goes back is not taken from the shelves
    with demo.as_user('keeper').set_context(
            locations=[demo.locations['WH-STO'].id], with_childs=False,
            stock_date_end=demo.today):
        (record,) = demo.read(
            'product.product', [('id', '=', product.id)], ['quantity'],
            'keeper')
    return not has_lot(demo, product.code) and record['quantity'] >= most


def _make_policies(demo):
    Policy = demo.model('sale.return.policy', 'sales_manager')
    for sequence, (name, values) in enumerate([
                (demo.text("Faults of ours", "我方责任，一律可退"), {
                        'reason_class': 'quality', 'result': 'allow',
                        'valid_days': 30}),
                (demo.text("Used goods", "已使用的商品"), {
                        'condition': 'used', 'result': 'refuse',
                        'text': demo.text(
                            "Used goods can not be returned.",
                            "商品已使用，不能退货。")}),
                (demo.text("Opened without a fault", "无质量问题但已拆封"), {
                        'condition': 'opened', 'reason_class': 'mind',
                        'result': 'approve', 'valid_days': 7,
                        'fee_rate': Decimal('0.1')}),
                ], 1):
        Policy(name=name, sequence=sequence, **values).save()


def _draft_return(demo, sale, quantity, reason, condition):
    "Return the draft that gives back some of the first line"
    demo.wizard('sale.return_sale', [sale], 'sales').execute('return_')
    Return = demo.model('sale.return', 'sales')
    Reason = demo.model('stock.return.reason', 'sales')
    return_, = Return.find([
            ('lines.origin_move.sale', '=', sale.id),
            ('state', '=', 'draft'),
            ], order=[('id', 'DESC')], limit=1)
    first, *others = return_.lines
    for line in others:
        return_.lines.remove(line)
    first.quantity = quantity
    first.condition = condition
    return_.reason, = Reason.find([('code', '=', reason)])
    return_.date = demo.now
    return_.save()
    return return_


def _return_sale(demo, sale, quantity, reason, condition, end):
    demo.now = min(sale.sale_date + days(9), demo.today)
    return_ = _draft_return(demo, sale, quantity, reason, condition)
    if end == 'draft':
        return
    demo.click([return_], 'submit', 'sales')
    if end == 'rejected':
        demo.click([return_], 'reject', 'sales_manager')
    elif end == 'cancelled':
        demo.click([return_], 'cancel', 'sales')
    elif end not in {'waiting', 'approved'}:
        _process_return(demo, return_, end)


def _process_return(demo, return_, end):
    demo.click([return_], 'process', 'sales', confirm=True)
    return_.reload()
    # Who buys again may wait for approval
    sale = demo.seen(return_.sale, 'sales_manager')
    if sale.state == 'quotation':
        demo.click([sale], 'confirm', 'sales_manager', confirm=True)
    return_.reload()
    shipments = list(return_.shipment_returns)
    if end in {'received', 'done'}:
        push(demo, shipments, 'receive', 'keeper')
    if end == 'done':
        push(demo, shipments, 'do', 'keeper')


def _exchange(demo, sale, other, quantity):
    "Exchange what was sold for what another sale has sold"
    demo.now = min(sale.sale_date + days(9), demo.today)
    return_ = _draft_return(demo, sale, quantity, '08', 'unopened')
    replacement = return_.replacements.new()
    replacement.product = demo.seen(other.lines[0].product, 'sales')
    replacement.quantity = quantity
    return_.save()
    demo.click([return_], 'submit', 'sales')
    _process_return(demo, return_, 'received')


def _return_without_original(demo, sale):
    "Ask for the return of what was sold before the beginning"
    demo.now = demo.today
    Return = demo.model('sale.return', 'sales')
    Reason = demo.model('stock.return.reason', 'sales')
    product = demo.seen(sale.lines[0].product, 'sales')
    return_ = Return(party=demo.seen(sale.party, 'sales'), date=demo.now)
    return_.reason, = Reason.find([('code', '=', '01')])
    line = return_.lines.new()
    line.without_original = True
    line.product = product
    line.quantity = 2
    line.unit_price = sale.lines[0].unit_price
    line.cost_price = product.cost_price or Decimal(1)
    line.cost_source = demo.text(
        "Receipt of last year", "去年的纸质收据")
    return_.save()
    demo.click([return_], 'submit', 'sales')


def _return_purchase(demo, purchase, quantity, end):
    demo.now = min(purchase.purchase_date + days(20), demo.today)
    demo.wizard('purchase.return_purchase', [purchase], 'buyer').execute(
        'return_')
    Return = demo.model('purchase.return', 'buyer')
    Reason = demo.model('stock.return.reason', 'buyer')
    return_, = Return.find([
            ('lines.origin_move.purchase', '=', purchase.id),
            ('state', '=', 'draft'),
            ], order=[('id', 'DESC')], limit=1)
    first, *others = return_.lines
    for line in others:
        return_.lines.remove(line)
    first.quantity = quantity
    return_.reason, = Reason.find([('code', '=', '01')])
    return_.date = demo.now
    return_.save()
    demo.click([return_], 'submit', 'buyer')
    demo.click([return_], 'process', 'buyer', confirm=True)
    return_.reload()
    shipments = list(return_.shipment_returns)
    if end == 'done':
        demo.click(shipments, 'assign_try', 'keeper')
        demo.click(shipments, 'do', 'keeper', confirm=True)
    elif end == 'draft':
        demo.click(shipments, 'draft', 'keeper')


def _complaint_type(demo):
    Type = demo.model('sale.complaint.type', 'sales_manager')
    IrModel = demo.model('ir.model', 'sales_manager')
    origin, = IrModel.find([('name', '=', 'sale.sale')])
    type_ = Type(name=demo.text("Goods", "商品质量"), origin=origin)
    type_.save()
    return type_


def _complain(demo, type_, sale, description, end):
    Complaint = demo.model('sale.complaint', 'sales')
    demo.now = min(sale.sale_date + days(12), demo.today)
    complaint = Complaint(
        customer=demo.seen(sale.party, 'sales'), date=demo.now,
        type=demo.seen(type_, 'sales'), description=description)
    complaint.origin = demo.seen(sale, 'sales')
    if end == 'done':
        action = complaint.actions.new()
        action.action = 'sale_return'
        line = action.sale_lines.new()
        line.line = demo.seen(sale.lines[0], 'sales')
        line.quantity = 1
    complaint.save()
    if end == 'draft':
        return
    demo.click([complaint], 'wait', 'sales', confirm=True)
    if end == 'rejected':
        demo.click([complaint], 'reject', 'sales_manager')
    elif end in {'approved', 'done'}:
        demo.click([complaint], 'approve', 'sales_manager', confirm=True)
