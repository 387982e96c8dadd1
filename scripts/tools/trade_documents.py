# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""The documents that the lines of trade files make."""
import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from .trade_classification import Buyer


class Key(NamedTuple):
    """What tells a sale from the others, in a file and in a database.

    :ivar origin: key of the sale that a return gives back, else None
    """
    reference: str
    date: dt.date
    buyer: Buyer
    origin: tuple = None


class Item(NamedTuple):
    "A line of a document; several can come from one line of a file"
    line: object
    code: str
    quantity: int
    price: Decimal


@dataclass(slots=True, eq=False)
class Order:
    "A sale, or a return when it has an origin or nothing but money off"
    key: Key
    items: list = field(default_factory=list)

    @property
    def content(self):
        "The items as they are compared with those of a database"
        return sorted((i.code, i.quantity, i.price) for i in self.items)

    @property
    def is_credit(self):
        "Whether its invoice is numbered as a credit note"
        amounts = [i.quantity * i.price for i in self.items]
        return all(a <= 0 for a in amounts) and sum(amounts) < 0


def _who(buyer):
    "A customer is the same in each country, cash sales are not"
    return buyer.number or buyer


class Shelf:
    "What customers bought and have not sent back, by customer and product"

    def __init__(self):
        self._sold = defaultdict(list)

    def sell(self, buyer, code, date, order, key, quantity):
        """Add goods.

        :param order: sorts the sales of a day
        """
        self._sold[_who(buyer), code].append([date, order, key, quantity])

    def give_back(self, buyer, code, date, quantity):
        """Take goods from the latest sales of that day or before.

        :param quantity: positive
        :return: list of (key of the sale, quantity), empty when there is not
            enough: then nothing is taken
        """
        sold = [
            s for s in self._sold.get((_who(buyer), code), [])
            if s[0] <= date and s[3] > 0]
        if sum(s[3] for s in sold) < quantity:
            return []
        taken = []
        for entry in sorted(sold, key=lambda s: s[:2], reverse=True):
            part = min(quantity, entry[3])
            entry[3] -= part
            quantity -= part
            taken.append((entry[2], part))
            if not quantity:
                return taken

    def take(self, buyer, code, key, quantity):
        "Take goods of a return that is known already"
        for entry in self._sold.get((_who(buyer), code), []):
            if entry[2] == key:
                part = min(quantity, entry[3])
                entry[3] -= part
                quantity -= part


def make_orders(lines, shelf):
    """Make the sales and the returns of the accepted lines.

    Lines with the number, the day and the customer in common make a sale. A
    return is matched with the sales of the same customer and product of that
    day or before, the nearest first; there is one document for each sale
    that it gives back. A line that they do not cover is rejected as a whole.

    :param lines: classified lines; the reason is set of those rejected
    :param shelf: Shelf with the sales and returns made before
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
                shelf.sell(
                    line.buyer, line.code, line.date, (line.moment, position),
                    key, quantity)
        elif line.kind == 'return':
            returns.append((line.moment, position, line))
    for _, _, line in sorted(returns):
        parts = shelf.give_back(
            line.buyer, line.code, line.date, -line.quantity)
        if not parts:
            line.reason = (
                "unknown return: no sales of the product to the customer "
                "cover it")
        for origin, quantity in parts:
            add(
                Key(line.document, line.date, line.buyer, origin),
                Item(line, line.code, -quantity, line.price))
    return sorted(
        orders.values(),
        key=lambda o: (
            o.key.date, min(i.line.moment for i in o.items),
            o.key.reference, o.key.buyer, o.key.origin or ()))


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
