# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Decide what is done with goods that came back."""
from trytond.i18n import gettext
from trytond.model import ModelView, fields
from trytond.modules.stock_return.exceptions import ReturnError
from trytond.pool import Pool
from trytond.wizard import (
    Button, StateAction, StateTransition, StateView, Wizard)

from .stock import DISPOSITIONS

KINDS = [k for k, _ in DISPOSITIONS]
# Where goods wait for a further decision
PENDING = {'quarantine', 'repair', 'supplier'}


class DisposeStart(ModelView):
    __name__ = 'sale.return.dispose.start'

    lines = fields.One2Many('sale.return.dispose.line', 'start', "Goods")


class DisposeLine(ModelView):
    __name__ = 'sale.return.dispose.line'

    start = fields.Many2One('sale.return.dispose.start', "Start")
    move = fields.Many2One('stock.move', "Move", readonly=True)
    product = fields.Many2One('product.product', "Product", readonly=True)
    lot_name = fields.Char("Lot", readonly=True)
    quantity = fields.Float("Quantity", digits='unit', readonly=True)
    unit = fields.Many2One('product.uom', "Unit", readonly=True)
    current = fields.Selection(
        [(None, "")] + DISPOSITIONS, "Now", readonly=True, sort=False)
    restock = fields.Float("Restock", digits='unit')
    quarantine = fields.Float("Quarantine", digits='unit')
    repair = fields.Float("Repair", digits='unit')
    scrap = fields.Float("Scrap", digits='unit')
    supplier = fields.Float("Back to Supplier", digits='unit')
    remaining = fields.Function(
        fields.Float("Remaining", digits='unit'),
        'on_change_with_remaining')

    @fields.depends('quantity', 'unit', *KINDS)
    def on_change_with_remaining(self, name=None):
        remaining = (self.quantity or 0) - sum(
            getattr(self, k) or 0 for k in KINDS)
        return self.unit.round(remaining) if self.unit else remaining


def default_line(move, quantity, current=None, **values):
    lot = getattr(move, 'lot', None)
    return {
        'move': move.id,
        'product': move.product.id,
        'lot_name': lot.rec_name if lot else None,
        'quantity': quantity,
        'unit': move.unit.id,
        'current': current,
        **values,
        }


def check_line(line, complete):
    """Test the quantities of a line.

    :param complete: whether all has to be disposed of
    :raises ReturnError: they do not add up
    """
    quantities = [getattr(line, k) or 0 for k in KINDS]
    remaining = line.unit.round(line.quantity - sum(quantities))
    if (min(quantities) < 0 or remaining < 0
            or (complete and remaining)):
        Lang = Pool().get('ir.lang')
        raise ReturnError(gettext(
                'sale_return.msg_dispose_quantity',
                product=line.product.rec_name,
                quantity=Lang.get().format_number_symbol(
                    line.quantity, line.unit)))


class Inspect(Wizard):
    "Say where the goods of a return shipment go before they are put away"
    __name__ = 'sale.return.inspect'
    start = StateView(
        'sale.return.dispose.start', 'sale_return.dispose_start_view_form', [
            Button("Cancel", 'end', 'tryton-cancel'),
            Button("OK", 'dispose', 'tryton-ok', default=True),
            ])
    dispose = StateTransition()

    def _received(self):
        "Return the moves that came in with those that put them away"
        moves = {m: [] for m in self.record.incoming_moves
            if m.state == 'done'}
        for move in self.record.inventory_moves:
            if move.origin in moves and move.state not in {
                    'done', 'cancelled'}:
                moves[move.origin].append(move)
        return moves

    def default_start(self, fields):
        lines = []
        for move, puts in self._received().items():
            quantities = {}
            for put in puts:
                kind = put.disposition or 'restock'
                quantities[kind] = quantities.get(kind, 0) + put.quantity
            lines.append(default_line(move, move.quantity, **quantities))
        return {'lines': lines}

    def transition_dispose(self):
        pool = Pool()
        Move = pool.get('stock.move')
        shipment = self.record
        if shipment.state != 'received':
            raise ReturnError(gettext(
                    'sale_return.msg_shipment_not_received',
                    shipment=shipment.rec_name))
        received = self._received()
        to_save, to_delete = [], []
        for line in self.start.lines:
            # The client does not decide of how much
            move = next((m for m in received if m == line.move), None)
            if not move:
                continue
            line.quantity, line.unit = move.quantity, move.unit
            line.product = move.product
            check_line(line, complete=True)
            puts = received[move]
            for kind in KINDS:
                quantity = getattr(line, kind)
                if not quantity:
                    continue
                if puts:
                    put = puts.pop()
                else:
                    put = shipment._get_inventory_move(move)
                    put.shipment = shipment
                put.quantity = quantity
                put.disposition = kind
                put.to_location = shipment.get_disposition_location(kind)
                to_save.append(put)
            to_delete.extend(puts)
        Move.delete(to_delete)
        Move.save(to_save)
        return 'end'

    def end(self):
        return 'reload'


class Dispose(Wizard):
    "Move on what waits in quarantine or repair"
    __name__ = 'sale.return.dispose'
    start_state = 'check'
    check = StateTransition()
    start = StateView(
        'sale.return.dispose.start', 'sale_return.dispose_start_view_form', [
            Button("Cancel", 'end', 'tryton-cancel'),
            Button("OK", 'dispose', 'tryton-ok', default=True),
            ])
    dispose = StateAction('stock.act_shipment_internal_form')

    def _waiting(self):
        "Return the moves whose goods wait, with the quantity that does"
        waiting = {}
        for move in self.record.moves:
            if move.state == 'done' and move.disposition in PENDING:
                quantity = move.quantity - sum(
                    m.quantity for m in move.outcome_moves
                    if m.state != 'cancelled')
                if move.unit.round(quantity) > 0:
                    waiting[move] = move.unit.round(quantity)
        return waiting

    def transition_check(self):
        if not self._waiting():
            raise ReturnError(gettext(
                    'sale_return.msg_dispose_nothing',
                    shipment=self.record.rec_name))
        return 'start'

    def default_start(self, fields):
        return {
            'lines': [
                default_line(move, quantity, current=move.disposition)
                for move, quantity in self._waiting().items()],
            }

    def do_dispose(self, action):
        pool = Pool()
        Move = pool.get('stock.move')
        Shipment = pool.get('stock.shipment.internal')
        Move.lock(self.record.moves)
        waiting = self._waiting()
        moves = {}
        for line in self.start.lines:
            move = next((m for m in waiting if m == line.move), None)
            if not move:
                continue
            line.quantity, line.unit = waiting[move], move.unit
            line.product = move.product
            check_line(line, complete=False)
            for kind in KINDS:
                quantity = getattr(line, kind)
                if not quantity:
                    continue
                location = self.record.get_disposition_location(kind)
                if location == move.to_location:
                    continue
                new = Move(
                    product=move.product, unit=move.unit, quantity=quantity,
                    from_location=move.to_location, to_location=location,
                    company=move.company, origin=move, disposition=kind,
                    state='draft')
                if getattr(move, 'lot', None):
                    new.lot = move.lot
                moves.setdefault(
                    (move.to_location, location), []).append(new)
        shipments = []
        for (from_location, to_location), new_moves in moves.items():
            shipments.append(Shipment(
                    company=self.record.company, from_location=from_location,
                    to_location=to_location, moves=new_moves,
                    reference=self.record.number))
        Shipment.save(shipments)
        Shipment.wait(shipments)
        data = {'res_id': [s.id for s in shipments]}
        if len(shipments) == 1:
            action['views'].reverse()
        return action, data
