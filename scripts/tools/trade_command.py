# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""The command line of scripts/import_trade."""
import argparse
import getpass
import os
import secrets
import sys
import tempfile
import time
from configparser import ConfigParser
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from .database import Database
from .trade_classification import classify
from .trade_connection import CACHE, Local, Remote, create_database
from .trade_import import import_trade
from .trade_map import BadMap, load_map
from .trade_plan import CanNot
from .trade_reading import BadFile, read_files
from .trade_reconciliation import (
    Unbalanced, is_balanced, reconcile, returns_table, summarise, table,
    total_returns, write_rejects, write_summary)
from .trade_server import Refused

DATA = Path(__file__).resolve().parents[1] / 'data'
PASSWORD = 'TRYTON_PASSWORD'
# Seconds between lines of progress without a terminal
LINE_INTERVAL = 30
DESCRIPTION = """\
Turn trade lines into what they mean: products, customers, sales that are
quoted, confirmed, delivered and invoiced, returns of the deliveries that they
give back, stock corrections and services.
"""
EPILOG = """\
Files end with .csv, .csv.gz or .xlsx. The map that ships is for the layout of
"Online Retail"; a file of another layout needs a map of its own, written like
scripts/data/online_retail.toml.

What a line becomes:
  sale        a line of a sale; at price zero it is given away
  service     the same with a service product (postage, vouchers, manual)
  return      a line of a return (sale.return) that gives back of a delivery
              to the same customer (or country, without customer) of the
              product, of that day or before, the nearest first, at the price
              of the file if it is not more than was invoiced. What no sales
              cover is rejected as a whole: "unknown return", or "dear return"
              if they do at a lower price. With --returns-without-original
              accept it is returned without original instead
  refund      a negative line with a service product
  discount    a line at a negative price
  cost        without a customer, such as AMAZONFEE: a purchase of the service
              from the supplier that the map names
  correction  neither price nor customer: a line of a count (stock.inventory)
              of that day, that differs from what is expected by the quantity.
              With a priced line in the document it is a sale at price zero
  adjustment  documents beginning with A and negative prices: rejected, bad
              debt is no trade

Codes that differ in letter case only are one product. Its name is the text
that most of its lines with a price have, its list price the most frequent
price, its cost a share of the average price (60 %, set by the map).

Stock that the file does not tell of: for each product the deepest shortage
that its sales, returns and corrections would run into at the end of a day
until the next day of supply (the 1st and the 16th of each month, set by the
map). The first time it is counted as opening stock on the day before the
first line, then it is bought from one supplier, received and invoiced. So
there is always enough, and shipments are assigned without looking for the
stock of each line (assign_force).

Each line ends either in a document or in the file of rejects with its number
and the reason; the reconciliation shows both by month and kind. What counts
as accepted is read back from the database.

The import can be killed at any moment and started again with the same files:
it goes on from what the database holds. Later files of the trade come in
later runs, in the order of their days, because invoices are numbered so.

Invoices are posted but not rendered: the first to print one renders it.
Over --url the server does as it is configured to.
"""


class _Lines(tqdm):
    "Progress as a line now and then, for where there is no terminal"

    def __init__(self, *args, **kwargs):
        self._printed = time.monotonic()
        super().__init__(*args, **kwargs)

    def display(self, msg=None, pos=None):
        now = time.monotonic()
        if now - self._printed >= LINE_INTERVAL:
            self._printed = now
            print(msg or str(self), file=sys.stderr, flush=True)

    def close(self):
        # Nothing is left on the screen
        self.disable = True


