# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.model import fields
from trytond.modules.stock_return.policy import PolicyMixin
from trytond.pyson import Eval


class Policy(PolicyMixin):
    __name__ = 'purchase.return.policy'

    supplier = fields.Many2One(
        'party.party', "Supplier",
        context={'company': Eval('company', -1)}, depends={'company'},
        help="Only returns to the supplier.")
    answer_days = fields.Integer(
        "Answer within Days",
        domain=['OR',
            ('answer_days', '=', None),
            ('answer_days', '>', 0),
            ],
        states={'invisible': Eval('result') == 'refuse'},
        help="How long the supplier has to answer after the approval.\n"
        "Leave empty for that of the configuration.")

    def match(self, facts):
        return super().match(facts) and (
            not self.supplier or self.supplier == facts['party'])
