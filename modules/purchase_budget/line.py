# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""The lines of budgets and their money, month by month."""
from collections import defaultdict
from decimal import Decimal

from trytond.cache import Cache
from trytond.i18n import gettext
from trytond.model import (
    Index, ModelSQL, ModelView, Unique, fields, sequence_ordered)
from trytond.modules.currency.fields import Monetary
from trytond.pool import Pool
from trytond.pyson import Bool, Eval, If
from trytond.transaction import Transaction, without_check_access

from .budget import STATES
from .exceptions import BudgetAccessError, BudgetValidationError
from .figures import Figures, month_of, spread

# Percentages of the budget whose use is told, once each
ALERTS = [80, 100]


class Line(sequence_ordered(), ModelSQL, ModelView):
    __name__ = 'purchase.budget.line'
    _states = {
        'readonly': Eval('budget_state') != 'draft',
        }

    budget = fields.Many2One(
        'purchase.budget', "Budget", required=True, ondelete='CASCADE',
        states={
            'readonly': _states['readonly'] & Bool(Eval('budget')),
            })
    budget_state = fields.Function(
        fields.Selection(STATES, "Budget State"),
        'on_change_with_budget_state')
    company = fields.Function(
        fields.Many2One('company.company', "Company"),
        'on_change_with_company')
    currency = fields.Function(
        fields.Many2One('currency.currency', "Currency"),
        'on_change_with_currency')
    name = fields.Char(
        "Name", states=_states,
        help="Leave empty to name the line by what it is for.")
    category = fields.Many2One(
        'product.category', "Product Category", ondelete='RESTRICT',
        states=_states, context={'company': Eval('company', -1)},
        depends={'company'},
        help="For products of the category or of one below it.")
    account = fields.Many2One(
        'account.account', "Account", ondelete='RESTRICT',
        states=_states,
        domain=[
            ('company', '=', Eval('company', -1)),
            ('closed', '!=', True),
            ('type', '!=', None),
            ],
        help="For products with this expense account.")
    amount = Monetary(
        "Amount", currency='currency', digits='currency', required=True,
        states=_states, domain=[('amount', '>=', 0)],
        help="For the whole time of the budget.")
    distribution = fields.Many2One(
        'purchase.budget.distribution', "Distribution", ondelete='RESTRICT',
        states=_states,
        help="How the amount is spread over the months.\n"
        "Leave empty to spread it equally.")
    months = fields.One2Many(
        'purchase.budget.line.month', 'line', "Months", readonly=True)
    origin = fields.Many2One(
        'purchase.budget.line', "Revised Line", readonly=True,
        ondelete='RESTRICT', states={'invisible': ~Eval('origin')})
    alerted = fields.Integer(
        "Alerted", readonly=True,
        help="The highest percentage whose use was told.")
    committed = fields.Function(Monetary(
            "Committed", currency='currency', digits='currency',
            help="Requested, ordered or received, but not yet invoiced."),
        'get_figures')
    spent = fields.Function(Monetary(
            "Spent", currency='currency', digits='currency',
            help="On posted invoices."),
        'get_figures')
    available = fields.Function(Monetary(
            "Available", currency='currency', digits='currency'),
        'get_figures')
    share = fields.Function(fields.Numeric(
            "Used", digits=(None, 4), help="As part of the amount."),
        'get_figures')
    forecast = fields.Function(Monetary(
            "Forecast", currency='currency', digits='currency',
            help="What will be used until the end, if it goes on as it did "
            "until today."),
        'get_figures')

    _candidates_cache = Cache(
        'purchase.budget.line.candidates', context=False)

    del _states

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls.__access__.add('budget')
        # As the other fields: a running budget is not even rearranged
        cls.sequence.states['readonly'] = cls.name.states['readonly']

    @classmethod
    def dimensions(cls):
        "Return the names of the fields that say what a line is for"
        return ['category', 'account']

    @fields.depends('budget', '_parent_budget.state')
    def on_change_with_budget_state(self, name=None):
        return self.budget.state if self.budget else 'draft'

    @classmethod
    def default_budget_state(cls):
        return 'draft'

    @fields.depends('budget', '_parent_budget.company')
    def on_change_with_company(self, name=None):
        return self.budget.company if self.budget else None

    @fields.depends('budget', '_parent_budget.company')
    def on_change_with_currency(self, name=None):
        if self.budget and self.budget.company:
            return self.budget.company.currency

    def get_rec_name(self, name):
        return self.name or ' / '.join(
            value.rec_name for n in self.dimensions()
            if (value := getattr(self, n))) or self.budget.rec_name

    @classmethod
    def search_rec_name(cls, name, clause):
        _, operator, value = clause
        return [
            'AND' if operator.startswith(('!', 'not')) else 'OR',
            ('name', operator, value),
            ('budget.name', operator, value),
            *((f'{n}.rec_name', operator, value)
                for n in cls.dimensions()),
            ]

    @classmethod
    def view_attributes(cls):
        share = Eval('share', 0)
        return super().view_attributes() + [
            ('/tree', 'visual',
                If(share > 1, 'danger', If(share >= 0.8,
                        'warning', If(share > 0, 'success', '')))),
            ]

    @property
    def key(self):
        "What the line is for, None without dimension"
        return tuple(
            value.id if (value := getattr(self, n)) else None
            for n in self.dimensions())

    def _revised_values(self):
        "Return the values that a revision changes"
        return {
            'amount': self.amount,
            'distribution': (
                self.distribution.id if self.distribution else None),
            }

    # The money

    @classmethod
    def read_months(cls, lines=None, budgets=None):
        """Return the figures of each month.

        :param lines: ids or None
        :param budgets: ids, taken when there are no lines
        :return: dictionary of Figures by ids of line and budget and the
            first day of the month
        """
        pool = Pool()
        Month = pool.get('purchase.budget.line.month')
        table, month = cls.__table__(), Month.__table__()
        cursor = Transaction().connection.cursor()
        column, ids = (
            (table.id, lines) if lines is not None
            else (table.budget, budgets))
        if not ids:
            return {}
        cursor.execute(*table.join(
                month, condition=month.line == table.id).select(
                table.id, table.budget, month.month, month.amount,
                month.committed, month.spent,
                where=fields.SQL_OPERATORS['in'](column, list(ids))))
        return {
            (line, budget, date): Figures(*values)
            for line, budget, date, *values in cursor}

    @classmethod
    def get_figures(cls, lines, names):
        today = month_of(Pool().get('ir.date').today())
        sums, until = defaultdict(Figures), defaultdict(Figures)
        passed, months = defaultdict(int), defaultdict(int)
        for (line, _, month), figures in cls.read_months(
                lines=[l.id for l in lines]).items():
            sums[line] = sums[line].plus(figures)
            months[line] += 1
            if month <= today:
                until[line] = until[line].plus(figures)
                passed[line] += 1
        result = {name: {} for name in names}
        for line in lines:
            figures = sums[line.id]
            values = {
                'committed': figures.committed,
                'spent': figures.spent,
                'available': figures.available,
                'share': (
                    round(figures.used / figures.budget, 4)
                    if figures.budget else None),
                'forecast': figures.used,
                }
            if passed[line.id]:
                rate = until[line.id].used / passed[line.id]
                values['forecast'] = line.currency.round(max(
                        figures.used, rate * months[line.id]))
            for name in names:
                result[name][line.id] = values[name]
        return result

    @classmethod
    def spread(cls, lines):
        "Spread the amounts over the months"
        Month = Pool().get('purchase.budget.line.month')
        save, delete = [], []
        for line in cls.browse(lines):
            present = {m.month: m for m in line.months}
            weights = (
                line.distribution.weights if line.distribution else {})
            dates = line.budget.months
            shares = spread(
                line.amount,
                [weights.get(d.month, Decimal(0)) for d in dates],
                line.budget.company.currency)
            for date, share in zip(dates, shares):
                month = present.pop(date, None) or Month(
                    line=line, month=date)
                month.amount = share
                save.append(month)
            delete.extend(present.values())
        Month.delete(delete)
        Month.save(save)

    @classmethod
    def touch(cls, ids):
        """Write the lines as they are, so that who books on them waits.

        Who has begun before this transaction ends does not see what it did;
        a row that was written since makes them begin anew.

        :param ids: of lines
        """
        table = cls.__table__()
        Transaction().connection.cursor().execute(*table.update(
                [table.budget], [table.budget],
                where=fields.SQL_OPERATORS['in'](table.id, sorted(ids))))

    @classmethod
    @without_check_access
    def alert(cls, ids):
        """Tell what passed a percentage of its amount, once each.

        :param ids: of lines on which was booked
        """
        for line in cls.browse(ids):
            share = line.share or 0
            level = max(
                (a for a in ALERTS if share * 100 >= a), default=None)
            if level and level > (line.alerted or 0):
                cls.write([line], {'alerted': level})
                line.tell_alert(level)

    def tell_alert(self, level):
        """Tell those who are named by the budget.

        :param level: percentage
        """
        Lang = Pool().get('ir.lang')
        for user in self.budget.notified_users:
            with Transaction().set_context(language=(
                        user.language.code if user.language else None)):
                line, lang = self.__class__(self.id), Lang.get()
                self._tell(
                    user,
                    gettext('purchase_budget.msg_alert',
                        line=line.rec_name, level=level,
                        budget=line.budget.rec_name),
                    gettext('purchase_budget.msg_alert_figures',
                        **line.format_figures(lang)))

    def _tell(self, user, label, description):
        self.notify_user(
            'tryton-warning', label, description=description, user=user.id)

    def format_figures(self, lang):
        "Return the figures as texts by name"
        return {
            name: lang.currency(
                getattr(self, name), self.currency, grouping=True)
            for name in ['amount', 'committed', 'spent', 'available']}

    # Changes

    @classmethod
    def copy(cls, lines, default=None):
        default = default.copy() if default is not None else {}
        for name in ['origin', 'months', 'alerted']:
            default.setdefault(name)
        return super().copy(lines, default=default)

    @classmethod
    def check_modification(cls, mode, lines, values=None, external=False):
        super().check_modification(
            mode, lines, values=values, external=external)
        if not external:
            return
        for line in lines:
            if line.budget.state != 'draft':
                raise BudgetAccessError(gettext(
                        'purchase_budget.msg_budget_not_draft',
                        budget=line.budget.rec_name))
            if mode == 'delete' and line.origin:
                raise BudgetAccessError(gettext(
                        'purchase_budget.msg_line_revised',
                        line=line.rec_name))

    @classmethod
    def validate_fields(cls, lines, field_names):
        super().validate_fields(lines, field_names)
        names = set(cls.dimensions())
        if field_names is None or field_names & names:
            for line in lines:
                if line.origin and line.key != line.origin.key:
                    raise BudgetValidationError(gettext(
                            'purchase_budget.msg_line_revised',
                            line=line.rec_name))

    @classmethod
    def on_modification(cls, mode, lines, field_names=None):
        super().on_modification(mode, lines, field_names=field_names)
        cls._candidates_cache.clear()
        if mode == 'create' or (mode == 'write' and field_names & {
                    'amount', 'distribution', 'budget'}):
            cls.spread(lines)


