# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from decimal import Decimal

from trytond.pool import PoolMeta

from .document import Operation, WaitedMixin, line_key


class Rule(metaclass=PoolMeta):
    __name__ = 'document.approval.rule'

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls.operation.selection.append(('production:wait', "Production"))


class Production(WaitedMixin, metaclass=PoolMeta):
    __name__ = 'production'

    _approval_operations = {
        'wait': Operation({'draft'}),
        }
    _approval_lines = ['inputs', 'outputs']

    def get_approval_facts(self):
        facts = super().get_approval_facts()
        # The outputs have no price before their cost is known
        facts['missing'] = not facts['amount'] or any(
            not price for name, move, price in self._get_approval_moves()
            if name == 'inputs' and move.quantity)
        return facts

    def _get_approval_moves(self):
        "Yield the name of the list, the move and its price"
        for name in self._approval_lines:
            for move in getattr(self, name):
                if move.state == 'cancelled':
                    continue
                if name == 'inputs':
                    price = move.product.get_multivalue(
                        'cost_price', company=self.company.id)
                else:
                    price = move.unit_price
                yield name, move, price

    def _get_approval_lines(self):
        for name, move, price in self._get_approval_moves():
            yield f'{name}/{line_key(move)}', move.quantity, price

    def _get_approval_amount(self):
        return self.company.currency.round(self.cost or Decimal(0))
