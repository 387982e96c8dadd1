# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What a script can do over each protocol of a running server.

A buyer makes a purchase from the first draft to the confirmed order, and a
warehouse keeper is refused what only a buyer may do.
"""
import base64
import datetime as dt
import json
import urllib.error
import urllib.request
import xmlrpc.client
from decimal import Decimal

from proteus import Model, Report
from proteus import config as proteus_config
from tools.jsonrpc import Client, RemoteError

from .tools import PASSWORD, ServerTestCase

BACKENDS = ['sqlite', 'postgresql']


class Refused(Exception):
    "Raised by the sessions when the server refuses"


class XMLRPC:
    "A session over XML-RPC with nothing but the standard library"

    def __init__(self, server, login, password):
        url = f'{server.url}/{server.database.name}/rpc/'
        options = {'allow_none': True, 'use_builtin_types': True}
        with xmlrpc.client.ServerProxy(url, **options) as proxy:
            try:
                user, token, _ = proxy.common.db.login(
                    login, {'password': password}, 'en')
            except (xmlrpc.client.Fault, xmlrpc.client.ProtocolError) as error:
                raise Refused(str(error)) from error
        session = base64.b64encode(f'{login}:{user}:{token}'.encode())
        self._proxy = xmlrpc.client.ServerProxy(
            url, headers=[('Authorization', f'Session {session.decode()}')],
            **options)
        self._context = {}
        self._context = self.call('res.user', 'get_preferences', True)

    def call(self, model, method, *arguments):
        function = getattr(self._proxy, f'model.{model}.{method}')
        try:
            return function(*arguments, self._context)
        except (xmlrpc.client.Fault, xmlrpc.client.ProtocolError) as error:
            raise Refused(str(error)) from error

    def close(self):
        self._proxy('close')()

    def create(self, model, values):
        id_, = self.call(model, 'create', [values])
        return id_

    def read(self, model, id_, *names):
        values, = self.call(model, 'read', [id_], list(names))
        return values

    def search(self, model, domain):
        return self.call(model, 'search', domain)

    def click(self, model, id_, button):
        self.call(model, button, [id_])

    def delete(self, model, id_):
        self.call(model, 'delete', [id_])


class JSONRPC(XMLRPC):
    "A session over JSON-RPC"

    def __init__(self, server, login, password):
        self._client = Client(server.url, server.database.name)
        try:
            self._client.login(login, password)
        except RemoteError as error:
            raise Refused(str(error)) from error

    def call(self, model, method, *arguments):
        try:
            return self._client.call(
                f'model.{model}.{method}', *arguments, self._client.context)
        except RemoteError as error:
            raise Refused(str(error)) from error

    def close(self):
        self._client.close()


class REST:
    "A user application that uses REST"

    def __init__(self, server, login, key, company=None):
        self._url = f'{server.url}/{server.database.name}/rest/model/'
        self._headers = {
            'Authorization': f'Bearer {key}',
            'Content-Type': 'application/json',
            # Which of the user's companies is not known from the key
            'X-Tryton-Context': self._encode({'company': company}),
            }
        self.search('purchase.purchase', [])

    @staticmethod
    def _encode(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()

    def _request(self, method, path, values=None):
        def encode(value):
            if isinstance(value, Decimal):
                return {'__class__': 'Decimal', 'decimal': str(value)}
            if isinstance(value, dt.date):
                return {
                    '__class__': 'date', 'year': value.year,
                    'month': value.month, 'day': value.day}
            raise TypeError(value)
        data = None
        if values is not None:
            data = json.dumps(values, default=encode).encode()
        request = urllib.request.Request(
            self._url + path, data, self._headers, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=60) as response:
                return json.loads(response.read() or 'null')
        except urllib.error.HTTPError as error:
            with error:
                text = error.read().decode()
            raise Refused(f'{error.code} {text}') from error

    def close(self):
        "There is no session to close"

    def create(self, model, values):
        return self._request('POST', model, values)['id']

    def read(self, model, id_, *names):
        fields = '&'.join(f'f={n}' for n in names)
        return self._request('GET', f'{model}/{id_}?{fields}')

    def search(self, model, domain):
        return [r['id'] for r in self._request(
                'GET', f'{model}?s=100&d={self._encode(domain)}')]

    def click(self, model, id_, button):
        self._request('POST', f'{model}/{id_}/{button}', {})

    def delete(self, model, id_):
        self._request('DELETE', f'{model}/{id_}')


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
        with self.assertRaisesRegex(Refused, '400 .*not allowed'):
            # Now it is known who asks, whose role sees no purchase
            REST(self.server, 'sales', key)

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
