# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Propose the receipts whose goods go back to a supplier."""
from trytond.i18n import gettext
from trytond.model import ModelView, fields
from trytond.modules.stock_return.exceptions import (
    ReturnError, ReturnQuantityError)
from trytond.modules.stock_return.stock import allocate
from trytond.pool import Pool
from trytond.pyson import Bool, Eval, If
from trytond.wizard import Button, StateTransition, StateView, Wizard


class Propose(Wizard):
    __name__ = 'purchase.return.propose'
    start = StateView(
        'purchase.return.propose.start',
        'purchase_return.propose_start_view_form', [
            Button("Cancel", 'end', 'tryton-cancel'),
            Button("Add", 'add', 'tryton-ok', default=True),
            ])
    add = StateTransition()

    def default_start(self, fields):
        return {
            'return_': self.record.id,
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
        receipts = Move.find_returnable_receipts(
            return_.company, return_.party,
            {p.product for p in wanted} if wanted else None,
            currency=return_.currency, since=self.start.since,
            before=return_.date)
        if not wanted:
            found = receipts
        else:
            found = []
            for line in wanted:
                unit = line.product.default_uom
                moves = [
                    (m, q) for m, q in receipts if m.product == line.product]
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
                        gettext('purchase_return.msg_propose_quantity',
                            product=line.product.rec_name,
                            party=return_.party.rec_name,
                            quantity=Lang.get().format_number_symbol(
                                sum(q for _, q in moves), unit)),
                        gettext('purchase_return.msg_propose_quantity_way'))
                found.extend(taken)
                used = dict(taken)
                receipts = [
                    (m, unit.round(q - used[m]) if m in used else q)
                    for m, q in receipts]
        if not found:
            raise ReturnError(gettext(
                    'purchase_return.msg_propose_nothing',
                    party=return_.party.rec_name))
        return_.add_receipts(found, reason=self.start.reason)
        return_.save()
        return 'end'

    def end(self):
        return 'reload'


class ProposeStart(ModelView):
    __name__ = 'purchase.return.propose.start'

    return_ = fields.Many2One('purchase.return', "Return", readonly=True)
    since = fields.Date(
        "Since", help="Only what was received from this day on.")
    reason = fields.Many2One(
        'stock.return.reason', "Reason", domain=[('supplier', '=', True)])
    products = fields.One2Many(
        'purchase.return.propose.product', 'start', "Products",
        help="What goes back.\n"
        "Leave empty for all that can be returned.")


class ProposeProduct(ModelView):
    __name__ = 'purchase.return.propose.product'

    start = fields.Many2One('purchase.return.propose.start', "Start")
    product = fields.Many2One(
        'product.product', "Product", required=True,
        domain=[('type', 'in', ['goods', 'assets'])])
    product_uom_category = fields.Function(
        fields.Many2One('product.uom.category', "Category of Unit"),
        'on_change_with_product_uom_category')
    quantity = fields.Float(
        "Quantity", digits='unit',
        domain=['OR', ('quantity', '=', None), ('quantity', '>', 0)],
        help="Leave empty for all that can be returned.")
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
        self.unit = self.product.purchase_uom if self.product else None
