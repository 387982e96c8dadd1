# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What comes back from customers and goes back to suppliers."""
from .demo_base import days
from .demo_quality import push
from .demo_stock import has_lot

# Which sale, the newest first, how much of the first line, how far it is
RETURNS = [(1, 2, 'waiting'), (6, 3, 'received'), (12, 2, 'done')]
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
    for index, quantity, end in RETURNS:
        _return_sale(demo, sales[index], quantity, end)
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


def _return(demo, record, wizard, model, login, quantity):
    "Return the draft that gives back some of the first line"
    demo.wizard(wizard, [record], login).execute('return_')
    Document = demo.model(model, login)
    document, = Document.find([
            ('origin', '=', str(record))], order=[('id', 'DESC')], limit=1)
    first, *others = document.lines
    for line in others:
        document.lines.remove(line)
    first.quantity = -quantity
    document.save()
    return document


def _return_sale(demo, sale, quantity, end):
    demo.now = min(sale.sale_date + days(9), demo.today)
    return_ = _return(
        demo, sale, 'sale.return_sale', 'sale.sale', 'sales', quantity)
    return_.sale_date = demo.now
    return_.save()
    demo.click([return_], 'quote', 'sales', confirm=True)
    demo.click([return_], 'confirm', 'sales_manager', confirm=True)
    return_.reload()
    shipments = list(return_.shipment_returns)
    if end in {'received', 'done'}:
        _take_lots(demo, sale, shipments)
        push(demo, shipments, 'receive', 'keeper')
    if end == 'done':
        push(demo, shipments, 'do', 'keeper')


def _take_lots(demo, sale, shipments):
    "The goods come back with the lots with which they left"
    Move = demo.model('stock.move', 'keeper')
    lots = {
        move.product.id: move.lot for move in Move.find([
                ('sale', '=', sale.id), ('lot', '!=', None)])}
    for shipment in shipments:
        for move in demo.seen(shipment, 'keeper').incoming_moves:
            if move.product.id in lots:
                move.lot = lots[move.product.id]
                move.save()


def _return_purchase(demo, purchase, quantity, end):
    demo.now = min(purchase.purchase_date + days(20), demo.today)
    return_ = _return(
        demo, purchase, 'purchase.return_purchase', 'purchase.purchase',
        'buyer', quantity)
    return_.purchase_date = demo.now
    return_.save()
    demo.click([return_], 'quote', 'buyer')
    demo.click([return_], 'confirm', 'purchase_manager')
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
