# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
import datetime as dt
import time
from urllib.parse import urlsplit

from sql import Column, Literal, Null

from trytond import backend, config
from trytond.i18n import gettext
from trytond.model import DeactivableMixin, ModelSQL, ModelView, fields
from trytond.pool import Pool
from trytond.pyson import Bool, Eval, If
from trytond.transaction import Transaction, without_check_access
from trytond.wizard import Button, StateTransition, StateView, Wizard

from .channel import CHANNELS, Content
from .exceptions import WebhookValidationError
from .transport import DEADLINE, is_private, is_valid

# A robot takes 20 messages a minute. Times are kept in seconds, so that two
# sendings are more than 3 seconds apart.
SPACING = dt.timedelta(seconds=4)
# How long a sending owns its messages: if its process dies, they are sent
# again after it
LEASE = dt.timedelta(seconds=DEADLINE * 10)
MAX_BACK_OFF = dt.timedelta(hours=1)
GIVE_UP = dt.timedelta(days=3)
# That are read to make one sending
BATCH = 500

DOTS = '•' * 8
HIDDEN = '…'


def now():
    "Return the time in the precision in which it is kept"
    return dt.datetime.now().replace(microsecond=0)


def back_off(attempts):
    "Return how long to wait after so many failures: 1, 2, 4... minutes"
    minutes = 2 ** min(max(attempts - 1, 0), 10)
    return min(dt.timedelta(minutes=minutes), MAX_BACK_OFF)


