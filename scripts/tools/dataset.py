# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""The company on which the benchmark runs.

It is made on the standard modules alone and then copied, so that both sides
of a comparison begin with the same records.
"""
import datetime as dt
import multiprocessing
from configparser import ConfigParser
from decimal import Decimal
from tempfile import TemporaryDirectory

from .environment import ROOT

PASSWORD = 'benchmark-admin'
CUSTOMERS = 200
SUPPLIERS = 20
WAREHOUSES = 5
TAX_RATE = Decimal('0.15')
# What a product needs beside itself, by the column that links it
PRODUCT_TABLES = {
    'product_list_price': 'template',
    'product_cost_price': 'product',
    'product_cost_price_method': 'template',
    }


def standard_modules(edition):
    """Return the standard modules that the edition needs, none of ours.

    :param edition: name of a module of this distribution
    :return: set of names
    """
    config = ConfigParser()
    config.read(ROOT / 'modules' / edition / 'tryton.cfg', encoding='utf-8')
    modules = set()
    for name in config['tryton']['depends'].split():
        if (ROOT / 'modules' / name).exists():
            modules |= standard_modules(name)
        else:
            modules.add(name)
    return modules - {'ir', 'res'}


def fill(database, products, moves):
    """Make the company with its masters and a stock history.

    :param database: tools.database.Database with the standard modules
    :param products: how many
    :param moves: how many stock moves, most done during the last year
    """
    import psycopg

    # In a process of its own, which leaves no connection behind
    process = multiprocessing.get_context('fork').Process(
        target=_set_up, args=(database,))
    process.start()
    process.join()
    if process.exitcode:
        raise RuntimeError("The company could not be set up: see above.")
    with psycopg.connect(database.uri, autocommit=True) as connection:
        _clone_products(connection, products)
        _clone_moves(connection, products, moves)
        connection.execute('VACUUM ANALYZE')


def _set_up(database):
    from proteus import Model

    from .company import connect

    with TemporaryDirectory() as folder:
        config = connect(
            database, database.write_config(f'{folder}/trytond.conf'))
    # Stock moves of the history come from nowhere
    config.skip_warning = True
    # Not before trytond knows its configuration
    from trytond.modules.account.tests.tools import (
        create_chart, create_fiscalyear, create_tax, get_accounts)
    from trytond.modules.account_invoice.tests.tools import (
        create_payment_term, set_fiscalyear_invoice_sequences)
    from trytond.modules.company.tests.tools import create_company, get_company

    Journal = Model.get('account.journal')
    Party = Model.get('party.party')
    PaymentMethod = Model.get('account.invoice.payment.method')

    create_company()
    company = get_company()
    create_chart(company)
    accounts = get_accounts(company)
    fiscalyear = set_fiscalyear_invoice_sequences(create_fiscalyear(company))
    fiscalyear.click('create_period')
    tax = create_tax(TAX_RATE)
    tax.save()
    term = create_payment_term()
    term.save()
    journal, = Journal.find([('type', '=', 'cash')])
    PaymentMethod(
        name="Cash", journal=journal, credit_account=accounts['cash'],
        debit_account=accounts['cash']).save()
    parties = [
        _party(Party, f'{name} {i:03}', term)
        for name, count in [
            ('Customer', CUSTOMERS), ('Supplier', SUPPLIERS)]
        for i in range(count)]
    Party.save(parties)
    warehouse = _create_warehouses()
    product = _create_product(accounts, tax)
    _create_move(product, warehouse, company.currency)


def _party(Party, name, term):
    party = Party(name=name)
    party.addresses[0].street = "1 High Street"
    party.addresses[0].city = "Springfield"
    party.customer_payment_term = term
    party.supplier_payment_term = term
    return party


def _create_warehouses():
    "Return the first warehouse, after the making of the others"
    from proteus import Model
    Location = Model.get('stock.location')
    first, = Location.find([('type', '=', 'warehouse')])
    for i in range(1, WAREHOUSES):
        warehouse = Location(name=f'Warehouse {i}', type='warehouse')
        for zone in ['input', 'output', 'storage']:
            location = Location(name=f'{zone.title()} {i}', type='storage')
            location.save()
            setattr(warehouse, f'{zone}_location', location)
        warehouse.lost_found_location = first.lost_found_location
        warehouse.save()
    return first


def _create_product(accounts, tax):
    from proteus import Model
    Category = Model.get('product.category')
    Template = Model.get('product.template')
    Uom = Model.get('product.uom')
    category = Category(
        name="Goods", accounting=True, account_revenue=accounts['revenue'],
        account_expense=accounts['expense'])
    category.customer_taxes.append(tax)
    category.supplier_taxes.append(Model.get('account.tax')(tax.id))
    category.save()
    unit, = Uom.find([('symbol', '=', "u")])
    template = Template(
        name="Product 0", default_uom=unit, type='goods', salable=True,
        purchasable=True, list_price=Decimal(10), account_category=category,
        cost_price_method='fixed')
    product, = template.products
    product.cost_price = Decimal(5)
    template.save()
    product, = template.products
    return product


def _create_move(product, warehouse, currency):
    "Receive 1000, the model of the history"
    from proteus import Model
    Location = Model.get('stock.location')
    Move = Model.get('stock.move')
    supplier, = Location.find([('code', '=', 'SUP')])
    move = Move(
        product=product, quantity=1000, from_location=supplier,
        to_location=warehouse.storage_location, unit_price=Decimal(5),
        currency=currency)
    move.effective_date = dt.date.today() - dt.timedelta(days=1)
    move.save()
    move.click('do')


def clone(connection, table, source, overrides):
    """Insert copies of rows with some columns changed.

    :param table: name
    :param source: FROM clause, in which the copied row is named ``origin``
    :param overrides: expression by column
    """
    columns = [
        name for name, in connection.execute(
            'SELECT column_name FROM information_schema.columns '
            'WHERE table_name = %s AND table_schema = current_schema() '
            "AND column_name != 'id'", [table])]
    values = [overrides.get(name, f'origin."{name}"') for name in columns]
    connection.execute(
        'INSERT INTO "%s" (%s) SELECT %s FROM %s' % (
            table, ', '.join(f'"{name}"' for name in columns),
            ', '.join(values), source))


def _clone_products(connection, count):
    "Make the products from the first, each a template and its variant"
    series = f'generate_series(1, {count - 1}) AS i'
    clone(connection, 'product_template', (
            f'product_template AS origin, {series} '
            "WHERE origin.name = 'Product 0' ORDER BY i"),
        {'name': "'Product ' || i"})
    template = (
        'JOIN product_template AS template ON template.name != '
        "'Product 0' ORDER BY template.id")
    clone(connection, 'product_product',
        f'product_product AS origin {template}',
        {
            'template': 'template.id',
            'code': "'P' || template.id",
            'suffix_code': "'P' || template.id",
            })
    for table, column in PRODUCT_TABLES.items():
        clone(connection, table, (
                f'"{table}" AS origin, product_product AS product '
                f'WHERE product.id != (SELECT min(id) FROM product_product) '
                f'AND origin."{column}" IS NOT NULL ORDER BY product.id'),
            {
                'product': (
                    'origin.product' if column == 'template'
                    else 'product.id'),
                'template': 'product.template',
                'list_price': '10 + product.id % 90',
                'cost_price': '5 + product.id % 45',
                })


def _clone_moves(connection, products, count):
    """Make the history: of each product seven receipts to three issues.

    The moves go round the products and the warehouses, the days of the last
    year in order. One of a hundred is planned for the next month.
    """
    source = f"""
        (SELECT *, (SELECT id FROM stock_location WHERE code = 'CUS')
                AS customer
            FROM stock_move) AS origin
        CROSS JOIN generate_series(0, {count - 1}) AS i
        JOIN (SELECT *, row_number() OVER (ORDER BY id) - 1 AS n
            FROM product_product) AS product ON product.n = i % {products}
        JOIN (SELECT *, row_number() OVER (ORDER BY id) - 1 AS n
            FROM stock_location WHERE type = 'warehouse') AS warehouse
            ON warehouse.n = i / {products} % {WAREHOUSES}
        ORDER BY i"""
    is_issue = f'i / {products} % 10 IN (3, 6, 9)'
    quantity = f'CASE WHEN {is_issue} THEN 3 ELSE 1000 END'
    # Of other products each time, for 101 is prime
    is_planned = 'i % 101 = 7'
    date = f'CURRENT_DATE - 365 + (i::bigint * 365 / {count})::integer'
    clone(connection, 'stock_move', source, {
            'product': 'product.id',
            'quantity': quantity,
            'internal_quantity': quantity,
            'from_location': (
                f'CASE WHEN {is_issue} THEN warehouse.storage_location '
                'ELSE origin.from_location END'),
            'to_location': (
                f'CASE WHEN {is_issue} THEN origin.customer '
                'ELSE warehouse.storage_location END'),
            'state': f"CASE WHEN {is_planned} THEN 'draft' ELSE 'done' END",
            'effective_date': f'CASE WHEN NOT {is_planned} THEN {date} END',
            'planned_date': (
                f'CASE WHEN {is_planned} THEN CURRENT_DATE + i % 30 '
                f'ELSE {date} END'),
            })
