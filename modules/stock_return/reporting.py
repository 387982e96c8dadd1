# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""How much of what was moved comes back."""
from dateutil.relativedelta import relativedelta
from sql import Literal, Null, With
from sql.aggregate import Min, Sum
from sql.conditionals import Case, Coalesce
from sql.functions import DateTrunc, Round
from sql.operators import Concat

from trytond.model import ModelSQL, ModelView, fields
from trytond.modules.currency.fields import Monetary
from trytond.pool import Pool
from trytond.pyson import Eval
from trytond.transaction import Transaction


class ReturnReportingMixin(ModelSQL, ModelView):
    """The value of deliveries or receipts and of what was returned of them.

    The class names its orders in _order_name, sale or purchase, and says by
    _key which column of the tables it groups by.
    """
    __slots__ = ()

    _order_name = None

    company = fields.Many2One('company.company', "Company")
    currency = fields.Many2One('currency.currency', "Currency")
    moved = Monetary(
        "Moved", digits='currency', currency='currency',
        help="Value of what was delivered or received, without tax.")
    returned = Monetary(
        "Returned", digits='currency', currency='currency',
        help="Value of what was returned, without tax.")
    number = fields.Integer(
        "Number of Returns", help="Moves that gave goods back.")
    rate = fields.Function(
        fields.Float("Return Rate", digits=(1, 4)), 'get_rate')

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls._order = [('returned', 'DESC'), ('id', 'ASC')]

    def get_rate(self, name):
        if self.moved:
            return round(float(self.returned / self.moved), 4)

    @classmethod
    def table_query(cls):
        pool = Pool()
        Company = pool.get('company.company')
        Currency = pool.get('currency.currency')
        Order = pool.get(f'{cls._order_name}.{cls._order_name}')
        Line = pool.get(f'{cls._order_name}.line')
        Move = pool.get('stock.move')
        Product = pool.get('product.product')
        Template = pool.get('product.template')
        UoM = pool.get('product.uom')
        context = Transaction().context

        tables = {
            'order': Order.__table__(),
            'line': Line.__table__(),
            'move': Move.__table__(),
            'product': Product.__table__(),
            'template': Template.__table__(),
            'unit': UoM.__table__(),
            'default_unit': UoM.__table__(),
            'company': Company.__table__(),
            'currency': Currency.__table__(),
            }
        order, line, move = tables['order'], tables['line'], tables['move']
        product, template = tables['product'], tables['template']
        unit, default_unit = tables['unit'], tables['default_unit']
        company, currency = tables['company'], tables['currency']
        rate_order = With(query=Currency.currency_rate_sql())
        rate_company = With(query=Currency.currency_rate_sql())
        date = Coalesce(
            getattr(order, f'{cls._order_name}_date'), move.effective_date)

        def rated(rate, currency):
            return ((rate.currency == currency)
                & (rate.start_date <= date)
                & ((rate.end_date == Null) | (rate.end_date > date)))

        from_item = (order
            .join(line,
                condition=getattr(line, cls._order_name) == order.id)
            .join(move, condition=move.origin == Concat(
                    f'{cls._order_name}.line,', line.id))
            .join(product, condition=move.product == product.id)
            .join(template, condition=product.template == template.id)
            .join(unit, condition=line.unit == unit.id)
            .join(default_unit,
                condition=template.default_uom == default_unit.id)
            .join(company, condition=order.company == company.id)
            .join(currency, condition=company.currency == currency.id)
            .join(rate_order, condition=rated(rate_order, order.currency))
            .join(rate_company,
                condition=rated(rate_company, company.currency)))
        from_item = cls._join(from_item, tables)
        value = (
            move.internal_quantity * line.unit_price
            * default_unit.factor / unit.factor
            * rate_company.rate / rate_order.rate)
        back = line.quantity < 0

        def amount(expression, field):
            return Round(field.sql_cast(Sum(expression)), currency.digits)

        where = (
            (move.state == 'done')
            & (order.company == context.get('company')))
        if from_date := context.get('from_date'):
            where &= move.effective_date >= from_date
        if to_date := context.get('to_date'):
            where &= move.effective_date <= to_date
        if warehouse := context.get('warehouse'):
            where &= order.warehouse == warehouse
        where &= cls._where(tables)
        key = cls._key(tables)
        return from_item.select(
            cls._column_id(tables).as_('id'),
            key.as_(cls._key_name),
            order.company.as_('company'),
            currency.id.as_('currency'),
            amount(Case((back, 0), else_=value), cls.moved).as_('moved'),
            amount(
                Case((back, value), else_=0), cls.returned).as_('returned'),
            Sum(Case((back, 1), else_=0)).as_('number'),
            where=where,
            group_by=[
                cls._group(key), order.company, currency.id, currency.digits],
            with_=[rate_order, rate_company])

    @classmethod
    def _join(cls, from_item, tables):
        return from_item

    @classmethod
    def _where(cls, tables):
        return Literal(True)

    @classmethod
    def _group(cls, key):
        return key

    @classmethod
    def _column_id(cls, tables):
        return cls._key(tables)

    @classmethod
    def _key(cls, tables):
        raise NotImplementedError

    def get_returns_domain(self):
        "Return the domain of the lines of returns that it counts"
        context = Transaction().context
        domain = [
            ('return_.company', '=', self.company.id),
            ('return_.state', 'in', ['processing', 'done']),
            ]
        if from_date := context.get('from_date'):
            domain.append(('return_.date', '>=', from_date))
        if to_date := context.get('to_date'):
            domain.append(('return_.date', '<=', to_date))
        return domain


