# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""The import of trade lines, as a person runs it."""
import csv
import gzip
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from contextlib import closing
from decimal import Decimal
from pathlib import Path

from . import ROOT
from .tools import PASSWORD, new_database, serve

BACKENDS = ['sqlite', 'postgresql']
ENGINE = ['test_create', 'test_killed']
SCRIPT = ROOT / 'scripts' / 'import_trade'
HEADER = [
    'InvoiceNo', 'StockCode', 'Description', 'Quantity', 'InvoiceDate',
    'UnitPrice', 'CustomerID', 'Country']
TIMEOUT = 1200
# Lines of a transaction, few so that there are many moments to be killed at
BATCH = '12'

# What the documents are, without the ids that depend on what was undone
DOCUMENTS = {
    'sale': """
        SELECT s.reference, s.sale_date, p.name, a.country, s.state,
            s.shipment_state, s.invoice_state, o.reference, l.sequence,
            l.quantity, l.unit_price, r.code, l.description
        FROM sale_sale s JOIN party_party p ON p.id = s.party
            JOIN party_address a ON a.id = s.invoice_address
            LEFT JOIN sale_return o ON s.origin = 'sale.return,' || o.id
            JOIN sale_line l ON l.sale = s.id
            JOIN product_product r ON r.id = l.product""",
    'customer_return': """
        SELECT s.reference, s.date, p.name, s.state, e.code, o.reference,
            l.sequence, l.quantity, l.unit_price, r.code, v.reference,
            w.sequence, m.quantity, l.without_original, l.cost_price,
            l.cost_source, l.note
        FROM sale_return s JOIN party_party p ON p.id = s.party
            JOIN stock_return_reason e ON e.id = s.reason
            LEFT JOIN sale_sale o ON o.id = s.sale
            JOIN sale_return_line l ON l.return_ = s.id
            JOIN product_product r ON r.id = l.product
            LEFT JOIN stock_move m ON m.id = l.origin_move
            LEFT JOIN sale_line w ON m.origin = 'sale.line,' || w.id
            LEFT JOIN sale_sale v ON v.id = w.sale""",
    'purchase': """
        SELECT s.reference, s.purchase_date, p.name, s.state,
            s.shipment_state, s.invoice_state, l.sequence, l.quantity,
            l.unit_price, r.code
        FROM purchase_purchase s JOIN party_party p ON p.id = s.party
            JOIN purchase_line l ON l.purchase = s.id
            JOIN product_product r ON r.id = l.product""",
    'move': """
        SELECT r.code, m.quantity, f.type, t.type, m.effective_date, m.state,
            m.cost_price
        FROM stock_move m JOIN product_product r ON r.id = m.product
            JOIN stock_location f ON f.id = m.from_location
            JOIN stock_location t ON t.id = m.to_location""",
    'count': """
        SELECT i.date, i.state, r.code, l.quantity, l.expected_quantity
        FROM stock_inventory i
            JOIN stock_inventory_line l ON l.inventory = i.id
            JOIN product_product r ON r.id = l.product""",
    'note': "SELECT message FROM ir_note",
    'invoice': """
        SELECT i.type, i.number, i.invoice_date, p.name, i.state,
            i.total_amount_cache, m.number
        FROM account_invoice i JOIN party_party p ON p.id = i.party
            LEFT JOIN account_move m ON m.id = i.move""",
    'entry': """
        SELECT m.number, m.date, m.state, a.name, l.debit, l.credit
        FROM account_move m JOIN account_move_line l ON l.move = m.id
            JOIN account_account a ON a.id = l.account""",
    'party': """
        SELECT p.name, a.country FROM party_party p
            LEFT JOIN party_address a ON a.party = p.id""",
    'product': """
        SELECT p.code, t.name, t.type FROM product_product p
            JOIN product_template t ON t.id = p.template""",
    'shipment': "SELECT state, effective_date FROM stock_shipment_out",
    'return': "SELECT state, effective_date FROM stock_shipment_out_return",
    'reception': """
        SELECT state, effective_date, reference FROM stock_shipment_in""",
    }


def _plain(value):
    "Numbers of the engines have different types"
    if isinstance(value, bytes):
        value = value.decode()
    try:
        return str(Decimal(str(value)).normalize())
    except ArithmeticError:
        return str(value)


