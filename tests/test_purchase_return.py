# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""The forbidden ways to give back to suppliers, two people at the same time.

Everything goes over a real socket, by people without rights beyond those of
their role.
"""
import datetime as dt
from decimal import Decimal

from proteus import Model

from .returns import ReturnAttacks
from .sessions import Refused
from .tools import ServerTestCase

BACKENDS = ['sqlite', 'postgresql']
LANE = 'jxc'
LOGINS = ['buyer', 'purchase_manager', 'keeper', 'sales']
TODAY = dt.date.today()


class PurchaseReturnTestCase(ReturnAttacks, ServerTestCase):
    "Test returns to suppliers"
    RETURN, LINE = 'purchase.return', 'purchase.return.line'
    ORDER = 'purchase'
    LOGIN, MANAGER = 'buyer', 'purchase_manager'

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.connect_admin(LOGINS)
        get = Model.get
        template = get('product.template')(name="木马", type='goods')
        template.purchasable = True
        template.list_price = Decimal(25)
        template.save()
        cls.product, = template.products
        cls.unit = cls.product.default_uom
        cls.supplier = get('party.party')(name="供应商")
        cls.supplier.save()
        cls.company, = get('company.company').find([])
        cls.warehouse, = get('stock.location').find(
            [('type', '=', 'warehouse')])
        cls.reason, = get('stock.return.reason').find([('code', '=', '01')])
        for name, result, condition, text in [
                ("用过", 'approve', 'used', None),
                ("坏的", 'refuse', 'damaged', "不能退")]:
            policy = get('purchase.return.policy')(
                name=name, result=result, condition=condition, text=text)
            policy.save()
        cls.policy = policy

    def deliver(self, quantity=5):
        "Return the move of a new receipt"
        get = Model.get
        with self.admin.set_context():
            purchase = get('purchase.purchase')(party=self.supplier)
            line = purchase.lines.new()
            line.product = self.product
            line.quantity = quantity
            line.unit_price = Decimal(20)
            purchase.click('quote')
            purchase.click('confirm')
            purchase.reload()
            shipment = get('stock.shipment.in')(supplier=self.supplier)
            for move in purchase.moves:
                shipment.incoming_moves.append(get('stock.move')(move.id))
            shipment.click('receive')
            shipment.reload()
            if shipment.state == 'received':
                shipment.click('do')
            move, = purchase.lines[0].moves
        return move

    def values_of(self, move, quantity, line=None, **values):
        "Return the values of a return of a receipt"
        return {
            'company': self.company.id,
            'party': self.supplier.id,
            'currency': self.company.currency.id,
            'warehouse': self.warehouse.id,
            'date': TODAY,
            'settlement': 'refund',
            'stage': 'stored',
            'reason': self.reason.id,
            'lines': [
                ('create', [self.line(move, quantity, **(line or {}))])],
            **values,
            }

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
