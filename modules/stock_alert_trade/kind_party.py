# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Customers who do not pay, or may soon not buy any more."""
from sql import Cast, Literal, Null, Union
from sql.aggregate import Min, Sum
from sql.conditionals import Case, Coalesce

from trytond.modules.stock_alert.kind import (
    EPSILON, Kind, days_between, reference)
from trytond.pool import Pool, PoolMeta

from .currency import in_company_currency


class PartyKind(Kind):
    touch = None
    above = True

    def balances(self, scope):
        """Return the tables and the clause of what customers owe.

        :return: account move line, account move, joined tables and clause
        """
        pool = Pool()
        Line = pool.get('account.move.line')
        Move = pool.get('account.move')
        Account = pool.get('account.account')
        Type = pool.get('account.account.type')
        line, move, account, type_ = (
            M.__table__() for M in [Line, Move, Account, Type])
        from_ = (line
            .join(move, condition=line.move == move.id)
            .join(account, condition=line.account == account.id)
            .join(type_, condition=account.type == type_.id))
        where = (
            type_.receivable
            & (account.company == scope.company.id)
            & (line.party != Null)
            & (line.reconciliation == Null))
        return line, move, from_, where

    def subject(self, row):
        return reference('party.party', row.party)


class ReceivableOverdue(PartyKind):
    "Days since the oldest debt of those who owe more than the amount"
    name = 'receivable_overdue'
    measure = 'days'
    uses = frozenset({'threshold', 'value'})

    def rows(self, scope):
        line, move, from_, where = self.balances(scope)
        due = Coalesce(line.maturity_date, move.date)
        amount = line.debit - line.credit
        late = from_.select(
            line.party.as_('party'),
            Min(Case((amount > 0, due))).as_('date'),
            Sum(Cast(amount, 'FLOAT')).as_('amount'),
            where=where & (due < scope.today),
            group_by=line.party)
        return late.select(
            late.party.as_('party'),
            Cast(Null, 'INTEGER').as_('product'),
            Cast(Null, 'INTEGER').as_('warehouse'),
            late.amount.as_('amount'),
            days_between(late.date, Literal(scope.today)).as_('value'))

    def where(self, row, rule):
        return row.amount > Coalesce(Cast(rule.minimum_value, 'FLOAT'), 0)


class CreditLimit(PartyKind):
    "How much of the credit is used up by what is invoiced, in percent"
    name = 'credit_limit'
    measure = 'percent'
    uses = frozenset({'threshold'})
    inclusive = True

    def amounts(self, scope):
        """Return the queries of what uses up the credit.

        :return: list of queries with party and amount
        """
        line, move, from_, where = self.balances(scope)
        return [from_.select(
                line.party.as_('party'),
                Cast(line.debit - line.credit, 'FLOAT').as_('amount'),
                where=where)]

    def rows(self, scope):
        pool = Pool()
        Limit = pool.get('party.party.credit_limit_amount')
        Party = pool.get('party.party')
        limit = Limit.__table__()
        used = Union(*self.amounts(scope), all_=True)
        used = used.select(
            used.party.as_('party'),
            Sum(used.amount).as_('amount'),
            group_by=used.party)
        default = Party.default_credit_limit_amount(company=scope.company.id)
        default = Null if default is None else float(default)
        amount = Case(
            (limit.id != Null, Cast(limit.credit_limit_amount, 'FLOAT')),
            else_=Cast(default, 'FLOAT'))
        found = used.join(
            limit, 'LEFT',
            condition=(limit.party == used.party)
            & (limit.company == scope.company.id)
            ).select(
                used.party.as_('party'),
                used.amount.as_('amount'),
                amount.as_('credit'))
        return found.select(
            found.party.as_('party'),
            Cast(Null, 'INTEGER').as_('product'),
            Cast(Null, 'INTEGER').as_('warehouse'),
            (found.amount / found.credit * 100).as_('value'),
            where=found.credit > 0)


