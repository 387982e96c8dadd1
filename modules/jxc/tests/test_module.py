# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.modules.company.tests import CompanyTestMixin
from trytond.tests.test_tryton import ModuleTestCase

# The edition has no queries of its own
BACKENDS = ['sqlite']


class JxcTestCase(CompanyTestMixin, ModuleTestCase):
    "Test JXC module"
    module = 'jxc'


del ModuleTestCase
