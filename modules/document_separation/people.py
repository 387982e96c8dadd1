# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Who had which duty."""
from sql import Column, Literal, Null, Union, With
from sql.aggregate import Min
from sql.conditionals import Coalesce

from trytond.pool import Pool

# How many people a document names for a duty at most
ROLES = 4


class People:
    """Queries of the persons that employees and users are.

    A person is the first user of an employee, so that those with several
    employees or several users are the same.
    """

    def __init__(self):
        self.employees = With(query=self._employees())
        self.users = With(query=self._users())

    @property
    def withs(self):
        return [self.employees, self.users]

    def _employees(self):
        pool = Pool()
        Employee = pool.get('company.employee')
        UserEmployee = pool.get('res.user-company.employee')
        employee = Employee.__table__()
        user_employee = UserEmployee.__table__()
        return employee.join(
            user_employee, 'LEFT',
            condition=user_employee.employee == employee.id).select(
                employee.id,
                Coalesce(
                    Min(user_employee.user), -employee.id).as_('person'),
                group_by=[employee.id])

    def _users(self):
        pool = Pool()
        User = pool.get('res.user')
        UserEmployee = pool.get('res.user-company.employee')
        user = User.__table__()
        user_employee = UserEmployee.__table__()
        return (user
            .join(user_employee, 'LEFT',
                condition=user_employee.user == user.id)
            .join(self.employees, 'LEFT',
                condition=self.employees.id == user_employee.employee)
            .select(
                user.id,
                Coalesce(Min(self.employees.person), user.id).as_('person'),
                where=user.id != 0,
                group_by=[user.id]))

    def employee_duties(self, Model, names, date=None):
        """Return a query of who had a duty on documents.

        Its columns are document, role, employee, user, person, date and
        company.

        :param Model: of the documents
        :param names: of the fields with the employees, each is a role
        :param date: name of the field with the date
        """
        selects = []
        for role, name in enumerate(names):
            table = Model.__table__()
            selects.append(table.select(*_duty(
                        table.id, role, Column(table, name), Null,
                        Column(table, date) if date else Null,
                        table.company)))
        return self._join(selects, 'employee')

    def user_duties(self, from_item, document, users, date, company):
        """Return a query of who had a duty, with the same columns.

        :param from_item: tables
        :param document: column with the id of the document
        :param users: columns with the users, each is a role
        :param date: expression
        :param company: column
        """
        return self._join([
                from_item.select(
                    *_duty(document, role, Null, user, date, company),
                    group_by=[
                        c for c in [document, user, date, company]
                        if c is not Null])
                for role, user in enumerate(users)], 'user')

    def _join(self, selects, name):
        "Add the person to the selected duties"
        duty = selects[0]
        if len(selects) > 1:
            duty = Union(*selects, all_=True)
        people = getattr(self, f'{name}s')
        return duty.join(
            people, condition=people.id == Column(duty, name)).select(
                duty.document, duty.role, duty.employee, duty.user,
                people.person, duty.date, duty.company)


def _duty(document, role, employee, user, date, company):
    Violation = Pool().get('document.approval.separation.violation')
    integer = Violation.company.sql_cast
    return [
        document.as_('document'),
        integer(Literal(role)).as_('role'),
        integer(employee).as_('employee'),
        integer(user).as_('user'),
        Violation.date.sql_cast(date).as_('date'),
        company.as_('company'),
        ]


def identities(person):
    """Return the records that stand for the person.

    :param person: instance of res.user or company.employee
    """
    found = {person}
    if person.__name__ == 'res.user':
        found.update(person.employees)
    return found
