# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.model import fields
from trytond.pool import Pool, PoolMeta


class Configuration(metaclass=PoolMeta):
    __name__ = 'product.configuration'

    default_account_category = fields.Many2One(
        'product.category', "Default Account Category",
        domain=[('accounting', '=', True)],
        help="The accounting category of new goods.")
    default_service_account_category = fields.Many2One(
        'product.category', "Default Account Category for Services",
        domain=[('accounting', '=', True)],
        help="The accounting category of new services.")


class Template(metaclass=PoolMeta):
    __name__ = 'product.template'

    @classmethod
    def default_default_uom(cls):
        return Pool().get('ir.model.data').get_id('product', 'uom_unit')

    @classmethod
    def default_account_category(cls):
        Configuration = Pool().get('product.configuration')
        category = Configuration(1).default_account_category
        return category.id if category else None

    @fields.depends(
        'type', 'account_category', '_parent_account_category.id')
    def on_change_type(self):
        super().on_change_type()
        configuration = Pool().get('product.configuration')(1)
        defaults = [
            configuration.default_account_category,
            configuration.default_service_account_category]
        if not self.account_category or self.account_category in defaults:
            self.account_category = defaults[self.type == 'service']
