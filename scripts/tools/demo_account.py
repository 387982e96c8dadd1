# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Accounting: what is not bought and sold, taxes and the budget."""
from dateutil.relativedelta import relativedelta

from .demo_base import days

CASH, CAPITAL, EXPENSE = '1_1_1', '3_1_1', '5_1_1'
ADMINISTRATION, RENT, SERVICES = '5_2_2', '5_1_4', '5_1_3'
# Account, what for, amount a month in yuan
MONTHLY = [
    (ADMINISTRATION, "Salaries", "工资", 21000),
    (RENT, "Rent of workshop and shop", "厂房与门店租金", 6500),
    (SERVICES, "Utilities and office", "水电与办公费", 2800),
    ]
# Amounts a year in yuan that the budget allows
BUDGETS = [
    ('4_1_1', 1800000), (EXPENSE, -900000), (ADMINISTRATION, -260000),
    (RENT, -80000), (SERVICES, -30000)]


def account(demo, code, login='accountant'):
    "Return the account of the universal chart with the code"
    Account = demo.model('account.account', login)
    template = demo.record(
        'account.account.template', 'account', f'account_template_{code}_en')
    account, = Account.find([('template', '=', template.id)])
    return account


def open_accounts(demo):
    "Enter the capital and define how to report and to write off"
    date = demo.plan.periods[0].first - days(1)
    stock = _balance(demo, EXPENSE)
    _post(demo, date, demo.text("Opening balance", "期初余额"), [
            (CASH, demo.price(800000)),
            # What the opening count has credited
            (EXPENSE, -stock),
            (CAPITAL, stock - demo.price(800000)),
            ])
    _make_tax_codes(demo)
    WriteOff = demo.model('account.move.reconcile.write_off', 'accountant')
    Journal = demo.model('account.journal', 'accountant')
    journal, = Journal.find([('type', '=', 'write-off')], limit=1)
    WriteOff(
        name=demo.text("Rounding", "尾差核销"), journal=journal,
        credit_account=account(demo, ADMINISTRATION),
        debit_account=account(demo, ADMINISTRATION)).save()


def _balance(demo, code):
    "Return the debit less the credit of the account"
    record, = demo.read('account.account', [
            ('id', '=', account(demo, code).id)], ['balance'], 'accountant')
    return record['balance']


def _post(demo, date, description, lines, draft=False):
    """Post a move.

    :param lines: list of codes of accounts and amounts, debits are positive
    """
    Journal = demo.model('account.journal', 'accountant')
    Period = demo.model('account.period', 'accountant')
    journal, = Journal.find([('type', '=', 'general')], limit=1)
    period, = Period.find([
            ('start_date', '<=', date), ('end_date', '>=', date),
            ('type', '=', 'standard')])
    demo.now = date
    move, = demo.create('account.move', [{
                'journal': journal.id,
                'period': period.id,
                'date': date,
                'description': description,
                'lines': [('create', [{
                                'account': account(demo, code).id,
                                'debit': max(amount, 0),
                                'credit': max(-amount, 0),
                                } for code, amount in lines if amount])],
                }], 'accountant')
    if not draft:
        demo.click([move], 'post', 'accountant')


def _make_tax_codes(demo):
    "Report the tax on sales and on purchases"
    Tax = demo.model('account.tax', 'accountant')
    Code = demo.model('account.tax.code', 'accountant')
    taxes = Tax.find([], order=[('id', 'ASC')], limit=2)
    root = Code(name=demo.text("Value Added Tax", "增值税申报"), code='VAT')
    root.save()
    for tax, code, names, sign in [
            (taxes[0], 'OUT', ("Output Tax", "销项税额"), '+'),
            (taxes[1], 'IN', ("Input Tax", "进项税额"), '-')]:
        child = Code(name=demo.text(*names), code=code, parent=root)
        for type_ in ['invoice', 'credit']:
            child.lines.new(
                operator=sign, tax=tax, amount='tax', type=type_)
        child.save()


def enter_expenses(demo):
    "Enter what is spent each month, this month's is not posted yet"
    template = _make_template(demo)
    first = demo.plan.periods[0].first.replace(day=1)
    month = relativedelta(months=1)
    while first <= demo.today:
        date = first + month - days(1)
        draft = date > demo.today
        lines = [
            (code, demo.price(amount)) for code, _, _, amount in MONTHLY]
        lines.append((CASH, -sum(amount for _, amount in lines)))
        _post(
            demo, min(date, demo.today), template, lines, draft=draft)
        first += month


def _make_template(demo):
    "Make a template of the monthly expenses and return its name"
    Template = demo.model('account.move.template', 'accountant')
    Journal = demo.model('account.journal', 'accountant')
    name = demo.text("Expenses of the month", "月度费用")
    journal, = Journal.find([('type', '=', 'general')], limit=1)
    template = Template(name=name, journal=journal, description=name)
    for code, en, zh, amount in MONTHLY:
        template.lines.new(
            account=account(demo, code), operation='debit',
            amount=str(demo.price(amount)), description=demo.text(en, zh))
    template.lines.new(
        account=account(demo, CASH), operation='credit',
        amount=str(demo.price(sum(amount for *_, amount in MONTHLY))))
    template.save()
    return name


def make_budget(demo):
    "Plan the income and the expenses of the year"
    Budget = demo.model('account.budget', 'accountant')
    Line = demo.model('account.budget.line', 'accountant')
    FiscalYear = demo.model('account.fiscalyear', 'accountant')
    fiscalyear, = FiscalYear.find([
            ('start_date', '<=', demo.today),
            ('end_date', '>=', demo.today)])
    budget = Budget(
        name=demo.text("Budget of the year", "年度预算"),
        fiscalyear=fiscalyear)
    budget.save()
    demo.click([budget], 'update_lines', 'accountant')
    for code, amount in BUDGETS:
        line, = Line.find([
                ('budget', '=', budget.id),
                ('account', '=', account(demo, code).id)])
        line.amount = demo.price(amount)
        line.save()
        demo.wizard(
            'account.budget.line.create_periods', [line], 'accountant'
            ).execute('create_periods')
