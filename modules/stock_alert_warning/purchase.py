# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Purchases of too much, or of what is on its way already."""
from sql import Union, Window
from sql.aggregate import Sum
from sql.functions import RowNumber
from sql.operators import Concat

from trytond.modules.stock_alert.kind import Kind
from trytond.pool import Pool, PoolMeta

from .document import DocumentKind, OrderMixin, order_lines
from .quantity import OrderAboveMaximum


class OpenOrder(Kind):
    "What is still to come from other purchases than the newest"
    name = 'open_order'
    above = True

    def orders(self, scope):
        """Return what is still to come from each purchase.

        :return: query with purchase, product, warehouse and quantity in the
            default unit
        """
        pool = Pool()
        Move = pool.get('stock.move')
        Purchase = pool.get('purchase.purchase')
        Line = pool.get('purchase.line')
        move, purchase, line = (
            M.__table__() for M in [Move, Purchase, Line])
        planned = (move
            .join(line,
                condition=move.origin == Concat('purchase.line,', line.id))
            .join(purchase, condition=line.purchase == purchase.id)
            .select(
                purchase.id.as_('purchase'),
                move.product.as_('product'),
                purchase.warehouse.as_('warehouse'),
                move.internal_quantity.as_('quantity'),
                where=move.state.in_(['draft', 'assigned'])
                & (line.quantity > 0)
                & (purchase.company == scope.company.id)
                & scope.has_product(move.product)))
        # What is confirmed has no moves until it is processed
        ordered = order_lines(
            Purchase.__name__,
            lambda purchase: (purchase.state == 'confirmed')
            & (purchase.company == scope.company.id))
        ordered = ordered.select(
            ordered.document, ordered.product, ordered.warehouse,
            ordered.quantity, where=scope.has_product(ordered.product))
        union = Union(planned, ordered, all_=True)
        return union.select(
            union.purchase.as_('purchase'),
            union.product.as_('product'),
            union.warehouse.as_('warehouse'),
            Sum(union.quantity).as_('quantity'),
            group_by=[union.purchase, union.product, union.warehouse])

    def rows(self, scope):
        pool = Pool()
        Product = pool.get('product.product')
        Template = pool.get('product.template')
        product, template = Product.__table__(), Template.__table__()
        order = self.orders(scope)
        newest = Window(
            [order.product, order.warehouse], order_by=[order.purchase.desc])
        ranked = order.select(
            order.product.as_('product'),
            order.warehouse.as_('warehouse'),
            order.quantity.as_('quantity'),
            RowNumber(window=newest).as_('position'))
        older = ranked.select(
            ranked.product.as_('product'),
            ranked.warehouse.as_('warehouse'),
            Sum(ranked.quantity).as_('quantity'),
            where=ranked.position > 1,
            group_by=[ranked.product, ranked.warehouse])
        return (older
            .join(product, condition=older.product == product.id)
            .join(template, condition=product.template == template.id)
            .select(
                older.product.as_('product'),
                template.id.as_('template'),
                older.warehouse.as_('warehouse'),
                template.default_uom.as_('unit'),
                older.quantity.as_('value')))


class DocumentOpenOrder(DocumentKind, OpenOrder):
    "What is still to come from other purchases than the document"

    def claim(self, scope):
        scope.claim('product.product', scope.products)

    def rows(self, scope):
        asked, order = scope.asked(), self.orders(scope)
        keys = [
            asked.document, asked.product, asked.template, asked.warehouse,
            asked.unit]
        return asked.join(
            order,
            condition=(order.product == asked.product)
            & (order.warehouse == asked.warehouse)
            & (order.purchase != asked.document)
            ).select(
                *[k.as_(k.name) for k in keys],
                Sum(order.quantity).as_('value'),
                group_by=keys)


class Rule(metaclass=PoolMeta):
    __name__ = 'stock.alert.rule'

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls.kind.selection.append(('open_order', "Open on Another Order"))

    @classmethod
    def get_kinds(cls):
        return {**super().get_kinds(), OpenOrder.name: OpenOrder}


class Purchase(OrderMixin, metaclass=PoolMeta):
    __name__ = 'purchase.purchase'

    @classmethod
    def get_alert_kinds(cls):
        return {
            **super().get_alert_kinds(),
            OrderAboveMaximum.name: OrderAboveMaximum,
            DocumentOpenOrder.name: DocumentOpenOrder,
            }
