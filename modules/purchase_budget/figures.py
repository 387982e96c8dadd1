# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Sums of money and how it is shared."""
from decimal import Decimal
from typing import NamedTuple


class Figures(NamedTuple):
    "What there is in a budget and what became of it"
    budget: Decimal = Decimal(0)
    committed: Decimal = Decimal(0)
    spent: Decimal = Decimal(0)

    def plus(self, other):
        return Figures(*(a + b for a, b in zip(self, other)))

    @property
    def used(self):
        return self.committed + self.spent

    @property
    def available(self):
        return self.budget - self.used


def month_of(date):
    return date.replace(day=1)


def spread(amount, weights, currency):
    """Share an amount by weights, equally when they are all zero.

    The shares are rounded to the currency, their sum is the amount.

    :param amount: Decimal
    :param weights: list of Decimal
    :return: list of Decimal
    """
    total = sum(weights)
    if not total:
        weights, total = [Decimal(1)] * len(weights), len(weights)
    shares, weight, given = [], Decimal(0), Decimal(0)
    for part in weights:
        weight += part
        until = currency.round(amount * weight / total)
        shares.append(until - given)
        given = until
    return shares
