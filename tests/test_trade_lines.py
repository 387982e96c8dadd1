# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What the import makes of trade lines, before any database."""
import datetime as dt
import gzip
import tempfile
import unittest
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from . import ROOT

from tools.trade_classification import classify  # noqa: E402 isort:skip
from tools.trade_documents import (  # noqa: E402 isort:skip
    Origin, Shelf, Sold, make_costs, make_counts, make_orders)
from tools.trade_map import BadMap, load_map  # noqa: E402 isort:skip
from tools.trade_reading import (  # noqa: E402 isort:skip
    BadFile, Line, parse, read_files)
from tools.trade_reconciliation import (  # noqa: E402 isort:skip
    Unbalanced, add_up, is_balanced, reconcile, total_returns)
from tools.trade_supply import (  # noqa: E402 isort:skip
    plan_supplies, stock_flows, supply_dates)

MAP = load_map(ROOT / 'scripts' / 'data' / 'online_retail.toml')
HEADER = (
    'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,'
    'CustomerID,Country\n')


def make_line(
        document='536365', code='22752', quantity='6', price='2.55',
        customer='17850', date='2010-12-01 08:26', country='United Kingdom',
        description='TEA SET', number=2):
    line = Line('file.csv', number, [])
    parse(line, {
            'document': document, 'product': code,
            'description': description, 'quantity': str(quantity),
            'date': date, 'price': str(price), 'customer': customer,
            'country': country}, MAP)
    return line


def orders_of(*lines, shelf=None, without_original=False):
    classify(lines, MAP)
    return make_orders(lines, shelf or Shelf(), without_original)


