# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.modules.company.tests import CompanyTestMixin
from trytond.tests.test_tryton import ModuleTestCase


class DocumentSeparationTestCase(CompanyTestMixin, ModuleTestCase):
    "Test Document Separation module"
    module = 'document_separation'
    extras = [
        'purchase', 'purchase_request', 'purchase_requisition', 'sale',
        'stock']


del ModuleTestCase
