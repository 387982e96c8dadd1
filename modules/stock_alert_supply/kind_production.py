# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Productions that should be done already."""
from sql import Literal

from trytond.modules.stock_alert.kind import Kind, days_between, reference
from trytond.modules.stock_alert.stock import Touched
from trytond.pool import Pool, PoolMeta


class OverdueProduction(Kind):
    name = 'overdue_production'
    measure = 'days'
    uses = frozenset({'threshold', 'product', 'warehouse'})
    above = True
    touch = 'subject'

    def rows(self, scope):
        pool = Pool()
        Production = pool.get('production')
        Product = pool.get('product.product')
        production, product = Production.__table__(), Product.__table__()
        subject = reference(Production.__name__, production.id)
        return production.join(
            product, 'LEFT', condition=production.product == product.id
            ).select(
                subject.as_('subject'),
                production.product.as_('product'),
                product.template.as_('template'),
                production.warehouse.as_('warehouse'),
                days_between(production.planned_date, Literal(scope.today)
                    ).as_('value'),
                where=production.state.in_(['waiting', 'assigned', 'running'])
                & (production.company == scope.company.id)
                & (production.planned_date < scope.today)
                & scope.has_subject(subject))

    def subject(self, row):
        return row.subject


class Rule(metaclass=PoolMeta):
    __name__ = 'stock.alert.rule'

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls.kind.selection.append(('overdue_production', "Overdue Production"))

    @classmethod
    def get_kinds(cls):
        return {
            **super().get_kinds(),
            OverdueProduction.name: OverdueProduction,
            }


class Production(metaclass=PoolMeta):
    __name__ = 'production'

    @classmethod
    def on_modification(cls, mode, productions, field_names=None):
        super().on_modification(mode, productions, field_names=field_names)
        if not field_names or field_names & {'state', 'planned_date'}:
            Touched.touch(
                {p.company for p in productions},
                {p.product for p in productions if p.product},
                {str(p) for p in productions})


class Move(metaclass=PoolMeta):
    __name__ = 'stock.move'

    @property
    def alert_subjects(self):
        production = self.production_input or self.production_output
        return super().alert_subjects | (
            {str(production)} if production else set())


class Alert(metaclass=PoolMeta):
    __name__ = 'stock.alert'

    @classmethod
    def _get_subjects(cls):
        return [*super()._get_subjects(), 'production']
