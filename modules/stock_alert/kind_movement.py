# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What lies in a warehouse and hardly leaves it."""
from sql import Cast, Literal, Null
from sql.aggregate import Max, Min, Sum
from sql.conditionals import Coalesce

from trytond.pool import Pool

from .kind import EPSILON, cost_prices, days_between, done_date, places
from .kind_quantity import QuantityKind, _issues, issued, on_hand


class StandingKind(QuantityKind):
    "A product of which there is something, and when it moved"
    uses = frozenset({'threshold', 'product', 'warehouse', 'value'})

    def rows(self, scope):
        pool = Pool()
        Product = pool.get('product.product')
        Template = pool.get('product.template')
        product, template = Product.__table__(), Template.__table__()
        union = on_hand(scope)
        total = union.select(
            union.product.as_('product'),
            union.warehouse.as_('warehouse'),
            Sum(union.quantity).as_('quantity'),
            group_by=[union.product, union.warehouse],
            having=Sum(union.quantity) > EPSILON)
        first = self._first_receipt(scope)
        cost = cost_prices(scope.company)
        self._today = scope.today
        return (total
            .join(product, condition=total.product == product.id)
            .join(template, condition=product.template == template.id)
            .join(first,
                condition=(first.product == total.product)
                & (first.warehouse == total.warehouse))
            .join(cost, 'LEFT', condition=cost.product == total.product)
            .select(
                total.product.as_('product'),
                product.template.as_('template'),
                total.warehouse.as_('warehouse'),
                template.default_uom.as_('unit'),
                first.date.as_('first_receipt'),
                (total.quantity * Coalesce(cost.price, 0)).as_('amount'),
                where=product.active))

    def _first_receipt(self, scope):
        "Return the query of when each product came into each warehouse"
        move = Pool().get('stock.move').__table__()
        place = places()
        return move.join(
            place, condition=move.to_location == place.location
            ).select(
                move.product.as_('product'),
                place.warehouse.as_('warehouse'),
                Min(done_date(move)).as_('date'),
                where=(move.state == 'done')
                & (move.company == scope.company.id)
                & scope.has_product(move.product),
                group_by=[move.product, place.warehouse])

    def where(self, row, rule):
        return (rule.minimum_value == Null) | (
            row.amount > Cast(rule.minimum_value, 'FLOAT'))


class SlowMoving(StandingKind):
    "Less was issued in the period, at whose beginning it was there already"
    name = 'slow_moving'
    uses = StandingKind.uses | {'period', 'unit'}

    def join(self, from_, row, rule, scope):
        self._issued = issued(self.name, scope)
        return from_.join(
            self._issued, 'LEFT',
            condition=(self._issued.product == row.product)
            & (self._issued.warehouse == row.warehouse)
            & (self._issued.period == rule.period))

    def value(self, row, rule):
        return Coalesce(self._issued.quantity, 0)

    def where(self, row, rule):
        return super().where(row, rule) & (
            days_between(row.first_receipt, Literal(self._today))
            >= rule.period)


class NonMoving(StandingKind):
    "Nothing was issued for as many days, or since it came"
    name = 'non_moving'
    measure = 'days'
    above = inclusive = True

    def join(self, from_, row, rule, scope):
        move, place, issues, where = _issues(scope)
        self._last = issues.select(
            move.product.as_('product'),
            place.warehouse.as_('warehouse'),
            Max(done_date(move)).as_('date'),
            where=where,
            group_by=[move.product, place.warehouse])
        return from_.join(
            self._last, 'LEFT',
            condition=(self._last.product == row.product)
            & (self._last.warehouse == row.warehouse))

    def value(self, row, rule):
        since = Coalesce(self._last.date, row.first_receipt)
        return days_between(since, Literal(self._today))
