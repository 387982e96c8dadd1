# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Who decides for whom, and from when to when."""
from trytond.i18n import gettext
from trytond.model import DeactivableMixin, ModelSQL, ModelView, fields
from trytond.pool import Pool
from trytond.pyson import Bool, Eval, If
from trytond.transaction import Transaction

from .exceptions import DelegationValidationError


class Delegation(DeactivableMixin, ModelSQL, ModelView):
    __name__ = 'document.approval.delegation'

    user = fields.Many2One(
        'res.user', "User", required=True, ondelete='RESTRICT',
        help="Whose approvals are delegated.")
    delegate = fields.Many2One(
        'res.user', "Delegate", required=True, ondelete='RESTRICT',
        domain=[('id', '!=', Eval('user', -1))],
        help="Who decides, too, meanwhile.")
    company = fields.Many2One(
        'company.company', "Company", ondelete='CASCADE',
        help="Leave empty for all companies.")
    operation = fields.Selection(
        'get_operations', "Document", sort=False,
        help="Leave empty for all documents.")
    from_date = fields.Date(
        "From", required=True,
        domain=[
            If(Bool(Eval('from_date')) & Bool(Eval('to_date')),
                ('from_date', '<=', Eval('to_date', None)),
                ()),
            ])
    to_date = fields.Date(
        "To", required=True,
        domain=[
            If(Bool(Eval('from_date')) & Bool(Eval('to_date')),
                ('to_date', '>=', Eval('from_date', None)),
                ()),
            ])
    reason = fields.Char("Reason")

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls._order = [('from_date', 'DESC'), ('id', 'DESC')]

    @classmethod
    def get_operations(cls):
        Rule = Pool().get('document.approval.rule')
        return [(None, '')] + (
            Rule.fields_get(['operation'])['operation']['selection'])

    @classmethod
    def default_user(cls):
        return Transaction().user

    @classmethod
    def default_from_date(cls):
        return Pool().get('ir.date').today()

    def get_rec_name(self, name):
        return f'{self.user.rec_name} → {self.delegate.rec_name}'

    @classmethod
    def search_rec_name(cls, name, clause):
        return ['OR',
            ('user.rec_name', *clause[1:]),
            ('delegate.rec_name', *clause[1:]),
            ]

    @classmethod
    def validate_fields(cls, delegations, field_names):
        super().validate_fields(delegations, field_names)
        cls._check_loop(delegations)

    @classmethod
    def _check_loop(cls, delegations):
        "Test that nobody decides for themselves through others"
        cls.lock()
        for delegation in delegations:
            if not delegation.active:
                continue
            seen, todo = set(), [delegation]
            while todo:
                current = todo.pop()
                if current.delegate == delegation.user:
                    raise DelegationValidationError(gettext(
                            'document_approval.msg_delegation_loop',
                            delegation=delegation.rec_name,
                            other=current.rec_name))
                if current.id in seen:
                    continue
                seen.add(current.id)
                todo += cls.search([
                        ('user', '=', current.delegate.id),
                        ('from_date', '<=', delegation.to_date),
                        ('to_date', '>=', delegation.from_date),
                        ])

    @classmethod
    def get_valid(cls, user=None):
        """Return the delegations that are valid today.

        :param user: id of the delegate, None for all
        :return: list of delegations
        """
        Date = Pool().get('ir.date')
        today = Date.today()
        domain = [
            ('from_date', '<=', today),
            ('to_date', '>=', today),
            ('user.active', '=', True),
            ]
        if user is not None:
            domain.append(('delegate', '=', user))
        return cls.search(domain)

    def is_for(self, approval):
        "Test if the delegate may decide on the approval"
        return (
            self.company in {None, approval.company}
            and self.operation in {None, approval.operation})
