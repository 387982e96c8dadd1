# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.modules.company.tests import CompanyTestMixin
from trytond.tests.test_tryton import ModuleTestCase


class PurchaseBudgetTestCase(CompanyTestMixin, ModuleTestCase):
    "Test Purchase Budget module"
    module = 'purchase_budget'
    extras = [
        'account_budget', 'document_approval', 'project', 'purchase_return']


del ModuleTestCase
