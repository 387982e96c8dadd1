# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Returns that the rules of document_approval ask for."""
from decimal import Decimal

from trytond.modules.document_approval.document import (
    ApprovedMixin, Operation, line_key)
from trytond.modules.document_approval.gate import ApproveGate as _ApproveGate
from trytond.pool import Pool


class ApprovedReturnMixin(ApprovedMixin):
    "A return that may need approval by rules"
    __slots__ = ()

    _approval_operations = {
        'approve': Operation(
            {'waiting'}, refuse='reject', back='draft', by_approver=True,
            automatic=True),
        }

    def _get_approval_lines(self):
        for line in self.lines:
            yield (
                f'{line_key(line)}/{line.origin_move or ""}',
                line.quantity, line.unit_price)

    def _get_approval_date(self):
        return self.date or super()._get_approval_date()

    def _get_approval_amount(self):
        return sum((l.amount or Decimal(0) for l in self.lines), Decimal(0))

    def _get_approval_party(self):
        return self.party

    def _get_approval_currency(self):
        return self.currency

    @property
    def needs_approval(self):
        Approval = Pool().get('document.approval')
        return super().needs_approval or bool(
            Approval.get_needed(self, 'approve'))


class ApproveGate(_ApproveGate):
    "The gate of document_approval for returns"
    __slots__ = ()
