# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Propose the deliveries that a customer gives back."""
import datetime as dt

from trytond.i18n import gettext
from trytond.model import ModelView, fields
from trytond.modules.stock_return.exceptions import (
    ReturnError, ReturnQuantityError)
from trytond.modules.stock_return.stock import allocate
from trytond.pool import Pool
from trytond.pyson import Bool, Eval, If
from trytond.wizard import Button, StateTransition, StateView, Wizard


class Propose(Wizard):
    __name__ = 'sale.return.propose'
    start = StateView(
        'sale.return.propose.start', 'sale_return.propose_start_view_form', [
            Button("Cancel", 'end', 'tryton-cancel'),
            Button("Add", 'add', 'tryton-ok', default=True),
            ])
    add = StateTransition()

    def default_start(self, fields):
        # What is refused for its age alone is not proposed
        days = [
            p.days for p in self.record.policies
            if p.result == 'refuse' and p.days is not None and not any([
                    p.category, p.reason, p.reason_class, p.condition,
                    p.customer, p.shelf_life, p.share, p.without_original])]
        return {
            'return_': self.record.id,
            'since': (
                self.record.date - dt.timedelta(days=min(days))
                if days else None),
            'reason': self.record.reason.id if self.record.reason else None,
            }

    def transition_add(self):
        pool = Pool()
        Lang = pool.get('ir.lang')
        Move = pool.get('stock.move')
        UoM = pool.get('product.uom')
        return_ = self.record
        if return_.state != 'draft':
            raise ReturnError(gettext(
                    'stock_return.msg_return_not_draft',
                    return_=return_.rec_name))
        wanted = self.start.products
        deliveries = Move.find_returnable(
            return_.party, return_.company,
            {p.product for p in wanted} if wanted else None,
            currency=return_.currency, since=self.start.since,
            before=return_.date)
        if not wanted:
            found = deliveries
        else:
            found = []
            for line in wanted:
                unit = line.product.default_uom
                moves = [
                    (m, q) for m, q in deliveries if m.product == line.product]
                if line.quantity is None:
                    taken, rest = moves, not moves
                else:
                    taken, rest = allocate(
                        UoM.compute_qty(
                            line.unit or unit, line.quantity, unit,
                            round=False),
                        moves, unit.round)
                if rest:
                    raise ReturnQuantityError(
                        gettext('sale_return.msg_propose_quantity',
                            product=line.product.rec_name,
                            party=return_.party.rec_name,
                            quantity=Lang.get().format_number_symbol(
                                sum(q for _, q in moves), unit)),
                        gettext('sale_return.msg_propose_quantity_way'))
                found.extend(taken)
                used = dict(taken)
                deliveries = [
                    (m, unit.round(q - used[m]) if m in used else q)
                    for m, q in deliveries]
        if not found:
            raise ReturnError(gettext(
                    'sale_return.msg_propose_nothing',
                    party=return_.party.rec_name))
        return_.add_deliveries(found, reason=self.start.reason)
        return_.save()
        return 'end'

    def end(self):
        return 'reload'


class ProposeStart(ModelView):
    __name__ = 'sale.return.propose.start'

    return_ = fields.Many2One('sale.return', "Return", readonly=True)
    since = fields.Date(
        "Since", help="Only what was delivered from this day on.")
    reason = fields.Many2One(
        'stock.return.reason', "Reason", domain=[('customer', '=', True)])
    products = fields.One2Many(
        'sale.return.propose.product', 'start', "Products",
        help="What comes back.\n"
        "Leave empty for all that the customer can return.")


class ProposeProduct(ModelView):
    __name__ = 'sale.return.propose.product'

    start = fields.Many2One('sale.return.propose.start', "Start")
    product = fields.Many2One(
        'product.product', "Product", required=True,
        domain=[('type', 'in', ['goods', 'assets'])])
    product_uom_category = fields.Function(
        fields.Many2One('product.uom.category', "Category of Unit"),
        'on_change_with_product_uom_category')
    quantity = fields.Float(
        "Quantity", digits='unit',
        domain=['OR', ('quantity', '=', None), ('quantity', '>', 0)],
        help="Leave empty for all that the customer can return.")
    unit = fields.Many2One(
        'product.uom', "Unit",
        domain=[
            If(Bool(Eval('product_uom_category')),
                ('category', '=', Eval('product_uom_category')),
                ('category', '!=', -1)),
            ])

    @fields.depends('product')
    def on_change_with_product_uom_category(self, name=None):
        return self.product.default_uom_category if self.product else None

    @fields.depends('product')
    def on_change_product(self):
        self.unit = self.product.sale_uom if self.product else None
