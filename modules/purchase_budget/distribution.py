# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""How amounts are spread over the months."""
from collections import defaultdict
from decimal import Decimal

from trytond.model import ModelSQL, ModelView, fields
from trytond.pool import Pool


class Distribution(ModelSQL, ModelView):
    __name__ = 'purchase.budget.distribution'

    name = fields.Char("Name", required=True, translate=True)
    months = fields.One2Many(
        'purchase.budget.distribution.month', 'distribution', "Months",
        help="A month that is missing gets nothing.")

    @property
    def weights(self):
        "Dictionary of the weights by number of the month"
        weights = defaultdict(Decimal)
        for month in self.months:
            weights[month.month.index] += month.weight
        return weights

    @classmethod
    def default_months(cls):
        Month = Pool().get('ir.calendar.month')
        return [
            {'month': m.id, 'month.': {'rec_name': m.rec_name}, 'weight': 1}
            for m in Month.search([], order=[('index', 'ASC')])]


class DistributionMonth(ModelSQL, ModelView):
    __name__ = 'purchase.budget.distribution.month'

    distribution = fields.Many2One(
        'purchase.budget.distribution', "Distribution", required=True,
        ondelete='CASCADE')
    month = fields.Many2One('ir.calendar.month', "Month", required=True)
    weight = fields.Numeric(
        "Weight", digits=(16, 4), required=True,
        domain=[('weight', '>=', 0)])

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls.__access__.add('distribution')
        cls._order = [('month.index', 'ASC'), ('id', 'ASC')]

    @classmethod
    def default_weight(cls):
        return Decimal(1)
