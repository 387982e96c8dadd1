# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Too little and too much of a product in a warehouse."""
import datetime as dt

from sql import Column, Literal, Null, Union
from sql.aggregate import Sum
from sql.conditionals import Case, Coalesce

from trytond.pool import Pool

from .kind import EPSILON, Kind, done_date, places


class QuantityKind(Kind):
    "The quantity that is there of each product in each warehouse"
    # Which planned moves count
    states = []

    def rows(self, scope):
        pool = Pool()
        Product = pool.get('product.product')
        Template = pool.get('product.template')
        product, template = Product.__table__(), Template.__table__()
        union = Union(*self.parts(scope), all_=True)
        total = union.select(
            union.product.as_('product'),
            union.warehouse.as_('warehouse'),
            Sum(union.quantity).as_('value'),
            group_by=[union.product, union.warehouse])
        return (total
            .join(product, condition=total.product == product.id)
            .join(template, condition=product.template == template.id)
            .select(
                total.product.as_('product'),
                product.template.as_('template'),
                total.warehouse.as_('warehouse'),
                template.default_uom.as_('unit'),
                total.value.as_('value'),
                where=product.active))

    def parts(self, scope):
        """Return the queries whose sum is the quantity.

        Those without a quantity name what may never have been there.
        """
        parts = [on_hand(scope)]
        if self.states:
            parts += planned(scope, self.states)
        return parts


class ExpectedKind(QuantityKind):
    "A quantity that is wrong as well where nothing ever was"

    def parts(self, scope):
        pool = Pool()
        Rule = pool.get('stock.alert.rule')
        rule = Rule.__table__()
        parts = super().parts(scope)
        parts.append(rule.select(
                rule.product.as_('product'),
                rule.warehouse.as_('warehouse'),
                Literal(0.).as_('quantity'),
                where=(rule.kind == self.name)
                & rule.active
                & (rule.company == scope.company.id)
                & (rule.product != Null)
                & (rule.warehouse != Null)
                & scope.has_product(rule.product)))
        point = Rule.sql_order_points(scope.company)
        if point:
            parts.append(point.select(
                    point.product.as_('product'),
                    point.warehouse.as_('warehouse'),
                    Literal(0.).as_('quantity'),
                    where=scope.has_product(point.product)))
        return parts


class BelowMinimum(ExpectedKind):
    name = 'below_minimum'
    uses = ExpectedKind.uses | {'order_point'}
    order_point = 'minimum'


class ForecastBelow(BelowMinimum):
    name = 'forecast_below'
    states = ['draft', 'assigned']


class AboveMaximum(QuantityKind):
    name = 'above_maximum'
    uses = QuantityKind.uses | {'order_point'}
    order_point = 'maximum'
    above = True


class Negative(QuantityKind):
    name = 'negative'
    uses = frozenset({'product', 'warehouse'})


class ForecastNegative(Negative):
    name = 'forecast_negative'
    states = ['draft', 'assigned']


class DaysOfCover(QuantityKind):
    "How long what is available lasts, at the average issue of the period"
    name = 'days_of_cover'
    measure = 'days'
    uses = frozenset({'threshold', 'product', 'warehouse', 'period'})
    states = ['assigned']

    def join(self, from_, row, rule, scope):
        self._issued = issued(self.name, scope)
        return from_.join(
            self._issued,
            condition=(self._issued.product == row.product)
            & (self._issued.warehouse == row.warehouse)
            & (self._issued.period == rule.period))

    def value(self, row, rule):
        return row.value * rule.period / self._issued.quantity

    def where(self, row, rule):
        return self._issued.quantity > EPSILON


def on_hand(scope):
    "Return the query of product, warehouse and quantity of what is there"
    entry = Pool().get('stock.level.entry').__table__()
    place = places()
    # The sum of each location first: there are few of them
    level = entry.select(
        entry.product.as_('product'),
        entry.location.as_('location'),
        Sum(entry.quantity).as_('quantity'),
        where=(entry.company == scope.company.id)
        & scope.has_product(entry.product),
        group_by=[entry.product, entry.location],
        # Not where only a cancelled move was
        having=Sum(entry.moves) != 0)
    return level.join(
        place, condition=level.location == place.location
        ).select(
            level.product.as_('product'),
            place.warehouse.as_('warehouse'),
            level.quantity.as_('quantity'))


def planned(scope, states):
    """Return the queries of what is to come and to go from today on.

    What was planned before today and is not assigned does not count, as in
    the forecast of the standard.
    """
    for name, sign in [('to_location', 1), ('from_location', -1)]:
        move = Pool().get('stock.move').__table__()
        place = places()
        date = Coalesce(
            move.effective_date,
            Case((move.state == 'assigned', scope.today), else_=Null),
            move.planned_date, dt.date.max)
        yield move.join(
            place, condition=Column(move, name) == place.location
            ).select(
                move.product.as_('product'),
                place.warehouse.as_('warehouse'),
                (move.internal_quantity * sign).as_('quantity'),
                where=move.state.in_(states)
                & (move.company == scope.company.id)
                & (date >= scope.today)
                & scope.has_product(move.product))


def _issues(scope):
    """Return the tables and the clause of what was issued.

    :return: move, place, joined tables and clause
    """
    pool = Pool()
    Location = pool.get('stock.location')
    move = pool.get('stock.move').__table__()
    to = Location.__table__()
    place = places()
    from_ = (move
        .join(place, condition=move.from_location == place.location)
        .join(to, condition=move.to_location == to.id))
    where = (
        (move.state == 'done')
        & (move.company == scope.company.id)
        & to.type.in_(['customer', 'production'])
        & scope.has_product(move.product))
    return move, place, from_, where


def issued(kind, scope):
    """Return what was issued in the periods of the rules of the kind.

    :return: query with product, warehouse, period and quantity
    """
    Rule = Pool().get('stock.alert.rule')
    queries = []
    # Without a period there is no rule, but a query is needed
    for period in Rule.get_periods(kind, scope.company) or [0]:
        move, place, from_, where = _issues(scope)
        date = scope.today - dt.timedelta(days=period)
        queries.append(from_.select(
                move.product.as_('product'),
                place.warehouse.as_('warehouse'),
                Literal(period).as_('period'),
                Sum(move.internal_quantity).as_('quantity'),
                where=where & (done_date(move) >= date),
                group_by=[move.product, place.warehouse]))
    return Union(*queries, all_=True)
