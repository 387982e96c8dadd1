# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Lots whose shelf life ends, and goods that wait in quarantine."""
from sql import Literal, Null, Window
from sql.aggregate import Min, Sum
from sql.conditionals import Case

from trytond.pool import Pool, PoolMeta

from .kind import EPSILON, Kind, days_between, done_date, places, reference


class ShelfLifeKind(Kind):
    "Lots with an expiration date of which there is something"
    measure = 'days'

    def rows(self, scope):
        pool = Pool()
        Lot = pool.get('stock.lot')
        Product = pool.get('product.product')
        entry = pool.get('stock.level.entry').__table__()
        lot, product = Lot.__table__(), Product.__table__()
        place = places()
        level = entry.join(
            place, condition=entry.location == place.location
            ).select(
                entry.lot.as_('lot'),
                place.warehouse.as_('warehouse'),
                where=(entry.lot != Null)
                & (entry.company == scope.company.id)
                & scope.has_product(entry.product),
                group_by=[entry.lot, place.warehouse],
                having=Sum(entry.quantity) > EPSILON)
        return (level
            .join(lot, condition=level.lot == lot.id)
            .join(product, condition=lot.product == product.id)
            .select(
                lot.product.as_('product'),
                product.template.as_('template'),
                level.warehouse.as_('warehouse'),
                level.lot.as_('lot'),
                days_between(
                    Literal(scope.today), lot.shelf_life_expiration_date
                    ).as_('value'),
                where=(lot.shelf_life_expiration_date != Null)))

    def subject(self, row):
        return reference('stock.lot', row.lot)


class Expiring(ShelfLifeKind):
    "The days that are left, the last one included"
    name = 'expiring'
    uses = frozenset({'threshold', 'product', 'warehouse'})
    inclusive = True

    def where(self, row, rule):
        return row.value >= 0


class Expired(ShelfLifeKind):
    "The days since the last one"
    name = 'expired'
    uses = frozenset({'product', 'warehouse'})
    above = True

    def value(self, row, rule):
        return -row.value


class Quarantine(Kind):
    """Days since the oldest goods came that still wait in quarantine.

    What leaves is taken to be what came first.
    """
    name = 'quarantine'
    measure = 'days'
    uses = frozenset({'threshold', 'product', 'warehouse'})
    above = True

    def rows(self, scope):
        pool = Pool()
        Entry = pool.get('stock.level.entry')
        Location = pool.get('stock.location')
        Product = pool.get('product.product')
        move = pool.get('stock.move').__table__()
        entry, product = Entry.__table__(), Product.__table__()
        place = self._places(Location)

        def lot(table):
            return table.lot if 'lot' in Entry.keys() else Literal(Null)

        level = entry.join(
            place, condition=entry.location == place.location
            ).select(
                entry.product.as_('product'),
                lot(entry).as_('lot'),
                entry.location.as_('location'),
                place.warehouse.as_('warehouse'),
                Sum(entry.quantity).as_('quantity'),
                where=(entry.company == scope.company.id)
                & scope.has_product(entry.product),
                group_by=[
                    entry.product, entry.location, place.warehouse,
                    *([entry.lot] if 'lot' in Entry.keys() else [])],
                having=Sum(entry.quantity) > EPSILON)
        same_lot = Literal(True)
        if 'lot' in Entry.keys():
            same_lot = (level.lot == move.lot) | (
                (level.lot == Null) & (move.lot == Null))
        # What came later than each receipt, which is still there if it is
        # less than what there is
        window = Window(
            [level.product, level.lot, level.location, level.warehouse],
            order_by=[done_date(move).desc, move.id.desc])
        received = level.join(
            move, condition=(move.product == level.product)
            & (move.to_location == level.location)
            & (move.company == scope.company.id)
            & (move.state == 'done') & same_lot
            ).select(
                level.product.as_('product'),
                level.lot.as_('lot'),
                level.warehouse.as_('warehouse'),
                done_date(move).as_('date'),
                level.quantity.as_('quantity'),
                move.internal_quantity.as_('received'),
                Sum(move.internal_quantity, window=window).as_('total'))
        since = received.select(
            received.product.as_('product'),
            received.lot.as_('lot'),
            received.warehouse.as_('warehouse'),
            Min(received.date).as_('date'),
            where=received.total - received.received
            < received.quantity - EPSILON,
            group_by=[received.product, received.lot, received.warehouse])
        return since.join(
            product, condition=since.product == product.id
            ).select(
                since.product.as_('product'),
                product.template.as_('template'),
                since.warehouse.as_('warehouse'),
                since.lot.as_('lot'),
                days_between(since.date, Literal(scope.today)).as_('value'))

    def _places(self, Location):
        "Return the query of the locations in quarantine of each warehouse"
        location, quarantine, warehouse = (
            Location.__table__(), Location.__table__(), Location.__table__())
        return warehouse.join(
            quarantine,
            condition=warehouse.quarantine_location == quarantine.id
            ).join(
                location,
                condition=(location.left >= quarantine.left)
                & (location.right <= quarantine.right)
            ).select(
                location.id.as_('location'), warehouse.id.as_('warehouse'),
                where=warehouse.active)

    def subject(self, row):
        return Case(
            (row.lot != Null, reference('stock.lot', row.lot)),
            else_=reference('product.product', row.product))


class RuleShelfLife(metaclass=PoolMeta):
    __name__ = 'stock.alert.rule'

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls.kind.selection.extend([
                ('expiring', "Shelf Life Ends"),
                ('expired', "Expired in Stock"),
                ])

    @classmethod
    def get_kinds(cls):
        return {
            **super().get_kinds(),
            Expiring.name: Expiring,
            Expired.name: Expired,
            }


class RuleQuarantine(metaclass=PoolMeta):
    __name__ = 'stock.alert.rule'

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls.kind.selection.append(('quarantine', "Too Long in Quarantine"))

    @classmethod
    def get_kinds(cls):
        return {**super().get_kinds(), Quarantine.name: Quarantine}
