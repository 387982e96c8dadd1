# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.modules.company.tests import CompanyTestMixin
from trytond.tests.test_tryton import ModuleTestCase


class StockLevelTestCase(CompanyTestMixin, ModuleTestCase):
    "Test Stock Level module"
    module = 'stock_level'
    extras = ['stock_lot', 'stock_lot_sled']


del ModuleTestCase
