# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from decimal import Decimal

from trytond.i18n import gettext
from trytond.model import fields
from trytond.modules.product import price_digits
from trytond.pool import Pool, PoolMeta
from trytond.pyson import Eval
from trytond.transaction import Transaction

from .document import Operation
from .trade import ApprovedTradeMixin

_not_sale = ~Eval('operation', '').in_(
    ['sale.sale:quote', 'sale.sale:confirm'])


class Rule(metaclass=PoolMeta):
    __name__ = 'document.approval.rule'

    below_floor = fields.Boolean(
        "Below Price Floor",
        states={
            'readonly': Eval('state') != 'draft',
            'invisible': _not_sale,
            },
        help="Only sales with a price below the price floor of the product.")
    discount_from = fields.Numeric(
        "Discount From (%)", digits=(3, 2),
        states={
            'readonly': Eval('state') != 'draft',
            'invisible': _not_sale,
            },
        help="Only sales with a price that is this much below the list "
        "price.")

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls.operation.selection += [
            ('sale.sale:quote', "Sales Quotation"),
            ('sale.sale:confirm', "Sales Order"),
            ]

    def match(self, facts):
        return super().match(facts) and (
            not self.below_floor or facts.get('below_floor', False)) and (
            self.discount_from is None
            or facts.get('discount', 0) >= self.discount_from)

    def _explain(self, facts):
        texts = super()._explain(facts)
        if self.below_floor:
            texts.append(gettext(
                    'document_approval.msg_because_below_floor',
                    products=', '.join(
                        p.rec_name for p in facts['below_floor'])))
        if self.discount_from is not None:
            texts.append(gettext(
                    'document_approval.msg_because_discount',
                    discount=round(facts['discount'], 1)))
        return texts


class Rule_CreditLimit(metaclass=PoolMeta):
    __name__ = 'document.approval.rule'

    over_credit_limit = fields.Boolean(
        "Over Credit Limit",
        states={
            'readonly': Eval('state') != 'draft',
            'invisible': _not_sale,
            },
        help="Only sales by which the customer's credit limit is exceeded.")

    def match(self, facts):
        return super().match(facts) and (
            not self.over_credit_limit
            or facts.get('over_credit_limit', False))

    def _explain(self, facts):
        texts = super()._explain(facts)
        if self.over_credit_limit:
            texts.append(gettext(
                    'document_approval.msg_because_credit_limit',
                    party=facts['party'].rec_name))
        return texts


class Template(metaclass=PoolMeta):
    __name__ = 'product.template'

    price_floor = fields.Numeric(
        "Price Floor", digits=price_digits,
        states={'invisible': ~Eval('salable', False)},
        help="The lowest price at which it may be sold without asking, "
        "without tax, in the default unit and the currency of the company.")


class Product(metaclass=PoolMeta):
    # The variant takes the fields of the template when it is set up again
    __name__ = 'product.product'


class Sale(ApprovedTradeMixin, metaclass=PoolMeta):
    __name__ = 'sale.sale'

    _approval_operations = {
        'quote': Operation({'draft'}),
        'confirm': Operation(
            {'quotation'}, refuse='draft', back='draft', automatic=True),
        }
    _approval_date = 'sale_date'

    def get_approval_facts(self):
        pool = Pool()
        Product = pool.get('product.product')
        UoM = pool.get('product.uom')
        facts = super().get_approval_facts()
        below, discount = [], Decimal(0)
        for line in self._trade_lines():
            product = line.product
            if not product or not line.quantity or line.quantity < 0:
                continue
            price = self._convert_approval_amount(
                line.unit_price or Decimal(0), round=False)
            if line.unit:
                price = UoM.compute_price(
                    line.unit, price, product.default_uom)
            floor = product.price_floor
            if floor is not None and price < floor:
                below.append(product)
            with Transaction().set_context(company=self.company.id):
                list_price = Product(product.id).list_price_used
            if list_price:
                discount = max(discount, 100 * (1 - price / list_price))
        facts['below_floor'], facts['discount'] = below, discount
        return facts


class Sale_CreditLimit(metaclass=PoolMeta):
    __name__ = 'sale.sale'

    def get_approval_facts(self):
        facts = super().get_approval_facts()
        facts['over_credit_limit'] = (
            self.shipment_method == 'order' and self._is_over_credit_limit())
        return facts

    def _is_over_credit_limit(self):
        Party = Pool().get('party.party')
        with Transaction().set_context(company=self.company.id):
            party = Party((self.invoice_party or self.party).id)
            limit = party.credit_limit_amount
            return limit is not None and (
                party.credit_amount + self.credit_limit_amount > limit)

    def must_check_credit_limit(self):
        "The approval of a higher credit takes the place of the check"
        Approval = Pool().get('document.approval')
        if not super().must_check_credit_limit():
            return False
        approvals = Approval.search([
                ('document', '=', str(self)),
                ('rule.over_credit_limit', '=', True),
                ('state', '=', 'approved'),
                ])
        if not approvals:
            return True
        digest = approvals[0].get_present_digest()
        return all(a.digest != digest for a in approvals)
