# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.tests.test_tryton import ModuleTestCase


class StrictAccessTestCase(ModuleTestCase):
    "Test Strict Access module"
    module = 'strict_access'
    extras = ['company', 'stock']


del ModuleTestCase
