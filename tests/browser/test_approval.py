# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""The way of an order through its approval in the web client."""
import unittest
from decimal import Decimal

from proteus import Model

from .story import Story

LANE = 'jxc'
PEOPLE = ['buyer', 'purchase_manager', 'manager']
# What a person reads, by language
WORDS = {
    'zh_CN': {
        'locale': 'zh-CN',
        'purchases': ("采购", "采购订单"),
        'approvals': ("审批", "待我审批 (1)"),
        'approval': "审批",
        'purchase': "采购订单",
        'draft': "草稿",
        'quotation': "报价",
        'processing': "处理中",
        'supplier': "江南供应商",
        'product': "木马",
        'reason': "太多了，十个就够",
        },
    'en': {
        'locale': 'en',
        'purchases': ("Purchases", "Purchases"),
        'approvals': ("Approval", "Waiting for Me (1)"),
        'approval': "Approval",
        'purchase': "Purchase",
        'draft': "Draft",
        'quotation': "Quotation",
        'processing': "Processing",
        'supplier': "Southern Supplier",
        'product': "Rocking Horse",
        'reason': "Too many, ten will do",
        },
    }


class ApprovalTestCase(Story, unittest.TestCase):
    "Test the approval of purchases"
    NAME = 'approval'
    WORDS = WORDS

    def tell(self):
        self.make_rule()
        self.submit()
        self.refuse()
        self.correct()
        self.approve('purchase_manager', 'first')
        self.change()
        self.approve('purchase_manager', 'again')
        self.approve('manager', 'second')
        self.follow()

    def make_rule(self):
        "Let two levels approve orders from 1,000 on"
        with self.admin():
            User = Model.get('res.user')
            self.speak(*PEOPLE)
            template = Model.get('product.template')(
                name=self.words['product'])
            template.type = 'goods'
            template.purchasable = True
            template.save()
            Model.get('party.party')(name=self.words['supplier']).save()
            Rule = Model.get('document.approval.rule')
            rule = Rule(
                name="1000+", operation='purchase.purchase:confirm',
                amount_from=Decimal(1000))
            for i, login in enumerate(['purchase_manager', 'manager'], 1):
                user, = User.find([('login', '=', login)])
                role = user.roles[0].role
                rule.levels.new(
                    sequence=i, name=role.rec_name, approver='role',
                    role=role)
            rule.click('run')

    def submit(self):
        "The buyer asks for an order of 1,500"
        def function(client):
            client.menu(*self.words['purchases'])
            client.toolbar('new_')
            client.choose(client.field('party'), self.words['supplier'])
            client.add_line('lines', [
                    ('product', [self.words['product']]),
                    ('quantity', '100'),
                    ('unit_price', '15'),
                    ])
            client.toolbar('save')
            client.press('quote')
            self.assertEqual(
                client.current('state', 'number', 'approval_state')[2:],
                ['quotation', '', 'waiting'])
            client.show(self.words['approval'])
            self.screenshot(client, 'submitted')
        self.use('buyer', function)

    def refuse(self):
        "The purchase manager does not agree"
        def function(client):
            client.menu(*self.words['approvals'])
            self.assertEqual(len(client.rows()), 1)
            self.screenshot(client, 'list')
            client.open_row()
            self.screenshot(client, 'form')
            client.press('decide_wizard')
            self.screenshot(client, 'decide')
            client.fill_window(
                {'decision': 'refuse', 'reason': self.words['reason']})
        self.use('purchase_manager', function)

    def open_purchase(self, client, state):
        client.menu(*self.words['purchases'])
        client.show(self.words[state])
        self.assertEqual(len(client.rows()), 1)
        client.open_row()

    def correct(self):
        "The buyer reads why and asks for less"
        def function(client):
            self.open_purchase(client, 'draft')
            self.assertEqual(
                client.current('state', 'approval_state')[2:],
                ['draft', 'refused'])
            client.show(self.words['approval'])
            self.screenshot(client, 'refused')
            self.assertIn(
                self.words['reason'],
                client.page.locator('#tabcontent').inner_text())
            client.show(self.words['purchase'])
            client.edit_line('lines', 'quantity', '80')
            client.toolbar('save')
            client.press('quote')
            self.assertEqual(
                client.current('state', 'number', 'approval_state')[2:],
                ['quotation', '', 'waiting'])
        self.use('buyer', function)

    def approve(self, login, name):
        def function(client):
            client.menu(*self.words['approvals'])
            client.open_row()
            client.press('approve')
            self.screenshot(client, f'approved-{name}')
        self.use(login, function)

    def change(self):
        "The buyer changes what one level has approved already"
        def function(client):
            self.open_purchase(client, 'quotation')
            client.show(self.words['approval'])
            self.screenshot(client, 'half')
            client.press('draft')
            client.show(self.words['purchase'])
            client.edit_line('lines', 'quantity', '90')
            client.toolbar('save')
            client.press('quote')
            client.show(self.words['approval'])
            self.screenshot(client, 'reopened')
            steps = client.page.evaluate('''() => Sao.Tab.tabs.get_current()
                .screen.current_record.field_get_client('approval_steps')
                .map(s => s.field_get_client('state'))''')
            self.assertEqual(steps, ['waiting', 'pending'])
        self.use('buyer', function)

    def follow(self):
        "The order is confirmed by itself and has its number"
        def function(client):
            self.open_purchase(client, 'processing')
            _, _, state, number, approval = client.current(
                'state', 'number', 'approval_state')
            self.assertEqual((state, approval), ('processing', 'approved'))
            self.assertTrue(number)
            client.show(self.words['approval'])
            self.screenshot(client, 'ordered')
        self.use('buyer', function)
