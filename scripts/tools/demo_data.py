# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Fill the demo company with six months of documents."""
from functools import partial

from .demo_account import enter_expenses, make_budget, open_accounts
from .demo_alert import watch
from .demo_amendment import amend
from .demo_approval import approve
from .demo_base import Demo
from .demo_budget import make_purchase_budget
from .demo_count import count
from .demo_freight import bear_freight
from .demo_money import settle
from .demo_opportunity import (
    agree_with_customers, agree_with_suppliers, follow_opportunities)
from .demo_party import make_parties
from .demo_plan import Plan
from .demo_planning import plan_supply
from .demo_product import make_products
from .demo_production import make_boms, produce, produce_last
from .demo_project import develop
from .demo_purchase import leave_orders, purchase
from .demo_quality import make_controls
from .demo_requisition import request
from .demo_return import take_back
from .demo_sale import correct_invoices, sell, sell_in_advance
from .demo_stock import leave_transfers, open_stock, transfer
from .environment import say


def fill(config, edition, language, today, advance):
    """Make the documents of the demo company.

    The same day gives the same documents. The company and an account for
    each role must exist.

    :param config: configuration of proteus in this process, as admin
    :param edition: 'jxc' or 'erp'
    :param language: code of the language of the names, 'en' or 'zh_CN'
    :param today: the last day of the documents, which cover six months
    :param advance: function called with a label, the number of steps done
        and the number of all steps
    """
    demo = Demo(config, edition, language, today)
    with demo.alone(), demo.calendar():
        begin(demo)
        trades = find_trades(demo)
        steps = trades + find_steps(demo)
        for i, (label, step) in enumerate(steps):
            advance(label, i, len(steps))
            try:
                step()
            except Exception as error:
                # A demo without some of the documents is worth more than none
                if i < len(trades):
                    raise
                say(f"\nLeft out of the demo: {label}: {error!r}")
        advance(None, len(steps), len(steps))


def begin(demo):
    "Make what the documents are about"
    make_parties(demo)
    make_products(demo)
    boms = {}
    if demo.erp:
        boms = make_boms(demo)
        make_controls(demo)
    demo.plan = Plan(demo.rows, boms, demo.today, demo.random)
    open_stock(demo)
    open_accounts(demo)


def find_trades(demo):
    "Return the labels and functions of what is traded in each period"
    return [
        (f'{period.first:%Y-%m-%d}', partial(_trade, demo, period))
        for period in demo.plan.periods]


def find_steps(demo):
    "Return the labels and functions of what follows from the trade"
    functions = [
        request, count, take_back, sell_in_advance, correct_invoices,
        bear_freight, settle, enter_expenses, leave_orders, leave_transfers]
    if demo.erp:
        functions += [
            follow_opportunities, agree_with_customers, agree_with_suppliers,
            amend, produce_last, develop, make_budget]
    functions += [plan_supply, watch, approve, make_purchase_budget]
    return [
        (function.__name__.replace('_', ' '), partial(function, demo))
        for function in functions]


def _trade(demo, period):
    "Buy, make, transfer and sell what is planned for the period"
    demo.now = period.last
    purchase(demo, period)
    if demo.erp:
        produce(demo, period)
    transfer(demo, period)
    sell(demo, period)
