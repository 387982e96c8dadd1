# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What should have happened already: days since the planned date."""
from sql import Cast, Literal, Null
from sql.conditionals import Coalesce

from trytond.pool import Pool, PoolMeta

from .kind import GroupedKind, Kind, days_between, places, reference
from .stock import Touched


class OverdueKind(GroupedKind):
    "Moves that are planned for a day before today, by their document"
    measure = 'days'
    uses = frozenset({'threshold', 'product', 'warehouse'})
    above = True
    touch = 'subject'

    def locations(self, from_location, to_location):
        """Return the clause which moves are meant and where.

        :return: clause and the column of the move in the warehouse
        """
        raise NotImplementedError

    def rows(self, scope):
        pool = Pool()
        Location = pool.get('stock.location')
        Product = pool.get('product.product')
        move = pool.get('stock.move').__table__()
        product = Product.__table__()
        from_location, to_location = (
            Location.__table__(), Location.__table__())
        place = places()
        clause, inside = self.locations(from_location, to_location)
        subject = self.document(move)
        return (move
            .join(from_location,
                condition=move.from_location == from_location.id)
            .join(to_location, condition=move.to_location == to_location.id)
            .join(place, 'LEFT', condition=inside.id == place.location)
            .join(product, condition=move.product == product.id)
            .select(
                subject.as_('subject'),
                move.product.as_('product'),
                product.template.as_('template'),
                place.warehouse.as_('warehouse'),
                days_between(move.planned_date, Literal(scope.today)
                    ).as_('value'),
                where=move.state.in_(['draft', 'assigned'])
                & (move.company == scope.company.id)
                & (move.planned_date < scope.today)
                & clause & scope.has_subject(subject)))

    @classmethod
    def document(cls, move):
        "Return the expression of what is overdue, see Move.alert_subjects"
        return Coalesce(
            move.shipment, move.origin, reference('stock.move', move.id))

    def subject(self, row):
        return row.subject


class OverdueReceipt(OverdueKind):
    name = 'overdue_receipt'

    def locations(self, from_location, to_location):
        return (from_location.type == 'supplier') & (
            to_location.type.in_(['storage', 'view'])), to_location


class OverdueDelivery(OverdueKind):
    name = 'overdue_delivery'

    def locations(self, from_location, to_location):
        return (to_location.type == 'customer') & (
            from_location.type.in_(['storage', 'view'])), from_location


class OverdueInternal(Kind):
    "Transfers that are agreed on, at the warehouse that waits for them"
    name = 'overdue_internal'
    measure = 'days'
    uses = frozenset({'threshold', 'warehouse'})
    above = True
    touch = 'subject'
    states = ['waiting', 'assigned', 'packed', 'shipped']

    def rows(self, scope):
        pool = Pool()
        Shipment = pool.get('stock.shipment.internal')
        shipment = Shipment.__table__()
        place = places()
        subject = reference(Shipment.__name__, shipment.id)
        return shipment.join(
            place, 'LEFT', condition=shipment.to_location == place.location
            ).select(
                subject.as_('subject'),
                Cast(Null, 'INTEGER').as_('product'),
                place.warehouse.as_('warehouse'),
                days_between(shipment.planned_date, Literal(scope.today)
                    ).as_('value'),
                where=shipment.state.in_(self.states)
                & (shipment.company == scope.company.id)
                & (shipment.planned_date < scope.today)
                & scope.has_subject(subject))

    def subject(self, row):
        return row.subject


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


class RuleProduction(metaclass=PoolMeta):
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


class MoveProduction(metaclass=PoolMeta):
    __name__ = 'stock.move'

    @property
    def alert_subjects(self):
        production = self.production_input or self.production_output
        return super().alert_subjects | (
            {str(production)} if production else set())
