# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.modules.company.tests import CompanyTestMixin
from trytond.tests.test_tryton import ModuleTestCase


class DocumentApprovalTestCase(CompanyTestMixin, ModuleTestCase):
    "Test Document Approval module"
    module = 'document_approval'
    extras = [
        'production', 'purchase', 'purchase_amendment', 'purchase_request',
        'purchase_requisition', 'sale', 'sale_amendment',
        'sale_credit_limit', 'stock']

    @property
    def _skip_company_rule(self):
        # Without company a delegation is for all
        return super()._skip_company_rule | {
            ('document.approval.delegation', 'company')}


del ModuleTestCase
