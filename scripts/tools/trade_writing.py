# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Write the documents of a trade and drive them through their buttons.

Each function can be called again after it was interrupted: it goes on from
the states in which the documents are.
"""
from collections import defaultdict

from .trade_history import CORRECTIONS, OPENING, SUPPLY, find_sales
from .trade_server import Warned

PROCESS_SALE = ('sale.sale', 'process')


def _by(records, key):
    "Return the list of records by the value of the key"
    groups = defaultdict(list)
    for record in records:
        groups[record[key]].append(record)
    return groups


def press(server, model, button, records, *states):
    "Click the button of the records in one of the states, tell if any"
    if ids := [r['id'] for r in records if r['state'] in states]:
        server.call(model, button, ids)
    return bool(ids)


def write_dates(server, model, field, dates):
    """Write the field in one call.

    :param dates: ids by day
    """
    if dates:
        arguments = []
        for date, ids in sorted(dates.items()):
            arguments += [ids, {field: date}]
        server.call(model, 'write', *arguments)


class SaleWriter:
    """Write sales.

    :param known: what trade_history.find_sales found
    """

    def __init__(self, server, masters, known):
        self.server = server
        self.masters = masters
        self.ids = {
            key: sale['id'] for key, sale in known.items()
            if not key.is_return}

    def _values(self, order):
        masters, key = self.masters, order.key
        party = masters.parties[key.buyer]
        address = masters.address(key.buyer)
        lines = []
        for item in order.items:
            text = item.line.description
            lines.append({
                    'type': 'line',
                    'sequence': item.line.number,
                    'product': masters.products[item.code],
                    'quantity': float(item.quantity),
                    'unit': masters.unit,
                    'unit_price': item.price,
                    'description': (
                        text if text != masters.names[item.code] else None),
                    })
        return {
            'reference': key.reference,
            'description': order.items[0].line.file,
            'party': party,
            'invoice_address': address,
            'shipment_address': address,
            'sale_date': key.date,
            'payment_term': masters.payment_term,
            'lines': [('create', lines)],
            }

    def prepare(self, orders):
        """Get ready to deliver the orders.

        :return: ids by model of what must be locked first
        """
        return {'sale.sale': [
                self.ids[o.key] for o in orders if o.key in self.ids]}

    def deliver(self, orders):
        """Make the orders and deliver them, all but the invoices.

        :param orders: list of Order
        :return: ids of the sales by key
        """
        server = self.server
        ids = self._confirm(orders)
        sale_ids = list(ids.values())
        server.flush()
        sales = server.read('sale.sale', sale_ids, ['state']).values()
        press(server, *PROCESS_SALE, sales, 'confirmed')
        sales = server.read('sale.sale', sale_ids, [
                'sale_date', 'shipments', 'shipment_returns']).values()
        self._move(sales)
        return ids

    def _confirm(self, orders):
        """Make the orders and confirm them.

        :return: ids of the sales by key
        """
        if not orders:
            return {}
        server, ids = self.server, self.ids
        if not server.is_local:
            # What an import that was killed had asked for comes late
            ids = {**ids, **{
                    key: sale['id'] for key, sale in find_sales(
                        server, self.masters, orders).items()}}
        if new := [o for o in orders if o.key not in ids]:
            created = server.call(
                'sale.sale', 'create', [self._values(o) for o in new])
            ids = {**ids, **{o.key: i for o, i in zip(new, created)}}
        # In a transaction that is done again nothing may be remembered
        ids = {o.key: ids[o.key] for o in orders}
        self._agree(list(ids.values()))
        return ids

    def _agree(self, sale_ids):
        "Quote and confirm"
        try:
            self._quote_and_confirm(sale_ids)
        except Warned:
            # The stock of today is compared with a sale of the past
            lines = self.server.call(
                'sale.line', 'search', [('sale', 'in', sale_ids)], 0, None,
                None)
            with self.server.confirmed(
                    [f'stock_quantity_warning_{i}' for i in lines]):
                self._quote_and_confirm(sale_ids)

    def _quote_and_confirm(self, sale_ids):
        server = self.server
        sales = server.read('sale.sale', sale_ids, ['state']).values()
        press(server, 'sale.sale', 'quote', sales, 'draft')
        press(server, 'sale.sale', 'confirm', sales, 'draft', 'quotation')

    def _move(self, sales):
        "Deliver"
        server, model = self.server, 'stock.shipment.out'
        dates = {i: s['sale_date'] for s in sales for i in s['shipments']}
        if not dates:
            return
        fields = ['state', 'effective_date']

        def shipments():
            return server.read(model, list(dates), fields).values()

        todo = defaultdict(list)
        for shipment in shipments():
            if (shipment['state'] not in {'done', 'cancelled'}
                    and not shipment['effective_date']):
                todo[dates[shipment['id']]].append(shipment['id'])
        write_dates(server, model, 'effective_date', todo)
        press(server, model, 'wait', shipments(), 'draft')
        # The supply covers all that was sold. To look for the stock of each
        # line would lock and read all that ever moved
        press(server, model, 'assign_force', shipments(), 'waiting')
        if self.masters.has_zones:
            press(server, model, 'pick', shipments(), 'assigned')
        press(server, model, 'pack', shipments(), 'assigned', 'picked')
        press(server, model, 'do', shipments(), 'packed', 'shipped')

    def invoice(self, sale_ids):
        "Post the invoices of the sales, which must come in order of days"
        server = self.server

        def read():
            return server.read('sale.sale', sale_ids, [
                    'sale_date', 'invoices', 'state', 'shipment_state',
                    ]).values()

        sales = read()
        # The shipments have left this to the invoices
        behind = [
            s for s in sales
            if s['shipment_state'] == 'waiting' and not s['invoices']]
        if press(server, *PROCESS_SALE, behind, 'processing'):
            sales = read()
        post_invoices(
            server, {i: s['sale_date'] for s in sales for i in s['invoices']})


def post_invoices(server, dates):
    """Post the drafts among the invoices.

    :param dates: day by id
    """
    model = 'account.invoice'
    if not dates:
        return
    invoices = server.read(
        model, list(dates), ['state', 'invoice_date']).values()
    drafts = [i for i in invoices if i['state'] in {'draft', 'validated'}]
    todo = defaultdict(list)
    for invoice in drafts:
        if not invoice['invoice_date']:
            todo[dates[invoice['id']]].append(invoice['id'])
    write_dates(server, model, 'invoice_date', todo)
    with server.confirmed_invoices([i['id'] for i in drafts]):
        press(server, model, 'post', drafts, 'draft', 'validated')


class StockWriter:
    "Write counts and purchases"

    def __init__(self, server, masters):
        self.server = server
        self.masters = masters

    def count(self, date, title, entries):
        """Count products with a difference to what is expected.

        :param title: first line of the note that marks the count
        :param entries: list of (document or None, code, difference)
        """
        server, model = self.server, 'stock.inventory'
        products = {self.masters.products[e[1]]: e for e in entries}
        expected = server.call(
            'product.product', 'read', list(products), ['quantity'],
            locations=[self.masters.storage], stock_date_end=date)
        quantities = {
            r['id']: r['quantity'] + products[r['id']][2] for r in expected}
        id_ = self._draft(date, quantities)
        if not id_:
            id_, = server.call(model, 'create', [{
                        'location': self.masters.storage,
                        'date': date,
                        'lines': [('create', [
                                    {'product': p, 'quantity': q}
                                    for p, q in quantities.items()])],
                        }])
        message = [title] + [
            (f'{document}: ' if document else '') + f'{code} {difference:+}'
            for document, code, difference in entries]
        server.call('ir.note', 'create', [{
                    'resource': f'{model},{id_}',
                    'message': '\n'.join(message),
                    }])
        self.finish_count(id_)

    def _draft(self, date, quantities):
        "Return the same count when it was made but not marked"
        server = self.server
        if server.is_local:
            # It is one transaction
            return None
        for id_ in server.call(
                'stock.inventory', 'search', [
                    ('date', '=', date), ('state', '=', 'draft'),
                    ('location', '=', self.masters.storage)], 0, None, None):
            lines = server.records(
                'stock.inventory.line', [('inventory', '=', id_)],
                ['product', 'quantity'])
            marked = server.call(
                'ir.note', 'search_count',
                [('resource', '=', f'stock.inventory,{id_}')])
            if not marked and quantities == {
                    l['product']: l['quantity'] for l in lines}:
                return id_

    def finish_count(self, id_):
        self.server.call('stock.inventory', 'confirm', [id_])

    def correct(self, count):
        "Make the corrections of a trade_documents.Count"
        self.count(
            count.date, f'{CORRECTIONS}{count.date}',
            [e[:3] for e in count.entries])

    def supply(self, supply):
        "Count or buy what a trade_supply.Supply tells"
        masters = self.masters
        if supply.is_opening:
            self.count(
                supply.date, f'{OPENING}{supply.label}',
                [(None, c, q) for c, q in supply.quantities.items()])
        else:
            self.purchase(
                f'{SUPPLY}{supply.label}', supply.date,
                masters.map.parties['supplier'],
                [(c, q, masters.costs[c])
                    for c, q in supply.quantities.items()])

    def purchase(self, reference, date, supplier, items):
        """Order, receive and invoice.

        :param items: list of (code, quantity, price)
        """
        masters = self.masters
        party = masters.parties[supplier]
        id_, = self.server.call('purchase.purchase', 'create', [{
                    'reference': reference,
                    'party': party,
                    'invoice_address': masters.addresses[party, None],
                    'purchase_date': date,
                    'payment_term': masters.payment_term,
                    'lines': [('create', [{
                                    'type': 'line',
                                    'sequence': i,
                                    'product': masters.products[code],
                                    'quantity': float(quantity),
                                    'unit': masters.unit,
                                    'unit_price': price,
                                    } for i, (code, quantity, price)
                                in enumerate(items, 1)])],
                    }])
        self.finish_purchase(id_)

    def finish_purchase(self, id_):
        "Bring a purchase from any state to its end"
        server, model = self.server, 'purchase.purchase'

        def read(*fields):
            return server.read(model, [id_], ['state', *fields]).values()

        press(server, model, 'quote', read(), 'draft')
        press(server, model, 'confirm', read(), 'quotation')
        server.flush()
        press(server, model, 'process', read(), 'confirmed')
        purchase, = read(
            'party', 'purchase_date', 'reference', 'warehouse', 'moves',
            'invoices')
        date = purchase['purchase_date']
        self._receive(purchase)
        if purchase['invoices']:
            rows = server.read(
                'account.invoice', purchase['invoices'], ['reference'])
            if todo := [r['id'] for r in rows.values() if not r['reference']]:
                server.call('account.invoice', 'write', todo, {
                        'reference': purchase['reference']})
            post_invoices(
                server, {i: date for i in purchase['invoices']})

    def _receive(self, purchase):
        server, model = self.server, 'stock.shipment.in'
        if not purchase['moves']:
            return
        moves = server.read(
            'stock.move', purchase['moves'], ['state', 'shipment']).values()
        shipments = {
            int(m['shipment'].partition(',')[2])
            for m in moves if m['shipment']}
        if todo := [
                m['id'] for m in moves
                if m['state'] == 'draft' and not m['shipment']]:
            shipments.update(server.call(model, 'create', [{
                            'supplier': purchase['party'],
                            'reference': purchase['reference'],
                            'warehouse': purchase['warehouse'],
                            'warehouse_input': self.masters.input,
                            'warehouse_storage': self.masters.storage,
                            'effective_date': purchase['purchase_date'],
                            'incoming_moves': [('add', todo)],
                            }]))

        def read():
            return server.read(model, list(shipments), ['state']).values()

        press(server, model, 'receive', read(), 'draft')
        press(server, model, 'do', read(), 'received')
