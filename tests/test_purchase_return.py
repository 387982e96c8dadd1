# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""The forbidden ways to give back to suppliers, two people at the same time.

Everything goes over a real socket, by people without rights beyond those of
their role.
"""
from decimal import Decimal

from proteus import Model

from .attacks import AttackTestCase
from .returns import ReturnAttacks
from .sessions import Refused

BACKENDS = ['sqlite', 'postgresql']
ENGINE = ['test_two_at_once']
LANE = 'jxc'


class PurchaseReturnTestCase(ReturnAttacks, AttackTestCase):
    "Test returns to suppliers"
    RETURN, LINE = 'purchase.return', 'purchase.return.line'
    ORDER, REASON = 'purchase', '01'
    LOGIN, MANAGER = 'buyer', 'purchase_manager'
    LOGINS = ['buyer', 'purchase_manager', 'keeper', 'sales']

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.party = cls.supplier

    def deliver(self, quantity=5):
        "Return the move of a new receipt"
        get = Model.get
        with self.admin.set_context():
            purchase = get('purchase.purchase')(party=self.party)
            line = purchase.lines.new()
            line.product = self.product
            line.quantity = quantity
            line.unit_price = Decimal(20)
            purchase.click('quote')
            purchase.click('confirm')
            purchase.reload()
            shipment = get('stock.shipment.in')(supplier=self.party)
            for move in purchase.moves:
                shipment.incoming_moves.append(get('stock.move')(move.id))
            shipment.click('receive')
            shipment.reload()
            if shipment.state == 'received':
                shipment.click('do')
            move, = purchase.lines[0].moves
        return move

    def test_allowed(self):
        "Test a buyer sends back what was received"
        for protocol in self.protocols():
            move = self.deliver()
            buyer = self.connect(protocol, 'buyer')
            id_ = self.return_of(buyer, move, 2)
            buyer.click(self.RETURN, id_, 'submit')
            buyer.click(self.RETURN, id_, 'process')
            self.assertEqual(self.state(id_), 'processing')
            self.assertEqual(self.returned(move), 2)

    def test_rights(self):
        "Test others neither make returns nor policies"
        for protocol in self.protocols():
            move = self.deliver()
            for login in ['keeper', 'sales']:
                session = self.connect(protocol, login)
                with self.assertRaises(Refused):
                    self.return_of(session, move, 1)
            buyer = self.connect(protocol, 'buyer')
            with self.assertRaises(Refused):
                buyer.delete('purchase.return.policy', self.policy.id)

    def test_without_original(self):
        "Test what has no receipt needs a price and approval"
        for protocol in self.protocols():
            buyer = self.connect(protocol, 'buyer')
            move = self.deliver()
            values = {'origin_move': None, 'without_original': True}
            id_ = self.return_of(buyer, move, 3, line=values)
            with self.assertRaises(Refused):
                buyer.click(self.RETURN, id_, 'submit')
            id_ = self.return_of(buyer, move, 3, line={
                    **values, 'cost_price': Decimal(7),
                    'cost_source': "2009"})
            buyer.click(self.RETURN, id_, 'submit')
            self.assertEqual(self.state(id_), 'waiting')