class SaleCreditLimit(CreditLimit):
    """How much of the credit is used up by debts and open sales, in percent.

    What counts is what sale_credit_limit counts when it checks the limit.
    """

    def amounts(self, scope):
        return [*super().amounts(scope), self._open_sales(scope)]

    def _open_sales(self, scope):
        "Return the query of party and amount of what is not invoiced yet"
        quantity = Union(
            self._sold(scope), self._invoiced(scope), self._ignored(scope),
            all_=True)
        left = quantity.select(
            quantity.line.as_('line'),
            Sum(quantity.quantity).as_('quantity'),
            group_by=quantity.line,
            having=Sum(quantity.quantity) > EPSILON)
        line, sale, unit, from_, _ = self._open_lines(scope)
        from_, amount = in_company_currency(
            from_.join(left, condition=left.line == line.id),
            left.quantity / Coalesce(unit.factor, 1)
            * Cast(line.unit_price, 'FLOAT'),
            sale.currency, scope.company, scope.today)
        return from_.select(
            sale.party.as_('party'), amount.as_('amount'))

    def _open_lines(self, scope):
        """Return the tables and the clause of the lines of open sales.

        :return: sale line, sale, its unit, joined tables and clause
        """
        pool = Pool()
        line, sale, unit = (
            pool.get(name).__table__()
            for name in ['sale.line', 'sale.sale', 'product.uom'])
        from_ = (line
            .join(sale, condition=line.sale == sale.id)
            .join(unit, 'LEFT', condition=line.unit == unit.id))
        where = (
            (sale.company == scope.company.id)
            & sale.state.in_(['confirmed', 'processing'])
            & (line.type == 'line') & (line.quantity > 0))
        return line, sale, unit, from_, where

    def _sold(self, scope):
        "Return the query of the quantity of each line in the base unit"
        line, sale, unit, from_, where = self._open_lines(scope)
        return from_.select(
            line.id.as_('line'),
            (line.quantity * Coalesce(unit.factor, 1)).as_('quantity'),
            where=where)

    def _invoiced(self, scope):
        "Return the query of what is posted, or will not be invoiced, negated"
        pool = Pool()
        invoice_line, invoice, ignored, invoice_unit = (
            pool.get(name).__table__() for name in [
                'account.invoice.line', 'account.invoice',
                'sale.sale-ignored-account.invoice', 'product.uom'])
        line, sale, unit, from_, where = self._open_lines(scope)
        from_ = (from_
            .join(invoice_line,
                condition=invoice_line.origin == reference(
                    'sale.line', line.id))
            .join(invoice_unit, 'LEFT',
                condition=invoice_line.unit == invoice_unit.id)
            .join(invoice, condition=invoice_line.invoice == invoice.id)
            .join(ignored, 'LEFT',
                condition=(ignored.sale == sale.id)
                & (ignored.invoice == invoice.id)))
        return from_.select(
            line.id.as_('line'),
            (-invoice_line.quantity * Coalesce(
                    invoice_unit.factor, unit.factor, 1)).as_('quantity'),
            where=where & (invoice_line.type == 'line')
            & ((invoice.move != Null) | (ignored.id != Null)))

    def _ignored(self, scope):
        "Return the query of what will not be delivered, negated"
        pool = Pool()
        move, ignored, move_unit = (
            pool.get(name).__table__() for name in [
                'stock.move', 'sale.line-ignored-stock.move', 'product.uom'])
        line, sale, unit, from_, where = self._open_lines(scope)
        from_ = (from_
            .join(ignored, condition=ignored.sale_line == line.id)
            .join(move, condition=ignored.move == move.id)
            .join(move_unit, condition=move.unit == move_unit.id))
        return from_.select(
            line.id.as_('line'),
            (-move.quantity * move_unit.factor).as_('quantity'),
            where=where & (sale.invoice_method == 'fulfillment'))


class Alert(metaclass=PoolMeta):
    __name__ = 'stock.alert'

    @classmethod
    def _get_subjects(cls):
        return [*super()._get_subjects(), 'party.party']

    @classmethod
    def search_rec_name(cls, name, clause):
        domain = super().search_rec_name(name, clause)
        if domain[0] == 'OR':
            domain.append(('subject.rec_name', *clause[1:], 'party.party'))
        return domain


class RuleReceivable(metaclass=PoolMeta):
    __name__ = 'stock.alert.rule'

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls.kind.selection.append(('receivable_overdue', "Overdue Receivable"))

    @classmethod
    def get_kinds(cls):
        return {
            **super().get_kinds(),
            ReceivableOverdue.name: ReceivableOverdue,
            }


class RuleCreditLimit(metaclass=PoolMeta):
    __name__ = 'stock.alert.rule'

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls.kind.selection.append(('credit_limit', "Credit Limit Near"))

    @classmethod
    def get_kinds(cls):
        return {**super().get_kinds(), CreditLimit.name: CreditLimit}


class RuleSaleCreditLimit(metaclass=PoolMeta):
    __name__ = 'stock.alert.rule'

    @classmethod
    def get_kinds(cls):
        return {**super().get_kinds(), SaleCreditLimit.name: SaleCreditLimit}
