# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from decimal import Decimal

from trytond.model import ModelSQL, fields
from trytond.pool import Pool, PoolMeta
from trytond.pyson import Eval
from trytond.transaction import Transaction

from .document import (
    ApprovedMixin, ConfirmedMixin, Operation, WaitedMixin, line_key)
from .rule import users_of


class Rule(metaclass=PoolMeta):
    __name__ = 'document.approval.rule'

    warehouses = fields.Many2Many(
        'document.approval.rule-stock.location', 'rule', 'warehouse',
        "Warehouses", domain=[('type', '=', 'warehouse')],
        states={'readonly': Eval('state') != 'draft'},
        help="Only documents of these warehouses.")

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls.operation.selection += [
            ('stock.inventory:confirm', "Inventory"),
            ('stock.shipment.internal:wait', "Internal Shipment"),
            ]

    def match(self, facts):
        return super().match(facts) and (
            not self.warehouses
            or facts['document'].get_approval_warehouse() in self.warehouses)

    def _explain(self, facts):
        texts = super()._explain(facts)
        if self.warehouses:
            texts.append(', '.join(w.rec_name for w in self.warehouses))
        return texts


class RuleWarehouse(ModelSQL):
    __name__ = 'document.approval.rule-stock.location'

    rule = fields.Many2One(
        'document.approval.rule', "Rule", ondelete='CASCADE', required=True)
    warehouse = fields.Many2One(
        'stock.location', "Warehouse", ondelete='CASCADE', required=True)


class Level(metaclass=PoolMeta):
    __name__ = 'document.approval.level'

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls.approver.selection.append(
            ('warehouse', "Head of the Warehouse"))

    def _get_warehouse(self, facts):
        warehouse = facts['document'].get_approval_warehouse()
        return users_of(warehouse.head if warehouse else None)


class Location(metaclass=PoolMeta):
    __name__ = 'stock.location'

    head = fields.Many2One(
        'company.employee', "Head", ondelete='RESTRICT',
        states={'invisible': Eval('type') != 'warehouse'},
        help="The employee who decides for the warehouse.")


class ValuedMixin(ApprovedMixin):
    "A stock document whose amount is that of its products at cost"
    __slots__ = ()

    def get_approval_facts(self):
        facts = super().get_approval_facts()
        # Nothing moved is worth nothing, which is known
        facts['missing'] = any(
            not price for _, quantity, price in self._get_approval_lines()
            if quantity)
        return facts

    def _get_approval_quantities_moved(self):
        "Yield line, product and quantity in the default unit"
        raise NotImplementedError

    def _get_approval_costs(self):
        Product = Pool().get('product.product')
        products = self._get_approval_products()
        with Transaction().set_context(company=self.company.id):
            return {
                p.id: p.get_multivalue('cost_price') or Decimal(0)
                for p in Product.browse([p.id for p in products])}

    def _get_approval_lines(self):
        costs = self._get_approval_costs()
        for line, product, quantity in self._get_approval_quantities_moved():
            yield (
                f'{line_key(line)}/{self._get_approval_place(line)}',
                quantity, costs[product.id])

    def _get_approval_place(self, line):
        "Return what tells lines of the same product apart"
        lot = getattr(line, 'lot', None)
        return lot.id if lot else ''

    def _get_approval_amount(self):
        amount = sum(
            (abs(Decimal(str(quantity))) * price
                for _, quantity, price in self._get_approval_lines()),
            Decimal(0))
        return self.company.currency.round(amount)


class Inventory(ValuedMixin, ConfirmedMixin, metaclass=PoolMeta):
    __name__ = 'stock.inventory'

    _approval_operations = {
        'confirm': Operation({'draft'}),
        }

    def get_approval_warehouse(self):
        return self.location.warehouse

    def _get_approval_quantities_moved(self):
        for line in self.lines:
            quantity = line.quantity
            if quantity is None:
                if self.empty_quantity != 'empty':
                    continue
                quantity = 0
            difference = line.unit.round(quantity - line.expected_quantity)
            if difference:
                yield line, line.product, difference


class ShipmentInternal(ValuedMixin, WaitedMixin, metaclass=PoolMeta):
    __name__ = 'stock.shipment.internal'

    _approval_operations = {
        'wait': Operation({'draft'}),
        }
    _approval_lines = ['moves']

    def get_approval_warehouse(self):
        return self.from_location.warehouse

    def _get_approval_quantities_moved(self):
        for move in self.moves:
            if move.state != 'cancelled':
                yield move, move.product, move.internal_quantity

    def _get_approval_place(self, move):
        return '%s-%s/%s' % (
            move.from_location.id, move.to_location.id,
            super()._get_approval_place(move))
