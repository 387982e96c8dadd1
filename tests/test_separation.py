# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""The forbidden ways around the separation of duties.

The buyer and the keeper may do all of the chain, but not both duties of a
pair on the same goods.
"""
import datetime as dt
from contextlib import contextmanager
from decimal import Decimal

from proteus import Model, Wizard

from .attacks import AttackTestCase
from .sessions import JSONRPC, XMLRPC, Refused

# What the protocols refuse does not depend on the engine
BACKENDS = ['sqlite']
LANE = 'jxc'
SEPARATED = '必须分离'
PURCHASE, SALE = 'purchase.purchase', 'sale.sale'
REQUISITION = 'purchase.requisition'
IN, OUT, MOVE = 'stock.shipment.in', 'stock.shipment.out', 'stock.move'
INVOICE, INVENTORY = 'account.invoice', 'stock.inventory'
SEPARATION = 'document.approval.separation'
PAIRS = [
    'requester_buyer', 'buyer_receiver', 'receiver_poster', 'seller_shipper',
    'counter_approver']


class SeparationTestCase(AttackTestCase):
    "Test people with both roles, who must not have both duties"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        get = Model.get
        # Receiving and storing are two steps, picking and shipping, too
        for name in ['input', 'output']:
            zone = get('stock.location')(
                name=name, type='storage', parent=cls.warehouse)
            zone.save()
            setattr(cls.warehouse, f'{name}_location', zone)
        cls.warehouse.save()
        cls.storage = cls.warehouse.storage_location
        cls.product.template.salable = True
        cls.product.template.save()
        cls.customer = get('party.party')(name="客户")
        cls.customer.save()
        inventory = get(INVENTORY)(location=cls.storage)
        line = inventory.lines.new()
        line.product = cls.product
        line.quantity = 1000
        inventory.click('confirm')

        line = get(PURCHASE)(party=cls.supplier).lines.new()
        line.product = cls.product
        cls.taxes = [t.id for t in line.taxes]

        roles = {
            u.login: u.roles[0].role for u in get('res.user').find(
                [('login', 'in', ['buyer', 'sales', 'keeper', 'accountant'])])}
        for login in ['buyer', 'keeper']:
            user = cls.users[login]
            for role in roles.keys() - {login}:
                user.roles.new(role=get('res.role')(roles[role].id))
            user.save()
        cls.separations = {}
        for pair in PAIRS:
            cls.separations[pair] = separation = get(SEPARATION)(pair=pair)
            separation.save()

    @contextmanager
    def kept(self, model, id_, *names):
        "Test that the fields are not changed, nor the moves of the document"
        before = self.stored(model, id_, *names)
        moves = self.moves(model, id_)
        yield
        self.assertEqual(self.stored(model, id_, *names), before)
        self.assertEqual(self.moves(model, id_), moves)

    def stored(self, model, id_, *names):
        record = Model.get(model)(id_)
        return [
            value.id if isinstance(value, Model) else value
            for value in [getattr(record, n) for n in ['state', *names]]]

    def moves(self, model, id_):
        document = Model.get(model)(id_)
        return sorted(
            (m.id, m.state) for m in getattr(document, 'moves', []))

    def attackers(self, protocol, login, victim):
        "Yield sessions of the person, each with what it says about itself"
        other = self.users[victim].id
        for context in [
                {},
                {'employee': self.employees[victim]},
                {'employee': None},
                {'user': other, '_user': other, '_check_access': False},
                {'_skip_warnings': True, 'active_test': False},
                ]:
            with self.subTest(context=context):
                yield self.connect(protocol, login, **context)

    def order(self, session, **values):
        "Return the id of a purchase that the person confirms"
        id_ = session.create(PURCHASE, {
                'company': self.company.id,
                'currency': self.company.currency.id,
                'party': self.supplier.id,
                'invoice_address': self.supplier.addresses[0].id,
                'warehouse': self.warehouse.id,
                'purchase_date': dt.date.today(),
                'lines': [('create', [{
                                'product': self.product.id,
                                'unit': self.unit.id,
                                'quantity': 3.0,
                                'unit_price': Decimal(5),
                                'taxes': [('add', self.taxes)],
                                }])],
                **values})
        session.click(PURCHASE, id_, 'quote')
        session.click(PURCHASE, id_, 'confirm')
        return id_

    def unload(self, session, purchase, **values):
        "Return the id of a new shipment of all that was ordered"
        moves = session.search(MOVE, [['purchase', '=', purchase]])
        return session.create(IN, {
                'company': self.company.id,
                'supplier': self.supplier.id,
                'warehouse': self.warehouse.id,
                'warehouse_input': self.warehouse.input_location.id,
                'warehouse_storage': self.storage.id,
                'incoming_moves': [('add', moves)],
                **values})

    def violations(self, pair, model, id_):
        Violation = Model.get(
            'document.approval.separation.violation', config=self.admin)
        return Violation.find(
            [('pair', '=', pair), ('second', '=', f'{model},{id_}')])

    def test_receive(self):
        "Test the buyer neither receives nor stores the goods"
        for protocol in self.protocols():
            buyer = self.connect(protocol, 'buyer')
            keeper = self.connect(protocol, 'keeper')
            purchase = self.order(buyer)
            move, = buyer.search(MOVE, [['purchase', '=', purchase]])
            with self.refused(SEPARATED):
                buyer.click(MOVE, move, 'do')
            shipment = self.unload(buyer, purchase)
            names = ['received_by', 'done_by', 'effective_date']
            for session in self.attackers(protocol, 'buyer', 'keeper'):
                with self.kept(IN, shipment, *names):
                    with self.refused(SEPARATED):
                        session.click(IN, shipment, 'receive')
                    with self.assertRaises(Refused):
                        session.click(MOVE, move, 'do')
            keeper.click(IN, shipment, 'receive')
            self.assertEqual(
                self.stored(IN, shipment, 'received_by'),
                ['received', self.employees['keeper']])
            for session in self.attackers(protocol, 'buyer', 'keeper'):
                with self.kept(IN, shipment, *names), \
                        self.refused(SEPARATED):
                    session.click(IN, shipment, 'do')
            keeper.click(IN, shipment, 'do')
            self.assertEqual(
                self.stored(IN, shipment, 'done_by'),
                ['done', self.employees['keeper']])
            self.assertFalse(self.violations('buyer_receiver', IN, shipment))

    def test_several(self):
        "Test nothing is received together with what is refused"
        for protocol in [XMLRPC, JSONRPC]:
            with self.subTest(protocol=protocol.__name__):
                buyer = self.connect(protocol, 'buyer')
                keeper = self.connect(protocol, 'keeper')
                shipments = [
                    self.unload(buyer, self.order(session))
                    for session in [keeper, buyer]]
                with self.kept(IN, shipments[0]), \
                        self.kept(IN, shipments[1]), \
                        self.refused(SEPARATED):
                    buyer.call(IN, 'receive', shipments)
                buyer.click(IN, shipments[0], 'receive')

    def test_buyer(self):
        "Test nobody lets another have bought"
        own, other = self.employees['buyer'], self.employees['keeper']
        for protocol in self.protocols():
            buyer = self.connect(protocol, 'buyer')
            purchase = self.order(
                buyer, quoted_by=other, confirmed_by=other)
            self.assertEqual(
                self.stored(PURCHASE, purchase, 'confirmed_by')[1], own)
            for value in [other, None]:
                with self.refused():
                    self.write(
                        buyer, PURCHASE, purchase, {'confirmed_by': value})
            shipment = self.unload(buyer, purchase)
            with self.kept(IN, shipment), self.refused(SEPARATED):
                buyer.click(IN, shipment, 'receive')
            for session in self.attackers(protocol, 'buyer', 'keeper'):
                self.assertEqual(
                    self.stored(
                        PURCHASE, self.order(session), 'confirmed_by')[1],
                    own)

    def test_nobody(self):
        "Test nobody becomes nobody in the own preferences"
        for protocol in [XMLRPC, JSONRPC]:
            with self.subTest(protocol=protocol.__name__):
                buyer = self.connect(protocol, 'buyer')
                own = self.employees['buyer']

                def prefer(employee):
                    buyer.call(
                        'res.user', 'set_preferences', {'employee': employee})

                prefer(None)
                try:
                    # The preferences are the context from now on
                    session = self.connect(protocol, 'buyer')
                    purchase = self.order(session)
                    shipment = self.unload(session, purchase)
                    with self.kept(IN, shipment), self.refused(SEPARATED):
                        session.click(IN, shipment, 'receive')
                    self.assertEqual(
                        self.stored(PURCHASE, purchase, 'confirmed_by')[1],
                        own)
                finally:
                    prefer(own)

    def test_request(self):
        "Test the requester does not buy, in whosever name the request is"
        for protocol in self.protocols():
            buyer = self.connect(protocol, 'buyer')
            keeper = self.connect(protocol, 'keeper')
            manager = self.connect(protocol, 'purchase_manager')
            for employee in ['buyer', 'purchase_manager']:
                with self.subTest(employee=employee):
                    requisition = buyer.create(REQUISITION, {
                            'company': self.company.id,
                            'employee': self.employees[employee],
                            'supply_date': dt.date.today(),
                            'lines': [('create', [{
                                            'product': self.product.id,
                                            'quantity': 3.0,
                                            'unit': self.unit.id,
                                            'unit_price': Decimal(5),
                                            'supplier': self.supplier.id,
                                            }])],
                            })
                    buyer.click(REQUISITION, requisition, 'wait')
                    manager.click(REQUISITION, requisition, 'approve')
                    request, = Model.get('purchase.request').find(
                        [('state', '=', 'draft')])
                    Wizard('purchase.request.create_purchase', [request])
                    request.reload()
                    purchase = request.purchase.id
                    buyer.click(PURCHASE, purchase, 'quote')
                    for session in self.attackers(
                            protocol, 'buyer', 'keeper'):
                        with self.kept(
                                PURCHASE, purchase, 'confirmed_by',
                                'number'), self.refused(SEPARATED):
                            session.click(PURCHASE, purchase, 'confirm')
                    keeper.click(PURCHASE, purchase, 'confirm')
                    self.assertEqual(
                        self.stored(PURCHASE, purchase, 'confirmed_by'),
                        ['processing', self.employees['keeper']])

    def test_invoice(self):
        "Test who receives does not post the invoice"
        own, other = self.employees['keeper'], self.employees['buyer']
        for protocol in self.protocols():
            buyer = self.connect(protocol, 'buyer')
            keeper = self.connect(protocol, 'keeper')
            purchase = self.order(buyer)
            shipment = self.unload(
                keeper, purchase, received_by=other, done_by=other)
            keeper.click(IN, shipment, 'receive')
            self.assertEqual(
                self.stored(IN, shipment, 'received_by'), ['received', own])
            with self.refused():
                self.write(keeper, IN, shipment, {'received_by': other})
            keeper.click(IN, shipment, 'do')
            self.assertEqual(
                self.stored(IN, shipment, 'received_by', 'done_by'),
                ['done', own, own])
            for name in ['received_by', 'done_by']:
                with self.refused():
                    self.write(keeper, IN, shipment, {name: other})
            invoice, = Model.get(PURCHASE)(purchase).invoices
            self.write(
                keeper, INVOICE, invoice.id,
                {'invoice_date': dt.date.today()})
            for session in self.attackers(protocol, 'keeper', 'buyer'):
                for button in ['validate_invoice', 'post']:
                    with self.kept(
                            INVOICE, invoice.id, 'number', 'move',
                            'validated_by', 'posted_by'), \
                            self.refused(SEPARATED):
                        session.click(INVOICE, invoice.id, button)
            buyer.click(INVOICE, invoice.id, 'post')
            self.assertEqual(
                self.stored(INVOICE, invoice.id, 'posted_by'),
                ['posted', other])
            self.assertFalse(
                self.violations('receiver_poster', INVOICE, invoice.id))

    def test_ship(self):
        "Test the seller neither picks, nor packs, nor ships"
        names = ['picked_by', 'packed_by', 'shipped_by', 'done_by']
        for protocol in self.protocols():
            buyer = self.connect(protocol, 'buyer')
            keeper = self.connect(protocol, 'keeper')
            sale = buyer.create(SALE, {
                    'company': self.company.id,
                    'currency': self.company.currency.id,
                    'party': self.customer.id,
                    'invoice_address': self.customer.addresses[0].id,
                    'shipment_address': self.customer.addresses[0].id,
                    'warehouse': self.warehouse.id,
                    'confirmed_by': self.employees['keeper'],
                    'lines': [('create', [{
                                    'product': self.product.id,
                                    'unit': self.unit.id,
                                    'quantity': 3.0,
                                    'unit_price': Decimal(25),
                                    }])],
                    })
            buyer.click(SALE, sale, 'quote')
            buyer.click(SALE, sale, 'confirm')
            shipment, = Model.get(SALE)(sale).shipments
            shipment.click('assign_try')
            move, = [m.id for m in shipment.outgoing_moves]
            for allowed, buttons in [
                    ('pick', ['pick']), ('pack', ['pack']),
                    ('do', ['ship', 'do'])]:
                for session in self.attackers(protocol, 'buyer', 'keeper'):
                    for button in buttons:
                        with self.kept(OUT, shipment.id, *names), \
                                self.refused(SEPARATED):
                            session.click(OUT, shipment.id, button)
                keeper.click(OUT, shipment.id, allowed)
            self.assertEqual(Model.get(MOVE)(move).state, 'done')
            self.assertFalse(
                self.violations('seller_shipper', OUT, shipment.id))

    def test_count(self):
        "Test the counter does not confirm, whoever is said to have counted"
        for protocol in self.protocols():
            buyer = self.connect(protocol, 'buyer')
            keeper = self.connect(protocol, 'keeper')
            values = {
                'company': self.company.id,
                'location': self.storage.id,
                'lines': [('create', [{
                                'product': self.product.id,
                                'quantity': 900.0,
                                }])],
                }
            inventory = keeper.create(INVENTORY, values)
            for name in ['create_uid', 'write_uid']:
                self.write(keeper, INVENTORY, inventory, {
                        name: self.users['buyer'].id})
            for session in self.attackers(protocol, 'keeper', 'buyer'):
                with self.kept(INVENTORY, inventory), \
                        self.refused(SEPARATED):
                    session.click(INVENTORY, inventory, 'confirm')
            buyer.click(INVENTORY, inventory, 'confirm')
            self.assertEqual(self.stored(INVENTORY, inventory), ['done'])
            self.assertFalse(
                self.violations('counter_approver', INVENTORY, inventory))

    def test_warning(self):
        "Test nobody goes on without having seen the warning"
        separation = self.separations['buyer_receiver']
        separation.action = 'warn'
        separation.save()

        def refuse():
            separation.action = 'refuse'
            separation.save()

        self.addCleanup(refuse)
        for protocol in self.protocols():
            buyer = self.connect(protocol, 'buyer')
            shipment = self.unload(buyer, self.order(buyer))
            for session in self.attackers(protocol, 'buyer', 'keeper'):
                with self.kept(IN, shipment), self.refused(SEPARATED):
                    session.click(IN, shipment, 'receive')

    def test_rights(self):
        "Test who is separated neither sees nor changes what separates"
        separation = self.separations['buyer_receiver'].id
        buyer = self.users['buyer'].id
        for protocol in self.protocols():
            session = self.connect(protocol, 'buyer')
            for values in [
                    {'active': False},
                    {'action': 'report'},
                    {'exempted_users': [('add', [buyer])]}]:
                with self.subTest(values=values), self.assertRaises(Refused):
                    self.write(session, SEPARATION, separation, values)
            with self.assertRaises(Refused):
                session.delete(SEPARATION, separation)
            with self.assertRaises(Refused):
                session.create(f'{SEPARATION}-res.user', {
                        'separation': separation, 'user': buyer})
            with self.assertRaises(Refused):
                session.search(f'{SEPARATION}.violation', [])
            for value in [[('remove', [self.employees['buyer']])],
                    [('add', [self.employees['keeper']])]]:
                with self.assertRaises(Refused):
                    self.write(
                        session, 'res.user', buyer, {'employees': value})
