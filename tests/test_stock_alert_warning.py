# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What the rules of alerts refuse, whatever is sent to a running server."""
import datetime as dt
from decimal import Decimal

from proteus import Model

from .attacks import READONLY, AttackTestCase
from .sessions import JSONRPC, XMLRPC, Refused

# What the protocols refuse does not depend on the engine
BACKENDS = ['sqlite']
LANE = 'jxc'
SALE, PURCHASE = 'sale.sale', 'purchase.purchase'
INTERNAL, RULE = 'stock.shipment.internal', 'stock.alert.rule'
# Of messages of the module
AVAILABLE, ON_HAND, MAXIMUM, WAY_OUT = (
    '超出可用库存', '超出现存量', '超出最高库存', '请修改单据')


class StockAlertWarningTestCase(AttackTestCase):
    "Test people who promise, take and order more than the rules allow"
    LOGINS = ['sales', 'warehouse_manager', 'purchase_manager']

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        get = Model.get
        template = cls.product.template
        template.salable = True
        template.save()
        with cls.admin.set_context(company=cls.company.id):
            cls.rules = {}
            for kind, threshold, action in [
                    ('forecast_negative', None, 'refuse'),
                    ('negative', None, 'refuse'),
                    ('above_maximum', 50, 'warn'),
                    ]:
                rule = get(RULE)(kind=kind)
                rule.threshold = threshold
                rule.on_document = action
                rule.save()
                cls.rules[kind] = rule
            move = get('stock.move')(
                product=cls.product, quantity=10, from_location=cls.found,
                to_location=cls.warehouse.storage_location)
            move.click('do')

    def state(self, model, id_):
        return Model.get(model, config=self.admin)(id_).state

    def order(self, session, model, quantity):
        "Return the id of a new order"
        return session.create(model, {
                'company': self.company.id,
                'party': self.supplier.id,
                'currency': self.company.currency.id,
                'warehouse': self.warehouse.id,
                'invoice_address': self.supplier.addresses[0].id,
                **({'shipment_address': self.supplier.addresses[0].id}
                    if model == SALE
                    else {'purchase_date': dt.date.today()}),
                'lines': [('create', [{
                                'type': 'line',
                                'product': self.product.id,
                                'quantity': quantity,
                                'unit': self.unit.id,
                                'unit_price': Decimal('8.5'),
                                }])],
                })

    def test_allowed(self):
        "Test what the rules allow"
        for protocol in self.protocols():
            sales = self.connect(protocol, 'sales')
            id_ = self.order(sales, SALE, 3.0)
            sales.click(SALE, id_, 'quote')
            self.assertEqual(self.state(SALE, id_), 'quotation')

    def test_sale(self):
        "Test nobody promises more than will be available"
        for protocol in self.protocols():
            # No context makes the rules silent
            sales = self.connect(
                protocol, 'sales', _skip_warnings=True, _check_access=False)
            id_ = self.order(sales, SALE, 11.0)
            with self.refused(f'{AVAILABLE}.*-1.*{WAY_OUT}'):
                sales.click(SALE, id_, 'quote')
            with self.refused(READONLY):
                self.write(sales, SALE, id_, {'state': 'quotation'})
            self.assertEqual(self.state(SALE, id_), 'draft')

    def test_several(self):
        "Test nothing is quoted together with what is refused"
        for protocol in [XMLRPC, JSONRPC]:
            with self.subTest(protocol=protocol.__name__):
                sales = self.connect(protocol, 'sales')
                ids = [self.order(sales, SALE, 6.0) for _ in range(2)]
                with self.refused(AVAILABLE):
                    sales.call(SALE, 'quote', ids)
                self.assertEqual(
                    {self.state(SALE, i) for i in ids}, {'draft'})

    def test_shipment(self):
        "Test nobody takes more than is there, by force neither"
        for protocol in self.protocols():
            keeper = self.connect(protocol, 'warehouse_manager')
            today = dt.date.today()
            id_ = keeper.create(INTERNAL, {
                    'company': self.company.id,
                    'from_location': self.warehouse.storage_location.id,
                    'to_location': self.found.id,
                    'planned_date': today,
                    'planned_start_date': today,
                    'moves': [('create', [{
                                    **self.move_values(),
                                    'quantity': 11.0,
                                    'from_location':
                                    self.warehouse.storage_location.id,
                                    'to_location': self.found.id,
                                    }])],
                    })
            for button in ['wait', 'assign_force']:
                keeper.click(INTERNAL, id_, button)
            with self.refused(f'{ON_HAND}.*-1.*{WAY_OUT}'):
                keeper.click(INTERNAL, id_, 'do')
            self.assertEqual(self.state(INTERNAL, id_), 'assigned')
            keeper.click(INTERNAL, id_, 'cancel')

    def test_warning(self):
        "Test nobody goes on without having seen the warning"
        for protocol in self.protocols():
            manager = self.connect(
                protocol, 'purchase_manager', _skip_warnings=True)
            id_ = self.order(manager, PURCHASE, 41.0)
            with self.refused(f'{MAXIMUM}.*51'):
                manager.click(PURCHASE, id_, 'quote')
            self.assertEqual(self.state(PURCHASE, id_), 'draft')

    def test_rule(self):
        "Test nobody lets a rule be silent who has not to care for them"
        rule = self.rules['forecast_negative'].id
        for protocol in self.protocols():
            sales = self.connect(protocol, 'sales')
            for values in [
                    {'on_document': 'none'}, {'active': False},
                    {'threshold': -99.0}]:
                with self.assertRaises(Refused):
                    self.write(sales, RULE, rule, values)
            with self.assertRaises(Refused):
                sales.delete(RULE, rule)
            with self.assertRaises(Refused):
                sales.create(RULE, {
                        'company': self.company.id,
                        'kind': 'forecast_negative',
                        'product': self.product.id,
                        'severity': 'info',
                        'on_document': 'none',
                        })
        self.assertEqual(
            [r.on_document for r in Model.get(RULE, config=self.admin).find(
                    [('kind', '=', 'forecast_negative')])],
            ['refuse'])
