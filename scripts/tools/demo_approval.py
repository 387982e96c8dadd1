# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Rules for what needs approval, and documents on their way through them."""
from decimal import Decimal

from .demo_base import days
from .demo_plan import Order, Supply
from .demo_purchase import order as order_purchases
from .demo_sale import order as order_sales

# Department, its head, those who work in it
DEPARTMENTS = [
    ("Purchasing", "采购部", 'purchase_manager', ['buyer', 'planner']),
    ("Sales", "销售部", 'sales_manager', ['sales']),
    ("Warehouse", "仓储部", 'warehouse_manager', ['keeper']),
    ("Technology", "技术部", 'engineer', ['workshop', 'quality']),
    ("Finance", "财务部", 'accountant', []),
    ]
# Document, name, from which amount in yuan, levels (name, from which amount,
# what decides, role or None)
RULES = [
    ('purchase.requisition:approve', "Requisitions from 1,000",
        "1000 元以上采购申请", 1000, 0, [
            ("Head of the Department", "部门负责人", None, 'department',
                None),
            ("General Manager", "总经理", 10000, 'role', 'manager')]),
    ('purchase.purchase:confirm', "Purchase Orders from 20,000",
        "2 万元以上采购订单", 20000, 5, [
            ("Purchase Manager", "采购主管", None, 'role',
                'purchase_manager'),
            ("General Manager", "总经理", 50000, 'role', 'manager')]),
    ('sale.sale:quote', "Sales below the Price Floor", "低于最低售价的销售报价",
        None, 0, [
            ("Sales Manager", "销售主管", None, 'role', 'sales_manager')]),
    ('stock.inventory:confirm', "Count Differences from 500",
        "500 元以上盘点差异", 500, 0, [
            ("Warehouse Manager", "仓库主管", None, 'warehouse', None),
            ("General Manager", "总经理", 5000, 'role', 'manager')]),
    ('stock.shipment.internal:wait', "Transfers from 2,000",
        "2000 元以上调拨", 2000, 0, [
            ("Warehouse Manager", "仓库主管", None, 'warehouse', None)]),
    ]
# Of the list price
FLOOR = 0.6


def approve(demo):
    "Organise the company, make its rules, leave documents that wait"
    demo.now = demo.today
    _organise(demo)
    _set_floors(demo)
    _make_rules(demo)
    _wait(demo)
    _delegate(demo)


def _users(demo):
    User = demo.model('res.user')
    return {u.login: u for u in User.find([])}


def _organise(demo):
    "Make departments and say whose supervisor is who"
    users = _users(demo)
    Department = demo.model('company.department')
    manager = users['manager'].employee
    for en, zh, head, logins in DEPARTMENTS:
        department = Department(
            name=demo.text(en, zh), head=users[head].employee)
        department.save()
        for login in [head, *logins]:
            employee = users[login].employee
            employee.department = department
            employee.supervisor = (
                manager if login == head else users[head].employee)
            employee.save()
    Location = demo.model('stock.location')
    for code in ['WH', 'SHOP']:
        warehouse = Location(demo.locations[code].id)
        warehouse.head = users['warehouse_manager'].employee
        warehouse.save()


def _set_floors(demo):
    Template = demo.model('product.template')
    templates = Template.find([
            ('salable', '=', True), ('type', '=', 'goods')])
    for template in templates:
        template.price_floor = demo.price(
            round(float(template.list_price / demo.rate) * FLOOR, 2))
    Template.save(templates)


def _make_rules(demo):
    Rule = demo.model('document.approval.rule')
    Role = demo.model('res.role')
    roles = {
        name: Role(demo.record('res.role', 'jxc', f'role_{name}').id)
        for name in ['manager', 'purchase_manager', 'sales_manager']}
    users = _users(demo)
    for operation, en, zh, amount, tolerance, levels in RULES:
        rule = Rule(name=demo.text(en, zh), operation=operation)
        if amount is not None:
            rule.amount_from = demo.price(amount)
        rule.tolerance = Decimal(tolerance)
        rule.below_floor = operation == 'sale.sale:quote'
        for i, (level_en, level_zh, from_, approver, role) in enumerate(
                levels, 1):
            level = rule.levels.new(sequence=i, approver=approver)
            level.name = demo.text(level_en, level_zh)
            if from_ is not None:
                level.amount_from = demo.price(from_)
            if role:
                level.role = roles[role]
            else:
                # A head who asks does not decide, nor one person twice
                for login in ['manager', 'accountant']:
                    level.fallback_users.append(
                        demo.model('res.user')(users[login].id))
            level.time_limit = days(2)
            level.reminder = days(1)
        rule.click('run')


