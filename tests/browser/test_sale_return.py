# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""A shop assistant exchanges a toy in the web client."""
import unittest
from decimal import Decimal

from proteus import Model

from .story import Story

LANE = 'jxc'
# Of the mouse
CLICKS = """() => {
    window.clicks = 0;
    document.addEventListener('click', e => {
        window.clicks += Boolean(e.isTrusted && e.detail);
        }, true);
    }"""
WORDS = {
    'zh_CN': {
        'locale': 'zh-CN',
        'sales': ["销售", "销售订单"],
        'processing': "处理中",
        'return': "退货",
        'reason': "换成别的商品",
        'bear': "木马",
        'dragon': "恐龙",
        },
    'en': {
        'locale': 'en',
        'sales': ["Sales", "Sales"],
        'processing': "Processing",
        'return': "Return Sale",
        'reason': "Exchange for another product",
        'bear': "Bear",
        'dragon': "Dragon",
        },
    }


class SaleReturnTestCase(Story, unittest.TestCase):
    "Test the exchange of a toy"
    NAME = 'exchange'
    WORDS = WORDS

    def tell(self):
        self.sell()
        self.use('sales', self.exchange)

    def sell(self):
        "Sell a bear that the customer will not like"
        with self.admin():
            get = Model.get
            self.speak('sales')
            products = []
            for name, price in [('bear', 25), ('dragon', 40)]:
                template = get('product.template')(name=self.words[name])
                template.type = 'goods'
                template.salable = True
                template.list_price = Decimal(price)
                template.save()
                products.extend(template.products)
            warehouse, = get('stock.location').find(
                [('type', '=', 'warehouse')])
            inventory = get('stock.inventory')()
            inventory.location = warehouse.storage_location
            for product in products:
                line = inventory.lines.new()
                line.product = product
                line.quantity = 10
            inventory.click('confirm')
            customer = get('party.party')(name="小明")
            customer.save()
            sale = get('sale.sale')(party=customer)
            line = sale.lines.new()
            line.product = products[0]
            line.quantity = 1
            sale.click('quote')
            sale.click('confirm')
            sale.reload()
            shipment, = sale.shipments
            shipment.click('assign_try')
            for button in ['pack', 'do']:
                shipment.click(button)

    def exchange(self, client):
        "Take the bear back for a dragon, in less than ten clicks"
        words = self.words
        client.menu(*words['sales'])
        client.show(words['processing'])
        client.page.evaluate(CLICKS)
        client.open_row()
        client.action(words['return'])
        client.fill_window({})
        self.assertEqual(client.current('state')[0], 'sale.return')
        self.screenshot(client, 'draft')
        client.choose(client.field('reason'), words['reason'], keys=True)
        client.add_row('replacements', [(0, [words['dragon'], True])])
        self.screenshot(client, 'replacement')
        self.assertEqual(
            client.current('settlement')[2:], ['exchange'])
        client.press('submit')
        self.assertEqual(client.current('state')[2:], ['approved'])
        client.press('process')
        model, id_, state, number, total, goods = client.current(
            'state', 'number', 'total_amount', 'goods_state')
        self.assertEqual((state, goods), ('processing', 'expected'))
        self.assertTrue(number)
        # 15 more with 13 % of tax
        self.assertEqual(total, '16.95')
        self.screenshot(client, 'processing')
        self.assertLess(client.page.evaluate('window.clicks'), 10)
