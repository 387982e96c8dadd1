# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Write the returns of a trade.

Each line gives back of the delivery of what it was matched with, so it is
written when the sales are delivered.
"""
from collections import defaultdict

from .trade_history import find_returns
from .trade_server import Refused
from .trade_writing import SaleWriter, press, write_dates

MODEL = 'sale.return'


class ReturnWriter(SaleWriter):
    """Write returns, and sales that are credits.

    :param known: what find_sales and find_returns found
    :param ids: of the sales by key
    """

    def __init__(self, server, masters, known, ids):
        super().__init__(server, masters, known)
        self.ids = ids
        self.return_ids = {
            key: return_['id'] for key, return_ in known.items()
            if key.is_return}
        self._parts = {}

    def prepare(self, orders):
        locks = super().prepare(orders)
        returns = [o for o in orders if o.key.is_return]
        if not self.server.is_local:
            # What an import that was killed had asked for comes late
            self.return_ids.update(
                (key, return_['id']) for key, return_ in find_returns(
                    self.server, self.masters, returns).items())
        known = [
            self.return_ids[o.key] for o in returns
            if o.key in self.return_ids]
        self._parts = self._allocate(
            [o for o in returns if o.key not in self.return_ids])
        moves = {
            move for parts in self._parts.values() for _, move, _ in parts
            if move}
        if known:
            moves.update(
                r['origin_move'] for r in self.server.records_in(
                    'sale.return.line', 'return_', known,
                    [('origin_move', '!=', None)], ['origin_move']))
        return {**locks, MODEL: known, 'stock.move': sorted(moves)}

    def _allocate(self, orders):
        """Find the deliveries of what comes back.

        :return: list of (item, id of the move or None, quantity) by key
        """
        server, products = self.server, self.masters.products
        sales = {
            self.ids[i.origin.key]
            for o in orders for i in o.items if i.origin}
        wanted = {products[i.code] for o in orders for i in o.items}
        origins = {
            f"sale.line,{l['id']}": (l['sale'], l['sequence'], l['product'])
            for l in server.records_in(
                'sale.line', 'sale', sales,
                [('product', 'in', list(wanted))],
                ['sale', 'sequence', 'product'])}
        deliveries = defaultdict(list)
        for move in server.records_in(
                'stock.move', 'origin', origins, [('state', '=', 'done')],
                ['origin', 'returnable_quantity']):
            deliveries[origins[move['origin']]].append(
                [move['id'], int(move['returnable_quantity'])])
        parts = defaultdict(list)
        for order in orders:
            for item in order.items:
                rest = -item.quantity
                if not item.origin:
                    parts[order.key].append((item, None, rest))
                    continue
                for delivery in deliveries[
                        self.ids[item.origin.key], item.origin.sequence,
                        products[item.code]]:
                    part = min(rest, delivery[1])
                    if part > 0:
                        delivery[1] -= part
                        rest -= part
                        parts[order.key].append((item, delivery[0], part))
                if rest:
                    raise Refused(
                        f"{order.key.reference} gives back {item.code} that "
                        "was given back by others meanwhile: start again")
        return parts

    def _return_values(self, order):
        masters = self.masters
        lines = []
        for item, move, quantity in self._parts[order.key]:
            line, text = item.line, item.line.description
            values = {
                'sequence': line.number,
                'product': masters.products[item.code],
                'quantity': float(quantity),
                'unit': masters.unit,
                'unit_price': item.price,
                'note': text if text != masters.names[item.code] else None,
                }
            if move:
                values['origin_move'] = move
            else:
                values.update(
                    without_original=True,
                    cost_price=masters.costs[item.code],
                    cost_source=(
                        f"Price: {line.file} line {line.number}; "
                        "cost: product"))
            lines.append(values)
        return {
            'reference': order.key.reference,
            'description': order.items[0].line.file,
            'party': masters.parties[order.items[0].line.buyer],
            'date': order.key.date,
            'currency': masters.currency,
            'warehouse': masters.warehouse,
            'reason': masters.return_reason,
            'settlement': 'refund',
            'lines': [('create', lines)],
            }

    def _confirm(self, orders):
        sales = super()._confirm([o for o in orders if not o.key.is_return])
        sales.update(self._process([o for o in orders if o.key.is_return]))
        # Invoices are numbered in this order
        return {o.key: sales[o.key] for o in orders}

    def _process(self, orders):
        """Make the returns and let them make their orders.

        :return: ids of the sales by key
        """
        if not orders:
            return {}
        server, ids = self.server, self.return_ids
        if new := [o for o in orders if o.key not in ids]:
            created = server.call(
                MODEL, 'create', [self._return_values(o) for o in new])
            ids = {**ids, **{o.key: i for o, i in zip(new, created)}}
        ids = {o.key: ids[o.key] for o in orders}

        def read(*fields):
            return server.read(MODEL, list(ids.values()), ['state', *fields])

        press(server, MODEL, 'submit', read().values(), 'draft')
        press(server, MODEL, 'approve', read().values(), 'waiting')
        returns = read().values()
        if any(r['state'] == 'waiting' for r in returns):
            raise Refused(
                "a rule wants returns to be approved by others: deactivate it "
                "during the import")
        press(server, MODEL, 'process', returns, 'approved')
        returns = read('sale')
        return {key: returns[id_]['sale'] for key, id_ in ids.items()}

    def _move(self, sales):
        "Deliver and take back"
        super()._move(sales)
        server, model = self.server, 'stock.shipment.out.return'
        dates = {
            i: s['sale_date'] for s in sales for i in s['shipment_returns']}
        if not dates:
            return

        def shipments():
            return server.read(
                model, list(dates), ['state', 'effective_date']).values()

        todo = defaultdict(list)
        for shipment in shipments():
            if (shipment['state'] in {'draft', 'received'}
                    and not shipment['effective_date']):
                todo[dates[shipment['id']]].append(shipment['id'])
        write_dates(server, model, 'effective_date', todo)
        press(server, model, 'receive', shipments(), 'draft')
        press(server, model, 'do', shipments(), 'received')
