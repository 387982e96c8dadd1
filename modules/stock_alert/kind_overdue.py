# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What should have happened already: days since the planned date."""
from sql import Cast, Literal, Null
from sql.conditionals import Coalesce

from trytond.pool import Pool

from .kind import GroupedKind, Kind, days_between, places, reference


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
