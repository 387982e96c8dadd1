# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What was moved comes back at most once, and at its own cost."""
from decimal import Decimal

from sql import Null, Union
from sql.aggregate import Sum

from trytond import backend
from trytond.i18n import gettext
from trytond.model import Index, ModelView, fields
from trytond.modules.product import price_digits, round_price
from trytond.pool import Pool, PoolMeta
from trytond.pyson import Eval
from trytond.tools import grouped_slice
from trytond.transaction import Transaction

from .exceptions import ReturnQuantityError

# The quantities of a warehouse are those of all its locations
_APART = [
    ('type', '=', 'storage'),
    ('parent', 'not child_of', [Eval('id', -1)]),
    ]


class Location(metaclass=PoolMeta):
    __name__ = 'stock.location'

    quarantine_location = fields.Many2One(
        'stock.location', "Quarantine", domain=_APART,
        states={'invisible': Eval('type') != 'warehouse'},
        help="Where goods wait for a decision. It is no part of the "
        "warehouse, so that they are not sold.\n"
        "Leave empty to have it made when it is needed.")
    repair_location = fields.Many2One(
        'stock.location', "Repair", domain=_APART,
        states={'invisible': Eval('type') != 'warehouse'},
        help="Where goods are repaired. It is no part of the warehouse, so "
        "that they are not sold.\n"
        "Leave empty to have it made when it is needed.")
    claim_location = fields.Many2One(
        'stock.location', "Supplier Claims", domain=_APART,
        states={'invisible': Eval('type') != 'warehouse'},
        help="Where goods wait for their way back to the supplier. It is no "
        "part of the warehouse, so that they are not sold.\n"
        "Leave empty to have it made when it is needed.")

    def get_disposition_location(self, disposition):
        """Return the location of the warehouse for what is done with goods.

        Those apart from the warehouse are made when they are missing.

        :param disposition: restock, quarantine, repair, scrap or supplier
        """
        if disposition == 'restock':
            return self.storage_location
        elif disposition == 'scrap':
            if self.waste_locations:
                return self.waste_locations[0]
            return self.lost_found_location
        kind = 'claim' if disposition == 'supplier' else disposition
        location = getattr(self, f'{kind}_location')
        if not location:
            location = self.__class__(
                name=gettext(
                    f'stock_return.msg_location_{kind}',
                    warehouse=self.name),
                type='storage')
            location.save()
            setattr(self, f'{kind}_location', location)
            self.save()
        return location


