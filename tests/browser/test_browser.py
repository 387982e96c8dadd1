# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""The web client in Chinese: the day of a buyer and of a keeper."""
from decimal import Decimal

from proteus import Model
from proteus import config as proteus_config

from ..tools import PASSWORD, ServerTestCase, folder, new_company, serve
from .webclient import WebClient, fetch_client, open_browser

LANE = 'jxc'
PRODUCT, SUPPLIER, CUSTOMER = "木马", "江南供应商", "开心玩具店"


class BrowserTestCase(ServerTestCase):
    "Test the web client"

    @classmethod
    def setUpClass(cls):
        www = fetch_client()
        cls.database = cls.enterClassContext(new_company('jxc', 'zh_CN'))
        cls.server = cls.enterClassContext(
            serve(cls.database, web={'root': str(www)}))
        with proteus_config.set_xmlrpc_session(
                f'{cls.server.url}/{cls.database.name}/rpc/', 'admin',
                PASSWORD):
            template = Model.get('product.template')(name=PRODUCT)
            template.type = 'goods'
            template.purchasable = template.salable = True
            template.list_price = Decimal(25)
            template.save()
            for name in [SUPPLIER, CUSTOMER]:
                Model.get('party.party')(name=name).save()

    def test_purchase(self):
        "Test the buyer orders, finds the order, the keeper receives it"
        with open_browser() as page:
            client = WebClient(page, self.server, folder() / 'screenshots')
            client.login('buyer', PASSWORD)
            client.screenshot('buyer-menu')
            number = self.order(client)
            self.find(client, number)
            self.assertEqual(page.errors, [])
        with open_browser() as page:
            client = WebClient(page, self.server, folder() / 'screenshots')
            client.login('keeper', PASSWORD)
            self.assertFalse(page.locator(
                    '#menu .column-char[title="采购申请"]:visible').count())
            self.receive(client)
            self.assertEqual(page.errors, [])

    def order(self, client):
        "Return the number of the new purchase"
        client.menu("采购", "采购订单")
        client.toolbar('new_')
        client.choose(client.field('party'), SUPPLIER)
        client.add_line('lines', [
                ('product', [PRODUCT]),
                ('quantity', '12'),
                ('unit_price', '8.5'),
                ])
        client.toolbar('save')
        model, id_, state = client.current('state')
        self.assertEqual((model, state), ('purchase.purchase', 'draft'))
        self.assertGreater(id_, 0)
        client.screenshot('purchase-draft')
        client.press('quote')
        self.assertEqual(client.current('state')[2], 'quotation')
        client.press('confirm')
        _, _, state, number, amount = client.current(
            'state', 'number', 'total_amount')
        self.assertEqual(state, 'processing')
        # 12 at 8.5 with 13 % of tax
        self.assertEqual(amount, '115.26')
        client.screenshot('purchase-confirmed')
        return number

    def find(self, client, number):
        "Find the purchase again by its number"
        client.close_tab()
        client.menu("采购", "采购订单")
        client.show("处理中")
        client.search(number)
        rows = client.rows()
        self.assertEqual(len(rows), 1)
        self.assertIn(number, rows[0])
        self.assertIn(SUPPLIER, rows[0])
        client.screenshot('purchase-found')

    def receive(self, client):
        "Receive the goods of the supplier into the stock"
        client.menu("库存", "出入库单", "采购入库单")
        client.toolbar('new_')
        client.choose(client.field('supplier'), SUPPLIER)
        client.add_existing('incoming_moves')
        client.toolbar('save')
        client.press('receive', sure=True)
        model, _, state = client.current('state')
        self.assertEqual((model, state), ('stock.shipment.in', 'done'))
        self.assertEqual(len(client.current('incoming_moves')[2]), 1)
        client.screenshot('shipment-done')
