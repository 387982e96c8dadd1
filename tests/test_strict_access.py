# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What a client can not do on a running server, whatever it sends.

Each attack is made over a real socket, most of them by people with little
rights, over each protocol by which it could succeed.
"""
import tempfile
from decimal import Decimal
from pathlib import Path

from proteus import Model
from tools.company import connect

from trytond.model import ModelStorage, Workflow

from .attacks import READONLY, AttackTestCase
from .sessions import JSONRPC, REST, XMLRPC, Refused
from .tools import PASSWORD, ServerTestCase

# What the protocols refuse does not depend on the engine
BACKENDS = ['sqlite']
LANE = 'jxc'
# Of a message of the module
INTERNAL = '系统内部'


class DocumentTestCase(AttackTestCase):
    "Test documents that are written past their forms"

    def test_state(self):
        "Test nobody approves by writing the state"
        for protocol in self.protocols():
            session = self.connect(protocol, 'buyer')
            id_ = self.new_requisition(session)
            with self.refused():
                self.write(session, 'purchase.requisition', id_, {
                        'state': 'approved'})
            with self.refused():
                session.create('purchase.requisition', {
                        'company': self.company.id, 'state': 'approved'})
            self.assertEqual(
                session.read('purchase.requisition', id_, 'state')['state'],
                'draft')

    def test_default(self):
        "Test no default value in the context gives a state"
        for protocol in self.protocols():
            session = self.connect(
                protocol, 'buyer', default_state='approved',
                default_number='X')
            id_ = self.new_requisition(session)
            values = session.read(
                'purchase.requisition', id_, 'state', 'number')
            self.assertEqual(values['state'], 'draft')
            self.assertNotEqual(values['number'], 'X')

    def test_lines(self):
        "Test nobody changes what waits for approval"
        for protocol in self.protocols():
            session = self.connect(protocol, 'buyer')
            id_ = self.new_requisition(session)
            other = self.new_requisition(session)
            line, = session.search(
                'purchase.requisition.line', [['requisition', '=', id_]])
            other_line, = session.search(
                'purchase.requisition.line', [['requisition', '=', other]])
            session.click('purchase.requisition', id_, 'wait')
            with self.refused():
                self.write(session, 'purchase.requisition.line', line, {
                        'quantity': 9999.0})
            with self.refused():
                self.write(session, 'purchase.requisition', id_, {
                        'lines': [['write', [line], {'quantity': 9999.0}]]})
            with self.refused():
                session.delete('purchase.requisition.line', line)
            with self.refused():
                self.write(session, 'purchase.requisition.line', other_line, {
                        'requisition': id_})
            with self.refused():
                session.create('purchase.requisition.line', {
                        'requisition': id_, 'quantity': 1.0,
                        'product': self.product.id, 'unit': self.unit.id})
            self.assertEqual(
                session.search(
                    'purchase.requisition.line', [['requisition', '=', id_]]),
                [line])
            values = session.read(
                'purchase.requisition.line', line, 'quantity')
            self.assertEqual(values['quantity'], 3)

    def test_import(self):
        "Test an import is no way around"
        for protocol in [XMLRPC, JSONRPC]:
            with self.subTest(protocol=protocol.__name__):
                session = self.connect(protocol, 'buyer')
                id_ = self.new_requisition(session)
                with self.refused():
                    session.call(
                        'purchase.requisition', 'import_data',
                        ['id', 'state'], [[str(id_), 'approved']])

    def test_copy(self):
        "Test a duplicate starts from the beginning"
        for protocol in [XMLRPC, JSONRPC]:
            with self.subTest(protocol=protocol.__name__):
                session = self.connect(protocol, 'buyer')
                id_ = self.new_requisition(session)
                session.click('purchase.requisition', id_, 'wait')
                with self.refused():
                    session.call(
                        'purchase.requisition', 'copy', [id_],
                        {'state': 'approved'})
                with self.refused():
                    session.call(
                        'purchase.requisition', 'copy', [id_],
                        {'lines.purchase_requests': [['add', [1]]]})
                copy, = session.call('purchase.requisition', 'copy', [id_], {})
                values = session.read('purchase.requisition', copy, 'state')
                self.assertEqual(values['state'], 'draft')

    def test_move(self):
        "Test the unit and the prices of a done move stay"
        other_unit, = Model.get('product.uom').find(
            [('id', '!=', self.unit.id)], limit=1)
        for protocol in self.protocols():
            session = self.connect(protocol, 'keeper')
            id_ = session.create('stock.move', self.move_values())
            session.click('stock.move', id_, 'do')
            for values in [
                    {'unit': other_unit.id},
                    {'unit_price': Decimal('0.0100')},
                    {'cost_price': Decimal('0.0100')},
                    {'currency': self.company.currency.id},
                    {'state': 'cancelled'}]:
                name, = values
                with self.subTest(field=name), self.refused(
                        f'{READONLY}|已完成'):
                    self.write(session, 'stock.move', id_, values)

    def test_shipment(self):
        "Test no move gets into a shipment that is done"
        for protocol in self.protocols():
            session = self.connect(protocol, 'keeper')
            shipment = session.create('stock.shipment.internal', {
                    'company': self.company.id,
                    'from_location': self.found.id,
                    'to_location': self.warehouse.storage_location.id,
                    'moves': [('create', [self.move_values()])],
                    })
            for button in ['wait', 'assign_try', 'do']:
                session.click('stock.shipment.internal', shipment, button)
            values = session.read(
                'stock.shipment.internal', shipment, 'state')
            self.assertEqual(values['state'], 'done')
            move = session.create('stock.move', self.move_values())
            name = f'stock.shipment.internal,{shipment}'
            with self.refused():
                self.write(session, 'stock.move', move, {'shipment': name})
            with self.refused():
                session.create('stock.move', {
                        **self.move_values(), 'shipment': name})
            with self.refused():
                self.write(session, 'stock.shipment.internal', shipment, {
                        'moves': [['add', [move]]]})
            with self.refused():
                self.write(session, 'stock.shipment.internal', shipment, {
                        'state': 'draft'})


class ContextTestCase(AttackTestCase):
    "Test what people say about themselves"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        get = Model.get
        cls.groups = [g.id for g in get('res.group').find([])]
        # A company that is not the business of others
        party = get('party.party')(name="另一家公司")
        party.save()
        cls.other = get('company.company')(
            party=party, currency=cls.company.currency)
        cls.other.save()
        admin, = get('res.user').find([('login', '=', 'admin')])
        admin.companies.append(get('company.company')(cls.other.id))
        admin.company_filter = 'all'
        admin.save()
        with cls.admin.set_context(company=cls.other.id):
            product = get('product.product')(cls.product.id)
            product.cost_price = Decimal('77.0000')
            product.save()

    def test_groups(self):
        "Test nobody gets groups by naming them"
        for protocol in self.protocols():
            session = self.connect(
                protocol, 'buyer', _groups=self.groups, groups=self.groups,
                _check_access=False, _user=1, user=1)
            with self.assertRaises(Refused):
                session.create('res.group', {'name': "Mine"})
            with self.assertRaises(Refused):
                session.search('account.move', [])
            with self.assertRaises(Refused):
                self.write(session, 'res.user', self.users['buyer'].id, {
                        'groups': [['add', self.groups]]})

    def test_companies(self):
        "Test nobody sees the records of another company"
        with self.admin.set_context(company=self.other.id):
            hidden = Model.get('stock.inventory')(
                company=self.other,
                location=self.warehouse.storage_location)
            hidden.save()
        for protocol in self.protocols():
            session = self.connect(
                protocol, 'keeper', _companies=[self.other.id],
                companies=[self.other.id], company=self.other.id)
            self.assertEqual(
                session.search('stock.inventory', [['id', '=', hidden.id]]),
                [])
            with self.assertRaises(Refused):
                session.read('stock.inventory', hidden.id, 'state')

    def test_company(self):
        "Test nobody sees the cost price of another company"
        product = Model.get('product.product')(self.product.id)
        self.assertNotEqual(product.cost_price, Decimal('77.0000'))
        with self.admin.set_context(company=self.other.id):
            # Who belongs to the company does see it
            product = Model.get('product.product')(self.product.id)
            self.assertEqual(product.cost_price, Decimal('77.0000'))
        for protocol in self.protocols():
            session = self.connect(
                protocol, 'buyer', company=self.other.id)
            values = session.read(
                'product.product', self.product.id, 'cost_price')
            self.assertNotIn('77', str(values['cost_price']))

    def test_warnings(self):
        "Test nobody skips a warning in the context"
        for protocol in self.protocols():
            session = self.connect(protocol, 'keeper', _skip_warnings=True)
            # It has no origin
            id_ = session.create('stock.move', {
                    **self.move_values(),
                    'from_location': self.source.id,
                    'unit_price': Decimal('5.0000'),
                    'currency': self.company.currency.id,
                    })
            with self.assertRaises(Refused):
                session.click('stock.move', id_, 'do')
            values = session.read('stock.move', id_, 'state')
            self.assertEqual(values['state'], 'draft')

    def test_employee(self):
        "Test nobody approves in the name of another, nor in nobody's"
        own = self.employees['purchase_manager']
        for protocol in self.protocols():
            for employee in [self.employees['buyer'], None]:
                with self.subTest(employee=employee):
                    buyer = self.connect(protocol, 'buyer')
                    id_ = self.new_requisition(buyer)
                    buyer.click('purchase.requisition', id_, 'wait')
                    manager = self.connect(
                        protocol, 'purchase_manager', employee=employee)
                    manager.click('purchase.requisition', id_, 'approve')
                    requisition = Model.get('purchase.requisition')(id_)
                    self.assertEqual(requisition.approved_by.id, own)

    def test_internal(self):
        "Test REST reaches no model that no client shows"
        session = self.connect(REST, 'buyer')
        user = self.users['buyer'].id
        for model, values in [
                ('res.user-res.group', {
                        'user': user, 'group': self.groups[0]}),
                ('res.user-company.company', {
                        'user': user, 'company': self.other.id}),
                ('ir.queue', {'name': 'x', 'data': {}}),
                ('product.cost_price', {
                        'product': self.product.id, 'cost_price': '1'}),
                ('ir.session', {'key': 'x'})]:
            with self.subTest(model=model), self.refused(INTERNAL):
                session.create(model, values)
            with self.subTest(model=model), self.refused(INTERNAL):
                session.search(model, [])
            with self.subTest(model=model), self.refused(INTERNAL):
                session._request('PUT', f'{model}/1', values)
            with self.subTest(model=model), self.refused(INTERNAL):
                session.delete(model, 1)
            with self.subTest(model=model), self.assertRaises(Refused):
                session.read(model, 1)


class EditionTestCase(ServerTestCase):
    "Test all documents of the largest edition"
    edition = 'jxc_erp'

    def test_create(self):
        "Test no document is created in another state than its first"
        with tempfile.TemporaryDirectory() as folder:
            config = connect(
                self.database,
                self.database.write_config(Path(folder) / 'trytond.conf'))
            documents = {}
            for name, Document in config.pool.iterobject():
                if (issubclass(Document, Workflow)
                        and issubclass(Document, ModelStorage)):
                    state = Document._transition_state
                    documents[name] = (
                        state, Document._defaults[state](), [
                            value for value, _
                            in getattr(Document, state).selection])
        self.assertGreaterEqual(len(documents), 32)
        session = JSONRPC(self.server, 'admin', PASSWORD)
        self.addCleanup(session.close)
        for name, (field, initial, states) in sorted(documents.items()):
            self.assertIn(initial, states)
            for state in states:
                if state and state != initial:
                    with self.subTest(model=name, state=state), \
                            self.assertRaisesRegex(Refused, READONLY):
                        session.create(name, {field: state})
