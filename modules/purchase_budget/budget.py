# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Budgets and their revisions."""
from collections import defaultdict

from dateutil.relativedelta import relativedelta

from trytond.i18n import gettext
from trytond.model import ModelSQL, ModelView, Workflow, fields
from trytond.modules.currency.fields import Monetary
from trytond.pool import Pool
from trytond.pyson import Bool, Eval, If
from trytond.transaction import Transaction

from .exceptions import BudgetAccessError, BudgetValidationError
from .figures import Figures, month_of

STATES = [
    ('draft', "Draft"),
    ('running', "Running"),
    ('closed', "Closed"),
    ('superseded', "Superseded"),
    ]


class Budget(Workflow, ModelSQL, ModelView):
    __name__ = 'purchase.budget'
    _states = {
        'readonly': Eval('state') != 'draft',
        }

    name = fields.Char("Name", required=True, states=_states)
    company = fields.Many2One(
        'company.company', "Company", required=True,
        states={
            'readonly': (Eval('state') != 'draft') | Eval('lines', [0]),
            })
    currency = fields.Function(fields.Many2One(
            'currency.currency', "Currency"), 'on_change_with_currency')
    fiscalyear = fields.Many2One(
        'account.fiscalyear', "Fiscal Year",
        domain=[('company', '=', Eval('company', -1))],
        states={
            'readonly': (
                (Eval('state') != 'draft') | Bool(Eval('origin'))),
            },
        help="Proposes the dates.")
    start_date = fields.Date(
        "Start Date", required=True,
        domain=[
            If(Eval('start_date') & Eval('end_date'),
                ('start_date', '<=', Eval('end_date')), ()),
            ],
        states={
            'readonly': (
                (Eval('state') != 'draft') | Bool(Eval('origin'))),
            })
    end_date = fields.Date(
        "End Date", required=True,
        domain=[
            If(Eval('start_date') & Eval('end_date'),
                ('end_date', '>=', Eval('start_date')), ()),
            ],
        states={
            'readonly': (
                (Eval('state') != 'draft') | Bool(Eval('origin'))),
            })
    version = fields.Integer("Version", required=True, readonly=True)
    origin = fields.Many2One(
        'purchase.budget', "Revision Of", readonly=True, ondelete='RESTRICT',
        states={'invisible': ~Eval('origin')},
        help="The budget that the revision changes, or did.")
    revisions = fields.One2Many(
        'purchase.budget', 'origin', "Revisions", readonly=True,
        order=[('version', 'DESC')], states={'invisible': ~Eval('revisions')},
        help="The next version under way and the former ones.")
    reason = fields.Char(
        "Reason",
        states={
            'readonly': Eval('state') != 'draft',
            'invisible': ~Eval('origin'),
            })
    lines = fields.One2Many(
        'purchase.budget.line', 'budget', "Lines", states=_states)
    notified_users = fields.Many2Many(
        'purchase.budget-res.user', 'budget', 'user', "Notify",
        help="Who is told when 80 % and 100 % of a line are used.")
    amount = fields.Function(Monetary(
            "Budget", currency='currency', digits='currency'), 'get_figures')
    committed = fields.Function(Monetary(
            "Committed", currency='currency', digits='currency'),
        'get_figures')
    spent = fields.Function(Monetary(
            "Spent", currency='currency', digits='currency'), 'get_figures')
    available = fields.Function(Monetary(
            "Available", currency='currency', digits='currency'),
        'get_figures')
    state = fields.Selection(
        STATES, "State", readonly=True, required=True, sort=False)

    del _states

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls._order = [
            ('start_date', 'DESC'), ('name', 'ASC'), ('version', 'DESC'),
            ('id', 'DESC')]
        cls._transitions |= {
            ('draft', 'running'),
            ('draft', 'superseded'),
            ('running', 'closed'),
            ('closed', 'running'),
            }
        cls._buttons.update({
                'run': {
                    'invisible': ~Eval('state').in_(['draft', 'closed']),
                    'readonly': ~Eval('lines', []),
                    'depends': ['state', 'lines'],
                    },
                'close': {
                    'invisible': Eval('state') != 'running',
                    'depends': ['state'],
                    },
                'revise': {
                    'invisible': Eval('state') != 'running',
                    'depends': ['state'],
                    },
                'copy_wizard': {
                    'invisible': Bool(Eval('origin')),
                    'depends': ['origin'],
                    },
                })

    @classmethod
    def default_company(cls):
        return Transaction().context.get('company')

    @classmethod
    def default_version(cls):
        return 1

    @classmethod
    def default_state(cls):
        return 'draft'

    @fields.depends('company')
    def on_change_with_currency(self, name=None):
        return self.company.currency if self.company else None

    @fields.depends('fiscalyear')
    def on_change_fiscalyear(self):
        if self.fiscalyear:
            self.start_date = self.fiscalyear.start_date
            self.end_date = self.fiscalyear.end_date

    @classmethod
    def get_figures(cls, budgets, names):
        Line = Pool().get('purchase.budget.line')
        sums = defaultdict(Figures)
        for (_, budget, _), figures in Line.read_months(
                budgets=[b.id for b in budgets]).items():
            sums[budget] = sums[budget].plus(figures)

        def value(budget, name):
            name = 'budget' if name == 'amount' else name
            return getattr(sums[budget.id], name)

        return {
            name: {b.id: value(b, name) for b in budgets} for name in names}

    def get_rec_name(self, name):
        if self.version > 1 or self.origin:
            return f'{self.name} ({self.version})'
        return self.name

    @classmethod
    def view_attributes(cls):
        return super().view_attributes() + [
            ('/tree', 'visual',
                If(Eval('state').in_(['closed', 'superseded']), 'muted', '')),
            ('/tree/field[@name="available"]', 'visual',
                If(Eval('available', 0) < 0, 'danger', '')),
            ]

    @property
    def months(self):
        "The first days of the months"
        month, months = month_of(self.start_date), []
        while month <= self.end_date:
            months.append(month)
            month += relativedelta(months=1)
        return months

    def get_month(self, date):
        "Return the first day of the month to which a date belongs"
        return month_of(min(max(date, self.start_date), self.end_date))

    @classmethod
    def copy(cls, budgets, default=None):
        default = default.copy() if default is not None else {}
        for name in ['origin', 'reason', 'revisions']:
            default.setdefault(name)
        default.setdefault('version', 1)
        return super().copy(budgets, default=default)

    @classmethod
    def check_modification(cls, mode, budgets, values=None, external=False):
        super().check_modification(
            mode, budgets, values=values, external=external)
        if mode == 'delete' or (
                external and mode == 'write'
                and values.keys() - {'notified_users'}):
            for budget in budgets:
                if budget.state != 'draft':
                    raise BudgetAccessError(gettext(
                            'purchase_budget.msg_budget_not_draft',
                            budget=budget.rec_name))

    @classmethod
    def on_modification(cls, mode, budgets, field_names=None):
        Line = Pool().get('purchase.budget.line')
        super().on_modification(mode, budgets, field_names=field_names)
        Line._candidates_cache.clear()
        if mode == 'write' and field_names & {'start_date', 'end_date'}:
            Line.spread([l for b in cls.browse(budgets) for l in b.lines])

    @classmethod
    @ModelView.button
    def run(cls, budgets):
        """Let the budgets run, revisions change what they are of.

        :raises BudgetValidationError: a line says nothing or the same as
            another
        """
        for budget in budgets:
            if budget.state in {'draft', 'closed'}:
                budget._check_lines()
        revisions = [b for b in budgets if b.origin and b.state == 'draft']
        cls._run([b for b in budgets if not b.origin])
        for revision in revisions:
            revision._apply()
        cls._supersede(revisions)

    @classmethod
    @Workflow.transition('running')
    def _run(cls, budgets):
        pass

    @classmethod
    @Workflow.transition('superseded')
    def _supersede(cls, budgets):
        pass

    @classmethod
    @ModelView.button
    @Workflow.transition('closed')
    def close(cls, budgets):
        pass

    @classmethod
    @ModelView.button
    def revise(cls, budgets):
        """Draft the next version.

        :raises BudgetValidationError: one is under way already
        """
        for budget in budgets:
            for revision in budget.revisions:
                if revision.state == 'draft':
                    raise BudgetValidationError(gettext(
                            'purchase_budget.msg_budget_revised',
                            budget=budget.rec_name,
                            revision=revision.rec_name))
            if budget.state == 'running':
                cls.copy([budget], default={
                        'origin': budget.id,
                        'version': budget.version + 1,
                        'lines.origin': lambda data: data['id'],
                        })

    @classmethod
    @ModelView.button_action('purchase_budget.wizard_copy')
    def copy_wizard(cls, budgets):
        pass

    def _check_lines(self):
        Line = Pool().get('purchase.budget.line')
        if not self.lines:
            raise BudgetValidationError(gettext(
                    'purchase_budget.msg_budget_no_line',
                    budget=self.rec_name))
        others = Line.search([
                ('budget', '!=', self.id),
                ('budget', '!=', self.origin.id if self.origin else -1),
                ('budget.company', '=', self.company.id),
                ('budget.state', '=', 'running'),
                ('budget.start_date', '<=', self.end_date),
                ('budget.end_date', '>=', self.start_date),
                ])
        seen = {l.key: l for l in others}
        for line in self.lines:
            if other := seen.get(line.key):
                raise BudgetValidationError(gettext(
                        'purchase_budget.msg_line_twice',
                        line=line.rec_name, other=other.rec_name,
                        budget=other.budget.rec_name))
            seen[line.key] = line

    def _apply(self):
        """Give the lines of the budget the amounts of the revision.

        The revision keeps those from before, so that what was booked on the
        lines stays there.
        """
        Line = Pool().get('purchase.budget.line')
        budget = self.origin
        if budget.state != 'running':
            raise BudgetValidationError(gettext(
                    'purchase_budget.msg_budget_not_running',
                    budget=budget.rec_name))
        added = []
        for line in self.lines:
            if not line.origin:
                added.append(line)
                continue
            before = line.origin._revised_values()
            Line.write([line.origin], {
                    **line._revised_values(), 'alerted': None})
            Line.write([line], before)
        if added:
            Line.write(added, {'budget': budget.id})
        version = budget.version
        self.__class__.write([budget], {'version': self.version})
        self.__class__.write([self], {'version': version})


class BudgetUser(ModelSQL):
    __name__ = 'purchase.budget-res.user'

    budget = fields.Many2One(
        'purchase.budget', "Budget", ondelete='CASCADE', required=True)
    user = fields.Many2One(
        'res.user', "User", ondelete='CASCADE', required=True)
