# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
import datetime as dt
import inspect
from decimal import Decimal

from trytond.model.exceptions import AccessError
from trytond.modules.company.tests import create_company, set_company
from trytond.modules.stock.move import Move as StandardMove
from trytond.modules.strict_access.exceptions import ReadonlyError
from trytond.pool import Pool
from trytond.tests.test_tryton import (
    TestCase, activate_module, with_transaction)
from trytond.transaction import Transaction, check_access


class StockTestCase(TestCase):
    "Test the stock moves"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        activate_module(['strict_access', 'stock'])

    def make_move(self, company, date):
        "Return a move from a supplier that is done"
        pool = Pool()
        Location = pool.get('stock.location')
        Move = pool.get('stock.move')
        Template = pool.get('product.template')
        Uom = pool.get('product.uom')

        unit, = Uom.search([('name', '=', "Unit")])
        template, = Template.create([{
                    'name': "Product",
                    'type': 'goods',
                    'default_uom': unit.id,
                    'products': [('create', [{}])],
                    }])
        supplier, = Location.search([('code', '=', 'SUP')])
        storage, = Location.search([('code', '=', 'STO')])
        move, = Move.create([{
                    'product': template.products[0].id,
                    'unit': unit.id,
                    'quantity': 10,
                    'from_location': supplier.id,
                    'to_location': storage.id,
                    'company': company.id,
                    'currency': company.currency.id,
                    'unit_price': Decimal(5),
                    'effective_date': date,
                    }])
        with Transaction().set_context(_skip_warnings=True):
            Move.do([move])
        return move

    @with_transaction()
    def test_unit(self):
        "Test the unit of a done move can not be changed"
        pool = Pool()
        Move = pool.get('stock.move')
        Uom = pool.get('product.uom')
        company = create_company()
        with set_company(company):
            move = self.make_move(company, dt.date.today())
            gram, = Uom.search([('name', '=', "Gram")])

            with self.assertRaises(AccessError):
                Move.write([move], {'unit': gram.id})

            self.assertEqual(move.unit.name, "Unit")

    @with_transaction()
    def test_price(self):
        "Test only the system corrects the prices of a done move"
        pool = Pool()
        Move = pool.get('stock.move')
        company = create_company()
        with set_company(company):
            move = self.make_move(company, dt.date.today())

            for name in ['unit_price', 'cost_price']:
                with check_access(), self.assertRaises(ReadonlyError):
                    Move.write([move], {name: Decimal(1)})
            with check_access(), self.assertRaises(ReadonlyError):
                Move.write([move], {'currency': None})
            Move.write([move], {'unit_price': Decimal(6)})

            self.assertEqual(move.unit_price, Decimal(6))

    @with_transaction()
    def test_closed_period(self):
        "Test only the system corrects the prices in a closed period"
        pool = Pool()
        Move = pool.get('stock.move')
        Period = pool.get('stock.period')
        company = create_company()
        with set_company(company):
            yesterday = dt.date.today() - dt.timedelta(days=1)
            move = self.make_move(company, yesterday)
            draft, = Move.copy([move], default={
                    'planned_date': yesterday, 'effective_date': None})
            period, = Period.create([{
                        'company': company.id, 'date': yesterday}])
            Period.close([period])

            # The form of a draft shows the price editable
            with check_access(), self.assertRaisesRegex(
                    AccessError, "period"):
                Move.write([draft], {'unit_price': Decimal(1)})
            Move.write([draft], {'unit_price': Decimal(6)})
            Move.write([move], {'unit_price': Decimal(6)})

            self.assertEqual(move.unit_price, Decimal(6))

    @with_transaction()
    def test_standard(self):
        "Test the standard still has the faults, else remove the mends"
        setup = inspect.getsource(StandardMove.__setup__)
        denied = setup.split('_deny_modify_assigned = ')[1].split(')')[0]
        allowed = setup.split('_allow_modify_closed_period = ')[1]
        check = inspect.getsource(StandardMove.check_modification)

        self.assertIn("'uom'", denied)
        self.assertNotIn("'unit'", denied)
        self.assertIn("'unit_price'", allowed.split('}')[0])
        # It only hands the argument on
        self.assertEqual(check.count('external'), 3)
