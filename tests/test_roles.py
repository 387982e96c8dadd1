# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What each role can do on a running server, and what it can not.

The tables are exact: a role that is not listed must be refused.
"""
import datetime as dt
import secrets
import xmlrpc.client
from contextlib import contextmanager
from decimal import Decimal

from proteus import Model, Wizard
from proteus import config as proteus_config
from tools.accounts import LOGINS
from tools.jsonrpc import Client, RemoteError

from .tools import PASSWORD, ServerTestCase

LANE = 'jxc'
ROLES = LOGINS[1:]
EVERYBODY = ' '.join(ROLES)
PURCHASE = 'buyer purchase_manager'
SALE = 'sales sales_manager'
STOCK = 'keeper warehouse_manager'
READERS = 'accountant manager'
PRODUCTS = 'purchase_manager sales_manager engineer accountant'
PRODUCTION = 'planner workshop engineer'
ALERTED = f'{PURCHASE} sales_manager {STOCK} planner {READERS}'

# Model: who reads and who creates its records
JXC_MODELS = {
    'party.party': (EVERYBODY, EVERYBODY),
    'party.category': (EVERYBODY, 'sales_manager'),
    'product.template': (EVERYBODY, PRODUCTS),
    'product.product': (EVERYBODY, PRODUCTS),
    'product.category': (EVERYBODY, PRODUCTS),
    'product.price_list': (EVERYBODY, PRODUCTS),
    'purchase.requisition': (EVERYBODY, EVERYBODY),
    'purchase.request': (
        f'{PURCHASE} {READERS} planner warehouse_manager', ''),
    'purchase.request.quotation': (
        f'{PURCHASE} {READERS} planner', f'{PURCHASE} planner'),
    'purchase.purchase': (f'{PURCHASE} {STOCK} {READERS} planner', PURCHASE),
    'purchase.line': (f'{PURCHASE} {STOCK} {READERS} planner', PURCHASE),
    'purchase.product_supplier': (EVERYBODY, f'{PURCHASE} planner'),
    'purchase.return': (f'{PURCHASE} {READERS}', PURCHASE),
    'purchase.return.policy': (
        f'{PURCHASE} {READERS}', 'purchase_manager'),
    'sale.sale': (f'{SALE} {READERS}', SALE),
    'sale.line': (f'{SALE} {READERS}', SALE),
    'sale.complaint': (f'{SALE} {READERS}', SALE),
    'sale.return': (f'{SALE} {READERS}', SALE),
    'sale.return.line': (f'{SALE} {READERS}', SALE),
    'sale.return.policy': (f'{SALE} {READERS}', 'sales_manager'),
    'stock.return.reason': (
        EVERYBODY, 'purchase_manager sales_manager warehouse_manager'),
    'stock.shipment.in': (EVERYBODY, STOCK),
    'stock.shipment.in.return': (EVERYBODY, STOCK),
    'stock.shipment.out': (EVERYBODY, STOCK),
    'stock.shipment.out.return': (EVERYBODY, STOCK),
    'stock.shipment.internal': (EVERYBODY, STOCK),
    'stock.inventory': (f'{STOCK} {READERS}', STOCK),
    'stock.location': (EVERYBODY, 'warehouse_manager'),
    'stock.order_point': (EVERYBODY, 'warehouse_manager planner'),
    'stock.forecast': (EVERYBODY, 'planner'),
    'stock.alert': (ALERTED, ''),
    'stock.alert.event': (ALERTED, ''),
    'stock.alert.rule': (ALERTED, 'warehouse_manager manager'),
    'stock.alert.subscription': (ALERTED, ALERTED),
    'account.invoice': (f'{PURCHASE} {SALE} {READERS}', 'accountant'),
    'account.move': ('accountant', 'accountant'),
    'account.account': (EVERYBODY, 'accountant'),
    'account.payment': (READERS, 'accountant'),
    'account.statement': (READERS, 'accountant'),
    'account.landed_cost': (READERS, 'accountant'),
    'account.tax': (EVERYBODY, 'accountant'),
    'account.invoice.payment_term': (EVERYBODY, 'accountant'),
    'currency.currency': (EVERYBODY, 'accountant'),
    'document.approval': (EVERYBODY, ''),
    'document.approval.decision': (EVERYBODY, ''),
    'document.approval.rule': (EVERYBODY, 'manager'),
    'document.approval.delegation': (EVERYBODY, EVERYBODY),
    'company.department': (EVERYBODY, ''),
    'company.company': (EVERYBODY, ''),
    'company.employee': (EVERYBODY, ''),
    'res.user': (EVERYBODY, ''),
    'res.role': (EVERYBODY, ''),
    'res.group': (EVERYBODY, ''),
    'ir.model.access': (EVERYBODY, ''),
    'ir.cron': (EVERYBODY, ''),
    'notification.email': ('', ''),
    }
JXC_ERP_MODELS = {
    'sale.opportunity': (f'{SALE} {READERS}', SALE),
    'sale.amendment': (f'{SALE} {READERS}', SALE),
    'sale.blanket_agreement': (f'{SALE} {READERS}', 'sales_manager'),
    'purchase.amendment': (f'{PURCHASE} {READERS}', PURCHASE),
    'purchase.blanket_agreement': (
        f'{PURCHASE} {READERS}', 'purchase_manager'),
    'production': (EVERYBODY, PRODUCTION),
    'production.bom': (EVERYBODY, 'engineer'),
    'production.routing': (EVERYBODY, 'engineer'),
    'production.work.center': (EVERYBODY, 'engineer'),
    'quality.control': (EVERYBODY, 'quality'),
    'quality.inspection': (EVERYBODY, 'quality'),
    'quality.alert': (EVERYBODY, 'quality'),
    'project.work': (EVERYBODY, 'engineer'),
    'account.budget': (READERS, 'accountant'),
    'stock.package': (STOCK, STOCK),
    }

# Button: who may press it
JXC_BUTTONS = {
    'purchase.requisition.wait': EVERYBODY,
    'purchase.requisition.approve': 'purchase_manager manager',
    'purchase.requisition.reject': 'purchase_manager manager',
    'purchase.request.create_purchase': f'{PURCHASE} planner',
    'purchase.purchase.quote': PURCHASE,
    'purchase.purchase.confirm': PURCHASE,
    'purchase.purchase.process': 'purchase_manager',
    'sale.sale.quote': SALE,
    'sale.sale.confirm': SALE,
    'sale.complaint.wait': SALE,
    'sale.complaint.approve': 'sales_manager',
    'sale.complaint.reject': 'sales_manager',
    'stock.shipment.in.receive': STOCK,
    'stock.shipment.in.do': STOCK,
    'stock.shipment.out.assign_try': STOCK,
    'stock.shipment.out.assign_force': 'warehouse_manager',
    'stock.shipment.out.pack': STOCK,
    'stock.shipment.out.do': STOCK,
    'stock.shipment.internal.wait': STOCK,
    'stock.shipment.internal.do': STOCK,
    'stock.inventory.confirm': STOCK,
    'stock.alert.acknowledge_wizard': ALERTED,
    'stock.alert.resolve_wizard': ALERTED,
    'stock.period.close': 'warehouse_manager',
    'document.approval.approve': EVERYBODY,
    'document.approval.bypass_wizard': 'manager',
    'document.approval.rule.run': 'manager',
    'account.invoice.post': 'accountant',
    'account.invoice.pay': 'accountant',
    'account.move.post': 'accountant',
    'account.payment.submit': 'accountant',
    'account.payment.approve': 'manager',
    'account.payment.process_wizard': 'accountant',
    'account.statement.validate_statement': 'accountant',
    'account.period.close': 'accountant',
    }
JXC_ERP_BUTTONS = {
    'production.wait': PRODUCTION,
    'production.run': PRODUCTION,
    'production.do': PRODUCTION,
    'production.assign_force': 'warehouse_manager',
    'production.work.start': PRODUCTION,
    'quality.inspection.pass_': 'quality',
    'quality.inspection.fail': 'quality',
    'quality.alert.process': 'quality',
    'sale.opportunity.convert': SALE,
    'sale.amendment.validate_amendment': 'sales_manager',
    'purchase.amendment.validate_amendment': 'purchase_manager',
    'sale.blanket_agreement.run': 'sales_manager',
    'purchase.blanket_agreement.run': 'purchase_manager',
    }


class TableTestCase(ServerTestCase):
    "Test the tables of the roles in the jxc edition"
    models = JXC_MODELS
    buttons = JXC_BUTTONS

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clients = {}
        for login in ROLES:
            client = Client(cls.server.url, cls.database.name)
            cls.addClassCleanup(client.close)
            client.login(login, PASSWORD)
            # The language of the refusals
            client.context['language'] = 'en'
            cls.clients[login] = client

    def allowed(self, method, *arguments):
        """Return the logins that the server does not refuse.

        The methods are called for no record: the access to them is checked,
        nothing happens.
        """
        logins = set()
        for login, client in self.clients.items():
            try:
                client.call(f'model.{method}', *arguments, client.context)
            except RemoteError as error:
                self.assertIn("not allowed", str(error))
            else:
                logins.add(login)
        return logins

    def check(self, expected, method, *arguments):
        with self.subTest(method=method):
            self.assertEqual(
                self.allowed(method, *arguments), set(expected.split()))

    def test_read(self):
        "Test who reads which records"
        for model, (readers, _) in self.models.items():
            self.check(readers, f'{model}.search', [], 0, 1, None)

    def test_create(self):
        "Test who creates which records"
        for model, (_, creators) in self.models.items():
            self.check(creators, f'{model}.create', [])

    def test_buttons(self):
        "Test who presses which button"
        for button, logins in self.buttons.items():
            self.check(logins, button, [])


class ERPTableTestCase(TableTestCase):
    "Test the tables of the roles in the jxc_erp edition"
    edition = 'jxc_erp'
    models = JXC_MODELS | JXC_ERP_MODELS
    buttons = JXC_BUTTONS | JXC_ERP_BUTTONS


class WorkTestCase(ServerTestCase):
    """Test each role does its work.

    Everybody uses the own account only, admin made the products.
    """
    edition = 'jxc_erp'

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with cls._session('admin') as admin:
            Party = Model.get('party.party', config=admin)
            cls.customer = Party(name="Customer")
            cls.supplier = Party(name="Supplier")
            cls.customer.save()
            cls.supplier.save()
            cls.products = {
                name: cls._create_product(admin, name)
                for name in ['Bear', 'Fabric', 'Wheel']}

    @classmethod
    def _create_product(cls, config, name):
        Template = Model.get('product.template', config=config)
        template = Template(name=name)
        template.type = 'goods'
        template.purchasable = template.salable = template.producible = True
        template.list_price = Decimal(25)
        template.products[0].cost_price = Decimal(10)
        template.save()
        return template.products[0].id

    @classmethod
    @contextmanager
    def _session(cls, login, password=PASSWORD):
        with proteus_config.set_xmlrpc_session(
                f'{cls.server.url}/{cls.database.name}/rpc/', login,
                password) as config:
            yield config

    @contextmanager
    def role(self, login, password=PASSWORD):
        "Yield the function that gets the models as the user sees them"
        with self._session(login, password) as config:
            yield Role(self, config)

    def stock_up(self, name, quantity):
        "Let the keeper find the quantity in the first warehouse"
        with self.role('keeper') as keeper:
            inventory = keeper.new('stock.inventory')
            inventory.location = keeper.warehouse().storage_location
            line = inventory.lines.new()
            line.product = keeper.product(name)
            line.quantity = quantity
            inventory.click('confirm')
            self.assertEqual(inventory.state, 'done')

    def test_procure(self):
        "Test from the requisition to the paid bill"
        with self.role('workshop') as workshop:
            requisition = workshop.new('purchase.requisition')
            requisition.employee = workshop.employee()
            requisition.supply_date = dt.date.today()
            requisition.warehouse = workshop.warehouse()
            line = requisition.lines.new()
            line.product = workshop.product('Fabric')
            line.quantity = 7
            line.unit_price = Decimal(10)
            requisition.click('wait')
            self.assertEqual(requisition.state, 'waiting')
            with self.assertRaises(xmlrpc.client.Fault):
                requisition.click('approve')

        with self.role('purchase_manager') as manager:
            requisition = manager.get('purchase.requisition', requisition.id)
            requisition.click('approve')
            self.assertEqual(requisition.state, 'processing')

        with self.role('buyer') as buyer:
            request, = buyer.find('purchase.request', [
                    ('product', '=', self.products['Fabric']),
                    ('state', '=', 'draft')])
            request.party = buyer.get('party.party', self.supplier.id)
            request.save()
            buyer.wizard('purchase.request.create_purchase', [request])
            purchase, = buyer.find('purchase.purchase', [
                    ('party', '=', self.supplier.id)])
            for line in purchase.lines:
                line.unit_price = Decimal('9.0000')
            purchase.click('quote')
            purchase.click('confirm')
            purchase.reload()
            self.assertEqual(purchase.state, 'processing')

        with self.role('keeper') as keeper:
            shipment = keeper.new('stock.shipment.in')
            shipment.supplier = keeper.get('party.party', self.supplier.id)
            move, = keeper.find('stock.move', [
                    ('origin.purchase.id', '=', purchase.id,
                        'purchase.line')])
            shipment.incoming_moves.append(move)
            shipment.save()
            shipment.click('receive')
            self.assertEqual(shipment.state, 'done')

        with self.role('accountant') as accountant:
            invoice, = accountant.find('account.invoice', [
                    ('type', '=', 'in'), ('party', '=', self.supplier.id)])
            invoice.invoice_date = dt.date.today()
            invoice.reference = 'B1'
            invoice.click('post')
            self.assertEqual(invoice.state, 'posted')
            self.assertEqual(invoice.untaxed_amount, Decimal('63.00'))

    def test_sell(self):
        "Test from the quotation to the money"
        self.stock_up('Bear', 20)
        with self.role('sales') as sales:
            party = sales.new('party.party', name="Shop")
            party.save()
            sale = sales.new('sale.sale')
            sale.party = party
            line = sale.lines.new()
            line.product = sales.product('Bear')
            line.quantity = 3
            self.assertEqual(line.unit_price, Decimal('25.0000'))
            sale.click('quote')
            sale.click('confirm')
            sale.reload()
            self.assertEqual(sale.state, 'processing')
            shipment, = sale.shipments
            with self.assertRaises(xmlrpc.client.Fault):
                shipment.click('assign_try')

        with self.role('keeper') as keeper:
            shipment = keeper.get('stock.shipment.out', shipment.id)
            shipment.click('assign_try')
            self.assertEqual(shipment.state, 'assigned')
            shipment.click('pack')
            shipment.click('do')
            self.assertEqual(shipment.state, 'done')

        with self.role('accountant') as accountant:
            invoice, = accountant.find(
                'account.invoice', [('party', '=', party.id)])
            invoice.click('post')
            pay = accountant.wizard('account.invoice.pay', [invoice])
            pay.form.payment_method = accountant.find(
                'account.invoice.payment.method', [])[0]
            pay.execute('choice')
            invoice.reload()
            self.assertEqual(invoice.state, 'paid')

        with self.role('manager') as manager:
            sale = manager.get('sale.sale', sale.id)
            self.assertEqual(sale.state, 'done')
            with self.assertRaises(xmlrpc.client.Fault):
                sale.click('cancel')

    def test_complain(self):
        "Test a complaint that the manager approves"
        self.stock_up('Bear', 50)
        with self.role('sales_manager') as manager:
            type_ = manager.new('sale.complaint.type', name="Broken")
            type_.origin, = manager.find(
                'ir.model', [('name', '=', 'sale.sale')])
            type_.save()
        with self.role('sales') as sales:
            sale = sales.new('sale.sale')
            sale.party = sales.get('party.party', self.customer.id)
            line = sale.lines.new()
            line.product = sales.product('Bear')
            line.quantity = 1
            sale.click('quote')
            sale.click('confirm')
            complaint = sales.new('sale.complaint')
            complaint.customer = sales.get('party.party', self.customer.id)
            complaint.type = sales.get('sale.complaint.type', type_.id)
            complaint.origin = sale
            action = complaint.actions.new()
            action.action = 'sale_return'
            complaint.save()
            complaint.click('wait')
            self.assertEqual(complaint.state, 'waiting')
        with self.role('sales_manager') as manager:
            complaint = manager.get('sale.complaint', complaint.id)
            complaint.click('approve')
            complaint.reload()
            self.assertEqual(complaint.state, 'done')
            action, = complaint.actions
            self.assertEqual(action.result.untaxed_amount, Decimal('-25.00'))

    def test_transfer(self):
        "Test a transfer between storage locations"
        self.stock_up('Fabric', 5)
        with self.role('warehouse_manager') as manager:
            shelf = manager.new('stock.location', name="Shelf")
            shelf.type = 'storage'
            shelf.parent = manager.warehouse().storage_location
            shelf.save()
        with self.role('keeper') as keeper:
            shipment = keeper.new('stock.shipment.internal')
            shipment.from_location = keeper.warehouse().storage_location
            shipment.to_location = keeper.get('stock.location', shelf.id)
            move = shipment.moves.new()
            move.product = keeper.product('Fabric')
            move.quantity = 2
            move.from_location = shipment.from_location
            move.to_location = shipment.to_location
            shipment.click('wait')
            shipment.click('assign_try')
            shipment.click('do')
            self.assertEqual(shipment.state, 'done')

    def test_make(self):
        "Test the engineer designs, the planner plans, the workshop makes"
        self.stock_up('Fabric', 10)
        with self.role('engineer') as engineer:
            bom = engineer.new('production.bom', name="Bear")
            for lines, name in [(bom.inputs, 'Fabric'), (bom.outputs, 'Bear')]:
                line = lines.new()
                line.product = engineer.product(name)
                line.quantity = 2 if name == 'Fabric' else 1
            bom.save()
            product = engineer.product('Bear')
            line = product.boms.new()
            line.bom = bom
            product.save()

        with self.role('planner') as planner:
            point = planner.new('stock.order_point')
            point.type = 'production'
            point.product = planner.product('Bear')
            point.location = planner.warehouse()
            point.min_quantity = 1000
            point.target_quantity = 1000
            point.save()
            planner.wizard('stock.supply', execute='create_')
            production, = planner.find('production', [
                    ('product', '=', self.products['Bear'])])
            self.assertEqual(production.state, 'request')
            self.assertGreater(production.quantity, 900)
            production.quantity = 4
            production.planned_date = dt.date.today()
            production.save()
            production.click('draft')
            production.click('wait')
            self.assertEqual(production.state, 'waiting')

        with self.role('workshop') as workshop:
            production = workshop.get('production', production.id)
            production.click('assign_try')
            production.click('run')
            production.click('do')
            self.assertEqual(production.state, 'done')
            self.assertEqual(
                sum(o.quantity for o in production.outputs), 4)

    def test_inspect(self):
        "Test quality control of a product"
        with self.role('quality') as quality:
            control = quality.new('quality.control', name="Wheels")
            control.operations = ['stock.shipment.in:receive']
            control.product = quality.product('Wheel')
            control.frequency = 1.0
            point = control.points.new(name='round')
            point.type_ = 'boolean'
            point.string = "Round"
            control.save()
            for value, state in [(True, 'passed'), (False, 'failed')]:
                inspection = quality.new('quality.inspection')
                inspection.control = control
                inspection.points = {'round': value}
                inspection.click('process')
                self.assertEqual(inspection.state, state)
            inspection.click('pass_')
            self.assertEqual(inspection.state, 'passed')

    def test_pay(self):
        "Test the accountant submits a payment that the manager approves"
        with self.role('accountant') as accountant:
            payment = accountant.new('account.payment')
            payment.journal = accountant.find(
                'account.payment.journal', [])[0]
            payment.kind = 'payable'
            payment.party = accountant.get('party.party', self.supplier.id)
            payment.amount = Decimal('12.00')
            payment.date = dt.date.today()
            payment.click('submit')
            with self.assertRaises(xmlrpc.client.Fault):
                payment.click('approve')
        with self.role('manager') as manager:
            payment = manager.get('account.payment', payment.id)
            payment.click('approve')
            self.assertEqual(payment.state, 'approved')
            manager.find('sale.reporting.main', [])
            manager.find('purchase.reporting.main', [])

    def test_administrate(self):
        "Test an administrator makes users, nobody else gives rights away"
        password = secrets.token_hex(8)

        def create_user(creator, login, role):
            user = creator.new('res.user', name=login, login=login)
            user.password = password
            user.roles.new(role=creator.record('res.role', 'jxc', role))
            user.companies.append(creator.company())
            user.company = creator.company()
            user.save()

        with self.role('admin') as admin:
            create_user(admin, 'administrator', 'role_administrator')
        with self.role('administrator', password) as administrator:
            create_user(administrator, 'second', 'role_buyer')
        with self.role('second', password) as second:
            second.find('purchase.purchase', [])
            with self.assertRaises(xmlrpc.client.Fault):
                second.find('sale.sale', [])
            with self.assertRaises(xmlrpc.client.Fault):
                create_user(second, 'third', 'role_administrator')
            user, = second.find('res.user', [('login', '=', 'second')])
            user.roles.new(
                role=second.record('res.role', 'jxc', 'role_administrator'))
            with self.assertRaises(xmlrpc.client.Fault):
                user.save()


class Role:
    """The work of a user.

    :param test: the test case
    :param config: configuration of proteus
    """

    def __init__(self, test, config):
        self._test = test
        self._config = config

    def new(self, model, **values):
        return Model.get(model, config=self._config)(**values)

    def get(self, model, id_):
        return Model.get(model, config=self._config)(id_)

    def find(self, model, domain):
        return Model.get(model, config=self._config).find(domain)

    def record(self, model, module, name):
        "Return the record of the XML id"
        return self.get(model, Model.get(
                'ir.model.data', config=self._config).get_id(
                module, name, self._config.context))

    def wizard(self, name, records=(), execute=None):
        wizard = Wizard(
            name, [self.get(r.__class__.__name__, r.id) for r in records],
            config=self._config)
        if execute:
            wizard.execute(execute)
        return wizard

    def product(self, name):
        return self.get('product.product', self._test.products[name])

    def warehouse(self):
        return self.get('stock.location', self._config.context['warehouse'])

    def company(self):
        return self.get('company.company', self._config.context['company'])

    def employee(self):
        return self.get('company.employee', self._config.context['employee'])
