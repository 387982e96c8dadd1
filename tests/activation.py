# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Databases for the tests of trytond that start from one another.

Most of the time of a test of a module goes into the activation of the
standard modules on which it depends. They are the same for all: a database
is made from the largest of a few that has no module too many.
"""
import functools
import os
from contextlib import contextmanager
from pathlib import Path

from tools.database import closure

from trytond import pool
from trytond.tests import test_tryton, tools

from .locks import locked

# Each has the modules of those before which it includes
FOUNDATIONS = [
    ['stock'],
    ['account_invoice_stock', 'account_product'],
    ['purchase'],
    ['sale'],
    ['purchase', 'sale'],
    ['jxc'],
    ]

_activate_module = test_tryton.activate_module
_activate_modules = tools.activate_modules
_create_db = test_tryton.create_db
# What is to be activated in the database in the making
_target = []


def foundation(modules):
    """Return the largest foundation without a module too many, or None.

    :param modules: names of those that are to be activated on it
    """
    found, size = None, 0
    target = closure(modules)
    for names in FOUNDATIONS:
        included = closure(names)
        if included <= target - set(modules) and len(included) > size:
            found, size = names, len(included)
    return found


@contextmanager
def _towards(modules):
    global _target
    before, _target = _target, modules
    try:
        yield
    finally:
        _target = before


def activate_module(modules, lang='en'):
    if isinstance(modules, str):
        modules = [modules]
    with _towards(modules):
        return _activate_module(modules, lang=lang)


def activate_modules(modules, *setup):
    if isinstance(modules, str):
        modules = [modules]
    # Without those that come anyway with others
    modules = [
        m for m in modules
        if not any(m in closure([o]) for o in modules if o != m)]
    with _towards(modules):
        return _activate_modules(modules, *setup)


def create_db(name=test_tryton.DB_NAME, lang='en'):
    modules = foundation(_target)
    if (modules and name == test_tryton.DB_NAME
            and not test_tryton.db_exist(name)):
        activate_once(modules, lang)
    else:
        _create_db(name, lang)


def activate_once(modules, lang='en'):
    """Activate the modules in the database of trytond's tests.

    It is restored from the cache the next time. Two processes that ask for
    the same modules do not both do the work.
    """
    lock = '-'.join([os.environ['TEST_BACKEND'], *modules]) + '.lock'
    with locked(Path(os.environ['TEST_CACHE']) / lock):
        activate_module(modules, lang=lang)


def install():
    "Let the tests of trytond make their databases here"
    test_tryton.activate_module = activate_module
    test_tryton.create_db = create_db
    tools.activate_modules = activate_modules
    # The structure tests look up every class again and again
    pool.resolve = functools.cache(pool.resolve)
