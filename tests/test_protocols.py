# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What a script can do over each protocol of a running server.

A buyer makes a purchase from the first draft to the confirmed order, and a
warehouse keeper is refused what only a buyer may do.
"""
import datetime as dt
import json
import urllib.request
import xmlrpc.client
from decimal import Decimal

from proteus import Model, Report
from proteus import config as proteus_config
from tools.jsonrpc import Client, RemoteError

from .sessions import JSONRPC, REST, XMLRPC, Refused
from .tools import PASSWORD, ServerTestCase

BACKENDS = ['sqlite', 'postgresql']
LANE = 'jxc'


class ProtocolTestCase(ServerTestCase):
    "Test the protocols"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls.enterClassContext(proteus_config.set_xmlrpc_session(
                f'{cls.server.url}/{cls.database.name}/rpc/', 'admin',
                PASSWORD))
        get = Model.get
        Product = get('product.template')
        template = Product(name="木马", type='goods')
        template.purchasable = True
        template.list_price = Decimal(25)
        template.save()
        cls.product, = template.products
        cls.supplier = get('party.party')(name="供应商")
        cls.supplier.save()
        cls.company, = get('company.company').find([])
        cls.warehouse, = get('stock.location').find(
            [('type', '=', 'warehouse')])
        User = get('res.user')
        Application = get('res.user.application')
        cls.keys = {}
        for login in ['buyer', 'keeper']:
            user, = User.find([('login', '=', login)])
            application = Application(user=user, application='rest')
            application.save()
            cls.keys[login] = application.key

    def connect(self, protocol, login):
        secret = self.keys[login] if protocol is REST else PASSWORD
        session = protocol(
            self.server, login, secret,
            **({'company': self.company.id} if protocol is REST else {}))
        self.addCleanup(session.close)
        return session

    def new_purchase(self, session):
        return session.create('purchase.purchase', {
                'company': self.company.id,
                'currency': self.company.currency.id,
                'party': self.supplier.id,
                'invoice_address': self.supplier.addresses[0].id,
                'warehouse': self.warehouse.id,
                'purchase_date': dt.date.today(),
                'lines': [('create', [{
                                'product': self.product.id,
                                'unit': self.product.default_uom.id,
                                'quantity': 3.0,
                                'unit_price': Decimal('12.5000'),
                                }])],
                })

    def protocols(self):
        for protocol in [XMLRPC, JSONRPC, REST]:
            with self.subTest(protocol=protocol.__name__):
                yield protocol

    def test_purchase(self):
        "Test a buyer makes, confirms and finds a purchase"
        for protocol in self.protocols():
            session = self.connect(protocol, 'buyer')
            id_ = self.new_purchase(session)
            values = session.read('purchase.purchase', id_, 'state', 'number')
            self.assertEqual(values['state'], 'draft')
            session.click('purchase.purchase', id_, 'quote')
            session.click('purchase.purchase', id_, 'confirm')
            values = session.read(
                'purchase.purchase', id_, 'state', 'number', 'party',
                'shipment_state')
            self.assertEqual(values['state'], 'processing')
            self.assertEqual(values['shipment_state'], 'waiting')
            self.assertTrue(values['number'])
            self.assertEqual(
                session.search(
                    'purchase.purchase', [['number', '=', values['number']]]),
                [id_])

    def test_refused_button(self):
        "Test a keeper can not confirm a purchase"
        for protocol in self.protocols():
            buyer = self.connect(protocol, 'buyer')
            id_ = self.new_purchase(buyer)
            buyer.click('purchase.purchase', id_, 'quote')
            keeper = self.connect(protocol, 'keeper')
            with self.assertRaises(Refused):
                keeper.click('purchase.purchase', id_, 'confirm')
            values = buyer.read('purchase.purchase', id_, 'state')
            self.assertEqual(values['state'], 'quotation')

    def test_refused_create(self):
        "Test a keeper can not create a purchase"
        for protocol in self.protocols():
            buyer = self.connect(protocol, 'buyer')
            keeper = self.connect(protocol, 'keeper')
            before = buyer.search('purchase.purchase', [])
            with self.assertRaises(Refused):
                self.new_purchase(keeper)
            self.assertEqual(buyer.search('purchase.purchase', []), before)

    def test_refused_delete(self):
        "Test nobody can delete a confirmed purchase"
        for protocol in self.protocols():
            session = self.connect(protocol, 'buyer')
            id_ = self.new_purchase(session)
            session.click('purchase.purchase', id_, 'quote')
            session.click('purchase.purchase', id_, 'confirm')
            with self.assertRaises(Refused):
                session.delete('purchase.purchase', id_)
            self.assertEqual(
                session.search('purchase.purchase', [['id', '=', id_]]),
                [id_])

    def test_refused_login(self):
        "Test a wrong password or key opens nothing"
        for protocol in self.protocols():
            with self.assertRaises(Refused):
                protocol(self.server, 'buyer', 'wrong' + PASSWORD)

    def test_refused_session(self):
        "Test a request without session gets nothing"
        name = self.database.name
        with xmlrpc.client.ServerProxy(
                f'{self.server.url}/{name}/rpc/') as proxy:
            with self.assertRaises(xmlrpc.client.ProtocolError) as cm:
                proxy.model.purchase.purchase.search([], {})
            self.assertEqual(cm.exception.errcode, 401)
        client = Client(self.server.url, name)
        self.addCleanup(client.close)
        with self.assertRaisesRegex(RemoteError, '401'):
            client.call('model.purchase.purchase.search', [], {})

    def test_application(self):
        "Test the user must validate a key before it opens anything"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(urllib.request.Request(
                    f'{self.server.url}/{self.database.name}'
                    '/user/application/',
                    json.dumps({
                            'user': 'sales', 'application': 'rest',
                            }).encode(),
                    {'Content-Type': 'application/json'})) as response:
            key = json.load(response)
        with self.assertRaisesRegex(Refused, '401'):
            REST(self.server, 'sales', key)
        Application = Model.get('res.user.application', config=self.admin)
        application, = Application.find([('key', '=', key)])
        application.click('validate_')
        session = REST(self.server, 'sales', key)
        self.addCleanup(session.close)
        with self.assertRaisesRegex(Refused, '400 .*not allowed'):
            # Now it is known who asks, whose role sees no purchase
            session.search('purchase.purchase', [])

    def test_proteus(self):
        "Test a script with proteus, as a buyer, and the printed order"
        with proteus_config.set_xmlrpc_session(
                f'{self.server.url}/{self.database.name}/rpc/', 'buyer',
                PASSWORD) as config:
            self.addCleanup(proteus_config._CONFIG.__setattr__,
                'current', self.admin)
            Purchase = Model.get('purchase.purchase', config=config)
            Party = Model.get('party.party', config=config)
            Product = Model.get('product.product', config=config)
            purchase = Purchase(party=Party(self.supplier.id))
            line = purchase.lines.new()
            line.product = Product(self.product.id)
            line.quantity = 2
            line.unit_price = Decimal('10.0000')
            purchase.click('quote')
            purchase.click('confirm')
            purchase.reload()
            self.assertEqual(purchase.state, 'processing')
            self.assertEqual(purchase.untaxed_amount, Decimal('20.00'))
            self.assertEqual(purchase.tax_amount, Decimal('2.60'))
            extension, content, _, name = Report(
                'purchase.purchase', config=config).execute([purchase])
            self.assertEqual(extension, 'odt')
            self.assertTrue(content.startswith(b'PK'))
            self.assertIn(purchase.number, name)
