# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Recompute the cost without losing that of returns."""
from trytond.pool import Pool, PoolMeta


class Product(metaclass=PoolMeta):
    __name__ = 'product.product'

    def recompute_cost_price_average(self, start=None):
        cost_price = super().recompute_cost_price_average(
            start=self._start_before_returns(start))
        self._restore_cost_of_returns(start)
        return cost_price

    def _start_before_returns(self, start):
        """Return when to start to know the cost of the product.

        The last incoming move tells it, but a return has a cost of its own.
        """
        Move = Pool().get('stock.move')
        while start:
            moves = Move.search([
                    ('product', '=', self.id),
                    self._domain_moves_cost(),
                    self._domain_in_moves_cost(),
                    ('effective_date', '<', start),
                    ],
                order=[('effective_date', 'DESC'), ('id', 'DESC')],
                limit=1)
            if not moves or not moves[0]._comes_back:
                break
            start = moves[0].effective_date
        return start

    def _restore_cost_of_returns(self, start):
        Move = Pool().get('stock.move')
        domain = [
            ('product', '=', self.id),
            self._domain_moves_cost(),
            self._domain_in_moves_cost(),
            ['OR',
                ('returned_move', '!=', None),
                ('returned_cost_price', '!=', None),
                ],
            ]
        if start:
            domain.append(('effective_date', '>=', start))
        to_write = []
        for move in Move.search(domain):
            if move._comes_back:
                to_write.extend(([move], {
                            'product_cost_price': move.cost_price,
                            'cost_price': move._cost_price_of_return,
                            }))
        if to_write:
            Move.write(*to_write)


class Product_FIFO(metaclass=PoolMeta):
    __name__ = 'product.product'

    def recompute_cost_price_fifo(self, start=None):
        cost_price = super().recompute_cost_price_fifo(
            start=self._start_before_returns(start))
        self._restore_cost_of_returns(start)
        return cost_price
