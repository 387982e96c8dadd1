# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.modules.company.tests import CompanyTestMixin
from trytond.tests.test_tryton import ModuleTestCase


class StockReturnTestCase(CompanyTestMixin, ModuleTestCase):
    "Test Stock Return module"
    module = 'stock_return'
    extras = ['document_approval', 'product_cost_fifo', 'stock_lot_sled']


del ModuleTestCase
