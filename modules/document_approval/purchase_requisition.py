# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.i18n import gettext
from trytond.model import ModelView
from trytond.pool import Pool, PoolMeta

from .document import ApprovedMixin, Operation, line_key
from .exceptions import ApprovalError
from .rule import users_of
from .trade import last_prices


class Rule(metaclass=PoolMeta):
    __name__ = 'document.approval.rule'

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls.operation.selection.append(
            ('purchase.requisition:approve', "Purchase Requisition"))


class Requisition(ApprovedMixin, metaclass=PoolMeta):
    __name__ = 'purchase.requisition'

    _approval_operations = {
        'approve': Operation(
            {'waiting'}, refuse='reject', back='draft', by_approver=True,
            automatic=True),
        }

    def _get_approval_lines(self):
        for line in self.lines:
            yield line_key(line), line.quantity, line.unit_price

    def _get_approval_amount(self):
        return self.total_amount or 0

    def _get_approval_currency(self):
        return self.currency or self.company.currency

    def _get_approval_employee(self):
        return self.employee

    def _get_approval_requester(self, employee):
        for user in users_of(employee):
            return user
        return self.create_uid

    def _get_approval_last_prices(self, products):
        Purchase = Pool().get('purchase.purchase')
        return last_prices(Purchase, products, self.company)

    @classmethod
    @ModelView.button
    def reject(cls, requisitions):
        Approval = Pool().get('document.approval')
        for approval in Approval.search([
                    ('document', 'in', [str(r) for r in requisitions]),
                    ('state', '=', 'waiting'),
                    ], limit=1):
            raise ApprovalError(gettext(
                    'document_approval.msg_refuse_with_reason',
                    document=approval.document_name))
        super().reject(requisitions)
