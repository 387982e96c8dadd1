# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""The documents of the demo company: plausible, and every kind of them."""
import csv
import datetime as dt
import random
import tempfile
import unittest
from decimal import Decimal
from pathlib import Path

from proteus import Model
from stdnum import ean
from tools.company import connect
from tools.demo_base import DATA
from tools.demo_plan import LENGTH, PERIODS, SHORT, Plan

from .tools import new_demo

LANE = 'demo'
# States of which there is at least one document
STATES = {
    'purchase.requisition': [
        'draft', 'waiting', 'rejected', 'processing', 'cancelled'],
    'purchase.request': ['draft', 'quotation', 'purchased'],
    'purchase.request.quotation': ['draft', 'sent', 'received'],
    'purchase.purchase': [
        'draft', 'quotation', 'processing', 'done', 'cancelled'],
    'sale.sale': ['draft', 'quotation', 'processing', 'done', 'cancelled'],
    'sale.complaint': ['draft', 'waiting', 'rejected', 'done'],
    'sale.return': [
        'draft', 'waiting', 'approved', 'processing', 'rejected',
        'cancelled'],
    'stock.shipment.in': ['draft', 'received', 'done'],
    'stock.shipment.in.return': ['draft', 'waiting', 'done'],
    'stock.shipment.out': [
        'draft', 'waiting', 'assigned', 'picked', 'packed', 'shipped',
        'done'],
    'stock.shipment.out.return': ['draft', 'received', 'done'],
    'stock.shipment.internal': [
        'request', 'draft', 'waiting', 'assigned', 'shipped', 'done'],
    'stock.inventory': ['draft', 'done'],
    'stock.period': ['draft', 'closed'],
    'stock.forecast': ['draft', 'done'],
    'stock.alert': ['open', 'acknowledged', 'snoozed', 'resolved'],
    'document.approval': ['waiting', 'refused'],
    'account.invoice': ['draft', 'validated', 'posted', 'paid'],
    'account.move': ['draft', 'posted'],
    'account.statement': ['draft', 'posted'],
    'account.payment': [
        'draft', 'submitted', 'approved', 'processing', 'succeeded',
        'failed'],
    'account.landed_cost': ['draft', 'posted'],
    }
# Dates that say when something happened
DATES = [
    ('purchase.purchase', 'purchase_date'), ('sale.sale', 'sale_date'),
    ('stock.move', 'effective_date'), ('stock.inventory', 'date'),
    ('account.invoice', 'invoice_date'), ('account.move', 'date'),
    ('account.statement', 'date'), ('sale.complaint', 'date'),
    ('sale.return', 'date'),
    ]
# Nothing is older
AGE = dt.timedelta(days=7 * 30)


