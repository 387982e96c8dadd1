# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
import datetime as dt
from email.headerregistry import Address
from email.message import EmailMessage

from trytond import config
from trytond.i18n import gettext
from trytond.model import fields
from trytond.pool import Pool, PoolMeta
from trytond.sendmail import send_message_transactional
from trytond.transaction import Transaction, check_access

from .event import NAMED

# Lines of an e-mail, beyond which nobody reads
LINES = 200


class User(metaclass=PoolMeta):
    __name__ = 'res.user'

    stock_alert_email = fields.Selection([
            ('none', "No E-mail"),
            ('hour', "Once an Hour"),
            ('day', "Once a Day"),
            ], "Stock Alert E-mail", required=True, sort=False,
        help="How often you are told by e-mail of new stock alerts.")
    stock_alert_mailed = fields.DateTime("Stock Alerts Mailed", readonly=True)

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls._preferences_fields.append('stock_alert_email')

    @classmethod
    def default_stock_alert_email(cls):
        return 'none'

    def search_stock_alerts(self, domain, **options):
        """Return the alerts of the domain that the user may read.

        :param options: of the search
        """
        pool = Pool()
        Access = pool.get('ir.model.access')
        Alert = pool.get('stock.alert')
        with Transaction().set_user(self.id), check_access():
            if not Access.get_access([Alert.__name__])[
                    Alert.__name__]['read']:
                return []
            return Alert.search(domain, **options)

    def tell_stock_alerts(self, alerts, message):
        """Tell the user of alerts in the client.

        :param alerts: the worst first
        :param message: id of the text
        """
        Alert = Pool().get('stock.alert')
        with Transaction().set_context(language=(
                    self.language.code if self.language else None)):
            alerts = Alert.browse(alerts)
            named = [a.rec_name for a in alerts[:NAMED]]
            if len(alerts) > NAMED:
                named.append('…')
            Alert.notify_user(
                alerts, 'tryton-warning',
                gettext(message, count=len(alerts)),
                description=', '.join(named), user=self.id)

    @classmethod
    def queue_stock_alert_mails(cls):
        "Prepare an e-mail for each user whose time it is"
        now = dt.datetime.now()
        # Not to skip a turn because the schedule is some seconds early
        late = dt.timedelta(minutes=10)
        for frequency, delay in [
                ('hour', dt.timedelta(hours=1)),
                ('day', dt.timedelta(days=1)),
                ]:
            users = cls.search([
                    ('stock_alert_email', '=', frequency),
                    ['OR',
                        ('stock_alert_mailed', '=', None),
                        ('stock_alert_mailed', '<=', now - delay + late),
                        ],
                    ])
            for user in users:
                # Each alone: the address of one must not hinder another
                cls.__queue__.mail_stock_alerts([user])

    @classmethod
    def mail_stock_alerts(cls, users):
        """Send to each user the alerts that are new since the last e-mail.

        If it can not be sent nothing is lost: the next e-mail has them.
        """
        for user in users:
            sender = config.get('email', 'from')
            if not user.email or not sender:
                continue
            now = dt.datetime.now()
            with Transaction().set_context(language=(
                        user.language.code if user.language else None)):
                new, older = user._get_stock_alerts_to_mail()
                if new:
                    message = EmailMessage()
                    message['From'] = sender
                    message['To'] = Address(user.name, addr_spec=user.email)
                    message['Subject'] = gettext(
                        'stock_alert.msg_mail_subject', count=len(new))
                    message.set_content(user._get_stock_alert_text(
                            new, older))
                    send_message_transactional(message)
            cls.write([user], {'stock_alert_mailed': now})

    def _get_stock_alerts_to_mail(self):
        """Return what the user is told of and nobody acknowledged.

        :return: list of the new alerts, and how many older ones there are
        """
        Alert = Pool().get('stock.alert')
        since = self.stock_alert_mailed or dt.datetime.min
        alerts = Alert.browse(self.search_stock_alerts([
                    ('mine', '=', True),
                    ('state', '=', 'open'),
                    ], order=[('opened_at', 'DESC'), ('id', 'DESC')]))
        new = [a for a in alerts if a.opened_at > since]
        return new, len(alerts) - len(new)

    def _get_stock_alert_text(self, alerts, older):
        severities = dict(
            alerts[0].fields_get(['severity'])['severity']['selection'])
        lines = []
        for alert in alerts[:LINES]:
            lines.append(' '.join(filter(None, [
                            f'[{severities[alert.severity]}]',
                            alert.rec_name,
                            alert.warehouse and f'@ {alert.warehouse.name}',
                            f'{alert.value:g} / {alert.threshold:g}',
                            alert.measure])))
        if len(alerts) > LINES:
            lines.append(gettext(
                    'stock_alert.msg_mail_more',
                    count=len(alerts) - LINES))
        if older:
            lines += ['', gettext(
                    'stock_alert.msg_mail_older', count=older)]
        return '\n'.join(lines)
