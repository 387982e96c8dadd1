# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What happens to alerts goes to chat rooms and other programs too."""
from collections import defaultdict

from trytond.i18n import gettext
from trytond.model import ModelSQL, fields
from trytond.pool import Pool, PoolMeta
from trytond.transaction import Transaction

from .event import LIMIT, TOLD


class Rule(metaclass=PoolMeta):
    __name__ = 'stock.alert.rule'

    webhooks = fields.Many2Many(
        'stock.alert.rule-notification.webhook', 'rule', 'webhook',
        "Webhooks", help="Where the alerts are sent to.")


class RuleWebhook(ModelSQL):
    __name__ = 'stock.alert.rule-notification.webhook'
    rule = fields.Many2One(
        'stock.alert.rule', "Rule", ondelete='CASCADE', required=True)
    webhook = fields.Many2One(
        'notification.webhook', "Webhook", ondelete='CASCADE', required=True)


class Event(metaclass=PoolMeta):
    __name__ = 'stock.alert.event'

    @classmethod
    def tell(cls, company, last):
        super().tell(company, last)
        pool = Pool()
        Alert = pool.get('stock.alert')
        Relation = pool.get('stock.alert.rule-notification.webhook')
        Webhook = pool.get('notification.webhook')
        relation = Relation.__table__()
        new = cls._sql_new(company, last, [*TOLD, 'escalated'])
        cursor = Transaction().connection.cursor()
        cursor.execute(*new.join(
                relation, condition=relation.rule == new.rule
                ).select(
                    relation.webhook, new.id,
                    group_by=[relation.webhook, new.id, new.rank],
                    order_by=[new.rank.desc, new.id],
                    limit=LIMIT))
        alerts = defaultdict(list)
        for webhook, alert in cursor:
            alerts[webhook].append(alert)
        for webhook, ids in alerts.items():
            Webhook.notify(
                [Webhook(webhook)],
                [a.get_webhook_message() for a in Alert.browse(ids)])


class Alert(metaclass=PoolMeta):
    __name__ = 'stock.alert'

    def get_webhook_message(self):
        "Return what notification.webhook sends of the alert"
        return {
            'subject': self.rec_name,
            'text': gettext(
                'stock_alert.msg_webhook_text',
                alert=self.rec_name,
                warehouse=self.warehouse.rec_name if self.warehouse else '',
                value=f'{self.value:g}',
                threshold=f'{self.threshold:g}',
                measure=self.measure or ''),
            'level': self.severity,
            'link': self.__href__,
            'record': str(self),
            }
