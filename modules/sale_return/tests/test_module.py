# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.modules.company.tests import CompanyTestMixin
from trytond.tests.test_tryton import ModuleTestCase


class SaleReturnTestCase(CompanyTestMixin, ModuleTestCase):
    "Test Sale Return module"
    module = 'sale_return'
    extras = [
        'document_approval', 'quality', 'sale_complaint', 'stock_lot']


del ModuleTestCase
