# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Goods come back at most once and at the cost at which they left."""
import datetime as dt
import unittest
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from trytond.modules.company.tests import create_company, set_company
from trytond.modules.stock_return.exceptions import ReturnQuantityError
from trytond.pool import Pool
from trytond.tests.test_tryton import activate_module, with_transaction
from trytond.transaction import Transaction

MODULES = ['stock_return', 'product_cost_fifo']
METHODS = ['average', 'fifo']
# Of a cost price, which has 4 digits, for each unit on hand
ROUNDING = Decimal('0.0001')

quantities = st.integers(1, 20)
prices = st.decimals('0.01', 100, places=2)
operations = st.lists(
    st.one_of(
        st.tuples(st.just('receive'), quantities, prices),
        st.tuples(st.just('deliver'), quantities),
        # Which delivery or receipt and how many tenths of it
        st.tuples(
            st.just('take_back'), st.integers(0, 9), st.integers(1, 12)),
        st.tuples(
            st.just('give_back'), st.integers(0, 9), st.integers(1, 12)),
        ), max_size=12)


class Store:
    "The stock of one product"

    def __init__(self, method):
        pool = Pool()
        self.Move = pool.get('stock.move')
        Location = pool.get('stock.location')
        Template = pool.get('product.template')
        UoM = pool.get('product.uom')
        self.unit, = UoM.search([('name', '=', "Unit")])
        template = Template(
            name="Product", type='goods', default_uom=self.unit,
            cost_price_method=method)
        template.products = [pool.get('product.product')()]
        template.save()
        self.product, = template.products
        self.supplier, = Location.search([('code', '=', 'SUP')])
        self.storage, = Location.search([('code', '=', 'STO')])
        self.customer, = Location.search([('code', '=', 'CUS')])
        company = Transaction().context['company']
        self.company = pool.get('company.company')(company)
        self.deliveries, self.receipts = [], []

    def move(self, from_, to, quantity, price=None, **values):
        move = self.Move(
            product=self.product, unit=self.unit, quantity=quantity,
            from_location=from_, to_location=to, company=self.company,
            state='draft', effective_date=dt.date.today(), **values)
        move.unit_price = price or Decimal(0)
        move.currency = self.company.currency
        move.save()
        self.Move.do([move])
        return self.Move(move.id)

    def receive(self, quantity, price):
        self.receipts.append(
            self.move(self.supplier, self.storage, quantity, price))

    def deliver(self, quantity):
        if self.quantity >= quantity:
            self.deliveries.append(self.move(
                    self.storage, self.customer, quantity, Decimal(50)))

    def take_back(self, index, tenths):
        if self.deliveries:
            move = self.deliveries[index % len(self.deliveries)]
            return self.give(move, self.customer, self.storage, tenths)

    def give_back(self, index, tenths):
        if self.receipts:
            move = self.receipts[index % len(self.receipts)]
            if self.quantity >= move.quantity * tenths / 10:
                return self.give(move, self.storage, self.supplier, tenths)

    def give(self, original, from_, to, tenths):
        quantity = max(self.unit.round(original.quantity * tenths / 10), 1)
        returnable, = self.Move.get_returnable_quantity([original]).values()
        if quantity > returnable:
            move = self.Move(
                product=self.product, unit=self.unit, quantity=quantity,
                from_location=from_, to_location=to, company=self.company,
                state='draft', returned_move=original,
                unit_price=Decimal(0), currency=self.company.currency)
            move.save()
            try:
                self.Move.do([move])
            except ReturnQuantityError:
                self.Move.delete([move])
                return
            raise AssertionError("More was returned than was moved")
        return self.move(
            from_, to, quantity, original.unit_price, returned_move=original)

    @property
    def current(self):
        Product = Pool().get('product.product')
        with Transaction().set_context(
                locations=[self.storage.id],
                stock_date_end=dt.date.today()):
            return Product(self.product.id)

    @property
    def quantity(self):
        return self.current.quantity

    @property
    def value(self):
        product = self.current
        return Decimal(str(product.quantity)) * product.cost_price

    def check(self, case):
        moves = self.deliveries + self.receipts
        returned = self.Move.get_returned_quantities(moves)
        for move in moves:
            case.assertLessEqual(returned[move.id], move.quantity)


class CostTestCase(unittest.TestCase):
    "Test quantity and cost of returns"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        activate_module(MODULES)

    @with_transaction()
    def test_never_more(self):
        "Test never is more returned than was moved"
        with set_company(create_company()):
            @settings(max_examples=15, deadline=None)
            @given(st.sampled_from(METHODS), operations)
            def test(method, operations):
                store = Store(method)
                for name, *arguments in operations:
                    getattr(store, name)(*arguments)
                    store.check(self)
            test()

    @with_transaction()
    def test_value(self):
        "Test a delivery and its return leave the value of the stock"
        with set_company(create_company()):
            @settings(max_examples=15, deadline=None)
            @given(
                st.sampled_from(METHODS),
                st.lists(
                    st.tuples(quantities, prices), min_size=1, max_size=4),
                st.integers(1, 80),
                st.lists(st.tuples(quantities, prices), max_size=2),
                st.integers(1, 9))
            def test(method, receipts, quantity, later, tenths):
                store = Store(method)
                for receipt in receipts:
                    store.receive(*receipt)
                # Something stays, which carries the rounding of the cost
                quantity = min(quantity, int(store.quantity) - 1)
                if quantity < 1:
                    return
                value = store.value
                store.deliver(quantity)
                for receipt in later:
                    before = store.value
                    store.receive(*receipt)
                    value += store.value - before
                # In two parts
                store.take_back(0, tenths)
                delivery = store.deliveries[0]
                rest, = store.Move.get_returnable_quantity(
                    [delivery]).values()
                if rest:
                    store.move(
                        store.customer, store.storage, rest, Decimal(50),
                        returned_move=delivery)
                self.assertAlmostEqual(
                    store.value, value,
                    delta=5 * ROUNDING * Decimal(str(store.quantity)))
            test()

    @with_transaction()
    def test_supplier(self):
        "Test a receipt goes back at its own cost"
        with set_company(create_company()):
            for method in METHODS:
                with self.subTest(method=method):
                    store = Store(method)
                    store.receive(10, Decimal(10))
                    value = store.value
                    store.receive(10, Decimal(16))
                    store.give_back(1, 10)
                    self.assertEqual(store.value, value)
                    # The next delivery is of what is left
                    store.deliver(4)
                    self.assertEqual(
                        store.deliveries[0].cost_price, Decimal(10))

    @with_transaction()
    def test_recompute(self):
        "Test the recomputation keeps the cost of what came back"
        Product = Pool().get('product.product')
        with set_company(create_company()):
            for method in METHODS:
                with self.subTest(method=method):
                    store = Store(method)
                    store.receive(10, Decimal(10))
                    store.deliver(5)
                    store.receive(15, Decimal(14))
                    back = store.take_back(0, 10)
                    value = store.value
                    self.assertEqual(value, Decimal(310))
                    Product.recompute_cost_price([store.product])
                    self.assertAlmostEqual(
                        store.value, value, delta=Decimal('0.01'))
                    back = store.Move(back.id)
                    self.assertEqual(
                        back.cost_price, back.returned_move.cost_price)
