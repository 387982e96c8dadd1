# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from collections import defaultdict
from email.headerregistry import Address
from email.message import EmailMessage

from trytond import config
from trytond.i18n import gettext
from trytond.model import fields
from trytond.pool import Pool, PoolMeta
from trytond.sendmail import send_message_transactional
from trytond.transaction import Transaction


class User(metaclass=PoolMeta):
    __name__ = 'res.user'

    approval_email = fields.Selection([
            ('none', "No E-mail"),
            ('once', "At Once"),
            ('digest', "Once a Day"),
            ], "Approval E-mail", required=True, sort=False,
        help="How you are told by e-mail of what waits for you.")

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls._preferences_fields.append('approval_email')

    @classmethod
    def default_approval_email(cls):
        return 'none'

    @classmethod
    def on_modification(cls, mode, users, field_names=None):
        pool = Pool()
        Step = pool.get('document.approval.step')
        super().on_modification(mode, users, field_names=field_names)
        if mode == 'write' and field_names & {
                'active', 'roles', 'groups', 'companies'}:
            waiting = Step.search([
                    ('state', '=', 'waiting'),
                    ('users', 'in', [u.id for u in users]),
                    ])
            if waiting:
                Step.__queue__.refresh(waiting)

    @classmethod
    def tell_approval(cls, users, approval, message, reason=None):
        """Tell users of an approval in the client and by e-mail.

        :param message: id of the text
        """
        for user in users:
            with Transaction().set_context(language=(
                        user.language.code if user.language else None)):
                label = gettext(message, document=approval.document_name)
                approval.__class__.notify_user(
                    [approval], 'tryton-info', label,
                    description=reason or approval.operation_string,
                    user=user.id)
                if user.approval_email == 'once':
                    user.mail_approval(label, '\n'.join(filter(None, [
                                    label, approval.explanation, reason])))

    def mail_approval(self, subject, text):
        "Send an e-mail to the user if there is an address"
        sender = config.get('email', 'from')
        if not self.email or not sender:
            return
        message = EmailMessage()
        message['From'] = sender
        message['To'] = Address(self.name, addr_spec=self.email)
        message['Subject'] = subject
        message.set_content(text)
        send_message_transactional(message)

    @classmethod
    def mail_approval_digest(cls):
        "Send to each user who wants so the list of what waits"
        Step = Pool().get('document.approval.step')
        waiting = defaultdict(set)
        steps = Step.search([('state', '=', 'waiting')])
        for step, users in Step.get_asked(steps).items():
            for user in users:
                if user.approval_email == 'digest':
                    waiting[user].add(step.approval)
        for user, approvals in waiting.items():
            with Transaction().set_context(language=(
                        user.language.code if user.language else None)):
                user.mail_approval(
                    gettext(
                        'document_approval.msg_digest', count=len(approvals)),
                    '\n'.join(sorted(a.document_name for a in approvals)))
