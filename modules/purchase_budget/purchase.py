# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Orders that take from budgets."""
from collections import defaultdict

from trytond.model import Index, ModelView, fields
from trytond.pool import Pool, PoolMeta
from trytond.pyson import Eval, If
from trytond.transaction import without_check_access

from .commitment import PURCHASE_LINE, REQUEST
from .proposal import Proposal, describe_missing, is_controlled
from .requisition import places_of

# In these the lines are taken from the budget
COMMITTED = {'quotation', 'confirmed', 'processing', 'done'}


class Purchase(metaclass=PoolMeta):
    __name__ = 'purchase.purchase'

    @classmethod
    @ModelView.button
    def quote(cls, purchases):
        Line = Pool().get(PURCHASE_LINE)
        with without_check_access():
            for purchase in cls.browse(purchases):
                if purchase.state == 'draft':
                    Line.propose_budget_lines(purchase)
        super().quote(purchases)

    @classmethod
    def on_modification(cls, mode, purchases, field_names=None):
        if mode == 'write' and field_names & {
                'state', 'purchase_date', 'invoices_ignored'}:
            for purchase in cls.browse(purchases):
                purchase._book_budget(
                    # What has no budget was said when it was quoted
                    missing=(
                        'state' in field_names
                        and purchase.state == 'quotation'))
        # Afterwards: who approves has to see what is booked
        super().on_modification(mode, purchases, field_names=field_names)

    def _book_budget(self, lines=None, missing=False):
        """Book the lines and do what the rules say if they take more.

        :param lines: of the purchase, all when None
        :param missing: whether to look for lines without a budget
        """
        pool = Pool()
        Commitment = pool.get('purchase.budget.commitment')
        Rule = pool.get('purchase.budget.rule')
        lines = [
            l for l in (self.lines if lines is None else lines)
            if l.type == 'line']
        growth = Commitment.book({
                PURCHASE_LINE: [l.id for l in lines],
                REQUEST: [r.id for l in lines for r in l.requests],
                })
        if self.state in COMMITTED:
            Rule.check(
                self, growth, self.budget_missing if missing else [])

    def _get_budget_date(self):
        return self.purchase_date or self.create_date.date()

    @property
    def budget_missing(self):
        "The texts of the lines without a budget though they need one"
        if not is_controlled(self.company, self._get_budget_date()):
            return []
        return describe_missing(
            l.rec_name for l in self.lines
            if l.type == 'line' and not l.budget_line and l.quantity > 0)

    @property
    def budget_places(self):
        "Set of (id of the budget line, first day of the month) it takes of"
        return places_of(
            (l.budget_line for l in self.lines if l.type == 'line'),
            self._get_budget_date())


class Line(metaclass=PoolMeta):
    __name__ = 'purchase.line'

    budget_line = fields.Many2One(
        'purchase.budget.line', "Budget Line", ondelete='RESTRICT',
        domain=[
            If(Eval('purchase_state') == 'draft',
                [
                    ('budget.state', 'in', ['running', 'closed']),
                    ('budget.company', '=', Eval('company', -1)),
                    ],
                ()),
            ],
        states={
            'invisible': Eval('type') != 'line',
            'readonly': Eval('purchase_state') != 'draft',
            },
        help="Leave empty to take that of the request, or the one that fits "
        "the product when the order is quoted.")

    @classmethod
    def __setup__(cls):
        super().__setup__()
        t = cls.__table__()
        cls._sql_indexes.add(Index(t, (t.budget_line, Index.Equality())))

    @classmethod
    def propose_budget_lines(cls, purchase):
        "Set the budget lines of the lines that have none of their own"
        pool = Pool()
        BudgetLine = pool.get('purchase.budget.line')
        lines = []
        for line in purchase.lines:
            if line.type != 'line':
                continue
            origin = line._get_origin_budget_line()
            # Only what was asked for in time is taken from a closed budget
            if not line.budget_line or (
                    line.budget_line != origin
                    and line.budget_line.budget.state != 'running'):
                line.budget_line = origin
                lines.append(line)
        proposal = Proposal(purchase.company)
        facts = proposal.get_product_facts(
            [l.product.id for l in lines if l.product])
        for line in lines:
            if not line.budget_line and line.quantity > 0:
                found = proposal.find(
                    purchase._get_budget_date(),
                    facts[line.product.id] if line.product else {})
                if found:
                    line.budget_line = BudgetLine(found[0])
        cls.save(lines)

    def _get_origin_budget_line(self):
        "Return the budget line of what the line is made of or gives back"
        for request in self.requests:
            if request.budget_line:
                return request.budget_line
        origin = self.purchase.origin
        if self.quantity < 0 and isinstance(
                origin, self.purchase.__class__):
            for line in origin.lines:
                if line.product == self.product and line.budget_line:
                    return line.budget_line

    @classmethod
    def copy(cls, lines, default=None):
        default = default.copy() if default is not None else {}
        default.setdefault('budget_line')
        return super().copy(lines, default=default)

    def get_invoice_line(self):
        lines = super().get_invoice_line()
        for line in lines:
            line.budget_line = self.budget_line
        return lines

    @classmethod
    def on_modification(cls, mode, lines, field_names=None):
        super().on_modification(mode, lines, field_names=field_names)
        if mode == 'write' and field_names & {
                'quantity', 'unit', 'unit_price', 'budget_line',
                'moves_ignored'}:
            changed = defaultdict(list)
            with without_check_access():
                for line in cls.browse(lines):
                    if line.purchase.state in COMMITTED:
                        changed[line.purchase].append(line)
                for purchase, lines in changed.items():
                    purchase._book_budget(lines)
