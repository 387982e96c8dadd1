# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Each message is told once, whatever the endpoint and the machine do."""
import datetime as dt
import threading
import unittest
from contextlib import ExitStack
from unittest.mock import patch

from trytond import backend
from trytond.modules.notification_webhook import webhook as webhook_module
from trytond.modules.notification_webhook import webhook_message
from trytond.modules.notification_webhook.channel import Channel
from trytond.pool import Pool
from trytond.tests.test_tryton import DB_NAME, activate_module, drop_db
from trytond.transaction import Transaction
from trytond.worker import run_task

from .tools import OK, allow_private, endpoint


class Clock:
    "The time, which passes when it is told to"

    def __init__(self):
        self.time = dt.datetime(2026, 11, 26, 8)

    def __call__(self):
        return self.time

    def wait(self, **duration):
        self.time += dt.timedelta(**duration)


class SendingTestCase(unittest.TestCase):
    "Test sending, each step in a transaction of its own"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        drop_db()
        activate_module('notification_webhook')
        cls.addClassCleanup(drop_db)

    def setUp(self):
        super().setUp()
        stack = self.enterContext(ExitStack())
        stack.enter_context(allow_private())
        self.endpoint = stack.enter_context(endpoint())
        self.clock = Clock()
        for module in [webhook_module, webhook_message]:
            stack.enter_context(patch.object(module, 'now', self.clock))
        self.webhook = self.create('wecom')

    def create(self, type, **values):
        values.setdefault('secret_url', f'{self.endpoint.url}/send?key=token')
        with Transaction().start(DB_NAME, 1):
            webhook, = Pool().get('notification.webhook').create([{
                        'name': "Group", 'type': type, **values}])
            return webhook.id

    def notify(self, *subjects, webhooks=None, run=True):
        "Queue a message of each subject, and return the tasks"
        with Transaction().start(DB_NAME, 1) as transaction:
            Webhook = Pool().get('notification.webhook')
            messages = Webhook.notify(
                Webhook.browse(webhooks or [self.webhook]), [{
                        'subject': subject,
                        'text': "Only 3 are left.",
                        'level': 'warning',
                        'link': 'https://example.com/',
                        'record': f'notification.webhook,{self.webhook}',
                        } for subject in subjects])
            ids = [m.id for m in messages]
        if run:
            self.run_tasks(transaction.tasks)
        return ids

    def run_tasks(self, tasks):
        while tasks:
            run_task(DB_NAME, tasks.pop(0))

    def cron(self):
        with Transaction().start(DB_NAME, 0) as transaction:
            Pool().get('notification.webhook').send_due()
        self.run_tasks(transaction.tasks)

    def values(self, model, id_):
        with Transaction().start(DB_NAME, 1, readonly=True):
            values, = Pool().get(model).read([id_], [
                    *Pool().get(model)._fields])
        return values

    def message(self, id_):
        return self.values('notification.webhook.message', id_)

    def states(self, ids):
        return [self.message(id_)['state'] for id_ in ids]

    def test_digest(self):
        "Test what is told at the same time comes in one message"
        ids = self.notify("Rice", "Flour", "Sugar")

        self.assertEqual(len(self.endpoint.requests), 1)
        text, = self.endpoint.texts
        for word in ["Rice", "Flour", "Sugar", "Only 3 are left."]:
            self.assertIn(word, text)
        self.assertEqual(self.states(ids), ['sent'] * 3)
        message = self.message(ids[0])
        self.assertEqual(message['sent_at'], self.clock())
        self.assertEqual(message['attempts'], 1)
        self.assertEqual(
            message['record'], f'notification.webhook,{self.webhook}')

    def test_rollback(self):
        "Test what is not committed is not told"
        with Transaction().start(DB_NAME, 1) as transaction:
            Webhook = Pool().get('notification.webhook')
            Webhook.notify([Webhook(self.webhook)], [{
                        'subject': "Rice", 'text': "", 'level': 'info'}])
            self.assertFalse(self.endpoint.requests)
            transaction.rollback()
        self.run_tasks(transaction.tasks)
        self.cron()
        self.assertFalse(self.endpoint.requests)

    def test_inactive(self):
        "Test nothing is queued for a webhook that is not used any longer"
        id_ = self.create('wecom', active=False)
        self.assertEqual(self.notify("Rice", webhooks=[id_]), [])

    def test_rate(self):
        "Test at most 20 messages come in a minute, and nothing is lost"
        times, ids = [], []
        for _ in range(150):
            ids += self.notify("Rice")
            for _ in self.endpoint.requests[len(times):]:
                times.append(self.clock())
            self.clock.wait(seconds=1)
        self.clock.wait(seconds=4)
        self.cron()
        minute = dt.timedelta(minutes=1)
        for start in times:
            self.assertLessEqual(
                sum(start <= t <= start + minute for t in times), 20)
        self.assertEqual(set(self.states(ids)), {'sent'})
        self.assertEqual(
            sum(text.count("Rice") for text in self.endpoint.texts), 150)

    def test_many(self):
        "Test what does not fit into one message comes in the next"
        ids = self.notify(*[f"No. {n:03}" for n in range(150)])
        for _ in range(10):
            self.clock.wait(seconds=4)
            self.cron()
        texts = self.endpoint.texts
        self.assertGreater(len(texts), 1)
        for n in range(150):
            self.assertEqual(sum(f"No. {n:03}" in t for t in texts), 1)
        self.assertEqual(set(self.states(ids)), {'sent'})

    def test_dead(self):
        "Test an endpoint that is down loses nothing and holds up nobody"
        self.endpoint.answer = (500, "down")
        with endpoint() as other_endpoint:
            other = self.create('json', secret='s', secret_url=(
                    other_endpoint.url))
            first, _ = self.notify("Rice", webhooks=[self.webhook, other])
            self.assertEqual(len(other_endpoint.requests), 1)
        message = self.message(first)
        self.assertEqual(message['state'], 'pending')
        self.assertEqual(message['error'], "HTTP 500: down")

        waits = []
        while self.message(first)['state'] == 'pending':
            self.assertLess(len(waits), 100)
            waits.append(
                (self.message(first)['next_try_at'] - self.clock()
                    ).total_seconds() / 60)
            requests = len(self.endpoint.requests)
            # Nobody waits for it meanwhile
            self.clock.wait(seconds=waits[-1] * 60 - 1)
            last = self.notify("Flour") if len(waits) == 3 else None
            self.cron()
            self.assertEqual(len(self.endpoint.requests), requests)
            self.clock.wait(seconds=1)
            self.cron()
            self.assertEqual(len(self.endpoint.requests), requests + 1)
            if last:
                flour, = last
        self.assertEqual(waits[:8], [1, 2, 4, 8, 16, 32, 60, 60])
        self.assertAlmostEqual(sum(waits) / 60 / 24, 3, delta=0.1)
        self.assertEqual(self.states([first, flour]), ['failed', 'pending'])

        # It is back
        self.endpoint.answer = OK
        self.endpoint.requests.clear()
        with Transaction().start(DB_NAME, 1) as transaction:
            Message = Pool().get('notification.webhook.message')
            Message.send_again([Message(first)])
        self.run_tasks(transaction.tasks)
        self.clock.wait(seconds=4)
        self.cron()
        self.assertEqual(self.states([first, flour]), ['sent', 'sent'])
        text, = self.endpoint.texts
        self.assertIn("Rice", text)
        self.assertIn("Flour", text)
        webhook = self.values('notification.webhook', self.webhook)
        self.assertEqual(webhook['failures'], 0)
        self.assertIsNone(webhook['error'])

    def test_refused(self):
        "Test a message that is refused does not hold up the others"
        def answer(request):
            if b'Poison' in request.body:
                return 200, {'errcode': 40058, 'errmsg': 'bad content'}
            return OK
        self.endpoint.answer = answer
        poison, *ids = self.notify("Poison", "Rice", "Flour")
        self.assertEqual(self.states([poison, *ids]), ['pending'] * 3)
        for _ in range(5):
            self.clock.wait(minutes=1)
            self.cron()
        self.assertEqual(self.states(ids), ['sent', 'sent'])
        message = self.message(poison)
        self.assertEqual(message['state'], 'pending')
        self.assertEqual(message['error'], "HTTP 200: 40058 bad content")
        for n in range(5):
            self.clock.wait(minutes=10)
            ids += self.notify(f"Sugar {n}")
            self.clock.wait(minutes=1)
            self.cron()
        self.assertEqual(set(self.states(ids)), {'sent'})

    def test_limited(self):
        "Test a robot that has had too much is left alone"
        self.endpoint.answer = (
            200, {'errcode': 130101, 'errmsg': 'send too fast'})
        webhook = self.create('dingtalk', secret='SEC')
        id_, = self.notify("Rice", webhooks=[webhook])
        self.assertEqual(
            self.message(id_)['next_try_at'] - self.clock(),
            dt.timedelta(minutes=10))
        self.clock.wait(minutes=9)
        self.cron()
        self.assertEqual(len(self.endpoint.requests), 1)
        self.endpoint.answer = OK
        self.clock.wait(minutes=1)
        self.cron()
        self.assertEqual(self.states([id_]), ['sent'])

    def test_crash(self):
        "Test a process that dies while it sends"
        with patch.object(
                Channel, 'send', autospec=True,
                side_effect=SystemExit) as send, \
                self.assertRaises(SystemExit):
            self.notify("Rice")
        send.assert_called_once()
        # It may still be sending
        self.clock.wait(minutes=4)
        self.cron()
        self.assertFalse(self.endpoint.requests)
        self.clock.wait(minutes=1)
        self.cron()
        self.clock.wait(minutes=10)
        self.cron()
        self.assertEqual(len(self.endpoint.requests), 1)

    def test_conflict(self):
        "Test the answer is not forgotten because somebody edits the webhook"
        with Transaction().start(DB_NAME, 1):
            Webhook = Pool().get('notification.webhook')
        conclude = Webhook._conclude
        failures = [backend.DatabaseOperationalError("conflict")] * 2

        def conflicting(*args):
            if failures:
                raise failures.pop()
            conclude(*args)
        with patch.object(Webhook, '_conclude', conflicting):
            id_, = self.notify("Rice")
        self.assertEqual(self.states([id_]), ['sent'])
        self.assertEqual(len(self.endpoint.requests), 1)

    def test_give_up(self):
        "Test messages that nobody needs any longer"
        self.endpoint.answer = (500, "down")
        id_, = self.notify("Rice")
        with Transaction().start(DB_NAME, 1):
            Message = Pool().get('notification.webhook.message')
            Message.give_up([Message(id_)])
        self.clock.wait(minutes=10)
        self.cron()
        self.assertEqual(len(self.endpoint.requests), 1)
        self.assertEqual(self.states([id_]), ['failed'])

    def test_archive(self):
        "Test what is done for long is hidden, not deleted"
        sent, = self.notify("Rice")
        self.endpoint.answer = (500, "down")
        self.clock.wait(seconds=4)
        waiting, = self.notify("Flour")
        for days, active in [(89, True), (2, False)]:
            self.clock.wait(days=days)
            with Transaction().start(DB_NAME, 0):
                Pool().get('notification.webhook.message').archive()
            self.assertEqual(self.message(sent)['active'], active)
            self.assertTrue(self.message(waiting)['active'])

    @unittest.skipIf(
        backend.name == 'sqlite', "SQLite lets one write at a time")
    def test_workers(self):
        "Test many workers at once tell each message once"
        self.endpoint.delay = 0.5
        tasks = []
        for n in range(4):
            with Transaction().start(DB_NAME, 1) as transaction:
                Webhook = Pool().get('notification.webhook')
                Webhook.notify([Webhook(self.webhook)], [{
                            'subject': f"No. {n}", 'text': "",
                            'level': 'info'}])
            tasks += transaction.tasks
        for _ in range(2):
            barrier = threading.Barrier(len(tasks))

            def work(task):
                barrier.wait()
                run_task(DB_NAME, task)
            threads = [
                threading.Thread(target=work, args=(t,)) for t in tasks]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.clock.wait(seconds=4)
            with Transaction().start(DB_NAME, 0):
                Webhook = Pool().get('notification.webhook')
                tasks = [
                    task for _ in range(4)
                    for task in Webhook.__queue__.send(
                        [Webhook(self.webhook)])]
        self.assertEqual(len(self.endpoint.requests), 1)
        for n in range(4):
            self.assertEqual(
                [t.count(f"No. {n}") for t in self.endpoint.texts], [1])

    def test_right_after(self):
        "Test workers send as soon as they may what comes after a sending"
        getboolean = webhook_module.config.getboolean

        def with_worker(section, option, **kwargs):
            if (section, option) == ('queue', 'worker'):
                return True
            return getboolean(section, option, **kwargs)

        def pull():
            "Return the tasks that wait: id and if they are for later"
            with Transaction().start(DB_NAME, 0, readonly=True):
                return [
                    (t.id, bool(t.scheduled_at))
                    for t in Pool().get('ir.queue').search([
                            ('id', '>', last), ('finished_at', '=', None)],
                        order=[('id', 'ASC')])]
        with patch.object(
                webhook_module.config, 'getboolean', with_worker):
            last = 0
            last = max([id_ for id_, _ in pull()], default=0)
            self.notify("Rice", run=False)
            (task, later), = pull()
            self.assertFalse(later)
            run_task(DB_NAME, task)
            self.assertEqual(len(self.endpoint.requests), 1)
            (follower, later), = pull()
            self.assertTrue(later)
            # Many come before it may send again
            ids = []
            for n in range(5):
                ids += self.notify(f"Flour {n}", run=False)
            for task, later in pull():
                if not later:
                    run_task(DB_NAME, task)
            self.assertEqual(pull(), [(follower, True)])
            self.clock.wait(seconds=4)
            run_task(DB_NAME, follower)
            self.assertEqual(set(self.states(ids)), {'sent'})
            self.assertEqual(len(self.endpoint.requests), 2)
            # The last finds nothing and is the end
            (follower, later), = pull()
            self.clock.wait(seconds=4)
            run_task(DB_NAME, follower)
            self.assertEqual(pull(), [])
