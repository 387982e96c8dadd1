# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""The stock that must come in for a trade of which only sales are known.

At the start, and on some days of each month, stock is bought that lasts until
the next such day: for each product the deepest shortage that its sales,
returns and corrections would run into at the end of a day. The first time it
is counted as opening stock on the day before, then it is bought.
"""
import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal


@dataclass(slots=True)
class Supply:
    """Stock that comes in at once.

    :ivar date: of the count or the purchase
    :ivar is_opening: counted, not bought
    :ivar quantities: quantity by code, sorted by code
    """
    date: dt.date
    is_opening: bool
    quantities: dict

    @property
    def label(self):
        "What names it in the database"
        first, *_, last = [*self.quantities, *self.quantities]
        return f'{self.date} {first} – {last}'


def supply_dates(first, last, days):
    """Return the days of supply in the period, the opening before it.

    :param days: days of the month, sorted, at most 28
    """
    dates = [first - dt.timedelta(days=1)]
    month = first.replace(day=1)
    while month <= last:
        dates += [
            d for d in (month.replace(day=day) for day in days)
            if first < d <= last]
        month = (month + dt.timedelta(days=31)).replace(day=1)
    return dates


def plan_supplies(flows, stock, known, days, size):
    """Plan what must come in.

    :param flows: difference of the stock by day by code
    :param stock: quantity by code before the opening, without what the
        import itself has counted or bought
    :param known: quantity by code by date, made by the import already
    :param days: days of the month at which to buy
    :param size: most products at once
    :return: list of Supply that are not made yet
    """
    all_days = [day for by_day in flows.values() for day in by_day]
    if not all_days:
        return []
    dates = supply_dates(min(all_days), max(all_days), days)
    ends = dates[1:] + [dt.date.max]
    needs = defaultdict(dict)
    for code, by_day in sorted(flows.items()):
        level = stock.get(code, 0)
        changes = sorted(by_day.items())
        for date, end in zip(dates, ends):
            level += known.get(date, {}).get(code, 0)
            lowest = after = 0
            while changes and changes[0][0] < end:
                after += changes.pop(0)[1]
                lowest = min(lowest, after)
            need = -(level + lowest)
            if need > 0:
                needs[date][code] = need
                level += need
            level += after
    supplies = []
    for date in dates:
        codes = list(needs[date])
        for start in range(0, len(codes), size):
            supplies.append(Supply(
                    date, date == dates[0] and not any(stock.values()),
                    {c: needs[date][c] for c in codes[start:start + size]}))
    return supplies


def stock_flows(orders, counts):
    """Return the difference of the stock by day by code.

    :param orders: iterable of (date, code, quantity sold) of goods
    :param counts: iterable of (date, code, difference)
    """
    flows = defaultdict(lambda: defaultdict(int))
    for date, code, quantity in orders:
        flows[code][date] -= quantity
    for date, code, difference in counts:
        flows[code][date] += difference
    return flows


def average_price(prices):
    "Return the average of the sale prices of a product, zero when unknown"
    return sum(prices) / len(prices) if prices else Decimal(0)
