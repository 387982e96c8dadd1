# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
import datetime as dt
from decimal import Decimal

from trytond.model.exceptions import ValidationError
from trytond.modules.company.tests import create_company, set_company
from trytond.modules.production.production import Production
from trytond.pool import Pool
from trytond.tests.test_tryton import (
    TestCase, activate_module, with_transaction)


class ProductionTestCase(TestCase):
    "Test the production"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        activate_module('jxc_erp')

    def _create_production(self, company):
        "Return the request of 2 sets, of a phantom with 3 wheels each"
        pool = Pool()
        BOM = pool.get('production.bom')
        Location = pool.get('stock.location')
        Production = pool.get('production')
        unit = pool.get('ir.model.data').get_id('product', 'uom_unit')
        toy = self._create_product("Car", unit)
        wheel = self._create_product("Wheel", unit)
        phantom = BOM(
            name="Wheels", phantom=True, phantom_unit=unit,
            phantom_quantity=1,
            inputs=[{'product': wheel, 'quantity': 3, 'unit': unit}])
        phantom.save()
        bom = BOM(
            name="Car",
            inputs=[{'phantom_bom': phantom, 'quantity': 1, 'unit': unit}],
            outputs=[{'product': toy, 'quantity': 1, 'unit': unit}])
        bom.save()
        warehouse, = Location.search([('type', '=', 'warehouse')])
        production = Production(
            product=toy, bom=bom, unit=unit, quantity=2, company=company,
            warehouse=warehouse, location=warehouse.production_location,
            planned_date=dt.date(2024, 5, 2),
            planned_start_date=dt.date(2024, 5, 1), state='request')
        production.save()
        return production

    def _create_product(self, name, unit):
        Template = Pool().get('product.template')
        template = Template(
            name=name, type='goods', default_uom=unit, producible=True,
            list_price=Decimal(1), products=[{}])
        template.save()
        return template.products[0]

    @with_transaction()
    def test_phantom_bom_crash(self):
        "Test a requested production with a phantom gets its moves"
        Production = Pool().get('production')
        company = create_company()
        with set_company(company):
            production = self._create_production(company)
            Production.set_moves([production])

            production = Production(production.id)
            input_, = production.inputs
            self.assertEqual(input_.product.name, "Wheel")
            self.assertEqual(input_.quantity, 6)
            self.assertEqual(input_.planned_date, dt.date(2024, 5, 1))
            output, = production.outputs
            self.assertEqual(output.product.name, "Car")
            self.assertEqual(output.quantity, 2)
            self.assertEqual(output.planned_date, dt.date(2024, 5, 2))

    @with_transaction()
    def test_phantom_bom_crash_standard(self):
        "Test the standard still has the fault, else remove the mend"
        company = create_company()
        with set_company(company):
            production = self._create_production(company)
            standard = Production.__dict__['set_moves'].func
            with self.assertRaises((ValidationError, AttributeError)):
                standard(type(production), [production])
