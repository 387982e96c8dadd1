# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from proteus import Model, Wizard
from trytond.modules.company.tests.tools import get_company


def create_person(name, groups=(), supervisor=None, config=None):
    """Create a user who is an employee of the company.

    :param name: of the person, the login is the same in lower case
    :param groups: names of the groups of the user
    :param supervisor: instance of the user whose employee is the supervisor
    :return: instance of res.user
    """
    Employee = Model.get('company.employee', config=config)
    Group = Model.get('res.group', config=config)
    Party = Model.get('party.party', config=config)
    User = Model.get('res.user', config=config)
    company = get_company(config=config)
    party = Party(name=name)
    party.save()
    employee = Employee(party=party, company=company)
    if supervisor:
        employee.supervisor = supervisor.employee
    employee.save()
    user = User(name=name, login=name.lower().replace(' ', '_'))
    user.companies.append(company)
    user.company = company
    user.employees.append(employee)
    user.employee = employee
    user.groups.extend(Group.find([('name', 'in', list(groups))]))
    user.save()
    return user


def decide(approvals, decision, **values):
    """Go through the wizard.

    :param approvals: instances of document.approval
    :param decision: approve, refuse, return_, add_approver or delegate
    :param values: of the form: reason, level, user
    """
    wizard = Wizard('document.approval.decide', approvals)
    wizard.form.decision = decision
    for name, value in values.items():
        setattr(wizard.form, name, value)
    wizard.execute('decide')
