# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Plan what a trade makes, before anything is changed."""
import datetime as dt
from collections import Counter, defaultdict
from dataclasses import dataclass

from . import trade_history as history
from .trade_documents import (
    Key, Origin, Shelf, Sold, make_costs, make_counts, make_orders, who)
from .trade_masters import customers_of
from .trade_supply import plan_supplies, stock_flows

# Lines of a count or a purchase of supplies
SUPPLY_SIZE = 250
_epoch = dt.datetime.min


class CanNot(Exception):
    "Raised with the reason why the trade can not be imported"


@dataclass
class Plan:
    """What the files make and what of it is missing in the database.

    :ivar orders: sales in the order of their days
    :ivar credits: returns and what else is numbered as a credit note
    :ivar known: what find_sales and find_returns have found
    :ivar costs: list of trade_documents.Cost that are missing
    :ivar counts: list of trade_documents.Count that are missing
    :ivar supplies: list of trade_supply.Supply that are missing
    :ivar unfinished_counts: ids
    :ivar unfinished_purchases: ids
    """
    lines: list
    orders: list
    credits: list
    known: dict
    costs: list
    counts: list
    supplies: list
    unfinished_counts: list
    unfinished_purchases: list

    def is_finished(self, order):
        "Tell if the order is in the database as it will stay"
        document = self.known.get(order.key)
        return bool(document) and is_finished(document)


def is_finished(document):
    "Tell if the sale or the return is delivered and invoiced"
    return (
        document['state'] in {'processing', 'done'}
        and document['shipment_state'] in {'sent', 'none'}
        and document['invoice_state'] != 'pending')


def _find_documents(server, masters):
    return {
        **history.find_sales(server, masters),
        **history.find_returns(server, masters)}


def make_plan(server, masters, lines, without_original=False):
    """Make the plan.

    :param lines: classified lines; the reason is set of those rejected
    :param without_original: accept returns without original
    :raises CanNot: the files do not fit to the database
    """
    periods = history.open_periods(server, masters)
    for line in lines:
        if not line.reason and not any(
                first <= line.date <= last for first, last, _ in periods):
            line.reason = (
                f"{line.date} is in no open period of the company")
    masters.find_parties(customers_of(lines, masters.map))
    masters.find_products(dict.fromkeys(
            l.code for l in lines if not l.reason))
    known = _find_documents(server, masters)
    orders = make_orders(
        lines, _make_shelf(server, known, lines), without_original)
    for order in orders:
        if order.key in known and known[order.key]['is_double']:
            raise CanNot(
                f"{order.key.reference} of {order.key.date} is in the "
                "database twice: one must be cancelled")
    orders = _reject_others(orders, known)
    counts = history.find_counts(server, masters)
    purchases = history.find_purchases(server, masters)
    made = history.made_purchases(purchases)
    plan = Plan(
        lines=lines,
        orders=[
            o for o in orders if not o.key.is_return and not o.is_credit],
        credits=[o for o in orders if o.key.is_return or o.is_credit],
        known=known,
        costs=[
            c for c in make_costs(lines, masters.map)
            if masters.purchase_key(c) not in made],
        counts=make_counts(lines, history.known_corrections(counts)),
        supplies=_plan_supplies(
            server, masters, orders, lines, counts, purchases),
        unfinished_counts=[c['id'] for c in counts if c['state'] == 'draft'],
        unfinished_purchases=[
            p['id'] for p in purchases
            if p['state'] not in {'processing', 'done'}
            or p['shipment_state'] not in {'received', 'none'}
            or p['invoice_state'] == 'pending'])
    _check_numbers(server, masters, plan, periods)
    return plan


