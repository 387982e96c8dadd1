# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Prices and customers that are alerted, and who may see it."""
import datetime as dt
from decimal import Decimal

from trytond.model.exceptions import AccessError
from trytond.modules.stock_alert.exceptions import RuleValidationError
from trytond.modules.stock_alert.tests.tools import KindTestMixin, with_store
from trytond.modules.stock_alert_trade.tests.tools import setup_trade
from trytond.pool import Pool
from trytond.tests.test_tryton import (
    TestCase, activate_module, with_transaction)
from trytond.transaction import Transaction, check_access

from . import test_module


class TradeTestCase(KindTestMixin, TestCase):
    "Test the kinds of alerts of orders and debts"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        case = test_module.StockAlertTradeTestCase
        activate_module([case.module, *case.extras])

    def order(self, store, model, *lines, state='processing', days=0,
            currency=None, party=None, **values):
        "Make a purchase or a sale of lines of product, quantity and price"
        pool = Pool()
        Party = pool.get('party.party')
        Order = pool.get(f'{model}.{model}')
        Line = pool.get(f'{model}.line')
        if not party:
            party = Party(name="Party", addresses=[{}])
            party.save()
        order = Order(
            company=store.company, party=party,
            warehouse=store.warehouse, invoice_address=party.addresses[0],
            currency=currency or store.company.currency,
            lines=[Line(
                    product=product, quantity=quantity, unit=unit,
                    unit_price=Decimal(price))
                for product, quantity, unit, price in lines],
            **{f'{model}_date': store.day(days)}, **values)
        order.save()
        Order.write([order], {'state': state})
        return order.lines

    @with_transaction()
    def test_price(self):
        "Prices unlike the last one, the average, the cost, the list price"
        with with_store(2) as store:
            setup_trade(store)
            product, other = store.products
            kg, g = store.kilogram, store.gram
            self.order(
                store, 'purchase', (product, 30, kg, 10), (other, 1, kg, 10),
                state='done', days=-20)
            self.order(
                store, 'purchase', (product, 10, kg, 14),
                state='done', days=-10)
            store.rule(
                'purchase_price', 10, reference='last_price', product=other)
            store.rule(
                'purchase_price', 10, reference='average_price', period=30,
                critical_threshold=50)
            fine, above, other_above = self.order(
                store, 'purchase', (product, 1, kg, 12),
                (product, 1000, g, '0.0143'), (other, 1, kg, 12))
            self.assertAlerts(store, 'purchase_price', [
                    # The average of 30 for 10, 10 for 14 and 1 for 12
                    (above, store.warehouse, 29.71, 'warning'),
                    (other_above, store.warehouse, 20, 'warning')])
            store.rule('sale_price', 0, reference='cost_price')
            store.rule(
                'sale_price', -20, reference='list_price', product=other,
                critical_threshold=-40)
            below, good, discount = self.order(
                store, 'sale', (product, 1, kg, 9), (product, 1, kg, 10),
                (other, 1, kg, 12))
            alerts = self.assertAlerts(store, 'sale_price', [
                    (below, store.warehouse, -10, 'warning'),
                    (discount, store.warehouse, -40, 'critical')])
            self.assertEqual(
                {a.product for a in alerts}, {product, other})
            Pool().get('sale.sale').write([below.sale], {'state': 'done'})
            self.assertAlerts(store, 'sale_price', [])

    @with_transaction()
    def test_receivable(self):
        "Customers who are late, or near to their limit"
        with with_store(1) as store:
            pool = Pool()
            Account = pool.get('account.account')
            Move = pool.get('account.move')
            Journal = pool.get('account.journal')
            Party = pool.get('party.party')
            Period = pool.get('account.period')
            setup_trade(store)
            period = Period.find(store.company, date=store.today)
            receivable, = Account.search([
                    ('type.receivable', '=', True),
                    ('party_required', '=', True),
                    ('closed', '!=', True),
                    ('company', '=', store.company.id)], limit=1)
            revenue, = Account.search([
                    ('type.revenue', '=', True),
                    ('closed', '!=', True),
                    ('code', '!=', '4.1.0'),
                    ('company', '=', store.company.id)], limit=1)
            journal, = Journal.search([('code', '=', 'REV')])
            late, small, good = (
                Party(name=name, credit_limit_amount=limit)
                for name, limit in [
                    ("Late", Decimal(1000)), ("Small", None),
                    ("Good", Decimal(500))])
            Party.save([late, small, good])
            for party, amount, days in [
                    (late, 400, -40), (late, 300, -3), (small, 20, -90),
                    (good, 450, 10)]:
                move = Move(
                    period=period, journal=journal, date=store.today,
                    company=store.company, lines=[
                        {'account': receivable.id, 'party': party.id,
                            'debit': Decimal(amount), 'credit': Decimal(0),
                            'maturity_date': store.day(days)},
                        {'account': revenue.id, 'debit': Decimal(0),
                            'credit': Decimal(amount)}])
                move.save()
            store.rule(
                'receivable_overdue', 30, minimum_value=Decimal(100),
                critical_threshold=60)
            store.rule('credit_limit', 80, critical_threshold=100)
            self.assertAlerts(store, 'receivable_overdue', [
                    (late, None, 40, 'warning')])
            alert, = self.assertAlerts(store, 'credit_limit', [
                    (good, None, 90, 'warning')])
            self.assertEqual(
                store.Alert.search([('rec_name', 'ilike', '%good%')]),
                [alert])

    @with_transaction()
    def test_open_sales(self):
        "What is sold and not invoiced uses up the credit, as the check says"
        with with_store(1) as store:
            pool = Pool()
            Currency = pool.get('currency.currency')
            Invoice = pool.get('account.invoice')
            Move = pool.get('stock.move')
            Party = pool.get('party.party')
            Sale = pool.get('sale.sale')
            setup_trade(store)
            product, = store.products
            kg, g = store.kilogram, store.gram
            euro = Currency(
                name="Euro", symbol="€", code='EUR',
                rates=[{'date': store.day(-9), 'rate': Decimal('0.5')}])
            euro.save()
            expected = {}

            def sell(used, *lines, steps=('quote', 'confirm', 'process'),
                    **values):
                "Sell to somebody with a credit of 1000"
                party = Party(
                    name=f"Uses {used}", addresses=[{}],
                    credit_limit_amount=Decimal(1000))
                party.save()
                expected[party] = used
                sale = self.order(
                    store, 'sale', *lines, state='draft', party=party,
                    shipment_address=party.addresses[0], **values)[0].sale
                for step in steps:
                    getattr(Sale, step)([sale])
                return Sale(sale.id)
            sell(200, (product, 10, kg, 20))
            sell(100, (product, 5000, g, '0.02'), steps=['quote', 'confirm'])
            sell(0, (product, 10, kg, 20), steps=['quote'])
            sell(400, (product, 10, kg, 20), currency=euro)
            # What comes back gives no credit before it is invoiced
            sell(200, (product, 10, kg, 20), (product, -5, kg, 20))

            # Six of eleven are a debt, the others still to be invoiced
            sale = sell(220, (product, 11, kg, 20))
            invoice, = sale.invoices
            invoice.invoice_date = store.today
            invoice.lines[0].quantity = 6
            invoice.lines = invoice.lines
            invoice.save()
            Invoice.post([invoice])
            # Nobody will invoice it
            sale = sell(0, (product, 7, kg, 20))
            Invoice.cancel(sale.invoices)
            sale.invoices_ignored = sale.invoices
            sale.save()
            # Nobody will deliver three of eight
            sale = sell(
                100, (product, 5, kg, 20), (product, 3, kg, 20),
                invoice_method='fulfillment')
            line = sale.lines[1]
            Move.cancel(line.moves)
            line.moves_ignored = line.moves
            line.save()

            store.rule('credit_limit', 0.1)
            self.assertAlerts(store, 'credit_limit', [
                    (party, None, used / 10, 'warning')
                    for party, used in expected.items() if used])
            self.assertEqual(
                {p: p.credit_amount for p in Party.browse(expected)},
                expected)

    @with_transaction()
    def test_wrong_rules(self):
        "Rules without the price of reference, or with another's"
        with with_store(1) as store:
            for kind, values in [
                    ('sale_price', {}),
                    ('sale_price', {'reference': 'last_price'}),
                    ('purchase_price', {'reference': 'average_price'}),
                    ('below_minimum', {'reference': 'cost_price'}),
                    ]:
                with self.subTest(kind=kind, values=values):
                    with self.assertRaises(RuleValidationError):
                        store.rule(kind, 0, **values)

    @with_transaction()
    def test_access(self):
        "Prices and debts are for those who buy, sell or account"
        with with_store(1) as store:
            party = Pool().get('party.party')(name="Customer")
            party.save()
            alerts = {}
            for kind, values in [
                    ('below_minimum', {}),
                    ('purchase_price', {'reference': 'last_price'}),
                    ('sale_price', {'reference': 'cost_price'}),
                    ('receivable_overdue', {}),
                    ('credit_limit', {}),
                    ]:
                alerts[kind] = store.Alert(
                    company=store.company, kind=kind, value=0, threshold=1,
                    rule=store.rule(kind, 1, **values), subject=party,
                    severity='warning', state='open', open_key=kind,
                    opened_at=dt.datetime.now())
                alerts[kind].save()
            alerted = 'stock_alert.group_alert'
            for groups, kinds in [
                    ([], []),
                    (['purchase.group_purchase'], ['purchase_price']),
                    (['sale.group_sale'], ['sale_price']),
                    (['purchase.group_purchase', 'sale.group_sale'],
                        ['purchase_price', 'sale_price']),
                    (['account.group_account'],
                        ['receivable_overdue', 'credit_limit']),
                    ]:
                user = store.user(
                    ' '.join(['user', *groups]), alerted, *groups)
                with self.subTest(groups=groups), Transaction().set_user(
                        user.id), check_access():
                    self.assertCountEqual(
                        [a.kind for a in store.Alert.search([])],
                        ['below_minimum', *kinds])
                    if 'sale_price' not in kinds:
                        with self.assertRaises(AccessError):
                            store.Alert.acknowledge_wizard(
                                [alerts['sale_price']])