def query(database, text):
    with closing(database.connection()) as connection:
        return [
            tuple(map(_plain, row))
            for row in connection.execute(text).fetchall()]


def documents(database):
    "Return the contents of the database that can be compared"
    return {
        name: sorted(query(database, text))
        for name, text in DOCUMENTS.items()}


def trade(month, seed, lines=80):
    """Return the rows of a month of trade, always the same for a seed.

    :param month: 'YYYY-MM'
    """
    rng = random.Random(seed)
    goods = [f'2{n:04}' for n in range(9)]
    rows, number = [], seed * 1000
    while len(rows) < lines:
        number += 1
        day = 1 + 27 * len(rows) // lines
        moment = f'{month}-{day:02} {rng.randint(8, 18):02}:00'
        customer = rng.choice(['17850', '17851', '17852', ''])
        country = 'France' if customer == '17852' else 'United Kingdom'
        kind = rng.random()
        if kind < .6:
            for _ in range(rng.randint(1, 8)):
                code = rng.choice(goods)
                rows.append((
                        number, rng.choice([code, code + 'a', code + 'A']),
                        f'ITEM {code}', rng.randint(1, 12), moment,
                        rng.choice(['0.85', '2.55', '3.39']), customer,
                        country))
            if rng.random() < .3:
                rows.append((
                        number, 'POST', 'POSTAGE', 1, moment, '18.0',
                        customer, country))
        elif kind < .7:
            # Of what was never sold, or not that much
            rows.append((
                    f'C{number}', rng.choice(goods), 'ITEM',
                    -rng.randint(1, 9), moment, '2.55', customer, country))
        elif kind < .8:
            if sold := [
                    r for r in rows if r[1] in goods and r[6] == customer
                    and (r[3] or 0) > 3 and r[5] > '0.0']:
                _, code, text, _, _, price, _, _ = rng.choice(sold)
                rows.append((
                        f'C{number}', code, text, -rng.randint(1, 2), moment,
                        price, customer, country))
        elif kind < .9:
            rows.append((
                    number, rng.choice(goods),
                    rng.choice(['', 'damages', '?']),
                    rng.choice([-3, -1, 2]), moment, '0.0', '', country))
        elif kind < .93:
            rows.append((
                    f'C{number}', 'D', 'Discount', -1, moment, '27.5',
                    '17850', country))
        elif kind < .96:
            rows.append((
                    f'C{number}', 'AMAZONFEE', 'AMAZON FEE', -1, moment,
                    '135.41', '', country))
        else:
            rows.append((
                    number, rng.choice(goods), 'ITEM', '', moment, '1.0',
                    customer, country))
    return rows


