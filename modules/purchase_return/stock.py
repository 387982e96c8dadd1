# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Goods that go back to suppliers."""
from sql import Literal, Null, Union
from sql.aggregate import Sum
from sql.conditionals import Case, Coalesce
from sql.operators import Concat

from trytond.i18n import gettext
from trytond.model import ModelView, Workflow, fields
from trytond.modules.product import round_price
from trytond.modules.stock_return.document import OPEN
from trytond.modules.stock_return.exceptions import (
    ReturnAccessError, ReturnError, ReturnQuantityError)
from trytond.modules.stock_return.stock import allocate
from trytond.pool import Pool, PoolMeta
from trytond.transaction import Transaction, without_check_access


class Move(metaclass=PoolMeta):
    __name__ = 'stock.move'

    def _get_seller(self):
        "Return the party from whom the goods were bought or None"
        if self.purchase:
            return self.purchase.party
        return getattr(self.shipment, 'supplier', None)

    @property
    def purchase_currency(self):
        "The currency in which the goods were bought or None"
        if self.purchase:
            return self.purchase.currency
        return self.currency

    @property
    def is_refused_at_dock(self):
        "Whether a return takes the goods before they are put away"
        return bool(
            self.purchase and self.origin.return_line
            and self.origin.return_line.return_.stage == 'dock')

    @classmethod
    def _returned_queries(cls, ids):
        pool = Pool()
        Return = pool.get('purchase.return')
        ReturnLine = pool.get('purchase.return.line')
        Purchase = pool.get('purchase.purchase')
        Line = pool.get('purchase.line')
        Recreated = pool.get('purchase.line-recreated-stock.move')
        Product = pool.get('product.product')
        Template = pool.get('product.template')
        UoM = pool.get('product.uom')
        in_ = fields.SQL_OPERATORS['in']

        return_, return_line = Return.__table__(), ReturnLine.__table__()
        drafts = return_line.join(
            return_, condition=return_line.return_ == return_.id).select(
                return_line.origin_move.as_('move'),
                return_line.internal_quantity.as_('quantity'),
                where=in_(return_line.origin_move, ids)
                & in_(return_.state, OPEN))

        # What orders will move
        purchase, line = Purchase.__table__(), Line.__table__()
        product, template = Product.__table__(), Template.__table__()
        unit, default_unit = UoM.__table__(), UoM.__table__()
        move, recreated = cls.__table__(), Recreated.__table__()
        moved = move.select(
            Sum(move.internal_quantity),
            where=(move.origin == Concat('purchase.line,', line.id))
            & ~move.id.in_(recreated.select(
                    recreated.move,
                    where=recreated.purchase_line == line.id)))
        remaining = (
            -line.quantity * unit.factor / default_unit.factor
            - Coalesce(moved, 0))
        orders = (line
            .join(purchase, condition=line.purchase == purchase.id)
            .join(product, condition=line.product == product.id)
            .join(template, condition=product.template == template.id)
            .join(unit, condition=line.unit == unit.id)
            .join(default_unit,
                condition=template.default_uom == default_unit.id)
            .select(
                line.returned_move.as_('move'),
                Case((remaining > 0, remaining), else_=0).as_('quantity'),
                where=in_(line.returned_move, ids)
                & in_(
                    purchase.state,
                    ['quotation', 'confirmed', 'processing'])))
        return [*super()._returned_queries(ids), drafts, orders]

    @classmethod
    def find_receipts(
            cls, company, party=None, products=None, currency=None,
            since=None, before=None, purchase=None):
        """Return the receipts from a supplier, the nearest first.

        :param company: that has received
        :param party: supplier, of any if None
        :param products: only these, if not None
        :param currency: only what was bought in it, if not None
        :param since: date from which on, if not None
        :param before: date up to which, if not None
        :param purchase: whose receipts come first, if not None
        :return: list of moves
        """
        pool = Pool()
        Location = pool.get('stock.location')
        Purchase = pool.get('purchase.purchase')
        Line = pool.get('purchase.line')
        Shipment = pool.get('stock.shipment.in')
        cursor = Transaction().connection.cursor()
        in_ = fields.SQL_OPERATORS['in']
        order, line, move = (
            Purchase.__table__(), Line.__table__(), cls.__table__())

        def where(move):
            from_, to = Location.__table__(), Location.__table__()
            clause = (
                (move.state == 'done') & (move.company == company.id)
                & move.from_location.in_(from_.select(
                        from_.id, where=from_.type == 'supplier'))
                & move.to_location.in_(to.select(
                        to.id, where=to.type == 'storage')))
            if products is not None:
                clause &= in_(move.product, [p.id for p in products])
            if since:
                clause &= move.effective_date >= since
            if before:
                clause &= move.effective_date <= before
            return clause

        bought = line.quantity > 0
        if party:
            bought &= order.party == party.id
        if currency:
            bought &= order.currency == currency.id
        if products is not None:
            bought &= in_(line.product, [p.id for p in products])
        queries = [order
            .join(line, condition=line.purchase == order.id)
            .join(move,
                condition=move.origin == Concat('purchase.line,', line.id))
            .select(
                move.id, move.effective_date.as_('date'),
                Case(
                    (order.id == (purchase.id if purchase else -1), 0),
                    else_=1).as_('rank'),
                where=where(move) & bought)]
        move, shipment = cls.__table__(), Shipment.__table__()
        clause = where(move) & (move.origin == Null)
        if party:
            clause &= shipment.supplier == party.id
        if currency:
            clause &= move.currency == currency.id
        queries.append(shipment
            .join(move,
                condition=move.shipment
                == Concat('stock.shipment.in,', shipment.id))
            .select(
                move.id, move.effective_date.as_('date'),
                Literal(1).as_('rank'), where=clause))
        query = Union(*queries, all_=True)
        cursor.execute(*query.select(
                query.id,
                order_by=[query.rank.asc, query.date.desc, query.id.desc]))
        return cls.browse([id_ for id_, in cursor])

    @classmethod
    def find_returnable_receipts(cls, *args, **kwargs):
        """Return the receipts of which something can be returned.

        They stay locked until the end of the transaction. The parameters are
        those of find_receipts.

        :return: list of (move, returnable quantity), the nearest first
        """
        moves = cls.find_receipts(*args, **kwargs)
        cls.lock(moves)
        returnable = cls.get_returnable_quantity(moves)
        return [(m, returnable[m.id]) for m in moves if returnable[m.id] > 0]

    def get_purchased_price(self, unit):
        """Return the price at which the goods were invoiced, without tax.

        It is that of the order as long as nothing is invoiced.

        :param unit: for which the price is
        :return: Decimal in the currency of the order or None
        """
        pool = Pool()
        Line = pool.get('purchase.line')
        UoM = pool.get('product.uom')
        if isinstance(self.origin, Line):
            line = self.origin
            price = UoM.compute_price(line.unit, line.invoiced_price, unit)
        elif self.unit_price is not None:
            price = UoM.compute_price(self.unit, self.unit_price, unit)
        else:
            return
        return round_price(price)

    # The value at which the goods leave

    def set_unit_price_of_return(self):
        """Let the goods leave at their cost, whatever the supplier pays.

        The standard takes the value from the price.
        """
        UoM = Pool().get('product.uom')
        cost_price = self.get_cost_price()
        if cost_price is not None:
            self.currency = self.company.currency
            self.unit_price = round_price(UoM.compute_price(
                    self.product.default_uom, cost_price, self.unit))

    def _compute_unit_price(self, unit_price):
        if self._goes_back:
            return unit_price
        return super()._compute_unit_price(unit_price)

    @classmethod
    def update_unit_price(cls, moves):
        super().update_unit_price(moves)
        returns = [
            r for m in moves
            if m.state == 'done' and m.from_location.type == 'supplier'
            for r in m.return_moves if r.state == 'done' and r._goes_back]
        if returns:
            cls._save_unit_price_of_returns(returns)

    @classmethod
    def _save_unit_price_of_returns(cls, moves):
        to_save = []
        for move in moves:
            price = move.unit_price, move.currency
            move.set_unit_price_of_return()
            if (move.unit_price, move.currency) != price:
                to_save.append(move)
        cls.save(to_save)

    @classmethod
    @ModelView.button
    @Workflow.transition('done')
    def do(cls, moves):
        for move in moves:
            if (move.to_location.type == 'supplier'
                    and move.from_location.type not in {'supplier', 'drop'}
                    and not move.returned_move
                    and move.returned_cost_price is None):
                raise ReturnAccessError(
                    gettext('purchase_return.msg_move_without_return',
                        move=move.rec_name),
                    gettext('purchase_return.msg_move_without_return_way'))
        with without_check_access():
            # The receipt may have got another price
            cls._save_unit_price_of_returns(
                m for m in cls.browse(moves) if m._goes_back)
        super().do(cls.browse(moves))


