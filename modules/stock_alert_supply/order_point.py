# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Minimum and maximum that the order points have already."""
from sql import Column
from sql.aggregate import Max
from sql.conditionals import Case, Coalesce

from trytond.model import fields
from trytond.pool import Pool, PoolMeta
from trytond.pyson import Eval
from trytond.transaction import Transaction


class Rule(metaclass=PoolMeta):
    __name__ = 'stock.alert.rule'

    from_order_point = fields.Boolean(
        "From Order Point",
        states={'invisible': ~Eval('uses', []).contains('order_point')},
        help="The minimum is that of the order point, the maximum its "
        "maximum or target.\n"
        "The threshold is for what has no order point.")

    @classmethod
    def _has_order_points(cls, company, kind=None):
        "Tell if an active rule takes its threshold from them"
        rule = cls.__table__()
        where = (
            rule.active & rule.from_order_point
            & (rule.company == company.id))
        if kind:
            where &= rule.kind == kind
        cursor = Transaction().connection.cursor()
        cursor.execute(*rule.select(rule.id, where=where, limit=1))
        return bool(cursor.fetchone())

    @classmethod
    def sql_order_points(cls, company):
        if not cls._has_order_points(company):
            return None
        pool = Pool()
        Location = pool.get('stock.location')
        Point = pool.get('stock.order_point')
        location, point = Location.__table__(), Point.__table__()
        # That of a warehouse or of its storage
        return point.join(
            location,
            condition=(location.type == 'warehouse')
            & ((point.location == location.id)
                | (point.location == location.storage_location))
            ).select(
                point.product.as_('product'),
                location.id.as_('warehouse'),
                Max(point.min_quantity).as_('minimum'),
                Max(Coalesce(point.max_quantity, point.target_quantity)
                    ).as_('maximum'),
                where=point.company == company.id,
                group_by=[point.product, location.id])

    @classmethod
    def sql_threshold(cls, from_, row, rule, kind, company):
        from_, threshold, factor = super().sql_threshold(
            from_, row, rule, kind, company)
        point = None
        if ('order_point' in kind.uses
                and cls._has_order_points(company, kind.name)):
            point = cls.sql_order_points(company)
        if point is None:
            return from_, threshold, factor
        from_ = from_.join(
            point, 'LEFT',
            condition=(point.product == row.product)
            & (point.warehouse == row.warehouse))
        quantity = (
            point.minimum if kind.order_point == 'minimum'
            else point.maximum)
        return from_, Case(
            (rule.from_order_point, Coalesce(quantity, threshold)),
            else_=threshold), factor

    def needs(self, name):
        if name == 'threshold' and self.from_order_point:
            return False
        return super().needs(name)

    def get_threshold(self, product, warehouse=None):
        if self.from_order_point and warehouse:
            point = self.sql_order_points(self.company)
            cursor = Transaction().connection.cursor()
            kind = self.get_kinds()[self.kind]
            cursor.execute(*point.select(
                    Column(point, kind.order_point),
                    where=(point.product == product.id)
                    & (point.warehouse == warehouse.id)))
            row = cursor.fetchone()
            if row and row[0] is not None:
                return row[0]
        return super().get_threshold(product, warehouse=warehouse)
