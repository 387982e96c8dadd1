# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Who is told, and who may see."""
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
    "Test what people are told and see"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        case = test_module.StockAlertTestCase
        activate_module([case.module, *case.extras])

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
                store.user(name, alerted) for name in [
                    'named', 'member', 'keeper', 'reader', 'outside',
                    'boss'])
            blind = store.user('blind')
            store.user('admin2', 'stock.group_stock_admin', alerted)
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
            user = store.user(
                'user', 'stock_alert.group_alert',
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
            keeper = store.user('keeper', 'stock_alert.group_alert')
            stranger = store.user('stranger', 'stock.group_stock')
            store.rule('below_minimum', 5)
            store.move(store.products[0], 1)
            store.scan()
            stock, = store.open()
            with Transaction().set_user(keeper.id), check_access():
                self.assertEqual(store.Alert.search([]), [stock])
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
            with Transaction().set_user(stranger.id), check_access():
                with self.assertRaises(AccessError):
                    store.Alert.search([])
            with self.assertRaises(UserError):
                store.Alert.resolve([stock], "  ")
            with self.assertRaises(UserError):
                store.Alert.snooze([stock], store.today)
            with self.assertRaises(UserError):
                store.Alert.delete([stock])

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
