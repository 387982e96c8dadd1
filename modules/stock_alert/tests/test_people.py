# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Who is told, who may see, and what is made of alerts."""
import datetime as dt
import threading
import unittest
from unittest.mock import patch

from trytond import backend
from trytond.exceptions import UserError
from trytond.model.exceptions import AccessError
from trytond.pool import Pool
from trytond.tests.test_tryton import (
    DB_NAME, TestCase, activate_module, with_transaction)
from trytond.transaction import Transaction, check_access

from . import test_module
from .tools import with_store


class PeopleTestCase(TestCase):
    "Test what people see and do"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        case = test_module.StockAlertTestCase
        activate_module([case.module, *case.extras])

    def user(self, store, name, *groups, **values):
        pool = Pool()
        ModelData = pool.get('ir.model.data')
        User = pool.get('res.user')
        user = User(
            name=name, login=name, email=f'{name}@example.com',
            companies=[store.company], company=store.company,
            groups=[ModelData.get_id(*g.split('.')) for g in groups],
            **values)
        user.save()
        return user

    def told(self):
        "Return what is to be shown to whom, and forget it"
        transaction = Transaction()
        told = sorted(
            (n.user.name, n.label, n.description)
            for n in transaction.user_notifications)
        transaction._clear_user_notifications()
        return told

    @with_transaction()
    def test_told(self):
        "The users, groups and roles of the rule, and who subscribed"
        with with_store(2) as store:
            pool = Pool()
            Role = pool.get('res.role')
            Subscription = pool.get('stock.alert.subscription')
            product, other = store.products
            product.template.categories = [store.noodles]
            product.template.save()
            role = Role(name="Keeper")
            role.save()
            alerted = 'stock_alert.group_alert'
            named, member, keeper, reader, outside, boss = (
                self.user(store, name, alerted) for name in [
                    'named', 'member', 'keeper', 'reader', 'outside',
                    'boss'])
            blind = self.user(store, 'blind')
            self.user(store, 'admin2', 'stock.group_stock_admin', alerted)
            keeper.roles = [{'role': role.id}]
            role.groups = [Pool().get('ir.model.data').get_id(
                    'stock_alert', 'group_alert')]
            role.save()
            keeper.save()
            outside.companies = []
            outside.company = None
            outside.save()
            group = Pool().get('ir.model.data').get_id(
                'stock', 'group_stock_admin')
            store.rule(
                'below_minimum', 5, critical_threshold=1,
                users=[named, blind, outside], groups=[group], roles=[role],
                escalate_after=2, escalation_users=[boss])
            for values in [
                    {'user': reader, 'category': store.food,
                        'severity': 'critical'},
                    {'user': member, 'product': other},
                    ]:
                Subscription(company=store.company, **values).save()
            store.move(product, 3)
            store.run_queue()
            first = [
                (n, "1 new stock alerts",
                    "On Hand below Minimum - [P0] Product 0")
                for n in ['Administrator', 'admin2', 'keeper', 'named']]
            self.assertEqual(self.told(), first)
            store.scan()
            store.move(other, 4, store.second)
            store.move(product, -3)
            self.assertEqual(self.told(), [])
            store.run_queue()
            told = self.told()
            self.assertEqual(
                [name for name, _, _ in told],
                ['Administrator', 'admin2', 'keeper', 'member', 'named',
                    'reader'])
            self.assertEqual(
                told[-2][1:], ("2 new stock alerts", ', '.join([
                            "On Hand below Minimum - [P0] Product 0",
                            "On Hand below Minimum - [P1] Product 1"])))
            with Transaction().set_user(reader.id), check_access():
                self.assertEqual(
                    [a.product for a in store.Alert.search([
                                ('mine', '=', True)])], [product])
            # Nobody acknowledged one of them for two days
            alerts = store.open()
            with Transaction().set_user(named.id):
                store.Alert.acknowledge(alerts[:1], "On its way")
            table = store.Alert.__table__()
            Transaction().connection.cursor().execute(*table.update(
                    [table.opened_at],
                    [dt.datetime.now() - dt.timedelta(days=2, hours=1)]))
            store.scan()
            self.assertEqual(self.told(), [(
                        'boss', "1 stock alerts that nobody acknowledged",
                        "On Hand below Minimum - [P1] Product 1")])
            store.scan()
            self.assertEqual(self.told(), [])

    @with_transaction()
    def test_mail(self):
        "One e-mail with what is new, and nothing lost with the mail server"
        with with_store(2) as store:
            User = Pool().get('res.user')
            user = self.user(
                store, 'user', 'stock_alert.group_alert',
                stock_alert_email='day')
            store.rule('below_minimum', 5, users=[user])
            store.move(store.products[0], 1)
            store.scan()
            with patch(
                    'trytond.modules.stock_alert.res.config.get',
                    return_value='tryton@example.com'), patch(
                    'trytond.modules.stock_alert.res.'
                    'send_message_transactional') as send:
                send.side_effect = OSError()
                with self.assertRaises(OSError):
                    User.mail_stock_alerts([user])
                send.side_effect = None
                User.mail_stock_alerts([user])
                message = send.call_args[0][0]
                self.assertEqual(message['To'], 'user <user@example.com>')
                self.assertEqual(message['Subject'], "1 new stock alerts")
                self.assertEqual(
                    message.get_content(),
                    "[Warning] On Hand below Minimum - [P0] Product 0 @ "
                    "Warehouse 1 / 5 kg\n")
                send.reset_mock()
                User.mail_stock_alerts([User(user.id)])
                send.assert_not_called()
                cursor = Transaction().connection.cursor()
                table = User.__table__()
                past = dt.datetime.now() - dt.timedelta(minutes=5)
                cursor.execute(*table.update(
                        [table.stock_alert_mailed], [past]))
                alert = store.Alert.__table__()
                cursor.execute(*alert.update(
                        [alert.opened_at], [past - dt.timedelta(hours=1)]))
                store.move(store.products[1], 1)
                store.scan()
                User.mail_stock_alerts([User(user.id)])
                text = send.call_args[0][0].get_content()
                self.assertNotIn("P0", text)
                self.assertIn("1 older alerts are still open.", text)

    @with_transaction()
    def test_access(self):
        "What may be seen and done, and by whom"
        with with_store(1) as store:
            keeper = self.user(
                store, 'keeper', 'stock_alert.group_alert')
            accountant = self.user(
                store, 'accountant', 'stock_alert.group_alert',
                'account.group_account')
            stranger = self.user(store, 'stranger', 'stock.group_stock')
            Party = Pool().get('party.party')
            party = Party(name="Customer")
            party.save()
            credit = store.rule('credit_limit', 80)
            store.rule('below_minimum', 5)
            store.move(store.products[0], 1)
            store.scan()
            debt = store.Alert(
                company=store.company, rule=credit, kind='credit_limit',
                subject=party, value=90, threshold=80,
                severity='warning', state='open', open_key='debt',
                opened_at=dt.datetime.now())
            debt.save()
            stock, = store.open(kind='below_minimum')
            for user, alerts in [
                    (keeper, [stock]), (accountant, [stock, debt])]:
                with Transaction().set_user(user.id), check_access():
                    self.assertCountEqual(store.Alert.search([]), alerts)
                    for values in [
                            {'state': 'resolved'}, {'note': "x"},
                            {'open_key': None}]:
                        with self.assertRaises(AccessError):
                            store.Alert.write([stock], values)
                    with self.assertRaises(AccessError):
                        store.Rule.create([{
                                    'company': store.company.id,
                                    'kind': 'negative'}])
                    with self.assertRaises(AccessError):
                        store.Alert.delete([stock])
            with Transaction().set_user(keeper.id), check_access():
                with self.assertRaises(AccessError):
                    store.Alert.acknowledge_wizard([debt])
            with Transaction().set_user(stranger.id), check_access():
                with self.assertRaises(AccessError):
                    store.Alert.search([])
            with self.assertRaises(UserError):
                store.Alert.resolve([stock], "  ")
            with self.assertRaises(UserError):
                store.Alert.snooze([stock], store.today)
            with self.assertRaises(UserError):
                store.Alert.delete([stock])

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

    @unittest.skipIf(
        backend.name == 'sqlite', "SQLite lets one write at a time")
    def test_two_scans(self):
        "Two scans at once open each alert once"
        with Transaction().start(DB_NAME, 1) as transaction:
            with with_store(5) as store:
                store.rule('below_minimum', 5)
                for product in store.products:
                    store.move(product, 1)
                transaction.commit()
        barrier = threading.Barrier(3)
        errors = []

        def scan():
            barrier.wait()
            for _ in range(20):
                with Transaction().start(DB_NAME, 0) as transaction:
                    try:
                        Pool().get('stock.alert').scan()
                        transaction.commit()
                        return
                    except backend.DatabaseOperationalError as error:
                        # As the schedule and the queue do
                        errors.append(error)
                        transaction.rollback()
        threads = [threading.Thread(target=scan) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with Transaction().start(DB_NAME, 0):
            pool = Pool()
            Alert = pool.get('stock.alert')
            Event = pool.get('stock.alert.event')
            self.assertEqual(Alert.search([], count=True), 5)
            self.assertEqual(Event.search([], count=True), 5)
