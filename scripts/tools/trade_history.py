# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What a database knows of a trade already."""
import datetime as dt
import re
from collections import Counter, defaultdict

from .trade_documents import Key, content_of, who

# How the import marks the counts it makes
OPENING = "Opening stock "
CORRECTIONS = "Stock corrections "
SUPPLY = "Stock "


def find_sales(server, masters, orders=None):
    """Return the sales of the database whose customers the import knows.

    The orders of returns are none of them.

    :param orders: only these without their lines, or all when None
    :return: dictionary of {id, state, shipment_state, invoice_state, lines,
        content, is_double} by Key; lines are (code, quantity, price, id,
        sequence)
    """
    parties = set(masters.parties.values())
    rows = {}
    for row in server.records('sale.sale', _domain(masters, orders), [
                'reference', 'sale_date', 'party', 'invoice_address', 'state',
                'shipment_state', 'invoice_state', 'origin']):
        if (row['party'] in parties and row['sale_date']
                and not (row['origin'] or '').startswith('sale.return,')):
            rows[row['id']] = row
    addresses = {
        id_: (party, code) for (party, code), id_ in masters.addresses.items()}
    customers = {}
    for customer, party in masters.parties.items():
        if not isinstance(customer, str):
            code = masters.map.country_code(customer.country)
            customers[party, code] = customer

    sales, by_id = {}, {}
    for row in rows.values():
        if customer := customers.get(addresses.get(row['invoice_address'])):
            key = Key(row['reference'], row['sale_date'], customer)
            row['lines'] = []
            row['is_double'] = key in sales
            sales[key] = by_id[row['id']] = row
    if orders is None and by_id:
        codes = {id_: code for code, id_ in masters.products.items()}
        for line in server.records_in(
                'sale.line', 'sale', by_id, [('type', '=', 'line')],
                ['sale', 'product', 'quantity', 'unit_price', 'sequence']):
            by_id[line['sale']]['lines'].append((
                    codes.get(line['product']), int(line['quantity']),
                    line['unit_price'], line['id'], line['sequence']))
        _set_contents(sales)
    return sales


def _domain(masters, orders):
    domain = [
        ('company', '=', masters.company), ('reference', '!=', None),
        ('state', 'not in', ['cancelled', 'rejected'])]
    if orders is not None:
        domain.append((
                'reference', 'in', list({o.key.reference for o in orders})))
    return domain


def _set_contents(documents):
    for key, document in documents.items():
        document['content'] = content_of(
            key, [l[:3] for l in document['lines']])


def find_returns(server, masters, orders=None):
    """Return the returns of the database whose customers the import knows.

    :param orders: only these without their lines, or all when None
    :return: dictionary as find_sales gives it, with the states of the order
        as soon as there is one, by Key; lines are (code, quantity, price, id,
        id of the line of a sale that is given back or None)
    """
    customers = {
        party: who(customer) for customer, party in masters.parties.items()
        if not isinstance(customer, str)}
    returns, by_id = {}, {}
    for row in server.records('sale.return', _domain(masters, orders), [
                'reference', 'date', 'party', 'state', 'sale.state',
                'sale.shipment_state', 'sale.invoice_state']):
        if customer := customers.get(row['party']):
            sale = row.pop('sale.') or {}
            key = Key(row['reference'], row['date'], customer, True)
            row.update(
                lines=[], is_double=key in returns,
                shipment_state=sale.get('shipment_state'),
                invoice_state=sale.get('invoice_state'))
            if row['state'] in {'processing', 'done'}:
                row['state'] = sale.get('state')
            returns[key] = by_id[row['id']] = row
    if orders is None and by_id:
        codes = {id_: code for code, id_ in masters.products.items()}
        for line in server.records_in(
                'sale.return.line', 'return_', by_id, [], [
                    'return_', 'product', 'quantity', 'unit_price',
                    'origin_move.origin']):
            origin = (line['origin_move.'] or {}).get('origin')
            model, _, id_ = (origin or '').partition(',')
            by_id[line['return_']]['lines'].append((
                    codes.get(line['product']), -int(line['quantity']),
                    line['unit_price'], line['id'],
                    int(id_) if model == 'sale.line' else None))
        _set_contents(returns)
    return returns


def delivered(server, line_ids):
    """Return what was delivered of the lines of sales.

    :return: (quantity, quantity that is not given back) by id of the line
    """
    quantities = defaultdict(lambda: (0, 0))
    for move in server.records_in(
            'stock.move', 'origin', [f'sale.line,{i}' for i in line_ids],
            [('state', '=', 'done')],
            ['origin', 'internal_quantity', 'returnable_quantity']):
        line = int(move['origin'].partition(',')[2])
        moved, left = quantities[line]
        quantities[line] = (
            moved + int(move['internal_quantity']),
            left + int(move['returnable_quantity']))
    return quantities


