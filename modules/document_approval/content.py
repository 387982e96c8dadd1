# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What of a document is material to those who approve it."""
import hashlib
import json
from decimal import Decimal


def number(value):
    """Return a number as text that is the same for equal numbers.

    :param value: Decimal, float or None
    """
    if value is None:
        return None
    value = Decimal(str(value)).normalize()
    # No exponent: 1E+1 is 10
    return format(value + 0, 'f')


def line_content(lines):
    """Return the content of lines, those of the same product as one.

    The price of several lines is their average.

    :param lines: iterable of (key, quantity, price), price None when missing
    :return: dictionary by key of quantity and price
    """
    totals = {}
    for key, quantity, price in lines:
        quantity = Decimal(str(quantity or 0))
        total = totals.setdefault(key, [Decimal(0), Decimal(0), False])
        total[0] += quantity
        if price is None:
            total[2] = True
        else:
            total[1] += quantity * price
    return {
        key: {
            'quantity': number(quantity),
            'price': (
                None if missing or not quantity
                else number(round(amount / quantity, 6))),
            }
        for key, (quantity, amount, missing) in totals.items()}


def serialize(content):
    "Return the content as text, the same for equal contents"
    return json.dumps(content, sort_keys=True, ensure_ascii=False)


def digest(text):
    "Return the SHA-256 of a text in hexadecimal"
    return hashlib.sha256(text.encode()).hexdigest()


def covers(approved, present, tolerance):
    """Test if what was approved still covers what there is now.

    What was approved is the reference however often the document changed
    since, so that small steps do not add up.

    :param approved: content as dictionary
    :param present: content as dictionary
    :param tolerance: percentage by which each number may differ
    """
    if approved.keys() != present.keys():
        return False
    for name in approved.keys() - {'amount', 'lines'}:
        if approved[name] != present[name]:
            return False
    if not _within(approved['amount'], present['amount'], tolerance):
        return False
    before, after = approved['lines'], present['lines']
    if before.keys() != after.keys():
        return False
    return all(
        _within(before[key][name], after[key][name], tolerance)
        for key in before for name in ['quantity', 'price'])


def _within(approved, present, tolerance):
    if approved == present:
        return True
    if approved is None or present is None:
        return False
    approved, present = Decimal(approved), Decimal(present)
    return abs(present - approved) <= abs(approved) * tolerance / 100
