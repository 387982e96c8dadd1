# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Requisitions that take from budgets."""
from collections import defaultdict
from decimal import Decimal

from trytond.i18n import gettext
from trytond.model import Index, ModelView, fields
from trytond.modules.currency.fields import Monetary
from trytond.pool import Pool, PoolMeta
from trytond.pyson import Eval, If
from trytond.transaction import Transaction, without_check_access

from .commitment import REQUEST, REQUISITION_LINE
from .exceptions import BudgetError
from .figures import Figures
from .proposal import Proposal, describe_missing, is_controlled

BUDGET_FIELDS = [
    'budget_total', 'budget_committed', 'budget_spent', 'budget_available',
    'budget_state']
# In these nothing is taken from a budget any more
ENDED = {'rejected', 'cancelled'}


class Requisition(metaclass=PoolMeta):
    __name__ = 'purchase.requisition'

    purpose = fields.Char(
        "Purpose", states={'readonly': Eval('state') != 'draft'},
        help="What it is needed for.")
    budget_currency = fields.Function(fields.Many2One(
            'currency.currency', "Currency of the Budget"),
        'on_change_with_budget_currency')
    budget_summary = fields.Function(
        fields.Text("Budget", states={
                # There is nothing to say where nobody has a budget
                'invisible': ~Eval('budget_summary'),
                }), 'get_budget_summary')

    @fields.depends('company')
    def on_change_with_budget_currency(self, name=None):
        return self.company.currency if self.company else None

    # Shown while typing

    @fields.depends(
        'lines', 'company', 'currency', 'supply_date', 'state')
    def on_change_lines(self):
        self._show_budget()

    @fields.depends(methods=['_renew_budget'])
    def on_change_supply_date(self):
        self._renew_budget()

    @fields.depends(methods=['on_change_lines'])
    def on_change_currency(self):
        self.on_change_lines()

    @fields.depends('lines', 'state', methods=['on_change_lines'])
    def _renew_budget(self):
        "Propose the budget lines anew"
        if (self.state or 'draft') == 'draft':
            for line in self.lines or []:
                line.budget_line = None
        self.on_change_lines()

    def _show_budget(self):
        "Propose budget lines and show what is left of them"
        lines = list(self.lines or [])
        if not getattr(self, 'company', None):
            return
        if (getattr(self, 'state', None) or 'draft') == 'draft':
            self._propose_budget_lines(lines)
        summary, values = self._get_budget(lines)
        for line, figures in zip(lines, values):
            for name in BUDGET_FIELDS:
                setattr(line, name, figures[name])
        self.budget_summary = summary
        self.lines = lines

    def _get_budget_date(self):
        return (
            getattr(self, 'supply_date', None)
            or Pool().get('ir.date').today())

    def _get_line_facts(self, proposal, lines):
        "Return the facts of each line, see Proposal"
        products = [_id_of(line, 'product') for line in lines]
        facts = proposal.get_product_facts(products)
        return [dict(facts.get(product, {})) for product in products]

    def _propose_budget_lines(self, lines):
        """Set the budget line that fits best, unless that of the line fits

        :param lines: of the requisition
        :return: list of the lines whose budget line does not fit
        """
        BudgetLine = Pool().get('purchase.budget.line')
        proposal = Proposal(self.company)
        date = self._get_budget_date()
        fitting = [
            proposal.find(date, facts)
            for facts in self._get_line_facts(proposal, lines)]
        # One record for all lines, whose name is read once
        records = {
            r.id: r for r in BudgetLine.browse({f[0] for f in fitting if f})}
        unfit = []
        for line, found in zip(lines, fitting):
            present = _id_of(line, 'budget_line')
            if present is None:
                line.budget_line = records[found[0]] if found else None
            elif present not in found:
                unfit.append(line)
        return unfit

    def _get_budget_amounts(self, lines):
        """Return the amount of each line in the currency of the company.

        Without price the cost price of the product is taken. The rate is
        that of today, when the requisition is submitted.

        :return: list of Decimal
        """
        pool = Pool()
        Currency = pool.get('currency.currency')
        UoM = pool.get('product.uom')
        currency = self.company.currency
        own = getattr(self, 'currency', None) or currency
        costs = Proposal(self.company).get_cost_prices([
                _id_of(line, 'product') for line in lines
                if getattr(line, 'unit_price', None) is None])
        amounts = []
        for line in lines:
            quantity = Decimal(str(getattr(line, 'quantity', None) or 0))
            price = getattr(line, 'unit_price', None)
            if price is not None:
                amount = own.round(quantity * price)
                if own != currency:
                    with Transaction().set_context(
                            date=pool.get('ir.date').today()):
                        amount = Currency.compute(own, amount, currency)
            else:
                price = costs.get(_id_of(line, 'product'), Decimal(0))
                if price and getattr(line, 'unit', None):
                    price = UoM.compute_price(
                        line.product.default_uom, price, line.unit)
                amount = currency.round(quantity * price)
            amounts.append(amount)
        return amounts

    @without_check_access
    def _get_budget(self, lines):
        """Return the text and for each line the figures of its budget.

        What the lines of the requisition take themselves is counted.

        :return: the text and a list of dictionaries
        """
        pool = Pool()
        BudgetLine = pool.get('purchase.budget.line')
        Rule = pool.get('purchase.budget.rule')
        state = getattr(self, 'state', None) or 'draft'
        used = BudgetLine.browse({
                id_ for line in lines
                if (id_ := _id_of(line, 'budget_line')) is not None})
        date = self._get_budget_date()
        months = dict(places_of(used, date))
        own = defaultdict(Decimal)
        if state == 'draft':
            # Not booked yet, the lines are what it asks for
            amounts = self._get_budget_amounts(lines)
            for line, amount in zip(lines, amounts):
                if (id_ := _id_of(line, 'budget_line')) is not None:
                    own[id_, months[id_]] += amount
        else:
            amounts = [line.budget_amount for line in lines]
        sums = defaultdict(Figures)
        for (line, _, _), figures in BudgetLine.read_months(
                lines=list(months)).items():
            sums[line] = sums[line].plus(figures)
        excesses, missing, unpriced = {}, [], []
        if state not in ENDED:
            excesses = {
                e.line: e for e in Rule.find_excess(
                    self.company, 'purchase.requisition',
                    set(months.items()), own)}
            missing, unpriced = self._find_missing(lines, amounts)
        # Those that are typed have no ids that tell them apart
        uncovered = {id(line) for line in missing + unpriced}
        values = []
        for line in lines:
            id_ = _id_of(line, 'budget_line')
            figures = sums[id_]
            taken = own.get((id_, months.get(id_)), Decimal(0))
            if id(line) in uncovered:
                budget_state = 'missing'
            elif id_ is None or state in ENDED:
                budget_state = None
            else:
                budget_state = 'exceeded' if id_ in excesses else 'within'
            values.append({
                    'budget_total': figures.budget if id_ else None,
                    'budget_committed': figures.committed if id_ else None,
                    'budget_spent': figures.spent if id_ else None,
                    'budget_available': (
                        figures.available - taken if id_ else None),
                    'budget_state': budget_state,
                    })
        texts = self._describe_figures(used, sums, own, months, excesses)
        texts += describe_missing(
            map(_name_of, missing), map(_name_of, unpriced))
        return '\n'.join(texts + self._describe_end(texts)), values

    def _find_missing(self, lines, amounts):
        """Return the lines without budget and those without price.

        Without price nobody knows what is taken from the budget.

        :param lines: of the requisition
        :param amounts: of the lines
        :return: two lists of lines
        """
        missing, unpriced = [], []
        if is_controlled(self.company, self._get_budget_date()):
            for line, amount in zip(lines, amounts):
                if not _asks(line):
                    continue
                if _id_of(line, 'budget_line') is None:
                    missing.append(line)
                elif not amount and getattr(line, 'quantity', None):
                    unpriced.append(line)
        return missing, unpriced

    def _describe_figures(self, used, sums, own, months, excesses):
        "Return the texts of the budget lines and what goes beyond them"
        pool = Pool()
        Lang = pool.get('ir.lang')
        Rule = pool.get('purchase.budget.rule')
        lang, texts = Lang.get(), []
        state = getattr(self, 'state', None) or 'draft'
        for line in used:
            figures = sums[line.id]
            taken = own.get((line.id, months[line.id]))
            amounts = {
                'amount': figures.budget,
                'committed': figures.committed,
                'spent': figures.spent,
                'own': taken or Decimal(0),
                'available': figures.available - (taken or Decimal(0)),
                }
            # What is booked is committed already
            message = 'line_figures' if taken is None else 'summary'
            texts.append(gettext(
                    f'purchase_budget.msg_{message}', name=line.rec_name,
                    **{n: lang.currency(
                            a, self.company.currency, grouping=True)
                        for n, a in amounts.items()}))
            if excess := excesses.get(line.id):
                text = Rule.describe(excess)
                if state == 'draft':
                    text = gettext(
                        f'purchase_budget.msg_action_{excess.action}',
                        excess=text)
                elif state == 'waiting' and excess.action == 'approve':
                    text = gettext(
                        'purchase_budget.msg_waiting_approve', excess=text)
                texts.append(text)
        return texts

    def _describe_end(self, texts):
        "Return as texts what became of a requisition with texts"
        state = getattr(self, 'state', None) or 'draft'
        if not texts or state in {'draft', 'waiting'}:
            return []
        if state == 'cancelled':
            return [gettext('purchase_budget.msg_cancelled')]
        if state == 'rejected':
            result, names = 'rejected', (
                self.rejected_by.rec_name if self.rejected_by else None)
        else:
            result, names = 'approved', ', '.join(self._get_approvers())
        if names:
            return [gettext(
                    f'purchase_budget.msg_{result}_by', names=names)]
        return [gettext(f'purchase_budget.msg_{result}')]

    def _get_approvers(self):
        "Return the names of those who approved it"
        return [self.approved_by.rec_name] if self.approved_by else []

    @classmethod
    def get_budget_summary(cls, requisitions, name):
        return {
            r.id: r._get_budget(list(r.lines))[0] for r in requisitions}

    # Booking

    @classmethod
    @ModelView.button
    def wait(cls, requisitions):
        Line = Pool().get(REQUISITION_LINE)
        with without_check_access():
            for requisition in requisitions:
                if requisition.state == 'draft':
                    Line.save(requisition._set_budget())
        super().wait(requisitions)

    def _set_budget(self):
        """Set the budget lines and what will be reserved of them.

        :return: the lines
        :raises BudgetError: a line shall be taken from a budget that is not
            for it
        """
        lines = list(self.lines)
        if not self.supply_date:
            # Refused by the standard
            return lines
        for line in self._propose_budget_lines(lines):
            raise BudgetError(gettext(
                    'purchase_budget.msg_line_unfit',
                    line=line.rec_name,
                    budget_line=line.budget_line.rec_name))
        for line, amount in zip(lines, self._get_budget_amounts(lines)):
            line.budget_amount = amount
        return lines

    @classmethod
    def on_modification(cls, mode, requisitions, field_names=None):
        pool = Pool()
        Commitment = pool.get('purchase.budget.commitment')
        Rule = pool.get('purchase.budget.rule')
        if mode == 'write' and 'state' in field_names:
            for requisition in cls.browse(requisitions):
                growth = Commitment.book({
                        REQUISITION_LINE: [l.id for l in requisition.lines],
                        REQUEST: [
                            r.id for l in requisition.lines
                            for r in l.purchase_requests],
                        })
                if requisition.state == 'waiting':
                    Rule.check(
                        requisition, growth, requisition.budget_missing)
        # Afterwards: who approves has to see what is booked
        super().on_modification(mode, requisitions, field_names=field_names)

    @property
    def budget_missing(self):
        "The texts of the lines without a budget or a price"
        lines = list(self.lines)
        missing, unpriced = self._find_missing(
            lines, [l.budget_amount for l in lines])
        return describe_missing(
            map(_name_of, missing), map(_name_of, unpriced))

    @property
    def budget_places(self):
        "Set of (id of the budget line, first day of the month) it takes of"
        return places_of(
            (l.budget_line for l in self.lines), self._get_budget_date())


