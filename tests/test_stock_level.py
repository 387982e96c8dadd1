# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Stock levels of a company in which many work at the same time."""
import datetime as dt
import os
import random
import re
import subprocess
import sys
import threading
import time
from decimal import Decimal

from proteus import Model

from . import ROOT
from .attacks import AttackTestCase
from .sessions import JSONRPC, Refused
from .tools import PASSWORD, serve

BACKENDS = ['sqlite', 'postgresql']
ENGINE = ['test_command', 'test_hammer']
LANE = 'jxc'
# Of hammering
SECONDS = float(os.environ.get('TEST_HAMMER_SECONDS', 20))
# What the standard tells one who comes second
CONFLICTS = ['serialize', 'obtain lock', 'deadlock', '并发', 'concurrent']


class StockLevelTestCase(AttackTestCase):
    "Test the stock levels"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        get = Model.get
        cls.storage = cls.warehouse.storage_location
        cls.shelf = get('stock.location')(
            name="货架", type='storage', parent=cls.storage)
        cls.shelf.save()
        cls.customer, = get('stock.location').find(
            [('type', '=', 'customer')], limit=1)
        cls.products = [cls.product.id]
        for name in ["积木", "风筝"]:
            template = get('product.template')(name=name, type='goods')
            template.default_uom = cls.unit
            template.save()
            cls.products += [p.id for p in template.products]

    def test_refused(self):
        "Test nobody changes the levels or reads those of others"
        for model, values in [
                ('stock.level.entry', {
                        'company': self.company.id,
                        'product': self.product.id,
                        'location': self.storage.id,
                        'quantity': 1000., 'moves': 1}),
                ('stock.level', {'quantity': 1000.}),
                ('stock.level.difference', {'kept': 1., 'moved': 1.})]:
            for login in ['keeper', 'buyer']:
                with self.subTest(model=model, login=login):
                    session = self.connect(JSONRPC, login)
                    with self.assertRaises(Refused):
                        session.create(model, values)
        session = self.connect(JSONRPC, 'keeper')
        for model in ['stock.level.entry', 'stock.level.difference']:
            with self.assertRaises(Refused):
                session.search(model, [])
        self.assertIsInstance(session.search('stock.level', []), list)
        with self.assertRaises(Refused):
            session.call('stock.level.entry', 'compact')

    def test_command(self):
        "Test the command names what differs and corrects it"
        session = self.connect(JSONRPC, 'admin')
        for kind in ['receive', 'deliver', 'transfer', 'cancel']:
            self.work(session, random.Random(1), kind)
        self.assertEqual(self.run_command(), (0, "0 differences"))
        with self.database.connection() as connection:
            connection.execute(
                "UPDATE stock_level_entry SET quantity = quantity + 7 "
                "WHERE id = (SELECT MAX(id) FROM stock_level_entry)")
            connection.commit()
        code, text = self.run_command()
        self.assertEqual(code, 1)
        self.assertIn("≠", text)
        self.assertIn("1 differences", text)
        code, text = self.run_command('--correct')
        self.assertEqual(code, 1)
        self.assertIn("which are corrected", text)
        self.assertEqual(self.run_command(), (0, "0 differences"))
        self.assertEqual(
            len(Model.get('stock.level.difference').find([])), 1)

    def run_command(self, *options):
        result = subprocess.run([
                sys.executable, str(ROOT / 'scripts' / 'stock_level'),
                str(self.server.config_file), '--database',
                self.database.name, *options],
            stdin=subprocess.DEVNULL, capture_output=True, text=True)
        return result.returncode, (result.stdout + result.stderr).strip()

    def test_hammer(self):
        "Test many move the same products over two servers"
        if self.database.backend != 'postgresql':
            self.skipTest("SQLite has no two at the same time")
        with serve(self.database) as second:
            end = time.monotonic() + SECONDS
            counts, failures = [], []

            def hammer(session, seed):
                rng = random.Random(seed)
                count = 0
                while time.monotonic() < end and not failures:
                    try:
                        self.work(session, rng)
                        count += 1
                    except Refused as error:
                        if not any(c in str(error) for c in CONFLICTS):
                            failures.append(str(error))
                counts.append(count)

            threads = [
                threading.Thread(target=hammer, args=[
                        JSONRPC(server, 'admin', PASSWORD), i])
                for i, server in enumerate(
                    [self.server, second, self.server, second])]
            for thread in threads:
                thread.start()
            admin = self.connect(JSONRPC, 'admin')
            cron, = admin.search(
                'ir.cron', [['method', '=', 'stock.level.entry|compact']])
            while any(t.is_alive() for t in threads):
                admin.click('ir.cron', cron, 'run_once')
                time.sleep(1)
            for thread in threads:
                thread.join()
        self.assertEqual(failures, [])
        self.assertTrue(all(counts), msg=counts)
        self.assertEqual(self.run_command(), (0, "0 differences"))

    def work(self, session, rng, kind=None):
        "Do what a keeper does in the stock"
        kind = kind or rng.choice(
            ['receive', 'deliver', 'deliver', 'transfer', 'cancel'])
        from_, to = {
            'receive': (self.source, self.storage),
            'deliver': (self.storage, self.customer),
            'transfer': (self.storage, self.shelf),
            'cancel': (self.source, self.shelf),
            }[kind]
        date = dt.date.today() - dt.timedelta(rng.randint(0, 3))
        moves = [{
                'product': product,
                'unit': self.unit.id,
                'quantity': float(rng.randint(1, 5)),
                'from_location': from_.id,
                'to_location': to.id,
                'company': self.company.id,
                } for product in rng.sample(self.products, 2)]
        if kind != 'transfer':
            for values in moves:
                values['unit_price'] = Decimal(1)
                values['currency'] = self.company.currency.id
        if kind in {'receive', 'cancel'}:
            for values in moves:
                values['effective_date'] = date
            ids = session.call('stock.move', 'create', moves)
            self.confirm(session, 'stock.move', 'do', ids)
            if kind == 'cancel':
                session.call('stock.move', 'cancel', ids)
        elif kind == 'deliver':
            self.ship(session, 'stock.shipment.out', {
                    'customer': self.supplier.id,
                    'delivery_address': self.supplier.addresses[0].id,
                    'warehouse': self.warehouse.id,
                    'warehouse_storage': self.storage.id,
                    'warehouse_output': self.storage.id,
                    'company': self.company.id,
                    'effective_date': date,
                    'outgoing_moves': [('create', moves)],
                    }, ['wait', 'assign_force', 'pack', 'do'])
        else:
            self.ship(session, 'stock.shipment.internal', {
                    'from_location': from_.id,
                    'to_location': to.id,
                    'company': self.company.id,
                    'effective_date': date,
                    'moves': [('create', moves)],
                    }, ['wait', 'assign_force', 'do'])

    def ship(self, session, model, values, buttons):
        shipment = session.create(model, values)
        for button in buttons:
            self.confirm(session, model, button, [shipment])

    def confirm(self, session, model, method, ids):
        "Call the method and confirm its warning, as clients do"
        try:
            session.call(model, method, ids)
        except Refused as error:
            warning = re.search(r"UserWarning \['([^']+)'", str(error))
            if not warning:
                raise
            session.create('res.user.warning', {
                    'user': session._client.user, 'name': warning[1]})
            session.call(model, method, ids)