class ProductMixin(ReturnReportingMixin):
    __slots__ = ()
    _key_name = 'product'

    product = fields.Many2One(
        'product.product', "Product",
        context={'company': Eval('company', -1)}, depends={'company'})

    @classmethod
    def _key(cls, tables):
        return tables['move'].product

    def get_rec_name(self, name):
        return self.product.rec_name

    def get_returns_domain(self):
        return [
            *super().get_returns_domain(),
            ('product', '=', self.product.id)]


class PartyMixin(ReturnReportingMixin):
    __slots__ = ()
    _key_name = 'party'

    party = fields.Many2One(
        'party.party', "Party",
        context={'company': Eval('company', -1)}, depends={'company'})

    @classmethod
    def _key(cls, tables):
        return tables['order'].party

    def get_rec_name(self, name):
        return self.party.rec_name

    def get_returns_domain(self):
        return [
            *super().get_returns_domain(),
            ('return_.party', '=', self.party.id)]


class MonthMixin(ReturnReportingMixin):
    __slots__ = ()
    _key_name = 'month'

    month = fields.Date("Month")

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls._order = [('month', 'ASC'), ('id', 'ASC')]

    @classmethod
    def _key(cls, tables):
        return cls.month.sql_cast(
            DateTrunc('month', tables['move'].effective_date))

    @classmethod
    def _group(cls, key):
        # Expressions with parameters are not the same for PostgreSQL
        return key.as_(cls._key_name)

    @classmethod
    def _column_id(cls, tables):
        return Min(tables['move'].id)

    def get_rec_name(self, name):
        return self.month.isoformat()[:7]

    def get_returns_domain(self):
        return [
            *super().get_returns_domain(),
            ('return_.date', '>=', self.month),
            ('return_.date', '<', self.month + relativedelta(months=1)),
            ]


class ReasonMixin(ReturnReportingMixin):
    """The reasons of returns.

    The rate is the share of all returns.
    """
    __slots__ = ()
    _key_name = 'reason'

    reason = fields.Many2One('stock.return.reason', "Reason")

    @classmethod
    def _join(cls, from_item, tables):
        pool = Pool()
        Return = pool.get(f'{cls._order_name}.return')
        Line = pool.get(f'{cls._order_name}.return.line')
        tables['return_line'] = line = Line.__table__()
        tables['return'] = return_ = Return.__table__()
        return (super()._join(from_item, tables)
            .join(line, condition=tables['line'].return_line == line.id)
            .join(return_, condition=line.return_ == return_.id))

    @classmethod
    def _where(cls, tables):
        return super()._where(tables) & (tables['line'].quantity < 0)

    @classmethod
    def _key(cls, tables):
        return Coalesce(
            tables['return_line'].reason, tables['return'].reason)

    @classmethod
    def get_rate(cls, records, name):
        total = sum(r.returned for r in cls.search([]))
        return {
            r.id: round(float(r.returned / total), 4) if total else None
            for r in records}

    def get_rec_name(self, name):
        return self.reason.rec_name

    def get_returns_domain(self):
        return [
            *super().get_returns_domain(),
            ['OR',
                ('reason', '=', self.reason.id),
                [
                    ('reason', '=', None),
                    ('return_.reason', '=', self.reason.id),
                    ],
                ],
            ]