def _parser():
    parser = argparse.ArgumentParser(
        prog='import_trade', description=DESCRIPTION, epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument(
        '--create', metavar='URI',
        help="make the database with an empty company first, or go on in it "
        "when it is there: sqlite:///absolute/path/name.sqlite or "
        "postgresql://[user[:password]@][host][:port]/name")
    target.add_argument(
        '--url', metavar='URL',
        help="of a running server, by XML-RPC: "
        "http[s]://user@host[:port]/database. The password is "
        f"${PASSWORD} or asked for")
    target.add_argument(
        '--config', metavar='FILE',
        help="configuration file of trytond, for a --database in this "
        "process")
    parser.add_argument(
        '--database', metavar='NAME', help="for --config")
    parser.add_argument(
        '--map', metavar='FILE', default=DATA / 'online_retail.toml',
        type=Path, help="what the columns mean (default: Online Retail)")
    parser.add_argument(
        '--rejects', metavar='FILE', default='rejects.csv', type=Path,
        help="where to write the lines that are not accepted "
        "(default: %(default)s)")
    parser.add_argument(
        '--summary', metavar='FILE', type=Path,
        help="where to write the reconciliation as JSON")
    parser.add_argument(
        '--company', metavar='NAME',
        help="name of the company for --create (default: name of the map)")
    parser.add_argument(
        '--edition', default='jxc', choices=['jxc', 'jxc_erp'],
        help="modules for --create (default: %(default)s)")
    parser.add_argument(
        '--workers', metavar='N', type=int,
        help="processes that write sales (default: 2 on PostgreSQL, else 1)")
    parser.add_argument(
        '--batch', metavar='LINES', type=int, default=800,
        help="lines of sales in a transaction (default: %(default)s)")
    parser.add_argument(
        '--compare', metavar='N', type=int, default=0,
        help="write the first N sales as a plain script does, one order and "
        "one button at a time, and print how much faster the rest is")
    parser.add_argument(
        '--returns-without-original', choices=['reject', 'accept'],
        default='reject',
        help="what to do with returns that no sales cover: reject them, or "
        "accept and approve them at the price of the file and the cost of "
        "the product (default: %(default)s)")
    parser.add_argument('files', metavar='FILE', nargs='+')
    return parser


def main(arguments=None):
    """Run the import.

    :return: exit code
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if bool(options.config) != bool(options.database):
        parser.error("--config and --database belong together")
    try:
        return _run(options)
    except (BadFile, BadMap, CanNot, Refused, Unbalanced) as error:
        print(f"import_trade: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "import_trade: interrupted, the same command goes on from here",
            file=sys.stderr)
        return 130


def _run(options):
    started = time.monotonic()
    trade_map = load_map(options.map)
    headers, lines = read_files(options.files, trade_map)
    classify(lines, trade_map)
    if not lines:
        raise BadFile("There are no lines in the files.")
    for path in [options.rejects, options.summary]:
        if path and not path.absolute().parent.is_dir():
            raise BadFile(f"There is no folder for {path}")
    with _connection(options, trade_map, lines) as connection, \
            connection.server() as server, \
            (tqdm if sys.stderr.isatty() else _Lines)(
                total=0, unit=' lines', smoothing=.05, mininterval=.5
                ) as bar:
        result = import_trade(
            connection, server, lines, trade_map, bar, options.batch,
            options.compare, options.returns_without_original == 'accept')
    totals = reconcile(lines, result.found)
    returns = total_returns(lines)
    write_rejects(options.rejects, headers, lines)
    figures = {
        'lines_written': result.lines,
        'seconds': round(time.monotonic() - started, 1),
        'returns': returns,
        'lines_per_second': round(result.rate, 2),
        }
    if result.plain:
        figures['plain_lines_per_second'] = round(
            result.plain[0] / result.plain[1], 2)
        figures['times_as_fast'] = round(result.ratio or 0, 2)
    summary = summarise(lines, totals, **figures)
    if options.summary:
        write_summary(options.summary, summary)
    print('\n'.join(table(totals)))
    print('\n'.join(returns_table(returns)))
    print(
        f"{result.lines} lines written in {result.seconds:.0f} s: "
        f"{result.rate:.1f} lines per second")
    if result.plain:
        print(
            f"Plainly {result.plain[0]} lines in {result.plain[1]:.0f} s: "
            f"{figures['plain_lines_per_second']} lines per second. The "
            f"import is {figures['times_as_fast']} times as fast")
    if summary['rejected']:
        print(f"{summary['rejected']} rejected lines are in {options.rejects}")
    balanced = is_balanced(totals)
    print("Balanced" if balanced else "NOT BALANCED")
    return 0 if balanced else 1


@contextmanager
def _connection(options, trade_map, lines):
    "Yield the connection to what the options name"
    if options.url:
        password = os.environ.get(PASSWORD)
        if password is None:
            password = getpass.getpass(f"Password for {options.url}: ")
        yield Remote(options.url, password, options.workers or 1)
        return
    with tempfile.TemporaryDirectory() as folder:
        if options.create:
            try:
                database = Database(options.create)
            except ValueError as error:
                raise Refused(error) from error
            _create(options, database, trade_map, lines)
            config = database.write_config(
                Path(folder) / 'trytond.conf', cache=CACHE)
            backend, name = database.backend, database.name
        else:
            parser = ConfigParser(interpolation=None)
            if not parser.read(options.config):
                raise Refused(f"{options.config} can not be read")
            config, name = options.config, options.database
            uri = parser.get('database', 'uri', fallback='sqlite://')
            backend = uri.partition(':')[0]
        yield Local(str(config), backend, name, options.workers)


def _create(options, database, trade_map, lines):
    "Make the database unless it is there"
    try:
        if database.exists():
            return
    except Exception as error:
        # Each driver has its own exceptions
        raise Refused(
            f"{options.create} can not be reached: "
            + str(error).strip().splitlines()[0]) from error
    dates = [l.date for l in lines if not l.reason]
    if not dates:
        raise BadFile("No line of the files is trade.")
    password = os.environ.get(PASSWORD)
    if not password:
        password = secrets.token_urlsafe(12)
        print(f"The password of admin is {password}", flush=True)
    print(f"Making {options.create} (about a minute)", flush=True)
    create_database(
        database, password, options.edition,
        options.company or trade_map.name, trade_map.currency, min(dates),
        max(dates))
