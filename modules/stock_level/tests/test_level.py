# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Quantities are the sum of the moves, whatever happens to them."""
import datetime as dt
import unittest
from contextlib import contextmanager
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from trytond.exceptions import UserError
from trytond.modules.company.tests import create_company, set_company
from trytond.modules.stock_level.stock import Move as LevelMove
from trytond.pool import Pool
from trytond.tests.test_tryton import activate_module, with_transaction
from trytond.transaction import Transaction

MODULES = ['stock_level', 'stock_lot', 'stock_lot_sled']
GROUPINGS = [
    ('product',), ('product', 'lot'), ('product.template',),
    ('lot', 'product'), ('product', 'product.template')]

days = st.integers(-40, 40)
operations = st.lists(
    st.one_of(
        st.tuples(
            st.just('plan'), st.integers(0, 1), st.integers(0, 3),
            st.integers(0, 2), st.integers(0, 9), st.integers(0, 9),
            st.integers(1, 2000), st.booleans(), days),
        st.tuples(
            st.just('change'), st.integers(0, 9), st.integers(1, 2000),
            st.booleans()),
        st.tuples(st.just('redate'), st.integers(0, 9), days),
        st.tuples(
            st.sampled_from(
                ['do', 'do', 'do', 'assign', 'cancel', 'draft', 'delete']),
            st.integers(0, 9)),
        st.tuples(st.just('rewrite'), st.integers(0, 9), st.integers(1, 50)),
        st.tuples(
            st.sampled_from(['close', 'reopen']), st.integers(0, 1),
            st.integers(1, 40)),
        st.tuples(st.sampled_from(['compact', 'correct'])),
        ), min_size=1, max_size=12)
questions = st.lists(
    st.fixed_dictionaries({
            'stock_date_end': st.one_of(st.none(), days),
            'stock_date_start': st.one_of(st.none(), st.none(), days),
            'forecast': st.booleans(),
            'stock_assign': st.booleans(),
            'stock_invert': st.booleans(),
            'stock_skip_warehouse': st.booleans(),
            'skip_lot_sled': st.booleans(),
            'places': st.sampled_from(
                ['all', 'warehouse', 'storage', 'flat', 'leaf', 'two']),
            'with_childs': st.booleans(),
            'grouping': st.sampled_from(GROUPINGS),
            'filtered': st.booleans(),
            'company': st.integers(0, 1),
            }), min_size=1, max_size=4)


