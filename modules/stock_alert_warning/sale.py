# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Sales beyond what is available."""
from sql import Null

from trytond.pool import Pool, PoolMeta

from .document import OrderMixin
from .quantity import OrderForecastBelow, OrderForecastNegative


class Sale(OrderMixin, metaclass=PoolMeta):
    __name__ = 'sale.sale'

    @classmethod
    def get_alert_kinds(cls):
        return {
            **super().get_alert_kinds(),
            OrderForecastNegative.name: OrderForecastNegative,
            OrderForecastBelow.name: OrderForecastBelow,
            }


class SaleSupply(metaclass=PoolMeta):
    __name__ = 'sale.sale'

    @classmethod
    def sql_alert_lines(cls, scope):
        "What is bought for the sale is not taken from the stock"
        Template = Pool().get('product.template')
        template = Template.__table__()
        line = super().sql_alert_lines(scope)
        return line.join(
            template, condition=line.template == template.id
            ).select(
                line.document, line.product, line.template, line.warehouse,
                line.unit, line.quantity,
                where=template.supply_on_sale == Null)
