# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""The next budget from a former one or from what was used."""
from decimal import Decimal

from dateutil.relativedelta import relativedelta

from trytond.model import ModelView, fields
from trytond.pool import Pool
from trytond.wizard import Button, StateAction, StateView, Wizard


class CopyStart(ModelView):
    __name__ = 'purchase.budget.copy.start'

    name = fields.Char("Name", required=True)
    start_date = fields.Date("Start Date", required=True)
    end_date = fields.Date("End Date", required=True)
    source = fields.Selection([
            ('budget', "Budget"),
            ('actual', "Committed and Spent"),
            ], "Amounts", required=True, sort=False)
    percentage = fields.Numeric(
        "Change (%)", digits=(16, 2), required=True,
        domain=[('percentage', '>=', -100)],
        help="By how much the amounts are raised, negative to cut them.")

    @classmethod
    def default_source(cls):
        return 'budget'

    @classmethod
    def default_percentage(cls):
        return Decimal(0)


class Copy(Wizard):
    __name__ = 'purchase.budget.copy'

    start = StateView(
        'purchase.budget.copy.start',
        'purchase_budget.copy_start_view_form', [
            Button("Cancel", 'end', 'tryton-cancel'),
            Button("Copy", 'copy_', 'tryton-ok', default=True),
            ])
    copy_ = StateAction('purchase_budget.act_budget_form')

    def default_start(self, fields):
        end = self.record.end_date
        start = end + relativedelta(days=1)
        return {
            'name': self.record.name,
            'start_date': start,
            'end_date': end + relativedelta(
                days=1, years=end.year - self.record.start_date.year,
                months=end.month - self.record.start_date.month + 1)
            - relativedelta(days=1),
            }

    def do_copy_(self, action):
        pool = Pool()
        FiscalYear = pool.get('account.fiscalyear')
        start, budget = self.start, self.record
        years = FiscalYear.search([
                ('company', '=', budget.company.id),
                ('start_date', '=', start.start_date),
                ('end_date', '=', start.end_date),
                ], limit=1)
        factor = 1 + start.percentage / 100
        currency = budget.currency
        used = {
            line.id: max(line.committed + line.spent, Decimal(0))
            for line in budget.lines}

        def amount(data):
            base = (
                data['amount'] if start.source == 'budget'
                else used[data['id']])
            return currency.round(base * factor)

        budgets = self.model.copy([budget], default={
                'name': start.name,
                'start_date': start.start_date,
                'end_date': start.end_date,
                'fiscalyear': years[0].id if years else None,
                'lines.amount': amount,
                })
        action['views'].reverse()
        return action, {'res_id': [b.id for b in budgets]}
