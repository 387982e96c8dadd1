# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""The forbidden ways past a budget, two people at the same time.

Everything goes over a real socket, by people without rights beyond those of
their role.
"""
import datetime as dt
import threading
from decimal import Decimal

from proteus import Model

from .attacks import AttackTestCase
from .sessions import JSONRPC, REST, XMLRPC, Refused
from .tools import serve

BACKENDS = ['sqlite', 'postgresql']
ENGINE = ['test_change', 'test_ledger', 'test_two_at_once']
LANE = 'jxc'
TODAY = dt.date.today()


class PurchaseBudgetTestCase(AttackTestCase):
    "Test requests within a budget"
    LOGINS = ['buyer', 'purchase_manager', 'keeper', 'sales', 'accountant']

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        get = Model.get
        cls.departments = {}
        for login, name in [('keeper', "仓库部"), ('sales', "销售部")]:
            department = get('company.department')(name=name)
            department.save()
            employee = get('company.employee')(cls.employees[login])
            employee.department = department
            employee.save()
            cls.departments[login] = department
        for name, values in [
                ("超预算", {'case': 'exceeded', 'action': 'refuse'}),
                ("无预算", {'case': 'missing', 'action': 'refuse'})]:
            cls.rule = get('purchase.budget.rule')(name=name, **values)
            cls.rule.save()
        cls.number = 0

    def budget(self, amount=100, login='keeper'):
        "Return the line of a budget of the department, the only one"
        get = Model.get
        with self.admin.set_context():
            Budget = get('purchase.budget')
            for budget in Budget.find([('state', '=', 'running')]):
                budget.click('close')
            self.__class__.number += 1
            budget = Budget(
                name=f"预算{self.number}",
                start_date=TODAY.replace(month=1, day=1),
                end_date=TODAY.replace(month=12, day=31))
            budget.lines.new(
                department=self.departments[login], amount=Decimal(amount))
            budget.click('run')
            line, = budget.lines
        return line

    def values_of(self, price, login='keeper', **values):
        "Return the values of a requisition"
        return {
            'company': self.company.id,
            'employee': self.employees[login],
            'department': self.departments[login].id,
            'warehouse': self.warehouse.id,
            'currency': self.company.currency.id,
            'supply_date': TODAY,
            'lines': [('create', [{
                            'product': self.product.id,
                            'quantity': 1.0,
                            'unit': self.unit.id,
                            'unit_price': Decimal(price),
                            }])],
            **values,
            }

    def ask(self, session, *args, **values):
        return session.create(
            'purchase.requisition', self.values_of(*args, **values))

    def used(self, line):
        line = Model.get('purchase.budget.line', config=self.admin)(line.id)
        return line.committed + line.spent

    def state(self, id_):
        return Model.get(
            'purchase.requisition', config=self.admin)(id_).state

    def test_allowed(self):
        "Test who asks within the budget reserves it"
        for protocol in self.protocols():
            line = self.budget()
            keeper = self.connect(protocol, 'keeper')
            id_ = self.ask(keeper, 60)
            keeper.click('purchase.requisition', id_, 'wait')
            self.assertEqual(self.state(id_), 'waiting')
            self.assertEqual(self.used(line), 60)
            keeper.click('purchase.requisition', id_, 'draft')
            self.assertEqual(self.used(line), 0)

    def test_beyond(self):
        "Test nobody submits more than there is, nor without a budget"
        for protocol in self.protocols():
            line = self.budget()
            keeper = self.connect(protocol, 'keeper')
            id_ = self.ask(keeper, 101)
            with self.refused('预算'):
                keeper.click('purchase.requisition', id_, 'wait')
            self.assertEqual(self.state(id_), 'draft')
            sales = self.connect(protocol, 'sales')
            id_ = self.ask(sales, 1, login='sales')
            with self.refused('预算'):
                sales.click('purchase.requisition', id_, 'wait')
            self.assertEqual(self.used(line), 0)

    def test_foreign(self):
        "Test the money of another department is not to be taken"
        for protocol in self.protocols():
            line = self.budget()
            sales = self.connect(protocol, 'sales')
            values = self.values_of(1, login='sales')
            (_, (requisition_line,)), = values['lines']
            requisition_line['budget_line'] = line.id
            with self.assertRaises(Refused):
                id_ = sales.create('purchase.requisition', values)
                sales.click('purchase.requisition', id_, 'wait')
            self.assertEqual(self.used(line), 0)

    def test_rights(self):
        "Test who asks neither makes nor changes what concerns budgets"
        for protocol in self.protocols():
            line = self.budget()
            for login in ['keeper', 'buyer']:
                session = self.connect(protocol, login)
                with self.assertRaises(Refused):
                    session.create('purchase.budget', {
                            'name': "X", 'company': self.company.id,
                            'start_date': TODAY, 'end_date': TODAY})
                for model, id_, values in [
                        ('purchase.budget.line', line.id,
                            {'amount': Decimal(1000)}),
                        ('purchase.budget', line.budget.id,
                            {'state': 'draft'}),
                        ('purchase.budget.rule', self.rule.id,
                            {'action': 'inform'})]:
                    with self.assertRaises(Refused):
                        self.write(session, model, id_, values)
                for button in ['close', 'revise', 'run']:
                    with self.assertRaises(Refused):
                        session.click(
                            'purchase.budget', line.budget.id, button)
            self.assertEqual(line.budget.state, 'running')

    def test_ledger(self):
        "Test nobody books by hand, not even who manages budgets"
        for protocol in self.protocols():
            line = self.budget()
            keeper = self.connect(protocol, 'keeper')
            id_ = self.ask(keeper, 60)
            keeper.click('purchase.requisition', id_, 'wait')
            requisition = Model.get(
                'purchase.requisition', config=self.admin)(id_)
            origin = f'purchase.requisition.line,{requisition.lines[0].id}'
            for login in ['keeper', 'purchase_manager', 'accountant']:
                session = self.connect(protocol, login)
                with self.assertRaises(Refused):
                    session.create('purchase.budget.commitment', {
                            'line': line.id, 'kind': 'requisition',
                            'month': TODAY.replace(day=1),
                            'amount': Decimal(-60), 'origin': origin})
                for model, record in [
                        ('purchase.budget.line.month', line.months[0]),
                        ('purchase.budget.line', line)]:
                    with self.assertRaises(Refused):
                        self.write(session, model, record.id, {
                                'amount': Decimal(1)})
                if protocol is not REST:
                    for method, *arguments in [
                            ('book', {}), ('correct',)]:
                        with self.assertRaises(Refused):
                            session.call(
                                'purchase.budget.commitment', method,
                                *arguments)
            with self.assertRaises(Refused):
                self.write(
                    keeper, 'purchase.requisition.line',
                    requisition.lines[0].id, {'budget_amount': Decimal(1)})
            self.assertEqual(self.used(line), 60)

    def test_change(self):
        "Test what is reserved is not changed behind the budget"
        line = self.budget()
        for protocol in [XMLRPC, JSONRPC]:
            keeper = self.connect(protocol, 'keeper')
            id_ = self.ask(keeper, 10)
            keeper.click('purchase.requisition', id_, 'wait')
            requisition = Model.get(
                'purchase.requisition', config=self.admin)(id_)
            for values in [
                    {'quantity': 9.}, {'unit_price': Decimal(1000)},
                    {'budget_line': None}]:
                with self.refused():
                    keeper.call(
                        'purchase.requisition.line', 'write',
                        [requisition.lines[0].id], values)
        self.assertEqual(self.used(line), 20)

    def test_typing(self):
        "Test who asks sees what is left before anything is saved"
        line = self.budget()
        keeper = self.connect(JSONRPC, 'keeper')
        values = self.values_of(70)
        (_, (first,)), = values['lines']
        values['lines'] = [
            {'id': -2, **first}, {'id': -3, **first, 'quantity': 2.}]
        changed = keeper.call(
            'purchase.requisition', 'on_change', {
                'id': -1, 'state': 'draft', **values}, ['lines'])
        self.assertIn('110', changed['budget_summary'])
        for found in changed['lines']['update']:
            self.assertEqual(found['budget_line'], line.id)
            self.assertEqual(found['budget_available'], -110)
            self.assertEqual(found['budget_state'], 'exceeded')

    def test_two_at_once(self):
        "Test of two people who take the last money one is told"
        if self.database.backend != 'postgresql':
            self.skipTest("SQLite has no lock for two processes")
        with serve(self.database) as second:
            sessions = [
                self.connect(JSONRPC, 'keeper'),
                self.connect(JSONRPC, 'keeper', second)]
            for _ in range(5):
                line = self.budget()
                ids = [self.ask(s, 60) for s in sessions]
                barrier = threading.Barrier(2)
                results = []

                def submit(session, id_):
                    barrier.wait()
                    try:
                        session.click('purchase.requisition', id_, 'wait')
                        results.append('')
                    except Refused as refusal:
                        results.append(str(refusal))

                threads = [
                    threading.Thread(target=submit, args=arguments)
                    for arguments in zip(sessions, ids)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
                accepted, refusal = sorted(results)
                self.assertEqual(accepted, '')
                self.assertIn("预算", refusal)
                self.assertEqual(self.used(line), 60)
                self.assertEqual(
                    sorted(map(self.state, ids)), ['draft', 'waiting'])