class Store:
    "Companies with products, lots and places, and what is done with them"

    def __init__(self):
        pool = Pool()
        self.Move = pool.get('stock.move')
        self.Period = pool.get('stock.period')
        self.Entry = pool.get('stock.level.entry')
        Location = pool.get('stock.location')
        Lot = pool.get('stock.lot')
        Template = pool.get('product.template')
        Product = pool.get('product.product')
        Uom = pool.get('product.uom')
        self.companies = [create_company(), create_company("Second")]
        kilogram, = Uom.search([('name', '=', "Kilogram")])
        gram, = Uom.search([('name', '=', "Gram")])
        unit, = Uom.search([('name', '=', "Unit")])
        self.units = [(kilogram, gram), (unit, unit)]
        self.products = []
        for name, (uom, _), variants in zip(
                ["Flour", "Bowl"], self.units, [2, 2]):
            template = Template(
                name=name, type='goods', default_uom=uom,
                shelf_life_state='optional')
            template.products = [Product() for _ in range(variants)]
            template.save()
            self.products += template.products
        self.today = pool.get('ir.date').today()
        self.lots = []
        for product in self.products:
            lots = [None]
            for i, days in enumerate([-5, 15]):
                lots.append(Lot(
                        number=str(i), product=product,
                        shelf_life_expiration_date=self.day(days)))
            Lot.save(lots[1:])
            self.lots.append(lots)
        self.warehouse, = Location.search([('type', '=', 'warehouse')])
        self.storage, = Location.search([('code', '=', 'STO')])
        leaf = Location(name="Shelf", type='storage', parent=self.storage)
        self.flat = Location(
            name="Racks", type='storage', parent=self.storage,
            flat_childs=True)
        Location.save([leaf, self.flat])
        racks = [
            Location(name=f"Rack {i}", type='storage', parent=self.flat)
            for i in range(2)]
        Location.save(racks)
        self.leaf = racks[0]
        others = [
            Location.search([('code', '=', code)])[0]
            for code in ['SUP', 'CUS', 'IN', 'OUT']]
        self.places = [
            self.storage, leaf, self.flat, *racks, *others,
            self.warehouse.lost_found_location or others[0]]
        self.moves = []

    def day(self, days):
        return self.today + dt.timedelta(days=days)

    @contextmanager
    def company(self, index):
        with set_company(self.companies[index]):
            yield

    def pick(self, index, *states):
        moves = [m for m in self.moves if not states or m.state in states]
        return moves[index % len(moves):][:1] if moves else []

    def refresh(self):
        self.moves = self.Move.browse([m.id for m in self.moves])

    def plan(
            self, company, product, lot, from_, to, quantity, smaller, days):
        if from_ == to:
            return
        from_, to = self.places[from_], self.places[to]
        if from_ == to:
            return
        company = self.companies[company]
        unit = self.units[product // 2][smaller]
        move = self.Move(
            company=company, product=self.products[product], unit=unit,
            lot=self.lots[product][lot], from_location=from_,
            to_location=to, quantity=quantity, planned_date=self.day(days),
            currency=company.currency, unit_price=0, state='draft')
        move.save()
        self.moves.append(move)

    def change(self, index, quantity, smaller):
        moves = self.pick(index, 'draft')
        for move in moves:
            move.unit = self.units[
                self.products.index(move.product) // 2][smaller]
            move.quantity = quantity
        self.Move.save(moves)

    def redate(self, index, days):
        "The day of a done move too, as back-dating does"
        date = self.day(days)
        for move in self.pick(index):
            if move.state == 'done':
                self.Move.write([move], {'effective_date': date})
            else:
                self.Move.write([move], {'planned_date': date})

    def rewrite(self, index, quantity):
        "Behind the back of everybody"
        table = self.Move.__table__()
        for move in self.pick(index):
            Transaction().connection.cursor().execute(*table.update(
                    [table.internal_quantity, table.quantity],
                    [quantity / 4, quantity / 4],
                    where=table.id == move.id))

    def do(self, index):
        self.Move.do(self.pick(index, 'draft', 'assigned'))

    def assign(self, index):
        self.Move.assign_try(self.pick(index, 'draft'))
        self.moves = self.Move.search([], order=[('id', 'ASC')])

    def cancel(self, index):
        self.Move.cancel(self.pick(index))

    def draft(self, index):
        self.Move.draft(self.pick(index, 'assigned'))

    def delete(self, index):
        moves = self.pick(index, 'draft', 'cancelled')
        self.Move.delete(moves)
        self.moves = [m for m in self.moves if m not in moves]

    def close(self, company, days):
        date = self.day(-days)
        if self.Period.search([('date', '=', date)]):
            return
        period = self.Period(company=self.companies[company], date=date)
        period.save()
        self.Period.close([period])

    def reopen(self, company, days):
        self.Period.draft(self.Period.search(
                [('company', '=', self.companies[company].id)], limit=1))

    def compact(self):
        self.Entry.compact()

    def correct(self):
        self.Entry.correct()

    def perform(self, name, *arguments):
        "Do it unless the standard refuses"
        transaction = Transaction()
        company = arguments[0] if name in {'plan', 'close', 'reopen'} else 0
        savepoint = transaction.connection.cursor()
        savepoint.execute('SAVEPOINT operation')
        try:
            with self.company(company), transaction.set_context(
                    _skip_warnings=True):
                getattr(self, name)(*arguments)
        except UserError:
            savepoint.execute('ROLLBACK TO SAVEPOINT operation')
            transaction.cache.clear()
        savepoint.execute('RELEASE SAVEPOINT operation')
        self.refresh()

    def ask(self, question):
        "Return the quantities that answer the question"
        Product = Pool().get('product.product')
        places = {
            'all': self.places, 'warehouse': [self.warehouse],
            'storage': [self.storage], 'flat': [self.flat],
            'leaf': [self.leaf], 'two': [self.storage, self.flat],
            }[question['places']]
        grouping = question['grouping']
        filter_ = None
        if question['filtered']:
            ids = {
                'product': [p.id for p in self.products[::2]],
                'product.template': [self.products[0].template.id],
                'lot': [lot.id for lot in self.lots[0][1:]],
                }
            filter_ = tuple(ids[name] for name in grouping)
        context = {
            name: question[name] for name in [
                'forecast', 'stock_assign', 'stock_invert',
                'stock_skip_warehouse', 'skip_lot_sled']}
        for name in ['stock_date_end', 'stock_date_start']:
            if question[name] is not None:
                context[name] = self.day(question[name])
        with self.company(question['company']), \
                Transaction().set_context(context):
            return dict(Product.products_by_location(
                    [p.id for p in places],
                    with_childs=question['with_childs'], grouping=grouping,
                    grouping_filter=filter_))


def plain():
    "Let the standard compute"
    return patch.object(LevelMove, '_has_levels', lambda grouping: False)


class LevelTestCase(unittest.TestCase):
    "Test the levels"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        activate_module(MODULES)

    @with_transaction()
    def test_sum(self):
        "Test each answer is that of the standard after each operation"
        store = Store()
        moves = store.Move.__table__()
        periods = store.Period.__table__()
        cursor = Transaction().connection.cursor()

        @settings(max_examples=20, deadline=None)
        @given(operations, questions)
        def test(operations, questions):
            for period in store.Period.search([('state', '=', 'closed')]):
                store.Period.draft([period])
            cursor.execute(*periods.delete())
            cursor.execute(*moves.delete())
            Transaction().cache.clear()
            store.moves = []
            self.assertEqual(store.Entry.differences(), [])
            for operation in operations:
                store.perform(*operation)
                self.assertEqual(store.Entry.differences(), [])
                for question in questions:
                    self.compare(store, question)
        test()

    def compare(self, store, question):
        answer = store.ask(question)
        with plain():
            expected = store.ask(question)
        if not store.Period.search([('state', '=', 'closed')]):
            # A closed period forgets quantities of zero
            self.assertEqual(answer.keys(), expected.keys(), msg=question)
        for key in answer.keys() | expected.keys():
            self.assertAlmostEqual(
                answer.get(key, 0), expected.get(key, 0), 6,
                msg=(key, question))
