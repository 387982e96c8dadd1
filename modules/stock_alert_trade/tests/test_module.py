# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.modules.company.tests import CompanyTestMixin
from trytond.tests.test_tryton import ModuleTestCase


class StockAlertTradeTestCase(CompanyTestMixin, ModuleTestCase):
    "Test Stock Alert Trade module"
    module = 'stock_alert_trade'
    extras = [
        'account_credit_limit', 'purchase', 'sale', 'sale_credit_limit']


del ModuleTestCase