def _wait(demo):
    "Leave documents that are waiting, refused and half approved"
    Approval = 'document.approval'

    def decide(login, record, decision, reason=None):
        approval, = demo.model(Approval, login).find([
                ('document', '=', str(record)), ('state', '=', 'waiting')])
        wizard = demo.wizard('document.approval.decide', [approval], login)
        wizard.form.decision = decision
        wizard.form.reason = reason
        wizard.execute('decide')

    requisitions = [
        _requisition(demo, 'keeper', "Shelves", "货架", 'V005', 1, 4800),
        _requisition(demo, 'sales', "Trade fair stand", "展会展台", 'V005', 1,
            15800),
        _requisition(demo, 'buyer', "Office chairs", "办公椅", 'V005', 6,
            650),
        ]
    decide('sales_manager', requisitions[1], 'approve')
    decide('purchase_manager', requisitions[2], 'refuse', demo.text(
            "Three are enough", "三把就够了"))

    purchases = order_purchases(demo, [
            Supply('S01', demo.today, demo.today + days(10),
                [('T012', 600), ('T014', 400)]),
            Supply('S03', demo.today, demo.today + days(12),
                [('T035', 3000), ('T036', 2600)]),
            ])
    demo.click(purchases, 'quote', 'buyer')
    decide('purchase_manager', purchases[1], 'approve')

    sales = order_sales(demo, [
            Order('W12', demo.today, False, [('T005', 2)], '')])
    line, = sales[0].lines
    line.unit_price = demo.price(
        round(float(line.unit_price / demo.rate) * 0.5, 2))
    line.save()
    demo.click(sales, 'quote', 'sales', confirm=True)

    inventory, = demo.model('stock.inventory', 'keeper').find([
            ('state', '=', 'draft'),
            ('location', '=', demo.locations['WH-B'].id)])
    for line in inventory.lines:
        if line.expected_quantity > 100:
            line.quantity = round(line.expected_quantity * 0.7)
    inventory.save()
    demo.click([inventory], 'confirm', 'keeper')

    shipment, = demo.create('stock.shipment.internal', [{
                'from_location': demo.locations['WH-STO'].id,
                'to_location': demo.locations['SHOP-STO'].id,
                'planned_date': demo.today + days(2),
                'planned_start_date': demo.today + days(1),
                'moves': [('create', [{
                                'product': demo.products[code].id,
                                'unit': demo.products[code].default_uom.id,
                                'quantity': 80,
                                'from_location': demo.locations['WH-STO'].id,
                                'to_location': demo.locations['SHOP-STO'].id,
                                } for code in ['T001', 'T003']])],
                }], 'keeper')
    demo.click([shipment], 'wait', 'keeper')


def _requisition(demo, login, en, zh, code, quantity, price):
    Requisition = demo.model('purchase.requisition', login)
    requisition = Requisition(
        description=demo.text(en, zh), supply_date=demo.now + days(14))
    line = requisition.lines.new()
    line.product = demo.seen(demo.products[code], login)
    line.quantity = quantity
    line.unit_price = demo.price(price)
    requisition.save()
    demo.click([requisition], 'wait', login)
    return requisition


def _delegate(demo):
    "Let the purchase manager decide for the general manager next week"
    users = _users(demo)
    demo.create('document.approval.delegation', [{
                'user': users['manager'].id,
                'delegate': users['purchase_manager'].id,
                'from_date': demo.today + days(7),
                'to_date': demo.today + days(11),
                'reason': demo.text("Trade fair", "参加展会"),
                }], 'manager')
