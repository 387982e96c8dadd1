# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What was entered as URL and secret never comes out again."""
import json
import unittest

from trytond.exceptions import UserError
from trytond.model.exceptions import AccessButtonError, AccessError
from trytond.modules.notification_webhook.exceptions import (
    WebhookValidationError)
from trytond.pool import Pool
from trytond.protocols.jsonrpc import JSONEncoder
from trytond.tests.test_tryton import activate_module, with_transaction
from trytond.tools.logging import format_args
from trytond.transaction import Transaction, check_access

TOKEN = '693axxx6-7aoc-4bc4-97a0-0ec2sifa5aaa'
URL = f'https://oapi.dingtalk.com/robot/send?access_token={TOKEN}'
SECRET = 'SEC9f86d081884c7d65'


class SecretTestCase(unittest.TestCase):
    "Test secrets"

    @classmethod
    def setUpClass(cls):
        activate_module('notification_webhook')

    def create(self, **values):
        webhook, = Pool().get('notification.webhook').create([{
                    'name': "Group", 'type': 'dingtalk', 'secret_url': URL,
                    'secret': SECRET, **values}])
        return webhook

    def hidden(self, webhook):
        return webhook._get_hidden([webhook])[webhook.id]

    def users(self):
        "Yield an administrator and somebody with no rights"
        pool = Pool()
        User = pool.get('res.user')
        Group = pool.get('res.group')
        ModelData = pool.get('ir.model.data')
        group = Group(ModelData.get_id('res.group_admin'))
        user, = User.create([{'name': "Nobody", 'login': 'nobody'}])
        admin, = User.create([{
                    'name': "Administrator", 'login': 'administrator',
                    'groups': [('add', [group.id])]}])
        for user in [admin, user]:
            with Transaction().set_user(user.id), \
                    Transaction().set_context(User.get_preferences(
                        context_only=True)), check_access():
                yield user

    def assertNoSecret(self, value):
        value = json.dumps(value, cls=JSONEncoder, ensure_ascii=False)
        self.assertNotIn(TOKEN, value)
        self.assertNotIn(SECRET, value)

    @with_transaction()
    def test_read(self):
        "Test nobody reads them, in any way"
        pool = Pool()
        webhook = self.create()
        for user in self.users():
            with self.subTest(user=user.name):
                Webhook = pool.get('notification.webhook')
                names = [n for n in Webhook._fields]
                values, = Webhook.read([webhook.id], names)
                self.assertNoSecret(values)
                self.assertEqual(
                    values['secret_url'], 'https://oapi.dingtalk.com/…')
                self.assertEqual(values['secret'], '•' * 8)
                self.assertNoSecret(Webhook.search_read([], 0, None, None, [
                            'secret_url', 'secret']))
                self.assertNoSecret(Webhook.export_data(
                        [Webhook(webhook.id)], ['secret_url', 'secret']))
                for name in ['hidden_url', 'hidden_secret']:
                    for ask in [
                            lambda: Webhook.read([webhook.id], [name]),
                            lambda: Webhook.export_data(
                                [Webhook(webhook.id)], [name]),
                            lambda: Webhook.search([(name, 'like', 'h%')]),
                            lambda: Webhook.search([], order=[(name, None)]),
                            ]:
                        with self.assertRaises(Exception) as cm:
                            ask()
                        self.assertNotIn(TOKEN, str(cm.exception))
                # Nor are they guessed by searching
                for name in ['secret_url', 'secret']:
                    with self.assertRaises(NotImplementedError):
                        Webhook.search([(name, 'like', 'h%')])

    @with_transaction()
    def test_rights(self):
        "Test only administrators change, create and test webhooks"
        pool = Pool()
        webhook = self.create()
        for i, user in enumerate(self.users()):
            Webhook = pool.get('notification.webhook')
            Message = pool.get('notification.webhook.message')
            Test = pool.get('notification.webhook.test', type='wizard')
            record = Webhook(webhook.id)
            actions = [
                lambda: Webhook.write([record], {'name': "Other"}),
                lambda: Webhook.write([record], {'secret': "Other"}),
                lambda: Webhook.create([{
                            'name': "New", 'type': 'dingtalk',
                            'secret_url': URL}]),
                lambda: Message.search([]),
                lambda: Webhook.test([record]),
                ]
            for action in actions:
                if i:
                    with self.assertRaises((AccessError, AccessButtonError)):
                        action()
                else:
                    action()
            if not i:
                # The administrator may not read every model
                view = Message.fields_view_get(view_type='form')
                self.assertIn('record', view['fields'])
            else:
                with self.assertRaises(AccessError), \
                        Transaction().set_context(
                            active_model=Webhook.__name__,
                            active_id=webhook.id):
                    Test.create()
            with self.assertRaises(AccessError):
                Message.create([{
                            'webhook': webhook.id, 'subject': "Fake",
                            'level': 'info'}])

    @with_transaction()
    def test_unchanged(self):
        "Test saving what was read changes nothing"
        pool = Pool()
        Webhook = pool.get('notification.webhook')
        webhook = self.create()
        values, = Webhook.read([webhook.id], ['secret_url', 'secret'])
        del values['id']
        Webhook.write([webhook], {**values, 'name': "Other"})
        self.assertEqual(self.hidden(webhook), [URL, SECRET])
        Webhook.write([webhook], {'secret': None, 'secret_url': URL + '2'})
        self.assertEqual(self.hidden(webhook), [URL + '2', None])
        self.assertIsNone(Webhook(webhook.id).secret)

    @with_transaction()
    def test_log(self):
        "Test what changed is logged, but not to what"
        pool = Pool()
        Webhook = pool.get('notification.webhook')
        Log = pool.get('ir.model.log')
        webhook = self.create()
        with Transaction().set_context(_log=True):
            Webhook.write([webhook], {'secret': "Other", 'secret_url': URL})
        Transaction()._store_log_records()
        logs = Log.search([('resource', '=', str(webhook))])
        self.assertTrue(logs)
        for log in logs:
            self.assertNoSecret(Log.read([log.id], [*Log._fields]))
        values = {'secret_url': URL, 'secret': SECRET}
        for args in [([values],), ([1], values)]:
            self.assertNoSecret(str(format_args(args, {}, verbose=True)))

    @with_transaction()
    def test_copy(self):
        "Test a copy waits for its URL"
        webhook = self.create()
        copy, = webhook.copy([webhook])
        self.assertFalse(copy.active)
        self.assertEqual(self.hidden(copy), [None, None])
        with self.assertRaises(UserError):
            copy.active = True
            copy.save()

    @with_transaction()
    def test_refused(self):
        "Test what is refused is not repeated"
        for url in [
                f'ftp://example.com/{TOKEN}', f'https:///{TOKEN}',
                f'https://{TOKEN}:pw@example.com/',
                f'https://oapi.dingtalk.com/…{TOKEN}',
                f'http://127.0.0.1/{TOKEN}',
                f'http://169.254.169.254/{TOKEN}', f'http://[::1]/{TOKEN}']:
            with self.subTest(url=url), \
                    self.assertRaises(WebhookValidationError) as cm:
                self.create(secret_url=url)
            self.assertIn("Group", str(cm.exception))
            self.assertNotIn(TOKEN, str(cm.exception))

    @with_transaction()
    def test_required(self):
        "Test a webhook can not be saved without what it needs"
        for values in [
                {'secret_url': None}, {'type': 'json', 'secret': None}]:
            with self.subTest(values=values), self.assertRaises(UserError):
                self.create(**values)
        webhook = self.create(type='dingtalk', secret=None)
        with self.assertRaises(UserError):
            webhook.type = 'json'
            webhook.save()
        self.create(secret_url=None, active=False)
