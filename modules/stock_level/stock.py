# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
import datetime as dt
import json
from collections import defaultdict

from sql import Cast, Column, Literal, Null, Union
from sql.aggregate import Sum
from sql.conditionals import Case, Coalesce
from sql.functions import Function

from trytond import backend
from trytond.cache import Cache
from trytond.model import Index
from trytond.modules.stock.move import _location_children
from trytond.pool import Pool, PoolMeta
from trytond.transaction import Transaction

OPEN = ['assigned', 'draft']
# Ids that are not sent as a parameter each to SQLite
MANY = 1000


class Any(Function):
    __slots__ = ()
    _function = 'ANY'


class JSONEach(Function):
    __slots__ = ()
    _function = 'json_each'


class Move(metaclass=PoolMeta):
    __name__ = 'stock.move'

    @classmethod
    def __setup__(cls):
        super().__setup__()
        table = cls.__table__()
        cls._sql_indexes.update([
                Index(
                    table,
                    (table.product, Index.Range()),
                    where=table.state.in_(OPEN)),
                Index(
                    table,
                    (_done_date(table), Index.Range()),
                    where=table.state == 'done'),
                ])

    @classmethod
    def __register__(cls, module):
        pool = Pool()
        Entry = pool.get('stock.level.entry')
        super().__register__(module)
        Entry.install()

    @classmethod
    def compute_quantities_query(
            cls, location_ids, with_childs=False, grouping=('product',),
            grouping_filter=None):
        if not location_ids or not cls._has_levels(grouping):
            # What calls this again for a part of the answer wants its like
            with Transaction().set_context(stock_level=False):
                return super().compute_quantities_query(
                    location_ids, with_childs=with_childs, grouping=grouping,
                    grouping_filter=grouping_filter)
        return _LevelQuery(
            location_ids, with_childs, grouping, grouping_filter).query()

    @classmethod
    def _has_levels(cls, grouping):
        "Tell if the levels can answer what the context asks"
        pool = Pool()
        Entry = pool.get('stock.level.entry')
        Period = pool.get('stock.period')
        Date = pool.get('ir.date')
        Product = pool.get('product.product')
        context = Transaction().context
        if (context.get('stock_date_start')
                or context.get('stock_destinations')
                or not context.get('stock_level', True)):
            return False
        for name in grouping:
            prefix, _, field = name.partition('.')
            if field and prefix == 'product':
                if field not in Product._fields:
                    return False
            elif name == 'company' or name not in Entry.move_keys():
                return False
        today = Date.today()
        date = context.get('stock_date_end') or dt.date.max
        if date >= today:
            return True
        # Is it nearer to today than to a closed period, which the standard
        # starts from?
        periods = Period.search([
                ('company', '=', context.get('company')),
                ('state', '=', 'closed'),
                ('date', '<=', date),
                ], order=[('date', 'DESC')], limit=1)
        return not periods or today - date < date - periods[0].date

    @classmethod
    def _level_clause(cls, date, forecast):
        """Return what restricts the quantities of a forecast.

        :param date: until which they are computed
        :param forecast: whether what is planned counts
        :return: a function that takes the table of a lot and returns a
            clause, or None
        """

    @classmethod
    def compute_quantities(
            cls, query, location_ids, with_childs=False,
            grouping=('product',), grouping_filter=None):
        if (with_childs and len(location_ids) > 1) or 'date' in grouping:
            return super().compute_quantities(
                query, location_ids, with_childs=with_childs,
                grouping=grouping, grouping_filter=grouping_filter)
        cursor = Transaction().connection.cursor()
        cursor.execute(*query)
        alone = location_ids[0] if len(location_ids) == 1 else None
        quantities = defaultdict(float)
        for location, *key, quantity in cursor:
            quantities[(alone or location, *key)] += quantity
        # The unit of each without a record of each
        name = 'product' if 'product' in grouping else 'product.template'
        position = grouping.index(name) + 1
        units = _default_units(name, {k[position] for k in quantities})
        for key, quantity in quantities.items():
            quantities[key] = units[key[position]].round(quantity)
        return quantities


class Location(metaclass=PoolMeta):
    __name__ = 'stock.location'
    _level_places = Cache('stock.location.level_places', context=False)

    @classmethod
    def level_places(cls, location_ids):
        """Return the ids of the locations with their children.

        Children of flat locations only if they are asked for.

        :return: list of the ids and list of those that are flat
        """
        transaction = Transaction()
        key = (
            tuple(location_ids), transaction.active_records,
            transaction.check_access and transaction.user)
        places = cls._level_places.get(key)
        if places is None:
            locations = _location_children(location_ids)
            places = (
                [p.id for p in locations],
                [p.id for p in locations if p.flat_childs])
            cls._level_places.set(key, places)
        return places

    @classmethod
    def on_modification(cls, mode, locations, field_names=None):
        super().on_modification(mode, locations, field_names=field_names)
        cls._level_places.clear()


def _done_date(move):
    return Coalesce(move.effective_date, move.planned_date, dt.date.max)


def _default_units(name, ids):
    """Return the default unit by id.

    :param name: 'product' or 'product.template', of which the ids are
    """
    pool = Pool()
    Product = pool.get('product.product')
    Template = pool.get('product.template')
    Uom = pool.get('product.uom')
    template = Template.__table__()
    if name == 'product':
        product = Product.__table__()
        query = product.join(
            template, condition=product.template == template.id
            ).select(
                product.id, template.default_uom,
                where=is_one_of(product.id, list(ids)))
    else:
        query = template.select(
            template.id, template.default_uom,
            where=is_one_of(template.id, list(ids)))
    cursor = Transaction().connection.cursor()
    cursor.execute(*query)
    rows = cursor.fetchall()
    units = {u.id: u for u in Uom.browse(list({u for _, u in rows}))}
    return {id_: units[unit] for id_, unit in rows}


