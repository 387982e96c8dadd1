# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""A workshop clerk asks for more than the budget has in the web client."""
import datetime as dt
import unittest
from decimal import Decimal

from proteus import Model

from .story import Story
from .webclient import TAB

LANE = 'jxc'
PEOPLE = ['workshop', 'purchase_manager', 'manager']
TODAY = dt.date.today()
FIGURES = [
    'budget_total', 'budget_committed', 'budget_spent', 'budget_available',
    'budget_state']
# What a person reads, by language
WORDS = {
    'zh_CN': {
        'locale': 'zh-CN',
        'requisitions': ("采购", "采购申请"),
        'waiting': "待审批",
        'processing': "处理中",
        'approvals': ("审批", "待我审批 (1)"),
        'approval': "审批",
        'budgets': ("采购", "预算", "预算"),
        'budget_lines': ("采购", "预算", "预算明细"),
        'rules': ("预算", "设置", "预算规则"),
        'reports': ("报表", "预算"),
        'by': [
            ('department', "预算执行（按部门）"),
            ('category', "预算执行（按商品分类）"),
            ('month', "预算执行（按月）"),
            ],
        'own': "本申请",
        'missing': "没有找到预算：扳手",
        'approved': "本申请已由采购主管, 总经理批准",
        'beyond': "超预算须总经理审批",
        'each': "采购申请",
        'department': "装配车间",
        'office': "办公室",
        'tools': "工具",
        'paper': "办公用品",
        'wrench': "扳手",
        'drill': "台钻",
        'budget': "年度采购预算",
        'supplier': "江南供应商",
        'purpose': "二号线改造",
        },
    'en': {
        'locale': 'en',
        'requisitions': ("Purchases", "Requisitions"),
        'waiting': "Waiting",
        'processing': "Processing",
        'approvals': ("Approval", "Waiting for Me (1)"),
        'approval': "Approval",
        'budgets': ("Purchases", "Budgets", "Budgets"),
        'budget_lines': ("Purchases", "Budgets", "Budget Lines"),
        'rules': ("Budgets", "Configuration", "Budget Rules"),
        'reports': ("Reporting", "Budgets"),
        'by': [
            ('department', "Budgets by Department"),
            ('category', "Budgets by Product Category"),
            ('month', "Budgets by Month"),
            ],
        'own': "this requisition",
        'missing': "No budget was found for: Wrench",
        'approved': "The requisition was approved by 采购主管, 总经理",
        'beyond': "The general manager approves what is beyond",
        'each': "Requisitions",
        'department': "Assembly",
        'office': "Office",
        'tools': "Tools",
        'paper': "Office Supplies",
        'wrench': "Wrench",
        'drill': "Drill",
        'budget': "Purchases of the Year",
        'supplier': "Southern Supplier",
        'purpose': "Rebuilding of line 2",
        },
    }