class Month(ModelSQL, ModelView):
    """The money of a line in a month.

    What is committed and spent is the sum of the commitments, kept here so
    that nobody has to add them up.
    """
    __name__ = 'purchase.budget.line.month'

    line = fields.Many2One(
        'purchase.budget.line', "Line", required=True, readonly=True,
        ondelete='CASCADE')
    currency = fields.Function(fields.Many2One(
            'currency.currency', "Currency"), 'on_change_with_currency')
    month = fields.Date(
        "Month", required=True, readonly=True, help="Its first day.")
    amount = Monetary(
        "Budget", currency='currency', digits='currency', required=True,
        readonly=True)
    committed = Monetary(
        "Committed", currency='currency', digits='currency', required=True,
        readonly=True)
    spent = Monetary(
        "Spent", currency='currency', digits='currency', required=True,
        readonly=True)

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls.__access__.add('line')
        t = cls.__table__()
        cls._sql_constraints += [
            ('line_month_unique', Unique(t, t.line, t.month),
                'purchase_budget.msg_month_unique'),
            ]
        cls._sql_indexes.add(Index(
                t, (t.line, Index.Equality()), (t.month, Index.Range())))
        cls._order = [
            ('line', 'ASC'), ('month', 'ASC'), ('id', 'ASC')]

    @fields.depends('line', '_parent_line.currency')
    def on_change_with_currency(self, name=None):
        return self.line.currency if self.line else None

    @classmethod
    def default_amount(cls):
        return Decimal(0)

    @classmethod
    def default_committed(cls):
        return Decimal(0)

    @classmethod
    def default_spent(cls):
        return Decimal(0)

    def get_rec_name(self, name):
        return f'{self.line.rec_name} {self.month:%Y-%m}'

    @classmethod
    def check_modification(cls, mode, months, values=None, external=False):
        super().check_modification(
            mode, months, values=values, external=external)
        if external:
            raise BudgetAccessError(gettext(
                    'purchase_budget.msg_engine_only', **cls.__names__()))