class Line(metaclass=PoolMeta):
    __name__ = 'purchase.requisition.line'
    _states = {
        'readonly': Eval('purchase_requisition_state') != 'draft',
        }

    purpose = fields.Char(
        "Purpose", states=_states,
        help="Leave empty for that of the requisition.")
    budget_line = fields.Many2One(
        'purchase.budget.line', "Budget Line", ondelete='RESTRICT',
        domain=[
            If(Eval('purchase_requisition_state') == 'draft',
                [
                    ('budget.state', '=', 'running'),
                    ('budget.company', '=',
                        Eval('_parent_requisition', {}).get('company', -1)),
                    ],
                ()),
            ],
        states=_states,
        help="Proposed by department, product and date.")
    budget_currency = fields.Function(fields.Many2One(
            'currency.currency', "Currency of the Budget"),
        'on_change_with_budget_currency')
    budget_amount = Monetary(
        "Reserved Amount", currency='budget_currency',
        digits='budget_currency', readonly=True,
        help="In the currency of the company at the rate of the day on "
        "which the requisition was submitted.")
    budget_total = fields.Function(Monetary(
            "Budget", currency='budget_currency', digits='budget_currency'),
        'get_budget')
    budget_committed = fields.Function(Monetary(
            "Committed", currency='budget_currency',
            digits='budget_currency'),
        'get_budget')
    budget_spent = fields.Function(Monetary(
            "Spent", currency='budget_currency', digits='budget_currency'),
        'get_budget')
    budget_available = fields.Function(Monetary(
            "Available", currency='budget_currency',
            digits='budget_currency',
            help="What is left when the whole requisition is bought."),
        'get_budget')
    budget_state = fields.Function(fields.Selection([
                (None, ""),
                ('within', "Within"),
                ('exceeded', "Beyond"),
                ('missing', "None"),
                ], "Budget State"),
        'get_budget')

    del _states

    @classmethod
    def __setup__(cls):
        super().__setup__()
        t = cls.__table__()
        cls._sql_indexes.add(Index(t, (t.budget_line, Index.Equality())))

    @fields.depends('requisition', '_parent_requisition.company')
    def on_change_with_budget_currency(self, name=None):
        if self.requisition and self.requisition.company:
            return self.requisition.company.currency

    def on_change_product(self):
        super().on_change_product()
        # Proposed anew by the requisition
        self.budget_line = None

    @classmethod
    def view_attributes(cls):
        return super().view_attributes() + [
            ('/tree', 'visual', If(
                    Eval('budget_state') == 'exceeded', 'danger', If(
                        Eval('budget_state') == 'missing', 'warning', ''))),
            ]

    @classmethod
    def get_budget(cls, lines, names):
        result = {name: {} for name in names}
        for requisition in {l.requisition for l in lines}:
            all_lines = list(requisition.lines)
            _, values = requisition._get_budget(all_lines)
            for line, figures in zip(all_lines, values):
                for name in names:
                    result[name][line.id] = figures[name]
        return result

    @classmethod
    def copy(cls, lines, default=None):
        default = default.copy() if default is not None else {}
        default.setdefault('budget_line')
        default.setdefault('budget_amount')
        return super().copy(lines, default=default)


