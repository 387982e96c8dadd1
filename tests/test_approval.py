# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""The forbidden ways around an approval, and two people at the same time.

Everything goes over a real socket, by people without rights beyond those of
their role.
"""
import datetime as dt
import email
import email.policy
import threading
from decimal import Decimal

from aiosmtpd.controller import Controller
from proteus import Model
from proteus import config as proteus_config
from tools.service import free_port

from .sessions import JSONRPC, REST, XMLRPC, Refused
from .tools import PASSWORD, ServerTestCase, serve

BACKENDS = ['sqlite', 'postgresql']
ENGINE = ['test_two_at_once']
LANE = 'jxc'
LOGINS = [
    'buyer', 'purchase_manager', 'sales_manager', 'manager', 'keeper', 'sales']
PURCHASE, APPROVAL = 'purchase.purchase', 'document.approval'


class Sink:
    "A mail server that keeps what it gets"

    def __init__(self):
        self.messages = []

    async def handle_DATA(self, server, session, envelope):
        self.messages.append(email.message_from_bytes(
                envelope.content, policy=email.policy.default))
        return '250 OK'


class ApprovalTestCase(ServerTestCase):
    "Test purchases that need approval"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls.enterClassContext(proteus_config.set_xmlrpc_session(
                f'{cls.server.url}/{cls.database.name}/rpc/', 'admin',
                PASSWORD))
        get = Model.get
        template = get('product.template')(name="木马", type='goods')
        template.purchasable = True
        template.list_price = Decimal(25)
        template.save()
        cls.product, = template.products
        cls.supplier = get('party.party')(name="供应商")
        cls.supplier.save()
        cls.company, = get('company.company').find([])
        cls.warehouse, = get('stock.location').find(
            [('type', '=', 'warehouse')])
        cls.users, cls.keys = {}, {}
        for login in LOGINS:
            user, = get('res.user').find([('login', '=', login)])
            cls.users[login] = user
            application = get('res.user.application')(
                user=user, application='rest')
            application.save()
            cls.keys[login] = application.key
        rule = get('document.approval.rule')(name="采购订单")
        rule.operation = 'purchase.purchase:confirm'
        rule.amount_from = Decimal(1000)
        level = rule.levels.new(name="主管", approver='users')
        for login in ['purchase_manager', 'manager', 'sales_manager']:
            level.users.append(get('res.user')(cls.users[login].id))
        rule.click('run')
        cls.rule = rule

    def connect(self, protocol, login, server=None):
        secret = self.keys[login] if protocol is REST else PASSWORD
        session = protocol(
            server or self.server, login, secret,
            **({'company': self.company.id} if protocol is REST else {}))
        self.addCleanup(session.close)
        return session

    def submit(self, session, price='500', supplier=None):
        "Return the ids of a new purchase of three and of its approval"
        supplier = supplier or self.supplier
        id_ = session.create(PURCHASE, {
                'company': self.company.id,
                'currency': self.company.currency.id,
                'party': supplier.id,
                'invoice_address': supplier.addresses[0].id,
                'warehouse': self.warehouse.id,
                'purchase_date': dt.date.today(),
                'lines': [('create', [{
                                'product': self.product.id,
                                'unit': self.product.default_uom.id,
                                'quantity': 3.0,
                                'unit_price': Decimal(price),
                                }])],
                })
        session.click(PURCHASE, id_, 'quote')
        approval, = session.search(
            APPROVAL, [['document', '=', f'{PURCHASE},{id_}']])
        return id_, approval

    def protocols(self):
        for protocol in [XMLRPC, JSONRPC, REST]:
            with self.subTest(protocol=protocol.__name__):
                yield protocol

    def state(self, id_):
        return Model.get(PURCHASE, config=self.admin)(id_).state

    def test_confirm(self):
        "Test the button does not lead around the approval"
        for protocol in self.protocols():
            buyer = self.connect(protocol, 'buyer')
            id_, _ = self.submit(buyer)
            buyer.click(PURCHASE, id_, 'confirm')
            values = buyer.read(PURCHASE, id_, 'state', 'number')
            self.assertEqual(values['state'], 'quotation')
            self.assertFalse(values['number'])
            self.assertFalse(Model.get(
                    'stock.move', config=self.admin).find(
                    [('purchase', '=', id_)]))

    def test_approve(self):
        "Test who is asked approves, the order follows"
        for protocol in self.protocols():
            id_, approval = self.submit(self.connect(protocol, 'buyer'))
            manager = self.connect(protocol, 'purchase_manager')
            self.assertIn(approval, manager.search(
                    APPROVAL, [['waiting_for_me', '=', True]]))
            manager.click(APPROVAL, approval, 'approve')
            self.assertEqual(self.state(id_), 'processing')

    def test_blind(self):
        "Test one who may not read purchases decides on one nevertheless"
        get = Model.get
        supplier = get('party.party', config=self.admin)(name="新供应商")
        supplier.save()
        rule = get('document.approval.rule', config=self.admin)(
            name="新供应商", operation='purchase.purchase:confirm')
        rule.parties.append(supplier)
        level = rule.levels.new(name="销售", approver='users')
        level.users.append(get('res.user', config=self.admin)(
                self.users['sales'].id))
        rule.click('run')
        id_, approval = self.submit(
            self.connect(JSONRPC, 'buyer'), '5', supplier)
        sales = self.connect(JSONRPC, 'sales')
        with self.assertRaises(Refused):
            sales.read(PURCHASE, id_, 'state')
        # As the clients do for the list and the form
        self.assertEqual(sales.search(
                APPROVAL, [['waiting_for_me', '=', True]]), [approval])
        view = sales.call(APPROVAL, 'fields_view_get', None, 'form')
        names = [
            name if field['type'] not in {'many2one', 'reference'}
            else f'{name}.rec_name' for name, field in view['fields'].items()]
        values = sales.read(
            APPROVAL, approval, 'document', 'readable_document', *names)
        self.assertEqual(values['document'], f'{PURCHASE},{id_}')
        self.assertFalse(values['readable_document'])
        self.assertTrue(values['document_name'])
        manager = self.connect(JSONRPC, 'manager')
        self.assertEqual(
            manager.read(APPROVAL, approval, 'readable_document')[
                'readable_document'], f'{PURCHASE},{id_}')
        sales.click(APPROVAL, approval, 'approve')
        self.assertEqual(self.state(id_), 'processing')

    def test_own(self):
        "Test nobody approves the own order, whoever is asked"
        for protocol in self.protocols():
            # The purchase manager buys
            manager = self.connect(protocol, 'purchase_manager')
            id_, approval = self.submit(manager)
            self.assertNotIn(approval, manager.search(
                    APPROVAL, [['waiting_for_me', '=', True]]))
            with self.assertRaises(Refused):
                manager.click(APPROVAL, approval, 'approve')
            self.assertEqual(self.state(id_), 'quotation')

    def test_not_asked(self):
        "Test who is not asked can not approve"
        for protocol in self.protocols():
            id_, approval = self.submit(self.connect(protocol, 'buyer'))
            keeper = self.connect(protocol, 'keeper')
            with self.assertRaises(Refused):
                keeper.click(APPROVAL, approval, 'approve')
            self.assertEqual(self.state(id_), 'quotation')

    def test_write(self):
        "Test nothing of an approval can be written, made or removed"
        for login in ['buyer', 'purchase_manager', 'manager']:
            for protocol in [XMLRPC, JSONRPC]:
                session = self.connect(protocol, login)
                buyer = self.connect(protocol, 'buyer')
                id_, approval = self.submit(buyer)
                step, = session.search(
                    'document.approval.step', [['approval', '=', approval]])
                decision, = session.search(
                    'document.approval.decision',
                    [['approval', '=', approval]])
                for model, record, values in [
                        (APPROVAL, approval, {'state': 'approved'}),
                        (APPROVAL, approval, {'amount': Decimal(1)}),
                        ('document.approval.step', step,
                            {'state': 'approved'}),
                        ('document.approval.step', step, {
                                'users': [('add', [self.users[login].id])]}),
                        ('document.approval.decision', decision,
                            {'reason': "No"}),
                        ]:
                    with self.subTest(
                            login=login, protocol=protocol.__name__,
                            values=values):
                        with self.assertRaises(Refused):
                            session.call(model, 'write', [record], values)
                        with self.assertRaises(Refused):
                            session.delete(model, record)
                        with self.assertRaises(Refused):
                            session.call(model, 'copy', [record])
                with self.assertRaises(Refused):
                    session.create('document.approval.decision', {
                            'approval': approval, 'step': step,
                            'action': 'approve',
                            'user': self.users['manager'].id,
                            'decided_at': dt.datetime(2020, 1, 1),
                            } if protocol is XMLRPC else {
                            'approval': approval, 'step': step,
                            'action': 'approve',
                            'user': self.users['manager'].id,
                            })
                self.assertEqual(self.state(id_), 'quotation')

    def test_internals(self):
        "Test what the engine does for itself can not be called"
        for protocol in [XMLRPC, JSONRPC]:
            buyer = self.connect(protocol, 'buyer')
            id_, approval = self.submit(buyer)
            for model, method, arguments in [
                    (PURCHASE, 'approval_proceed', [
                            [id_], 'confirm', self.users['buyer'].id]),
                    (PURCHASE, 'process', [[id_]]),
                    (APPROVAL, 'submit', [[id_], 'confirm']),
                    (APPROVAL, 'bypass', [[approval], "Now"]),
                    (APPROVAL, '_finish', [[approval]]),
                    (APPROVAL, 'add_approver', [
                            [approval], self.users['buyer'].id]),
                    ]:
                with self.subTest(
                        protocol=protocol.__name__, method=method):
                    with self.assertRaises(Refused):
                        buyer.call(model, method, *arguments)
            self.assertEqual(self.state(id_), 'quotation')

    def test_refuse(self):
        "Test a refusal needs a reason and brings the order back"
        for protocol in [XMLRPC, JSONRPC]:
            id_, approval = self.submit(self.connect(protocol, 'buyer'))
            manager = self.connect(protocol, 'manager')
            with self.assertRaises(Refused):
                manager.call(APPROVAL, 'refuse', [approval], "  ")
            self.assertEqual(self.state(id_), 'quotation')
            manager.call(APPROVAL, 'refuse', [approval], "太贵")
            self.assertEqual(self.state(id_), 'draft')

    def test_digest(self):
        "Test one approves what one has seen"
        buyer = self.connect(JSONRPC, 'buyer')
        id_, approval = self.submit(buyer)
        seen = buyer.read(APPROVAL, approval, 'digest')['digest']
        line, = buyer.search('purchase.line', [['purchase', '=', id_]])
        buyer.click(PURCHASE, id_, 'draft')
        buyer.call('purchase.line', 'write', [line], {'quantity': 30.0})
        buyer.click(PURCHASE, id_, 'quote')
        manager = self.connect(JSONRPC, 'manager')
        with self.assertRaises(Refused):
            manager.call(APPROVAL, 'approve', [approval], None, seen)
        self.assertEqual(self.state(id_), 'quotation')

    def test_rights_of_delegation(self):
        "Test nobody takes the approvals of others"
        keeper = self.connect(JSONRPC, 'keeper')
        with self.assertRaises(Refused):
            keeper.create('document.approval.delegation', {
                    'user': self.users['manager'].id,
                    'delegate': self.users['keeper'].id,
                    'from_date': dt.date.today(),
                    'to_date': dt.date.today(),
                    })

    def test_rights_of_rules(self):
        "Test those who buy do not make the rules"
        for login in ['buyer', 'purchase_manager']:
            session = self.connect(JSONRPC, login)
            for call in [
                    ('close', [self.rule.id]),
                    ('write', [self.rule.id], {'sequence': 3}),
                    ('delete', [self.rule.id]),
                    ]:
                with self.subTest(login=login, call=call):
                    with self.assertRaises(Refused):
                        session.call('document.approval.rule', *call)

    def test_mail(self):
        "Test approvers get e-mails, at once or once a day as they wish"
        sink = Sink()
        controller = Controller(
            sink, hostname='127.0.0.1', port=free_port())
        controller.start()
        self.addCleanup(controller.stop)
        User = Model.get('res.user', config=self.admin)

        def wish(login, how):
            user = User(self.users[login].id)
            user.email = f'{login}@example.com'
            user.approval_email = how
            user.save()

        for login, how in [
                ('purchase_manager', 'once'), ('manager', 'digest')]:
            wish(login, how)
            self.addCleanup(wish, login, 'none')
        server = self.enterContext(serve(self.database, email={
                    'uri': f'smtp://127.0.0.1:{controller.port}',
                    'from': 'jxc@example.com'}))
        id_, _ = self.submit(self.connect(JSONRPC, 'buyer', server))
        message, = sink.messages
        self.assertEqual(message['From'], 'jxc@example.com')
        self.assertIn('purchase_manager@example.com', message['To'])
        self.assertIn("审批", message['Subject'])
        self.assertIn(self.rule.name, message.get_content())

        with proteus_config.set_xmlrpc_session(
                f'{server.url}/{self.database.name}/rpc/', 'admin',
                PASSWORD) as config:
            cron, = Model.get('ir.cron', config=config).find(
                [('method', '=', 'res.user|mail_approval_digest')])
            cron.click('run_once')
        _, digest = sink.messages
        self.assertIn('manager@example.com', digest['To'])
        self.assertIn(
            Model.get(PURCHASE, config=self.admin)(id_).rec_name,
            digest.get_content())

    def test_two_at_once(self):
        "Test two people in two processes decide once"
        if self.database.backend != 'postgresql':
            self.skipTest("SQLite has no lock for two processes")
        buyer = self.connect(JSONRPC, 'buyer')
        with serve(self.database) as second:
            sessions = [
                self.connect(JSONRPC, 'purchase_manager'),
                self.connect(JSONRPC, 'manager', second)]
            for _ in range(5):
                id_, approval = self.submit(buyer)
                barrier = threading.Barrier(2)
                results = []

                def approve(session):
                    barrier.wait()
                    try:
                        session.click(APPROVAL, approval, 'approve')
                        results.append(True)
                    except Refused:
                        results.append(False)

                threads = [
                    threading.Thread(target=approve, args=[s])
                    for s in sessions]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
                self.assertEqual(sorted(results), [False, True])
                Decision = Model.get(
                    'document.approval.decision', config=self.admin)
                decisions = Decision.find([('approval', '=', approval)])
                self.assertEqual(
                    [d.action for d in decisions], ['submit', 'approve'])
                self.assertEqual(self.state(id_), 'processing')
                moves = Model.get('stock.move', config=self.admin).find(
                    [('purchase', '=', id_)])
                self.assertEqual([m.quantity for m in moves], [3])
