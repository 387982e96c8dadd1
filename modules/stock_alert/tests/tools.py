# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""A company with products, warehouses and what is moved."""
import datetime as dt
from contextlib import contextmanager
from decimal import Decimal

from trytond.modules.company.tests import create_company, set_company
from trytond.pool import Pool
from trytond.transaction import Transaction


@contextmanager
def with_store(products=1):
    """Work for a company that has a store.

    :param products: how many there are
    """
    company = create_company()
    with set_company(company):
        yield Store(company, products)


class Store:
    "Two warehouses and some products by weight, with nothing in them"

    def __init__(self, company, products):
        pool = Pool()
        Location = pool.get('stock.location')
        Template = pool.get('product.template')
        Product = pool.get('product.product')
        Category = pool.get('product.category')
        Uom = pool.get('product.uom')
        self.Alert = pool.get('stock.alert')
        self.Event = pool.get('stock.alert.event')
        self.Move = pool.get('stock.move')
        self.Rule = pool.get('stock.alert.rule')
        self.Scan = pool.get('stock.alert.scan')
        self.company = company
        self.today = pool.get('ir.date').today()
        self.unit, self.kilogram, self.gram = (
            Uom.search([('name', '=', name)])[0]
            for name in ["Unit", "Kilogram", "Gram"])
        self.food = Category(name="Food")
        self.food.save()
        self.noodles = Category(name="Noodles", parent=self.food)
        self.noodles.save()
        self.products = []
        for i in range(products):
            template = Template(
                name=f"Product {i}", type='goods', default_uom=self.kilogram,
                list_price=Decimal(20), products=[Product(
                        suffix_code=f'P{i}', cost_price=Decimal(10))])
            template.save()
            self.products += template.products
        self.warehouse, = Location.search([('type', '=', 'warehouse')])
        self.second, = Location.copy([self.warehouse])
        Location.write([self.second], {'name': "Second"})
        self.supplier, self.customer, self.lost = (
            Location.search([('type', '=', type_)], limit=1)[0]
            for type_ in ['supplier', 'customer', 'lost_found'])

    def day(self, days):
        return self.today + dt.timedelta(days=days)

    def rule(self, kind, threshold=None, **values):
        rule = self.Rule(
            kind=kind, company=self.company, threshold=threshold, **values)
        rule.save()
        return rule

    def move(
            self, product, quantity, warehouse=None, days=0, state='done',
            places=None, **values):
        """Bring goods into the warehouse, or out of it if negative.

        :param days: from today, when it is or was done
        :param places: other locations to move from and to
        """
        storage = (warehouse or self.warehouse).storage_location
        from_, to = places or (
            (self.supplier, storage) if quantity > 0
            else (storage, self.customer))
        name = 'effective_date' if state == 'done' else 'planned_date'
        if not places:
            values['currency'] = self.company.currency
            values['unit_price'] = Decimal(10)
        move = self.Move(
            product=product, unit=product.default_uom,
            quantity=abs(quantity), from_location=from_, to_location=to,
            company=self.company, **{name: self.day(days)}, **values)
        move.save()
        if state == 'done':
            with Transaction().set_context(_skip_warnings=True):
                self.Move.do([move])
        return move

    def run_queue(self):
        "Do what the queue would do with what was moved"
        for manager in Transaction()._datamanagers:
            if hasattr(manager, 'push') and manager.products:
                products = sorted(manager.products)
                subjects = sorted(manager.subjects)
                manager.clear()
                Product = Pool().get('product.product')
                Product.scan_stock_alerts(
                    Product.browse(products), subjects)
        Transaction().cache.clear()

    def user(self, name, *groups, **values):
        """Return a new user who works for the company.

        :param groups: like 'stock_alert.group_alert'
        """
        pool = Pool()
        ModelData = pool.get('ir.model.data')
        User = pool.get('res.user')
        user = User(
            name=name, login=name, email=f'{name}@example.com',
            companies=[self.company], company=self.company,
            groups=[ModelData.get_id(*g.split('.')) for g in groups],
            **values)
        user.save()
        return user

    def scan(self):
        self.Alert.scan()
        Transaction().cache.clear()

    def open(self, **values):
        "Return the unresolved alerts"
        return self.Alert.search([
                ('state', '!=', 'resolved'),
                *[(n, '=', v) for n, v in values.items()]],
            order=[('id', 'ASC')])

    def facts(self):
        "Return what is alerted: rule, subject, warehouse, value, severity"
        return sorted(
            (a.rule.id, str(a.subject),
                a.warehouse.id if a.warehouse else None,
                round(a.value, 3), a.severity)
            for a in self.open())


class KindTestMixin:
    "Test what kinds of alerts find"

    def assertAlerts(self, store, kind, expected):
        "Check subject, warehouse, value and severity of the open alerts"
        store.scan()
        found = store.open(kind=kind)
        self.assertCountEqual(
            [(str(a.subject), a.warehouse, round(a.value, 2), a.severity)
                for a in found],
            [(str(s), w, v, severity) for s, w, v, severity in expected])
        return found
