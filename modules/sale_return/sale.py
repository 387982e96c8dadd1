# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Orders that take back goods."""
from trytond.i18n import gettext
from trytond.model import Index, ModelView, fields
from trytond.modules.product import round_price
from trytond.modules.stock_return.exceptions import (
    ReturnError, ReturnQuantityError)
from trytond.modules.stock_return.stock import allocate
from trytond.pool import Pool, PoolMeta
from trytond.pyson import Bool, Eval
from trytond.transaction import Transaction, without_check_access

from .exceptions import ReturnedSaleError


class Sale(metaclass=PoolMeta):
    __name__ = 'sale.sale'

    returns = fields.Function(
        fields.Many2Many('sale.return', None, None, "Returns"),
        'get_returns')
    return_ = fields.Function(
        fields.Many2One(
            'sale.return', "Made by Return",
            states={'invisible': ~Eval('return_')}),
        'on_change_with_return_')

    @classmethod
    def __setup__(cls):
        super().__setup__()
        draft = cls._buttons['draft']
        draft['invisible'] |= Bool(Eval('return_'))
        draft['depends'] = [*draft['depends'], 'return_']

    @classmethod
    def _get_origin(cls):
        return super()._get_origin() + ['sale.return']

    def get_returns(self, name):
        Line = Pool().get('sale.return.line')
        return list({
                l.return_.id for l in Line.search([
                        ('origin_move.sale', '=', self.id)])})

    @fields.depends('origin')
    def on_change_with_return_(self, name=None):
        Return = Pool().get('sale.return')
        if (isinstance(self.origin, Return) and self.origin.id >= 0
                and self.origin.sale == self):
            return self.origin

    @property
    def _returned_sale(self):
        "The order whose goods come back or None"
        if isinstance(self.origin, self.__class__):
            return self.origin

    @classmethod
    def match_returns(cls, sales):
        """Find the deliveries whose goods are given back without a return.

        A line that gives back of several deliveries is split.

        :raises ReturnQuantityError: more is given back than was delivered
        """
        pool = Pool()
        Lang = pool.get('ir.lang')
        Line = pool.get('sale.line')
        Move = pool.get('stock.move')
        UoM = pool.get('product.uom')
        for sale in sales:
            lines = [l for l in sale.lines if l.is_given_back]
            # They may have changed since
            Line.write(
                [l for l in lines if not l.return_line and l.returned_move],
                {'returned_move': None})
            lines = [l for l in lines if not l.return_line]
            if not lines:
                continue
            deliveries = Move.find_returnable(
                sale.party, sale.company, {l.product for l in lines},
                sale=sale._returned_sale)
            for line in lines:
                unit = line.product.default_uom
                found, rest = allocate(
                    UoM.compute_qty(
                        line.unit, -line.quantity, unit, round=False),
                    [(m, q) for m, q in deliveries
                        if m.product == line.product], unit.round)
                if rest:
                    lang = Lang.get()
                    raise ReturnQuantityError(
                        gettext('sale_return.msg_line_returned_quantity',
                            line=line.rec_name, party=sale.party.rec_name,
                            quantity=lang.format_number_symbol(
                                -line.quantity, line.unit),
                            returnable=lang.format_number_symbol(
                                sum(q for _, q in found), unit)),
                        gettext('sale_return.msg_line_returned_quantity_way'))
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
                deliveries = [
                    (m, unit.round(q - taken.get(m, 0)))
                    for m, q in deliveries]

    @classmethod
    @ModelView.button
    def quote(cls, sales):
        with without_check_access():
            drafts = cls.browse([s for s in sales if s.state == 'draft'])
            cls.match_returns([s for s in drafts if not s.return_])
        super().quote(sales)

    @classmethod
    @ModelView.button
    def draft(cls, sales):
        # The order of a return that is refused, nobody presses the button
        refused = [s for s in sales if s.return_]
        cls.cancel([s for s in refused if s.state == 'quotation'])
        super().draft([s for s in sales if s not in refused])

    @classmethod
    @ModelView.button
    def cancel(cls, sales):
        super().cancel(sales)
        cls._update_returns(sales)

    @classmethod
    @ModelView.button
    def process(cls, sales):
        super().process(sales)
        cls._update_returns(sales)

    @classmethod
    @without_check_access
    def _update_returns(cls, sales):
        Return = Pool().get('sale.return')
        returns = [
            s.return_ for s in cls.browse(sales)
            if s.return_]
        if returns:
            Return.update_state(returns)