class Request(metaclass=PoolMeta):
    __name__ = 'purchase.request'

    @classmethod
    def __setup__(cls):
        super().__setup__()
        t = cls.__table__()
        cls._sql_indexes.update({
                Index(t, (t.origin, Index.Equality())),
                Index(t, (t.purchase_line, Index.Equality())),
                })

    @classmethod
    def _book(cls, requests):
        "Book the requests and the lines of the requisitions they are of"
        Commitment = Pool().get('purchase.budget.commitment')
        lines = cls._requisition_lines(requests)
        if lines:
            Commitment.book({
                    REQUEST: [r.id for r in requests],
                    REQUISITION_LINE: lines})

    @classmethod
    def _requisition_lines(cls, requests):
        Line = Pool().get(REQUISITION_LINE)
        return [r.origin.id for r in requests if isinstance(r.origin, Line)]

    @property
    def budget_line(self):
        "That of the line of the requisition or None"
        Line = Pool().get(REQUISITION_LINE)
        if isinstance(self.origin, Line):
            return self.origin.budget_line

    @classmethod
    def on_modification(cls, mode, requests, field_names=None):
        super().on_modification(mode, requests, field_names=field_names)
        if mode == 'create' or (mode == 'write' and field_names & {
                    'purchase_line', 'quantity', 'unit',
                    'exception_ignored'}):
            cls._book(cls.browse(requests))

    @classmethod
    def on_delete(cls, requests):
        Commitment = Pool().get('purchase.budget.commitment')
        callback = super().on_delete(requests)
        origins = {
            REQUEST: [r.id for r in requests],
            REQUISITION_LINE: cls._requisition_lines(requests),
            }
        if origins[REQUISITION_LINE]:
            callback.append(lambda: Commitment.book(origins))
        return callback


class CreatePurchase(metaclass=PoolMeta):
    __name__ = 'purchase.request.create_purchase'

    def _group_purchase_line_key(self, request):
        "What is taken from different budgets is ordered apart"
        return super()._group_purchase_line_key(request) + (
            ('budget_line', request.budget_line),)


def _id_of(record, name):
    "Return the id of a field that may not be set, negative ids as None"
    value = getattr(record, name, None)
    if value is not None and value.id is not None and value.id >= 0:
        return value.id


def _asks(line):
    "Test if a line asks for something, unlike one that was just added"
    return (
        getattr(line, 'product', None) or getattr(line, 'description', None)
        or (line.id is not None and line.id >= 0))


def _name_of(line):
    "Return what a line asks for"
    if product := getattr(line, 'product', None):
        return product.rec_name
    if description := getattr(line, 'description', None):
        return description.splitlines()[0]
    return line.rec_name


def places_of(budget_lines, date):
    """Return the budget lines with the month to which a date belongs.

    :param budget_lines: iterable of records or None
    :param date: of the document
    :return: set of (id, first day of the month)
    """
    return {(b.id, b.budget.get_month(date)) for b in budget_lines if b}
