# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What the company makes: bills of materials, routings and productions."""
import datetime as dt
from collections import defaultdict

from .demo_base import days
from .demo_plan import Make
from .demo_purchase import post_invoices
from .demo_quality import push
from .demo_stock import choose_lots, has_lot, make_lots

BUTTONS = [
    ('waiting', 'wait'), ('assigned', 'assign_try'), ('running', 'run'),
    ('done', 'do')]
ORDER = ['draft', 'waiting', 'assigned', 'running', 'done']
# Minutes that a cycle takes for ten pieces
MINUTES = 15
# Product, packs and how far the production has come
LAST = [
    ('T001', 2, 'running'), ('T016', 2, 'assigned'), ('T024', 2, 'waiting'),
    ('T010', 2, 'waiting'), ('T044', 2, 'draft'), ('T030', 2, 'draft')]


def make_boms(demo):
    """Make the bills of materials with their routings.

    :return: by code of the product the inputs, by code the quantity
    """
    routings = _make_routings(demo)
    Bom = demo.model('production.bom', 'engineer')
    inputs, routing_of = defaultdict(dict), {}
    for row in demo.table('boms'):
        inputs[row['output']][row['input']] = float(row['quantity'])
        routing_of[row['output']] = row['routing']
    phantoms, demo.boms, demo.routing_of = {}, {}, {}
    # Phantoms first, others have them as inputs
    for code in sorted(inputs, key=lambda c: c in demo.products):
        if code in demo.products:
            bom = Bom(name=demo.products[code].name)
            output = bom.outputs.new()
            output.product = demo.seen(demo.products[code], 'engineer')
            output.quantity = 1
        else:
            bom = phantoms[code] = Bom(
                name=demo.text("Gift Packaging", "礼盒包装"), phantom=True,
                phantom_unit=demo.record(
                    'product.uom', 'product', 'uom_unit', 'engineer'),
                phantom_quantity=1)
        for input_, quantity in inputs[code].items():
            line = bom.inputs.new()
            if input_ in phantoms:
                line.phantom_bom = phantoms[input_]
            else:
                line.product = demo.seen(demo.products[input_], 'engineer')
            line.quantity = quantity
        bom.save()
        if routing_of[code]:
            routing = routings[routing_of[code]]
            routing.boms.append(Bom(bom.id))
            routing.save()
        if code in demo.products:
            demo.boms[code] = bom
            demo.routing_of[code] = routings[routing_of[code]].id
            product = demo.seen(demo.products[code], 'engineer')
            product.boms.new(
                bom=Bom(bom.id), routing=(
                    demo.model('production.routing', 'engineer')(routing.id)
                    if routing_of[code] else None))
            product.save()
    return {
        code: _explode(inputs, code) for code in inputs
        if code in demo.products}


def _explode(inputs, code):
    "Return the inputs with those of phantoms in their place"
    exploded = defaultdict(float)
    for input_, quantity in inputs[code].items():
        for part, factor in (
                _explode(inputs, input_) if input_ in inputs
                else {input_: 1}).items():
            exploded[part] += quantity * factor
    return dict(exploded)


def _make_routings(demo):
    "Return the routings by code, with their steps and work centers"
    Center = demo.model('production.work.center', 'engineer')
    Category = demo.model('production.work.center.category', 'engineer')
    Operation = demo.model('production.routing.operation', 'engineer')
    Routing = demo.model('production.routing', 'engineer')
    warehouse = demo.seen(demo.record(
            'stock.location', 'stock', 'location_warehouse'), 'engineer')
    workshop = Center(
        name=demo.text("Workshop", "玩具车间"), warehouse=warehouse)
    workshop.save()
    demo.workshop = workshop
    categories, operations, routings = {}, {}, {}
    for row in demo.table('routings'):
        if row['routing'] not in routings:
            routings[row['routing']] = Routing(name=row['name'])
        routing = routings[row['routing']]
        if not row['operation']:
            routing.supplier = demo.seen(demo.parties['S11'], 'engineer')
            routing.supplier_service = demo.seen(
                demo.products['V004'], 'engineer')
            routing.supplier_quantity = 1
            continue
        if row['center'] not in categories:
            category = categories[row['center']] = Category(
                name=row['center'])
            category.save()
            Center(
                name=row['center'], category=category, parent=workshop,
                cost_method=row['method'], cost_price=demo.price(row['cost']),
                warehouse=warehouse).save()
        if row['operation'] not in operations:
            operation = operations[row['operation']] = Operation(
                name=row['operation'],
                work_center_category=categories[row['center']])
            operation.save()
        routing.steps.new(operation=operations[row['operation']])
    Routing.save(list(routings.values()))
    return routings


