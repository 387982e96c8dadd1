# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Import a trade: plan it, write it and account for each line."""
import time
from dataclasses import dataclass

from .trade_comparison import replay
from .trade_masters import Masters, customers_of
from .trade_plan import find_lines, make_plan
from .trade_returns import ReturnWriter
from .trade_server import Refused
from .trade_workers import write_alone, write_together
from .trade_writing import SaleWriter, StockWriter


@dataclass
class Result:
    """What an import did.

    :ivar found: set of the lines in documents
    :ivar lines: number of lines that this run wrote
    :ivar seconds: that it took to write them
    :ivar plain: (lines, seconds) of the orders written plainly, or None
    """
    found: set
    lines: int
    seconds: float
    plain: tuple = None

    @property
    def rate(self):
        return self.lines / self.seconds if self.seconds else 0

    @property
    def ratio(self):
        "How many times as fast as plainly"
        if self.plain and self.rate:
            lines, seconds = self.plain
            return self.rate / (lines / seconds)


def import_trade(
        connection, server, lines, trade_map, bar, size=800, compare=0,
        without_original=False):
    """Import the classified lines.

    :param connection: trade_connection.Local or Remote of the server
    :param bar: progress bar of tqdm
    :param size: lines of sales in a transaction
    :param compare: number of orders to write plainly
    :param without_original: accept returns without original
    :raises trade_plan.CanNot: nothing was changed
    :raises Refused: interrupted, the next time goes on from there
    """
    masters = Masters(server, trade_map)
    currency, = server.call(
        'currency.currency', 'read', [masters.currency], ['code'])
    if currency['code'] != trade_map.currency:
        raise Refused(
            f"the company keeps its accounts in {currency['code']}, the "
            f"trade is in {trade_map.currency}")
    bar.set_description("Planning")
    plan = make_plan(server, masters, lines, without_original)
    accepted = [l for l in lines if not l.reason]
    bar.reset(total=len(accepted))
    bar.set_description("Products and customers")
    started = time.monotonic()
    masters.create_parties(
        customers_of(accepted, trade_map), lambda n: bar.refresh())
    masters.create_products(accepted, lambda n: bar.refresh())
    _write_stock(server, masters, plan, bar)
    writer = SaleWriter(server, masters, plan.known)
    orders = [o for o in plan.orders if not plan.is_finished(o)]
    credits = [o for o in plan.credits if not plan.is_finished(o)]
    todo = {i.line for o in orders + credits for i in o.items}
    todo.update(e[3] for c in plan.counts for e in c.entries)
    bar.update(len(accepted) - len(todo) - bar.n)
    plain = None
    if compare:
        bar.set_description("Plain replay")
        sample = [o for o in orders[:compare] if o.key not in writer.ids]
        orders = [o for o in orders if o not in set(sample)]
        ids, seconds = replay(connection.proteus(), server, masters, sample)
        writer.ids.update(ids)
        plain = sum(len(o.items) for o in sample), seconds
        bar.update(plain[0])
        started += seconds

    def progress(batch):
        bar.update(len({i.line for o in batch for i in o.items}))

    bar.set_description("Sales")
    if connection.workers > 1 and len(orders) > 10:
        write_together(
            connection, masters, writer, orders, size, progress)
    else:
        write_alone(server, writer, orders, size, progress)
    bar.set_description("Returns")
    writer = ReturnWriter(server, masters, plan.known, writer.ids)
    write_alone(server, writer, credits, size, progress)
    bar.set_description("Stock corrections")
    stock = StockWriter(server, masters)
    for count in plan.counts:
        server.run(lambda server: stock.correct(count))
        bar.update(len(count.entries))
    seconds = time.monotonic() - started
    bar.set_description("Checking")
    return Result(
        find_lines(server, masters, plan),
        len(todo) - (plain[0] if plain else 0), seconds, plain)


def _write_stock(server, masters, plan, bar):
    "Write what the sales need to be there before"
    stock = StockWriter(server, masters)
    for id_ in plan.unfinished_counts:
        server.run(lambda server: stock.finish_count(id_))
    for id_ in plan.unfinished_purchases:
        server.run(
            lambda server: stock.finish_purchase(id_), posting=True)
    bar.set_description("Stock")
    for supply in plan.supplies:
        server.run(lambda server: stock.supply(supply), posting=True)
        bar.refresh()
    for cost in plan.costs:
        server.run(lambda server: stock.purchase(
                cost.reference, cost.date, cost.supplier,
                [(i.code, i.quantity, i.price) for i in cost.items]),
            posting=True)
        bar.refresh()
