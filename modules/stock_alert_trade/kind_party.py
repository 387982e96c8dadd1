# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Customers who do not pay, or may soon not buy any more."""
from sql import Cast, Literal, Null
from sql.aggregate import Min, Sum
from sql.conditionals import Case, Coalesce

from trytond.modules.stock_alert.kind import Kind, days_between, reference
from trytond.pool import Pool, PoolMeta


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

    def rows(self, scope):
        pool = Pool()
        Limit = pool.get('party.party.credit_limit_amount')
        Party = pool.get('party.party')
        limit = Limit.__table__()
        line, move, from_, where = self.balances(scope)
        balance = from_.select(
            line.party.as_('party'),
            Sum(Cast(line.debit - line.credit, 'FLOAT')).as_('amount'),
            where=where, group_by=line.party)
        default = Party.default_credit_limit_amount(company=scope.company.id)
        default = Null if default is None else float(default)
        amount = Case(
            (limit.id != Null, Cast(limit.credit_limit_amount, 'FLOAT')),
            else_=Cast(default, 'FLOAT'))
        found = balance.join(
            limit, 'LEFT',
            condition=(limit.party == balance.party)
            & (limit.company == scope.company.id)
            ).select(
                balance.party.as_('party'),
                balance.amount.as_('amount'),
                amount.as_('credit'))
        return found.select(
            found.party.as_('party'),
            Cast(Null, 'INTEGER').as_('product'),
            Cast(Null, 'INTEGER').as_('warehouse'),
            (found.amount / found.credit * 100).as_('value'),
            where=found.credit > 0)


class Alert(metaclass=PoolMeta):
    __name__ = 'stock.alert'

    @classmethod
    def _get_subjects(cls):
        return [*super()._get_subjects(), 'party.party']


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
