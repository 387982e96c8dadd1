# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What the company wants to be warned of, and what became of the alerts."""
from decimal import Decimal

from .demo_base import days
from .demo_plan import Order, Supply
from .demo_purchase import order as order_purchases
from .demo_sale import order as order_sales
from .demo_stock import has_lot, move_values, receive

# Kind, values of the rule, names of the roles that are told
RULES = [
    ('below_minimum', {
            'from_order_point': True, 'threshold': 0,
            'critical_threshold': 0, 'escalate_after': 3,
            }, ['keeper', 'planner']),
    ('forecast_below', {
            'from_order_point': True, 'threshold': 0, 'category': 'PLU',
            }, ['planner']),
    ('above_maximum', {
            'from_order_point': True, 'threshold': 5000, 'severity': 'info',
            }, ['planner']),
    ('days_of_cover', {
            'threshold': 7, 'critical_threshold': 2, 'period': 60,
            'category': 'CAR',
            }, ['planner']),
    ('negative', {'severity': 'critical'}, ['warehouse_manager']),
    ('forecast_negative', {}, ['planner']),
    ('slow_moving', {
            'threshold': 12, 'period': 90, 'minimum_value': 500,
            'severity': 'info',
            }, ['sales_manager']),
    ('non_moving', {
            'threshold': 60, 'critical_threshold': 120,
            'minimum_value': 500,
            }, ['sales_manager']),
    ('overdue_receipt', {'threshold': 0, 'critical_threshold': 7},
        ['buyer']),
    ('overdue_delivery', {'threshold': 2, 'critical_threshold': 14},
        ['keeper', 'sales_manager']),
    ('overdue_internal', {'threshold': 0}, ['keeper']),
    ('expiring', {'threshold': 30, 'critical_threshold': 7}, ['keeper']),
    ('expired', {'severity': 'critical'}, ['keeper', 'warehouse_manager']),
    ('quarantine', {'threshold': 3, 'critical_threshold': 90},
        ['warehouse_manager']),
    ('open_order', {'threshold': 0, 'severity': 'info'}, ['buyer']),
    ('purchase_price', {'threshold': 10, 'reference': 'last_price'},
        ['purchase_manager']),
    ('sale_price', {
            'threshold': 0, 'reference': 'cost_price',
            'severity': 'critical',
            }, ['sales_manager']),
    ('receivable_overdue', {
            'threshold': 15, 'critical_threshold': 60,
            'minimum_value': 1000,
            }, ['accountant', 'sales_manager']),
    ('credit_limit', {'threshold': 80, 'critical_threshold': 100},
        ['accountant', 'sales_manager']),
    ]
PRODUCTION_RULES = [('overdue_production', {'threshold': 0}, ['planner'])]


def watch(demo):
    "Make the rules of the alerts and do something about some of these"
    demo.now = demo.today
    _order_late(demo)
    _order_again(demo)
    _sell_cheap(demo)
    _transfer_late(demo)
    _take_unbooked(demo)
    _use_credit(demo)
    # A new rule is applied at once
    _make_rules(demo)
    _handle(demo)
    scan, = demo.model('ir.cron').find([('method', '=', 'stock.alert|scan')])
    scan.click('run_once')


def _order_late(demo):
    "Order what has not come yet, dearer than before"
    demo.now = demo.today - days(12)
    purchase, = order_purchases(demo, [Supply(
                'S04', demo.now, demo.today - days(3), [('T020', 24)])])
    line, = purchase.lines
    line.unit_price = demo.price(
        round(float(line.unit_price / demo.rate) * 1.18, 2))
    line.save()
    demo.click([purchase], 'quote', 'buyer', confirm=True)
    demo.click([purchase], 'confirm', 'purchase_manager', confirm=True)
    demo.now = demo.today


def _order_again(demo):
    "Order once more what has not come yet"
    demo.now = demo.today - days(2)
    purchase, = order_purchases(demo, [Supply(
                'S04', demo.now, demo.today + days(5), [('T020', 12)])])
    demo.click([purchase], 'quote', 'buyer', confirm=True)
    demo.click([purchase], 'confirm', 'purchase_manager', confirm=True)
    demo.now = demo.today


def _sell_cheap(demo):
    "Offer a product below its cost"
    sale, = order_sales(demo, [
            Order('W08', demo.now, False, [('T023', 2)], '')])
    line, = sale.lines
    cost = demo.seen(line.product, 'sales_manager').cost_price
    line.unit_price = demo.price(
        round(float(cost / demo.rate) * 0.95, 2))
    line.save()
    demo.click([sale], 'quote', 'sales_manager', confirm=True)


