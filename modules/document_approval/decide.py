# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What the approver sees and decides, for one document or many."""
from trytond.i18n import gettext
from trytond.model import ModelView, fields
from trytond.modules.currency.fields import Monetary
from trytond.pool import Pool
from trytond.pyson import Eval
from trytond.transaction import Transaction
from trytond.wizard import Button, StateTransition, StateView, Wizard

from .exceptions import ApprovalError


class DecideStart(ModelView):
    __name__ = 'document.approval.decide.start'

    approvals = fields.Many2Many(
        'document.approval', None, None, "Approvals", readonly=True)
    count = fields.Integer("Documents", readonly=True)
    document_name = fields.Char(
        "Document", readonly=True,
        states={'invisible': Eval('count', 0) != 1})
    explanation = fields.Text(
        "Why This Rule", readonly=True,
        states={'invisible': Eval('count', 0) != 1})
    amount = Monetary(
        "Amount", currency='currency', digits='currency', readonly=True)
    currency = fields.Many2One(
        'currency.currency', "Currency", readonly=True)
    requester = fields.Many2One(
        'res.user', "Requester", readonly=True,
        states={'invisible': Eval('count', 0) != 1})
    party = fields.Char(
        "Party", readonly=True,
        states={'invisible': Eval('count', 0) != 1})
    lines = fields.One2Many(
        'document.approval.decide.line', None, "Lines", readonly=True,
        states={'invisible': Eval('count', 0) != 1})
    decision = fields.Selection([
            ('approve', "Approve"),
            ('refuse', "Refuse"),
            ('return_', "Return"),
            ('add_approver', "Add Approver"),
            ('delegate', "Delegate"),
            ], "Decision", required=True, sort=False)
    level = fields.Selection(
        'get_levels', "Return To", sort=False,
        states={'invisible': Eval('decision') != 'return_'},
        help="Leave empty to return it to the submitter.")
    user = fields.Many2One(
        'res.user', "User",
        states={
            'invisible': ~Eval('decision').in_(['add_approver', 'delegate']),
            'required': Eval('decision').in_(['add_approver', 'delegate']),
            })
    reason = fields.Text(
        "Reason",
        states={
            'required': Eval('decision').in_(['refuse', 'return_']),
            })
    digest = fields.Char("Digest", readonly=True)

    @classmethod
    def default_decision(cls):
        return 'approve'

    @fields.depends('approvals')
    def get_levels(self):
        names = {
            s.name: s.name for a in self.approvals or []
            for s in a.steps if s.state == 'approved'}
        return [(None, '')] + list(names.items())


class DecideLine(ModelView):
    __name__ = 'document.approval.decide.line'

    product = fields.Char("Product", readonly=True)
    quantity = fields.Float("Quantity", readonly=True)
    unit = fields.Many2One('product.uom', "Unit", readonly=True)
    unit_price = fields.Numeric("Unit Price", readonly=True)
    last_price = fields.Numeric(
        "Last Price", readonly=True,
        help="Of the last order of the product with the party or another.")
    stock_quantity = fields.Float(
        "In Stock", readonly=True, help="On hand in all warehouses.")


class Decide(Wizard):
    __name__ = 'document.approval.decide'

    start = StateView(
        'document.approval.decide.start',
        'document_approval.decide_start_view_form', [
            Button("Cancel", 'end', 'tryton-cancel'),
            Button("OK", 'decide', 'tryton-ok', default=True),
            ])
    decide = StateTransition()

    def default_start(self, fields):
        approvals = self.records
        if not approvals:
            raise ApprovalError(
                gettext('document_approval.msg_nothing_selected'))
        currencies = {a.currency for a in approvals}
        values = {
            'approvals': [a.id for a in approvals],
            'count': len(approvals),
            }
        if len(currencies) == 1:
            values['currency'], = [c.id for c in currencies]
            values['amount'] = sum(a.amount or 0 for a in approvals)
        if len(approvals) == 1:
            approval, = approvals
            values.update(
                document_name=approval.document_name,
                explanation=approval.explanation,
                requester=(
                    approval.requester.id if approval.requester else None),
                party=approval.party.rec_name if approval.party else None,
                digest=approval.digest,
                )
            if approval.document:
                # The approver need not have the right to read the document
                values['lines'] = approval.document.get_approval_details()
                # What is shown may be newer than what was submitted
                values['digest'] = approval.get_present_digest()
        return values

    def transition_decide(self):
        Approval = Pool().get('document.approval')
        approvals = Approval.browse(self.start.approvals)
        start = self.start
        options = {
            'reason': start.reason,
            'digest': start.digest if len(approvals) == 1 else None,
            }
        if start.decision == 'return_':
            options['level'] = start.level
        elif start.decision in {'add_approver', 'delegate'}:
            options['user'] = start.user
        with Transaction().set_context(_check_access=False):
            getattr(Approval, start.decision)(approvals, **options)
        return 'end'


class BypassStart(ModelView):
    __name__ = 'document.approval.bypass.start'

    reason = fields.Text("Reason", required=True)


class Bypass(Wizard):
    __name__ = 'document.approval.bypass'

    start = StateView(
        'document.approval.bypass.start',
        'document_approval.bypass_start_view_form', [
            Button("Cancel", 'end', 'tryton-cancel'),
            Button("Bypass", 'bypass', 'tryton-warning', default=True),
            ])
    bypass = StateTransition()

    def transition_bypass(self):
        Approval = Pool().get('document.approval')
        Approval.bypass(Approval.browse(self.records), self.start.reason)
        return 'end'