class ReadingTestCase(unittest.TestCase):
    "Test reading files"

    def setUp(self):
        super().setUp()
        self.folder = Path(
            self.enterContext(tempfile.TemporaryDirectory()))

    def write(self, name, data):
        path = self.folder / name
        path.write_bytes(data)
        return path

    def assertBad(self, path, text):
        with self.assertRaises(BadFile) as context:
            read_files([path], MAP)
        self.assertIn(text, str(context.exception))
        self.assertIn(path.name, str(context.exception))
        self.assertNotIn('\n', str(context.exception))

    def test_kinds_of_files(self):
        "Test CSV, gzip and a workbook give the same lines"
        from openpyxl import Workbook
        text = HEADER + (
            '536365,85123a,"HEART, WHITE",6,2010-12-01 08:26,2.55,17850,'
            'EIRE\n')
        book = Workbook()
        book.active.append(HEADER.strip().split(','))
        book.active.append([
                536365, '85123a', 'HEART, WHITE', 6,
                dt.datetime(2010, 12, 1, 8, 26), 2.55, 17850.0, 'EIRE'])
        book.save(self.folder / 'c.xlsx')
        files = [
            self.write('a.csv', b'\xef\xbb\xbf' + text.encode()),
            self.write('b.csv.gz', gzip.compress(text.encode())),
            self.folder / 'c.xlsx']
        headers, lines = read_files(files, MAP)
        self.assertEqual(len(lines), 3)
        self.assertEqual(set(headers), {'a.csv', 'b.csv.gz', 'c.xlsx'})
        for line in lines:
            self.assertIsNone(line.reason)
            self.assertEqual(
                (
                    line.number, line.document, line.code, line.description,
                    line.quantity, line.moment, line.price, line.customer),
                (
                    2, '536365', '85123A', 'HEART, WHITE', 6,
                    dt.datetime(2010, 12, 1, 8, 26), Decimal('2.55'),
                    '17850'))

    def test_bad_files(self):
        "Test what can not be read has one line that names it"
        good = (HEADER + 'A1,22752,TEA,6,2010-12-01 08:26,2.55,,\n').encode()
        self.assertBad(
            self.write('columns.csv', b'a,b\n1,2\n'), 'InvoiceNo')
        self.assertBad(self.write('empty.csv', b''), 'empty')
        self.assertBad(
            self.write('latin.csv', good + 'A1,1,é,1,,,,\n'.encode('latin1')),
            'utf-8')
        self.assertBad(
            self.write('half.csv.gz', gzip.compress(good * 99)[:-20]), 'cut')
        self.assertBad(self.write('text.csv.gz', good), 'gzip')
        self.assertBad(self.write('text.xlsx', good), 'workbook')
        self.assertBad(self.write('quote.csv', good + b'"a"b,'), 'CSV')
        self.assertBad(self.write('data.txt', good), '.xlsx')
        self.assertBad(self.folder / 'missing.csv', 'No such file')

    def test_same_file_twice(self):
        "Test a file counts once"
        text = HEADER.encode()
        with self.assertRaises(BadFile):
            read_files([
                    self.write('a.csv', text), self.write('b.csv', text)], MAP)

    def test_unreadable_lines(self):
        "Test a line without data is kept with its number and the reason"
        path = self.write('a.csv', (HEADER + (
                    '\n'
                    'A1,22752,TEA\n'
                    ',22752,TEA,6,2010-12-01 08:26,2.55,,\n'
                    'A1,,TEA,6,2010-12-01 08:26,2.55,,\n'
                    'A1,22752,TEA,,2010-12-01 08:26,2.55,,\n'
                    'A1,22752,TEA,x,2010-12-01 08:26,2.55,,\n'
                    'A1,22752,TEA,1.5,2010-12-01 08:26,2.55,,\n'
                    'A1,22752,TEA,0,2010-12-01 08:26,2.55,,\n'
                    'A1,22752,TEA,6,,2.55,,\n'
                    'A1,22752,TEA,6,1 Dec,2.55,,\n'
                    'A1,22752,TEA,6,1910-12-01 08:26,2.55,,\n'
                    'A1,22752,TEA,6,2999-12-01 08:26,2.55,,\n'
                    'A1,22752,TEA,6,2010-12-01 08:26,,,\n'
                    'A1,22752,TEA,6,2010-12-01 08:26,nan,,\n'
                    'A1,22752,TEA,6,2010-12-01 08:26,0.00001,,\n'
                    )).encode())
        _, lines = read_files([path], MAP)
        self.assertEqual([l.number for l in lines], list(range(2, 17)))
        for line in lines:
            self.assertTrue(line.reason)
        self.assertEqual(len({l.reason for l in lines}), len(lines))

    def test_bad_maps(self):
        "Test a map that lacks something is refused"
        for name, text, reason in [
                ('a.toml', 'name = ', 'TOML'),
                ('b.toml', 'name = "x"', 'columns'),
                ('c.toml', '[columns]\ndocument = "x"', 'lacks product'),
                ]:
            with self.assertRaises(BadMap) as context:
                load_map(self.write(name, text.encode()))
            self.assertIn(reason, str(context.exception))


class ClassificationTestCase(unittest.TestCase):
    "Test what a line is"

    def assertKind(self, kind, accepted=True, **values):
        line = make_line(**values)
        classify([line], MAP)
        self.assertEqual((line.kind, not line.reason), (kind, accepted))

    def test_kinds(self):
        "Test each kind"
        self.assertKind('sale')
        self.assertKind('sale', customer='')
        self.assertKind('sale', price='0.0')
        self.assertKind('service', code='POST')
        self.assertKind('service', code='gift_0001_20', customer='')
        self.assertKind('service', code='m')
        self.assertKind('return', document='C1', quantity='-1')
        self.assertKind('return', False, document='C1')
        self.assertKind('refund', document='C1', code='POST', quantity='-1')
        self.assertKind('discount', document='C1', code='D', quantity='-1')
        self.assertKind(
            'cost', document='C1', code='AMAZONFEE', quantity='-1',
            customer='')
        self.assertKind('cost', code='AMAZONFEE', customer='')
        self.assertKind('service', code='BANK CHARGES')
        self.assertKind('correction', quantity='-5', price='0', customer='')
        self.assertKind('correction', price='0', customer='')
        self.assertKind('unclear', False, quantity='-5')
        self.assertKind(
            'unclear', False, code='POST', quantity='-5', price='0',
            customer='')
        self.assertKind('adjustment', False, document='A1', code='B')
        self.assertKind('adjustment', False, price='-5')
        self.assertKind('unreadable', False, quantity='x')

    def test_free_item_of_an_order(self):
        "Test an item without price in an order with prices is sold"
        lines = [
            make_line(customer='', price='0'),
            make_line(customer='', price='1', code='POST')]
        classify(lines, MAP)
        self.assertEqual([l.kind for l in lines], ['sale', 'service'])


