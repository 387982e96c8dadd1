# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What is made of alerts, and what supply alerts."""
from trytond.exceptions import UserError
from trytond.modules.stock_alert.tests.tools import KindTestMixin, with_store
from trytond.pool import Pool
from trytond.tests.test_tryton import (
    TestCase, activate_module, with_transaction)
from trytond.transaction import Transaction

from . import test_module


class SupplyTestCase(KindTestMixin, TestCase):
    "Test acting on alerts"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        case = test_module.StockAlertSupplyTestCase
        activate_module([case.module, *case.extras])

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
    def test_production(self):
        "Productions that are late"
        with with_store(1) as store:
            Production = Pool().get('production')
            product, = store.products
            product.template.producible = True
            product.template.save()
            store.rule('overdue_production', 0, warehouse=store.warehouse)
            production = Production(
                company=store.company, warehouse=store.warehouse,
                location=store.warehouse.production_location,
                planned_date=store.day(-1),
                planned_start_date=store.day(-1), product=product,
                quantity=1, unit=store.kilogram)
            production.save()
            Production.wait([production])
            alert, = self.assertAlerts(store, 'overdue_production', [
                    (production, store.warehouse, 1, 'warning')])
            self.assertEqual(alert.product, product)
            Production.cancel([production])
            store.run_queue()
            self.assertEqual(store.open(), [])

    def wizard(self, name, alerts, state, values):
        Wizard = Pool().get(name, type='wizard')
        with Transaction().set_context(
                active_model='stock.alert', active_id=alerts[0].id,
                active_ids=[a.id for a in alerts]):
            session, start, _ = Wizard.create()
            form = Wizard.execute(session, {}, start)
            defaults = {
                **form['view']['defaults'], **form['view'].get('values', {})}
            # As a client does: not the names of the records
            defaults = {
                n: v for n, v in defaults.items() if not n.endswith('.')}
            answer = Wizard.execute(
                session, {start: {**defaults, **values}}, state)
            Wizard.delete(session)
            return defaults, answer

    @with_transaction()
    def test_supply(self):
        "Transfers, requisitions, requests and productions"
        with with_store(2) as store:
            pool = Pool()
            Employee = pool.get('company.employee')
            product, other = store.products
            for template in [p.template for p in store.products]:
                template.purchasable = template.producible = True
                template.purchase_uom = store.kilogram
                template.save()
            store.rule('below_minimum', 10, rearm=2)
            store.move(product, 4)
            store.move(product, 18, store.second)
            store.move(other, 3)
            store.scan()
            alerts = store.open()
            lack, other_lack = alerts
            defaults, answer = self.wizard(
                'stock.alert.transfer', alerts, 'create_', {})
            self.assertEqual(
                [(l['product'], l.get('from_warehouse'), l['quantity'])
                    for l in defaults['lines']],
                [(product.id, store.second.id, 8),
                    (other.id, None, 9)])
            shipment, = pool.get('stock.shipment.internal').search([])
            move, = shipment.moves
            self.assertEqual((move.product, move.quantity), (product, 8))
            self.assertEqual(
                shipment.to_location, store.warehouse.storage_location)
            lack = store.Alert(lack.id)
            self.assertEqual(lack.state, 'acknowledged')
            self.assertEqual(lack.note, shipment.rec_name)
            self.assertEqual(other_lack.state, 'open')

            with self.assertRaises(UserError):
                self.wizard('stock.alert.requisition', alerts, 'create_', {})
            party = pool.get('party.party')(name="Employee")
            party.save()
            employee = Employee(party=party, company=store.company)
            employee.save()
            with Transaction().set_context(employee=employee.id):
                self.wizard(
                    'stock.alert.requisition', alerts, 'create_',
                    {'supply_date': store.day(3)})
            requisition, = pool.get('purchase.requisition').search([])
            self.assertEqual(
                [(l.product, l.quantity) for l in requisition.lines],
                [(product, 8), (other, 9)])
            self.assertEqual(requisition.warehouse, store.warehouse)
            self.wizard('stock.alert.request', alerts, 'create_', {})
            requests = pool.get('purchase.request').search(
                [], order=[('id', 'ASC')])
            self.assertEqual([r.origin for r in requests], alerts)
            self.wizard(
                'stock.alert.production', [other_lack], 'create_',
                {'supply_date': store.day(3)})
            production, = pool.get('production').search([])
            self.assertEqual(
                (production.product, production.quantity), (other, 9))

            self.wizard('stock.alert.change_threshold', [lack], 'change', {
                    'threshold': 3, 'apply_to': 'product'})
            rule, = store.Rule.search([('product', '=', product)])
            self.assertEqual(
                (rule.threshold, rule.warehouse, rule.rearm),
                (3, store.warehouse, 2))
            store.scan()
            self.assertEqual(store.open(), [other_lack])
            for name in ['stock.alert.curve', 'stock.alert.moves']:
                Wizard = pool.get(name, type='wizard')
                with Transaction().set_context(
                        active_model='stock.alert', active_id=lack.id,
                        active_ids=[lack.id]):
                    session, start, _ = Wizard.create()
                    action, = Wizard.execute(
                        session, {}, start)['actions']
                    self.assertIn(str(product.id), repr(action))
