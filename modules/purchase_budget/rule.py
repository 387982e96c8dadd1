# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What happens beyond the budget or without one."""
from collections import defaultdict
from decimal import Decimal
from typing import NamedTuple

from trytond.i18n import gettext
from trytond.model import (
    DeactivableMixin, ModelSQL, ModelView, fields, sequence_ordered)
from trytond.pool import Pool
from trytond.pyson import Eval
from trytond.transaction import Transaction, without_check_access

from .exceptions import BudgetError, BudgetWarning
from .figures import Figures

DOCUMENTS = {
    'purchase.requisition': 'requisition',
    'purchase.purchase': 'purchase',
    }
# The later one wins
SEVERITY = ['inform', 'warn', 'approve', 'refuse']


class Excess(NamedTuple):
    """What goes beyond a budget.

    :ivar rule: record or None for the default
    :ivar action: of the rule
    :ivar line: id of the budget line
    :ivar month: first day
    :ivar scope: whether the line or the whole budget is exceeded
    :ivar period: that is compared
    :ivar figures: of it
    :ivar over: by how much
    """
    rule: object
    action: str
    line: int
    month: object
    scope: str
    period: str
    figures: Figures
    over: Decimal


class Rule(sequence_ordered(), DeactivableMixin, ModelSQL, ModelView):
    __name__ = 'purchase.budget.rule'

    name = fields.Char("Name", required=True, translate=True)
    company = fields.Many2One(
        'company.company', "Company", required=True)
    case = fields.Selection([
            ('exceeded', "Beyond the Budget"),
            ('missing', "Without a Budget"),
            ], "Case", required=True, sort=False)
    document = fields.Selection([
            (None, "All"),
            ('requisition', "Purchase Requisition"),
            ('purchase', "Purchase Order"),
            ], "Document", sort=False)
    budget = fields.Many2One(
        'purchase.budget', "Budget",
        domain=[('company', '=', Eval('company', -1))],
        states={'invisible': Eval('case') != 'exceeded'},
        help="Leave empty for all budgets.")
    scope = fields.Selection([
            ('line', "Budget Line"),
            ('budget', "Whole Budget"),
            ], "Compare", required=True, sort=False,
        states={'invisible': Eval('case') != 'exceeded'})
    period = fields.Selection([
            ('year', "Whole Time of the Budget"),
            ('to_date', "Until the Month"),
            ('month', "Month"),
            ], "Period", required=True, sort=False,
        states={'invisible': Eval('case') != 'exceeded'},
        help="The month is that for which the document asks.")
    tolerance = fields.Numeric(
        "Tolerance (%)", digits=(3, 2), required=True,
        domain=[('tolerance', '>=', 0), ('tolerance', '<=', 100)],
        states={'invisible': Eval('case') != 'exceeded'},
        help="How far the budget may be exceeded.")
    action = fields.Selection([
            ('inform', "Inform"),
            ('warn', "Warn"),
            ('refuse', "Refuse"),
            ], "Action", required=True, sort=False)
    action_string = action.translated('action')

    @classmethod
    def default_company(cls):
        return Transaction().context.get('company')

    @classmethod
    def default_case(cls):
        return 'exceeded'

    @classmethod
    def default_scope(cls):
        return 'line'

    @classmethod
    def default_period(cls):
        return 'year'

    @classmethod
    def default_tolerance(cls):
        return Decimal(0)

    @classmethod
    def default_action(cls):
        return 'warn'

    @classmethod
    def _get_rules(cls, company, case, document):
        """Return the rules, the one that is used without any as well.

        :param document: name of the model
        """
        rules = cls.search([
                ('company', '=', company.id),
                ('case', '=', case),
                ])
        if not rules and (
                case == 'exceeded' or document == 'purchase.requisition'):
            # Not stored: without rule one is warned
            rules = [cls(
                    case=case, document=None, budget=None, scope='line',
                    period='year', tolerance=Decimal(0), action='warn')]
        return [
            r for r in rules if r.document in {None, DOCUMENTS[document]}]

    @classmethod
    @without_check_access
    def get_missing_action(cls, company, document):
        """Return what happens to a line without a budget.

        :param company: record
        :param document: name of the model
        :return: the severest action or None
        """
        return max((
                r.action for r in cls._get_rules(
                    company, 'missing', document)),
            key=SEVERITY.index, default=None)

    @classmethod
    @without_check_access
    def find_excess(cls, company, document, places, added=None):
        """Find where budgets are exceeded.

        :param company: record
        :param document: name of the model
        :param places: set of (id of the budget line, first day of the month)
        :param added: what is not booked yet, dictionary of amounts by place
        :return: list of Excess, the severest of each place
        """
        Line = Pool().get('purchase.budget.line')
        rules = cls._get_rules(company, 'exceeded', document)
        if not rules or not places:
            return []
        lines = {l.id: l for l in Line.browse({id_ for id_, _ in places})}
        if any(r.scope == 'budget' for r in rules):
            months = Line.read_months(
                budgets={l.budget.id for l in lines.values()})
        else:
            months = Line.read_months(lines=lines)
        groups = {'line': defaultdict(dict), 'budget': defaultdict(dict)}
        for (line, budget, month), figures in months.items():
            figures = figures.plus(Figures(
                    committed=(added or {}).get((line, month), Decimal(0))))
            groups['line'][line][month] = figures
            sums = groups['budget'][budget]
            sums[month] = sums.get(month, Figures()).plus(figures)
        found = {}
        for line, month in sorted(places):
            for rule in rules:
                budget = lines[line].budget
                if rule.budget and rule.budget != budget:
                    continue
                figures = sum_figures(
                    groups[rule.scope][
                        line if rule.scope == 'line' else budget.id],
                    rule.period, month)
                over = figures.used - figures.budget
                allowed = figures.budget * rule.tolerance / 100
                if over <= allowed:
                    continue
                excess = Excess(
                    rule, rule.action, line, month, rule.scope, rule.period,
                    figures, over)
                present = found.get((line, month))
                if not present or (
                        SEVERITY.index(present.action)
                        < SEVERITY.index(rule.action)):
                    found[line, month] = excess
        return list(found.values())

    @classmethod
    @without_check_access
    def check(cls, document, growth, missing):
        """Do what the rules say of a document that takes more than before.

        :param document: record with company
        :param growth: dictionary of amounts by id of the budget line and
            month, as booked
        :param missing: texts of the lines that have no budget
        :raises BudgetError: a rule refuses it
        :raises BudgetWarning: a rule warns
        """
        pool = Pool()
        Warning = pool.get('res.user.warning')
        name = document.__name__
        texts = defaultdict(list)
        for excess in cls.find_excess(document.company, name, set(growth)):
            texts[excess.action].append(cls.describe(excess))
        if texts.get('refuse'):
            texts['refuse'].append(gettext('purchase_budget.msg_refused_way'))
        if missing and (
                action := cls.get_missing_action(document.company, name)):
            texts[action].extend(missing)
        if refused := texts.get('refuse'):
            raise BudgetError(
                gettext('purchase_budget.msg_refused',
                    document=document.rec_name),
                '\n'.join(refused))
        if wanted := texts.get('approve'):
            cls._check_approver(document, '\n'.join(wanted))
        if warned := texts.get('warn'):
            key = Warning.format('budget', [document])
            if Warning.check(key):
                raise BudgetWarning(
                    key, gettext('purchase_budget.msg_warned',
                        document=document.rec_name), '\n'.join(warned))
        if told := texts.get('inform'):
            document.notify_user(
                'tryton-warning', gettext('purchase_budget.msg_warned',
                    document=document.rec_name),
                description='\n'.join(told))

    @classmethod
    def _check_approver(cls, document, text):
        "Test that somebody will be asked"

    @classmethod
    def describe(cls, excess):
        "Return an excess as text"
        pool = Pool()
        Lang = pool.get('ir.lang')
        Line = pool.get('purchase.budget.line')
        lang, line = Lang.get(), Line(excess.line)

        def amount(value):
            return lang.currency(value, line.currency, grouping=True)

        return gettext(
            f'purchase_budget.msg_exceeded_{excess.period}',
            name=(
                line.rec_name if excess.scope == 'line'
                else line.budget.rec_name),
            month=excess.month.strftime('%Y-%m'),
            over=amount(excess.over),
            **{
                n: amount(getattr(excess.figures, n))
                for n in ['budget', 'committed', 'spent']})


def sum_figures(months, period, month):
    """Return the sum of the figures of a period.

    :param months: dictionary of Figures by first day of the month
    :param period: of the rule
    :param month: first day
    """
    result = Figures()
    for date, figures in months.items():
        if (period == 'year' or date == month
                or (period == 'to_date' and date < month)):
            result = result.plus(figures)
    return result