class MatchingTestCase(unittest.TestCase):
    "Test the sales that returns give back"

    def parts(self, orders):
        return sorted(
            (i.origin.key.reference if i.origin else '', i.quantity)
            for o in orders if o.key.is_return for i in o.items)

    def test_nearest_first(self):
        "Test a return takes from the latest sales before it"
        lines = [
            make_line('1', quantity=5, date='2010-12-01 08:00'),
            make_line('2', quantity=5, date='2010-12-02 08:00'),
            make_line('C3', quantity=-7, date='2010-12-03 08:00'),
            make_line('4', quantity=5, date='2010-12-04 08:00'),
            ]
        self.assertEqual(
            self.parts(orders_of(*lines)), [('1', -2), ('2', -5)])

    def test_same_day(self):
        "Test a sale of the same day can be given back"
        lines = [
            make_line('C1', quantity=-5, date='2010-12-01 08:00'),
            make_line('2', quantity=5, date='2010-12-01 09:00')]
        self.assertEqual(self.parts(orders_of(*lines)), [('2', -5)])

    def test_unknown(self):
        "Test a return that sales do not cover is rejected as a whole"
        for more in [
                {'quantity': -6}, {'code': '22753'}, {'customer': '17851'},
                {'date': '2010-11-30 08:00'},
                {'customer': '', 'country': 'France'}]:
            lines = [
                make_line('1', quantity=5),
                make_line(**{'document': 'C2', 'quantity': -5, **more})]
            orders = orders_of(*lines)
            self.assertEqual(self.parts(orders), [])
            self.assertIn('unknown return', lines[1].reason)
            self.assertIsNone(lines[0].reason)

    def test_not_twice(self):
        "Test what came back does not come back again"
        lines = [
            make_line('1', quantity=5),
            make_line('C2', quantity=-3), make_line('C3', quantity=-3),
            make_line('C4', quantity=-2)]
        self.assertEqual(
            self.parts(orders_of(*lines)), [('1', -3), ('1', -2)])
        self.assertEqual(
            [bool(l.reason) for l in lines], [False, False, True, False])

    def test_one_document(self):
        "Test the lines of a number and a day are one return"
        order, = [
            o for o in orders_of(
                make_line('1', quantity=5), make_line('2', quantity=5),
                make_line('3', code='22753', country='France'),
                make_line('C4', quantity=-8),
                make_line('C4', code='22753', quantity=-1, country='France'))
            if o.key.is_return]
        self.assertEqual(
            sorted((i.code, i.quantity) for i in order.items),
            [('22752', -5), ('22752', -3), ('22753', -1)])
        self.assertEqual(
            order.content, {
                ('22752', Decimal('2.55')): -8,
                ('22753', Decimal('2.55')): -1})

    def test_price(self):
        "Test nothing comes back at more than its price"
        lines = [
            make_line('1', quantity=5, price='3'),
            make_line('2', quantity=5, price='2'),
            make_line('C3', quantity=-2, price='2.5'),
            make_line('C4', quantity=-2, price='2'),
            make_line('C5', quantity=-1, price='3.5'),
            ]
        self.assertEqual(
            self.parts(orders_of(*lines)), [('1', -2), ('2', -2)])
        self.assertIn('dear return', lines[4].reason)

    def test_without_original(self):
        "Test what is not covered comes back without original"
        lines = [
            make_line('1', quantity=5),
            make_line('C2', quantity=-4), make_line('C3', quantity=-3),
            make_line('C4', quantity=-1)]
        orders = orders_of(*lines, without_original=True)
        self.assertEqual(
            self.parts(orders), [('', -3), ('1', -4), ('1', -1)])
        self.assertEqual(
            [l.without_original for l in lines],
            [False, False, True, False])
        self.assertFalse(any(l.reason for l in lines))
        totals = total_returns(lines)
        self.assertEqual(
            [totals[way]['quantity'] for way in totals], [-5, -3, 0, 0])

    def test_known_before(self):
        "Test sales and returns of a database count"
        sold = orders_of(make_line('1', quantity=5))[0].key
        shelf = Shelf()
        shelf.sell(sold.buyer, '22752', Sold(
                sold.date, (dt.datetime.min, 1), Origin(sold, 2),
                Decimal('2.55'), 1))
        lines = [
            make_line('C2', quantity=-2), make_line('C3', quantity=-1)]
        self.assertEqual(
            self.parts(orders_of(*lines, shelf=shelf)), [('1', -1)])

    def test_taken_by_others(self):
        "Test what others took from what the files sell counts"
        line = make_line('1', quantity=5)
        sold, = orders_of(line)
        shelf = Shelf({Origin(sold.key, line.number): 4})
        lines = [
            line, make_line('C2', quantity=-2), make_line('C3', quantity=-1)]
        self.assertEqual(
            self.parts(orders_of(*lines, shelf=shelf)), [('1', -1)])

    def test_money_off(self):
        "Test a discount is a negative price in a credit"
        order, = orders_of(
            make_line('C1', code='D', quantity=-1, price='27.5'))
        item, = order.items
        self.assertEqual((item.quantity, item.price), (1, Decimal('-27.5')))
        self.assertTrue(order.is_credit)

    def test_cost(self):
        "Test a cost is bought from its supplier"
        lines = [make_line(
                'C1', code='AMAZONFEE', quantity=-1, price='9', customer='')]
        classify(lines, MAP)
        cost, = make_costs(lines, MAP)
        self.assertEqual(cost.supplier, "Amazon")
        self.assertEqual(
            [i[1:4] for i in cost.items], [('AMAZONFEE', 1, Decimal(9))])


