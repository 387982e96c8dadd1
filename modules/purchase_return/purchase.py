# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Orders that give back goods."""
from trytond.i18n import gettext
from trytond.model import Index, ModelView, fields
from trytond.modules.product import round_price
from trytond.modules.stock_return.exceptions import (
    ReturnError, ReturnQuantityError)
from trytond.modules.stock_return.stock import allocate
from trytond.pool import Pool, PoolMeta
from trytond.pyson import Eval
from trytond.transaction import Transaction, without_check_access

from .exceptions import ReturnedPurchaseError


class Purchase(metaclass=PoolMeta):
    __name__ = 'purchase.purchase'

    returns = fields.Function(
        fields.Many2Many('purchase.return', None, None, "Returns"),
        'get_returns')

    @classmethod
    def _get_origin(cls):
        return super()._get_origin() + ['purchase.return']

    def get_returns(self, name):
        Line = Pool().get('purchase.return.line')
        return list({
                l.return_.id for l in Line.search([
                        ('origin_move.purchase', '=', self.id)])})

    @property
    def return_(self):
        "The return that has made the order or None"
        Return = Pool().get('purchase.return')
        if isinstance(self.origin, Return) and self.origin.purchase == self:
            return self.origin

    @property
    def _returned_purchase(self):
        "The order whose goods go back or None"
        if isinstance(self.origin, self.__class__):
            return self.origin

    @property
    def return_from_location(self):
        location = super().return_from_location
        if self.return_:
            return self.return_.leaving_location or location
        return location

    def create_return_shipment(self, return_moves):
        Shipment = Pool().get('stock.shipment.in')
        # When its shipment was cancelled all was to be put away again
        Shipment.refuse([
                (m.returned_move, m.internal_quantity) for m in return_moves
                if m.is_refused_at_dock and m.origin.moves_recreated],
            strict=False)
        return super().create_return_shipment(return_moves)

    @classmethod
    def match_returns(cls, purchases):
        """Find the receipts whose goods are given back without a return.

        A line that gives back of several receipts is split.

        :raises ReturnQuantityError: more is given back than was received
        """
        pool = Pool()
        Lang = pool.get('ir.lang')
        Line = pool.get('purchase.line')
        Move = pool.get('stock.move')
        UoM = pool.get('product.uom')
        for purchase in purchases:
            lines = [l for l in purchase.lines if l.is_given_back]
            # They may have changed since
            Line.write(
                [l for l in lines if not l.return_line and l.returned_move],
                {'returned_move': None})
            lines = [l for l in lines if not l.return_line]
            if not lines:
                continue
            receipts = Move.find_returnable_receipts(
                purchase.company, purchase.party, {l.product for l in lines},
                purchase=purchase._returned_purchase)
            for line in lines:
                unit = line.product.default_uom
                found, rest = allocate(
                    UoM.compute_qty(
                        line.unit, -line.quantity, unit, round=False),
                    [(m, q) for m, q in receipts
                        if m.product == line.product], unit.round)
                if rest:
                    lang = Lang.get()
                    raise ReturnQuantityError(
                        gettext('purchase_return.msg_line_returned_quantity',
                            line=line.rec_name, party=purchase.party.rec_name,
                            quantity=lang.format_number_symbol(
                                -line.quantity, line.unit),
                            returnable=lang.format_number_symbol(
                                sum(q for _, q in found), unit)),
                        gettext(
                            'purchase_return'
                            '.msg_line_returned_quantity_way'))
                for i, (move, quantity) in enumerate(found):
                    values = {
                        'returned_move': move.id,
                        'quantity': line.quantity if len(found) == 1
                        else -UoM.compute_qty(unit, quantity, line.unit),
                        }
                    if not i:
                        Line.write([line], values)
                    else:
                        copy, = Line.copy([line])
                        Line.write([copy], values)
                taken = dict(found)
                receipts = [
                    (m, unit.round(q - taken.get(m, 0)))
                    for m, q in receipts]

    @classmethod
    @ModelView.button
    def quote(cls, purchases):
        with without_check_access():
            drafts = cls.browse([p for p in purchases if p.state == 'draft'])
            cls.match_returns([p for p in drafts if not p.return_])
        super().quote(purchases)

    @classmethod
    @ModelView.button
    def draft(cls, purchases):
        for purchase in purchases:
            if purchase.return_:
                raise ReturnedPurchaseError(
                    gettext('purchase_return.msg_purchase_draft',
                        purchase=purchase.rec_name,
                        return_=purchase.return_.rec_name),
                    gettext('purchase_return.msg_purchase_draft_way'))
        super().draft(purchases)

    @classmethod
    @ModelView.button
    def cancel(cls, purchases):
        super().cancel(purchases)
        cls._update_returns(purchases)

    @classmethod
    @ModelView.button
    def process(cls, purchases):
        super().process(purchases)
        cls._update_returns(purchases)

    @classmethod
    @without_check_access
    def _update_returns(cls, purchases):
        Return = Pool().get('purchase.return')
        returns = [
            p.return_ for p in cls.browse(purchases)
            if p.origin and p.origin.__class__ == Return and p.return_]
        if returns:
            Return.update_state(returns)