class Sale_Complaint(metaclass=PoolMeta):
    __name__ = 'sale.sale'

    @property
    def _returned_sale(self):
        pool = Pool()
        Complaint = pool.get('sale.complaint')
        Line = pool.get('sale.line')
        sale = super()._returned_sale
        if isinstance(self.origin, Complaint):
            origin = self.origin.origin
            if isinstance(origin, Line):
                origin = origin.sale
            if isinstance(origin, self.__class__):
                sale = origin
        return sale


class Line(metaclass=PoolMeta):
    __name__ = 'sale.line'

    returned_move = fields.Many2One(
        'stock.move', "Returned Delivery", readonly=True, ondelete='RESTRICT',
        states={'invisible': ~Eval('returned_move')},
        help="The delivery whose goods the line gives back.")
    return_line = fields.Many2One(
        'sale.return.line', "Line of Return", readonly=True,
        ondelete='RESTRICT', states={'invisible': ~Eval('return_line')})
    restocking_fee = fields.Boolean(
        "Restocking Fee", readonly=True,
        states={'invisible': ~Eval('restocking_fee', False)})

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

    @classmethod
    def default_restocking_fee(cls):
        return False

    @property
    def is_given_back(self):
        "Whether the line takes back goods"
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

    @property
    def _fee_is_due(self):
        return self.sale.invoice_method != 'fulfillment' or any(
            m.state == 'done' for l in self.sale.lines
            if l.is_given_back for m in l.moves)

    def _get_invoice_line_quantity(self):
        # No fee before goods come back
        if self.restocking_fee and not self._fee_is_due:
            return 0
        return super()._get_invoice_line_quantity()

    @property
    def _invoice_remaining_quantity(self):
        if self.restocking_fee and not self._fee_is_due:
            return 0
        return super()._invoice_remaining_quantity

    def get_move(self, shipment_type):
        move = super().get_move(shipment_type)
        if move and self.quantity < 0:
            move.returned_move = self.returned_move
            line = self.return_line
            if line:
                if line.is_without_original:
                    move.returned_cost_price = line.cost_price
                warehouse = self.warehouse
                disposition = line.usual_disposition
                if (warehouse.input_location == warehouse.storage_location
                        and disposition != 'restock'):
                    # There is no second step
                    move.disposition = disposition
                    move.to_location = warehouse.get_disposition_location(
                        disposition)
        return move

    @classmethod
    def copy(cls, lines, default=None):
        default = default.copy() if default is not None else {}
        default.setdefault('returned_move', None)
        default.setdefault('return_line', None)
        default.setdefault('restocking_fee', False)
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

        :raises ReturnedSaleError: it does not
        """
        line = self.return_line
        if line and (
                self.product != line.product
                or self.unit != line.unit
                or -self.quantity > line.quantity
                or self.unit_price > line.unit_price
                or self.returned_move != line.origin_move):
            raise ReturnedSaleError(gettext(
                    'sale_return.msg_line_return_line',
                    line=self.rec_name, return_=line.return_.rec_name))


class Line_Lot(metaclass=PoolMeta):
    __name__ = 'sale.line'

    def get_move(self, shipment_type):
        move = super().get_move(shipment_type)
        if move and move.quantity and self.returned_move:
            move.lot = self.returned_move.lot
        return move


class ReturnSale(metaclass=PoolMeta):
    __name__ = 'sale.return_sale'

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls.return_.action_id = 'sale_return.act_return_form'

    def do_return_(self, action):
        Return = Pool().get('sale.return')
        returns = [
            r for r in map(self._make_return, self.records) if r]
        Return.save(returns)
        data = {'res_id': [r.id for r in returns]}
        if len(returns) == 1:
            action['views'].reverse()
        return action, data

    def _make_return(self, sale):
        pool = Pool()
        Move = pool.get('stock.move')
        Return = pool.get('sale.return')
        moves = [
            m for l in sale.lines if (l.quantity or 0) > 0 for m in l.moves
            if m.state == 'done']
        Move.lock(moves)
        returnable = Move.get_returnable_quantity(moves)
        moves = [(m, returnable[m.id]) for m in moves if returnable[m.id] > 0]
        if not moves:
            raise ReturnError(gettext(
                    'sale_return.msg_sale_nothing_returnable',
                    sale=sale.rec_name))
        with Transaction().set_context(company=sale.company.id):
            return_ = Return(
                company=sale.company, party=sale.party,
                currency=sale.currency, warehouse=sale.warehouse,
                **{n: v for n, v in Return.default_get(
                        ['date', 'settlement', 'state'],
                        with_rec_name=False).items()})
        if not return_.warehouse:
            return_.warehouse = Return.default_warehouse()
        return_.add_deliveries(moves)
        return return_
