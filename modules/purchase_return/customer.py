# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Goods of customers that go back to their suppliers."""
from trytond.i18n import gettext
from trytond.model import ModelView, fields
from trytond.modules.stock_return.exceptions import ReturnError
from trytond.modules.stock_return.stock import allocate
from trytond.pool import Pool, PoolMeta
from trytond.pyson import Eval
from trytond.transaction import Transaction
from trytond.wizard import StateAction, Wizard


class Line_SaleReturn(metaclass=PoolMeta):
    __name__ = 'purchase.return.line'

    sale_return_line = fields.Many2One(
        'sale.return.line', "Return of Customer", readonly=True,
        ondelete='RESTRICT', states={'invisible': ~Eval('sale_return_line')})
    disposed_move = fields.Many2One(
        'stock.move', "Disposed By", readonly=True, ondelete='RESTRICT',
        states={'invisible': ~Eval('disposed_move')},
        help="The move that has put the goods aside for the supplier.")

    @classmethod
    def copy(cls, lines, default=None):
        default = default.copy() if default is not None else {}
        for name in ['sale_return_line', 'disposed_move']:
            default.setdefault(name, None)
        return super().copy(lines, default=default)


class ShipmentOutReturn(metaclass=PoolMeta):
    __name__ = 'stock.shipment.out.return'

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls._buttons.update({
                'return_to_supplier': {
                    'invisible': Eval('state') != 'done',
                    'depends': ['state'],
                    },
                })

    @classmethod
    @ModelView.button_action('purchase_return.wizard_return_to_supplier')
    def return_to_supplier(cls, shipments):
        pass

    def get_waiting_for_supplier(self):
        """Return the moves whose goods wait to go back to a supplier.

        :return: list of (move, quantity in the default unit)
        """
        pool = Pool()
        Line = pool.get('purchase.return.line')
        waiting = []
        moves = list(self.inventory_moves)
        while moves:
            move = moves.pop(0)
            if move.state != 'done':
                continue
            moves.extend(move.outcome_moves)
            if move.disposition != 'supplier':
                continue
            quantity = move.internal_quantity - sum(
                m.internal_quantity for m in move.outcome_moves
                if m.state != 'cancelled')
            for line in Line.search([
                        ('disposed_move', '=', move.id),
                        ('return_.state', 'not in', ['rejected', 'cancelled']),
                        ]):
                if line.return_.state == 'done':
                    quantity -= sum(
                        m.internal_quantity for l in line.purchase_lines
                        for m in l.moves if m.state == 'done')
                else:
                    quantity -= line.internal_quantity
            quantity = move.product.default_uom.round(quantity)
            if quantity > 0:
                waiting.append((move, quantity))
        return waiting


class ReturnToSupplier(Wizard):
    "Make the returns of goods of customers to their suppliers"
    __name__ = 'purchase.return.from_customer'
    start_state = 'open_'
    open_ = StateAction('purchase_return.act_return_form')

    def do_open_(self, action):
        pool = Pool()
        Move = pool.get('stock.move')
        Return = pool.get('purchase.return')
        shipment = self.record
        with Transaction().set_context(company=shipment.company.id):
            # Who does the same at the same time finds what is made here
            Move.lock(shipment.moves)
            waiting = shipment.get_waiting_for_supplier()
            if not waiting:
                raise ReturnError(gettext(
                        'purchase_return.msg_customer_nothing',
                        shipment=shipment.rec_name))
            lines, unknown = self._get_lines(waiting)
            if unknown:
                message = gettext(
                    'purchase_return.msg_customer_no_supplier',
                    products=', '.join(sorted(p.rec_name for p in unknown)))
                way = gettext('purchase_return.msg_customer_no_supplier_way')
                if not lines:
                    raise ReturnError(message, way)
                shipment.notify_user(
                    'tryton-warning', message, description=way)
            returns = []
            for key, of_supplier in lines.items():
                returns.append(self._get_return(*key, of_supplier))
            Return.save(returns)
            for return_ in returns:
                self._copy_attachments(return_)
        data = {'res_id': [r.id for r in returns]}
        if len(returns) == 1:
            action['views'].reverse()
        return action, data

    def _get_lines(self, waiting):
        """Find the receipts of the goods, the nearest to their sale first.

        :param waiting: list of (move, quantity in the default unit)
        :return: dictionary of lists of lines, not saved, by supplier, currency
            and location, and set of products without supplier
        """
        Move = Pool().get('stock.move')
        lines, unknown = {}, set()
        taken = {}
        for move, quantity in waiting:
            unit = move.product.default_uom
            lot = getattr(move, 'lot', None)
            receipts = [
                (m, unit.round(q - taken.get(m, 0)))
                for m, q in Move.find_returnable_receipts(
                    move.company, products={move.product})
                if not lot or m.lot == lot]
            sold = getattr(move.return_line, 'origin_move', None)
            if sold:
                # What was received later was not sold then
                receipts.sort(
                    key=lambda r: r[0].effective_date > sold.effective_date)
            found, rest = allocate(quantity, receipts, unit.round)
            for receipt, part in found:
                taken[receipt] = taken.get(receipt, 0) + part
                lines.setdefault((
                        receipt._get_seller(), receipt.purchase_currency,
                        move.to_location), []).append(
                    self._get_line(move, part, receipt))
            if rest:
                supplier = next(
                    iter(move.product.product_suppliers_used()), None)
                if supplier:
                    lines.setdefault((
                            supplier.party, move.company.currency,
                            move.to_location), []).append(
                        self._get_line(move, rest))
                else:
                    unknown.add(move.product)
        return lines, unknown

    def _get_line(self, move, quantity, receipt=None):
        "Return the line, not saved, that gives back goods of a move"
        pool = Pool()
        Line = pool.get('purchase.return.line')
        UoM = pool.get('product.uom')
        product = move.product
        line = Line(
            product=product, disposed_move=move, origin_move=receipt,
            unit=receipt.unit if receipt else product.default_uom,
            without_original=not receipt)
        line.quantity = UoM.compute_qty(
            product.default_uom, quantity, line.unit)
        if receipt:
            line.unit_price = line.get_original_price()
        else:
            line.cost_price = line.unit_price = product.get_multivalue(
                'cost_price', company=move.company.id)
        if customer_line := move.return_line:
            line.sale_return_line = customer_line
            line.condition = customer_line.condition
            line.note = customer_line.note
            reason = customer_line.used_reason
            if reason and reason.supplier:
                line.reason = reason
        return line

    def _get_return(self, party, currency, location, lines):
        "Return the return, not saved, of lines"
        Return = Pool().get('purchase.return')
        return_ = Return(**Return.default_get(
                ['answer', 'date', 'settlement', 'stage', 'state'],
                with_rec_name=False))
        return_.company = self.record.company
        return_.party = party
        return_.currency = currency
        return_.warehouse = self.record.warehouse
        return_.from_location = location
        return_.lines = lines
        return return_

    def _copy_attachments(self, return_):
        "Copy what customers have attached to their returns"
        Attachment = Pool().get('ir.attachment')
        attachments = Attachment.search([
                ('resource', 'in', list({
                            str(l.sale_return_line.return_)
                            for l in return_.lines if l.sale_return_line})),
                ])
        Attachment.copy(attachments, default={
                'resource': str(return_),
                'copy_to_resources': None,
                })
