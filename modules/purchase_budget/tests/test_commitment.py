# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""The ledger is what the documents say, whatever happens to them."""
import datetime as dt
import unittest
from collections import defaultdict
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from trytond.cache import Cache
from trytond.exceptions import UserError
from trytond.model.exceptions import ValidationError
from trytond.modules.account.tests import create_chart, get_fiscalyear
from trytond.modules.account_invoice.tests import set_invoice_sequences
from trytond.modules.company.tests import create_company, set_company
from trytond.modules.purchase_budget.figures import spread
from trytond.pool import Pool
from trytond.tests.test_tryton import activate_module, with_transaction
from trytond.transaction import Transaction

TODAY = dt.date.today()

# What happens to documents, each with numbers that choose which and how much
OPERATIONS = [
    'ask', 'wait', 'approve', 'reject', 'draft', 'cancel', 'request',
    'delete_request', 'order', 'direct', 'quote', 'confirm', 'quote_confirm',
    'cancel_order', 'draft_order', 'give_up', 'reprice', 'receive',
    'receive', 'refuse_rest', 'post', 'post', 'cancel_invoice', 'return',
    ]
operations = st.lists(
    st.tuples(
        st.sampled_from(OPERATIONS), st.integers(0, 11), st.integers(1, 12),
        st.decimals('0.01', '20', places=2)),
    min_size=4, max_size=12)
# With what each example begins: documents at every step of the chain
BEGINNING = [
    ('ask', 0, 6, Decimal('7.77')),
    ('ask', 1, 5, Decimal(0)),
    ('ask', 2, 4, Decimal('3.01')),
    ('ask', 4, 9, Decimal('2.10')),
    *[('wait', 0, 1, 0)] * 3,
    *[('approve', 0, 1, 0)] * 2,
    ('order', 0, 1, Decimal('8.13')),
    ('direct', 0, 12, Decimal('1.37')),
    ('direct', 1, 7, Decimal('9.99')),
    *[('quote_confirm', 0, 1, 0)] * 2,
    ('quote', 0, 1, 0),
    ('receive', 0, 3, 0),
    ('receive', 2, 2, 0),
    ('post', 0, 1, 0),
    ]


