# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.pool import PoolMeta


class InspectDoDeadlock(metaclass=PoolMeta):
    """Inspect at the operation that the button is named for.

    The standard wizards are named _inspect_do and the operations :do but the
    wizard still looks for done: it makes no inspection, the button asks for
    one and the document is blocked.
    """
    __name__ = 'quality.inspect'

    @property
    def _operations(self):
        return {
            **super()._operations,
            'quality.wizard_stock_shipment_in_inspect_do': 'do',
            'quality.wizard_stock_shipment_out_return_inspect_do': 'do',
            'quality.wizard_stock_shipment_internal_inspect_do': 'do',
            'quality.wizard_production_inspect_do': 'do',
            }
