# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Test the second duty when it is taken, know who had the first one."""
from functools import wraps

from trytond.model import ModelStorage
from trytond.pool import Pool
from trytond.transaction import Transaction


class SecondDutyMixin(ModelStorage):
    "A document with the second duty of a pair"
    __slots__ = ()

    def get_first_duties(self, pair):
        """Return the documents with the first duty and who had it.

        :param pair: of the duties
        :return: list of (document, set of employees and users)
        """
        return []


def second_duty(pair, state):
    """Test first that the user did not have the first duty of the pair.

    :param pair: of the duties
    :param state: to which the documents go
    """
    def decorator(func):
        @wraps(func)
        def wrapper(cls, records, *args, **kwargs):
            Separation = Pool().get('document.approval.separation')
            records = list(records)
            Separation.check(pair, [
                    r for r in records
                    if (getattr(r, cls._transition_state), state)
                    in cls._transitions])
            return func(cls, records, *args, **kwargs)
        return wrapper
    return decorator


def first_duty(pair, name, state):
    """Let the field say who has the first duty whatever was entered before.

    The method sets the current employee of the user, and only if there is
    none yet. Who works as no employee is an employee nevertheless.

    :param pair: of the duties
    :param name: of the field with the employee
    :param state: to which the documents go
    """
    def decorator(func):
        @wraps(func)
        def wrapper(cls, records, *args, **kwargs):
            pool = Pool()
            Separation = pool.get('document.approval.separation')
            User = pool.get('res.user')
            records = list(records)
            user = User(Transaction().user)
            separated = [
                r for r in records
                if user.id
                and (getattr(r, cls._transition_state), state)
                in cls._transitions
                and Separation.get_active(r.company, pair)]
            entered = [r for r in separated if getattr(r, name)]
            if entered:
                cls.write(entered, {name: None})
            func(cls, records, *args, **kwargs)
            for record in cls.browse(separated):
                if getattr(record, name):
                    continue
                for employee in user.employees:
                    if employee.company == record.company:
                        cls.write([record], {name: employee.id})
                        break
        return wrapper
    return decorator


def origins(records, model, parent):
    """Return the documents from whose lines the records come.

    :param records: list of records with an origin
    :param model: name of the lines
    :param parent: name of the field of the lines with the document
    """
    return {
        getattr(r.origin, parent) for r in records
        if r.origin and r.origin.__name__ == model and r.origin.id >= 0}


def confirmed(orders):
    "Return the orders and who confirmed them as first duties"
    return [(o, {o.confirmed_by}) for o in orders if o.confirmed_by]


def check_moves(pair, moves, model):
    """Test the duties for moves done one by one.

    :param pair: of the duties
    :param moves: list of moves
    :param model: name of the shipments that have the second duty
    """
    Separation = Pool().get('document.approval.separation')
    Separation.check(pair, {
            m.shipment if m.shipment and m.shipment.__name__ == model else m
            for m in moves if m.state not in {'done', 'cancelled'}})