class Company:
    "A company with a budget, and what people do in it"

    def __init__(self):
        pool = Pool()
        self.pool = pool
        self.company = create_company()
        with set_company(self.company):
            create_chart(self.company)
            fiscalyear = set_invoice_sequences(get_fiscalyear(self.company))
            fiscalyear.save()
            self.get('account.fiscalyear').create_period([fiscalyear])
            self._set_up()

    def get(self, name, type='model'):
        return self.pool.get(name, type=type)

    def _set_up(self):
        Account = self.get('account.account')
        Category = self.get('product.category')
        Currency = self.get('currency.currency')
        Party = self.get('party.party')
        Template = self.get('product.template')
        Uom = self.get('product.uom')
        expense, = Account.search([
                ('type.expense', '=', True),
                ('company', '=', self.company.id)], limit=1)
        payable, = Account.search([
                ('type.payable', '=', True),
                ('party_required', '=', True),
                ('company', '=', self.company.id)], limit=1)
        accounting = Category(
            name="Account", accounting=True, account_expense=expense)
        accounting.save()
        categories = [Category(name="One"), Category(name="Two")]
        Category.save(categories)
        unit, = Uom.search([('name', '=', "Unit")])
        dozen = Uom(
            name="Dozen", symbol="dz", category=unit.category, factor=12,
            rate=round(1 / 12, 12), digits=4, rounding=0.0001)
        dozen.save()
        self.units = [unit, dozen]
        self.products = []
        for category in [*categories, None]:
            template = Template(
                name="Product", type='goods', default_uom=unit,
                purchase_uom=unit, purchasable=True, products=None,
                account_category=accounting)
            template.categories = [category] if category else []
            template.products = [self.get('product.product')()]
            template.save()
            product, = template.products
            product.cost_price = Decimal('3.3333')
            product.save()
            self.products.append(product)
        self.party = Party(name="Party")
        self.party.addresses = [self.get('party.address')()]
        self.party.account_payable = payable
        self.party.save()
        self.employee = self.get('company.employee')(
            party=Party.create([{'name': "Employee"}])[0],
            company=self.company)
        self.employee.save()
        self.currencies = [self.company.currency, Currency(
                name="Other", symbol="o", code="OTH",
                rates=[{'date': dt.date.min, 'rate': Decimal('1.237')}])]
        self.currencies[1].save()
        Budget = self.get('purchase.budget')
        budget, = Budget.create([{
                    'name': "Budget",
                    'company': self.company.id,
                    'start_date': TODAY.replace(month=1, day=1),
                    'end_date': TODAY.replace(month=12, day=31),
                    'lines': [('create', [{
                                    'category': c.id if c else None,
                                    'amount': Decimal(1000),
                                    } for c in [*categories, None]])],
                    }])
        Budget.run([budget])
        self.lines = budget.lines

    def pick(self, name, number, domain):
        "Return a record of the model or None"
        records = self.get(name).search(domain, order=[('id', 'ASC')])
        return records[number % len(records)] if records else None

    def do(self, name, *args):
        with Transaction().set_context(_skip_warnings=True):
            getattr(self, f'do_{name}')(*args)

    def press(self, model, button, number, states):
        Model = self.get(model)
        record = self.pick(model, number, [('state', 'in', states)])
        if record:
            getattr(Model, button)([record])
            if button in {'approve', 'confirm'}:
                # What is left to the queue
                Model.process([record])

    def do_ask(self, n, quantity, price):
        self.get('purchase.requisition').create([{
                    'company': self.company.id,
                    'employee': self.employee.id,
                    'supply_date': TODAY,
                    'warehouse': self.get(
                        'stock.location').get_default_warehouse(),
                    'currency': self.currencies[n % 2].id,
                    'lines': [('create', [{
                                    'product': p.id,
                                    'quantity': quantity + i,
                                    'unit': self.units[i].id,
                                    'unit_price': price or None,
                                    } for i, p in enumerate([
                                            self.products[n % 3],
                                            self.products[quantity % 3]])])],
                    }])

    def do_wait(self, n, quantity, price):
        self.press('purchase.requisition', 'wait', n, ['draft'])

    def do_approve(self, n, quantity, price):
        self.press('purchase.requisition', 'approve', n, ['waiting'])

    def do_reject(self, n, quantity, price):
        self.press('purchase.requisition', 'reject', n, ['waiting'])

    def do_draft(self, n, quantity, price):
        self.press('purchase.requisition', 'draft', n, [
                'cancelled', 'waiting', 'approved', 'rejected'])

    def do_cancel(self, n, quantity, price):
        self.press('purchase.requisition', 'cancel', n, ['draft'])

    def do_order(self, n, quantity, price):
        Request = self.get('purchase.request')
        requests = {
            self.pick('purchase.request', n + i, [
                    ('purchase_line', '=', None)])
            for i in range(quantity % 3 + 1)} - {None}
        if not requests:
            return
        Request.write(list(requests), {'party': self.party.id})
        Wizard = self.get('purchase.request.create_purchase', type='wizard')
        session, _, _ = Wizard.create()
        with Transaction().set_context(
                active_model='purchase.request',
                active_ids=sorted(r.id for r in requests),
                active_id=min(r.id for r in requests)):
            Wizard.execute(session, {}, 'start')
        Line = self.get('purchase.line')
        for request in Request.browse(requests):
            if request.purchase_line.unit_price is None:
                Line.write([request.purchase_line], {'unit_price': price})

    def do_direct(self, n, quantity, price):
        self.get('purchase.purchase').create([{
                    'company': self.company.id,
                    'party': self.party.id,
                    'invoice_address': self.party.addresses[0].id,
                    'currency': self.currencies[quantity % 2].id,
                    'purchase_date': TODAY,
                    'warehouse': self.get(
                        'stock.location').get_default_warehouse(),
                    'invoice_method': 'order' if quantity % 3 else (
                        'fulfillment'),
                    'lines': [('create', [{
                                    'product': self.products[n % 3].id,
                                    'quantity': quantity,
                                    'unit': self.units[n % 2].id,
                                    'unit_price': price,
                                    }])],
                    }])

    def do_request(self, n, quantity, price):
        request = self.pick(
            'purchase.request', n, [('purchase_line', '=', None)])
        if request:
            self.get('purchase.request').write(
                [request], {'quantity': quantity})

    def do_delete_request(self, n, quantity, price):
        request = self.pick(
            'purchase.request', n, [('purchase_line', '=', None)])
        if request:
            self.get('purchase.request').delete([request])

    def do_give_up(self, n, quantity, price):
        request = self.pick(
            'purchase.request', n, [('state', '=', 'exception')])
        if request:
            Request = self.get('purchase.request')
            request.exception_ignored = True
            Request.save([request])
            Request.update_state([request])

    def do_quote(self, n, quantity, price):
        self.press('purchase.purchase', 'quote', n, ['draft'])

    def do_confirm(self, n, quantity, price):
        self.press('purchase.purchase', 'confirm', n, ['quotation'])

    def do_quote_confirm(self, n, quantity, price):
        self.do_quote(n, quantity, price)
        self.do_confirm(n, quantity, price)

    def do_cancel_order(self, n, quantity, price):
        self.press(
            'purchase.purchase', 'cancel', n, ['draft', 'quotation'])

    def do_draft_order(self, n, quantity, price):
        self.press('purchase.purchase', 'draft', n, [
                'cancelled', 'quotation', 'confirmed'])

    def do_reprice(self, n, quantity, price):
        line = self.pick('purchase.line', n, [
                ('purchase.state', 'in', ['quotation', 'processing'])])
        if line:
            self.get('purchase.line').write([line], {'unit_price': price})

    def do_receive(self, n, quantity, price):
        Move = self.get('stock.move')
        move = self.pick('stock.move', n, [
                ('state', '=', 'draft'),
                ('origin', 'like', 'purchase.line,%'),
                ('from_location.type', '=', 'supplier'),
                ])
        if move:
            line = move.origin
            if move.quantity > quantity:
                move.quantity = quantity
                move.save()
            # As a shipment does, which the order is not told of by a move
            move.effective_date = TODAY
            move.save()
            Move.do([move])
            self.get('purchase.purchase').process([line.purchase])

    def do_refuse_rest(self, n, quantity, price):
        Move = self.get('stock.move')
        move = self.pick('stock.move', n, [
                ('state', '=', 'draft'),
                ('origin', 'like', 'purchase.line,%'),
                ])
        if move:
            line = move.origin
            Move.cancel([move])
            self.get('purchase.line').write(
                [line], {'moves_ignored': [('add', [move.id])]})
            self.get('purchase.purchase').process([line.purchase])

    def do_post(self, n, quantity, price):
        Invoice = self.get('account.invoice')
        invoice = self.pick('account.invoice', n, [('state', '=', 'draft')])
        if invoice:
            Invoice.write([invoice], {'invoice_date': TODAY})
            Invoice.post([invoice])

    def do_cancel_invoice(self, n, quantity, price):
        Invoice = self.get('account.invoice')
        Purchase = self.get('purchase.purchase')
        invoice = self.pick(
            'account.invoice', n, [('state', 'in', ['draft', 'posted'])])
        if invoice:
            purchases = list(invoice.purchases)
            Invoice.cancel([invoice])
            for purchase in purchases:
                Purchase.write([purchase], {
                        'invoices_ignored' if n % 2
                        else 'invoices_recreated': [('add', [invoice.id])]})
            Purchase.process(purchases)

    def do_return(self, n, quantity, price):
        Purchase = self.get('purchase.purchase')
        purchase = self.pick('purchase.purchase', n, [
                ('state', '=', 'processing'), ('origin', '=', None)])
        if purchase:
            return_, = Purchase.copy([purchase], default={
                    'origin': str(purchase),
                    'lines.quantity': -quantity,
                    })
            Purchase.quote([return_])
            Purchase.confirm([return_])


