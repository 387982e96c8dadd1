# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Users say which alerts they want to be told of."""
from trytond.model import ModelSQL, ModelView, fields
from trytond.pool import Pool
from trytond.pyson import Eval
from trytond.transaction import Transaction

from .rule import SEVERITIES


class Subscription(ModelSQL, ModelView):
    __name__ = 'stock.alert.subscription'

    company = fields.Many2One(
        'company.company', "Company", required=True, ondelete='CASCADE')
    user = fields.Many2One(
        'res.user', "User", required=True, readonly=True,
        ondelete='CASCADE')
    kind = fields.Selection('get_kinds', "Kind", sort=False,
        help="Leave empty for all kinds.")
    category = fields.Many2One(
        'product.category', "Category", ondelete='CASCADE',
        context={'company': Eval('company', -1)}, depends={'company'},
        help="Leave empty for all products.")
    product = fields.Many2One(
        'product.product', "Product", ondelete='CASCADE',
        context={'company': Eval('company', -1)}, depends={'company'},
        help="Leave empty for all products.")
    warehouse = fields.Many2One(
        'stock.location', "Warehouse", ondelete='CASCADE',
        domain=[('type', '=', 'warehouse')],
        help="Leave empty for all warehouses.")
    severity = fields.Selection(
        SEVERITIES, "From Severity", required=True, sort=False)

    @classmethod
    def default_company(cls):
        return Transaction().context.get('company')

    @classmethod
    def default_user(cls):
        return Transaction().user

    @classmethod
    def default_severity(cls):
        return 'warning'

    @classmethod
    def get_kinds(cls):
        Alert = Pool().get('stock.alert')
        return [(None, ""), *Alert.get_kinds()]

    def get_rec_name(self, name):
        return ' @ '.join(
            r.rec_name for r in [
                self.user, self.product or self.category, self.warehouse]
            if r)
