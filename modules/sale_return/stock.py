# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Goods that customers give back."""
from sql import Literal, Null, Union
from sql.aggregate import Sum
from sql.conditionals import Case, Coalesce
from sql.operators import Concat

from trytond.i18n import gettext
from trytond.model import ModelView, fields
from trytond.modules.product import round_price
from trytond.modules.stock_return.document import OPEN
from trytond.modules.stock_return.exceptions import ReturnAccessError
from trytond.modules.stock_return.stock import allocate
from trytond.pool import Pool, PoolMeta
from trytond.pyson import Eval
from trytond.transaction import Transaction, without_check_access

DISPOSITIONS = [
    ('restock', "Restock"),
    ('quarantine', "Quarantine"),
    ('repair', "Repair"),
    ('scrap', "Scrap"),
    ('supplier', "Back to Supplier"),
    ]
# The classes of reasons for which goods are not sold again unseen
DOUBTFUL = {'quality', 'damage', 'expiry'}


class Move(metaclass=PoolMeta):
    __name__ = 'stock.move'

    disposition = fields.Selection(
        [(None, "")] + DISPOSITIONS, "Disposition", readonly=True, sort=False,
        states={'invisible': ~Eval('disposition')},
        help="What is done with the goods that came back.")
    customer = fields.Function(
        fields.Many2One(
            'party.party', "Customer",
            context={'company': Eval('company', -1)}, depends={'company'}),
        'get_customer')

    def get_customer(self, name):
        return self._get_customer()

    def _get_customer(self):
        "Return the party to whom the goods were sold or None"
        if self.sale:
            return self.sale.party
        return getattr(self.shipment, 'customer', None)

    @property
    def return_line(self):
        "The line of a return for which the goods move, or None"
        Line = Pool().get('sale.line')
        if isinstance(self.origin, Line) and self.origin.id >= 0:
            return self.origin.return_line
        elif isinstance(self.origin, self.__class__):
            return self.origin.return_line

    @classmethod
    def _returned_queries(cls, ids):
        pool = Pool()
        Return = pool.get('sale.return')
        ReturnLine = pool.get('sale.return.line')
        Sale = pool.get('sale.sale')
        Line = pool.get('sale.line')
        Recreated = pool.get('sale.line-recreated-stock.move')
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
        sale, line = Sale.__table__(), Line.__table__()
        product, template = Product.__table__(), Template.__table__()
        unit, default_unit = UoM.__table__(), UoM.__table__()
        move, recreated = cls.__table__(), Recreated.__table__()
        moved = move.select(
            Sum(move.internal_quantity),
            where=(move.origin == Concat('sale.line,', line.id))
            & ~move.id.in_(recreated.select(
                    recreated.move, where=recreated.sale_line == line.id)))
        remaining = (
            -line.quantity * unit.factor / default_unit.factor
            - Coalesce(moved, 0))
        orders = (line
            .join(sale, condition=line.sale == sale.id)
            .join(product, condition=line.product == product.id)
            .join(template, condition=product.template == template.id)
            .join(unit, condition=line.unit == unit.id)
            .join(default_unit,
                condition=template.default_uom == default_unit.id)
            .select(
                line.returned_move.as_('move'),
                Case((remaining > 0, remaining), else_=0).as_('quantity'),
                where=in_(line.returned_move, ids)
                & in_(sale.state, ['quotation', 'confirmed', 'processing'])))
        return [*super()._returned_queries(ids), drafts, orders]

    @classmethod
    def find_deliveries(
            cls, party, company, products=None, currency=None, since=None,
            before=None, sale=None):
        """Return the deliveries to a customer, the nearest first.

        :param party: customer
        :param company: that has delivered
        :param products: only these, if not None
        :param currency: only what was sold in it, if not None
        :param since: date from which on, if not None
        :param before: date up to which, if not None
        :param sale: whose deliveries come first, if not None
        :return: list of moves
        """
        pool = Pool()
        Location = pool.get('stock.location')
        Sale = pool.get('sale.sale')
        Line = pool.get('sale.line')
        Shipment = pool.get('stock.shipment.out')
        cursor = Transaction().connection.cursor()
        in_ = fields.SQL_OPERATORS['in']
        order, line, move = (
            Sale.__table__(), Line.__table__(), cls.__table__())

        def where(move):
            from_, to = Location.__table__(), Location.__table__()
            clause = (
                (move.state == 'done') & (move.company == company.id)
                & move.to_location.in_(to.select(
                        to.id, where=to.type == 'customer'))
                & ~move.from_location.in_(from_.select(
                        from_.id, where=from_.type == 'customer')))
            if products is not None:
                clause &= in_(move.product, [p.id for p in products])
            if since:
                clause &= move.effective_date >= since
            if before:
                clause &= move.effective_date <= before
            return clause

        sold = (order.party == party.id) & (line.quantity > 0)
        if currency:
            sold &= order.currency == currency.id
        if products is not None:
            sold &= in_(line.product, [p.id for p in products])
        queries = [order
            .join(line, condition=line.sale == order.id)
            .join(move,
                condition=move.origin == Concat('sale.line,', line.id))
            .select(
                move.id, move.effective_date.as_('date'),
                Case(
                    (order.id == (sale.id if sale else -1), 0),
                    else_=1).as_('rank'),
                where=where(move) & sold)]
        if not currency or currency == company.currency:
            move, shipment = cls.__table__(), Shipment.__table__()
            queries.append(shipment
                .join(move,
                    condition=move.shipment
                    == Concat('stock.shipment.out,', shipment.id))
                .select(
                    move.id, move.effective_date.as_('date'),
                    Literal(1).as_('rank'),
                    where=where(move) & (shipment.customer == party.id)
                    & (move.origin == Null)))
        query = Union(*queries, all_=True)
        cursor.execute(*query.select(
                query.id,
                order_by=[query.rank.asc, query.date.desc, query.id.desc]))
        return cls.browse([id_ for id_, in cursor])

    @classmethod
    def find_returnable(cls, *args, **kwargs):
        """Return the deliveries of which something can be returned.

        They stay locked until the end of the transaction. The parameters are
        those of find_deliveries.

        :return: list of (move, returnable quantity), the nearest first
        """
        moves = cls.find_deliveries(*args, **kwargs)
        cls.lock(moves)
        returnable = cls.get_returnable_quantity(moves)
        return [(m, returnable[m.id]) for m in moves if returnable[m.id] > 0]

    def get_sold_price(self, unit):
        """Return the price at which the goods were invoiced, without tax.

        It is that of the order as long as nothing is invoiced.

        :param unit: for which the price is
        :return: Decimal in the currency of the order or None
        """
        pool = Pool()
        Line = pool.get('sale.line')
        UoM = pool.get('product.uom')
        if isinstance(self.origin, Line):
            line = self.origin
            price = UoM.compute_price(line.unit, line.invoiced_price, unit)
        elif self.unit_price is not None:
            price = UoM.compute_price(self.unit, self.unit_price, unit)
        else:
            return
        return round_price(price)

    @classmethod
    @ModelView.button
    def do(cls, moves):
        for move in moves:
            if (move.state != 'done'
                    and move.from_location.type == 'customer'
                    and move.to_location.type != 'customer'
                    and not move.returned_move
                    and move.returned_cost_price is None):
                raise ReturnAccessError(
                    gettext('sale_return.msg_move_without_return',
                        move=move.rec_name),
                    gettext('sale_return.msg_move_without_return_way'))
        super().do(moves)