class CommitmentTestCase(unittest.TestCase):
    "Test the commitments"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        activate_module('purchase_budget')

    @with_transaction()
    def test_documents(self):
        "Test the ledger is what the documents say"
        company = Company()
        cursor = Transaction().connection.cursor()

        @settings(max_examples=8, deadline=None)
        @given(operations)
        def test(steps):
            cursor.execute('SAVEPOINT example')
            try:
                for step in steps:
                    cursor.execute('SAVEPOINT step')
                    try:
                        company.do(*step)
                    except ValidationError:
                        raise
                    except UserError:
                        self.take_back('step')
                    self.check(company)
            finally:
                self.take_back('example')

        with set_company(company.company):
            for step in BEGINNING:
                company.do(*step)
                self.check(company)
            test()

    @staticmethod
    def take_back(savepoint):
        "Undo what was done since"
        transaction = Transaction()
        transaction.connection.cursor().execute(
            f'ROLLBACK TO SAVEPOINT {savepoint}')
        transaction.counter += 1
        transaction.cache.clear()
        Cache.clear_all()

    def check(self, company):
        pool = Pool()
        Commitment = pool.get('purchase.budget.commitment')
        Line = pool.get('purchase.budget.line')
        self.assertEqual(Commitment.get_differences(), [])
        self.assertEqual(Commitment.get_sum_differences(), [])
        # Counted once more, document by document
        used = defaultdict(Decimal)
        for line, amount in self.expected(company):
            used[line] += amount
        for line in Line.browse(company.lines):
            self.assertEqual(line.available, line.amount - used[line.id])

    def expected(self, company):
        "Yield budget line and amount of each document by plain reading"
        pool = Pool()
        Currency = pool.get('currency.currency')
        home = company.company.currency
        for line in pool.get('purchase.requisition.line').search([
                    ('requisition.state', 'in',
                        ['waiting', 'approved', 'processing']),
                    ('budget_line', '!=', None)]):
            if not line.purchase_requests:
                yield line.budget_line.id, line.budget_amount
        for request in pool.get('purchase.request').search([]):
            line, purchase = request.origin, request.purchase
            if not line.budget_line or (purchase and (
                        purchase.state not in {'draft', 'cancelled'}
                        or (purchase.state == 'cancelled'
                            and request.exception_ignored))):
                continue
            quantity = pool.get('product.uom').compute_qty(
                request.unit, request.quantity, line.unit, round=False)
            yield line.budget_line.id, home.round(
                line.budget_amount * Decimal(str(round(quantity, 8)))
                / Decimal(str(line.quantity)))
        for line in pool.get('purchase.line').search([
                    ('purchase.state', 'in',
                        ['quotation', 'confirmed', 'processing']),
                    ('budget_line', '!=', None)]):
            if line.quantity < 0 and line.purchase.state == 'quotation':
                continue
            total = abs(line.quantity)
            amount = Currency.compute(
                line.purchase.currency, line.amount, home)

            def sum_(records):
                return sum(
                    pool.get('product.uom').compute_qty(
                        r.unit, abs(r.quantity), line.unit, round=False)
                    for r in records)
            received = sum_(m for m in line.moves if m.state == 'done')
            ignored = sum_(line.moves_ignored)
            invoiced = sum_(
                l for l in line.invoice_lines
                if l.invoice.state in {'posted', 'paid'}
                or l.invoice in line.purchase.invoices_ignored)
            for part in [
                    max(total - ignored - max(received, invoiced), 0),
                    max(received - invoiced, 0)]:
                yield line.budget_line.id, home.round(
                    amount * Decimal(str(round(part, 8)))
                    / Decimal(str(total)))
        for line in pool.get('account.invoice.line').search([
                    ('invoice.state', 'in', ['posted', 'paid']),
                    ('budget_line', '!=', None)]):
            yield line.budget_line.id, Currency.compute(
                line.invoice.currency, line.amount, home)

    @with_transaction()
    def test_check(self):
        "Test what somebody breaks is named and mended"
        company = Company()
        pool = Pool()
        Commitment = pool.get('purchase.budget.commitment')
        Month = pool.get('purchase.budget.line.month')
        with set_company(company.company):
            company.do('ask', 0, 3, Decimal(5))
            company.do('wait', 0, 1, 0)
            first, = Commitment.search([], limit=1)
            expected = (str(first.origin), first.line.id, 0, first.amount)
            cursor = Transaction().connection.cursor()
            table = Commitment.__table__()
            cursor.execute(*table.delete(where=table.id == first.id))
            table = Month.__table__()
            cursor.execute(*table.update(
                    [table.spent], [Decimal(7)],
                    where=table.line == company.lines[2].id))
            (key, booked, documents), = Commitment.get_differences()
            self.assertEqual(
                (key.origin, key.line, booked, documents),
                expected)
            self.assertTrue(Commitment.get_sum_differences())
            Commitment.correct()
            self.check(company)

    @given(
        st.decimals('0', '1000000', places=2),
        st.lists(st.decimals('0', '100', places=4), min_size=1, max_size=14))
    @settings(deadline=None)
    def test_spread(self, amount, weights):
        "Test no cent is lost over the months"

        class Currency:
            @staticmethod
            def round(amount):
                return round(amount, 2)

        shares = spread(amount, weights, Currency)
        self.assertEqual(sum(shares), amount)
        self.assertTrue(all(s >= 0 for s in shares))
