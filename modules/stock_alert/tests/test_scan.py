# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Alerts open, change and end as what they are about does."""
from trytond.pool import Pool
from trytond.tests.test_tryton import (
    TestCase, activate_module, with_transaction)

from .tools import with_store


class ScanTestCase(TestCase):
    "Test the scan"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        activate_module('stock_alert')

    @with_transaction()
    def test_specific(self):
        "The most specific rule wins"
        with with_store(3) as store:
            noodle, other, plain = store.products
            Template = Pool().get('product.template')
            Template.write(
                [noodle.template, other.template],
                {'categories': [('add', [store.noodles.id])]})
            rules = {
                'company': store.rule('below_minimum', 1),
                'warehouse': store.rule(
                    'below_minimum', 2, warehouse=store.warehouse),
                'food': store.rule('below_minimum', 3, category=store.food),
                'noodles': store.rule(
                    'below_minimum', 4, category=store.noodles),
                'noodles here': store.rule(
                    'below_minimum', 5, category=store.noodles,
                    warehouse=store.warehouse),
                'product': store.rule('below_minimum', 6, product=noodle),
                'product here': store.rule(
                    'below_minimum', 7, product=noodle,
                    warehouse=store.warehouse),
                }

            def applies(product, warehouse):
                found = store.Rule.find(
                    'below_minimum', store.company, [(product, warehouse)])
                rule = found[product, warehouse]
                return next(n for n, r in rules.items() if r == rule)

            here, there = store.warehouse, store.second
            self.assertEqual(applies(noodle, here), 'product here')
            self.assertEqual(applies(noodle, there), 'product')
            self.assertEqual(applies(other, here), 'noodles here')
            self.assertEqual(applies(other, there), 'noodles')
            self.assertEqual(applies(plain, here), 'warehouse')
            self.assertEqual(applies(plain, there), 'company')
            self.assertEqual(applies(plain, None), 'company')
            store.Rule.write([rules['noodles']], {'active': False})
            self.assertEqual(applies(other, there), 'food')
            # The scan takes the same
            for product in store.products:
                for warehouse in [here, there]:
                    store.move(product, 0.5, warehouse)
            store.scan()
            self.assertEqual(
                {(a.product, a.warehouse): a.rule for a in store.open()},
                store.Rule.find('below_minimum', store.company, [
                        (p, w) for p in store.products
                        for w in [here, there]]))

    @with_transaction()
    def test_life(self):
        "Opened, worse, acknowledged, snoozed, resolved"
        with with_store() as store:
            product, = store.products
            store.rule(
                'below_minimum', 10, product=product, rearm=2,
                critical_threshold=0)
            store.move(product, 8)
            store.run_queue()
            alert, = store.open()
            self.assertEqual(
                (alert.state, alert.value, alert.threshold, alert.severity),
                ('open', 8, 10, 'warning'))
            self.assertEqual(alert.subject, product)
            store.scan()
            self.assertEqual(store.open(), [alert])
            store.move(product, -8)
            store.run_queue()
            alert = store.Alert(alert.id)
            self.assertEqual((alert.value, alert.severity), (0, 'critical'))
            store.Alert.acknowledge([alert], "Ordered by phone")
            store.Alert.snooze([alert], store.day(3))
            self.assertEqual(alert.state, 'snoozed')
            store.move(product, 11)
            store.run_queue()
            self.assertEqual(store.open(state='snoozed')[0].value, 11)
            last = store.move(product, 1)
            store.scan()
            alert = store.Alert(alert.id)
            self.assertEqual(alert.state, 'resolved')
            self.assertEqual(alert.resolution, 'automatic')
            self.assertEqual(alert.resolved_move, last)
            self.assertFalse(alert.open_key)
            self.assertEqual(
                [e.type for e in reversed(alert.events)],
                ['opened', 'worse', 'acknowledged', 'snoozed', 'better',
                    'resolved'])
            # Within the re-arm nothing opens
            store.move(product, -1)
            store.run_queue()
            self.assertEqual(store.open(), [])
            store.move(product, -2)
            store.run_queue()
            again, = store.open()
            self.assertNotEqual(again, alert)

    @with_transaction()
    def test_by_hand(self):
        "What is resolved by hand does not come again before it was right"
        with with_store() as store:
            product, = store.products
            store.rule('below_minimum', 10)
            store.move(product, 8)
            store.scan()
            alert, = store.open()
            store.Alert.resolve([alert], "Sold out, not made any more")
            store.scan()
            store.move(product, -1)
            store.run_queue()
            self.assertEqual(store.open(), [])
            self.assertEqual(len(store.Alert.search([])), 1)
            store.move(product, 5)
            store.run_queue()
            store.move(product, -5)
            store.run_queue()
            self.assertEqual(len(store.open()), 1)

    @with_transaction()
    def test_import(self):
        "Thresholds are imported by the codes of the products"
        with with_store(2) as store:
            names = [
                'kind', 'product', 'warehouse', 'threshold',
                'critical_threshold']
            count = store.Rule.import_data(names, [
                    ['below_minimum', 'P0', "Second", '10', '2'],
                    ['below_minimum', 'P1', "Second", '20', ''],
                    ])
            self.assertEqual(count, 2)
            self.assertEqual(
                [(r.product, r.warehouse, r.threshold, r.critical_threshold)
                    for r in store.Rule.search([], order=[('id', 'ASC')])],
                [(store.products[0], store.second, 10, 2),
                    (store.products[1], store.second, 20, None)])

    @with_transaction()
    def test_search(self):
        "Rules and alerts are found by kind, product and warehouse"
        with with_store(2) as store:
            product, other = store.products
            rule = store.rule('below_minimum', 10, product=product)
            other_rule = store.rule(
                'above_maximum', 5, product=other, warehouse=store.second)
            store.move(product, 8)
            store.move(other, 8, store.second)
            store.scan()
            alert, = store.open(rule=rule.id)
            other_alert, = store.open(rule=other_rule.id)
            for text, found in [
                    ('below min', [rule, alert]),
                    ('On Hand', [rule, other_rule, alert, other_alert]),
                    ('P1', [other_rule, other_alert]),
                    ('second', [other_rule, other_alert]),
                    ('nothing', []),
                    ]:
                with self.subTest(text=text):
                    clause = ('rec_name', 'ilike', f'%{text}%')
                    self.assertCountEqual([
                            *store.Rule.search([clause]),
                            *store.Alert.search([
                                    clause, ('state', '=', 'open')])], found)

    @with_transaction()
    def test_other_kind(self):
        "A rule that becomes one of another kind ends what it opened"
        with with_store() as store:
            product, = store.products
            rule = store.rule('below_minimum', 10)
            store.move(product, 8)
            store.scan()
            before, = store.open()
            store.Rule.write([rule], {'kind': 'forecast_below'})
            store.scan()
            after, = store.open()
            self.assertEqual(
                (after.kind, after.rule), ('forecast_below', rule))
            self.assertEqual(store.Alert(before.id).state, 'resolved')
            store.Rule.write([rule], {'active': False})
            store.scan()
            self.assertEqual(store.open(), [])
