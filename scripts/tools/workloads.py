# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What the benchmark measures.

A workload does with requests what a person does with clicks: one click is
one request, thus one transaction.  What the click leaves to the queue is
awaited before the next click and counted apart.
"""
import datetime as dt
import time
from decimal import Decimal
from functools import cached_property

import psycopg

from .dataset import PASSWORD, clone
from .jsonrpc import Client
from .workload_alerts import alerts, alerts_raw  # noqa: F401

LINES = 10
PAGE = 80
# Purchases that are approved at once, approvals in a list
APPROVED = 100
LISTED = 10_000
# Lines of the requisition that is typed, lines of the budget
REQUESTED = 100
BUDGETED = 20
# Requests that take longer in plain Tryton must end as well
TIMEOUT = 1800
QUEUE_TIMEOUT = 120
# The statements of the one who measures are not to be counted
OBSERVER = 'observer'


class QueueError(Exception):
    "Raised when a task of the queue failed or did not end"


class Side:
    """One of the installations that are compared.

    :param name: shown in the table
    :param database: tools.database.Database
    :param url: of its server
    """

    def __init__(self, name, database, url):
        self.name = name
        self._address = url, database.name
        self.client = self._log_in('admin')
        self.connection = psycopg.connect(
            database.uri, user=OBSERVER, autocommit=True)
        self.documents = 0
        self.sales = []
        self.quantities = ()
        self._read_masters()
        self.reset()

    def _log_in(self, login):
        client = Client(*self._address, timeout=TIMEOUT)
        client.login(login, PASSWORD)
        return client

    def close(self):
        self.client.close()
        if 'buyer' in self.__dict__:
            self.buyer.close()
        self.connection.close()

    def _read_masters(self):
        def find(query, *args):
            return [row[0] for row in self.connection.execute(query, args)]

        self.products = self.connection.execute(
            'SELECT product.id, price.list_price, template.default_uom '
            'FROM product_product AS product '
            'JOIN product_template AS template '
            'ON product.template = template.id '
            'JOIN product_list_price AS price '
            'ON price.template = template.id ORDER BY 1').fetchall()
        self.customers = find(
            "SELECT id FROM party_party WHERE name LIKE 'Customer%%' "
            'ORDER BY 1')
        self.suppliers = find(
            "SELECT id FROM party_party WHERE name LIKE 'Supplier%%' "
            'ORDER BY 1')
        self.addresses = dict(self.connection.execute(
                'SELECT party, min(id) FROM party_address GROUP BY party'))
        self.warehouse, self.input, self.storage = self.connection.execute(
            'SELECT id, input_location, storage_location '
            "FROM stock_location WHERE type = 'warehouse' "
            'ORDER BY id LIMIT 1').fetchone()
        self.term, = find(
            "SELECT id FROM account_invoice_payment_term "
            "WHERE name = 'Direct'")
        self.tax, = find('SELECT id FROM account_tax')
        self.payment_method, = find(
            'SELECT id FROM account_invoice_payment_method')
        self.company, = find('SELECT id FROM company_company')
        modules = set(find(
                "SELECT name FROM ir_module WHERE state = 'activated'"))
        self.has_approval = 'document_approval' in modules
        self.has_returns = 'sale_return' in modules
        self.has_alerts = 'stock_alert' in modules
        self.has_budget = 'purchase_budget' in modules
        self.currency, = find('SELECT currency FROM company_company')

    @cached_property
    def supplier(self):
        "A supplier of whom all orders need approval on our side"
        party, = self.client.call('model.party.party.create', [{
                    'name': "Approved Supplier",
                    'addresses': [('create', [{'street': "1 High Street"}])],
                    }], self.client.context)
        self.addresses[party], = self.find(
            'party.address', [('party', '=', party)])
        if self.has_approval:
            rule, = self.client.call('model.document.approval.rule.create', [{
                        'name': "Benchmark",
                        'company': self.company,
                        'operation': 'purchase.purchase:confirm',
                        'parties': [('add', [party])],
                        'levels': [('create', [{
                                        'name': "Administrator",
                                        'approver': 'users',
                                        'users': [('add', [
                                                    self.client.user])],
                                        }])],
                        }], self.client.context)
            self.client.call(
                'model.document.approval.rule.run', [rule],
                self.client.context)
        return party

    @cached_property
    def requisition(self):
        "The values of a requisition that is typed, with its budget"
        year = dt.date.today().year
        if self.has_budget:
            self._make_budget(
                dt.date(year, 1, 1), dt.date(year, 12, 31))
        return {
            'id': -1,
            'company': self.company,
            'currency': self.currency,
            'state': 'draft',
            'supply_date': dt.date.today(),
            'lines': [{
                    'id': -2 - i,
                    'product': product,
                    'unit': unit,
                    'quantity': 2.0,
                    'unit_price': price,
                    **({'budget_line': None} if self.has_budget else {}),
                    } for i in range(REQUESTED)
                for product, price, unit in [
                    self.products[i % len(self.products)]]],
            }

    def _make_budget(self, start, end):
        "Let a budget run with a line for each of some categories"
        def create(model, values):
            return self.client.call(
                f'model.{model}.create', values, self.client.context)

        categories = create('product.category', [
                {'name': f"Category {i}"} for i in range(BUDGETED)])
        templates = [row[0] for row in self.connection.execute(
                'SELECT template FROM product_product ORDER BY id LIMIT %s',
                [REQUESTED])]
        for i, category in enumerate(categories):
            self.client.call(
                'model.product.template.write', templates[i::BUDGETED],
                {'categories': [('add', [category])]}, self.client.context)
        budget, = create('purchase.budget', [{
                    'name': "Benchmark",
                    'company': self.company,
                    'start_date': start,
                    'end_date': end,
                    'lines': [('create', [{
                                    'category': category,
                                    'amount': Decimal(1_000_000),
                                    } for category in categories])],
                    }])
        self.client.call(
            'model.purchase.budget.run', [budget], self.client.context)

    @cached_property
    def buyer(self):
        "The client of somebody who may not approve the own orders"
        groups = self.client.call(
            'model.res.user.read', [self.client.user], ['groups'],
            self.client.context)[0]['groups']
        self.client.call('model.res.user.create', [{
                    'name': "Buyer",
                    'login': 'buyer',
                    'password': PASSWORD,
                    'groups': [('add', groups)],
                    'companies': [('add', [self.company])],
                    'company': self.company,
                    }], self.client.context)
        return self._log_in('buyer')

    # Measuring

    def reset(self):
        "Begin to count anew"
        self.seconds = self.queue_seconds = 0
        self._statements = self._count_statements()

    def result(self):
        "Return what was counted since the reset"
        statements, sql_seconds = (
            after - before for before, after in zip(
                self._statements, self._count_statements()))
        return {
            'seconds': self.seconds,
            'queue_seconds': self.queue_seconds,
            'statements': statements,
            'sql_seconds': sql_seconds,
            }

    def _count_statements(self):
        "Return the number of statements of the server so far and their time"
        return self.connection.execute(
            'SELECT coalesce(sum(calls), 0)::bigint, '
            'coalesce(sum(total_exec_time), 0) / 1000 '
            'FROM pg_stat_statements WHERE dbid = '
            '(SELECT oid FROM pg_database WHERE datname = current_database())'
            'AND userid != (SELECT oid FROM pg_roles WHERE rolname = %s)',
            [OBSERVER]).fetchone()

    def click(self, method, *args, **context):
        """Make a request that is counted, then wait for its tasks.

        :param method: after ``model.`` or ``wizard.``, with it
        :param args: its arguments without the context
        :param context: what the request adds to the user's context
        """
        before = self._last_task()
        begin = time.perf_counter()
        result = self.client.call(
            method, *args, {**self.client.context, **context})
        self.seconds += time.perf_counter() - begin
        self._await_queue(before)
        return result

    def _last_task(self):
        return self.connection.execute(
            'SELECT coalesce(max(id), 0) FROM ir_queue').fetchone()[0]

    def _await_queue(self, before):
        end = time.monotonic() + QUEUE_TIMEOUT
        while waiting := self.connection.execute(
                'SELECT data FROM ir_queue WHERE finished_at IS NULL LIMIT 1'
                ).fetchone():
            error = self.connection.execute(
                'SELECT message FROM ir_error LIMIT 1').fetchone()
            if error or time.monotonic() > end:
                raise QueueError(
                    f"{self.name}: the task {waiting[0]} failed: {error}")
            time.sleep(0.01)
        self.queue_seconds += float(self.connection.execute(
                'SELECT coalesce(sum(extract(epoch FROM '
                'finished_at - dequeued_at)), 0) FROM ir_queue '
                'WHERE id > %s', [before]).fetchone()[0])

    def press(self, model, button, id_):
        "Press the button of a record"
        return self.click(f'model.{model}.{button}', [id_])

    def wizard(self, name, model, id_, *steps):
        """Go through a wizard from a record.

        :param steps: pairs of state and values of the state's form before
        :return: what the last step answers
        """
        active = {
            'active_model': model, 'active_id': id_, 'active_ids': [id_]}
        session, *_ = self.click(f'wizard.{name}.create', **active)
        for state, values in steps:
            result = self.click(
                f'wizard.{name}.execute', session, values, state, **active)
        self.click(f'wizard.{name}.delete', session, **active)
        return result

    def find(self, model, domain, limit=None):
        "Return the ids, as what a screen already shows: not counted"
        return self.client.call(
            f'model.{model}.search', domain, 0, limit, None,
            self.client.context)

    def read(self, model, id_, name):
        "Return the value of a field, not counted"
        values, = self.client.call(
            f'model.{model}.read', [id_], [name], self.client.context)
        return values[name]


def _lines(side, price, count=LINES):
    """Return the lines of the next document, the same on each side.

    :param price: factor of the list price
    :param count: how many
    """
    first = side.documents * LINES
    lines = []
    for i in range(first, first + count):
        product, list_price, unit = side.products[i % len(side.products)]
        lines.append({
                'product': product,
                'unit': unit,
                'quantity': 2 + i % 5,
                'unit_price': list_price * price,
                'taxes': [('add', [side.tax])],
                })
    side.documents += 1
    return lines


def _sale(side):
    "Return the values of the next sale"
    party = side.customers[side.documents % len(side.customers)]
    return {
        'company': side.company,
        'currency': side.currency,
        'party': party,
        'invoice_address': side.addresses[party],
        'shipment_address': side.addresses[party],
        'payment_term': side.term,
        'warehouse': side.warehouse,
        'invoice_method': 'fulfillment',
        'sale_date': dt.date.today(),
        'lines': [('create', _lines(side, Decimal(1)))],
        }


def _purchase(side, party, count=LINES):
    """Return the values of the next purchase.

    :param count: how many lines it has
    """
    return {
        'company': side.company,
        'currency': side.currency,
        'party': party,
        'invoice_address': side.addresses[party],
        'payment_term': side.term,
        'warehouse': side.warehouse,
        'invoice_method': 'fulfillment',
        'purchase_date': dt.date.today(),
        'lines': [('create', _lines(side, Decimal('0.5'), count))],
        }


def order_to_cash(side):
    "Sell, deliver, invoice and be paid"
    sale, = side.click('model.sale.sale.create', [_sale(side)])
    for button in ['quote', 'confirm']:
        side.press('sale.sale', button, sale)
    shipment, = side.read('sale.sale', sale, 'shipments')
    side.press('stock.shipment.out', 'assign_wizard', shipment)
    side.wizard(
        'stock.shipment.assign', 'stock.shipment.out', shipment,
        ('start', {}))
    for button in ['pick', 'pack', 'do']:
        side.press('stock.shipment.out', button, shipment)
    invoice, = side.read('sale.sale', sale, 'invoices')
    side.press('account.invoice', 'post', invoice)
    amount, party, account = (
        side.read('account.invoice', invoice, name)
        for name in ['amount_to_pay', 'party', 'account'])
    side.wizard('account.invoice.pay', 'account.invoice', invoice,
        ('start', {}),
        ('choice', {'start': {
                    'payee': party,
                    'amount': amount,
                    'currency': side.currency,
                    'company': side.company,
                    'invoice_account': account,
                    'payment_method': side.payment_method,
                    'date': dt.date.today(),
                    }}))
    side.sales.append(sale)


def procure_to_receive(side):
    "Buy and receive"
    party = side.suppliers[side.documents % len(side.suppliers)]
    purchase, = side.click(
        'model.purchase.purchase.create', [_purchase(side, party)])
    for button in ['quote', 'confirm']:
        side.press('purchase.purchase', button, purchase)
    moves = side.read('purchase.purchase', purchase, 'moves')
    shipment, = side.click('model.stock.shipment.in.create', [{
                'company': side.company,
                'supplier': party,
                'warehouse': side.warehouse,
                'warehouse_input': side.input,
                'warehouse_storage': side.storage,
                'incoming_moves': [('add', moves)],
                }])
    for button in ['receive', 'do']:
        side.press('stock.shipment.in', button, shipment)


def return_(side):
    "Take back half of a sale and post the credit note"
    if not side.sales:
        order_to_cash(side)
        side.reset()
    origin = side.sales.pop(0)
    side.wizard('sale.return_sale', 'sale.sale', origin,
        ('start', {}), ('return_', {}))
    if side.has_returns:
        sale = _process_return(side, origin)
    else:
        sale, = side.find(
            'sale.sale', [('origin', '=', f'sale.sale,{origin}')])
        lines = side.read('sale.sale', sale, 'lines')
        side.click('model.sale.sale.write', [sale], {
                'lines': [('delete', sorted(lines)[:LINES // 2])],
                })
        for button in ['quote', 'confirm']:
            side.press('sale.sale', button, sale)
    shipment, = side.read('sale.sale', sale, 'shipment_returns')
    for button in ['receive', 'do']:
        side.press('stock.shipment.out.return', button, shipment)
    invoice, = side.read('sale.sale', sale, 'invoices')
    side.press('account.invoice', 'post', invoice)


def _process_return(side, origin):
    "Process the return of half of the sale, give its order"
    return_, = side.find('sale.return', [
            ('lines.origin_move.sale', '=', origin),
            ('state', '=', 'draft')])
    lines = side.read('sale.return', return_, 'lines')
    reason, = side.find('stock.return.reason', [('code', '=', '07')])
    side.click('model.sale.return.write', [return_], {
            'reason': reason,
            'lines': [('delete', sorted(lines)[:LINES // 2])],
            })
    for button in ['submit', 'process']:
        side.press('sale.return', button, return_)
    return side.read('sale.return', return_, 'sale')


def list_orders(side):
    "Open the page of 80 quotations in draft, as the list shows them"
    domain = [('state', '=', 'draft')]
    missing = PAGE - len(side.find('sale.sale', domain))
    if missing > 0:
        side.client.call(
            'model.sale.sale.create', [_sale(side) for _ in range(missing)],
            side.client.context)
        side.reset()
    fields = _list_fields(side, 'sale.sale')
    ids = side.click('model.sale.sale.search', domain, 0, PAGE, None)
    side.click('model.sale.sale.read', ids, fields)


def _list_fields(side, model):
    "Return what the web client reads for the columns of the list"
    view = side.client.call(
        f'model.{model}.fields_view_get', None, 'tree', side.client.context)
    names = ['rec_name', '_timestamp', '_write', '_delete']
    for name, field in view['fields'].items():
        names.append(name)
        if field['type'] in {'many2one', 'one2one', 'reference'}:
            names.append(f'{name}.rec_name')
    return names


def on_hand(side):
    "Read the quantities of all products in the first warehouse"
    _read_quantities(side, side.products)


def on_hand_raw(side):
    "The same with one statement over the moves"
    _sum_quantities(side, side.products)


def on_hand_page(side):
    "Read the quantities of the products of a page"
    _read_quantities(side, _page(side))


def on_hand_page_raw(side):
    "The same with one statement over the moves"
    _sum_quantities(side, _page(side))


def on_hand_one(side):
    "Read the quantities of one product"
    _read_quantities(side, _page(side)[:1])


def on_hand_one_raw(side):
    "The same with one statement over the moves"
    _sum_quantities(side, _page(side)[:1])


def _page(side):
    "Return products from everywhere in the list"
    return side.products[::max(len(side.products) // PAGE, 1)][:PAGE]


def _read_quantities(side, products):
    records = side.click(
        'model.product.product.read', [p[0] for p in products],
        ['quantity', 'forecast_quantity'], locations=[side.warehouse])
    side.quantities = tuple(
        sum(r[n] for r in records) for n in ['quantity', 'forecast_quantity'])


def _sum_quantities(side, products):
    begin = time.perf_counter()
    rows = side.connection.execute('''
        WITH RECURSIVE inside AS (
            SELECT id FROM stock_location WHERE id = %(warehouse)s
            UNION
            SELECT zone.id
            FROM inside
            JOIN stock_location AS zone ON zone.parent = inside.id),
        change AS (
            SELECT product, state,
                CASE WHEN to_location IN (SELECT id FROM inside)
                    THEN internal_quantity ELSE 0 END
                - CASE WHEN from_location IN (SELECT id FROM inside)
                    THEN internal_quantity ELSE 0 END AS quantity
            FROM stock_move
            WHERE company = %(company)s
                AND product = ANY(%(products)s::integer[])
                AND (state = 'done' AND effective_date <= CURRENT_DATE
                    OR state IN ('draft', 'assigned')
                        AND coalesce(effective_date, planned_date,
                            'infinity') >= CURRENT_DATE)
                AND (to_location IN (SELECT id FROM inside)
                    OR from_location IN (SELECT id FROM inside)))
        SELECT product, sum(quantity) FILTER (WHERE state = 'done'),
            sum(quantity)
        FROM change
        GROUP BY product''',
        {
            'warehouse': side.warehouse,
            'company': side.company,
            'products': [p[0] for p in products],
            }).fetchall()
    side.seconds += time.perf_counter() - begin
    side.quantities = tuple(
        sum(row[i] or 0 for row in rows) for i in [1, 2])


def approve(side):
    """Confirm 100 purchases at once, which wait for approval on our side.

    The one who confirms or approves is the administrator, all else is left to
    the queue, which counts.
    """
    ids = _quote_purchases(side, APPROVED)
    side.reset()
    if side.has_approval:
        approvals = side.find('document.approval', [
                ('waiting_for_me', '=', True),
                ('document.id', 'in', ids, 'purchase.purchase')])
        side.click('model.document.approval.approve', approvals)
    else:
        side.click('model.purchase.purchase.confirm', ids)
    side.seconds += side.queue_seconds
    missing = side.find('purchase.purchase', [
            ('id', 'in', ids), ('state', '!=', 'processing')])
    if missing:
        raise QueueError(f"{side.name}: {len(missing)} purchases stay behind")


def _quote_purchases(side, count):
    "Return the ids of quotations that need approval on our side"
    client = side.buyer if side.has_approval else side.client
    ids = client.call('model.purchase.purchase.create', [
            _purchase(side, side.supplier, 1) for _ in range(count)],
        client.context)
    client.call('model.purchase.purchase.quote', ids, client.context)
    return ids


def list_approvals(side):
    """Open the first page of 10,000 approvals that wait for the user.

    On the plain side it is a list of as many purchases.
    """
    if side.has_approval:
        model, domain = 'document.approval', [('waiting_for_me', '=', True)]
    else:
        model, domain = 'purchase.purchase', [('state', '=', 'quotation')]
    missing = LISTED - side.client.call(
        f'model.{model}.search_count', domain, 0, None, side.client.context)
    if missing > 0:
        _make_waiting(side, missing)
        side.reset()
    fields = _list_fields(side, model)
    ids = side.click(f'model.{model}.search', domain, 0, PAGE, None)
    side.click(f'model.{model}.read', ids, fields)
    side.click(f'model.{model}.search_count', domain, 0, None)


def _make_waiting(side, count):
    "Make quotations of purchases by copies of one, with their approvals"
    id_, = _quote_purchases(side, 1)
    connection = side.connection
    clone(connection, 'purchase_purchase', (
            f'purchase_purchase AS origin, generate_series(2, {count}) '
            f'WHERE origin.id = {id_}'), {})
    if not side.has_approval:
        connection.execute('VACUUM ANALYZE')
        return
    copies = '(SELECT id FROM {0} WHERE id > {1})'
    approval, = side.find(
        'document.approval', [('document', '=', f'purchase.purchase,{id_}')])
    step, = side.find(
        'document.approval.step', [('approval', '=', approval)])
    purchases = copies.format('purchase_purchase', id_)
    clone(connection, 'document_approval', (
            f'document_approval AS origin, {purchases} AS copy '
            f'WHERE origin.id = {approval} ORDER BY copy.id'),
        {'document': "'purchase.purchase,' || copy.id"})
    approvals = copies.format('document_approval', approval)
    clone(connection, 'document_approval_step', (
            f'document_approval_step AS origin, {approvals} AS copy '
            f'WHERE origin.id = {step} ORDER BY copy.id'),
        {'approval': 'copy.id'})
    steps = copies.format('document_approval_step', step)
    clone(connection, 'document_approval_step-res_user', (
            f'"document_approval_step-res_user" AS origin, {steps} AS copy '
            f'WHERE origin.step = {step} ORDER BY copy.id'),
        {'step': 'copy.id'})
    connection.execute('VACUUM ANALYZE')


def budget_on_change(side):
    """Change a line of a requisition with 100 of them that is typed.

    On our side what is left of the budget is shown for each line.
    """
    values = side.requisition
    side.reset()
    side.click(
        'model.purchase.requisition.on_change_with', values, ['total_amount'])
    if side.has_budget:
        shown = side.click(
            'model.purchase.requisition.on_change', values, ['lines'])
        if len(shown['lines']['update']) != REQUESTED:
            raise QueueError(f"{side.name}: not all lines show their budget")


# What both sides must agree on at the end, by name
_state = {
    'sales': "SELECT count(*) FROM sale_sale",
    'processed sales': (
        "SELECT count(*) FROM sale_sale WHERE state IN ('processing', 'done')"
        ),
    'amount of sales': (
        "SELECT sum(quantity * unit_price) FROM sale_line"),
    'purchases': "SELECT count(*) FROM purchase_purchase",
    'done deliveries': (
        "SELECT count(*) FROM stock_shipment_out WHERE state = 'done'"),
    'done receipts': (
        "SELECT count(*) FROM stock_shipment_in WHERE state = 'done'"),
    'done customer returns': (
        "SELECT count(*) FROM stock_shipment_out_return "
        "WHERE state = 'done'"),
    'done moves': "SELECT count(*) FROM stock_move WHERE state = 'done'",
    'moved quantity': (
        "SELECT sum(internal_quantity) FROM stock_move WHERE state = 'done'"),
    'posted invoices': (
        "SELECT count(*) FROM account_invoice WHERE state = 'posted'"),
    'paid invoices': (
        "SELECT count(*) FROM account_invoice WHERE state = 'paid'"),
    'draft invoices': (
        "SELECT count(*) FROM account_invoice WHERE state = 'draft'"),
    'posted amount': (
        "SELECT coalesce(sum(line.debit), 0) FROM account_move_line AS line "
        "JOIN account_move AS move ON line.move = move.id "
        "WHERE move.state = 'posted'"),
    }


def state(side):
    "Return documents, stock and money of a side by name"
    def value(query):
        return float(side.connection.execute(query).fetchone()[0] or 0)

    values = {k: value(v) for k, v in _state.items()}
    on_hand_raw(side)
    values['on hand'], values['forecast'] = map(float, side.quantities)
    return {
        k: int(v) if v == int(v) else round(v, 4) for k, v in values.items()}
