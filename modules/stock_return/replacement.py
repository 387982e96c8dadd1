# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from decimal import Decimal

from trytond.model import ModelSQL, ModelView, fields, sequence_ordered
from trytond.modules.currency.fields import Monetary
from trytond.modules.product import price_digits
from trytond.pyson import Bool, Eval, If

from .document import STATES


class ReplacementMixin(sequence_ordered(), ModelSQL, ModelView):
    """Goods that replace what is returned.

    The class has the field ``return_`` and restricts the products.
    """
    __slots__ = ()

    _states = {'readonly': Eval('return_state') != 'draft'}

    product = fields.Many2One(
        'product.product', "Product", required=True, ondelete='RESTRICT',
        states=_states, context={'company': Eval('company', None)},
        depends={'company'})
    product_uom_category = fields.Function(
        fields.Many2One('product.uom.category', "Category of Unit"),
        'on_change_with_product_uom_category')
    quantity = fields.Float(
        "Quantity", digits='unit', required=True,
        domain=[('quantity', '>', 0)], states=_states)
    unit = fields.Many2One(
        'product.uom', "Unit", required=True, ondelete='RESTRICT',
        domain=[
            If(Bool(Eval('product_uom_category')),
                ('category', '=', Eval('product_uom_category')),
                ('category', '!=', -1)),
            ],
        states=_states)
    unit_price = Monetary(
        "Unit Price", digits=price_digits, currency='currency',
        required=True, domain=[('unit_price', '>=', 0)], states=_states)
    amount = fields.Function(Monetary(
            "Amount", digits='currency', currency='currency'),
        'on_change_with_amount')
    company = fields.Function(
        fields.Many2One('company.company', "Company"),
        'on_change_with_company')
    currency = fields.Function(
        fields.Many2One('currency.currency', "Currency"),
        'on_change_with_currency')
    return_state = fields.Function(
        fields.Selection(STATES, "State of the Return"),
        'on_change_with_return_state')

    del _states

    @classmethod
    def default_quantity(cls):
        return 1

    @classmethod
    def default_return_state(cls):
        return 'draft'

    @fields.depends('return_', '_parent_return_.company')
    def on_change_with_company(self, name=None):
        return self.return_.company if self.return_ else None

    @fields.depends('return_', '_parent_return_.currency')
    def on_change_with_currency(self, name=None):
        return self.return_.currency if self.return_ else None

    @fields.depends('return_', '_parent_return_.state')
    def on_change_with_return_state(self, name=None):
        return self.return_.state if self.return_ else 'draft'

    @fields.depends('product')
    def on_change_with_product_uom_category(self, name=None):
        return self.product.default_uom_category if self.product else None

    @fields.depends('quantity', 'unit_price', 'currency')
    def on_change_with_amount(self, name=None):
        amount = Decimal(str(self.quantity or 0)) * (
            self.unit_price or Decimal(0))
        return self.currency.round(amount) if self.currency else amount

    @fields.depends(methods=['_compute_price'])
    def on_change_quantity(self):
        self._compute_price()

    @fields.depends(methods=['_compute_price'])
    def on_change_unit(self):
        self._compute_price()

    def _compute_price(self):
        "Set the price for which the product is traded"
        raise NotImplementedError

    def get_rec_name(self, name):
        return f'{self.product.rec_name} @ {self.return_.rec_name}'
