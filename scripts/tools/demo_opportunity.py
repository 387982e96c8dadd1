# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Opportunities, and agreements over a longer time."""
from .demo_base import days

# Customer, days ago, what it is about, product, quantity, probability, end
OPPORTUNITIES = [
    ('W01', 12, "Christmas season", "圣诞季备货", 'T001', 60, 0.9, 'won'),
    ('W02', 16, "Opening of a second shop", "二店开业首批", 'T002', 48, 0.8,
        'won'),
    ('W03', 120, "Kindergarten tender", "幼儿园招标", 'T010', 300, 0.3,
        'lost'),
    ('W04', 100, "Children's Day promotion", "儿童节促销", 'T003', 150, 0.6,
        'converted'),
    ('W05', 75, "Private label bear", "贴牌泰迪熊", 'T001', 1000, 0.4,
        'opportunity'),
    ('W06', 45, "Winter holiday order", "寒假订单", 'T005', 200, 0.5,
        'opportunity'),
    ('W07', 30, "Museum shop range", "博物馆文创", 'T003', 120, 0.4, 'lead'),
    ('W08', 14, "Gift boxes", "新年礼盒", 'T008', 80, 0.2, 'lead'),
    ('W09', 10, "Trade fair contact", "展会客户", 'T006', 100, 0.1, 'lead'),
    ('W10', 90, "Framework of a chain store", "连锁店年度合作", 'T002', 500,
        0.2, 'cancelled'),
    ]
# Party, product, quantity, state
SALE_AGREEMENTS = [
    ('W01', ['T001', 'T002'], 1200, 'running'),
    ('W02', ['T003'], 400, 'running'),
    ('W03', ['T005'], 300, 'draft'),
    ]


def follow_opportunities(demo):
    "Make opportunities in every state"
    Opportunity = demo.model('sale.opportunity', 'sales')
    for code, ago, en, zh, product, quantity, probability, end in (
            OPPORTUNITIES):
        demo.now = demo.today - days(ago)
        opportunity = Opportunity(
            party=demo.seen(demo.parties[code], 'sales'),
            description=demo.text(en, zh), start_date=demo.now,
            conversion_probability=probability)
        line = opportunity.lines.new()
        line.product = demo.seen(demo.products[product], 'sales')
        line.quantity = quantity
        opportunity.amount = quantity * demo.price(
            demo.rows[product]['price'])
        opportunity.payment_term = opportunity.party.customer_payment_term
        opportunity.save()
        if end == 'lead':
            continue
        if end == 'cancelled':
            opportunity.click('cancel')
            continue
        demo.click([opportunity], 'opportunity', 'sales')
        if end == 'lost':
            opportunity.reload()
            opportunity.lost_reason = demo.text(
                "The price of a competitor", "竞争对手报价更低")
            opportunity.save()
            demo.click([opportunity], 'lost', 'sales')
        elif end in {'converted', 'won'}:
            demo.now += days(7)
            demo.click([opportunity], 'convert', 'sales', confirm=True)
            _close(demo, opportunity, end)


def _close(demo, opportunity, end):
    "Let the customer decide on the quotation of the opportunity"
    opportunity.reload()
    sales = list(opportunity.sales)
    demo.click(sales, 'quote', 'sales_manager', confirm=True)
    if end == 'won':
        demo.click(sales, 'confirm', 'sales_manager', confirm=True)


def agree_with_customers(demo):
    "Make blanket agreements with customers"
    Agreement = demo.model('sale.blanket_agreement', 'sales_manager')
    for code, products, quantity, state in SALE_AGREEMENTS:
        demo.now = demo.today - days(60)
        agreement = Agreement(
            customer=demo.seen(demo.parties[code], 'sales_manager'),
            description=demo.text("Yearly agreement", "年度框架协议"),
            from_date=demo.now, to_date=demo.now + days(365))
        _add_lines(
            demo, agreement, products, quantity, 'price',
            'sales_manager')
        agreement.save()
        if state == 'running':
            agreement.click('run')


def agree_with_suppliers(demo):
    "Make blanket agreements with the suppliers of bought products"
    Agreement = demo.model('purchase.blanket_agreement', 'purchase_manager')
    bought = {}
    for code, row in demo.rows.items():
        if row['source'] != 'make' and row['supplier']:
            bought.setdefault(row['supplier'], []).append(code)
    for i, (supplier, products) in enumerate(sorted(bought.items())[:3]):
        demo.now = demo.today - days(90)
        agreement = Agreement(
            supplier=demo.seen(
                demo.parties[supplier], 'purchase_manager'),
            description=demo.text("Yearly agreement", "年度框架协议"),
            from_date=demo.now, to_date=demo.now + days(365))
        _add_lines(
            demo, agreement, products[:2], 1000, 'cost', 'purchase_manager')
        agreement.save()
        if i:
            agreement.click('run')


def _add_lines(demo, agreement, products, quantity, price, login):
    for product in products:
        line = agreement.lines.new()
        line.product = demo.seen(demo.products[product], login)
        line.quantity = quantity
        line.unit_price = demo.price(demo.rows[product][price])