def find_counts(server, masters):
    """Return the counts that the import has made.

    :return: list of {id, date, state, opening, entries}; the entries are
        (document, code, difference), the document is None at the opening
    """
    counts = []
    for note in server.records('ir.note', ['OR',
                ('message', 'like', f'{OPENING}%'),
                ('message', 'like', f'{CORRECTIONS}%'),
                ], ['resource', 'message']):
        model, _, id_ = note['resource'].partition(',')
        if model != 'stock.inventory':
            continue
        first, *rest = note['message'].splitlines()
        entries = []
        for row in rest:
            if match := re.fullmatch(r'(?:(\S.*?): )?(.+) ([+-]\d+)', row):
                document, code, difference = match.groups()
                entries.append((document, code, int(difference)))
        counts.append({
                'id': int(id_), 'opening': first.startswith(OPENING),
                'entries': entries})
    states = {
        r['id']: r for r in server.records_in(
            'stock.inventory', 'id', [c['id'] for c in counts],
            [('company', '=', masters.company)], ['state', 'date'])}
    return [
        {**c, **states[c['id']]} for c in counts
        if c['id'] in states and states[c['id']]['state'] != 'cancelled']


def known_corrections(counts):
    "Return the Counter that trade_documents.make_counts wants"
    known = Counter()
    for count in counts:
        if not count['opening']:
            for document, code, difference in count['entries']:
                known[count['date'], document, code, difference] += 1
    return known


def find_purchases(server, masters):
    "Return the purchases with the suppliers of the import"
    suppliers = [
        id_ for name, id_ in masters.parties.items() if isinstance(name, str)]
    purchases = {
        r['id']: {**r, 'lines': []} for r in server.records_in(
            'purchase.purchase', 'party', suppliers, [
                ('company', '=', masters.company), ('reference', '!=', None),
                ('state', '!=', 'cancelled')], [
                'reference', 'purchase_date', 'party', 'state',
                'shipment_state', 'invoice_state'])}
    codes = {id_: code for code, id_ in masters.products.items()}
    for line in server.records_in(
            'purchase.line', 'purchase', purchases, [('type', '=', 'line')],
            ['purchase', 'product', 'quantity', 'unit_price']):
        purchases[line['purchase']]['lines'].append((
                codes.get(line['product']), int(line['quantity']),
                line['unit_price']))
    return list(purchases.values())


def made_purchases(purchases):
    "Return the set of what Masters.purchase_key gives for them"
    return {
        (p['reference'], p['purchase_date'], p['party']) for p in purchases}


def known_supplies(counts, purchases, supplier):
    """Return what the import has supplied.

    :param supplier: id of the party, None when there is none
    :return: quantity by code by date
    """
    known = defaultdict(lambda: defaultdict(int))
    for count in counts:
        if count['opening']:
            for _, code, difference in count['entries']:
                known[count['date']][code] += difference
    for purchase in purchases:
        if purchase['party'] == supplier:
            for code, quantity, _ in purchase['lines']:
                known[purchase['purchase_date']][code] += quantity
    return known


def stock_at(server, masters, date):
    """Return the quantity in the storage by code.

    :param date: the stock at its end
    """
    if not masters.products or not server.call(
            'stock.move', 'search_count', [('state', '=', 'done')]):
        return {}
    stock, items = {}, list(masters.products.items())
    for start in range(0, len(items), 500):
        batch = {id_: code for code, id_ in items[start:start + 500]}
        for row in server.call(
                'product.product', 'read', list(batch), ['quantity'],
                locations=[masters.storage], stock_date_end=date):
            if row['quantity']:
                stock[batch[row['id']]] = int(row['quantity'])
    return stock


def open_periods(server, masters):
    """Return the periods in which one can post.

    :return: list of (first day, last day, id of the fiscal year)
    """
    return [
        (r['start_date'], r['end_date'], r['fiscalyear'])
        for r in server.records('account.period', [
                ('company', '=', masters.company), ('state', '=', 'open'),
                ('type', '=', 'standard'),
                ], ['start_date', 'end_date', 'fiscalyear'])]


def numbered_after(server, masters, date, fiscalyear, is_credit):
    """Return the day of an invoice numbered after the day, or None.

    Invoices of a sequence must be numbered in the order of their days.
    """
    rows = server.call(
        'account.invoice', 'search_read', [
            ('company', '=', masters.company), ('type', '=', 'out'),
            ('sequence_type_cache', '=',
                'credit_note' if is_credit else 'invoice'),
            ('invoice_date', '>', date), ('number', '!=', None),
            ('move.period.fiscalyear', '=', fiscalyear),
            ], 0, 1, [('invoice_date', 'DESC')], ['invoice_date'])
    return rows[0]['invoice_date'] if rows else None


def day_before(date):
    return date - dt.timedelta(days=1)