class CountTestCase(unittest.TestCase):
    "Test counts and supplies"

    def corrections(self, *quantities):
        lines = [
            make_line(str(i), quantity=q, price='0', customer='', number=i)
            for i, q in enumerate(quantities, 2)]
        classify(lines, MAP)
        return lines

    def test_product_once(self):
        """Test a second correction of a day goes into a second count

        What comes in first, as the stock lasts only at the end of the day.
        """
        counts = make_counts(self.corrections(-3, 5), Counter())
        self.assertEqual(
            [[e[2] for e in c.entries] for c in counts], [[5], [-3]])

    def test_known(self):
        "Test a correction that is made is not made again"
        lines = self.corrections(-3, 5)
        first = lines[0]
        counts = make_counts(lines, Counter({
                    (first.date, first.document, first.code, -3): 1}))
        self.assertEqual([e[2] for c in counts for e in c.entries], [5])

    def test_dates(self):
        "Test the days of supply"
        self.assertEqual(
            supply_dates(dt.date(2010, 12, 3), dt.date(2011, 1, 16), [1, 16]),
            [
                dt.date(2010, 12, 2), dt.date(2010, 12, 16),
                dt.date(2011, 1, 1), dt.date(2011, 1, 16)])

    @settings(deadline=None, max_examples=200)
    @given(
        st.lists(st.tuples(
                st.dates(dt.date(2010, 12, 1), dt.date(2011, 2, 20)),
                st.sampled_from('ABC'), st.integers(-40, 40)), min_size=1),
        st.dictionaries(st.sampled_from('ABC'), st.integers(0, 50)),
        st.integers(1, 3))
    def test_never_short(self, sold, stock, size):
        "Test there is enough at the end of each day, and it is known"
        flows = stock_flows(sold, [])
        supplies = plan_supplies(flows, stock, {}, [1, 16], size)
        known = defaultdict(lambda: defaultdict(int))
        for supply in supplies:
            self.assertLessEqual(len(supply.quantities), size)
            for code, quantity in supply.quantities.items():
                self.assertGreater(quantity, 0)
                self.assertNotIn(code, known[supply.date])
                known[supply.date][code] += quantity
        for code, by_day in flows.items():
            days = sorted({*by_day, *known})
            level = stock.get(code, 0)
            for day in days:
                level += known[day][code] + by_day.get(day, 0)
                self.assertGreaterEqual(level, 0)
        self.assertEqual(
            plan_supplies(flows, stock, known, [1, 16], size), [])
        # What an interruption has left over is the same as before
        half = defaultdict(dict)
        for supply in supplies[::2]:
            half[supply.date].update(supply.quantities)
        self.assertEqual(
            [
                (s.date, c, q)
                for s in plan_supplies(flows, stock, half, [1, 16], size)
                for c, q in s.quantities.items()],
            [
                (s.date, c, q) for s in supplies
                for c, q in s.quantities.items()
                if c not in half.get(s.date, {})])