def _transfer_late(demo):
    "Leave a transfer that nobody has picked in time"
    demo.now = demo.today - days(4)
    shipment, = demo.create('stock.shipment.internal', [{
                'from_location': demo.locations['WH-STO'].id,
                'to_location': demo.locations['SHOP-STO'].id,
                'planned_date': demo.now + days(2),
                'planned_start_date': demo.now + days(1),
                'moves': [('create', [
                            move_values(
                                demo, code, 4, 'WH-STO', 'SHOP-STO')
                            for code in ['T002', 'T010']])],
                }], 'keeper')
    demo.click([shipment], 'wait', 'keeper')
    demo.now = demo.today


def _take_unbooked(demo):
    "Bring back from the shop what was never booked there"
    config = demo.as_user('warehouse_manager')
    Product = demo.model('product.product', 'warehouse_manager')
    with config.set_context(
            locations=[demo.locations['SHOP-STO'].id],
            stock_date_end=demo.today):
        code = next(
            code for code, product in sorted(demo.products.items())
            if demo.rows[code]['source'] == 'buy' and not has_lot(demo, code)
            and not Product(product.id).quantity)
    shipment, = demo.create('stock.shipment.internal', [{
                'from_location': demo.locations['SHOP-STO'].id,
                'to_location': demo.locations['WH-STO'].id,
                'planned_date': demo.today,
                'planned_start_date': demo.today,
                'effective_start_date': demo.today,
                'effective_date': demo.today,
                'moves': [('create', [
                            move_values(
                                demo, code, 2, 'SHOP-STO', 'WH-STO')])],
                }], 'warehouse_manager')
    for button in ['wait', 'assign_force', 'pack', 'ship', 'do']:
        demo.click([shipment], button, 'warehouse_manager')


def _use_credit(demo):
    "Leave little of its credit to the customer who owes most"
    Party = demo.model('party.party', 'accountant')
    parties = [
        Party(demo.parties[row['code']].id) for row in demo.table('parties')
        if row['kind'] == 'wholesale']
    party = max(parties, key=lambda p: (p.receivable, -p.id))
    party.credit_limit_amount = round(party.receivable * Decimal('1.15'), -2)
    party.save()


def _make_rules(demo):
    Category = demo.model('product.category')
    rules = []
    for kind, values, roles in RULES + PRODUCTION_RULES * demo.erp:
        rule = dict(values, kind=kind, company=demo.company.id)
        rule['roles'] = [('add', _roles(demo, roles))]
        if code := values.get('category'):
            category, = Category.find([('code', '=', code)])
            rule['category'] = category.id
        if amount := values.get('minimum_value'):
            rule['minimum_value'] = demo.price(amount)
        if 'escalate_after' in values:
            rule['escalation_roles'] = [
                ('add', _roles(demo, ['warehouse_manager']))]
        rules.append(rule)
    demo.create('stock.alert.rule', rules, 'warehouse_manager')


def _roles(demo, names):
    "Return the ids of the roles"
    return [
        demo.record('res.role', 'jxc', f'role_{name}').id for name in names]


def _handle(demo):
    "Buy what is short, acknowledge, snooze and resolve"
    codes = {product.id: code for code, product in demo.products.items()}
    Alert = demo.model('stock.alert', 'keeper')
    short = []
    for alert in Alert.find([
                ('kind', '=', 'below_minimum'),
                ('warehouse', '=', demo.locations['WH'].id),
                ], order=[('product', 'ASC')]):
        code = codes[alert.product.id]
        if demo.rows[code]['source'] == 'buy' and not has_lot(demo, code):
            short.append((alert, code))
    come, ordered, later, *others = short
    requisition = demo.wizard(
        'stock.alert.requisition', [a for a, _ in others[:3]], 'keeper')
    requisition.form.supply_date = demo.today + days(10)
    requisition.execute('create_')
    acknowledge = demo.wizard(
        'stock.alert.acknowledge', [ordered[0]], 'keeper')
    acknowledge.form.note = demo.text(
        "The supplier sends it next week.", "已催供应商，下周发货。")
    acknowledge.execute('acknowledge')
    snooze = demo.wizard('stock.alert.snooze', [later[0]], 'keeper')
    snooze.form.until = demo.today + days(14)
    snooze.form.note = demo.text(
        "Not in season before the fair.", "展会前为淡季，暂不补货。")
    snooze.execute('snooze')
    standing, *_ = demo.model('stock.alert', 'warehouse_manager').find(
        [('kind', '=', 'non_moving')], order=[('id', 'ASC')])
    resolve = demo.wizard(
        'stock.alert.resolve', [standing], 'warehouse_manager')
    resolve.form.reason = demo.text(
        "Kept for the summer sale.", "留作夏季促销备货。")
    resolve.execute('resolve')
    _replenish(demo, come[1])


def _replenish(demo, code):
    "Receive what was short"
    row = demo.rows[code]
    purchase, = order_purchases(demo, [Supply(
                row['supplier'], demo.today - days(6), demo.today,
                [(code, 6 * int(row['pack']))])])
    demo.click([purchase], 'quote', 'buyer')
    demo.click([purchase], 'confirm', 'purchase_manager')
    receive(demo, [(purchase, demo.today)])
