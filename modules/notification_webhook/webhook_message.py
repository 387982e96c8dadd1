# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
import datetime as dt
from collections import defaultdict

from sql import Literal, Null
from sql.aggregate import Count

from trytond import config
from trytond.model import DeactivableMixin, Index, ModelSQL, ModelView, fields
from trytond.pool import Pool
from trytond.pyson import Eval, If
from trytond.transaction import Transaction, without_check_access

from .channel import Content
from .webhook import GIVE_UP, back_off, now


class Message(DeactivableMixin, ModelSQL, ModelView):
    __name__ = 'notification.webhook.message'
    webhook = fields.Many2One(
        'notification.webhook', "Webhook", required=True, readonly=True,
        ondelete='RESTRICT')
    subject = fields.Char("Subject", required=True, readonly=True)
    text = fields.Text("Text", readonly=True)
    level = fields.Selection([
            ('info', "Information"),
            ('warning', "Warning"),
            ('critical', "Critical"),
            ], "Level", required=True, readonly=True, sort=False)
    link = fields.Char("Link", readonly=True)
    record = fields.Reference(
        "About", selection='get_models', readonly=True)
    state = fields.Selection([
            ('pending', "Waiting"),
            ('sent', "Sent"),
            ('failed', "Given Up"),
            ], "State", required=True, readonly=True, sort=False)
    queued_at = fields.DateTime("Queued", required=True, readonly=True)
    attempts = fields.Integer("Attempts", required=True, readonly=True)
    next_try_at = fields.DateTime(
        "Next Attempt", readonly=True,
        states={
            'invisible': Eval('state') != 'pending',
            })
    error = fields.Text(
        "Last Error", readonly=True,
        states={
            'invisible': ~Eval('error'),
            },
        help="What the endpoint answered to the last attempt.")
    sent_at = fields.DateTime("Sent", readonly=True)
    alone = fields.Boolean(
        "Alone", readonly=True,
        states={
            'invisible': ~Eval('alone'),
            },
        help="The endpoint refused the message, so it is not sent together "
        "with others.")

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls._order = [('id', 'DESC')]
        table = cls.__table__()
        cls._sql_indexes.update({
                Index(
                    table,
                    (table.webhook, Index.Equality()),
                    (table.next_try_at, Index.Range()),
                    where=table.state == 'pending'),
                Index(table, (table.webhook, Index.Equality())),
                })
        cls._buttons.update({
                'send_again': {
                    'invisible': Eval('state') != 'failed',
                    'depends': ['state'],
                    },
                'give_up': {
                    'invisible': Eval('state') != 'pending',
                    'depends': ['state'],
                    },
                })

    @classmethod
    def default_state(cls):
        return 'pending'

    @classmethod
    def default_queued_at(cls):
        return now()

    @classmethod
    def default_next_try_at(cls):
        return now()

    @classmethod
    def default_attempts(cls):
        return 0

    @classmethod
    def default_alone(cls):
        return False

    @classmethod
    def get_models(cls):
        pool = Pool()
        Model = pool.get('ir.model')
        ModelAccess = pool.get('ir.model.access')
        models = Model.get_name_items((ModelSQL, ModelView))
        if Transaction().check_access:
            # Who may not read one of them would not see the field at all
            access = ModelAccess.get_access([m for m, _ in models])
            models = [(m, n) for m, n in models if access[m]['read']]
        return [(None, ''), *models]

    def get_rec_name(self, name):
        return self.subject

    @classmethod
    def search_rec_name(cls, name, clause):
        return [('subject', *clause[1:])]

    @classmethod
    def view_attributes(cls):
        return super().view_attributes() + [
            ('/tree', 'visual',
                If(Eval('state') == 'failed', 'danger',
                    If((Eval('state') == 'pending')
                        & (Eval('attempts', 0) > 0), 'warning', ''))),
            ]

    @classmethod
    @ModelView.button
    def send_again(cls, messages):
        pool = Pool()
        Webhook = pool.get('notification.webhook')
        messages = [m for m in messages if m.state == 'failed']
        at = now()
        cls.write(messages, {
                'state': 'pending',
                'queued_at': at,
                'next_try_at': at,
                'attempts': 0,
                'active': True,
                })
        Webhook.resume(list({m.webhook for m in messages}))

    @classmethod
    @ModelView.button
    def give_up(cls, messages):
        cls.write([m for m in messages if m.state == 'pending'], {
                'state': 'failed',
                })

    @classmethod
    def count_pending(cls, webhooks, before=None):
        """Return the number of waiting messages by id of the webhooks.

        :param before: only those that are due then
        """
        cursor = Transaction().connection.cursor()
        table = cls.__table__()
        where = (table.state == 'pending') & fields.SQL_OPERATORS['in'](
            table.webhook, [w.id for w in webhooks])
        if before:
            where &= table.next_try_at <= before
        cursor.execute(*table.select(
                table.webhook, Count(table.id),
                where=where, group_by=table.webhook))
        return {w.id: 0 for w in webhooks} | dict(cursor)

    @classmethod
    def get_due(cls, webhook, at, limit):
        """Return the messages that can be sent together, and their number.

        :param limit: of the messages, not of the number
        """
        domain = [
            ('webhook', '=', webhook.id),
            ('state', '=', 'pending'),
            ('next_try_at', '<=', at),
            ]
        order = [('attempts', 'ASC'), ('id', 'ASC')]
        together = domain + [('alone', '=', False)]
        first = cls.search(domain, limit=1, order=order)
        if not first or first[0].alone:
            return first, len(first)
        return (
            cls.search(together, limit=limit, order=order),
            cls.search(together, count=True))

    def get_content(self):
        return Content(
            id=self.id, subject=self.subject, text=self.text or '',
            level=self.level, link=self.link,
            record=str(self.record) if self.record else None,
            date=self.queued_at.isoformat())

    @classmethod
    def _update(cls, messages, **values):
        cursor = Transaction().connection.cursor()
        table = cls.__table__()
        columns = [getattr(table, name) for name in values]
        cursor.execute(*table.update(
                columns, list(values.values()),
                where=fields.SQL_OPERATORS['in'](
                    table.id, [m.id for m in messages])))

    @classmethod
    def claim(cls, messages, until):
        "Count an attempt, which owns the messages until the time"
        cls._update(messages, next_try_at=until, error=None)
        cursor = Transaction().connection.cursor()
        table = cls.__table__()
        cursor.execute(*table.update(
                [table.attempts], [table.attempts + 1],
                where=fields.SQL_OPERATORS['in'](
                    table.id, [m.id for m in messages])))

    @classmethod
    def succeed(cls, messages, at):
        cls._update(
            messages, state='sent', sent_at=at, next_try_at=None,
            error=None)

    @classmethod
    def fail(cls, messages, error, at, wait, refused):
        """Record an attempt and when the next one is due.

        :param wait: that the webhook needs
        :param refused: if the endpoint did not want them
        """
        by_attempts = defaultdict(list)
        for message in cls.browse(messages):
            by_attempts[message.attempts].append(message)
        for attempts, messages_ in by_attempts.items():
            cls._update(
                messages_, error=error,
                next_try_at=at + max(wait, back_off(attempts)))
        if refused:
            # It may be to blame, and would hold up those sent with it
            cls._update(messages, alone=True)
        old = [
            m for m in cls.browse(messages) if m.queued_at < at - GIVE_UP]
        if old:
            cls._update(old, state='failed')

    @classmethod
    def hurry(cls, webhooks):
        "Make due what waits because an attempt has failed"
        cursor = Transaction().connection.cursor()
        table = cls.__table__()
        cursor.execute(*table.update(
                [table.next_try_at, table.alone], [now(), Literal(False)],
                where=(table.state == 'pending') & (table.error != Null)
                & fields.SQL_OPERATORS['in'](
                    table.webhook, [w.id for w in webhooks])))

    @classmethod
    @without_check_access
    def archive(cls):
        "Hide what is done for long, as a scheduled task"
        days = config.getint(
            'notification_webhook', 'archive_days', default=90)
        cursor = Transaction().connection.cursor()
        table = cls.__table__()
        cursor.execute(*table.update(
                [table.active], [Literal(False)],
                where=(table.state != 'pending')
                & (table.active == Literal(True))
                & (table.queued_at < now() - dt.timedelta(days=days))))
