# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What the scenarios of purchase_budget have in common."""
import datetime as dt
from decimal import Decimal

from proteus import Model

__all__ = ['create_budget', 'create_category', 'figures', 'requisition']

TODAY = dt.date.today()


def create_category(name, parent=None, config=None):
    "Return a category of products"
    category = Model.get('product.category', config=config)(
        name=name, parent=parent)
    category.save()
    return category


def create_budget(name, lines, run=True, config=None):
    """Return a budget of this year.

    :param lines: list of values of the lines
    """
    Budget = Model.get('purchase.budget', config=config)
    budget = Budget(
        name=name,
        start_date=TODAY.replace(month=1, day=1),
        end_date=TODAY.replace(month=12, day=31))
    for values in lines:
        budget.lines.new(**values)
    budget.save()
    if run:
        budget.click('run')
    return budget


def requisition(employee, lines, config=None, **values):
    """Return a draft requisition.

    :param lines: list of (product, quantity, unit price or None)
    """
    Requisition = Model.get('purchase.requisition', config=config)
    requisition = Requisition(
        employee=employee, supply_date=TODAY, **values)
    for product, quantity, price in lines:
        line = requisition.lines.new()
        line.product = product
        line.quantity = quantity
        line.unit_price = None if price is None else Decimal(price)
    return requisition


def figures(line):
    "Return committed, spent and available of a budget line"
    line = line.__class__(line.id)
    return tuple(map(int, [line.committed, line.spent, line.available]))
