# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What the standard modules promise holds with stock levels too."""
from importlib import import_module
from pathlib import Path
from unittest import TestSuite
from unittest.mock import patch

from trytond import backend
from trytond.tests import tools
from trytond.tests.test_tryton import load_doc_tests

SCENARIOS = [
    'production', 'sale_stock_quantity', 'stock', 'stock_lot', 'stock_supply']
# The tests of a class with the modules that it needs
CASES = {
    'stock.tests.test_module.StockTestCase': ['stock', 'stock_level'],
    'stock_lot.tests.test_module.StockLotTestCase': [
        'stock_lot', 'stock_level'],
    'stock_lot_sled.tests.test_module.StockLotSLEDTestCase': [
        'stock_lot_sled', 'stock_level'],
    'stock_forecast.tests.test_module.StockForecastTestCase': [
        'stock_forecast', 'stock_level'],
    }


def _activate_too(modules, *setup):
    "Activate the modules and stock levels"
    if isinstance(modules, str):
        modules = [modules]
    return _activate_modules([*modules, 'stock_level'], *setup)


_activate_modules = tools.activate_modules


class _Scenarios(TestSuite):
    def run(self, *args, **kwargs):
        with patch.object(tools, 'activate_modules', _activate_too):
            return super().run(*args, **kwargs)


def _case(name, modules):
    """Return the class of tests with other modules active.

    :param name: of the class, after trytond.modules
    """
    module, _, class_name = name.rpartition('.')
    Case = getattr(import_module(f'trytond.modules.{module}'), class_name)
    return Case, type(class_name, (Case,), {
            'module': modules[0], 'extras': modules[1:],
            '__module__': __name__})


def load_tests(loader, tests, pattern):
    tests = TestSuite()
    for name, modules in CASES.items():
        Case, WithLevels = _case(name, modules)
        # Not what is the same for every module
        tests.addTests(
            WithLevels(n) for n in loader.getTestCaseNames(WithLevels)
            if n in vars(Case))
    if backend.name == 'sqlite':
        # The queries do not differ, and the scenarios take their time
        scenarios = _Scenarios()
        for module in SCENARIOS:
            package = f'trytond.modules.{module}.tests'
            load_doc_tests(
                package, str(Path(import_module(package).__file__)),
                loader, scenarios, pattern)
        tests.addTest(scenarios)
    return tests
