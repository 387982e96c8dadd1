# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Planning: order points, forecasts and what is requested by them."""
from .demo_base import days
from .demo_plan import PERIODS, SHORT

# How many products of a kind are watched
BOUGHT = 12
SHOP = 8


def plan_supply(demo):
    "Tell when to order what, and let the supply request it"
    demo.now = demo.today
    _set_lead_times(demo)
    _make_order_points(demo)
    _make_forecasts(demo)
    supply = demo.wizard('stock.supply', login='planner')
    # For all warehouses, not only the planner's own
    while supply.form.warehouses:
        supply.form.warehouses.pop()
    with demo.confirming('planner'):
        supply.execute('create_')


def _set_lead_times(demo):
    "Tell how fast the suppliers are and the workshop is"
    suppliers = demo.read(
        'purchase.product_supplier', [], ['party'], 'purchase_manager')
    demo.write('purchase.product_supplier', {
            s['id']: {'lead_time': days(2 + s['party'] % 5)}
            for s in suppliers}, 'purchase_manager')
    if demo.erp:
        demo.create('production.lead_time', [
                {'product': demo.products[code].id, 'lead_time': days(2)}
                for code in demo.boms], 'engineer')


def _make_order_points(demo):
    bought = SHORT + [
        code for code, row in demo.rows.items()
        if code not in SHORT and row['supplier'] and row['pack']
        and not (demo.erp and row['source'] == 'make')][:BOUGHT]
    points = [
        _order_point(demo, code, 'purchase', 'WH') for code in bought]
    if demo.erp:
        points += [
            _order_point(demo, code, 'production', 'WH')
            for code in demo.boms]
    points += [
        {
            **_order_point(demo, code, 'internal', 'SHOP-STO'),
            'provisioning_location': demo.locations['WH-STO'].id,
            'min_quantity': 3,
            'target_quantity': 12,
            } for code in _short_in_shop(demo)]
    demo.create('stock.order_point', points, 'planner')


def _short_in_shop(demo):
    "Return the codes of what the shop sells and has the least of"
    sold = [code for code, row in demo.rows.items() if row['retail']]
    with demo.as_user('planner').set_context(
            locations=[demo.locations['SHOP-STO'].id],
            stock_date_end=demo.today):
        quantities = {
            product['code']: product['quantity'] for product in demo.read(
                'product.product', [('code', 'in', sold)],
                ['code', 'quantity'], 'planner')}
    return sorted(sold, key=lambda code: (quantities[code], code))[:SHOP]


def _order_point(demo, code, type_, location):
    "Return the values of an order point at what is sold in two weeks"
    pack = int(demo.rows[code]['pack'])
    return {
        'type': type_,
        'product': demo.products[code].id,
        'location': demo.locations[location].id,
        'min_quantity': 2 * pack,
        'target_quantity': 6 * pack,
        }


def _make_forecasts(demo):
    "Forecast the next two months, the second one is not yet decided"
    customer = demo.record('stock.location', 'stock', 'location_customer')
    sold = {}
    for period in demo.plan.periods[-3:]:
        for order in period.orders:
            if not order.shop:
                for code, quantity in order.lines:
                    sold[code] = sold.get(code, 0) + quantity
    best = sorted(sold, key=lambda code: (-sold[code], code))[:PERIODS]
    first = demo.today + days(1)
    for i, button in enumerate(['confirm', None]):
        forecast, = demo.create('stock.forecast', [{
                    'warehouse': demo.locations['WH'].id,
                    'destination': customer.id,
                    'from_date': first + days(30 * i),
                    'to_date': first + days(30 * i + 29),
                    'lines': [('create', [{
                                    'product': demo.products[code].id,
                                    'unit': demo.products[
                                        code].default_uom.id,
                                    'quantity': sold[code] // 2,
                                    'minimal_quantity': min(
                                        sold[code] // 2, 6),
                                    } for code in best])],
                    }], 'planner')
        if button:
            demo.click([forecast], button, 'planner')