class Line(metaclass=PoolMeta):
    __name__ = 'purchase.line'

    returned_move = fields.Many2One(
        'stock.move', "Returned Receipt", readonly=True, ondelete='RESTRICT',
        states={'invisible': ~Eval('returned_move')},
        help="The receipt whose goods the line gives back.")
    return_line = fields.Many2One(
        'purchase.return.line', "Line of Return", readonly=True,
        ondelete='RESTRICT', states={'invisible': ~Eval('return_line')})

    @classmethod
    def __setup__(cls):
        super().__setup__()
        t = cls.__table__()
        cls._sql_indexes.update({
                Index(
                    t, (t.returned_move, Index.Equality()),
                    where=t.returned_move != None),  # noqa: E711
                Index(
                    t, (t.return_line, Index.Equality()),
                    where=t.return_line != None),  # noqa: E711
                })

    @property
    def is_given_back(self):
        "Whether the line gives back goods"
        Move = Pool().get('stock.move')
        return (
            self.type == 'line' and (self.quantity or 0) < 0
            and self.product
            and self.product.type in Move.get_product_types())

    @property
    def invoiced_price(self):
        """The average price that is invoiced, without tax.

        That of the order as long as nothing is.
        """
        UoM = Pool().get('product.uom')
        quantity, amount = 0, 0
        for line in self.invoice_lines:
            if (line.invoice and line.invoice.state == 'cancelled'
                    or line.quantity <= 0):
                continue
            quantity += UoM.compute_qty(
                line.unit or self.unit, line.quantity, self.unit, round=False)
            amount += float(line.unit_price) * line.quantity
        if quantity:
            return round_price(type(self.unit_price)(str(amount / quantity)))
        return self.unit_price

    def get_move(self, move_type):
        move = super().get_move(move_type)
        if move and self.quantity < 0:
            move.returned_move = self.returned_move
            line = self.return_line
            if line and line.is_without_original:
                move.returned_cost_price = line.cost_price
            if move._goes_back:
                move.set_unit_price_of_return()
        return move

    @classmethod
    def copy(cls, lines, default=None):
        default = default.copy() if default is not None else {}
        default.setdefault('returned_move', None)
        default.setdefault('return_line', None)
        return super().copy(lines, default=default)

    @classmethod
    def on_modification(cls, mode, lines, field_names=None):
        Move = Pool().get('stock.move')
        super().on_modification(mode, lines, field_names=field_names)
        if mode == 'create' or (mode == 'write' and field_names & {
                    'quantity', 'unit', 'returned_move'}):
            with without_check_access():
                Move.check_returnable([
                        l.returned_move for l in cls.browse(lines)
                        if l.returned_move])

    @classmethod
    def validate_fields(cls, lines, field_names):
        super().validate_fields(lines, field_names)
        if field_names is None or field_names & {
                'quantity', 'unit', 'product', 'unit_price', 'returned_move'}:
            with without_check_access():
                for line in cls.browse(lines):
                    line.check_return_line()

    def check_return_line(self):
        """Test that the order gives back what its return says.

        :raises ReturnedPurchaseError: it does not
        """
        line = self.return_line
        if line and (
                self.product != line.product
                or self.unit != line.unit
                or -self.quantity > line.quantity
                or self.unit_price != line.unit_price
                or self.returned_move != line.origin_move):
            raise ReturnedPurchaseError(gettext(
                    'purchase_return.msg_line_return_line',
                    line=self.rec_name, return_=line.return_.rec_name))


class Line_Lot(metaclass=PoolMeta):
    __name__ = 'purchase.line'

    def get_move(self, move_type):
        move = super().get_move(move_type)
        if move and move.quantity and self.returned_move:
            move.lot = self.returned_move.lot
        return move


class ReturnPurchase(metaclass=PoolMeta):
    __name__ = 'purchase.return_purchase'

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls.return_.action_id = 'purchase_return.act_return_form'

    def do_return_(self, action):
        Return = Pool().get('purchase.return')
        returns = [
            r for r in map(self._make_return, self.records) if r]
        Return.save(returns)
        data = {'res_id': [r.id for r in returns]}
        if len(returns) == 1:
            action['views'].reverse()
        return action, data

    def _make_return(self, purchase):
        pool = Pool()
        Move = pool.get('stock.move')
        Return = pool.get('purchase.return')
        moves = [
            m for l in purchase.lines if (l.quantity or 0) > 0 for m in l.moves
            if m.state == 'done']
        Move.lock(moves)
        returnable = Move.get_returnable_quantity(moves)
        moves = [(m, returnable[m.id]) for m in moves if returnable[m.id] > 0]
        if not moves:
            raise ReturnError(gettext(
                    'purchase_return.msg_purchase_nothing_returnable',
                    purchase=purchase.rec_name))
        with Transaction().set_context(company=purchase.company.id):
            return_ = Return(
                company=purchase.company, party=purchase.party,
                currency=purchase.currency, warehouse=purchase.warehouse,
                **{n: v for n, v in Return.default_get(
                        [
                            'answer', 'date', 'settlement', 'stage',
                            'state'],
                        with_rec_name=False).items()})
        if not return_.warehouse:
            return_.warehouse = Return.default_warehouse()
        return_.add_receipts(moves)
        return return_
