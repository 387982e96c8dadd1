# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from decimal import Decimal

from trytond.pool import Pool, PoolMeta

from .document import Operation
from .trade import ApprovedTradeMixin


class Rule(metaclass=PoolMeta):
    __name__ = 'document.approval.rule'

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls.operation.selection.append(
            ('purchase.purchase:confirm', "Purchase Order"))


class Purchase(ApprovedTradeMixin, metaclass=PoolMeta):
    __name__ = 'purchase.purchase'

    _approval_operations = {
        'confirm': Operation(
            {'quotation'}, refuse='draft', back='draft', automatic=True),
        }
    _approval_date = 'purchase_date'


class Purchase_Requisition(metaclass=PoolMeta):
    __name__ = 'purchase.purchase'

    def approval_exempt(self, rule, facts):
        """Test if approved requisitions cover the purchase.

        Up to the tolerance of the rule. A requisition says nothing of the
        supplier.
        """
        return super().approval_exempt(rule, facts) or (
            not rule.parties
            and self._is_requisitioned(1 + rule.tolerance / 100))

    def _is_requisitioned(self, share):
        pool = Pool()
        Approval = pool.get('document.approval')
        UoM = pool.get('product.uom')
        lines = self._trade_lines()
        requisitions = set()

        def same(line, origin):
            if line.product or origin.product:
                return line.product == origin.product
            return (line.description or '') == (origin.description or '')

        for line in lines:
            quantity, amount = 0, Decimal(0)
            for origin in {r.origin for r in line.requests}:
                if (not origin
                        or origin.__name__ != 'purchase.requisition.line'
                        or not same(line, origin)
                        or not origin.unit_price):
                    return False
                requisitions.add(origin.requisition)
                if origin.unit and line.unit:
                    quantity += UoM.compute_qty(
                        origin.unit, origin.quantity, line.unit, round=False)
                else:
                    quantity += origin.quantity
                requisition = origin.requisition
                amount += requisition._convert_approval_amount(origin.amount)
            present = self._convert_approval_amount(line.amount)
            if (not line.requests
                    or line.quantity > quantity * float(share)
                    or present > amount * share):
                return False
        return bool(requisitions) and all(
            Approval.has_approved(r, 'approve') for r in requisitions)
