# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""The ledger of what documents take from the budget.

What each line of a document takes now is read from the documents themselves,
by one function. The ledger gets the difference between that and what is
booked: its sum is what the documents say by construction.
"""
from collections import defaultdict
from decimal import Decimal
from typing import NamedTuple

from sql import Cast, Literal, Null
from sql.conditionals import Coalesce
from sql.operators import Concat, Exists

from trytond.i18n import gettext
from trytond.model import Index, ModelSQL, ModelView, fields
from trytond.modules.currency.fields import Monetary
from trytond.pool import Pool
from trytond.tools import grouped_slice
from trytond.transaction import Transaction, without_check_access

from .exceptions import BudgetAccessError
from .figures import Figures

KINDS = [
    ('requisition', "Requisition"),
    ('request', "Request"),
    ('order', "Order"),
    ('receipt', "Receipt"),
    ('invoice', "Invoice"),
    ]
REQUISITION_LINE = 'purchase.requisition.line'
REQUEST = 'purchase.request'
PURCHASE_LINE = 'purchase.line'
INVOICE_LINE = 'account.invoice.line'
ORIGINS = [REQUISITION_LINE, REQUEST, PURCHASE_LINE, INVOICE_LINE]


class Key(NamedTuple):
    "What is booked together"
    origin: str
    kind: str
    line: int
    month: object


class Commitment(ModelSQL, ModelView):
    __name__ = 'purchase.budget.commitment'

    line = fields.Many2One(
        'purchase.budget.line', "Budget Line", required=True, readonly=True,
        ondelete='RESTRICT')
    budget = fields.Function(fields.Many2One(
            'purchase.budget', "Budget"), 'on_change_with_budget',
        searcher='search_budget')
    currency = fields.Function(fields.Many2One(
            'currency.currency', "Currency"), 'on_change_with_currency')
    kind = fields.Selection(
        KINDS, "Kind", required=True, readonly=True, sort=False)
    kind_string = kind.translated('kind')
    month = fields.Date(
        "Month", required=True, readonly=True, help="Its first day.")
    amount = Monetary(
        "Amount", currency='currency', digits='currency', required=True,
        readonly=True,
        help="What is taken from the budget, negative for what is released.")
    document = fields.Reference(
        "Document", selection='get_documents', readonly=True)
    # Not required: what it names can be deleted
    origin = fields.Reference(
        "Origin", selection='get_origins', readonly=True,
        help="The line of the document.")

    @classmethod
    def __setup__(cls):
        super().__setup__()
        t = cls.__table__()
        cls._sql_indexes.update({
                Index(t, (t.origin, Index.Equality())),
                Index(t, (t.line, Index.Equality())),
                })
        cls._order = [('id', 'DESC')]

    @classmethod
    def get_origins(cls):
        get_name = Pool().get('ir.model').get_name
        return [(None, '')] + [(n, get_name(n)) for n in ORIGINS]

    @classmethod
    def get_documents(cls):
        get_name = Pool().get('ir.model').get_name
        return [(None, '')] + [(n, get_name(n)) for n in [
                'purchase.requisition', REQUEST, 'purchase.purchase',
                'account.invoice']]

    @fields.depends('line', '_parent_line.budget')
    def on_change_with_budget(self, name=None):
        return self.line.budget if self.line else None

    @classmethod
    def search_budget(cls, name, clause):
        return [('line.' + clause[0], *clause[1:])]

    @fields.depends('line', '_parent_line.currency')
    def on_change_with_currency(self, name=None):
        return self.line.currency if self.line else None

    def get_rec_name(self, name):
        return f'{self.line.rec_name} - {self.kind_string}'

    @classmethod
    def check_modification(
            cls, mode, commitments, values=None, external=False):
        super().check_modification(
            mode, commitments, values=values, external=external)
        if external or mode != 'create':
            raise BudgetAccessError(gettext(
                    'purchase_budget.msg_engine_only', **cls.__names__()))

    # Booking

    @classmethod
    @without_check_access
    def book(cls, origins):
        """Book what the documents say now.

        :param origins: dictionary of ids by name of the model of the lines
        :return: dictionary of how much more is taken, by id of the budget
            line and month; without what is the same or less
        """
        growth = defaultdict(Decimal)
        for name in ORIGINS:
            for ids in grouped_slice(
                    sorted(set(origins.get(name) or [])), 500):
                ids = list(ids)
                targets = cls.get_targets(name, ids)
                booked = cls._get_booked([f'{name},{i}' for i in ids])
                for key, delta in cls._book(targets, booked).items():
                    growth[key] += delta
        if growth:
            pool = Pool()
            pool.get('purchase.budget.line').alert({l for l, _ in growth})
        return {k: amount for k, amount in growth.items() if amount > 0}

    @classmethod
    def _book(cls, targets, booked):
        "Book the differences and return their sums by budget line and month"
        pool = Pool()
        Line = pool.get('purchase.budget.line')
        values = []
        committed = defaultdict(Decimal)
        spent = defaultdict(Decimal)
        for key in sorted(targets.keys() | booked.keys()):
            amount, document = targets.get(key, (Decimal(0), None))
            delta = amount - booked.get(key, Decimal(0))
            if not delta:
                continue
            values.append({
                    **key._asdict(), 'amount': delta, 'document': document})
            sums = spent if key.kind == 'invoice' else committed
            sums[key.line, key.month] += delta
        if not values:
            return {}
        Line.touch({v['line'] for v in values})
        cls.create(values)
        cls._add(committed, spent)
        return {
            k: committed[k] + spent[k]
            for k in committed.keys() | spent.keys()}

    @classmethod
    def _add(cls, committed, spent):
        "Add to the sums of the months, whose lines are locked"
        pool = Pool()
        Month = pool.get('purchase.budget.line.month')
        keys = committed.keys() | spent.keys()
        months = Month.search([
                ('line', 'in', list({l for l, _ in keys})),
                ('month', 'in', list({m for _, m in keys})),
                ])
        changed = []
        for month in months:
            key = month.line.id, month.month
            if key in keys:
                month.committed += committed.get(key, 0)
                month.spent += spent.get(key, 0)
                changed.append(month)
        Month.save(changed)

    @classmethod
    def _get_booked(cls, origins=None):
        """Return what is booked.

        :param origins: texts like 'purchase.line,5', all when None
        :return: dictionary of amounts by key
        """
        table = cls.__table__()
        where = Literal(True)
        if origins is not None:
            where = table.origin.in_(origins)
        cursor = Transaction().connection.cursor()
        booked = defaultdict(Decimal)
        # The sum of SQLite would be a floating point number
        cursor.execute(*table.select(
                table.origin, table.kind, table.line, table.month,
                table.amount, where=where))
        for *key, amount in cursor:
            booked[Key(*key)] += amount
        return {key: amount for key, amount in booked.items() if amount}

    # What the documents say

    @classmethod
    def get_targets(cls, name, ids=None):
        """Return what the lines of documents take from the budget now.

        :param name: of the model of the lines
        :param ids: of them, all when None
        :return: dictionary of (amount, document) by key; the amount in the
            currency of the company, the document as text
        """
        rows = list(getattr(cls, {
                    REQUISITION_LINE: '_requisition_targets',
                    REQUEST: '_request_targets',
                    PURCHASE_LINE: '_purchase_targets',
                    INVOICE_LINE: '_invoice_targets',
                    }[name])(ids))
        Line = Pool().get('purchase.budget.line')
        lines = {l.id: l for l in Line.browse({line for _, line, *_ in rows})}
        targets = {}
        for id_, line, document, date, amounts in rows:
            month = lines[line].budget.get_month(date)
            for kind, amount in amounts.items():
                if amount := lines[line].currency.round(amount):
                    targets[Key(f'{name},{id_}', kind, line, month)] = (
                        amount, document)
        return targets

    @classmethod
    def _execute(cls, query):
        cursor = Transaction().connection.cursor()
        cursor.execute(*query)
        return cursor.fetchall()

    @classmethod
    def _requisition_targets(cls, ids):
        "As long as there is no request of the line"
        pool = Pool()
        line = pool.get(REQUISITION_LINE).__table__()
        requisition = pool.get('purchase.requisition').__table__()
        request = pool.get(REQUEST).__table__()
        where = (
            (line.budget_line != Null)
            & requisition.state.in_(['waiting', 'approved', 'processing'])
            & ~Exists(request.select(
                    request.id,
                    where=request.origin == reference_to(
                        REQUISITION_LINE, line.id))))
        for id_, budget, amount, parent, date in cls._execute(line.join(
                    requisition,
                    condition=line.requisition == requisition.id).select(
                    line.id, line.budget_line, line.budget_amount,
                    requisition.id, requisition.supply_date,
                    where=where & _among(line.id, ids))):
            yield (
                id_, budget, f'purchase.requisition,{parent}', date,
                {'requisition': amount or Decimal(0)})

    @classmethod
    def _request_targets(cls, ids):
        "Until an order is more than a draft, or the request is given up"
        pool = Pool()
        Request = pool.get(REQUEST)
        request = Request.__table__()
        line = pool.get(REQUISITION_LINE).__table__()
        requisition = pool.get('purchase.requisition').__table__()
        purchase_line = pool.get(PURCHASE_LINE).__table__()
        purchase = pool.get('purchase.purchase').__table__()
        UoM = pool.get('product.uom')
        unit, line_unit = UoM.__table__(), UoM.__table__()
        wanted = (
            (request.purchase_line == Null) | (purchase.state == 'draft')
            | ((purchase.state == 'cancelled')
                & ~Coalesce(request.exception_ignored, False)))
        query = (request
            .join(line, condition=request.origin.like(
                    f'{REQUISITION_LINE},%')
                & (Request.origin.sql_id(request.origin, Request)
                    == line.id))
            .join(requisition,
                condition=line.requisition == requisition.id)
            .join(unit, 'LEFT', condition=request.unit == unit.id)
            .join(line_unit, 'LEFT', condition=line.unit == line_unit.id)
            .join(purchase_line, 'LEFT',
                condition=request.purchase_line == purchase_line.id)
            .join(purchase, 'LEFT',
                condition=purchase_line.purchase == purchase.id)
            .select(
                request.id, line.budget_line, line.budget_amount,
                line.quantity, line_unit.factor, request.quantity,
                unit.factor, requisition.supply_date,
                where=wanted & (line.budget_line != Null)
                & _among(request.id, ids)))
        for (id_, budget, amount, quantity, factor, requested,
                requested_factor, date) in cls._execute(query):
            share = _share(
                _convert(requested, requested_factor, factor), quantity)
            yield (
                id_, budget, f'{REQUEST},{id_}', date,
                {'request': (amount or Decimal(0)) * share})

    @classmethod
    def _purchase_targets(cls, ids):
        """What is ordered and not yet received, received and not invoiced

        What gives back takes less only when it is confirmed.
        """
        pool = Pool()
        line = pool.get(PURCHASE_LINE).__table__()
        purchase = pool.get('purchase.purchase').__table__()
        company = pool.get('company.company').__table__()
        unit = pool.get('product.uom').__table__()
        where = (
            (line.type == 'line') & (line.budget_line != Null)
            & purchase.state.in_(['quotation', 'confirmed', 'processing'])
            & ((line.quantity >= 0) | (purchase.state != 'quotation')))
        rows = cls._execute(line
            .join(purchase, condition=line.purchase == purchase.id)
            .join(company, condition=purchase.company == company.id)
            .join(unit, 'LEFT', condition=line.unit == unit.id)
            .select(
                line.id, line.budget_line, line.quantity, line.unit_price,
                unit.factor, purchase.id, purchase.currency,
                purchase.purchase_date, purchase.create_date,
                company.currency, where=where & _among(line.id, ids)))
        ids = {row[0] for row in rows} if ids is not None else None
        received = cls._get_received(ids)
        ignored = cls._get_ignored_moves(ids)
        invoiced = cls._get_invoiced(ids)
        convert = _Conversion()
        for (id_, budget, quantity, price, factor, parent, currency, date,
                created, company_currency) in rows:
            date = date or created.date()
            amount = convert(
                quantity, price, currency, company_currency, date)
            sign = -1 if quantity < 0 else 1

            def in_unit(quantities):
                return sum(
                    _convert(q, f, factor) for q, f in quantities[id_])

            got = in_unit(received)
            billed = sign * in_unit(invoiced)
            total = abs(quantity)
            open_ = max(total - in_unit(ignored) - max(got, billed), 0)
            yield (
                id_, budget, f'purchase.purchase,{parent}', date, {
                    'order': amount * _share(open_, total),
                    'receipt': amount * _share(max(got - billed, 0), total),
                    })

    @classmethod
    def _get_received(cls, ids):
        "Return quantities and factors of the done moves by id of the line"
        pool = Pool()
        move = pool.get('stock.move').__table__()
        return cls._get_quantities(
            move, move, move.origin, ids, move.state == 'done')

    @classmethod
    def _get_invoiced(cls, ids):
        "Return the same of what is invoiced or never will be"
        pool = Pool()
        line = pool.get(INVOICE_LINE).__table__()
        invoice = pool.get('account.invoice').__table__()
        ignored = pool.get(
            'purchase.purchase-ignored-account.invoice').__table__()
        return cls._get_quantities(
            line, line.join(invoice, condition=line.invoice == invoice.id),
            line.origin, ids, (line.type == 'line') & (
                invoice.state.in_(['posted', 'paid'])
                | ((invoice.state == 'cancelled') & Exists(ignored.select(
                            ignored.id,
                            where=ignored.invoice == invoice.id)))))

    @classmethod
    def _get_quantities(cls, table, from_, origin, ids, where):
        unit = Pool().get('product.uom').__table__()
        if ids is None:
            where &= origin.like(f'{PURCHASE_LINE},%')
        else:
            where &= origin.in_([f'{PURCHASE_LINE},{i}' for i in ids] or [''])
        quantities = defaultdict(list)
        for origin, quantity, factor in cls._execute(from_
                .join(unit, 'LEFT', condition=table.unit == unit.id)
                .select(origin, table.quantity, unit.factor, where=where)):
            quantities[int(origin.partition(',')[2])].append(
                (quantity, factor))
        return quantities

    @classmethod
    def _get_ignored_moves(cls, ids):
        "Return the same of what is not to be received any longer"
        pool = Pool()
        move = pool.get('stock.move').__table__()
        ignored = pool.get('purchase.line-ignored-stock.move').__table__()
        unit = pool.get('product.uom').__table__()
        quantities = defaultdict(list)
        for id_, quantity, factor in cls._execute(ignored
                .join(move, condition=ignored.move == move.id)
                .join(unit, 'LEFT', condition=move.unit == unit.id)
                .select(
                    ignored.purchase_line, move.quantity, unit.factor,
                    where=_among(ignored.purchase_line, ids))):
            quantities[id_].append((quantity, factor))
        return quantities

    @classmethod
    def _invoice_targets(cls, ids):
        pool = Pool()
        line = pool.get(INVOICE_LINE).__table__()
        invoice = pool.get('account.invoice').__table__()
        company = pool.get('company.company').__table__()
        where = (
            (line.type == 'line') & (line.budget_line != Null)
            & (invoice.type == 'in')
            & invoice.state.in_(['posted', 'paid']))
        convert = _Conversion()
        for (id_, budget, quantity, price, parent, currency, date, booked,
                company_currency) in cls._execute(line
                .join(invoice, condition=line.invoice == invoice.id)
                .join(company, condition=invoice.company == company.id)
                .select(
                    line.id, line.budget_line, line.quantity,
                    line.unit_price, invoice.id, invoice.currency,
                    invoice.invoice_date, invoice.accounting_date,
                    company.currency, where=where & _among(line.id, ids))):
            yield (
                id_, budget, f'account.invoice,{parent}', booked or date,
                {'invoice': convert(
                        quantity, price, currency, company_currency, date)})

    # Checking

    @classmethod
    def get_differences(cls):
        """Compare the ledger with all documents.

        :return: list of (key, booked, documents)
        """
        booked, targets = cls._get_booked(), {}
        for name in ORIGINS:
            targets.update(cls.get_targets(name))
        return [
            (key, booked.get(key, Decimal(0)), targets.get(key, (0,))[0])
            for key in sorted(booked.keys() | targets.keys())
            if booked.get(key, 0) != targets.get(key, (0,))[0]]

    @classmethod
    def get_sum_differences(cls):
        """Compare the sums that are kept with the ledger.

        :return: list of (id of the line, month, kept, booked), the last two
            of them Figures without budget
        """
        Month = Pool().get('purchase.budget.line.month')
        sums = defaultdict(Figures)
        for key, amount in cls._get_booked().items():
            spent = key.kind == 'invoice'
            sums[key.line, key.month] = sums[key.line, key.month].plus(
                Figures(
                    committed=Decimal(0) if spent else amount,
                    spent=amount if spent else Decimal(0)))
        table = Month.__table__()
        kept = {
            (line, month): Figures(committed=committed, spent=spent)
            for line, month, committed, spent in cls._execute(table.select(
                    table.line, table.month, table.committed, table.spent))}
        zero = Figures()
        return [
            (*key, kept.get(key, zero), sums.get(key, zero))
            for key in sorted(kept.keys() | sums.keys())
            if kept.get(key, zero) != sums.get(key, zero)]

    @classmethod
    @without_check_access
    def correct(cls):
        "Book what differs, the sums included"
        differences = cls.get_differences()
        origins = defaultdict(set)
        for key, _, _ in differences:
            name, _, id_ = key.origin.partition(',')
            origins[name].add(int(id_))
        cls.book(origins)
        sums = cls.get_sum_differences()
        if sums:
            Line = Pool().get('purchase.budget.line')
            Line.touch({line for line, *_ in sums})
            cls._add(
                {(l, m): b.committed - k.committed for l, m, k, b in sums},
                {(l, m): b.spent - k.spent for l, m, k, b in sums})


class _Conversion:
    "Amounts of lines in the currency of the company at the document's date"

    def __init__(self):
        self.currencies = {}

    def __call__(self, quantity, price, currency, company_currency, date):
        Currency = Pool().get('currency.currency')
        amount = Decimal(str(quantity)) * (price or Decimal(0))
        for id_ in [currency, company_currency]:
            if (id_, date) not in self.currencies:
                with Transaction().set_context(date=date):
                    self.currencies[id_, date] = Currency(id_)
        from_ = self.currencies[currency, date]
        amount = from_.round(amount)
        if currency == company_currency:
            return amount
        with Transaction().set_context(date=date):
            return Currency.compute(
                from_, amount, self.currencies[company_currency, date])


def reference_to(name, id_):
    "Return the reference to a record as it is stored"
    return Concat(f'{name},', Cast(id_, 'VARCHAR'))


def _among(column, ids):
    if ids is None:
        return Literal(True)
    return fields.SQL_OPERATORS['in'](column, list(ids) or [-1])


def _convert(quantity, factor, to_factor):
    "Convert a quantity between units, those without unit stay"
    if not quantity or not factor or not to_factor or factor == to_factor:
        return quantity or 0
    return quantity * factor / to_factor


def _share(quantity, total):
    "Return which part of the total a quantity is, without float noise"
    if not total:
        return Decimal(0)
    return Decimal(str(round(quantity, 8))) / Decimal(str(total))