@st.composite
def trades(draw):
    "Lines of a small trade of which some are wrong"
    return [
        make_line(
            draw(st.sampled_from(['1', '2', 'C3', 'C4', 'A5', ''])),
            draw(st.sampled_from(['X', 'x', 'Y', 'POST', 'D', 'AMAZONFEE'])),
            draw(st.sampled_from([-5, -1, 0, 1, 5, 'z', ''])),
            draw(st.sampled_from(['0', '1.5', '-2', '0.00001'])),
            draw(st.sampled_from(['', '17850', '17851'])),
            draw(st.sampled_from(
                    ['2010-12-01 08:00', '2010-12-31 09:00', '2011-01-02'])),
            draw(st.sampled_from(['EIRE', 'Unspecified', 'France'])),
            number=i)
        for i in range(2, draw(st.integers(2, 30)))]


class ReconciliationTestCase(unittest.TestCase):
    "Test each line is accounted for"

    def found(self, lines, without_original):
        "Return the lines that the documents hold"
        classify(lines, MAP)
        orders = make_orders(lines, Shelf(), without_original)
        found = Counter(
            line for o in orders for line in {i.line for i in o.items})
        found.update(
            i.line for c in make_costs(lines, MAP) for i in c.items)
        found.update(
            e[3] for c in make_counts(lines, Counter()) for e in c.entries)
        return orders, found

    @settings(deadline=None, max_examples=300)
    @given(trades(), st.booleans())
    def test_balance(self, lines, without_original):
        "Test accepted and rejected make up the input"
        orders, found = self.found(lines, without_original)
        self.assertEqual(set(found.values()) - {1}, set())
        totals = reconcile(lines, set(found))
        self.assertTrue(is_balanced(totals))
        sums = add_up(totals)
        self.assertEqual(sums['lines_in']['lines'], len(lines))
        self.assertEqual(
            sums['accepted']['amount'] + sums['rejected']['amount'],
            sum(l.amount for l in lines))
        # All returns are accounted for
        returns = total_returns(lines)
        for figure in ['lines', 'quantity', 'amount']:
            self.assertEqual(
                sum(figures[figure] for figures in returns.values()),
                sum(
                    sides['lines_in'][figure] for kinds in totals.values()
                    for kind, sides in kinds.items()
                    if kind in {'return', 'refund', 'discount'}))
        # No more comes back than was sold, and not at a higher price
        sold, price, back = Counter(), {}, Counter()
        for order in orders:
            for item in order.items:
                if item.origin:
                    back[item.origin] -= item.quantity
                elif not order.key.is_return:
                    origin = Origin(order.key, item.line.number)
                    sold[origin] += item.quantity
                    price[origin] = item.price
                else:
                    self.assertTrue(without_original)
                    self.assertTrue(item.line.without_original)
        for order in orders:
            for item in order.items:
                if item.origin:
                    self.assertLessEqual(item.price, price[item.origin])
        for origin, quantity in back.items():
            self.assertLessEqual(quantity, sold[origin])

    def test_unbalanced(self):
        "Test a line that is nowhere is noticed"
        lines = [make_line()]
        classify(lines, MAP)
        with self.assertRaises(Unbalanced):
            reconcile(lines, set())
        lines[0].reason = "because"
        with self.assertRaises(Unbalanced):
            reconcile(lines, set(lines))
