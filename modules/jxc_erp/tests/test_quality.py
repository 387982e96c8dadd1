# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from decimal import Decimal

from trytond.model.exceptions import ButtonActionException
from trytond.modules.company.tests import create_company, set_company
from trytond.modules.quality.quality import Inspect
from trytond.pool import Pool
from trytond.tests.test_tryton import (
    TestCase, activate_module, with_transaction)
from trytond.transaction import Transaction

# Action of the button do by document
ACTIONS = {
    'stock.shipment.in': 'wizard_stock_shipment_in_inspect_do',
    'stock.shipment.out.return': 'wizard_stock_shipment_out_return_inspect_do',
    'stock.shipment.internal': 'wizard_stock_shipment_internal_inspect_do',
    'production': 'wizard_production_inspect_do',
    }


class QualityTestCase(TestCase):
    "Test the inspection"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        activate_module('jxc_erp')

    def _create_receipt(self, product, company):
        pool = Pool()
        Location = pool.get('stock.location')
        Party = pool.get('party.party')
        ShipmentIn = pool.get('stock.shipment.in')
        warehouse, = Location.search([('type', '=', 'warehouse')])
        supplier, = Location.search([('type', '=', 'supplier')])
        party = Party(name="Supplier")
        party.save()
        shipment = ShipmentIn(
            supplier=party, warehouse=warehouse, company=company)
        shipment.on_change_warehouse()
        shipment.incoming_moves = [{
                'product': product,
                'quantity': 1,
                'unit': product.default_uom,
                'from_location': supplier,
                'to_location': warehouse.input_location,
                'unit_price': Decimal(1),
                'currency': company.currency,
                'company': company,
                }]
        shipment.save()
        return shipment

    @with_transaction()
    def test_inspect_do_deadlock(self):
        "Test a receipt controlled when done can be done"
        pool = Pool()
        Control = pool.get('quality.control')
        Inspect = pool.get('quality.inspect', type='wizard')
        Inspection = pool.get('quality.inspection')
        ShipmentIn = pool.get('stock.shipment.in')
        Template = pool.get('product.template')
        unit = pool.get('ir.model.data').get_id('product', 'uom_unit')

        company = create_company()
        with set_company(company):
            template = Template(
                name="Bear", type='goods', default_uom=unit,
                list_price=Decimal(1), products=[{}])
            template.save()
            control = Control(
                name="Control", operations=['stock.shipment.in:do'],
                points=[{
                        'name': 'whole', 'string': "Whole",
                        'type_': 'boolean'}])
            control.save()
            shipment = self._create_receipt(template.products[0], company)
            with Transaction().set_context(_skip_warnings=True):
                ShipmentIn.receive([shipment])
                with self.assertRaises(ButtonActionException) as raised:
                    ShipmentIn.do([shipment])

            session_id, start, _ = Inspect.create()
            with Transaction().set_context(
                    active_model='stock.shipment.in',
                    active_id=shipment.id, active_ids=[shipment.id],
                    action_id=raised.exception.value['id']):
                Inspect.execute(session_id, {}, start)
            inspection, = Inspection.search([])
            self.assertEqual(inspection.origin, shipment)

            inspection.points = {'whole': True}
            inspection.save()
            Inspection.process([inspection])
            ShipmentIn.do([ShipmentIn(shipment.id)])
            self.assertEqual(ShipmentIn(shipment.id).state, 'done')

    @with_transaction()
    def test_inspect_do_deadlock_actions(self):
        "Test the operation of each button do"
        pool = Pool()
        Inspect = pool.get('quality.inspect', type='wizard')
        ModelData = pool.get('ir.model.data')
        session_id, _, _ = Inspect.create()
        inspect = Inspect(session_id)
        for name in ACTIONS.values():
            with self.subTest(action=name):
                self.assertEqual(
                    inspect.operation(ModelData.get_id('quality', name)),
                    'do')

    def test_inspect_do_deadlock_standard(self):
        "Test the standard still has the fault, else remove the mend"
        operations = Inspect._operations.fget(None)
        for name in ACTIONS.values():
            with self.subTest(action=name):
                self.assertNotIn(f'quality.{name}', operations)
