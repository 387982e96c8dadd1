# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What the demo company buys, makes and sells, and at which price."""
from decimal import Decimal

from stdnum import ean

from .demo_party import VIP

# Numbers of EAN-13 that a company in China could have
BARCODE = '69012340{:04d}'
PRICE_LISTS = [
    # code, names, quantity from which each formula holds
    ('retail', "Retail Price List", "零售价目表", [(0, 'unit_price')]),
    ('wholesale', "Wholesale Price List", "批发价目表", [
            (48, 'unit_price * 0.68'), (0, 'unit_price * 0.74')]),
    ('vip', "VIP Price List", "大客户价目表", [
            (48, 'unit_price * 0.64'), (0, 'unit_price * 0.7')]),
    ]
# Materials too are stock but nobody sells them
GOODS = {'buy', 'make', 'material'}


def make_products(demo):
    """Make the products with barcodes, suppliers and prices.

    Their records are kept in ``demo.products`` by code, the rows of the
    table in ``demo.rows``.
    """
    demo.rows = {
        row['code']: row for row in demo.table('products')
        if demo.erp or row['source'] not in {'material', 'outsourcing'}}
    categories = _make_categories(demo)
    demo.templates = {}
    # The accounts of services are not those by default
    for login, service in [('purchase_manager', False), ('accountant', True)]:
        rows = [
            row for row in demo.rows.values()
            if (row['source'] not in GOODS) == service]
        templates = demo.create('product.template', [
                _template(demo, row, categories) for row in rows], login)
        demo.templates.update(zip([row['code'] for row in rows], templates))
    demo.products = {
        code: demo.seen(template.products[0], 'admin')
        for code, template in demo.templates.items()}
    _make_suppliers(demo)
    _make_price_lists(demo)
    _make_carriers(demo)


def _make_categories(demo):
    Category = demo.model('product.category', 'purchase_manager')
    categories = {}
    for row in demo.table('categories'):
        category = Category(name=row['name'], code=row['code'])
        category.parent = categories.get(row['parent'])
        category.save()
        categories[row['code']] = category
    return categories


def _template(demo, row, categories):
    source = row['source']
    service = source not in GOODS
    made = demo.erp and source == 'make'
    configuration = demo.model('product.configuration')(1)
    units = {
        unit: demo.record('product.uom', 'product', f'uom_{name}').id
        for unit, name in [('u', 'unit'), ('m', 'meter'), ('kg', 'kilogram'),
            ('l', 'liter')]}
    product = {
        'suffix_code': row['code'],
        'cost_price': demo.price(row['cost'] or 0),
        }
    if source in {'buy', 'make'}:
        barcode = BARCODE.format(list(demo.rows).index(row['code']) + 1)
        product['identifiers'] = [('create', [{
                        'type': 'ean',
                        'code': barcode + ean.calc_check_digit(barcode),
                        }])]
    values = {
        'name': row['name'],
        'type': 'service' if service else 'goods',
        'default_uom': units[row['unit']],
        'categories': [('add', [categories[row['category']].id])],
        'salable': source in {'buy', 'make', 'service'},
        'purchasable': not made,
        'list_price': demo.price(row['price'] or 0),
        'products': [('create', [product])],
        }
    if values['salable']:
        values['sale_uom'] = units[row['unit']]
    if values['purchasable']:
        values['purchase_uom'] = units[row['unit']]
    if demo.erp:
        values['producible'] = made
    if row['shelf_life']:
        values.update({
                'lot_required': ['supplier', 'customer', 'storage'],
                'shelf_life_state': 'required',
                'shelf_life_time': int(row['shelf_life']) * 9 // 10,
                'expiration_state': 'required',
                'expiration_time': int(row['shelf_life']),
                })
    if service:
        values['account_category'] = (
            configuration.default_service_account_category.id)
    if row['code'] == 'V001':
        values['landed_cost'] = True
    return values


def _make_suppliers(demo):
    "Tell from whom products are bought, at which price"
    values = []
    for code, row in demo.rows.items():
        if not row['supplier'] or (demo.erp and row['source'] == 'make'):
            continue
        cost = demo.price(row['cost'])
        pack = float(row['pack'] or 1)
        values.append({
                'template': demo.templates[code].id,
                'product': demo.products[code].id,
                'party': demo.parties[row['supplier']].id,
                'currency': demo.currency.id,
                'code': f"{row['supplier']}-{code}",
                'prices': [('create', [
                            {'quantity': 0, 'unit_price': cost},
                            {
                                'quantity': 20 * pack,
                                'unit_price': (
                                    cost * Decimal('0.95')).quantize(
                                    Decimal('0.01')),
                                },
                            ])],
                })
    # Another supplier for the goods that more than one has
    for code in ['T018', 'T033', 'T036', 'T041', 'T052']:
        values.append({
                'template': demo.templates[code].id,
                'product': demo.products[code].id,
                'party': demo.parties['S01'].id,
                'currency': demo.currency.id,
                'prices': [('create', [{
                                'quantity': 0,
                                'unit_price': demo.price(
                                    float(demo.rows[code]['cost']) * 1.06),
                                }])],
                })
    demo.create('purchase.product_supplier', values, 'purchase_manager')


def _make_price_lists(demo):
    "Make the price lists and give each customer one"
    PriceList = demo.model('product.price_list', 'sales_manager')
    lists = {}
    for code, en, zh, lines in PRICE_LISTS:
        price_list = PriceList(
            name=demo.text(en, zh), price='list_price', unit='product_sale')
        for i, (quantity, formula) in enumerate(lines):
            price_list.lines.new(
                sequence=i, quantity=quantity or None, formula=formula)
        lists[code] = price_list
    PriceList.save(list(lists.values()))
    Party = demo.model('party.party', 'sales_manager')
    parties = []
    for row in demo.table('parties'):
        if row['kind'] not in {'wholesale', 'retail', 'prospect'}:
            continue
        party = Party(demo.parties[row['code']].id)
        party.sale_price_list = lists[
            'vip' if row['code'] in VIP
            else 'retail' if row['kind'] == 'retail' else 'wholesale']
        parties.append(party)
    Party.save(parties)


def _make_carriers(demo):
    Carrier = demo.model('carrier', 'purchase_manager')
    Selection = demo.model('carrier.selection', 'purchase_manager')
    Country = demo.model('country.country', 'purchase_manager')
    country, = Country.find([('code', '=', 'CN')])
    product = demo.seen(demo.products['V001'], 'purchase_manager')
    product.list_price = demo.price(60)
    product.cost_price = demo.price(60)
    product.save()
    demo.carriers = {}
    for code in ['C01', 'C02']:
        carrier = Carrier(
            party=demo.seen(demo.parties[code], 'purchase_manager'),
            carrier_product=product)
        carrier.save()
        demo.carriers[code] = carrier
        selection = Selection(carrier=carrier, to_country=country)
        if code == 'C01':
            selection.from_country = country
        selection.save()
