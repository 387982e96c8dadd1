# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Write sales with one process or several.

Each process takes the next batch of sales, delivers it, and waits until the
batches before are invoiced: invoices are numbered in the order of their days.
"""
import copy
import multiprocessing
import queue

from .process import bound
from .trade_server import Refused
from .trade_writing import PROCESS_SALE, SaleWriter


def batches(orders, size):
    """Split the orders in lists of about as many lines.

    :param size: number of lines
    """
    batch, lines = [], 0
    for order in orders:
        if batch and lines + len(order.items) > size:
            yield batch
            batch, lines = [], 0
        batch.append(order)
        lines += len(order.items)
    if batch:
        yield batch


def write_alone(server, writer, orders, size, progress):
    """Write the orders in this process.

    :param writer: SaleWriter, learns the ids of the sales
    :param progress: called with each batch that is written
    """
    for batch in batches(orders, size):
        locks = writer.prepare(batch)

        def write(server):
            ids = writer.deliver(batch)
            server.flush()
            writer.invoice(list(ids.values()))
            return ids

        writer.ids.update(
            server.run(write, lock=locks, posting=True))
        progress(batch)


def _work(connection, bind, masters, ids, todo, turn, done):
    """Write batches until there are no more.

    :param todo: list of batches
    :param turn: condition, next batch to take and to invoice
    :param done: queue of (batch number, ids by key) or of a message
    """
    bind()
    condition, taken, invoiced = turn
    try:
        with connection.server() as server:
            masters.server = server
            writer = SaleWriter(server, masters, {})
            writer.ids = ids
            while True:
                with condition:
                    number = taken.value
                    taken.value += 1
                if number >= len(todo):
                    break
                batch = todo[number]
                new = server.run(
                    lambda server: writer.deliver(batch),
                    leave={PROCESS_SALE}, lock=writer.prepare(batch))
                with condition:
                    condition.wait_for(lambda: invoiced.value == number)
                sale_ids = list(new.values())
                server.run(
                    lambda server: writer.invoice(sale_ids),
                    lock={'sale.sale': sale_ids}, posting=True)
                with condition:
                    invoiced.value = number + 1
                    condition.notify_all()
                done.put((number, new))
    except Refused as error:
        done.put((None, str(error)))


def write_together(connection, masters, writer, orders, size, progress):
    """Write the orders with as many processes as the connection allows.

    :raises Refused: one of them failed
    """
    context = multiprocessing.get_context('spawn')
    todo = list(batches(orders, size))
    turn = context.Condition(), context.Value('l', 0), context.Value('l', 0)
    done = context.Queue()
    plain = copy.copy(masters)
    plain.server = None
    processes = [
        context.Process(
            target=_work, daemon=True, args=(
                connection, bound(), plain, writer.ids, todo, turn, done))
        for _ in range(connection.workers)]
    try:
        for process in processes:
            process.start()
        left = len(todo)
        while left:
            try:
                number, result = done.get(timeout=5)
            except queue.Empty:
                if any(p.exitcode for p in processes):
                    raise Refused("a worker process ended") from None
                continue
            if number is None:
                raise Refused(result)
            writer.ids.update(result)
            progress(todo[number])
            left -= 1
        for process in processes:
            process.join()
    finally:
        for process in processes:
            process.kill()