class ImportTestCase(unittest.TestCase):
    "Test scripts/import_trade"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = Path(
            cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.october = cls.write('october.csv', trade('2010-10', 1))
        cls.november = cls.write(
            'november.csv.gz', trade('2010-11', 2, lines=45))
        cls.december = cls.write(
            'december.csv', trade('2010-12', 3, lines=45))
        # The company starts with one sale, which --create makes
        seed = cls.write('seed.csv', [(
                    1, 'SEED', 'SEED', 1, '2010-09-30 08:00', '1.5', '17850',
                    'United Kingdom')])
        cls.base = new_database()
        cls.addClassCleanup(cls.base.drop)
        cls.seeded = cls.run_script(
            '--create', cls.base.uri, seed, '--summary', 'seed.json')

    @classmethod
    def write(cls, name, rows):
        path = cls.folder / name
        opener = gzip.open if name.endswith('.gz') else open
        with opener(path, 'wt', encoding='utf-8', newline='') as file:
            writer = csv.writer(file)
            writer.writerow(HEADER)
            writer.writerows(rows)
        return path

    @classmethod
    def command(cls, *arguments):
        return [
            sys.executable, str(SCRIPT), '--batch', BATCH,
            *map(str, arguments)]

    @classmethod
    def run_script(cls, *arguments):
        return subprocess.run(
            cls.command(*arguments), cwd=cls.folder, text=True,
            capture_output=True, timeout=TIMEOUT,
            env={**os.environ, 'TRYTON_PASSWORD': PASSWORD})

    def import_into(self, database, *arguments):
        "Return the summary of an import that must succeed"
        result = self.run_script(
            '--create', database.uri, '--summary', 'summary.json', *arguments)
        self.assertEqual(result.returncode, 0, msg=result.stderr)
        return json.loads((self.folder / 'summary.json').read_text())

    def copy(self):
        "Return a copy of the company with its first sale"
        database = new_database()
        self.base.copy(database)
        self.addCleanup(database.drop)
        return database

    def test_create(self):
        "Test the database is made with a company"
        self.assertEqual(
            self.seeded.returncode, 0, msg=self.seeded.stderr)
        summary = json.loads((self.folder / 'seed.json').read_text())
        self.assertEqual(
            [summary[k] for k in ['lines_in', 'accepted', 'rejected']],
            [1, 1, 0])
        self.assertEqual(
            query(self.base, (
                    "SELECT reference, state, shipment_state, invoice_state "
                    "FROM sale_sale")),
            [('1', 'processing', 'sent', 'awaiting payment')])

    def test_documents(self):
        "Test what the lines become, at once and month by month"
        database = self.copy()
        summary = self.import_into(database, self.october, self.november)
        self.check_account(database, summary)
        self.check_documents(database)
        before = documents(database)

        again = self.import_into(database, self.october, self.november)
        self.assertEqual(documents(database), before)
        for key in ['lines_in', 'accepted', 'rejected', 'by_month_and_kind']:
            self.assertEqual(again[key], summary[key])

        other = self.copy()
        self.import_into(other, self.october)
        self.import_into(other, self.november)
        self.assertEqual(
            [
                r for r in documents(other)['sale']],
            before['sale'])

        result = self.run_script('--create', self.copy().uri, self.november)
        self.assertEqual(result.returncode, 0, msg=result.stderr)

    def check_account(self, database, summary):
        "Test the reconciliation against the files and the database"
        rows = trade('2010-10', 1) + trade('2010-11', 2, lines=45)
        self.assertTrue(summary['balanced'])
        self.assertEqual(summary['lines_in'], len(rows))
        self.assertEqual(
            summary['accepted'] + summary['rejected'], len(rows))
        self.assertEqual(
            list(summary['by_month_and_kind']), ['2010-10', '2010-11'])
        self.assertGreater(summary['lines_per_second'], 0)
        with open(self.folder / 'rejects.csv', encoding='utf-8') as file:
            rejects = list(csv.DictReader(file))
        self.assertEqual(len(rejects), summary['rejected'])
        self.assertEqual(
            list(rejects[0]), ['file', 'line', 'reason', *HEADER])
        files = {
            'october.csv': trade('2010-10', 1),
            'november.csv.gz': trade('2010-11', 2, lines=45)}
        for reject in rejects:
            row = files[reject['file']][int(reject['line']) - 2]
            self.assertEqual([reject[h] for h in HEADER], list(map(str, row)))
            self.assertTrue(reject['reason'])
        returns = {
            way: figures['lines']
            for way, figures in summary['returns'].items()}
        self.assertEqual(
            sum(returns.values()), sum(
                row[0].startswith('C') and row[1] != 'AMAZONFEE'
                for row in rows if isinstance(row[0], str)))
        self.assertGreater(returns['delivery'], 0)
        self.assertEqual(returns['without_original'], 0)
        self.assertEqual(
            returns['rejected'],
            sum(' return:' in r['reason'] for r in rejects))
        # The lines of the sales are those that were accepted
        rejected = {(r['file'], int(r['line'])) for r in rejects}
        money = sum(
            row[3] * Decimal(row[5]) for name, rows in files.items()
            for number, row in enumerate(rows, 2)
            if (name, number) not in rejected and row[1] != 'AMAZONFEE')
        total, = query(database, (
                "SELECT SUM(quantity * unit_price) FROM sale_line l "
                "JOIN sale_sale s ON s.id = l.sale "
                "WHERE s.reference <> '1'"))
        self.assertAlmostEqual(float(total[0]), float(money), 6)

    def check_documents(self, database):
        "Test the states and the stock"
        for state in query(database, (
                    "SELECT DISTINCT state, shipment_state, invoice_state "
                    "FROM sale_sale")):
            self.assertIn(state[0], ['processing', 'done'])
            self.assertIn(state[1], ['sent', 'none'])
            self.assertIn(state[2], ['awaiting payment', 'paid', 'none'])
        self.assertEqual(
            query(database, (
                    "SELECT DISTINCT state FROM account_invoice "
                    "WHERE state NOT IN ('posted', 'paid')")), [])
        self.assertEqual(
            query(database, (
                    "SELECT DISTINCT state FROM stock_move "
                    "WHERE state <> 'done'")), [])
        self.assertEqual(
            query(database, (
                    "SELECT DISTINCT state FROM sale_return "
                    "WHERE state NOT IN ('processing', 'done') "
                    "OR sale IS NULL")), [])
        # Each return gives back what the same customer was sold, not later
        # and at no higher price
        returns = query(database, (
                "SELECT l.id FROM sale_return_line l "
                "JOIN sale_return r ON r.id = l.return_ "
                "JOIN stock_move m ON m.id = l.origin_move "
                "JOIN sale_line o ON m.origin = 'sale.line,' || o.id "
                "JOIN sale_sale s ON s.id = o.sale "
                "WHERE r.party = s.party AND r.date >= s.sale_date "
                "AND l.product = o.product AND l.unit_price <= o.unit_price"))
        self.assertTrue(returns)
        self.assertEqual(
            len(returns), len(query(
                    database, (
                        "SELECT id FROM sale_return_line "
                        "WHERE origin_move IS NOT NULL"))))
        self.assertEqual(
            query(database, (
                    "SELECT m.id FROM stock_move m "
                    "JOIN stock_location f ON f.id = m.from_location "
                    "JOIN stock_location t ON t.id = m.to_location "
                    "WHERE f.type = 'customer' AND t.type <> 'customer' "
                    "AND m.returned_move IS NULL "
                    "AND m.returned_cost_price IS NULL")), [])
        self.assertEqual(
            query(database, (
                    "SELECT m.id FROM stock_move m JOIN stock_move r "
                    "ON r.returned_move = m.id "
                    "GROUP BY m.id, m.quantity "
                    "HAVING SUM(r.quantity) > m.quantity")), [])
        # Stock is never short at the end of a day
        level = {}
        for code, date, quantity, start, end in query(database, (
                    "SELECT m.product, m.effective_date, m.quantity, "
                    "f.type, t.type FROM stock_move m "
                    "JOIN stock_location f ON f.id = m.from_location "
                    "JOIN stock_location t ON t.id = m.to_location "
                    "ORDER BY m.effective_date, "
                    "CASE t.type WHEN 'storage' THEN 0 ELSE 1 END")):
            change = (
                (end == 'storage') - (start == 'storage')) * Decimal(quantity)
            level[code] = level.get(code, 0) + change
            self.assertGreaterEqual(level[code], 0)
        # Stock comes in as a count at first, then by purchases
        self.assertTrue(query(
                database,
                "SELECT id FROM ir_note WHERE message LIKE 'Opening stock%'"))
        self.assertTrue(query(
                database, (
                    "SELECT id FROM purchase_purchase "
                    "WHERE reference LIKE 'Stock 2010-%' "
                    "AND shipment_state = 'received'")))
        # Letter case does not make another product
        codes = [c for c, in query(database, (
                    "SELECT code FROM product_product"))]
        self.assertEqual(len(codes), len({c.upper() for c in codes}))

    def test_without_original(self):
        "Test returns that no sales cover are accepted when one says so"
        database = self.copy()
        # What is long ago now was not at that time
        with closing(database.connection()) as connection:
            connection.execute(
                "INSERT INTO sale_return_policy "
                "(name, days, result, text, active, sequence) "
                "VALUES ('Late', 60, 'refuse', 'Too late', 1 = 1, 1)")
            connection.commit()
        arguments = [
            '--returns-without-original', 'accept', self.october]
        summary = self.import_into(database, *arguments)
        figures = summary['returns']
        self.assertGreater(figures['delivery']['lines'], 0)
        self.assertGreater(figures['without_original']['lines'], 0)
        self.assertEqual(figures['rejected']['lines'], 0)
        self.check_documents(database)
        self.assertEqual(
            query(database, (
                    "SELECT l.id FROM sale_return_line l "
                    "WHERE (l.origin_move IS NULL) <> l.without_original "
                    "OR l.without_original AND (l.decision <> 'approve' "
                    "OR l.cost_price IS NULL OR l.cost_source IS NULL)")), [])
        before = documents(database)
        self.import_into(database, *arguments)
        self.assertEqual(documents(database), before)

    def test_killed(self):
        "Test an import that is killed again and again ends the same"
        undisturbed = self.copy()
        self.import_into(undisturbed, self.december)
        expected = documents(undisturbed)
        total = len({row[0] for row in expected['sale']})
        database = self.copy()
        kills = 0
        for sales in [0, 2, total // 3, total // 2, total * 4 // 5]:
            kills += self.kill_at(database, sales)
        self.assertGreaterEqual(kills, 4)
        self.import_into(database, self.december)
        self.assertEqual(documents(database), expected)

    def kill_at(self, database, sales):
        "Kill an import as soon as there are so many sales, tell if it was"
        process = subprocess.Popen(
            self.command('--create', database.uri, self.december),
            cwd=self.folder, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        started = time.monotonic()
        try:
            while process.poll() is None:
                if sales:
                    (count,), = query(
                        database, "SELECT COUNT(*) FROM sale_sale")
                    due = Decimal(count) >= sales
                else:
                    due = time.monotonic() - started > 2
                if due:
                    # Not at the moment of a commit
                    time.sleep(random.uniform(0, 1))
                    break
                time.sleep(.1)
        finally:
            process.send_signal(signal.SIGKILL)
        return process.wait() == -signal.SIGKILL

    def test_remote(self):
        "Test a running server gets the same documents"
        local, remote = self.copy(), self.copy()
        self.import_into(local, self.october)
        with serve(remote) as server:
            host = server.url.removeprefix('http://')
            result = self.run_script(
                '--url', f'http://admin@{host}/{remote.name}',
                '--compare', '2', '--summary', 'remote.json', self.october)
        self.assertEqual(result.returncode, 0, msg=result.stderr)
        self.assertEqual(documents(remote), documents(local))
        summary = json.loads((self.folder / 'remote.json').read_text())
        self.assertGreater(summary['times_as_fast'], 1)

    def test_config(self):
        "Test a database of a configuration file"
        database = self.copy()
        config = database.write_config(self.folder / 'trytond.conf')
        result = self.run_script(
            '--config', config, '--database', database.name, self.november)
        self.assertEqual(result.returncode, 0, msg=result.stderr)
        self.assertIn("Balanced", result.stdout)

    def assertRefused(self, text, *arguments):
        result = self.run_script(*arguments)
        self.assertEqual(result.returncode, 1)
        self.assertEqual(len(result.stderr.strip().splitlines()), 1)
        self.assertIn(text, result.stderr)

    def test_refused(self):
        "Test what can not be done gets one line and changes nothing"
        half = self.folder / 'half.csv.gz'
        half.write_bytes(self.november.read_bytes()[:-30])
        new = new_database()
        self.addCleanup(new.drop)
        self.assertRefused('half.csv.gz', '--create', new.uri, half)
        self.assertFalse(new.exists())
        self.assertRefused('nowhere:', '--create', 'nowhere:', self.october)

        database = self.copy()
        self.import_into(database, self.november)
        before = documents(database)
        self.assertRefused(
            "order of their days", '--create', database.uri, self.october)
        other = self.write('other.csv', [
                (*row[:3], 77, *row[4:]) for row in trade('2010-11', 2, 2)])
        result = self.run_script('--create', database.uri, other)
        self.assertEqual(result.returncode, 0, msg=result.stderr)
        with open(self.folder / 'rejects.csv', encoding='utf-8') as file:
            reasons = {r['reason'] for r in csv.DictReader(file)}
        self.assertIn("with other lines", ' '.join(reasons))
        self.assertEqual(documents(database)['sale'], before['sale'])
        self.assertRefused(
            "can not be reached",
            '--url', 'http://admin@127.0.0.1:9/x', self.october)
