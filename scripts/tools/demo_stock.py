# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Warehouses: what is there, comes in, goes out and is counted."""
from collections import defaultdict

from .demo_base import days
from .demo_quality import push

# Shelves of the main warehouse in the order in which they are walked
SHELVES = [
    ('A', "Aisle A", "A 区货架"),
    ('B', "Aisle B", "B 区货架"),
    ('COOL', "Cool Room", "恒温间"),
    ]
# Lots that are old: product, days until they expire, quantity, location
OLD_LOTS = [
    ('T053', -20, 36, 'WH-QUA'), ('T045', -3, 18, 'WH-COOL'),
    ('T051', 10, 24, 'WH-COOL'), ('T054', 25, 20, 'WH-COOL'),
    ('T052', 92, 30, 'WH-COOL')]

# Products that are on their way to the shop
TRANSFERS = [
    ['T002', 'T004'], ['T009', 'T011'], ['T030', 'T033'], ['T005', 'T019']]


def open_stock(demo):
    "Make the locations and count what is there at the beginning"
    Location = demo.model('stock.location', 'warehouse_manager')
    demo.locations = {
        location.code: location for location in Location.find([
                ('code', '!=', None)])}
    address, = demo.company.party.addresses
    for code in ['WH', 'SHOP']:
        demo.locations[code].address = demo.seen(address, 'warehouse_manager')
        demo.locations[code].save()
    storage = demo.locations['WH-STO']
    for i, (code, en, zh) in enumerate(SHELVES):
        shelf = Location(
            name=demo.text(en, zh), code=f'WH-{code}', parent=storage,
            type='storage', sequence=i + 1)
        shelf.save()
        demo.locations[shelf.code] = shelf
    quarantine = Location(
        name=demo.text("Quarantine", "待检隔离区"), code='WH-QUA',
        parent=demo.locations['WH'], type='storage')
    quarantine.save()
    demo.locations[quarantine.code] = quarantine
    LeadTime = demo.model('stock.location.lead_time', 'warehouse_manager')
    LeadTime(
        warehouse_from=demo.locations['WH'],
        warehouse_to=demo.locations['SHOP'], lead_time=days(1)).save()
    #: lists of lots and quantities by warehouse and product
    demo.lots = {'WH': defaultdict(list), 'SHOP': defaultdict(list)}
    _count_opening(demo)


def _count_opening(demo):
    date = demo.plan.periods[0].first - days(1)
    lots = make_lots(demo, {
            code: (date - days(20), quantity)
            for code, quantity in demo.plan.opening.items()
            if has_lot(demo, code)})
    shelves = {'WH-A': [], 'WH-B': [], 'WH-COOL': []}
    for code, quantity in sorted(demo.plan.opening.items()):
        shelf = 'WH-COOL' if code in lots else (
            'WH-B' if demo.rows[code]['source'] == 'material' else 'WH-A')
        shelves[shelf].append({
                'product': demo.products[code].id,
                'quantity': quantity,
                'lot': lots[code].id if code in lots else None,
                })
    for code, left, quantity, location in OLD_LOTS:
        shelves.setdefault(location, []).append({
                'product': demo.products[code].id,
                'quantity': quantity,
                'lot': _old_lot(demo, code, demo.today + days(left)).id,
                })
    demo.now = date
    inventories = demo.create('stock.inventory', [{
                'location': demo.locations[code].id,
                'date': date,
                'empty_quantity': 'keep',
                'lines': [('create', lines)],
                } for code, lines in shelves.items() if lines], 'keeper')
    demo.click(inventories, 'confirm', 'warehouse_manager')