class Move(metaclass=PoolMeta):
    __name__ = 'stock.move'

    returned_move = fields.Many2One(
        'stock.move', "Returned Move", readonly=True, ondelete='RESTRICT',
        states={'invisible': ~Eval('returned_move')},
        help="The delivery or the receipt whose goods the move gives back.")
    returned_cost_price = fields.Numeric(
        "Returned Cost Price", digits=price_digits, readonly=True,
        states={'invisible': Eval('returned_cost_price', None) == None},  # noqa: E711,E501
        help="The stated cost of goods that are returned without an original.")
    return_moves = fields.One2Many(
        'stock.move', 'returned_move', "Returns", readonly=True,
        states={'invisible': ~Eval('return_moves')})
    returnable_quantity = fields.Function(
        fields.Float("Returnable Quantity", digits='product_uom'),
        'get_returnable_quantity')
    product_uom = fields.Function(
        fields.Many2One('product.uom', "Default Unit"),
        'on_change_with_product_uom')

    @classmethod
    def __setup__(cls):
        super().__setup__()
        t = cls.__table__()
        cls._sql_indexes.add(
            Index(
                t, (t.returned_move, Index.Equality()),
                where=t.returned_move != Null))

    @fields.depends('product')
    def on_change_with_product_uom(self, name=None):
        return self.product.default_uom if self.product else None

    # The quantity

    @classmethod
    def _returned_queries(cls, ids):
        """Return queries of what is returned of moves or is to be.

        Each source of returns adds what is not a stock move yet.

        :param ids: of the moves
        :return: list of queries with move and quantity, in the default unit
        """
        move = cls.__table__()
        return [move.select(
                move.returned_move.as_('move'),
                move.internal_quantity.as_('quantity'),
                where=fields.SQL_OPERATORS['in'](move.returned_move, ids)
                & (move.state != 'cancelled'))]

    @classmethod
    def get_returned_quantities(cls, moves):
        """Return what is returned of the moves, drafts included.

        :return: dictionary of float, in the default unit of the product, by
            id of the move
        """
        cursor = Transaction().connection.cursor()
        result = {m.id: 0. for m in moves}
        for sub_moves in grouped_slice(moves, backend.MAX_QUERY_PARAMS // 10):
            returned = Union(
                *cls._returned_queries([m.id for m in sub_moves]), all_=True)
            cursor.execute(*returned.select(
                    returned.move, Sum(returned.quantity),
                    group_by=returned.move))
            # A new line has no quantity in the default unit yet
            result.update((m, q or 0) for m, q in cursor)
        return result

    @classmethod
    def get_returnable_quantity(cls, moves, name=None):
        """Return what can still be returned of the moves.

        It is less than zero when more was returned than was moved.

        :return: dictionary of float, in the default unit of the product, by
            id of the move
        """
        pool = Pool()
        Product = pool.get('product.product')
        Template = pool.get('product.template')
        UoM = pool.get('product.uom')
        move, product, template = (
            cls.__table__(), Product.__table__(), Template.__table__())
        cursor = Transaction().connection.cursor()
        returned = cls.get_returned_quantities(moves)
        result = {m.id: 0 for m in moves}
        for sub_moves in grouped_slice(moves, backend.MAX_QUERY_PARAMS // 10):
            cursor.execute(*move
                .join(product, condition=move.product == product.id)
                .join(template, condition=product.template == template.id)
                .select(
                    move.id, move.internal_quantity, template.default_uom,
                    where=fields.SQL_OPERATORS['in'](
                        move.id, [m.id for m in sub_moves])
                    & (move.state == 'done')))
            for id_, quantity, unit in cursor.fetchall():
                result[id_] = UoM(unit).round(quantity - returned[id_])
        return result

    @classmethod
    def check_returnable(cls, moves):
        """Test that no more is returned of the moves than was moved.

        Who returns of the same moves at the same time waits for the end of
        the transaction.

        :raises ReturnQuantityError: more is returned
        """
        Lang = Pool().get('ir.lang')
        moves = sorted(set(moves))
        if not moves:
            return
        cls.lock(moves)
        cls._touch(moves)
        returnable = cls.get_returnable_quantity(moves)
        for move in moves:
            quantity = returnable[move.id]
            if quantity >= 0:
                continue
            lang = Lang.get()
            unit = move.product.default_uom
            raise ReturnQuantityError(
                gettext('stock_return.msg_return_quantity',
                    product=move.product.rec_name,
                    document=move.origin_name or (
                        move.shipment.rec_name if move.shipment
                        else move.rec_name),
                    date=lang.strftime(move.effective_date),
                    moved=lang.format_number_symbol(
                        move.internal_quantity, unit),
                    excess=lang.format_number_symbol(-quantity, unit)),
                gettext('stock_return.msg_return_quantity_way',
                    excess=lang.format_number_symbol(-quantity, unit)))

    @classmethod
    def _touch(cls, moves):
        """Write the moves as they are.

        Somebody else can have begun before this transaction ends and get the
        lock after it, but not see what it did. A row that was written since
        makes them begin anew.
        """
        cursor = Transaction().connection.cursor()
        table = cls.__table__()
        for sub_moves in grouped_slice(moves):
            cursor.execute(*table.update(
                    [table.state], [table.state],
                    where=fields.SQL_OPERATORS['in'](
                        table.id, [m.id for m in sub_moves])))

    @classmethod
    @ModelView.button
    def do(cls, moves):
        # Before anything is done that would have to be done again
        cls.check_returnable([
                m.returned_move for m in moves
                if m.returned_move and m.state != 'done'])
        super().do(moves)

    # The cost

    @property
    def _comes_back(self):
        "Whether goods of a customer come back at a cost of their own"
        return (
            self.from_location.type == 'customer'
            and self.to_location.type == 'storage'
            and (self.returned_move is not None
                or self.returned_cost_price is not None))

    @property
    def _goes_back(self):
        "Whether goods go back to the supplier at a cost of their own"
        return (
            self.from_location.type == 'storage'
            and self.to_location.type == 'supplier'
            and (self.returned_move is not None
                or self.returned_cost_price is not None))

    @property
    def _cost_price_of_return(self):
        "The cost, in the default unit, at which the goods come back"
        if self.returned_move:
            return self.returned_move.cost_price or Decimal(0)
        return self.returned_cost_price

    def get_cost_price(self, product_cost_price=None):
        if self._comes_back:
            return self._cost_price_of_return
        elif self._goes_back:
            if self.returned_move:
                return self.returned_move.get_cost_price()
            return self.returned_cost_price
        return super().get_cost_price(product_cost_price=product_cost_price)

    def _do(self):
        cost_price, to_save = super()._do()
        if self._comes_back:
            method = self.product.get_multivalue(
                'cost_price_method', **self._cost_price_pattern)
            if method == 'average':
                cost_price = self._compute_product_cost_price('in')
            if self.cost_price_required and method != 'fixed':
                self.cost_price = round_price(self._cost_price_of_return)
                self.product_cost_price = cost_price
        return cost_price, to_save


class Move_FIFO(metaclass=PoolMeta):
    __name__ = 'stock.move'

    def _do(self):
        pool = Pool()
        UoM = pool.get('product.uom')
        cost_price, to_save = super()._do()
        if self._goes_back:
            method = self.product.get_multivalue(
                'cost_price_method', **self._cost_price_pattern)
            if method == 'fifo':
                # What went back is not there for the next delivery
                for receipt, quantity in self._get_fifo_returned():
                    quantity = UoM.compute_qty(
                        self.product.default_uom, quantity, receipt.unit,
                        round=False)
                    receipt.fifo_quantity = min(
                        receipt.quantity,
                        (receipt.fifo_quantity or 0) + quantity)
                    to_save = [*to_save, receipt]
        return cost_price, to_save

    def _get_fifo_returned(self):
        """Return the receipts whose goods go back.

        Without original they are the oldest ones.

        :return: list of (move, quantity in the default unit)
        """
        if self.returned_move:
            return [(
                    self.__class__(self.returned_move.id),
                    self.internal_quantity)]
        with Transaction().set_context(company=self.company.id):
            return self.product.get_fifo_move(self.internal_quantity)


class ShipmentOutReturn(metaclass=PoolMeta):
    __name__ = 'stock.shipment.out.return'

    @classmethod
    def copy(cls, shipments, default=None):
        default = default.copy() if default is not None else {}
        default.setdefault('moves.returned_move', None)
        default.setdefault('moves.returned_cost_price', None)
        return super().copy(shipments, default=default)


class ShipmentInReturn(metaclass=PoolMeta):
    __name__ = 'stock.shipment.in.return'

    @classmethod
    def copy(cls, shipments, default=None):
        default = default.copy() if default is not None else {}
        default.setdefault('moves.returned_move', None)
        default.setdefault('moves.returned_cost_price', None)
        return super().copy(shipments, default=default)


def allocate(quantity, moves, rounding):
    """Take a quantity from moves, the nearest first.

    :param quantity: float, in the default unit
    :param moves: list of (move, returnable quantity)
    :param rounding: function that rounds a quantity
    :return: list of (move, quantity) and what could not be taken
    """
    taken = []
    for move, returnable in moves:
        if quantity <= 0:
            break
        part = rounding(min(quantity, returnable))
        if part > 0:
            taken.append((move, part))
            quantity = rounding(quantity - part)
    return taken, max(quantity, 0)
