# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Prices of open orders that are unlike they should be."""
from sql import Cast, Column, Literal, Null, Union, Window
from sql.aggregate import Sum
from sql.conditionals import Coalesce
from sql.functions import RowNumber

from trytond.model import fields
from trytond.modules.stock_alert.kind import (
    Kind, cost_prices, days_between, reference)
from trytond.pool import Pool, PoolMeta
from trytond.pyson import Eval

from .currency import in_company_currency

OPEN = ['quotation', 'confirmed', 'processing']
ORDERED = ['confirmed', 'processing', 'done']


class PriceKind(Kind):
    """Lines of open orders: how far the price is from the one of reference.

    references: names of the prices that prices are compared with
    """
    measure = 'percent'
    touch = None
    references = frozenset()
    # The models of order and line, and the date of the order
    order = None
    line = None

    def lines(self, scope, states):
        """Return the query of the lines of orders in the states.

        :return: query with id, product, warehouse, date, quantity in the
            default unit, and price for it in the currency of the company
        """
        pool = Pool()
        Order = pool.get(self.order)
        Line = pool.get(self.line)
        Product = pool.get('product.product')
        Template = pool.get('product.template')
        Uom = pool.get('product.uom')
        order, line, product, template, unit, default_unit = (
            M.__table__() for M in [
                Order, Line, Product, Template, Uom, Uom])
        date_name = self.order.partition('.')[0] + '_date'
        date = Coalesce(Column(order, date_name), scope.today)
        factor = unit.factor / default_unit.factor
        order_id = Column(line, self.order.partition('.')[0])
        from_ = (line
            .join(order, condition=order_id == order.id)
            .join(product, condition=line.product == product.id)
            .join(template, condition=product.template == template.id)
            .join(unit, condition=line.unit == unit.id)
            .join(default_unit,
                condition=template.default_uom == default_unit.id))
        from_, price = in_company_currency(
            from_, Cast(line.unit_price, 'FLOAT'), order.currency,
            scope.company, date)
        return from_.select(
            line.id.as_('id'),
            line.product.as_('product'),
            template.id.as_('template'),
            order.warehouse.as_('warehouse'),
            date.as_('date'),
            (line.quantity * factor).as_('quantity'),
            (price / factor).as_('price'),
            where=(line.type == 'line')
            & (line.quantity > 0)
            & (line.unit_price != Null)
            & order.state.in_(states)
            & (order.company == scope.company.id))

    def rows(self, scope):
        return self.lines(scope, OPEN)

    def subject(self, row):
        return reference(self.line, row.id)

    def prices(self, scope):
        """Return the query of the prices of reference.

        :return: query with line or product, reference, period and price
        """
        raise NotImplementedError

    def join(self, from_, row, rule, scope):
        self._reference = self.prices(scope)
        return from_.join(
            self._reference,
            condition=self._same(row, self._reference)
            & (self._reference.reference == rule.reference)
            & (self._reference.price > 0))

    def _same(self, row, found):
        return found.product == row.product

    def value(self, row, rule):
        return (row.price / self._reference.price - 1) * 100


class PurchasePrice(PriceKind):
    "Above the last price, or the average one of the period before"
    name = 'purchase_price'
    uses = frozenset({
            'threshold', 'product', 'warehouse', 'reference', 'period'})
    above = True
    references = frozenset({'last_price', 'average_price'})
    order = 'purchase.purchase'
    line = 'purchase.line'

    def prices(self, scope):
        Rule = Pool().get('stock.alert.rule')
        queries = [self._last(scope)]
        queries += [
            self._average(scope, period)
            for period in Rule.get_periods(self.name, scope.company)]
        return Union(*queries, all_=True)

    def join(self, from_, row, rule, scope):
        from_ = super().join(from_, row, rule, scope)
        from_.condition &= (self._reference.period == Coalesce(rule.period, 0))
        return from_

    def _same(self, row, found):
        return found.line == row.id

    def _before(self, scope):
        "Return the open lines joined with those ordered before them"
        line, before = self.rows(scope), self.lines(scope, ORDERED)
        return line, before, line.join(
            before,
            condition=(line.product == before.product)
            & ((before.date < line.date)
                | ((before.date == line.date) & (before.id < line.id))))

    def _last(self, scope):
        line, before, from_ = self._before(scope)
        window = Window(
            [line.id], order_by=[before.date.desc, before.id.desc])
        ranked = from_.select(
            line.id.as_('line'),
            before.price.as_('price'),
            RowNumber(window=window).as_('position'))
        return ranked.select(
            ranked.line.as_('line'),
            Literal('last_price').as_('reference'),
            Literal(0).as_('period'),
            ranked.price.as_('price'),
            where=ranked.position == 1)

    def _average(self, scope, period):
        line, before, from_ = self._before(scope)
        return from_.select(
            line.id.as_('line'),
            Literal('average_price').as_('reference'),
            Literal(period).as_('period'),
            (Sum(before.price * before.quantity)
                / Sum(before.quantity)).as_('price'),
            where=days_between(before.date, line.date) <= period,
            group_by=line.id)


class SalePrice(PriceKind):
    "Below the cost or the list price"
    name = 'sale_price'
    uses = frozenset({'threshold', 'product', 'warehouse', 'reference'})
    references = frozenset({'cost_price', 'list_price'})
    order = 'sale.sale'
    line = 'sale.line'

    def prices(self, scope):
        pool = Pool()
        ListPrice = pool.get('product.list_price')
        Product = pool.get('product.product')
        list_price, product = ListPrice.__table__(), Product.__table__()
        cost = cost_prices(scope.company)
        return Union(
            cost.select(
                cost.product.as_('product'),
                Literal('cost_price').as_('reference'),
                cost.price.as_('price')),
            list_price.join(
                product, condition=list_price.template == product.template
                ).select(
                    product.id.as_('product'),
                    Literal('list_price').as_('reference'),
                    Cast(list_price.list_price, 'FLOAT').as_('price'),
                    where=list_price.company == scope.company.id),
            all_=True)


class Rule(metaclass=PoolMeta):
    __name__ = 'stock.alert.rule'

    reference = fields.Selection([
            (None, ""),
            ], "Reference", sort=False,
        states={'invisible': ~Eval('uses', []).contains('reference')},
        help="The price that prices are compared with.")

    def check_thresholds(self):
        super().check_thresholds()
        kind = self.get_kinds()[self.kind]
        references = (
            kind.references if issubclass(kind, PriceKind) else {None})
        if self.reference not in references:
            raise self._error(
                'msg_rule_not_used' if self.reference
                else 'msg_rule_missing', field=self._label('reference'))


class RulePurchase(metaclass=PoolMeta):
    __name__ = 'stock.alert.rule'

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls.kind.selection.append(('purchase_price', "High Purchase Price"))
        cls.reference.selection.extend([
                ('last_price', "Last Price"),
                ('average_price', "Average Price"),
                ])

    @classmethod
    def get_kinds(cls):
        return {**super().get_kinds(), PurchasePrice.name: PurchasePrice}

    def needs(self, name):
        if self.kind == PurchasePrice.name and name == 'period':
            return self.reference == 'average_price'
        return super().needs(name)


class RuleSale(metaclass=PoolMeta):
    __name__ = 'stock.alert.rule'

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls.kind.selection.append(('sale_price', "Low Sale Price"))
        cls.reference.selection.extend([
                ('cost_price', "Cost Price"),
                ('list_price', "List Price"),
                ])

    @classmethod
    def get_kinds(cls):
        return {**super().get_kinds(), SalePrice.name: SalePrice}
