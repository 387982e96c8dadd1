# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Tell what each line of a trade file is.

sale
    goods sold, at price zero when they are given away
service
    a service sold, such as postage
return
    goods that a customer sends back
refund
    money for a service given back
discount
    money off, without a product that it belongs to
cost
    a service that the company pays for
correction
    stock found or lost
adjustment
    bookkeeping that is no trade
unclear
    none of them
unreadable
    a line whose fields are no data
"""
from typing import NamedTuple

KINDS = [
    'sale', 'service', 'return', 'refund', 'discount', 'cost', 'correction',
    'adjustment', 'unclear', 'unreadable']


class Buyer(NamedTuple):
    """Who buys.

    :ivar number: of the customer, empty for cash sales
    :ivar country: code of the country of the customer, the name in the file
        for cash sales
    """
    number: str
    country: str


def _buyer(line, trade_map):
    if line.customer:
        return Buyer(
            line.customer, trade_map.country_code(line.country) or '')
    return Buyer('', line.country)


def classify(lines, trade_map):
    """Set the kind and the buyer of each line, the reason of those to reject.

    :param lines: list of all lines, those with a reason already are
        unreadable
    """
    priced = {
        l.document for l in lines
        if not l.reason and l.quantity > 0 and l.price > 0}
    for line in lines:
        if line.reason:
            line.kind = 'unreadable'
        else:
            line.buyer = _buyer(line, trade_map)
            line.kind, line.reason = _classify(line, trade_map, priced)


def _classify(line, trade_map, priced):
    code = line.code
    positive = line.quantity > 0
    if trade_map.is_adjustment(line.document):
        return 'adjustment', "an adjustment of bad debt is no trade"
    if line.price < 0:
        return 'adjustment', "a negative price is no trade"
    is_service = bool(trade_map.is_service(code))
    if is_service and not line.customer and trade_map.cost_supplier(code):
        if not line.price:
            return 'cost', "a cost without an amount"
        return 'cost', None
    if trade_map.is_return(line.document):
        if trade_map.is_discount(code):
            kind = 'discount'
        else:
            kind = 'refund' if is_service else 'return'
        if positive:
            return kind, "a return with a positive quantity"
        return kind, None
    if is_service:
        if positive:
            return 'service', None
        return 'unclear', "a service can neither be lost nor found"
    if line.price or line.customer:
        if positive:
            return 'sale', None
        return 'unclear', (
            "a negative quantity that is neither a return nor a stock "
            "correction")
    # Without price and customer: an item given away with an order, or stock
    if positive and line.document in priced:
        return 'sale', None
    return 'correction', None
