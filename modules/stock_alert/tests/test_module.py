# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.modules.company.tests import CompanyTestMixin
from trytond.tests.test_tryton import ModuleTestCase


class StockAlertTestCase(CompanyTestMixin, ModuleTestCase):
    "Test Stock Alert module"
    module = 'stock_alert'
    extras = ['notification_webhook', 'stock_lot_sled', 'stock_return']


del ModuleTestCase
