# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.modules.company.tests import CompanyTestMixin
from trytond.tests.test_tryton import ModuleTestCase


class PurchaseReturnTestCase(CompanyTestMixin, ModuleTestCase):
    "Test Purchase Return module"
    module = 'purchase_return'
    extras = [
        'document_approval', 'quality', 'sale_return', 'stock_lot']

    @property
    def _skip_company_rule(self):
        # Without company it is for all
        return super()._skip_company_rule | {
            ('purchase.return.policy', 'company')}


del ModuleTestCase