class ShipmentIn(metaclass=PoolMeta):
    __name__ = 'stock.shipment.in'

    @property
    def _check_quantity_target_moves(self):
        return [
            *super()._check_quantity_target_moves, *self._get_refused_moves()]

    def _get_refused_moves(self):
        "Return moves, not saved, of what was refused at the dock"
        pool = Pool()
        Line = pool.get('purchase.line')
        Move = pool.get('stock.move')
        UoM = pool.get('product.uom')
        with without_check_access():
            lines = Line.search([
                    ('returned_move', 'in', [
                            m.id for m in self.incoming_moves]),
                    ('return_line.return_.stage', '=', 'dock'),
                    ('purchase.state', 'in',
                        ['quotation', 'confirmed', 'processing', 'done']),
                    ])
            moves = []
            for line in lines:
                quantity = UoM.compute_qty(
                    line.unit, -line.quantity, line.product.default_uom,
                    round=False)
                quantity -= sum(
                    m.internal_quantity for m in line.moves
                    if m.state == 'cancelled'
                    and m not in line.moves_recreated)
                move = Move(product=line.product, internal_quantity=quantity)
                if hasattr(Move, 'lot'):
                    move.lot = line.returned_move.lot
                moves.append(move)
        return moves

    @classmethod
    def refuse(cls, refused, strict=True):
        """Do not put away what is refused at the dock.

        :param refused: list of (incoming move, quantity in the default unit)
        :param strict: whether nothing may have been put away
        :raises ReturnError: it was put away already
        """
        pool = Pool()
        Move = pool.get('stock.move')
        UoM = pool.get('product.uom')
        with without_check_access():
            for incoming, quantity in refused:
                unit = incoming.product.default_uom
                shipment = incoming.shipment
                if shipment.warehouse_input == shipment.warehouse_storage:
                    continue
                for move in Move.browse(incoming.outcome_moves):
                    if (move.shipment != shipment
                            or move.state not in {'staging', 'draft'}):
                        continue
                    if move.internal_quantity <= quantity:
                        quantity = unit.round(
                            quantity - move.internal_quantity)
                        Move.delete([move])
                    else:
                        Move.write([move], {
                                'quantity': UoM.compute_qty(
                                    unit, move.internal_quantity - quantity,
                                    move.unit),
                                })
                        quantity = 0
                    if not quantity:
                        break
                if quantity and strict:
                    raise ReturnError(
                        gettext('purchase_return.msg_shipment_put_away',
                            product=incoming.product.rec_name,
                            shipment=shipment.rec_name),
                        gettext('purchase_return.msg_return_dock_way'))

    @classmethod
    def take_back(cls, refused):
        """Put away after all what was refused at the dock.

        Unless the shipment is done.

        :param refused: list of (incoming move, quantity in the default unit)
        """
        pool = Pool()
        Move = pool.get('stock.move')
        UoM = pool.get('product.uom')
        with without_check_access():
            for incoming, quantity in refused:
                shipment = incoming.shipment
                if (shipment.state != 'received'
                        or shipment.warehouse_input
                        == shipment.warehouse_storage):
                    continue
                quantity = UoM.compute_qty(
                    incoming.product.default_uom, quantity, incoming.unit)
                move = next(
                    (m for m in Move.browse(incoming.outcome_moves)
                        if m.shipment == shipment
                        and m.unit == incoming.unit
                        and m.state in {'staging', 'draft'}), None)
                if not move:
                    move = shipment._get_inventory_move(incoming)
                    move.shipment = shipment
                    move.quantity = 0
                move.quantity += quantity
                move.save()


