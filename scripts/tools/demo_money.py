# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Money: what customers pay, what suppliers are paid."""
from itertools import groupby

from dateutil.relativedelta import relativedelta

from .demo_base import days

# Customers who pay so many days late, or not at all
LATE = {'W02': 12, 'W06': 35, 'W09': None, 'W11': 60}
# How many of the last payables are paid through payments
PAYMENTS = 7


def settle(demo):
    "Enter the bank statement of each month and prepare payments"
    paid = [
        (date, invoice) for date, invoice in _payments(demo)
        if date <= demo.today]
    balance = demo.price(0)
    months = groupby(paid, key=lambda p: (p[0].year, p[0].month))
    for _, payments in months:
        payments = list(payments)
        first = payments[0][0].replace(day=1)
        last = first + relativedelta(months=1, days=-1)
        statement, balance = _statement(
            demo, min(last, demo.today), payments, balance)
        if last < demo.today:
            demo.click(
                [statement], 'validate_statement', 'accountant', confirm=True)
            demo.click([statement], 'post', 'accountant', confirm=True)
    _pay_in_cash(demo)
    _pay_suppliers(demo)


def _payments(demo):
    "Return the dates and the posted invoices in the order of payment"
    terms = {
        row['code']: int(row['term'] or 0) for row in demo.table('parties')}
    codes = {party.id: code for code, party in demo.parties.items()}
    payments = []
    for invoice in demo.read('account.invoice', [
                ('state', '=', 'posted'),
                ], ['type', 'party', 'account', 'amount_to_pay', 'number',
                'invoice_date'], 'accountant', [('id', 'ASC')]):
        code = codes[invoice['party']]
        late = LATE.get(code, demo.random.randint(0, 4))
        if late is not None and invoice['amount_to_pay'] > 0:
            payments.append((
                    invoice['invoice_date'] + days(terms[code] + late),
                    invoice))
    payments.sort(key=lambda p: p[0])
    return payments


def _statement(demo, date, payments, balance):
    "Return the statement as a draft and its end balance"
    Journal = demo.model('account.statement.journal', 'accountant')
    journal, = Journal.find([], limit=1)
    lines = [{
            'date': day,
            'number': invoice['number'],
            'party': invoice['party'],
            'account': invoice['account'],
            'amount': (
                invoice['amount_to_pay'] if invoice['type'] == 'out'
                else -invoice['amount_to_pay']),
            'related_to': f"account.invoice,{invoice['id']}",
            } for day, invoice in payments]
    end = balance + sum(line['amount'] for line in lines)
    demo.now = date
    statement, = demo.create('account.statement', [{
                'journal': journal.id,
                'name': demo.text("Bank {:%Y-%m}", "银行 {:%Y-%m}").format(
                    date),
                'date': date,
                'start_balance': balance,
                'end_balance': end,
                'lines': [('create', lines)],
                }], 'accountant')
    return statement, end


def _pay_in_cash(demo):
    "Let some of those who have to pay at once pay in the shop"
    Invoice = demo.model('account.invoice', 'accountant')
    Method = demo.model('account.invoice.payment.method', 'accountant')
    method, = Method.find([], limit=1)
    demo.now = demo.today
    for invoice in Invoice.find([
                ('type', '=', 'out'), ('state', '=', 'posted'),
                ('party', '=', demo.parties['R01'].id),
                ], limit=2):
        wizard = demo.wizard('account.invoice.pay', [invoice], 'accountant')
        wizard.form.payment_method = method
        wizard.form.date = demo.now
        wizard.execute('choice')


def _pay_suppliers(demo):
    "Bring payments to suppliers as far as payments can get"
    Line = demo.model('account.move.line', 'accountant')
    demo.now = demo.today
    lines = Line.find([
            ('account.type.payable', '=', True),
            ('party', '!=', None),
            ('reconciliation', '=', None),
            ('credit', '>', 0),
            ('move_state', '=', 'posted'),
            ], order=[('maturity_date', 'ASC'), ('id', 'ASC')],
        limit=PAYMENTS)
    payments = _pay_lines(demo, lines)
    demo.click(payments[1:], 'submit', 'accountant')
    demo.click(payments[2:], 'approve', 'manager')
    demo.wizard('account.payment.process', payments[3:], 'accountant')
    demo.click(payments[4:5], 'fail', 'accountant')
    demo.click(payments[5:], 'succeed', 'accountant')
    receivable = Line.find([
            ('account.type.receivable', '=', True),
            ('party', '=', demo.parties['W09'].id),
            ('reconciliation', '=', None),
            ('debit', '>', 0),
            ], limit=3)
    payments = _pay_lines(demo, receivable)
    demo.click(payments[1:], 'submit', 'accountant')
    demo.wizard('account.payment.process', payments[2:], 'accountant')


def _pay_lines(demo, lines):
    "Return the payments made for the lines"
    Payment = demo.model('account.payment', 'accountant')
    Journal = demo.model('account.payment.journal', 'accountant')
    journal, = Journal.find([], order=[('id', 'DESC')], limit=1)
    with demo.confirming('accountant'):
        wizard = demo.wizard('account.move.line.pay', lines, 'accountant')
        wizard.execute('next_')
        wizard.form.journal = journal
        wizard.execute('next_')
    return Payment.find(
        [('line', 'in', [line.id for line in lines])],
        order=[('id', 'ASC')])
