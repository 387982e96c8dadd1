# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""A warehouse keeper replenishes in the web client what alerts are about."""
import unittest

from proteus import Model

from .story import Story
from .webclient import TAB

LANE = 'jxc'
MINIMUM = 10
WORDS = {
    'zh_CN': {
        'locale': 'zh-CN',
        'alerts': ["库存", "预警", "预警"],
        'board': ["库存", "预警", "预警看板"],
        'requisition': "生成采购申请",
        'note': "本周补货",
        'mine': "我的",
        'resolved': "已解除",
        'products': {"积木": 2, "木马": 0, "拼图": 7},
        },
    'en': {
        'locale': 'en',
        'alerts': ["Inventory & Stock", "Alerts", "Alerts"],
        'board': ["Inventory & Stock", "Alerts", "Alert Board"],
        'requisition': "Create Purchase Requisition",
        'note': "Replenished this week",
        'mine': "Mine",
        'resolved': "Resolved",
        'products': {"Blocks": 2, "Rocking Horse": 0, "Jigsaw": 7},
        },
    }


class StockAlertTestCase(Story, unittest.TestCase):
    "Test the way from alerts to a purchase requisition"
    NAME = 'alert'
    WORDS = WORDS

    def tell(self):
        def function(client):
            self.acknowledge(client)
            self.board(client)
            self.request(client)
            self.check()
            self.receive(client)
        with self.admin():
            self.prepare()
            self.use('keeper', function)

    def prepare(self):
        "Let there be less than the minimum of three products"
        self.speak('keeper')
        self.warehouse, = Model.get('stock.location').find(
            [('type', '=', 'warehouse')])
        self.products = []
        for name in self.words['products']:
            template = Model.get('product.template')(
                name=name, type='goods', purchasable=True)
            template.save()
            self.products.extend(template.products)
        role = Model.get('ir.model.data').get_id(
            'jxc', 'role_keeper', {})
        Rule = Model.get('stock.alert.rule')
        rules = []
        for product in self.products:
            rule = Rule(
                kind='below_minimum', product=product,
                warehouse=self.warehouse, threshold=MINIMUM,
                critical_threshold=0)
            rule.roles.append(Model.get('res.role')(role))
            rules.append(rule)
        Rule.save(rules)
        self.count(self.words['products'].values())

    def count(self, quantities):
        "Count so much of the products"
        inventory = Model.get('stock.inventory')(
            location=self.warehouse.storage_location)
        for product, quantity in zip(self.products, quantities):
            line = inventory.lines.new()
            line.product = product
            line.quantity = quantity
        inventory.click('confirm')

    def acknowledge(self, client):
        "Take care of the first alert"
        client.menu(*self.words['alerts'])
        rows = client.rows()
        self.assertEqual(len(rows), 3)
        for name in self.words['products']:
            self.assertTrue(any(name in row for row in rows), rows)
        self.screenshot(client, 'list')
        client.open_row()
        self.screenshot(client, 'form')
        client.press('acknowledge_wizard')
        self.screenshot(client, 'acknowledge')
        client.fill_window({'note': self.words['note']})
        self.assertEqual(
            client.current('state', 'note')[2:],
            ['acknowledged', self.words['note']])
        self.screenshot(client, 'acknowledged')
        client.close_tab()

    def board(self, client):
        client.menu(*self.words['board'], content='.board table.tree')
        self.screenshot(client, 'board')
        client.close_tab()

    def request(self, client):
        "Turn all alerts into a requisition"
        client.menu(*self.words['alerts'])
        client.show(self.words['mine'])
        self.assertEqual(len(client.rows()), 3)
        client.page.locator(
            TAB + 'table.tree thead input[type=checkbox]:visible'
            ).first.check()
        client.idle()
        self.screenshot(client, 'selected')
        client.action(self.words['requisition'])
        self.screenshot(client, 'wizard')
        client.fill_window({})
        model, self.requisition, state = client.current('state')
        self.assertEqual(
            (model, state), ('purchase.requisition', 'draft'))
        self.screenshot(client, 'requisition')
        client.close_tab()
        client.close_tab()

    def check(self):
        "Check that the requisition is for all that lacks"
        Requisition = Model.get('purchase.requisition')
        requisition = Requisition(self.requisition)
        self.assertEqual(requisition.warehouse, self.warehouse)
        self.assertEqual(
            {line.product.name: line.quantity for line in requisition.lines},
            {name: MINIMUM - quantity
                for name, quantity in self.words['products'].items()})
        alerts = Model.get('stock.alert').find(
            [('product', 'in', [p.id for p in self.products])])
        self.assertEqual([a.state for a in alerts], ['acknowledged'] * 3)
        self.assertEqual(
            {a.note for a in alerts},
            {self.words['note'], requisition.rec_name})

    def receive(self, client):
        "See that the alerts are over when there is enough"
        self.count([MINIMUM] * 3)
        client.menu(*self.words['alerts'])
        self.assertEqual(client.rows(), [])
        client.show(self.words['resolved'])
        self.assertEqual(
            sum(any(name in row for name in self.words['products'])
                for row in client.rows()), 3)
        self.screenshot(client, 'resolved')
        client.open_row()
        self.assertEqual(client.current('state')[2:], ['resolved'])
        self.screenshot(client, 'history')