def is_one_of(column, ids):
    """Return the clause that the column of integers is one of the ids.

    PostgreSQL looks ids up in a hash table only if they have the type of the
    column, while psycopg sends the smallest that holds them. SQLite takes a
    limited number of parameters, thus many in one.
    """
    if backend.name == 'postgresql':
        return column == Any(Cast(list(ids), 'integer[]'))
    if len(ids) <= MANY:
        return column.in_(list(ids))
    values = JSONEach(json.dumps(list(ids)))
    return column.in_(values.select(values.value))


class _LevelQuery:
    """The query of quantities by location and keys.

    What is done is the levels without what was done after the date; to it is
    added what is planned. See compute_quantities_query of the standard for
    the parameters, for the context and for what planned means.
    """

    def __init__(self, location_ids, with_childs, grouping, grouping_filter):
        pool = Pool()
        self.Move = pool.get('stock.move')
        self.location_ids = list(location_ids)
        self.grouping = grouping
        self.filters = [
            (name, list(ids))
            for name, ids in zip(grouping, grouping_filter or []) if ids]
        context = Transaction().context
        self.today = pool.get('ir.date').today()
        self.date = context.get('stock_date_end') or dt.date.max
        self.planned = self.date > self.today or (
            self.date == self.today and context.get('forecast'))
        self.assigned = context.get('stock_assign')
        self.invert = context.get('stock_invert')
        self.company = pool.get('res.user')(Transaction().user).company
        self.clause = self.Move._level_clause(self.date, self.planned)
        self.flat_ids = []
        if with_childs:
            Location = pool.get('stock.location')
            self.location_ids, self.flat_ids = Location.level_places(
                self.location_ids)

    def query(self):
        entry = Pool().get('stock.level.entry').__table__()
        parts = [*self._parts(
                entry, entry.location, entry.quantity, entry.moves)]
        if self.date < dt.date.max:
            parts += self._moves(-1, self._done_later)
        if self.planned:
            parts += self._moves(1, self._open)
        elif self.assigned:
            move = self.Move.__table__()
            parts += self._parts(
                move, move.from_location, -move.internal_quantity, Literal(1),
                self._assigned_until(move, self.date))
        union = Union(*parts, all_=True)
        location = union.location.as_('location')
        keys = [Column(union, name).as_(name) for name in self.grouping]
        quantity = Sum(union.quantity)
        if self.invert:
            quantity *= -1
        return union.select(
            location, *keys, quantity.as_('quantity'),
            group_by=[location, *keys],
            # No quantity is something else than a quantity of zero
            having=Sum(union.moves) != 0)

    def _moves(self, sign, clause):
        "Return the parts of the moves to and from the locations"
        parts = []
        for place, direction in [('to_location', 1), ('from_location', -1)]:
            move = self.Move.__table__()
            parts += self._parts(
                move, Column(move, place),
                move.internal_quantity * (sign * direction), Literal(sign),
                clause(move, direction))
        return parts

    def _done_later(self, move, direction):
        "What is done after the date"
        return (move.state == 'done') & (_done_date(move) > self.date)

    def _open(self, move, direction):
        "What is planned from today until the date"
        date = Coalesce(self._open_date(move), dt.date.max)
        clause = (
            move.state.in_(OPEN) & (date >= self.today)
            & (date <= self.date))
        if self.assigned and direction < 0:
            clause |= self._assigned_until(move, self.today)
        return clause

    def _assigned_until(self, move, date):
        return (move.state == 'assigned') & (self._open_date(move) <= date)

    def _open_date(self, move):
        return Coalesce(
            move.effective_date,
            Case((move.state == 'assigned', self.today), else_=Null),
            move.planned_date)

    def _parts(self, table, place, quantity, moves, where=None):
        """Return the queries of the quantities of the rows of the table.

        Each row counts for its place, one of a flat location also for it.

        :param place: column of the location
        :param quantity: expression of what each row adds
        :param moves: expression of how many moves each row adds
        """
        values = [quantity.as_('quantity'), moves.as_('moves')]
        where = Literal(True) if where is None else where
        yield self._part(
            table, table, place, values,
            where & is_one_of(place, self.location_ids))
        if self.flat_ids:
            child = Pool().get('stock.location').__table__()
            yield self._part(
                table, table.join(child, condition=place == child.id),
                child.parent, values,
                where & is_one_of(child.parent, self.flat_ids))

    def _part(self, table, from_, location, values, where):
        pool = Pool()
        if any('.' in name for name in self.grouping):
            product = pool.get('product.product').__table__()
            from_ = from_.join(
                product, condition=table.product == product.id)

        def column(name):
            prefix, _, field = name.partition('.')
            return Column(product, field) if field else Column(table, name)

        for name, ids in self.filters:
            if isinstance(ids[0], int):
                where &= is_one_of(column(name), ids)
            else:
                where &= column(name).in_(ids)
        if self.company:
            where &= table.company == self.company.id
        elif Transaction().user:
            where &= Literal(False)
        if self.clause:
            lot = pool.get('stock.lot').__table__()
            from_ = from_.join(lot, 'LEFT', condition=table.lot == lot.id)
            where &= self.clause(lot)
        return from_.select(
            location.as_('location'),
            *[column(n).as_(n) for n in self.grouping],
            *values, where=where)