class DemoDataTestCase(unittest.TestCase):
    "Test the demo company"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = dt.date.today()
        database, _ = cls.enterClassContext(new_demo())
        folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.config = connect(
            database, database.write_config(folder / 'trytond.conf'))

    def read(self, model, domain, fields):
        "Return the records found as dictionaries of their fields"
        return self.config.get_proxy(model).search_read(
            domain, 0, None, None, fields, self.config.context)

    def test_states(self):
        "Test there is a document of each kind in each state"
        for model, states in STATES.items():
            found = {r['state'] for r in self.read(model, [], ['state'])}
            for state in states:
                with self.subTest(model=model, state=state):
                    self.assertIn(state, found)

    def test_dates(self):
        "Test everything happened within the last seven months"
        for model, field in DATES:
            # A draft may be of the future
            dates = [
                r[field] for r in self.read(model, [
                        (field, '!=', None), ('state', '!=', 'draft'),
                        ], [field])]
            with self.subTest(model=model):
                self.assertGreaterEqual(min(dates), self.today - AGE)
                self.assertLessEqual(max(dates), self.today)

    def test_stock(self):
        "Test no location ever had less than nothing, but what is alerted"
        alerted = {
            a['product'] for a in self.read(
                'stock.alert', [('kind', '=', 'negative')], ['product'])}
        self.assertEqual(len(alerted), 1)
        Location = Model.get('stock.location', config=self.config)
        storages = {l.id for l in Location.find([('type', '=', 'storage')])}
        moves = self.read('stock.move', [('state', '=', 'done')], [
                'effective_date', 'product', 'lot', 'from_location',
                'to_location', 'internal_quantity'])
        self.assertGreater(len(moves), 1000)
        # What comes in on a day comes before what goes out
        steps = sorted(
            (move['effective_date'], sign, move[location], move['product'],
                move['lot'] or 0, sign * move['internal_quantity'])
            for move in moves
            for sign, location in [(-1, 'from_location'), (1, 'to_location')])
        steps.sort(key=lambda s: (s[0], -s[1]))
        for key in [slice(2, 4), slice(2, 5)]:
            left = {}
            for step in steps:
                if step[2] in storages:
                    left[step[key]] = left.get(step[key], 0) + step[-1]
                    if step[0] == self.today and step[3] in alerted:
                        continue
                    self.assertGreaterEqual(left[step[key]], -1e-6, step)

    def test_budget(self):
        "Test there are budget lines of every colour"
        shares = [
            r['share'] for r in self.read(
                'purchase.budget.line',
                [('budget.state', '=', 'running')], ['share'])]
        self.assertTrue(any(s < 0.8 for s in shares))
        self.assertTrue(any(0.8 <= s <= 1 for s in shares))
        self.assertTrue(any(s > 1 for s in shares))

    def test_alerts(self):
        "Test there are alerts of every kind, and what was done about them"
        definition = self.config.get_proxy('stock.alert.rule').fields_get(
            ['kind'], self.config.context)
        kinds = {name for name, _ in definition['kind']['selection']}
        alerts = self.read('stock.alert', [], [
                'kind', 'severity', 'state', 'resolution', 'note',
                'resolved_document'])
        self.assertEqual({a['kind'] for a in alerts}, kinds)
        self.assertEqual(
            {a['severity'] for a in alerts}, {'info', 'warning', 'critical'})
        resolutions = {a['resolution'] for a in alerts}
        self.assertLessEqual({'automatic', 'manual'}, resolutions)
        self.assertTrue(any(
                (a['resolved_document'] or '').startswith('stock.shipment.in,')
                for a in alerts))
        self.assertTrue(all(
                a['note'] for a in alerts if a['state'] == 'acknowledged'))
        # Not so many that none is looked at
        self.assertLess(
            len([a for a in alerts if a['state'] == 'open']), 100)

    def test_low_stock(self):
        "Test some products are below their order point"
        points = self.read(
            'stock.order_point', [('type', '=', 'purchase')],
            ['product', 'location', 'min_quantity'])
        Product = Model.get('product.product', config=self.config)
        low = 0
        with self.config.set_context(
                locations=[points[0]['location']],
                stock_date_end=self.today):
            for point in points:
                if Product(point['product']).quantity < point['min_quantity']:
                    low += 1
        self.assertGreaterEqual(low, len(SHORT) - 2)

    def test_invoices(self):
        "Test posted invoices are those of their moves, which are balanced"
        invoices = self.read('account.invoice', [
                ('state', 'in', ['posted', 'paid'])],
            ['number', 'total_amount', 'move', 'account', 'type'])
        self.assertGreater(len(invoices), 100)
        lines = self.read('account.move.line', [], [
                'move', 'account', 'debit', 'credit'])
        balance, owed = {}, {}
        for line in lines:
            amount = line['debit'] - line['credit']
            move = line['move']
            balance[move] = balance.get(move, 0) + amount
            key = move, line['account']
            owed[key] = owed.get(key, 0) + amount
        for move, amount in balance.items():
            self.assertEqual(amount, Decimal(0), move)
        for invoice in invoices:
            sign = 1 if invoice['type'] == 'out' else -1
            self.assertEqual(
                owed[invoice['move'], invoice['account']],
                sign * invoice['total_amount'], invoice)

    def test_overdue(self):
        "Test some customers are late"
        overdue = self.read('account.move.line', [
                ('account.type.receivable', '=', True),
                ('reconciliation', '=', None),
                ('maturity_date', '<', self.today),
                ('debit', '>', 0),
                ], ['party'])
        self.assertGreaterEqual(len({l['party'] for l in overdue}), 2)

    def test_growth(self):
        "Test sales rise towards the season in each of six months"
        sales = self.read('sale.sale', [
                ('state', 'in', ['processing', 'done'])],
            ['sale_date', 'untaxed_amount'])
        months = {}
        for sale in sales:
            month = f"{sale['sale_date']:%Y-%m}"
            months[month] = months.get(month, 0) + sale['untaxed_amount']
        self.assertGreaterEqual(len(months), 6)
        amounts = [months[m] for m in sorted(months)]
        self.assertGreater(sum(amounts[-3:]), 1.3 * float(sum(amounts[:3])))

    def test_products(self):
        "Test products have barcodes, lots and a shelf life"
        identifiers = self.read(
            'product.identifier', [('type', '=', 'ean')], ['code'])
        self.assertGreaterEqual(len(identifiers), 60)
        for identifier in identifiers:
            self.assertTrue(ean.is_valid(identifier['code']), identifier)
        lots = self.read('stock.lot', [], ['expiration_date'])
        self.assertTrue([
                l for l in lots if l['expiration_date'] < self.today])
        self.assertTrue([
                l for l in lots if 0 <= (
                    l['expiration_date'] - self.today).days < 30])

    def test_users(self):
        "Test those who ask are not those who approve"
        purchases = self.read('purchase.purchase', [
                ('state', 'in', ['processing', 'done'])],
            ['quoted_by', 'confirmed_by', 'origin'])
        # Who processes a return makes its order
        purchases = [
            p for p in purchases
            if not (p['origin'] or '').startswith('purchase.return,')]
        self.assertTrue(purchases)
        for purchase in purchases:
            self.assertTrue(purchase['quoted_by'])
            self.assertNotEqual(
                purchase['quoted_by'], purchase['confirmed_by'])
        requisitions = self.read('purchase.requisition', [
                ('approved_by', '!=', None)], ['employee', 'approved_by'])
        self.assertTrue(requisitions)
        for requisition in requisitions:
            self.assertNotEqual(
                requisition['employee'], requisition['approved_by'])


