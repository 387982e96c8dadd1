# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What documents are warned of and refused."""
import threading
import unittest
from decimal import Decimal
from unittest.mock import patch

from trytond import backend
from trytond.modules.stock_alert.tests.tools import with_store
from trytond.modules.stock_alert_trade.tests.tools import setup_trade
from trytond.modules.stock_alert_warning.exceptions import (
    StockAlertError, StockAlertWarning)
from trytond.pool import Pool
from trytond.tests.test_tryton import (
    DB_NAME, TestCase, activate_module, with_transaction)
from trytond.transaction import Transaction, TransactionError

from . import test_module


class DocumentTestCase(TestCase):
    "Test the rules on documents"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        case = test_module.StockAlertWarningTestCase
        activate_module([case.module, *case.extras])

    def order(self, store, model, party, lines, **values):
        "Return a draft order of products, quantities, units and prices"
        pool = Pool()
        Order = pool.get(model)
        Line = pool.get(f'{model.partition(".")[0]}.line')
        order = Order(
            company=store.company, party=party,
            currency=store.company.currency, warehouse=store.warehouse,
            invoice_address=party.addresses[0], **values)
        if model == 'sale.sale':
            order.shipment_address = party.addresses[0]
        order.lines = [
            Line(type='line', product=product, quantity=quantity, unit=unit,
                unit_price=Decimal(price))
            for product, quantity, unit, price in lines]
        order.save()
        return order

    def shipment(self, store, moves, model='stock.shipment.out'):
        "Return an assigned shipment of products, quantities and lots"
        pool = Pool()
        Move = pool.get('stock.move')
        Party = pool.get('party.party')
        Shipment = pool.get(model)
        if model == 'stock.shipment.out':
            customer = Party(name="Customer", addresses=[{}])
            customer.save()
            shipment = Shipment(
                company=store.company, warehouse=store.warehouse,
                customer=customer, delivery_address=customer.addresses[0])
            from_ = store.warehouse.output_location
            to = customer.customer_location
            shipment.on_change_warehouse()
            values = {
                'unit_price': Decimal(10),
                'currency': store.company.currency,
                }
        else:
            from_ = store.warehouse.storage_location
            to = store.second.storage_location
            shipment = Shipment(
                company=store.company, from_location=from_, to_location=to)
            values = {}
        shipment.moves = [
            Move(
                company=store.company, product=product, quantity=quantity,
                unit=store.kilogram, lot=lot, from_location=from_,
                to_location=to, **values)
            for product, quantity, lot in moves]
        shipment.save()
        Shipment.wait([shipment])
        Shipment.assign_force([shipment])
        return shipment

    def assertWarns(self, method, records, message, lines):
        with self.assertRaises(StockAlertWarning) as caught:
            method(records)
        self.assertIn(message, caught.exception.message)
        self.assertEqual(
            caught.exception.description.replace('\u202f', ' ').replace(
                '\xa0', ' ').split('\n'), lines)
        return caught.exception.name

    def assertRefuses(self, method, records, message):
        with self.assertRaises(StockAlertError) as caught:
            method(records)
        self.assertIn(message, caught.exception.message)
        return caught.exception.description

    def skip(self, name):
        Pool().get('res.user.warning').skip(name)

    def forget(self):
        "Forget what was confirmed, as at the end of a transaction"
        Warning = Pool().get('res.user.warning')
        Transaction().check_warnings.clear()
        Warning.delete(Warning.search([]))

    @with_transaction()
    def test_sale_available(self):
        "Sales of more than will be there, alone and together"
        with with_store(2) as store:
            Sale = Pool().get('sale.sale')
            party = setup_trade(store)
            product, other = store.products
            store.rule('forecast_negative', on_document='warn')
            store.rule(
                'forecast_below', 5, product=other, on_document='refuse')
            store.move(product, 10)
            store.move(other, 10)
            store.move(product, -3, state='draft')

            def sale(quantity, product=product, unit=store.kilogram):
                return self.order(
                    store, 'sale.sale', party,
                    [(product, quantity, unit, 20)])
            Sale.quote([sale(7)])
            beyond = sale(7500, unit=store.gram)
            key = self.assertWarns(
                Sale.quote, [beyond], "promises more than",
                ["[P0] Product 0: -0.50 kg (threshold: 0.00 kg)"])
            # Two of one call
            self.assertWarns(
                Sale.quote, [sale(4), sale(4)], "promises more than",
                ["[P0] Product 0: -1.00 kg (threshold: 0.00 kg)"])
            # What has changed is asked again
            self.skip(key)
            beyond.lines[0].quantity = 8000
            beyond.lines[0].save()
            self.assertNotEqual(key, self.assertWarns(
                    Sale.quote, [Sale(beyond.id)], "promises more than",
                    ["[P0] Product 0: -1.00 kg (threshold: 0.00 kg)"]))
            self.assertIn("4.5", self.assertRefuses(
                    Sale.quote, [sale(5.5, other)], "below the minimum"))
            # Confirmed but not planned yet
            first = sale(7)
            Sale.quote([first])
            Sale.confirm([first])
            second = sale(1)
            key = self.assertWarns(
                Sale.quote, [second], "promises more than",
                ["[P0] Product 0: -1.00 kg (threshold: 0.00 kg)"])
            self.skip(key)
            Sale.quote([second])
            self.assertEqual(second.state, 'quotation')
            # Returns bring
            Sale.quote([sale(-20)])
            # What happens by itself is not stopped
            with Transaction().set_context(_skip_warnings=True):
                Sale.quote([sale(100)])
            with Transaction().set_user(0):
                Sale.quote([sale(100, other)])

    @with_transaction()
    def test_sale_price(self):
        "Sales below the cost, in any unit, and what is bought for them"
        with with_store(1) as store:
            Sale = Pool().get('sale.sale')
            party = setup_trade(store)
            product, = store.products
            store.rule(
                'sale_price', 0, reference='cost_price', on_document='warn')
            store.rule('forecast_negative', on_document='refuse')
            product.template.supply_on_sale = 'always'
            product.template.save()
            sale = self.order(store, 'sale.sale', party, [
                    (product, 1, store.kilogram, '10'),
                    (product, 1000, store.gram, '0.009')])
            self.assertWarns(
                Sale.quote, [sale], "prices below",
                ["[P0] Product 0: -10.0 % (threshold: 0.0 %)"])

    @with_transaction()
    def test_sale_customer(self):
        "Sales to customers who owe too much, for too long"
        with with_store(1) as store:
            pool = Pool()
            Account = pool.get('account.account')
            Journal = pool.get('account.journal')
            Move = pool.get('account.move')
            Period = pool.get('account.period')
            Sale = pool.get('sale.sale')
            party = setup_trade(store)
            product, = store.products
            party.credit_limit_amount = Decimal(200)
            party.save()
            receivable, = Account.search([
                    ('type.receivable', '=', True),
                    ('closed', '!=', True),
                    ], limit=1)
            revenue, = Account.search([
                    ('type.revenue', '=', True),
                    ('closed', '!=', True),
                    ], limit=1)
            journal, = Journal.search([('type', '=', 'revenue')], limit=1)
            period = Period.find(store.company, date=store.today)
            Move.create([{
                        'period': period,
                        'journal': journal,
                        'date': period.start_date,
                        'lines': [('create', [{
                                        'account': receivable,
                                        'debit': Decimal(100),
                                        'party': party,
                                        'maturity_date': store.day(-40),
                                        }, {
                                        'account': revenue,
                                        'credit': Decimal(100),
                                        }])],
                        }])
            store.rule('credit_limit', 90, on_document='warn')
            store.rule('receivable_overdue', 50, on_document='refuse')

            def sale(quantity):
                return self.order(
                    store, 'sale.sale', party,
                    [(product, quantity, store.kilogram, 10)])
            Sale.quote([sale(7)])
            self.assertWarns(
                Sale.quote, [sale(8)], "uses up the credit",
                ["Party: 90.0 % (threshold: 90.0 %)"])
            self.assertWarns(
                Sale.quote, [sale(5), sale(6)], "uses up the credit",
                ["Party: 105.0 % (threshold: 90.0 %)"])
            rule, = store.Rule.search([('kind', '=', 'receivable_overdue')])
            rule.threshold = 30
            rule.save()
            self.assertIn("40", self.assertRefuses(
                    Sale.quote, [sale(1)], "does not pay"))

    @with_transaction()
    def test_purchase(self):
        "Purchases of too much, too dear, and once more"
        with with_store(2) as store:
            Purchase = Pool().get('purchase.purchase')
            party = setup_trade(store)
            product, other = store.products
            store.rule('above_maximum', 50, on_document='refuse')
            store.rule(
                'purchase_price', 10, reference='last_price',
                on_document='warn')
            store.rule('open_order', 5, on_document='warn')

            def purchase(quantity, price, product=product):
                return self.order(
                    store, 'purchase.purchase', party,
                    [(product, quantity, store.kilogram, price)])
            first = purchase(20, 10)
            Purchase.quote([first])
            Purchase.confirm([first])
            self.assertIn("51", self.assertRefuses(
                    Purchase.quote, [purchase(31, 10)], "the maximum"))
            second = purchase(30, 12)
            warnings = [
                ("still to come", [
                        "[P0] Product 0: 20.00 kg (threshold: 5.00 kg)"]),
                ("prices above", [
                        "[P0] Product 0: 20.0 % (threshold: 10.0 %)"])]
            for message, lines in warnings:
                self.skip(self.assertWarns(
                        Purchase.quote, [second], message, lines))
            Purchase.quote([second])
            Purchase.process([first])
            # Of the moves now
            self.forget()
            self.assertWarns(
                Purchase.confirm, [second], *warnings[0])
            Purchase.quote([purchase(10, 10, other)])
            # The scan finds the older one when there are two
            store.scan()
            self.assertFalse(store.open(kind='open_order'))
            with Transaction().set_context(_skip_warnings=True):
                Purchase.confirm([second])
            store.scan()
            alert, = store.open(kind='open_order')
            self.assertEqual((alert.product, alert.value), (product, 20))

    @with_transaction()
    def test_shipment(self):
        "Shipments that leave too little"
        with with_store(2) as store:
            pool = Pool()
            Shipment = pool.get('stock.shipment.out')
            Internal = pool.get('stock.shipment.internal')
            setup_trade(store)
            product, other = store.products
            store.rule('negative', on_document='refuse')
            store.rule(
                'below_minimum', 5, product=product, on_document='warn')
            store.move(product, 10)
            store.move(other, 10)
            shipment = self.shipment(
                store, [(product, 6, None), (other, 10, None)])
            key = self.assertWarns(
                Shipment.pick, [shipment], "below the minimum",
                ["[P0] Product 0: 4.00 kg (threshold: 5.00 kg)"])
            refused = self.shipment(store, [(other, 11, None)])
            self.assertRefuses(Shipment.pick, [refused], "more than is there")
            self.skip(key)
            Shipment.pick([shipment])
            self.assertEqual(shipment.state, 'picked')
            # Somebody else was faster
            store.move(other, -1)
            with Transaction().set_context(_skip_warnings=True):
                Shipment.pack([shipment])
            self.assertRefuses(Shipment.do, [shipment], "more than is there")
            internal = self.shipment(
                store, [(other, 10, None)], 'stock.shipment.internal')
            self.assertRefuses(
                Internal.do, [internal], "more than is there")

    @with_transaction()
    def test_shelf_life(self):
        "Deliveries from lots that end"
        with with_store(1) as store:
            pool = Pool()
            Lot = pool.get('stock.lot')
            Shipment = pool.get('stock.shipment.out')
            product, = store.products
            product.template.shelf_life_state = 'optional'
            product.template.save()
            store.rule('expiring', 5, on_document='warn')
            store.rule('expired', on_document='refuse')
            lots = [
                Lot(number=str(days), product=product,
                    shelf_life_expiration_date=store.day(days))
                for days in [-3, 5, 6]]
            Lot.save(lots)
            for lot in lots:
                store.move(product, 10, lot=lot, days=-4)
            old, soon, later = lots
            Shipment.pick([self.shipment(store, [(product, 1, later)])])
            self.assertWarns(
                Shipment.pick, [self.shipment(store, [
                            (product, 1, soon), (product, 1, later)])],
                "about to end", ["[P0] Product 0 / 5: 5 d (threshold: 5 d)"])
            self.assertIn("3", self.assertRefuses(
                    Shipment.pick,
                    [self.shipment(store, [(product, 1, old)])], "expired"))

    @with_transaction()
    def test_statements(self):
        "The same statements for one line as for many"
        with with_store(6) as store:
            Sale = Pool().get('sale.sale')
            party = setup_trade(store)
            for kind in ['forecast_negative', 'forecast_below']:
                store.rule(
                    kind, 0 if kind == 'forecast_below' else None,
                    on_document='warn')
            for product in store.products:
                store.move(product, 10)

            def count(products, sales):
                sales = [
                    self.order(store, 'sale.sale', party, [
                            (p, 1, store.kilogram, 20) for p in products])
                    for _ in range(sales)]
                Transaction().cache.clear()
                with patch.object(
                        Transaction().connection, 'cursor',
                        wraps=Transaction().connection.cursor) as cursor:
                    Sale.check_alert_rules(Sale.browse(sales))
                return cursor.call_count
            count(store.products[:1], 1)
            self.assertEqual(
                count(store.products[:1], 1), count(store.products, 3))

    @with_transaction()
    def test_silent(self):
        "The most specific rule decides, also that nothing happens"
        with with_store(2) as store:
            Sale = Pool().get('sale.sale')
            party = setup_trade(store)
            product, other = store.products
            store.rule('forecast_negative', on_document='warn')
            store.rule('forecast_negative', product=product)
            sale = self.order(store, 'sale.sale', party, [
                    (product, 1, store.kilogram, 20)])
            Sale.quote([sale])
            self.assertEqual(sale.state, 'quotation')

    @unittest.skipIf(
        backend.name == 'sqlite', "SQLite lets one write at a time")
    def test_two_sales(self):
        "Of two sales at once one gets the last goods, or the last credit"
        @with_transaction()
        def prepare():
            with with_store(2) as store:
                Sale = Pool().get('sale.sale')
                store.rule('forecast_negative', on_document='refuse')
                store.rule('credit_limit', 50, on_document='refuse')
                party = setup_trade(store)
                customer, = party.__class__.copy([party])
                customer.credit_limit_amount = Decimal(400)
                customer.save()
                pairs = []
                for product, quantity, party in zip(
                        store.products, [10, 100], [party, customer]):
                    store.move(product, quantity)
                    sales = [
                        self.order(store, 'sale.sale', party, [
                                (product, 7, store.kilogram, 20)])
                        for _ in range(2)]
                    for sale in sales:
                        Sale.quote([sale])
                    pairs.append([s.id for s in sales])
                Transaction().commit()
                return pairs, {'company': store.company.id}
        pairs, context = prepare()
        for sales in pairs:
            with self.subTest(sales=sales):
                self.assertEqual(self.confirm_at_once(sales, context), 1)
                with Transaction().start(DB_NAME, 1):
                    Sale = Pool().get('sale.sale')
                    self.assertEqual(
                        sorted(s.state for s in Sale.browse(sales)),
                        ['confirmed', 'quotation'])

    def confirm_at_once(self, sales, context):
        "Return how many of the sales are refused when confirmed at once"
        barrier = threading.Barrier(len(sales))
        refused = []

        def confirm(id_):
            extras, looked = {}, False
            while True:
                try:
                    with Transaction().start(
                            DB_NAME, 1, context=context,
                            **extras) as transaction:
                        Sale = Pool().get('sale.sale')
                        sale = Sale(id_)
                        self.assertEqual(sale.state, 'quotation')
                        if not looked:
                            # Both before one goes on
                            looked = True
                            barrier.wait()
                        Sale.confirm([sale])
                        transaction.commit()
                        return
                except StockAlertError as error:
                    refused.append(error)
                    return
                # As the server does
                except TransactionError as error:
                    error.fix(extras)
                except backend.DatabaseOperationalError:
                    pass
        threads = [
            threading.Thread(target=confirm, args=(id_,)) for id_ in sales]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return len(refused)
