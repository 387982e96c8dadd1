# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.model import ModelView, Workflow
from trytond.pool import Pool, PoolMeta


class PurchaseAmendment(metaclass=PoolMeta):
    __name__ = 'purchase.amendment'

    @classmethod
    @ModelView.button
    @Workflow.transition('validated')
    def validate_amendment(cls, amendments):
        "Amend an order no further than its approval goes"
        pool = Pool()
        Approval = pool.get('document.approval')
        Purchase = pool.get('purchase.purchase')
        super().validate_amendment(amendments)
        Approval.check_covered(
            Purchase.browse({a.purchase.id for a in amendments}), 'confirm')


class SaleAmendment(metaclass=PoolMeta):
    __name__ = 'sale.amendment'

    @classmethod
    @ModelView.button
    @Workflow.transition('validated')
    def validate_amendment(cls, amendments):
        "Amend an order no further than its approval goes"
        pool = Pool()
        Approval = pool.get('document.approval')
        Sale = pool.get('sale.sale')
        super().validate_amendment(amendments)
        Approval.check_covered(
            Sale.browse({a.sale.id for a in amendments}), 'confirm')
