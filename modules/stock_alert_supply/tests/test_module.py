# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.modules.company.tests import CompanyTestMixin
from trytond.tests.test_tryton import ModuleTestCase


class StockAlertSupplyTestCase(CompanyTestMixin, ModuleTestCase):
    "Test Stock Alert Supply module"
    module = 'stock_alert_supply'
    extras = ['production', 'purchase_requisition', 'stock_supply']


del ModuleTestCase
