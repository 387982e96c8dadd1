# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.model import ModelStorage, ModelView, Workflow
from trytond.pool import Pool, PoolMeta


class AmendmentMixin(ModelStorage):
    __slots__ = ()

    # Name of the field with the order
    _approval_order = None

    @classmethod
    @ModelView.button
    @Workflow.transition('validated')
    def validate_amendment(cls, amendments):
        "Amend an order no further than its approval goes"
        pool = Pool()
        Approval = pool.get('document.approval')
        name = cls._approval_order
        Order = pool.get(f'{name}.{name}')
        super().validate_amendment(amendments)
        Approval.check_covered(
            Order.browse({getattr(a, name).id for a in amendments}),
            'confirm')


class PurchaseAmendment(AmendmentMixin, metaclass=PoolMeta):
    __name__ = 'purchase.amendment'
    _approval_order = 'purchase'


class SaleAmendment(AmendmentMixin, metaclass=PoolMeta):
    __name__ = 'sale.amendment'
    _approval_order = 'sale'