class PlanTestCase(unittest.TestCase):
    "Test the plan"

    def plan(self, seed=20):
        with open(DATA / 'products.csv', encoding='utf-8') as file:
            rows = {row['code']: row for row in csv.DictReader(file)}
        return Plan(
            rows, {'T001': {'M001': 0.35}}, dt.date(2024, 11, 11),
            random.Random(seed))

    def test_same(self):
        "Test the same seed makes the same plan"
        self.assertEqual(self.plan().periods, self.plan().periods)
        self.assertNotEqual(self.plan().periods, self.plan(21).periods)

    def test_days(self):
        "Test the plan ends on the day and has no gap"
        periods = self.plan().periods
        self.assertEqual(len(periods), PERIODS)
        self.assertEqual(periods[-1].last, dt.date(2024, 11, 11))
        for before, after in zip(periods, periods[1:]):
            self.assertEqual(after.first - before.last, dt.timedelta(days=1))
            self.assertEqual(
                (before.last - before.first).days, LENGTH - 1)

    def test_enough(self):
        "Test what the plan sells is there, whatever chance wants"
        for seed in range(10):
            with self.subTest(seed=seed):
                self._check_enough(self.plan(seed))

    def _check_enough(self, plan):
        left = {
            (False, code): quantity
            for code, quantity in plan.opening.items()}
        for period in plan.periods:
            for supply in period.supplies:
                self.assertLess(supply.ordered, supply.received)
                for code, quantity in supply.lines:
                    left[False, code] += quantity
            for make in period.makes:
                for input_, factor in plan.boms[make.code].items():
                    left[False, input_] -= factor * make.quantity
                left[False, make.code] += make.quantity
            for code, quantity in period.transfers:
                left[False, code] -= quantity
                left[True, code] = left.get((True, code), 0) + quantity
            for order in period.orders:
                if order.stage not in {'waiting', 'cancelled'}:
                    for code, quantity in order.lines:
                        left[order.shop, code] -= quantity
            self.assertGreaterEqual(min(left.values()), -1e-6)
