# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What is left, or piles up, when a document has been carried out."""
from sql import Union
from sql.aggregate import Sum
from sql.conditionals import Coalesce

from trytond.modules.stock_alert import kind_quantity

from .document import DocumentKind, order_lines


class DocumentQuantity(DocumentKind):
    "The quantity of the kind with that of the document"
    sign = -1

    def claim(self, scope):
        scope.claim('product.product', scope.products)

    def rows(self, scope):
        asked = scope.asked()
        union = Union(*self.parts(scope), all_=True)
        total = union.select(
            union.product.as_('product'),
            union.warehouse.as_('warehouse'),
            Sum(union.quantity).as_('quantity'),
            group_by=[union.product, union.warehouse])
        return asked.join(
            total, 'LEFT',
            condition=(total.product == asked.product)
            & (total.warehouse == asked.warehouse)
            ).select(
                asked.document.as_('document'),
                asked.product.as_('product'),
                asked.template.as_('template'),
                asked.warehouse.as_('warehouse'),
                asked.unit.as_('unit'),
                (Coalesce(total.quantity, 0.) + asked.quantity * self.sign
                    ).as_('value'))


class OrderQuantity(DocumentQuantity):
    "The forecast, with what is confirmed but not planned yet"
    states = ['draft', 'assigned']

    def parts(self, scope):
        line = order_lines(
            scope.model.__name__,
            lambda order: (order.state == 'confirmed')
            & (order.company == scope.company.id)
            & ~scope.has_document(order.id))
        return super().parts(scope) + [line.select(
                line.product.as_('product'),
                line.warehouse.as_('warehouse'),
                (line.quantity * self.sign).as_('quantity'),
                where=scope.has_product(line.product))]


class ShipmentNegative(DocumentQuantity, kind_quantity.Negative):
    pass


class ShipmentBelowMinimum(DocumentQuantity, kind_quantity.BelowMinimum):
    pass


class OrderForecastNegative(OrderQuantity, kind_quantity.ForecastNegative):
    pass


class OrderForecastBelow(OrderQuantity, kind_quantity.ForecastBelow):
    pass


class OrderAboveMaximum(OrderQuantity, kind_quantity.AboveMaximum):
    sign = 1
