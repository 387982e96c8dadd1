# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Run one suite in this process and write down its outcome.

``scripts/test`` starts this once for each suite.
"""
import argparse
import json
import os
import sys
import unittest
from pathlib import Path


class Result(unittest.TextTestResult):
    "Count each test once, whatever happens in its subtests"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.passed = 0
        self._failed = {}
        self._skipped = {}

    def _fail(self, test, text):
        self._failed.setdefault(test, []).append(text)

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1

    def addExpectedFailure(self, test, error):
        super().addExpectedFailure(test, error)
        self.passed += 1

    def addError(self, test, error):
        super().addError(test, error)
        self._fail(test, self._exc_info_to_string(error, test))

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self._fail(test, self._exc_info_to_string(error, test))

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error is not None:
            self._fail(test, '%s\n%s' % (
                    subtest, self._exc_info_to_string(error, subtest)))

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self._fail(test, "It was expected to fail.\n")

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._skipped[test] = reason

    @property
    def outcome(self):
        return {
            'passed': self.passed,
            'failed': [
                (t.id(), '\n'.join(x)) for t, x in self._failed.items()],
            'skipped': [(t.id(), r) for t, r in self._skipped.items()],
            }


def engine_only(suite):
    """Return the tests of the suite that depend on the engine.

    They are named by ``ENGINE`` in their module; without it all do.
    """
    if isinstance(suite, unittest.TestSuite):
        return unittest.TestSuite(map(engine_only, suite))
    names = getattr(sys.modules[type(suite).__module__], 'ENGINE', None)
    if names is not None and suite._testMethodName not in names:
        return unittest.TestSuite()
    return suite


class Activation(unittest.TestCase):
    "Make the database from which the suites of a module start"

    def __init__(self, module):
        super().__init__()
        self.module = module

    def id(self):
        return f'activation of {self.module}'

    def runTest(self):
        from trytond.tests.test_tryton import drop_db

        from .activation import activate_once
        activate_once([self.module])
        drop_db()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('outcome', type=Path)
    parser.add_argument('name', nargs='*')
    parser.add_argument('--activate')
    parser.add_argument('--failfast', action='store_true')
    parser.add_argument('-k', dest='patterns', action='append')
    options = parser.parse_args()

    loader = unittest.TestLoader()
    loader.testNamePatterns = options.patterns
    if options.activate or any(
            n.startswith('trytond.') for n in options.name):
        from . import activation
        activation.install()
    if options.activate:
        suite = Activation(options.activate)
    else:
        suite = loader.loadTestsFromNames(options.name)
    if os.environ['TEST_BACKEND'] == 'postgresql':
        # SQLite has run the others
        suite = engine_only(suite)
    result = unittest.TextTestRunner(
        verbosity=2, failfast=options.failfast, resultclass=Result).run(suite)
    options.outcome.write_text(json.dumps(result.outcome), encoding='utf-8')
    sys.exit(bool(result.outcome['failed']))


if __name__ == '__main__':
    main()
