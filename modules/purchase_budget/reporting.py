# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Budget against committed and spent, seen from several sides."""
from sql.aggregate import Min, Sum
from sql.functions import Round

from trytond.i18n import gettext
from trytond.model import ModelSQL, ModelView, fields
from trytond.modules.currency.fields import Monetary
from trytond.pool import Pool
from trytond.pyson import Eval, If, PYSONEncoder
from trytond.transaction import Transaction
from trytond.wizard import StateAction, Wizard


class Context(ModelView):
    __name__ = 'purchase.budget.reporting.context'

    company = fields.Many2One('company.company', "Company", required=True)
    budget = fields.Many2One(
        'purchase.budget', "Budget",
        domain=[
            ('company', '=', Eval('company', -1)),
            ('state', 'in', ['running', 'closed']),
            ])
    from_date = fields.Date(
        "From Date",
        domain=[
            If(Eval('to_date') & Eval('from_date'),
                ('from_date', '<=', Eval('to_date')), ()),
            ])
    to_date = fields.Date(
        "To Date",
        domain=[
            If(Eval('from_date') & Eval('to_date'),
                ('to_date', '>=', Eval('from_date')), ()),
            ])

    @classmethod
    def default_company(cls):
        return Transaction().context.get('company')

    @classmethod
    def default_budget(cls):
        return Transaction().context.get('budget')

    @classmethod
    def default_from_date(cls):
        return Pool().get('ir.date').today().replace(month=1, day=1)

    @classmethod
    def default_to_date(cls):
        return Pool().get('ir.date').today().replace(month=12, day=31)


class ReportingMixin(ModelSQL, ModelView):
    "The sums of the months of running and closed budgets by a key"
    __slots__ = ()

    _key_name = None

    company = fields.Many2One('company.company', "Company")
    currency = fields.Many2One('currency.currency', "Currency")
    amount = Monetary("Budget", currency='currency', digits='currency')
    committed = Monetary(
        "Committed", currency='currency', digits='currency')
    spent = Monetary("Spent", currency='currency', digits='currency')
    available = fields.Function(Monetary(
            "Available", currency='currency', digits='currency'),
        'get_available')
    share = fields.Function(
        fields.Float("Used", digits=(None, 4)), 'get_share')

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls._order = [
            (cls._key_name, 'ASC NULLS LAST'), ('id', 'ASC')]

    def get_available(self, name):
        return self.amount - self.committed - self.spent

    def get_share(self, name):
        if self.amount:
            return round(
                float((self.committed + self.spent) / self.amount), 4)

    @classmethod
    def view_attributes(cls):
        share = Eval('share', 0)
        return super().view_attributes() + [
            ('/tree', 'visual',
                If(share > 1, 'danger', If(share >= 0.8, 'warning', ''))),
            ]

    @classmethod
    def table_query(cls):
        pool = Pool()
        budget = pool.get('purchase.budget').__table__()
        line = pool.get('purchase.budget.line').__table__()
        month = pool.get('purchase.budget.line.month').__table__()
        company = pool.get('company.company').__table__()
        currency = pool.get('currency.currency').__table__()
        context = Transaction().context
        where = (
            (budget.company == context.get('company'))
            & budget.state.in_(['running', 'closed']))
        if context.get('budget'):
            where &= budget.id == context['budget']
        if context.get('from_date'):
            where &= month.month >= context['from_date'].replace(day=1)
        if context.get('to_date'):
            where &= month.month <= context['to_date']

        def amount(name):
            field = getattr(cls, name)
            return Round(field.sql_cast(
                    Sum(getattr(month, name))), currency.digits).as_(name)

        key = cls._key(line, month)
        return (month
            .join(line, condition=month.line == line.id)
            .join(budget, condition=line.budget == budget.id)
            .join(company, condition=budget.company == company.id)
            .join(currency, condition=company.currency == currency.id)
            .select(
                Min(month.id).as_('id'), key.as_(cls._key_name),
                budget.company.as_('company'), currency.id.as_('currency'),
                amount('amount'), amount('committed'), amount('spent'),
                where=where,
                group_by=[
                    key, budget.company, currency.id, currency.digits]))

    @classmethod
    def _key(cls, line, month):
        return getattr(line, cls._key_name)

    def get_rec_name(self, name):
        value = getattr(self, self._key_name)
        return (
            value.rec_name if value
            else gettext('purchase_budget.msg_none'))

    @classmethod
    def search_rec_name(cls, name, clause):
        if isinstance(cls._fields[cls._key_name], fields.Many2One):
            return [(f'{cls._key_name}.rec_name', *clause[1:])]
        return super().search_rec_name(name, clause)

    def get_commitments_domain(self):
        "Return the domain of the commitments that it counts"
        context = Transaction().context
        value = getattr(self, self._key_name)
        domain = [
            ('line.budget.company', '=', self.company.id),
            (f'line.{self._key_name}', '=', value.id if value else None),
            ]
        if context.get('budget'):
            domain.append(('line.budget', '=', context['budget']))
        if context.get('from_date'):
            domain.append(
                ('month', '>=', context['from_date'].replace(day=1)))
        if context.get('to_date'):
            domain.append(('month', '<=', context['to_date']))
        return domain


class Category(ReportingMixin):
    __name__ = 'purchase.budget.reporting.category'
    _key_name = 'category'

    category = fields.Many2One(
        'product.category', "Product Category",
        context={'company': Eval('company', -1)}, depends={'company'})


class Department(ReportingMixin):
    __name__ = 'purchase.budget.reporting.department'
    _key_name = 'department'

    department = fields.Many2One('company.department', "Department")


class Month(ReportingMixin):
    __name__ = 'purchase.budget.reporting.month'
    _key_name = 'month'

    month = fields.Date("Month")

    @classmethod
    def _key(cls, line, month):
        return month.month

    def get_rec_name(self, name):
        return self.month.isoformat()[:7]

    def get_commitments_domain(self):
        domain = [
            ('line.budget.company', '=', self.company.id),
            ('month', '=', self.month),
            ]
        if budget := Transaction().context.get('budget'):
            domain.append(('line.budget', '=', budget))
        return domain


class Open(Wizard):
    "Open the commitments that a record counts"
    __name__ = 'purchase.budget.reporting.open'
    _readonly = True

    start_state = 'open_'
    open_ = StateAction('purchase_budget.act_commitment_form')

    def do_open_(self, action):
        action['pyson_domain'] = PYSONEncoder().encode(
            ['OR', *[r.get_commitments_domain() for r in self.records]])
        action['name'] += ' - ' + ', '.join(
            r.rec_name for r in self.records[:5])
        return action, {}
