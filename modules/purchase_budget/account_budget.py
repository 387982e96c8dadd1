# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""The purchase budget beside the budget of the accounts."""
from collections import defaultdict
from decimal import Decimal

from trytond.model import fields
from trytond.modules.currency.fields import Monetary
from trytond.pool import Pool, PoolMeta
from trytond.pyson import Eval
from trytond.transaction import without_check_access


class BudgetLine(metaclass=PoolMeta):
    __name__ = 'purchase.budget.line'

    account_budget_line = fields.Many2One(
        'account.budget.line', "Account Budget Line", ondelete='RESTRICT',
        domain=[('budget.company', '=', Eval('company', -1))],
        states={'readonly': Eval('budget_state') != 'draft'},
        help="The line of the account budget of which this is a part.")


class AccountBudgetLine(metaclass=PoolMeta):
    __name__ = 'account.budget.line'

    purchase_budget = fields.Function(Monetary(
            "Purchase Budget", currency='currency', digits='currency',
            help="Of the lines of purchase budgets that are part of it."),
        'get_purchase_budget')
    purchase_committed = fields.Function(Monetary(
            "Committed", currency='currency', digits='currency',
            help="Requested, ordered or received, but not yet invoiced."),
        'get_purchase_budget')
    purchase_spent = fields.Function(Monetary(
            "Spent", currency='currency', digits='currency'),
        'get_purchase_budget')
    purchase_available = fields.Function(Monetary(
            "Available", currency='currency', digits='currency'),
        'get_purchase_budget')

    @classmethod
    @without_check_access
    def get_purchase_budget(cls, lines, names):
        Line = Pool().get('purchase.budget.line')
        sums = {n: defaultdict(Decimal) for n in names}
        for line in Line.search([
                    ('account_budget_line', 'in', [l.id for l in lines]),
                    ('budget.state', 'in', ['running', 'closed']),
                    ]):
            for name in names:
                field = name.removeprefix('purchase_')
                sums[name][line.account_budget_line.id] += getattr(
                    line, 'amount' if field == 'budget' else field)
        return {
            name: {l.id: values[l.id] for l in lines}
            for name, values in sums.items()}
