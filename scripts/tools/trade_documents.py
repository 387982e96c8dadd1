# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""The documents that the lines of trade files make."""
import datetime as dt
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from .trade_classification import Buyer


class Key(NamedTuple):
    """What tells a sale or a return from the others, in files and databases.

    :ivar buyer: of a return what ``who`` gives
    """
    reference: str
    date: dt.date
    buyer: Buyer
    is_return: bool = False


class Origin(NamedTuple):
    """What a line of a return gives back.

    :ivar key: of the sale
    :ivar sequence: of its line
    """
    key: Key
    sequence: int


class Item(NamedTuple):
    """A line of a document; several can come from one line of a file.

    :ivar origin: Origin when it gives back what was sold
    """
    line: object
    code: str
    quantity: int
    price: Decimal
    origin: Origin = None


@dataclass(slots=True, eq=False)
class Order:
    "A sale, also one of nothing but money off, or a return of goods"
    key: Key
    items: list = field(default_factory=list)

    @property
    def content(self):
        "The items as they are compared with those of a database"
        return content_of(
            self.key, [(i.code, i.quantity, i.price) for i in self.items])

    @property
    def is_credit(self):
        "Whether its invoice is numbered as a credit note"
        amounts = [i.quantity * i.price for i in self.items]
        return all(a <= 0 for a in amounts) and sum(amounts) < 0


def content_of(key, lines):
    """Return lines as they are compared.

    :param lines: iterable of (code, quantity, price)
    """
    if not key.is_return:
        return Counter(lines)
    # One line gives back of one delivery
    totals = Counter()
    for code, quantity, price in lines:
        totals[code, price] += quantity
    return totals


def who(buyer):
    "A customer is the same in each country, cash sales are not"
    return buyer._replace(country='') if buyer.number else buyer


@dataclass(slots=True, eq=False)
class Sold:
    """A line of a sale.

    :ivar order: sorts the sales of a day
    :ivar quantity: that is not given back yet
    """
    date: dt.date
    order: tuple
    origin: Origin
    price: Decimal
    quantity: int


class Shelf:
    """What customers bought and have not sent back, by customer and product.

    :param taken: quantity by Origin of what others took from what the files
        sell
    """

    def __init__(self, taken=None):
        self._sold = defaultdict(list)
        self._taken = taken or {}

    def sell(self, buyer, code, sold):
        """Add goods.

        :param sold: Sold
        """
        sold.quantity -= self._taken.get(sold.origin, 0)
        self._sold[who(buyer), code].append(sold)

    def find(self, line):
        """Find what a line gives back.

        :return: list of (Sold, quantity) of the latest sales of that day or
            before at no lower price, the quantity that they do not cover,
            and whether others would at lower prices
        """
        sold = [
            s for s in self._sold.get((who(line.buyer), line.code), [])
            if s.date <= line.date and s.quantity > 0]
        parts, rest = [], -line.quantity
        for entry in sorted(
                sold, key=lambda s: (s.date, s.order), reverse=True):
            if entry.price >= line.price and rest:
                part = min(rest, entry.quantity)
                parts.append((entry, part))
                rest -= part
        return parts, rest, sum(s.quantity for s in sold) >= -line.quantity


def make_orders(lines, shelf, without_original=False):
    """Make the sales and the returns of the accepted lines.

    Lines with the number, the day and the customer in common make a sale or
    a return. A line of a return is matched with the sales of the same
    customer and product of that day or before, the nearest first, at no
    lower price. A line that they do not cover is rejected as a whole, or what
    they do not cover comes back without original.

    :param lines: classified lines; the reason is set of those rejected
    :param shelf: Shelf with the sales and returns made before
    :param without_original: accept returns without original
    :return: list of Order in the order of their days
    """
    orders, returns = {}, []

    def add(key, item):
        if key not in orders:
            orders[key] = Order(key)
        orders[key].items.append(item)

    for position, line in enumerate(lines):
        if line.reason:
            continue
        if line.kind in {'sale', 'service', 'refund', 'discount'}:
            key = Key(line.document, line.date, line.buyer)
            quantity, price = line.quantity, line.price
            if line.kind == 'discount':
                quantity, price = -quantity, -price
            add(key, Item(line, line.code, quantity, price))
            if line.kind == 'sale':
                shelf.sell(line.buyer, line.code, Sold(
                        line.date, (line.moment, position),
                        Origin(key, line.number), price, quantity))
        elif line.kind == 'return':
            returns.append((line.moment, position, line))

    def give_back(line, parts, rest):
        key = Key(line.document, line.date, who(line.buyer), True)
        for sold, quantity in parts:
            sold.quantity -= quantity
            add(key, Item(
                    line, line.code, -quantity, line.price, sold.origin))
        if rest:
            line.without_original = True
            add(key, Item(line, line.code, -rest, line.price))

    uncovered = []
    for _, _, line in sorted(returns):
        parts, rest, is_dear = shelf.find(line)
        if not rest:
            give_back(line, parts, rest)
        elif without_original:
            uncovered.append(line)
        elif is_dear:
            line.reason = (
                "dear return: the sales of the product to the customer that "
                "cover it had a lower price")
        else:
            line.reason = (
                "unknown return: no sales of the product to the customer "
                "cover it")
    # They get what the others have left
    for line in uncovered:
        parts, rest, _ = shelf.find(line)
        give_back(line, parts, rest)
    return sorted(
        orders.values(),
        key=lambda o: (
            o.key.date, min(i.line.moment for i in o.items), *o.key))


@dataclass(slots=True, eq=False)
class Cost:
    "A service that a supplier invoices"
    reference: str
    date: dt.date
    supplier: str
    items: list = field(default_factory=list)

    @property
    def key(self):
        return self.reference, self.date, self.supplier


def make_costs(lines, trade_map):
    "Return the list of Cost of the accepted lines"
    costs = {}
    for line in lines:
        if line.kind == 'cost' and not line.reason:
            supplier = trade_map.cost_supplier(line.code)
            key = line.document, line.date, supplier
            # What the company pays stands as given back in the file
            costs.setdefault(key, Cost(*key)).items.append(
                Item(line, line.code, -line.quantity, line.price))
    return sorted(costs.values(), key=lambda c: (c.date, c.reference))


@dataclass(slots=True, eq=False)
class Count:
    """A count of the storage: differences of products, each once.

    :ivar entries: list of (document number, code, difference, line)
    """
    date: dt.date
    entries: list = field(default_factory=list)


def make_counts(lines, known):
    """Return the counts for the accepted corrections that are not made yet.

    A product can be only once in a count: a second correction of the same
    day goes into a second count.

    :param known: Counter of (date, document, code, difference) made already
    """
    known = known.copy()
    counts, made = defaultdict(list), []
    corrections = [
        l for l in lines if l.kind == 'correction' and not l.reason]
    # The stock lasts at the end of a day: what comes in is counted first
    for line in sorted(corrections, key=lambda l: l.quantity < 0):
        entry = line.date, line.document, line.code, line.quantity
        if known[entry]:
            known[entry] -= 1
            continue
        for count in counts[line.date]:
            if line.code not in {e[1] for e in count.entries}:
                break
        else:
            count = Count(line.date)
            counts[line.date].append(count)
            made.append(count)
        count.entries.append((line.document, line.code, line.quantity, line))
    return sorted(made, key=lambda c: c.date)
