# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.modules.company.tests import CompanyTestMixin
from trytond.tests.test_tryton import ModuleTestCase


class StockAlertWarningTestCase(CompanyTestMixin, ModuleTestCase):
    "Test Stock Alert Warning module"
    module = 'stock_alert_warning'
    extras = [
        'account_credit_limit', 'purchase', 'sale_credit_limit',
        'sale_supply', 'stock_alert_trade', 'stock_lot_sled']


del ModuleTestCase