def _old_lot(demo, code, expiration):
    life = int(demo.rows[code]['shelf_life'])
    lot, = demo.create('stock.lot', [{
                'product': demo.products[code].id,
                'number': f'{code}-{expiration - days(life):%y%m%d}',
                'shelf_life_expiration_date': expiration - days(life // 10),
                'expiration_date': expiration,
                }], 'keeper')
    return lot


def has_lot(demo, code):
    return bool(demo.rows[code]['shelf_life'])


def make_lots(demo, made):
    """Make the lots that come in to the main warehouse.

    :param made: by code of the product when it was made and how much
    :return: lots by code
    """
    values = []
    for code, (date, _) in made.items():
        life = int(demo.rows[code]['shelf_life'])
        values.append({
                'product': demo.products[code].id,
                'number': f'{code}-{date:%y%m%d}',
                'shelf_life_expiration_date': date + days(life * 9 // 10),
                'expiration_date': date + days(life),
                })
    lots = dict(zip(made, demo.create('stock.lot', values, 'keeper')))
    for code, (_, quantity) in made.items():
        demo.lots['WH'][code].append([lots[code], quantity])
    return lots


def choose_lots(demo, documents, warehouse, field='shipment'):
    """Tell which lots leave, the oldest first.

    :param documents: values of the field of the moves
    :param warehouse: code of the warehouse
    """
    with_lot = {
        product.id: code for code, product in demo.products.items()
        if has_lot(demo, code)}
    domain = [
        ('product', 'in', list(with_lot)),
        ('from_location', 'child_of', [
                demo.locations[f'{warehouse}-STO'].id], 'parent'),
        ('lot', '=', None),
        ('state', '=', 'draft'),
        ]
    domain.append((field, 'in', documents))
    Move = demo.model('stock.move', 'keeper')
    chosen = {}
    for move in demo.read(
            'stock.move', domain, ['product', 'quantity'], 'keeper',
            [('id', 'ASC')]):
        code = with_lot[move['product']]
        taken = _take(demo.lots[warehouse][code], move['quantity'])
        if len(taken) == 1:
            chosen[move['id']] = {'lot': taken[0][0].id}
        elif taken:
            wizard = demo.wizard(
                'stock.move.add.lots', [Move(move['id'])], 'keeper')
            for lot, quantity in taken:
                line = wizard.form.lots.new(
                    product=demo.seen(demo.products[code], 'keeper'),
                    number=lot.number)
                line.quantity = quantity
            wizard.execute('add')
    demo.write('stock.move', chosen, 'keeper')


def _take(lots, quantity):
    "Return the lots and quantities taken from those there are"
    taken = []
    for place in lots:
        lot, there = place
        part = min(there, quantity)
        if part > 0:
            place[1] = round(there - part, 2)
            quantity = round(quantity - part, 2)
            taken.append((lot, part))
    return taken


def receive(demo, purchases):
    "Receive and put away what the purchases still lack"
    shipments = prepare_receipts(demo, purchases)
    push(demo, shipments, 'receive', 'keeper')
    push(demo, shipments, 'do', 'keeper')


def prepare_receipts(demo, purchases):
    """Prepare the receipts of all that the purchases still lack.

    :param purchases: list of purchases and dates
    :return: the shipments as drafts
    """
    Move = demo.model('stock.move', 'keeper')
    shipments = []
    for purchase, date in purchases:
        moves = Move.find([
                ('purchase', '=', purchase.id),
                ('state', '=', 'draft'),
                ('shipment', '=', None),
                ])
        _receive_lots(demo, moves, date)
        values = demo.form('stock.shipment.in', {
                'company': demo.company.id,
                'supplier': purchase.party.id,
                'warehouse': demo.locations['WH'].id,
                }, ['supplier', 'warehouse'], 'keeper')
        shipments.append({
                **values,
                'planned_date': date,
                'effective_date': date,
                'reference': f'{demo.random.randrange(10**8):08d}',
                'incoming_moves': [('add', [m.id for m in moves])],
                })
    return demo.create('stock.shipment.in', shipments, 'keeper')


def _receive_lots(demo, moves, date):
    "Number the lots that the supplier delivers"
    codes = {product.id: code for code, product in demo.products.items()}
    moves = {
        codes[move.product.id]: move for move in moves
        if has_lot(demo, codes[move.product.id])}
    lots = make_lots(demo, {
            code: (date - days(3), move.quantity)
            for code, move in moves.items()})
    for code, move in moves.items():
        move.lot = lots[code]
    demo.model('stock.move', 'keeper').save(list(moves.values()))


def transfer(demo, period):
    "Move goods from the main warehouse to the shop"
    if not period.transfers:
        return
    date = period.first + days(5)
    shipment, = demo.create('stock.shipment.internal', [{
                'from_location': demo.locations['WH-STO'].id,
                'to_location': demo.locations['SHOP-STO'].id,
                'planned_date': date + days(1),
                'planned_start_date': date,
                'effective_start_date': date,
                'effective_date': date + days(1),
                'moves': [('create', [
                            move_values(
                                demo, code, quantity, 'WH-STO', 'SHOP-STO')
                            for code, quantity in period.transfers])],
                }], 'keeper')
    demo.click([shipment], 'wait', 'keeper')
    choose_lots(demo, [str(shipment)], 'WH')
    for button in ['assign_try', 'pack', 'ship', 'do']:
        demo.click([shipment], button, 'keeper')
    for code, lot, quantity in lots_of(demo, shipment.incoming_moves):
        demo.lots['SHOP'][code].append([lot, quantity])


def lots_of(demo, moves):
    "Yield code of the product, lot and quantity of the moves with a lot"
    codes = {product.id: code for code, product in demo.products.items()}
    for move in moves:
        if move.lot:
            yield codes[move.product.id], move.lot, move.quantity


def move_values(demo, code, quantity, from_, to):
    "Return the values of a move between two locations"
    return {
        'product': demo.products[code].id,
        'unit': demo.products[code].default_uom.id,
        'quantity': quantity,
        'from_location': demo.locations[from_].id,
        'to_location': demo.locations[to].id,
        }


def ship(demo, stages, dates):
    """Bring the shipments to customers to where they shall be.

    :param stages: by id of the shipment: 'waiting', 'assigned', 'picked',
        'packed', 'shipped' or 'done'
    :param dates: by id of the shipment: when it leaves
    """
    Shipment = demo.model('stock.shipment.out', 'keeper')
    demo.write('stock.shipment.out', {
            id_: {'effective_date': dates[id_]} for id_ in stages}, 'keeper')
    warehouses = {
        s['id']: s['warehouse.']['code'] for s in demo.read(
            'stock.shipment.out', [('id', 'in', list(stages))],
            ['warehouse.code'], 'keeper')}
    for code in ['WH', 'SHOP']:
        choose_lots(demo, [
                f'stock.shipment.out,{id_}' for id_ in stages
                if warehouses[id_] == code and stages[id_] != 'waiting'],
            code)
    order = ['waiting', 'assigned', 'picked', 'packed', 'shipped', 'done']
    for stage, button in [
            ('assigned', 'assign_try'), ('picked', 'pick'),
            ('packed', 'pack'), ('shipped', 'ship'), ('done', 'do')]:
        selected = [
            id_ for id_ in stages
            if order.index(stages[id_]) >= order.index(stage)]
        if stage == 'picked':
            # From the shop goods leave without passing an output zone
            selected = [id_ for id_ in selected if warehouses[id_] != 'SHOP']
        elif stage == 'shipped':
            selected = [id_ for id_ in selected if stages[id_] == 'shipped']
        demo.click([Shipment(id_) for id_ in selected], button, 'keeper')


def leave_transfers(demo):
    "Leave transfers and shipments on their way and close old periods"
    demo.now = demo.today
    for i, buttons in enumerate([
                [], ['wait'], ['wait', 'assign_try'],
                ['wait', 'assign_try', 'pack', 'ship']]):
        shipment, = demo.create('stock.shipment.internal', [{
                    'from_location': demo.locations['WH-STO'].id,
                    'to_location': demo.locations['SHOP-STO'].id,
                    'planned_date': demo.today + days(2),
                    'planned_start_date': demo.today + days(1),
                    'moves': [('create', [
                                move_values(
                                    demo, code, 4, 'WH-STO', 'SHOP-STO')
                                for code in TRANSFERS[i]])],
                    }], 'keeper')
        for button in buttons:
            demo.click([shipment], button, 'keeper')
    waiting = demo.model('stock.shipment.out', 'keeper').find(
        [('state', '=', 'waiting')], order=[('id', 'DESC')], limit=1)
    demo.click(waiting, 'draft', 'keeper')
    if demo.erp:
        _pack(demo)
    _close_periods(demo)


def _pack(demo):
    "Put what is picked into cartons"
    Type = demo.model('stock.package.type', 'warehouse_manager')
    types = []
    for en, zh in [("Carton", "纸箱"), ("Pallet", "托盘")]:
        types.append(Type(name=demo.text(en, zh)))
    Type.save(types)
    shipment, *_ = demo.model('stock.shipment.out', 'keeper').find(
        [('state', '=', 'picked')])
    for move in shipment.outgoing_moves:
        package, = demo.create('stock.package', [{
                    'type': types[0].id,
                    'shipment': str(shipment),
                    }], 'keeper')
        wizard = demo.wizard('stock.package.pack', [package], 'keeper')
        wizard.form.source = move
        wizard.execute('add_move')


def _close_periods(demo):
    """Close the time before the opening count and prepare another period.

    No later one can be closed as long as a lot that has moved in it lives.
    """
    first = demo.plan.periods[0].first
    periods = demo.create('stock.period', [
            {'date': first - days(2)},
            {'date': demo.today.replace(day=1) - days(1)},
            ], 'warehouse_manager')
    demo.click(periods[:1], 'close', 'warehouse_manager')
