# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What the products of a store need to be bought and sold."""
from trytond.modules.account.tests import create_chart, get_fiscalyear
from trytond.modules.account_invoice.tests import set_invoice_sequences
from trytond.pool import Pool


def setup_trade(store):
    """Give the company accounts and make its products tradable.

    :param store: trytond.modules.stock_alert.tests.tools.Store
    :return: a party
    """
    pool = Pool()
    Account = pool.get('account.account')
    Category = pool.get('product.category')
    Party = pool.get('party.party')
    Template = pool.get('product.template')
    create_chart(store.company)
    fiscalyear = set_invoice_sequences(
        get_fiscalyear(store.company, today=store.today))
    fiscalyear.save()
    fiscalyear.__class__.create_period([fiscalyear])
    revenue, expense = (
        Account.search([
                (f'type.{name}', '=', True),
                ('closed', '!=', True),
                ], limit=1)[0]
        for name in ['revenue', 'expense'])
    category = Category(
        name="Accounting", accounting=True, account_revenue=revenue,
        account_expense=expense)
    category.save()
    Template.write([p.template for p in store.products], {
            'account_category': category.id,
            'salable': True,
            'sale_uom': store.kilogram.id,
            'purchasable': True,
            'purchase_uom': store.kilogram.id,
            })
    party = Party(name="Party", addresses=[{}])
    party.save()
    return party
