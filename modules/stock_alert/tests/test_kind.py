# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What each kind finds that needs another module, and wrong rules."""
from decimal import Decimal

from trytond.model.exceptions import ValidationError
from trytond.modules.account.tests import create_chart, get_fiscalyear
from trytond.pool import Pool
from trytond.tests.test_tryton import (
    TestCase, activate_module, with_transaction)

from . import test_module
from .tools import with_store


class KindTestCase(TestCase):
    "Test the kinds of alerts"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        case = test_module.StockAlertTestCase
        activate_module([case.module, *case.extras])

    def assertAlerts(self, store, kind, expected):
        "Check subject, warehouse, value and severity of the open alerts"
        store.scan()
        found = store.open(kind=kind)
        self.assertCountEqual(
            [(str(a.subject), a.warehouse, round(a.value, 2), a.severity)
                for a in found],
            [(str(s), w, v, severity) for s, w, v, severity in expected])
        return found

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
    def test_order_point(self):
        "Minimum and maximum of the order point"
        with with_store(2) as store:
            Point = Pool().get('stock.order_point')
            product, other = store.products
            for template in {p.template for p in store.products}:
                template.purchasable = True
                template.purchase_uom = store.kilogram
                template.save()
            Point(
                type='purchase', product=product, location=store.warehouse,
                min_quantity=10, target_quantity=20,
                company=store.company).save()
            rule = store.rule('below_minimum', 3, from_order_point=True)
            store.rule('above_maximum', from_order_point=True)
            store.move(other, 2)
            self.assertAlerts(store, 'below_minimum', [
                    (product, store.warehouse, 0, 'warning'),
                    (other, store.warehouse, 2, 'warning')])
            self.assertEqual(
                [rule.get_threshold(p, store.warehouse)
                    for p in store.products], [10, 3])
            store.move(product, 21)
            store.move(other, 21)
            self.assertAlerts(store, 'below_minimum', [])
            self.assertAlerts(store, 'above_maximum', [
                    (product, store.warehouse, 21, 'warning')])

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
        "Transfers and productions that are late"
        with with_store(2) as store:
            pool = Pool()
            Shipment = pool.get('stock.shipment.internal')
            Production = pool.get('production')
            product, other = store.products
            other.template.producible = True
            other.template.save()
            store.rule('overdue_internal', 2, critical_threshold=5)
            store.rule('overdue_production', 0, warehouse=store.warehouse)
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
            production = Production(
                company=store.company, warehouse=store.warehouse,
                location=store.warehouse.production_location,
                planned_date=store.day(-1),
                planned_start_date=store.day(-1), product=other, quantity=1,
                unit=store.kilogram)
            production.save()
            Production.wait([production])
            self.assertAlerts(store, 'overdue_internal', [
                    (shipments[0], store.second, 5, 'critical'),
                    (shipments[1], store.second, 3, 'warning')])
            alert, = self.assertAlerts(store, 'overdue_production', [
                    (production, store.warehouse, 1, 'warning')])
            self.assertEqual(alert.product, other)
            Shipment.cancel(shipments[:1])
            Production.cancel([production])
            store.run_queue()
            self.assertEqual(
                [a.subject for a in store.open()], [shipments[1]])

    def order(self, store, model, *lines, state='processing', days=0,
            currency=None):
        "Make a purchase or a sale of lines of product, quantity and price"
        pool = Pool()
        Party = pool.get('party.party')
        Order = pool.get(f'{model}.{model}')
        Line = pool.get(f'{model}.line')
        party = Party(name="Party", addresses=[{}])
        party.save()
        order = Order(
            company=store.company, party=party,
            warehouse=store.warehouse, invoice_address=party.addresses[0],
            currency=currency or store.company.currency,
            lines=[Line(
                    product=product, quantity=quantity, unit=unit,
                    unit_price=Decimal(price))
                for product, quantity, unit, price in lines],
            **{f'{model}_date': store.day(days)})
        order.save()
        Order.write([order], {'state': state})
        return order.lines

    @with_transaction()
    def test_price(self):
        "Prices unlike the last one, the average, the cost, the list price"
        with with_store(2) as store:
            create_chart(store.company)
            product, other = store.products
            for template in [p.template for p in store.products]:
                template.purchasable = template.salable = True
                template.purchase_uom = template.sale_uom = store.kilogram
                template.save()
            kg, g = store.kilogram, store.gram
            self.order(
                store, 'purchase', (product, 30, kg, 10), (other, 1, kg, 10),
                state='done', days=-20)
            self.order(
                store, 'purchase', (product, 10, kg, 14),
                state='done', days=-10)
            store.rule(
                'purchase_price', 10, reference='last_price', product=other)
            store.rule(
                'purchase_price', 10, reference='average_price', period=30,
                critical_threshold=50)
            fine, above, other_above = self.order(
                store, 'purchase', (product, 1, kg, 12),
                (product, 1000, g, '0.0143'), (other, 1, kg, 12))
            self.assertAlerts(store, 'purchase_price', [
                    # The average of 30 for 10, 10 for 14 and 1 for 12
                    (above, store.warehouse, 29.71, 'warning'),
                    (other_above, store.warehouse, 20, 'warning')])
            store.rule('sale_price', 0, reference='cost_price')
            store.rule(
                'sale_price', -20, reference='list_price', product=other,
                critical_threshold=-40)
            below, good, discount = self.order(
                store, 'sale', (product, 1, kg, 9), (product, 1, kg, 10),
                (other, 1, kg, 12))
            alerts = self.assertAlerts(store, 'sale_price', [
                    (below, store.warehouse, -10, 'warning'),
                    (discount, store.warehouse, -40, 'critical')])
            self.assertEqual(
                {a.product for a in alerts}, {product, other})
            Pool().get('sale.sale').write([below.sale], {'state': 'done'})
            self.assertAlerts(store, 'sale_price', [])

    @with_transaction()
    def test_receivable(self):
        "Customers who are late, or near to their limit"
        with with_store(1) as store:
            pool = Pool()
            Account = pool.get('account.account')
            Move = pool.get('account.move')
            Journal = pool.get('account.journal')
            Party = pool.get('party.party')
            create_chart(store.company)
            year = get_fiscalyear(store.company)
            year.save()
            year.create_period([year])
            period = year.periods[0]
            for period in year.periods:
                if period.start_date <= store.today <= period.end_date:
                    break
            receivable, = Account.search([
                    ('type.receivable', '=', True),
                    ('party_required', '=', True),
                    ('closed', '!=', True),
                    ('company', '=', store.company.id)], limit=1)
            revenue, = Account.search([
                    ('type.revenue', '=', True),
                    ('closed', '!=', True),
                    ('code', '!=', '4.1.0'),
                    ('company', '=', store.company.id)], limit=1)
            journal, = Journal.search([('code', '=', 'REV')])
            late, small, good = (
                Party(name=name, credit_limit_amount=limit)
                for name, limit in [
                    ("Late", Decimal(1000)), ("Small", None),
                    ("Good", Decimal(500))])
            Party.save([late, small, good])
            for party, amount, days in [
                    (late, 400, -40), (late, 300, -3), (small, 20, -90),
                    (good, 450, 10)]:
                move = Move(
                    period=period, journal=journal, date=store.today,
                    company=store.company, lines=[
                        {'account': receivable.id, 'party': party.id,
                            'debit': Decimal(amount), 'credit': Decimal(0),
                            'maturity_date': store.day(days)},
                        {'account': revenue.id, 'debit': Decimal(0),
                            'credit': Decimal(amount)}])
                move.save()
            store.rule(
                'receivable_overdue', 30, minimum_value=Decimal(100),
                critical_threshold=60)
            store.rule('credit_limit', 80, critical_threshold=100)
            self.assertAlerts(store, 'receivable_overdue', [
                    (late, None, 40, 'warning')])
            self.assertAlerts(store, 'credit_limit', [
                    (good, None, 90, 'warning')])

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
                    ('sale_price', {'threshold': 0}),
                    ('sale_price', {
                            'threshold': 0, 'reference': 'last_price'}),
                    ('purchase_price', {
                            'threshold': 0, 'reference': 'average_price'}),
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
