# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""The structure of the modules of the edition, together on PostgreSQL.

On SQLite each is tested with no other module than it needs.
"""
from importlib import import_module

from trytond.tests import test_tryton

BACKENDS = ['postgresql']
MODULES = [
    'document_approval', 'document_separation', 'purchase_return',
    'sale_return', 'stock_return', 'strict_access']


def _together(TestCase):
    "Return the test case on the database of the edition"
    class Together(TestCase):
        extras = None

        @classmethod
        def setUpClass(cls):
            module, cls.module = cls.module, 'jxc_erp'
            try:
                super().setUpClass()
            finally:
                cls.module = module

    Together.__name__ = Together.__qualname__ = TestCase.__name__
    Together.__module__ = __name__
    return Together


def load_tests(loader, tests, pattern):
    for module in MODULES:
        structure = import_module(f'trytond.modules.{module}.tests.test_module')
        for TestCase in vars(structure).values():
            if (isinstance(TestCase, type)
                    and issubclass(TestCase, test_tryton.ModuleTestCase)):
                tests.addTests(
                    loader.loadTestsFromTestCase(_together(TestCase)))
    return tests