class ShipmentInReturn(metaclass=PoolMeta):
    __name__ = 'stock.shipment.in.return'

    @classmethod
    @ModelView.button
    @Workflow.transition('waiting')
    def wait(cls, shipments, moves=None):
        with without_check_access():
            cls.match_returns(cls.browse(shipments))
        super().wait(cls.browse(shipments), moves=moves)

    @classmethod
    def match_returns(cls, shipments):
        """Find the receipts whose goods go back without a return.

        A move that gives back of several receipts is split.

        :raises ReturnQuantityError: more goes back than was received
        """
        pool = Pool()
        Lang = pool.get('ir.lang')
        Line = pool.get('purchase.line')
        Move = pool.get('stock.move')
        UoM = pool.get('product.uom')
        for shipment in shipments:
            moves = [
                m for m in shipment.moves
                if m.state in {'staging', 'draft'}
                and m.returned_cost_price is None]
            # They may have changed since
            Move.write([
                    m for m in moves
                    if m.returned_move and not isinstance(m.origin, Line)],
                {'returned_move': None})
            moves = [m for m in moves if not m.returned_move]
            if not moves:
                continue
            receipts = Move.find_returnable_receipts(
                shipment.company, shipment.supplier,
                {m.product for m in moves})
            for move in moves:
                unit = move.product.default_uom
                lot = getattr(move, 'lot', None)
                found, rest = allocate(
                    move.internal_quantity, [
                        (m, q) for m, q in receipts
                        if m.product == move.product
                        and (not lot or m.lot == lot)], unit.round)
                if rest or not found:
                    lang = Lang.get()
                    raise ReturnQuantityError(
                        gettext('purchase_return.msg_line_returned_quantity',
                            line=move.rec_name,
                            party=shipment.supplier.rec_name,
                            quantity=lang.format_number_symbol(
                                move.quantity, move.unit),
                            returnable=lang.format_number_symbol(
                                sum(q for _, q in found), unit)),
                        gettext(
                            'purchase_return'
                            '.msg_line_returned_quantity_way'))
                for receipt, quantity in found:
                    values = {'returned_move': receipt.id}
                    if len(found) > 1:
                        values['quantity'] = UoM.compute_qty(
                            unit, quantity, move.unit)
                    if receipt == found[0][0]:
                        Move.write([move], values)
                    else:
                        Move.copy([move], default=values)
                taken = dict(found)
                receipts = [
                    (m, unit.round(q - taken.get(m, 0)))
                    for m, q in receipts]

    @classmethod
    @ModelView.button
    @Workflow.transition('cancelled')
    def cancel(cls, shipments):
        ShipmentIn = Pool().get('stock.shipment.in')
        with without_check_access():
            refused = [
                (m.returned_move, m.internal_quantity)
                for s in cls.browse(shipments) for m in s.moves
                if m.state != 'cancelled' and m.is_refused_at_dock]
        super().cancel(shipments)
        ShipmentIn.take_back(refused)

    @classmethod
    @ModelView.button
    @Workflow.transition('done')
    def do(cls, shipments):
        with without_check_access():
            for return_ in {
                    m.origin.return_line.return_
                    for s in cls.browse(shipments) for m in s.moves
                    if m.purchase and m.origin.return_line}:
                return_.check_valid()
        super().do(shipments)
