# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Supplier invoices spend the budget."""
from collections import defaultdict

from trytond.model import Index, ModelView, fields
from trytond.pool import Pool, PoolMeta
from trytond.pyson import Eval, If
from trytond.transaction import without_check_access

from .commitment import INVOICE_LINE, PURCHASE_LINE
from .proposal import Proposal


class Invoice(metaclass=PoolMeta):
    __name__ = 'account.invoice'

    @classmethod
    @ModelView.button
    def validate_invoice(cls, invoices):
        cls._propose_budget_lines(invoices)
        super().validate_invoice(invoices)

    @classmethod
    def _post(cls, invoices):
        cls._propose_budget_lines(invoices)
        super()._post(invoices)

    @classmethod
    @without_check_access
    def _propose_budget_lines(cls, invoices):
        "Set the budget lines of supplier invoices, freight for example"
        Line = Pool().get(INVOICE_LINE)
        for invoice in cls.browse(invoices):
            if invoice.type == 'in' and invoice.state in {
                    'draft', 'validated'}:
                Line.propose_budget_lines(invoice)

    @classmethod
    def on_modification(cls, mode, invoices, field_names=None):
        super().on_modification(mode, invoices, field_names=field_names)
        if mode == 'write' and 'state' in field_names:
            cls._book_budget(invoices)

    @classmethod
    @without_check_access
    def _book_budget(cls, invoices):
        pool = Pool()
        Commitment = pool.get('purchase.budget.commitment')
        PurchaseLine = pool.get(PURCHASE_LINE)
        origins = defaultdict(list)
        for invoice in cls.browse(invoices):
            if invoice.type != 'in':
                continue
            for line in invoice.lines:
                if line.type != 'line':
                    continue
                origins[INVOICE_LINE].append(line.id)
                if isinstance(line.origin, PurchaseLine):
                    origins[PURCHASE_LINE].append(line.origin.id)
        if origins:
            Commitment.book(origins)


class InvoiceLine(metaclass=PoolMeta):
    __name__ = 'account.invoice.line'

    budget_line = fields.Many2One(
        'purchase.budget.line', "Budget Line", ondelete='RESTRICT',
        domain=[
            If(Eval('invoice_state') == 'draft',
                [
                    ('budget.state', 'in', ['running', 'closed']),
                    ('budget.company', '=', Eval('company', -1)),
                    ],
                ()),
            ],
        states={
            'invisible': (
                (Eval('type') != 'line') | (Eval('invoice_type') != 'in')),
            'readonly': Eval('invoice_state') != 'draft',
            },
        help="Leave empty to take the one that fits product and account when "
        "the invoice is posted.")

    @classmethod
    def __setup__(cls):
        super().__setup__()
        t = cls.__table__()
        cls._sql_indexes.add(Index(t, (t.budget_line, Index.Equality())))

    @classmethod
    def propose_budget_lines(cls, invoice):
        "Set the budget lines of the lines that have none"
        PurchaseLine = Pool().get(PURCHASE_LINE)
        lines = [
            l for l in invoice.lines
            if l.type == 'line' and not l.budget_line]
        date = (
            invoice.accounting_date or invoice.invoice_date
            or Pool().get('ir.date').today())
        proposal = Proposal(invoice.company)
        facts = proposal.get_product_facts(
            [l.product.id for l in lines if l.product])
        found = defaultdict(list)
        for line in lines:
            if isinstance(line.origin, PurchaseLine):
                if line.origin.budget_line:
                    found[line.origin.budget_line.id].append(line)
                continue
            fitting = proposal.find(date, {
                    **(facts[line.product.id] if line.product else {}),
                    **({'account': {line.account.id: 0}}
                        if line.account else {}),
                    })
            if fitting:
                found[fitting[0]].append(line)
        for id_, lines in found.items():
            cls.write(lines, {'budget_line': id_})

    def _credit(self):
        line = super()._credit()
        line.budget_line = self.budget_line
        return line