class Webhook(DeactivableMixin, ModelSQL, ModelView):
    __name__ = 'notification.webhook'
    name = fields.Char("Name", required=True)
    company = fields.Many2One(
        'company.company', "Company",
        help="The company to whose users the webhook is offered.\n"
        "Leave empty for all.")
    type = fields.Selection([
            ('wecom', "WeCom Robot"),
            ('dingtalk', "DingTalk Robot"),
            ('feishu', "Feishu Robot"),
            ('json', "Signed JSON"),
            ], "Type", required=True, sort=False)
    language = fields.Many2One(
        'ir.lang', "Language", required=True,
        domain=[('translatable', '=', True)],
        help="The language of what is added to the messages, like how many "
        "more there are, and of the test.")
    # The names of both are of those that trytond leaves out of its logs
    secret_url = fields.Function(fields.Char(
            "URL",
            states={
                # A copy does not have it
                'required': Eval('active', True),
                },
            help="The address to which messages are posted.\n"
            "As it contains the access token, it is not shown again: "
            "enter the whole to change it."),
        'get_secret_url', setter='set_secret_url')
    secret = fields.Function(fields.Char(
            "Secret", strip=False,
            states={
                'required': Eval('active', True) & (Eval('type') == 'json'),
                'invisible': Eval('type') == 'wecom',
                },
            help="What signs the messages.\n"
            "It is not shown again."),
        'get_secret', setter='set_secret')

    failures = fields.Integer(
        "Failures", readonly=True,
        help="How many times in a row nothing could be sent.")
    error = fields.Text(
        "Last Error", readonly=True,
        states={
            'invisible': ~Eval('error'),
            },
        help="What the endpoint answered when it was tried last.")
    sent_at = fields.DateTime("Last Sent", readonly=True)
    next_send_at = fields.DateTime(
        "Not Before", readonly=True,
        help="Nothing is sent before.")
    pending = fields.Function(fields.Integer(
            "Waiting", help="The number of messages that wait to be sent."),
        'get_pending')

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls._order = [('name', 'ASC'), ('id', 'ASC')]
        cls._buttons.update({
                'test': {
                    'readonly': ~Eval('active', True) | (Eval('id', -1) < 0),
                    'depends': ['active'],
                    },
                })

    @classmethod
    def __register__(cls, module_name):
        super().__register__(module_name)
        # Columns which are no fields: nothing that goes through fields, like
        # searching, ordering, exporting and copying, finds them.
        table_h = cls.__table_handler__(module_name)
        for name in ['hidden_url', 'hidden_secret']:
            if not table_h.column_exist(name):
                table_h.add_column(name, 'VARCHAR')

    @classmethod
    def default_language(cls):
        Language = Pool().get('ir.lang')
        languages = Language.search([
                ('code', '=', Transaction().language),
                ('translatable', '=', True),
                ])
        return languages[0].id if languages else None

    @classmethod
    def default_failures(cls):
        return 0

    @classmethod
    def view_attributes(cls):
        return super().view_attributes() + [
            ('/tree', 'visual', If(Bool(Eval('failures')), 'danger', '')),
            ]

    @classmethod
    def _get_hidden(cls, webhooks):
        "Return the URL and the secret by id"
        cursor = Transaction().connection.cursor()
        table = cls.__table__()
        cursor.execute(*table.select(
                table.id, Column(table, 'hidden_url'),
                Column(table, 'hidden_secret'),
                where=fields.SQL_OPERATORS['in'](
                    table.id, [w.id for w in webhooks])))
        return {id_: hidden for id_, *hidden in cursor}

    @classmethod
    def _set_hidden(cls, webhooks, name, value):
        cls._update(webhooks, **{name: value})

    @classmethod
    def _update(cls, webhooks, **values):
        """Write without leaving a trace that it was modified.

        Otherwise what is sent meanwhile would hinder who edits the webhook.
        """
        cursor = Transaction().connection.cursor()
        table = cls.__table__()
        cursor.execute(*table.update(
                [Column(table, name) for name in values],
                list(values.values()),
                where=fields.SQL_OPERATORS['in'](
                    table.id, [w.id for w in webhooks])))

    @classmethod
    def get_secret_url(cls, webhooks, name):
        "Return the part that is not secret"
        urls = {}
        for id_, (url, _) in cls._get_hidden(webhooks).items():
            if url:
                parts = urlsplit(url)
                url = f'{parts.scheme}://{parts.netloc}/{HIDDEN}'
            urls[id_] = url
        return urls

    @classmethod
    def set_secret_url(cls, webhooks, name, value):
        shown = cls.get_secret_url(webhooks, name)
        # What was read is not a change
        webhooks = [
            w for w in webhooks if not value or shown[w.id] != value]
        if not webhooks:
            return
        if value:
            webhook = webhooks[0].rec_name
            if HIDDEN in value or not is_valid(value):
                raise WebhookValidationError(gettext(
                        'notification_webhook.msg_url_invalid',
                        webhook=webhook))
            host = urlsplit(value).hostname
            if is_private(host):
                raise WebhookValidationError(gettext(
                        'notification_webhook.msg_url_private',
                        webhook=webhook, host=host))
        cls._set_hidden(webhooks, 'hidden_url', value)

    @classmethod
    def get_secret(cls, webhooks, name):
        return {
            id_: DOTS if secret else None
            for id_, (_, secret) in cls._get_hidden(webhooks).items()}

    @classmethod
    def set_secret(cls, webhooks, name, value):
        if value != DOTS:
            cls._set_hidden(webhooks, 'hidden_secret', value)

    @classmethod
    def get_pending(cls, webhooks, name):
        pool = Pool()
        Message = pool.get('notification.webhook.message')
        return Message.count_pending(webhooks)

    @classmethod
    def copy(cls, webhooks, default=None):
        default = default.copy() if default is not None else {}
        # Until the URL is entered
        default.setdefault('active', False)
        default.setdefault('failures', 0)
        for name in ['error', 'sent_at', 'next_send_at']:
            default.setdefault(name)
        return super().copy(webhooks, default=default)

    @classmethod
    def on_modification(cls, mode, webhooks, field_names=None):
        super().on_modification(mode, webhooks, field_names=field_names)
        if mode == 'write' and field_names & {
                'active', 'type', 'secret_url', 'secret'}:
            cls.resume([w for w in webhooks if w.active])

    @classmethod
    @ModelView.button_action('notification_webhook.wizard_test')
    def test(cls, webhooks):
        pass

    @classmethod
    @without_check_access
    def notify(cls, webhooks, messages):
        """Queue the messages, which are sent after the commit.

        :param webhooks: list of instances, those not active are skipped
        :param messages: list of dictionaries with subject, text, level (info,
            warning or critical), link (URL or None) and record
            (model,id or None)
        :return: list of instances of notification.webhook.message
        """
        pool = Pool()
        Message = pool.get('notification.webhook.message')
        webhooks = [w for w in cls.browse(webhooks) if w.active]
        queued = Message.create([{
                    'webhook': webhook.id,
                    'subject': message['subject'],
                    'text': message['text'],
                    'level': message['level'],
                    'link': message.get('link'),
                    'record': message.get('record'),
                    } for webhook in webhooks for message in messages])
        if messages:
            cls._queue(webhooks)
        return queued

    @classmethod
    def _queue(cls, webhooks, delay=None):
        # A task for each: they do not wait for one another
        with Transaction().set_context(queue_scheduled_at=delay):
            for webhook in webhooks:
                cls.__queue__.send([webhook])

    @classmethod
    @without_check_access
    def resume(cls, webhooks):
        "Try at once what has failed"
        pool = Pool()
        Message = pool.get('notification.webhook.message')
        if not webhooks:
            return
        cls._update(
            webhooks, failures=0, error=None, next_send_at=now() + SPACING)
        Message.hurry(webhooks)
        cls._queue(webhooks, SPACING)

    @classmethod
    def send_due(cls):
        "Queue the sending of what is due, as a scheduled task"
        pool = Pool()
        Message = pool.get('notification.webhook.message')
        at = now()
        webhooks = cls.search([
                ['OR',
                    ('next_send_at', '=', None),
                    ('next_send_at', '<=', at),
                    ],
                ])
        due = Message.count_pending(webhooks, before=at)
        cls._queue([w for w in webhooks if due[w.id]])

    @classmethod
    def send(cls, webhooks):
        """Send what is due, as a task of the queue.

        It commits the transaction before it talks to the endpoint.
        """
        for webhook in webhooks:
            cls._send(webhook)

    @classmethod
    def _send(cls, webhook):
        transaction = Transaction()
        with webhook._own_language():
            claimed = cls._claim(webhook)
            if not claimed:
                return
            messages, channel, payload = claimed
            # What is taken is known to everybody before it is sent, and
            # nothing is locked while the endpoint makes up its mind
            transaction.commit()
            answer = channel.send(payload)
            retry = config.getint('database', 'retry')
            for count in range(retry, -1, -1):
                try:
                    cls._conclude(webhook, messages, answer)
                    transaction.commit()
                    break
                except backend.DatabaseOperationalError:
                    # Running the task again would not remember the answer
                    if not count:
                        raise
                    transaction.rollback()
                    time.sleep(0.02 * (retry - count + 1))

    def _own_language(self):
        # The group does not read the language of who caused the message
        return Transaction().set_context(language=self.language.code)

    @classmethod
    def _claim(cls, webhook):
        """Take messages for a sending of one's own.

        :return: the messages, the channel and the payload, or None
        """
        pool = Pool()
        Message = pool.get('notification.webhook.message')
        cursor = Transaction().connection.cursor()
        table = cls.__table__()
        at = now()
        # Of those who come at the same time only one updates the row
        cursor.execute(*table.update(
                [table.next_send_at], [at + LEASE],
                where=(table.id == webhook.id)
                & (table.active == Literal(True))
                & ((table.next_send_at == Null)
                    | (table.next_send_at <= at))))
        if not cursor.rowcount:
            return
        messages, total = Message.get_due(webhook, at, BATCH)
        if not messages:
            cls._update([webhook], next_send_at=None)
            return
        url, secret = cls._get_hidden([webhook])[webhook.id]
        channel = CHANNELS[webhook.type](url, secret)
        payload, count = channel.compose(
            [Message.get_content(m) for m in messages], total)
        messages = messages[:count]
        Message.claim(messages, at + LEASE)
        return messages, channel, payload

    @classmethod
    def _conclude(cls, webhook, messages, answer):
        "Record the answer to a sending"
        pool = Pool()
        Message = pool.get('notification.webhook.message')
        at = now()
        if answer.result == 'sent':
            Message.succeed(messages, at)
            cls._update(
                [webhook], failures=0, error=None, sent_at=at,
                next_send_at=at + SPACING)
            if config.getboolean('queue', 'worker', default=False):
                # For what came meanwhile, and does not fit or may not be
                # sent yet. Without workers the task would run too early, so
                # that is left to the scheduled one.
                cls._queue([webhook], SPACING)
        else:
            failures = (cls(webhook.id).failures or 0) + 1
            wait = max(
                back_off(failures), dt.timedelta(seconds=answer.wait))
            cls._update(
                [webhook], failures=failures, error=answer.text,
                next_send_at=at + wait)
            Message.fail(
                messages, answer.text, at, wait,
                refused=answer.result == 'refused')

    @classmethod
    def send_test(cls, webhook):
        "Send a message at once and return the Answer"
        webhook = cls(webhook.id)
        if webhook.next_send_at:
            wait = webhook.next_send_at - dt.datetime.now()
            if dt.timedelta() < wait <= SPACING:
                time.sleep(wait.total_seconds())
        url, secret = cls._get_hidden([webhook])[webhook.id]
        channel = CHANNELS[webhook.type](url, secret)
        with webhook._own_language():
            payload, _ = channel.compose([Content(
                        id=None,
                        subject=gettext(
                            'notification_webhook.msg_test_subject'),
                        text=gettext(
                            'notification_webhook.msg_test_text',
                            webhook=webhook.name),
                        level='info', link=None, record=None,
                        date=now().isoformat())], 1)
        answer = channel.send(payload)
        if answer.result == 'sent':
            cls.resume([webhook])
        return answer


class Test(Wizard):
    "Send a message to a webhook and tell the answer"
    __name__ = 'notification.webhook.test'
    start_state = 'send'
    send = StateTransition()
    result = StateView(
        'notification.webhook.test.result',
        'notification_webhook.test_result_view_form', [
            Button("Close", 'end', 'tryton-close', default=True),
            ])

    def transition_send(self):
        answer = self.model.send_test(self.record)
        self.result.webhook = self.record
        self.result.result = (
            'sent' if answer.result == 'sent' else 'failed')
        self.result.answer = answer.text
        return 'result'

    def default_result(self, fields):
        return {
            'webhook': self.result.webhook.id,
            'result': self.result.result,
            'answer': self.result.answer,
            }


class TestResult(ModelView):
    "What an endpoint answered"
    __name__ = 'notification.webhook.test.result'
    webhook = fields.Many2One(
        'notification.webhook', "Webhook", readonly=True)
    result = fields.Selection([
            ('sent', "The endpoint took the message."),
            ('failed', "The message was not taken."),
            ], "Result", readonly=True)
    answer = fields.Text("Answer", readonly=True)