def _make_shelf(server, known, lines):
    "Return the Shelf with what the files do not hold"
    own, own_returns, wanted = set(), set(), set()
    for line in lines:
        if not line.reason:
            own.add((line.document, line.date, line.buyer))
            if line.kind == 'return':
                customer = who(line.buyer)
                own_returns.add(Key(line.document, line.date, customer, True))
                wanted.add((customer, line.code))
    # What the files give back is matched anew
    own_taken = Counter()
    for key in own_returns & known.keys():
        for _, quantity, _, _, line in known[key]['lines']:
            own_taken[line] -= quantity
    sold = [
        (key, line) for key, sale in known.items() if not key.is_return
        for line in sale['lines']
        if (who(key.buyer), line[0]) in wanted and line[1] > 0]
    delivered = history.delivered(server, [line[3] for _, line in sold])
    taken, before = Counter(), []
    for key, (code, _, price, id_, sequence) in sold:
        moved, left = delivered[id_]
        left += own_taken[id_]
        origin = Origin(key, sequence)
        if key[:3] in own:
            taken[origin] += moved - left
        else:
            # Without the time of day it was sold before those of a file
            before.append((key.buyer, code, Sold(
                        key.date, (_epoch, id_), origin, price, left)))
    shelf = Shelf(taken)
    for sold in before:
        shelf.sell(*sold)
    return shelf


def _reject_others(orders, known):
    "Reject what has the number of a document with another content"
    kept = []
    for order in orders:
        document = known.get(order.key)
        if document and document['content'] != order.content:
            for item in order.items:
                item.line.reason = (
                    f"{order.key.reference} is in the database with other "
                    "lines")
        else:
            kept.append(order)
    return kept


def _plan_supplies(server, masters, orders, lines, counts, purchases):
    trade_map = masters.map
    flows = stock_flows(
        [
            (o.key.date, i.code, i.quantity) for o in orders for i in o.items
            if not trade_map.is_service(i.code)],
        [
            (l.date, l.code, l.quantity) for l in lines
            if l.kind == 'correction' and not l.reason])
    if not flows:
        return []
    known = history.known_supplies(
        counts, purchases,
        masters.parties.get(trade_map.parties['supplier']))
    opening = history.day_before(min(
            date for by_day in flows.values() for date in by_day))
    stock = history.stock_at(server, masters, opening)
    for code, quantity in known[opening].items():
        stock[code] = stock.get(code, 0) - quantity
    return plan_supplies(
        flows, stock, known, trade_map.supply_days, SUPPLY_SIZE)


def _check_numbers(server, masters, plan, periods):
    """Check that the invoices can be numbered in the order of their days.

    :raises CanNot: later ones have a number already
    """
    first = defaultdict(lambda: None)
    for is_credit, orders in [(False, plan.orders), (True, plan.credits)]:
        for order in orders:
            if plan.is_finished(order):
                continue
            date = order.key.date
            year = next(y for f, l, y in periods if f <= date <= l)
            first[is_credit, year] = min(
                first[is_credit, year] or date, date)
    for (is_credit, year), date in first.items():
        if later := history.numbered_after(
                server, masters, date, year, is_credit):
            raise CanNot(
                f"The files begin on {date}, but invoices up to {later} "
                "have their numbers: files must be imported in the order "
                "of their days")


def find_lines(server, masters, plan):
    "Return the set of lines that finished documents of the database hold"
    found, missing = set(), set()
    documents = _find_documents(server, masters)
    for order in plan.orders + plan.credits:
        side = (
            found if _holds(documents.get(order.key), order) else missing)
        side.update(i.line for i in order.items)
    counts = history.find_counts(server, masters)
    known = history.known_corrections(
        [c for c in counts if c['state'] == 'done'])
    for count in make_counts(plan.lines, known):
        missing.update(e[3] for e in count.entries)
    made = history.made_purchases([
            p for p in history.find_purchases(server, masters)
            if p['state'] in {'processing', 'done'}])
    for cost in make_costs(plan.lines, masters.map):
        if masters.purchase_key(cost) not in made:
            missing.update(i.line for i in cost.items)
    found.update(
        l for l in plan.lines
        if l.kind in {'correction', 'cost'} and not l.reason)
    return found - missing


def _holds(document, order):
    "Tell if the document is finished and has the lines of the order"
    return (
        bool(document) and is_finished(document)
        and not document['is_double']
        and order.content == document['content'])