class ShipmentOutReturn(metaclass=PoolMeta):
    __name__ = 'stock.shipment.out.return'

    @classmethod
    def __setup__(cls):
        super().__setup__()
        # What was disposed of may be anywhere
        allowed = cls.inventory_moves._field.domain[1]._then_statement
        assert allowed[0] == 'OR'
        allowed.append(('disposition', '!=', None))
        # Where goods are received in one step they are not all put in storage
        domain = cls.incoming_moves._field.domain
        domain[1] = ['OR', domain[1], ('disposition', '!=', None)]
        cls._buttons.update({
                'inspect': {
                    'invisible': Eval('state') != 'received',
                    'depends': ['state'],
                    },
                'dispose': {
                    'invisible': Eval('state') != 'done',
                    'depends': ['state'],
                    },
                })

    @classmethod
    @ModelView.button
    def receive(cls, shipments):
        Move = Pool().get('stock.move')
        drafts = [s for s in shipments if s.state == 'draft']
        with without_check_access():
            # Before anything is done that would have to be done again
            Move.lock({
                    m.returned_move for s in cls.browse(drafts)
                    for m in s.incoming_moves if m.returned_move})
            for shipment in cls.browse(drafts):
                for return_ in {
                        m.return_line.return_
                        for m in shipment.incoming_moves if m.return_line}:
                    return_.check_valid()
            cls.match_returns(cls.browse(drafts))
        super().receive(shipments)

    @classmethod
    def match_returns(cls, shipments):
        """Find the deliveries whose goods come back without a return.

        :raises ReturnAccessError: more comes back than was delivered
        """
        pool = Pool()
        Move = pool.get('stock.move')
        UoM = pool.get('product.uom')
        for shipment in shipments:
            moves = [
                m for m in shipment.incoming_moves
                if m.state not in {'done', 'cancelled'}
                and not m.returned_move and m.returned_cost_price is None]
            if not moves:
                continue
            deliveries = Move.find_returnable(
                shipment.customer, shipment.company,
                {m.product for m in moves})
            for move in moves:
                unit = move.product.default_uom
                found, rest = allocate(
                    move.internal_quantity, [
                        (m, q) for m, q in deliveries
                        if m.product == move.product], unit.round)
                if rest or not found:
                    continue
                for original, quantity in found:
                    values = {
                        'returned_move': original.id,
                        'quantity': UoM.compute_qty(
                            unit, quantity, move.unit),
                        }
                    if original == found[0][0]:
                        Move.write([move], values)
                    else:
                        Move.copy([move], default=values)
                taken = dict(found)
                deliveries = [
                    (m, unit.round(q - taken.get(m, 0)))
                    for m, q in deliveries]

    def _get_inventory_move(self, incoming_move):
        move = super()._get_inventory_move(incoming_move)
        if move:
            line = incoming_move.return_line
            if line:
                move.disposition = line.usual_disposition
                move.to_location = self.get_disposition_location(
                    move.disposition)
        return move

    def get_disposition_location(self, disposition):
        "Return the location for what is done with goods"
        if disposition == 'restock':
            return self.warehouse_storage
        return self.warehouse.get_disposition_location(disposition)

    @classmethod
    @ModelView.button_action('sale_return.wizard_inspect')
    def inspect(cls, shipments):
        pass

    @classmethod
    @ModelView.button_action('sale_return.wizard_dispose')
    def dispose(cls, shipments):
        pass

    @classmethod
    @ModelView.button
    def do(cls, shipments):
        Sale = Pool().get('sale.sale')
        super().do(shipments)
        with without_check_access():
            sales = {
                m.sale for s in cls.browse(shipments)
                for m in s.incoming_moves if m.sale}
        if sales:
            Sale.__queue__.process(sales)
