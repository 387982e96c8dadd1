# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What each kind finds that needs another module, and wrong rules."""
from trytond.model.exceptions import ValidationError
from trytond.pool import Pool
from trytond.tests.test_tryton import (
    TestCase, activate_module, with_transaction)

from . import test_module
from .tools import KindTestMixin, with_store


class KindTestCase(KindTestMixin, TestCase):
    "Test the kinds of alerts"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        case = test_module.StockAlertTestCase
        activate_module([case.module, *case.extras])

    @with_transaction()
    def test_shelf_life(self):
        "Lots that end within the days, and those that did, with stock only"
        with with_store(2) as store:
            Lot = Pool().get('stock.lot')
            product, other = store.products
            product.template.shelf_life_state = 'optional'
            product.template.save()
            lots = [
                Lot(number=str(days), product=product,
                    shelf_life_expiration_date=store.day(days))
                for days in [-3, 0, 5, 6]]
            gone = Lot(
                number='gone', product=product,
                shelf_life_expiration_date=store.day(1))
            Lot.save([*lots, gone])
            store.rule('expiring', 5, critical_threshold=1)
            store.rule('expired', critical_threshold=10)
            for lot in lots:
                store.move(product, 2, lot=lot, days=-4)
            store.move(product, 2, lot=gone)
            store.move(product, -2, lot=gone)
            old, today, soon, later = lots
            self.assertAlerts(store, 'expiring', [
                    (today, store.warehouse, 0, 'critical'),
                    (soon, store.warehouse, 5, 'warning')])
            alert, = self.assertAlerts(store, 'expired', [
                    (old, store.warehouse, 3, 'warning')])
            self.assertEqual(alert.product, product)
            # What leaves is right at once
            store.move(product, -2, lot=soon)
            store.run_queue()
            self.assertEqual(
                [a.subject for a in store.open(kind='expiring')], [today])

    @with_transaction()
    def test_quarantine(self):
        "The oldest of what still waits"
        with with_store(1) as store:
            product, = store.products
            quarantine = store.warehouse.get_disposition_location(
                'quarantine')
            places = (store.warehouse.storage_location, quarantine)
            store.rule('quarantine', 5, critical_threshold=10)
            store.move(product, 20, days=-30)
            store.move(product, 3, days=-20, places=places)
            store.move(product, 4, days=-7, places=places)
            store.move(product, 5, days=-2, places=places)
            alert, = self.assertAlerts(store, 'quarantine', [
                    (product, store.warehouse, 20, 'critical')])
            store.move(product, 3, places=places[::-1])
            self.assertAlerts(store, 'quarantine', [
                    (product, store.warehouse, 7, 'warning')])
            store.move(product, 4, places=places[::-1])
            self.assertAlerts(store, 'quarantine', [])

    @with_transaction()
    def test_unit(self):
        "A threshold in another unit"
        with with_store(1) as store:
            product, = store.products
            store.rule(
                'below_minimum', 1500, unit=store.gram,
                critical_threshold=500)
            store.rule(
                'above_maximum', 3, unit=store.unit)
            store.move(product, 1.4)
            alert, = self.assertAlerts(store, 'below_minimum', [
                    (product, store.warehouse, 1.4, 'warning')])
            self.assertEqual(alert.threshold, 1.5)
            self.assertEqual(alert.measure, 'kg')
            store.move(product, -1)
            store.move(product, 5, store.second)
            self.assertAlerts(store, 'below_minimum', [
                    (product, store.warehouse, 0.4, 'critical')])
            # Pieces do not measure weights
            self.assertAlerts(store, 'above_maximum', [])

    @with_transaction()
    def test_overdue(self):
        "Transfers that are late"
        with with_store(1) as store:
            Shipment = Pool().get('stock.shipment.internal')
            product, = store.products
            store.rule('overdue_internal', 2, critical_threshold=5)
            from_, to = (
                w.storage_location for w in [store.warehouse, store.second])
            shipments = []
            for days in [-5, -3, -2]:
                shipment = Shipment(
                    company=store.company, from_location=from_,
                    to_location=to, planned_date=store.day(days),
                    planned_start_date=store.day(days), moves=[store.Move(
                            product=product, quantity=1,
                            unit=store.kilogram, from_location=from_,
                            to_location=to)])
                shipment.save()
                shipments.append(shipment)
            Shipment.wait(shipments)
            self.assertAlerts(store, 'overdue_internal', [
                    (shipments[0], store.second, 5, 'critical'),
                    (shipments[1], store.second, 3, 'warning')])
            Shipment.cancel(shipments[:1])
            store.run_queue()
            self.assertEqual(
                [a.subject for a in store.open()], [shipments[1]])

    @with_transaction()
    def test_wrong_rules(self):
        "Rules that can not work are refused"
        with with_store(1) as store:
            product, = store.products
            for kind, values in [
                    ('below_minimum', {}),
                    ('days_of_cover', {'threshold': 3}),
                    ('days_of_cover', {'threshold': -3, 'period': 30}),
                    ('below_minimum', {
                            'threshold': 3, 'critical_threshold': 4}),
                    ('above_maximum', {
                            'threshold': 3, 'critical_threshold': 2}),
                    ('below_minimum', {
                            'threshold': 3, 'product': product,
                            'unit': store.unit}),
                    ('below_minimum', {
                            'threshold': 3, 'product': product,
                            'category': store.food}),
                    ('overdue_internal', {
                            'threshold': 3, 'product': product}),
                    ('below_minimum', {'threshold': 3, 'rearm': -1}),
                    ('below_minimum', {
                            'threshold': 3, 'escalate_after': 1}),
                    ]:
                with self.subTest(kind=kind, values=values):
                    with self.assertRaises(ValidationError):
                        store.rule(kind, **values)
            store.Rule.delete(store.Rule.search([]))
            below = store.rule(
                'below_minimum', 5000, product=product, unit=store.gram)
            with self.assertRaises(ValidationError):
                store.rule('above_maximum', 4, product=product)
            store.Rule.delete(store.Rule.search([('id', '!=', below.id)]))
            store.rule('above_maximum', 6, product=product)
            with self.assertRaises(ValidationError):
                store.Rule.write([below], {'threshold': 7000})
