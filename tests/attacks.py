# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""A company on a running server where people try what they must not."""
import datetime as dt
import re
from contextlib import contextmanager
from decimal import Decimal

from proteus import Model
from proteus import config as proteus_config

from .sessions import JSONRPC, REST, XMLRPC, Refused
from .tools import PASSWORD, ServerTestCase

# Of a message of strict_access
READONLY = '只读'


class AttackTestCase(ServerTestCase):
    "Test what people try on a server"
    LOGINS = ['buyer', 'keeper', 'purchase_manager']

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls.enterClassContext(proteus_config.set_xmlrpc_session(
                f'{cls.server.url}/{cls.database.name}/rpc/', 'admin',
                PASSWORD))
        get = Model.get
        cls.company, = get('company.company').find([])
        template = get('product.template')(name="木马", type='goods')
        template.purchasable = True
        template.list_price = Decimal(25)
        template.save()
        cls.product, = template.products
        cls.unit = template.default_uom
        cls.supplier = get('party.party')(name="供应商")
        cls.supplier.save()
        cls.warehouse, = get('stock.location').find(
            [('type', '=', 'warehouse')])
        cls.source, = get('stock.location').find(
            [('type', '=', 'supplier')], limit=1)
        cls.found, = get('stock.location').find(
            [('type', '=', 'lost_found')], limit=1)
        cls.users, cls.keys, cls.employees = {}, {}, {}
        for login in cls.LOGINS:
            user, = get('res.user').find([('login', '=', login)])
            application = get('res.user.application')(
                user=user, application='rest')
            application.save()
            cls.users[login], cls.keys[login] = user, application.key
            cls.employees[login] = user.employee.id

    def connect(self, protocol, login, server=None, **context):
        secret = self.keys[login] if protocol is REST else PASSWORD
        session = protocol(
            server or self.server, login, secret,
            **({'company': self.company.id} if protocol is REST else {}))
        self.addCleanup(session.close)
        if protocol is REST:
            session._headers['X-Tryton-Context'] = session._encode({
                    'company': self.company.id, 'language': 'zh_CN',
                    **context})
        elif protocol is JSONRPC:
            session._client.context.update(context)
        else:
            session._context.update(context)
        return session

    def protocols(self):
        for protocol in [XMLRPC, JSONRPC, REST]:
            with self.subTest(protocol=protocol.__name__):
                yield protocol

    @contextmanager
    def refused(self, pattern=READONLY):
        with self.assertRaises(Refused) as cm:
            yield
        text = str(cm.exception)
        # Over REST it is JSON
        text = re.sub(
            r'\\u(....)', lambda match: chr(int(match[1], 16)), text)
        self.assertRegex(text, pattern)

    def write(self, session, model, id_, values):
        if isinstance(session, REST):
            session._request('PUT', f'{model}/{id_}', values)
        else:
            session.call(model, 'write', [id_], values)

    def new_requisition(self, session):
        return session.create('purchase.requisition', {
                'company': self.company.id,
                'employee': self.employees['buyer'],
                'supply_date': dt.date.today(),
                'lines': [('create', [{
                                'product': self.product.id,
                                'quantity': 3.0,
                                'unit': self.unit.id,
                                }])],
                })

    def move_values(self):
        "Return the values of a move of what was found"
        return {
            'company': self.company.id,
            'product': self.product.id,
            'unit': self.unit.id,
            'quantity': 10.0,
            'from_location': self.found.id,
            'to_location': self.warehouse.storage_location.id,
            }
