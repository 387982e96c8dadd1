# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What the demo company sells, buys, makes and moves, and when.

The plan is made first and the documents afterwards: so that nothing is sold
that is not there, in whatever quantity chance makes customers ask for it.
"""
import datetime as dt
import math
from collections import defaultdict
from typing import NamedTuple

PERIODS = 13
# Days in a period: goods come in on the first, are made next, leave last
LENGTH = 14
# Sold in the first periods only
SLOW = {'T021', 'T043', 'T057', 'T061'}
# Not bought again before the last period
SHORT = ['T018', 'T036', 'T053', 'T012', 'T041']
WHOLESALE = [f'W{i:02d}' for i in range(1, 13)]
RETAIL = [f'R{i:02d}' for i in range(1, 7)]
# What has become of the sales of the last period to wholesale customers
LAST_STAGES = [
    'invoiced', 'done', 'shipped', 'packed', 'picked', 'assigned', 'waiting',
    'quotation', 'quotation', 'draft', 'draft', 'cancelled']


class Order(NamedTuple):
    """A sale to a customer.

    :param customer: code of the party
    :param date: when it is agreed
    :param shop: whether the goods leave from the shop
    :param lines: list of codes of products and quantities
    :param stage: what becomes of it
    """
    customer: str
    date: dt.date
    shop: bool
    lines: list
    stage: str


class Supply(NamedTuple):
    """An order to a supplier.

    :param supplier: code of the party
    :param ordered: date of the order
    :param received: date of the receipt
    :param lines: list of codes of products and quantities
    """
    supplier: str
    ordered: dt.date
    received: dt.date
    lines: list


class Make(NamedTuple):
    """A production.

    :param code: of the product
    :param quantity: in the unit of the product
    :param date: of its end
    """
    code: str
    quantity: float
    date: dt.date


class Period(NamedTuple):
    """What happens within two weeks.

    :param first: first day
    :param last: last day
    """
    first: dt.date
    last: dt.date
    orders: list
    supplies: list
    makes: list
    transfers: list


class Plan:
    """The plan of six months.

    :param rows: rows of the table of products by code
    :param boms: inputs by code of the product, each by code the quantity
    :param today: last day
    :param random: random.Random
    """

    def __init__(self, rows, boms, today, random):
        self.rows = rows
        self.boms = boms
        self.random = random
        first = today - dt.timedelta(days=PERIODS * LENGTH - 1)
        self.periods = [
            Period(
                first + dt.timedelta(days=LENGTH * k),
                first + dt.timedelta(days=LENGTH * (k + 1) - 1),
                [], [], [], [])
            for k in range(PERIODS)]
        #: quantities that are there at the beginning
        self.opening = defaultdict(float)
        #: quantities in the main warehouse that nobody needs at the end
        self.left = {}
        for k, period in enumerate(self.periods):
            self._plan_orders(k, period)
        needs = self._plan_transfers()
        self._plan_makes(needs)
        self._plan_supplies(needs)

    def _plan_orders(self, k, period):
        last = k == PERIODS - 1
        stages = LAST_STAGES if last else ['paid'] * (4 + k // 3)
        customers = self.random.sample(WHOLESALE, len(stages))
        for customer, stage in zip(customers, stages):
            lines = self._wholesale_lines(k)
            if stage == 'waiting':
                lines = [
                    (code, 20 * self._pack(code)) for code in SHORT[:3]]
            period.orders.append(Order(
                    customer, self._day(period, 6, 10), False, lines, stage))
        for customer in ['R01', 'R01', self.random.choice(RETAIL[1:])]:
            lines = [
                (code, self.random.randint(2, 8))
                for code in self._choose('retail', k, 6)]
            period.orders.append(Order(
                    customer, self._day(period, 6, 11), True, lines, 'paid'))
        period.orders.sort(key=lambda o: o.date)

    def _wholesale_lines(self, k):
        "Return the lines of a sale, the more the later it is"
        lines = []
        for code in self._choose('wholesale', k, self.random.randint(2, 4)):
            packs = self.random.randint(2, 4) + k // 4
            lines.append((code, packs * self._pack(code)))
        return lines

    def _choose(self, column, k, number):
        "Return the codes of as many products, those in demand more often"
        last = k == PERIODS - 1
        codes = [
            code for code, row in self.rows.items() if row[column]
            and not (code in SLOW and k > 2)
            and not (code in SHORT and last)]
        weights = [int(self.rows[code][column]) for code in codes]
        chosen = {}
        while len(chosen) < number:
            chosen[self.random.choices(codes, weights)[0]] = True
        return list(chosen)

    def _pack(self, code):
        return int(self.rows[code]['pack'] or 1)

    def _day(self, period, first, last):
        return period.first + dt.timedelta(
            days=self.random.randint(first, last))

    def _plan_transfers(self):
        """Move to the shop what it sells in two periods.

        :return: list by period of the quantities that leave the main
            warehouse by code
        """
        needs = [defaultdict(float) for _ in self.periods]
        shop = [defaultdict(float) for _ in self.periods]
        for k, period in enumerate(self.periods):
            for order in period.orders:
                # The order that waits shall not be served
                if order.stage not in {'waiting', 'cancelled'}:
                    for code, quantity in order.lines:
                        (shop if order.shop else needs)[k][code] += quantity
        for k in range(0, PERIODS, 2):
            quantities = defaultdict(float)
            for demand in shop[k:k + 2]:
                for code, quantity in demand.items():
                    quantities[code] += quantity
            for code, quantity in sorted(quantities.items()):
                quantity = math.ceil(quantity / 6) * 6
                needs[k][code] += quantity
                self.periods[k].transfers.append((code, quantity))
        return needs

    def _plan_makes(self, needs):
        "Make what is sold in three periods and add the materials needed"
        for i, code in enumerate(sorted(self.boms)):
            if not self.rows[code]['source'] == 'make':
                continue
            for k, quantity in self._arrivals(code, needs, i, 3):
                self.periods[k].makes.append(
                    Make(code, quantity, self._day(self.periods[k], 3, 5)))
                for input_, factor in self.boms[code].items():
                    needs[k][input_] += quantity * factor

    def _plan_supplies(self, needs):
        "Buy what is needed in two periods"
        suppliers = sorted({
                row['supplier'] for row in self.rows.values()
                if row['supplier']})
        lines = defaultdict(list)
        for code, row in sorted(self.rows.items()):
            if (code in self.boms or not row['supplier']
                    or row['source'] in {'expense', 'outsourcing'}):
                continue
            index = suppliers.index(row['supplier'])
            for k, quantity in self._arrivals(code, needs, index, 2):
                lines[k, row['supplier']].append((code, quantity))
        for (k, supplier), supplied in sorted(lines.items()):
            period = self.periods[k]
            received = self._day(period, 0, 2)
            period.supplies.append(Supply(
                    supplier,
                    received - dt.timedelta(days=self.random.randint(5, 9)),
                    received, supplied))

    def _arrivals(self, code, needs, index, every):
        """Yield the periods and the quantities in which the product comes.

        The first period is served by what is there at the beginning.
        """
        first = next(
            k for k in range(1, PERIODS) if (k + index) % every == 0)
        pack = self._pack(code)
        demand = [n[code] for n in needs]
        stock = math.ceil(sum(demand[:first]) * 1.3 / pack + 1) * pack
        self.opening[code] = stock
        for k in range(PERIODS):
            if k >= first and (k + index) % every == 0:
                wanted = sum(demand[k:k + every]) * 1.25 - stock
                if wanted > 0 and not (code in SHORT and k > 9):
                    quantity = math.ceil(wanted / pack) * pack
                    yield k, quantity
                    stock += quantity
                elif code in SHORT and sum(demand[k:]) > stock:
                    quantity = math.ceil((sum(demand[k:]) - stock) / pack)
                    yield k, quantity * pack
                    stock += quantity * pack
            stock -= demand[k]
        self.left[code] = stock
