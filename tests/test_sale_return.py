# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""The forbidden ways to give goods back, and two people at the same time.

Everything goes over a real socket, by people without rights beyond those of
their role.
"""
from decimal import Decimal

from proteus import Model

from .attacks import AttackTestCase
from .returns import TODAY, ReturnAttacks
from .sessions import REST, Refused

BACKENDS = ['sqlite', 'postgresql']
ENGINE = ['test_two_at_once']
LANE = 'jxc'


class SaleReturnTestCase(ReturnAttacks, AttackTestCase):
    "Test returns of customers"
    RETURN, LINE = 'sale.return', 'sale.return.line'
    ORDER, REASON = 'sale', '07'
    LOGIN, MANAGER = 'sales', 'sales_manager'
    LOGINS = ['sales', 'sales_manager', 'keeper', 'buyer']

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        get = Model.get
        template = cls.product.template
        template.salable = True
        template.save()
        cls.party = get('party.party')(name="客户")
        cls.party.save()
        inventory = get('stock.inventory')()
        inventory.location = cls.warehouse.storage_location
        line = inventory.lines.new()
        line.product = cls.product
        line.quantity = 1000
        inventory.click('confirm')

    def deliver(self, quantity=5):
        "Return the move of a new delivery"
        get = Model.get
        with self.admin.set_context():
            sale = get('sale.sale')(party=self.party)
            line = sale.lines.new()
            line.product = self.product
            line.quantity = quantity
            line.unit_price = Decimal(20)
            sale.click('quote')
            sale.click('confirm')
            sale.reload()
            shipment, = sale.shipments
            shipment.click('assign_try')
            for button in ['pack', 'do']:
                shipment.click(button)
            move, = sale.lines[0].moves
        return move

    def test_allowed(self):
        "Test sales and the warehouse take back what was delivered"
        for protocol in self.protocols():
            move = self.deliver()
            sales = self.connect(protocol, 'sales')
            id_ = self.return_of(sales, move, 2)
            sales.click(self.RETURN, id_, 'submit')
            sales.click(self.RETURN, id_, 'process')
            self.assertEqual(self.state(id_), 'processing')
            return_ = Model.get(self.RETURN, config=self.admin)(id_)
            shipment, = return_.shipment_returns
            keeper = self.connect(protocol, 'keeper')
            # In one step
            keeper.click(
                'stock.shipment.out.return', shipment.id, 'receive')
            self.assertEqual(keeper.read(
                    'stock.shipment.out.return', shipment.id,
                    'state')['state'], 'done')
            self.assertEqual(self.returned(move), 2)

    def test_price(self):
        "Test nobody pays back more than was invoiced"
        for protocol in self.protocols():
            move = self.deliver()
            sales = self.connect(protocol, 'sales')
            id_ = self.return_of(
                sales, move, 1, line={'unit_price': Decimal(21)})
            with self.assertRaises(Refused):
                sales.click(self.RETURN, id_, 'submit')
            self.assertEqual(self.state(id_), 'draft')

    def test_rights(self):
        "Test others neither make returns nor policies nor reasons"
        for protocol in self.protocols():
            move = self.deliver()
            for login in ['keeper', 'buyer']:
                session = self.connect(protocol, login)
                with self.assertRaises(Refused):
                    self.return_of(session, move, 1)
            sales = self.connect(protocol, 'sales')
            with self.assertRaises(Refused):
                sales.delete('sale.return.policy', self.policy.id)
            with self.assertRaises(Refused):
                sales.create('stock.return.reason', {
                        'code': '99', 'name': "?", 'class_': 'other'})

    def test_without_original(self):
        "Test what has no original needs a price, a cost and approval"
        for protocol in self.protocols():
            sales = self.connect(protocol, 'sales')
            move = self.deliver()
            values = {'origin_move': None, 'without_original': True}
            id_ = self.return_of(sales, move, 100, line=values)
            with self.assertRaises(Refused):
                sales.click(self.RETURN, id_, 'submit')
            id_ = self.return_of(sales, move, 100, line={
                    **values, 'cost_price': Decimal(7),
                    'cost_source': "2009"})
            sales.click(self.RETURN, id_, 'submit')
            self.assertEqual(self.state(id_), 'waiting')

    def test_by_hand(self):
        "Test an order or a shipment by hand gives back no more"
        for protocol in self.protocols():
            move = self.deliver()
            sales = self.connect(protocol, 'sales')
            left = sum(
                m.returnable_quantity
                for m in Model.get('stock.move', config=self.admin).find([
                        ('product', '=', self.product.id),
                        ('to_location.type', '=', 'customer'),
                        ('state', '=', 'done')]))
            order = {
                'company': self.company.id,
                'party': self.party.id,
                'invoice_address': self.party.addresses[0].id,
                'currency': self.company.currency.id,
                'warehouse': self.warehouse.id,
                'sale_date': TODAY,
                }
            line = {
                'type': 'line', 'product': self.product.id,
                'unit': self.unit.id, 'quantity': -left - 1,
                'unit_price': Decimal(20)}
            id_ = sales.create(
                'sale.sale', {**order, 'lines': [('create', [line])]})
            with self.assertRaises(Refused):
                sales.click('sale.sale', id_, 'quote')
            with self.assertRaises(Refused):
                sales.create('sale.sale', {**order, 'lines': [
                            ('create', [
                                    {**line, 'returned_move': move.id}])]})
            keeper = self.connect(protocol, 'keeper')
            shipment = keeper.create('stock.shipment.out.return', {
                    'company': self.company.id,
                    'customer': self.party.id,
                    'warehouse': self.warehouse.id,
                    'warehouse_input': self.warehouse.input_location.id,
                    'warehouse_storage': self.warehouse.storage_location.id,
                    'incoming_moves': [('create', [{
                                    'company': self.company.id,
                                    'product': self.product.id,
                                    'unit': self.unit.id,
                                    'quantity': left + 1,
                                    'unit_price': Decimal(20),
                                    'currency': self.company.currency.id,
                                    'from_location':
                                    self.party.customer_location.id,
                                    'to_location':
                                    self.warehouse.input_location.id,
                                    }])],
                    })
            with self.assertRaises(Refused) as refusal:
                keeper.click(
                    'stock.shipment.out.return', shipment, 'receive')
            if protocol is not REST:
                # It tells the way out
                self.assertIn("销售退货", str(refusal.exception))
