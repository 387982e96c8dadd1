# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Amounts of orders in the currency of the company."""
from sql import Cast, Literal, Null
from sql.conditionals import Case

from trytond.pool import Pool


def in_company_currency(from_, amount, currency, company, date):
    """Convert an amount with the rates of a date.

    :param from_: tables to which the rates are joined
    :param amount: expression of a floating point number
    :param currency: expression of the id of its currency
    :param company: record
    :param date: date, or expression of it
    :return: tables and expression, which is null without a rate
    """
    Currency = Pool().get('currency.currency')
    own = Literal(company.currency.id)
    rates = []
    for id_ in [currency, own]:
        rate = Currency.currency_rate_sql()
        from_ = from_.join(
            rate, 'LEFT',
            condition=(rate.currency == id_)
            & (rate.start_date <= date)
            & ((rate.end_date == Null) | (rate.end_date > date)))
        rates.append(Cast(rate.rate, 'FLOAT'))
    rate, own_rate = rates
    return from_, Case(
        (currency == own, amount), else_=amount * own_rate / rate)
