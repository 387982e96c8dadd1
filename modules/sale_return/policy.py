# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.model import fields
from trytond.modules.stock_return.policy import PolicyMixin
from trytond.pyson import Eval

from .stock import DISPOSITIONS


class Policy(PolicyMixin):
    __name__ = 'sale.return.policy'

    customer = fields.Many2One(
        'party.party', "Customer",
        context={'company': Eval('company', -1)}, depends={'company'},
        help="Only returns of the customer.")
    fee_rate = fields.Numeric(
        "Restocking Fee", digits=(1, 4),
        domain=['OR',
            ('fee_rate', '=', None),
            [('fee_rate', '>=', 0), ('fee_rate', '<=', 1)],
            ],
        states={'invisible': Eval('result') == 'refuse'},
        help="Share of the price that is not paid back.")
    disposition = fields.Selection(
        [(None, "")] + DISPOSITIONS, "Disposition", sort=False,
        states={'invisible': Eval('result') == 'refuse'},
        help="Where the goods go when nobody says otherwise.")

    def match(self, facts):
        return super().match(facts) and (
            not self.customer or self.customer == facts['party'])
