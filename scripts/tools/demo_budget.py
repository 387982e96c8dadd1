# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""The budgets of the departments and what was asked of them."""
from decimal import Decimal

from .demo_base import days

# Who asks for the department, amount of the year in yuan, why, of which part
# of it: every colour, the last one beyond the budget
ASKED = [
    ('sales', 24000, "Stand at the fair", "展会展台", '0.45'),
    ('buyer', 6000, "Sample cabinets", "样品柜", '0.30'),
    ('keeper', 12000, "Shelves and trolleys", "货架与推车", '0.86'),
    ('accountant', 5000, "Safe and printer", "保险柜与打印机", '0.92'),
    ('workshop', 8000, "Tools for the workshop", "车间工具", '1.15'),
    ]


def make_purchase_budget(demo):
    "Let a budget of the year run and ask for some of it"
    demo.now = demo.today
    users = {u.login: u for u in demo.model('res.user').find([])}
    budget = _make_budget(demo, users)
    _make_rules(demo, users)
    for login, amount, en, zh, part in ASKED:
        demo.now = demo.today - days(1)
        Requisition = demo.model('purchase.requisition', login)
        requisition = Requisition(
            description=demo.text(en, zh), purpose=demo.text(en, zh),
            supply_date=demo.today)
        requisition.department = demo.seen(
            users[login].employee.department, login)
        line = requisition.lines.new()
        line.product = demo.seen(demo.products['V005'], login)
        line.quantity = 1
        line.unit_price = demo.price(amount * Decimal(part))
        requisition.save()
        demo.click([requisition], 'wait', login)
    return budget


def _make_budget(demo, users):
    year = demo.today.year
    Budget = demo.model('purchase.budget', 'purchase_manager')
    budget = Budget(
        name=demo.text(f"Departments {year}", f"{year} 年部门采购预算"),
        start_date=demo.today.replace(month=1, day=1),
        end_date=demo.today.replace(month=12, day=31))
    for login, amount, *_ in ASKED:
        line = budget.lines.new()
        line.department = demo.seen(
            users[login].employee.department, 'purchase_manager')
        line.amount = demo.price(amount)
    budget.save()
    demo.click([budget], 'run', 'purchase_manager')
    return budget


def _make_rules(demo, users):
    "What is beyond the budget is approved by the general manager"
    Rule = demo.model('purchase.budget.rule', 'purchase_manager')
    Rule(
        name=demo.text("Beyond the Budget", "超预算加签"),
        action='approve').save()
    ApprovalRule = demo.model('document.approval.rule')
    for operation, en, zh in [
            ('purchase.requisition:approve', "Requisitions beyond the Budget",
                "超预算采购申请"),
            ('purchase.purchase:confirm', "Orders beyond the Budget",
                "超预算采购订单")]:
        rule = ApprovalRule(name=demo.text(en, zh), operation=operation)
        rule.over_budget = True
        level = rule.levels.new(approver='users')
        level.name = demo.text("General Manager", "总经理")
        level.users.append(demo.model('res.user')(users['manager'].id))
        rule.click('run')