class PurchaseBudgetTestCase(Story, unittest.TestCase):
    "Test requests within a budget"
    NAME = 'budget'
    WORDS = WORDS

    def tell(self):
        with self.admin():
            self.prepare()
        self.ask()
        self.decide('purchase_manager')
        with self.admin():
            self.assertEqual(self.get_figures(), ('waiting', 950, 200, -150))
        self.decide('manager')
        with self.admin():
            self.assertEqual(
                self.get_figures(), ('processing', 950, 200, -150))
        self.follow()
        self.look()

    def prepare(self):
        """Give the department 1,000 for tools

        Of these 200 are spent and 300 asked for. All requisitions are
        approved by the purchase manager, beyond the budget by the manager as
        well.
        """
        get, words = Model.get, self.words
        self.speak(*PEOPLE)
        users = {
            user.login: user
            for user in get('res.user').find([('login', 'in', PEOPLE)])}
        department, office = (
            get('company.department')(name=words[n])
            for n in ['department', 'office'])
        department.save()
        office.save()
        employee = get('company.employee')(users['workshop'].employee.id)
        employee.department = department
        employee.save()

        tools, paper = (
            get('product.category')(name=words[n]) for n in ['tools', 'paper'])
        tools.save()
        paper.save()
        products = []
        for name, price in [('wrench', 20), ('drill', 450)]:
            template = get('product.template')(name=words[name])
            template.type = 'goods'
            template.purchasable = True
            template.categories.append(get('product.category')(tools.id))
            template.save()
            product, = template.products
            product.cost_price = Decimal(price)
            product.save()
            products.append(product)
        wrench, _ = products
        supplier = get('party.party')(name=words['supplier'])
        supplier.save()

        budget = get('purchase.budget')(
            name=words['budget'],
            start_date=TODAY.replace(month=1, day=1),
            end_date=TODAY.replace(month=12, day=31))
        for department_, category, amount in [
                (department, tools, 1000), (department, None, 5000),
                (office, paper, 2400)]:
            budget.lines.new(
                department=department_, category=category,
                amount=Decimal(amount))
        budget.click('run')
        self.line = budget.lines[0].id

        invoice = get('account.invoice')(
            type='in', party=supplier, invoice_date=TODAY)
        line = invoice.lines.new()
        line.product = wrench
        line.quantity = 10
        line.unit_price = Decimal(20)
        line.budget_line = budget.lines[0]
        invoice.click('post')
        earlier = get('purchase.requisition')(
            employee=employee, department=department, supply_date=TODAY)
        line = earlier.lines.new()
        line.product = wrench
        line.quantity = 15
        line.unit_price = Decimal(20)
        earlier.click('wait')

        rule = get('purchase.budget.rule')(
            name=words['beyond'], action='approve')
        rule.save()
        for name, login in [('each', 'purchase_manager'), (
                    'beyond', 'manager')]:
            role = users[login].roles[0].role
            rule = get('document.approval.rule')(
                name=words[name], over_budget=name == 'beyond')
            rule.operation = 'purchase.requisition:approve'
            rule.levels.new(name=role.rec_name, approver='role', role=role)
            rule.click('run')

    def get_figures(self):
        "Return the state of the requisition and what its budget line has"
        requisition, = Model.get('purchase.requisition').find(
            [('purpose', '=', self.words['purpose'])])
        line = Model.get('purchase.budget.line')(self.line)
        return (
            requisition.state, line.committed, line.spent, line.available)

    def get_lines(self, client):
        "Return what the lines on the screen say of the budget"
        return client.page.evaluate(
            '''names => Sao.Tab.tabs.get_current().screen.current_record
                .field_get_client('lines').map(line => names.map(n => {
                    const value = line.field_get(n);
                    return n == 'budget_state' ? value : Number(value);
                    }))''', FIGURES)

    def change_department(self, client, name):
        field = client.field('department')
        field.press('Delete')
        client.idle()
        client.choose(field, name)

    def ask(self):
        "The clerk sees the budget while typing and submits all the same"
        words = self.words

        def function(client):
            client.menu(*words['requisitions'])
            client.toolbar('new_')
            self.assertEqual(
                client.field('department').input_value(),
                words['department'])
            client.type(client.field('purpose'), words['purpose'])
            client.page.locator('.form-date', has=client.page.locator(
                    '[name="supply_date"]')).locator('input[type=date]').fill(
                str(TODAY))
            client.idle()
            # There is nothing to say of the budget yet
            self.assertFalse(client.field('budget_summary').is_visible())
            self.screenshot(client, 'new')
            client.add_line('lines', [
                    ('product', [words['wrench']]),
                    ('quantity', '10'),
                    ('unit_price', '20'),
                    ])
            self.screenshot(client, 'within')
            self.assertEqual(
                self.get_lines(client), [[1000, 300, 200, 300, 'within']])
            self.change_department(client, words['office'])
            self.assertEqual(
                self.get_lines(client), [[0, 0, 0, 0, 'missing']])
            self.assertIn(
                words['missing'],
                client.field('budget_summary').input_value())
            self.screenshot(client, 'missing')
            self.change_department(client, words['department'])
            client.add_line('lines', [
                    ('product', [words['drill']]),
                    ('quantity', '1'),
                    ('unit_price', '450'),
                    ])
            # Nothing is saved yet
            self.assertLess(client.current()[1], 0)
            self.assertEqual(
                self.get_lines(client),
                [[1000, 300, 200, -150, 'exceeded']] * 2)
            summary, = client.current('budget_summary')[2:]
            self.assertIn(words['own'], summary)
            self.assertIn('150', summary)
            self.screenshot(client, 'exceeded')
            client.toolbar('save')
            client.press('wait')
            self.assertEqual(
                client.current('state', 'approval_state')[2:],
                ['waiting', 'waiting'])
            self.screenshot(client, 'submitted')
            client.show(words['approval'])
            self.screenshot(client, 'submitted-approval')
        self.use('workshop', function)

    def decide(self, login):
        "An approver reads the figures and agrees"
        def function(client):
            client.menu(*self.words['approvals'])
            client.open_row()
            client.press('decide_wizard')
            self.screenshot(client, f'decide-{login}')
            text = client.page.locator(
                '.modal:visible [name="budget"]').first.input_value()
            for number in ['1,000.00', '950.00', '200.00', '150.00']:
                self.assertIn(number, text)
            client.fill_window({'decision': 'approve'})
        self.use(login, function)

    def follow(self):
        "The clerk sees that the requisition goes on"
        def function(client):
            client.menu(*self.words['requisitions'])
            client.show(self.words['processing'])
            client.open_row()
            self.assertEqual(
                client.current('state', 'approval_state')[2:],
                ['processing', 'approved'])
            self.assertIn(
                self.words['approved'],
                client.field('budget_summary').input_value())
            self.screenshot(client, 'approved')
        self.use('workshop', function)

    def look(self):
        "Who manages the budgets looks at them"
        words = self.words

        def function(client):
            client.menu(*words['budgets'])
            client.page.locator(TAB + 'table.tree tbody tr').first.wait_for()
            self.screenshot(client, 'list')
            client.open_row()
            self.assertEqual(
                [Decimal(v.replace(',', '')) for v in client.current(
                        'amount', 'committed', 'spent', 'available')[2:]],
                [8400, 950, 200, 7250])
            self.screenshot(client, 'form')
            client.menu(*words['budget_lines'])
            row = client.page.locator(
                TAB + 'table.tree tbody tr:visible', has_text='115')
            row.wait_for()
            self.screenshot(client, 'lines')
            row.locator('.column-char:visible').first.dblclick()
            client.idle()
            self.screenshot(client, 'line')
            self.look_below(client)
        self.use('purchase_manager', function)

    def look_below(self, client):
        "Look at what is below entries whose titles are there more than once"
        words = self.words
        self.open_below(client, *words['rules'])
        client.open_row()
        self.screenshot(client, 'rule')
        for name, title in words['by']:
            self.open_below(client, *words['reports'], title)
            self.screenshot(client, f'by-{name}')
            client.toolbar('switch_')
            self.screenshot(client, f'by-{name}-graph')

    def open_below(self, client, title, *children):
        "Open an entry of the menu below the first one with a title"
        def has(title):
            return client.page.locator(f'.column-char[title="{title}"]')

        row = client.page.locator(
            '#menu tbody tr:visible', has=has(title)).first
        for title in children:
            child = row.locator(
                'xpath=following-sibling::tr', has=has(title)).first
            if not child.count():
                row.locator('.expander').click()
            row = child
            row.wait_for()
        row.locator('.column-char').click()
        client.idle()
