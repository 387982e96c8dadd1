# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Returns to suppliers under the rules of document_approval."""
from trytond.modules.stock_return.approval import ApprovedReturnMixin
from trytond.pool import PoolMeta


class Rule(metaclass=PoolMeta):
    __name__ = 'document.approval.rule'

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls.operation.selection.append(
            ('purchase.return:approve', "Return to Supplier"))


class Return(ApprovedReturnMixin, metaclass=PoolMeta):
    __name__ = 'purchase.return'


class Purchase(metaclass=PoolMeta):
    __name__ = 'purchase.purchase'

    def approval_exempt(self, rule, facts):
        "The return is what was approved, but not a dearer replacement"
        return super().approval_exempt(rule, facts) or bool(
            self.return_ and self.untaxed_amount <= 0)