def produce(demo, period):
    "Make what is planned for the period"
    productions = plan(demo, period.makes)
    carry_out(demo, productions, 'done')


def plan(demo, makes):
    """Plan the productions.

    :param makes: list of demo_plan.Make
    :return: the productions as drafts
    """
    values = []
    for make in makes:
        bom = demo.boms[make.code]
        form = demo.form('production', {
                'type': 'assembly',
                'company': demo.company.id,
                'warehouse': demo.locations['WH'].id,
                'location': demo.locations['WH'].production_location.id,
                'product': demo.products[make.code].id,
                'bom': bom.id,
                'quantity': make.quantity,
                }, ['product', 'bom', 'quantity'], 'planner')
        values.append({
                **form,
                'routing': demo.routing_of[make.code],
                'work_center': demo.workshop.id,
                'planned_start_date': make.date - days(1),
                'planned_date': make.date,
                'effective_start_date': make.date - days(1),
                'effective_date': make.date,
                })
    return demo.create('production', values, 'planner')


def carry_out(demo, productions, stage):
    """Carry out the productions as far as the stage.

    :param stage: 'draft', 'waiting', 'assigned', 'running' or 'done'
    """
    for reached, button in BUTTONS[:ORDER.index(stage)]:
        if reached == 'assigned':
            _order_outside(demo, productions)
            choose_lots(
                demo, [p.id for p in productions], 'WH', 'production_input')
        elif reached == 'done':
            _work(demo, productions)
            _number_lots(demo, productions)
        push(
            demo, productions, button,
            'planner' if reached == 'waiting' else 'workshop')


def produce_last(demo):
    "Leave productions on every step of their way"
    demo.now = demo.today
    for i, (code, packs, stage) in enumerate(LAST):
        make = Make(
            code, packs * int(demo.rows[code]['pack']),
            demo.today + days(2 * i - 3))
        productions = plan(demo, [make])
        demo.write('production', {
                productions[0].id: {
                    'effective_date': None, 'effective_start_date': None,
                    }}, 'planner')
        carry_out(demo, productions, stage)
        if stage == 'running':
            _start_work(demo, productions)
        elif stage == 'draft':
            _split(demo, productions)


def _start_work(demo, productions):
    "Finish the first work of the productions and begin the second"
    Cycle = demo.model('production.work.cycle', 'workshop')
    works = demo.model('production.work', 'workshop').find([
            ('production', 'in', [p.id for p in productions]),
            ], order=[('sequence', 'ASC'), ('id', 'ASC')])
    cycles = [Cycle(work=work) for work in works[:2]]
    Cycle.save(cycles)
    demo.click(cycles, 'run', 'workshop')
    demo.click(cycles[:1], 'do', 'workshop')


def _split(demo, productions):
    "Make the productions in two halves"
    wizard = demo.wizard('production.split', productions, 'planner')
    wizard.form.quantity = productions[0].quantity / 2
    wizard.form.count = 1
    wizard.execute('split')


def _order_outside(demo, productions):
    "Order the work that a supplier does"
    purchases = demo.model('purchase.purchase', 'buyer').find([
            ('lines.production', 'in', [p.id for p in productions])])
    demo.write('purchase.purchase', {
            purchase.id: {
                'purchase_date': demo.now, 'delivery_date': demo.now,
                } for purchase in purchases}, 'buyer')
    demo.click(purchases, 'quote', 'buyer')
    demo.click(purchases, 'confirm', 'purchase_manager')
    post_invoices(demo, [(p, demo.now) for p in purchases])


def _work(demo, productions):
    "Run through the works of the productions"
    works = demo.read('production.work', [
            ('production', 'in', [p.id for p in productions]),
            ], ['production.quantity'], 'workshop', [('id', 'ASC')])
    cycles = demo.create('production.work.cycle', [{
                'work': work['id'],
                'duration': dt.timedelta(
                    minutes=MINUTES * work['production.']['quantity'] / 10),
                } for work in works], 'workshop')
    demo.click(cycles, 'run', 'workshop')
    demo.click(cycles, 'do', 'workshop')


def _number_lots(demo, productions):
    "Give the products that expire their lots"
    codes = {product.id: code for code, product in demo.products.items()}
    Move = demo.model('stock.move', 'keeper')
    for production in productions:
        code = codes[production.product.id]
        if not has_lot(demo, code):
            continue
        lots = make_lots(demo, {
                code: (production.effective_date, production.quantity)})
        moves = Move.find([('production_output', '=', production.id)])
        for move in moves:
            move.lot = lots[code]
        Move.save(moves)
