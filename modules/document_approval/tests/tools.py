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


def create_product(name, account_category=None, config=None, **values):
    """Create goods that are counted in units.

    :param account_category: instance or None without accounting
    :param values: of the template, and cost_price of the product
    :return: instance of product.product
    """
    Template = Model.get('product.template', config=config)
    Uom = Model.get('product.uom', config=config)
    cost_price = values.pop('cost_price', None)
    template = Template(name=name, type='goods')
    template.default_uom, = Uom.find([('name', '=', "Unit")])
    if account_category:
        template.account_category = account_category
    for key, value in values.items():
        setattr(template, key, value)
    product, = template.products
    if cost_price is not None:
        product.cost_price = cost_price
    template.save()
    product, = template.products
    return product


def create_account_category(config=None):
    "Create a category with the first accounts of the chart"
    from trytond.modules.account.tests.tools import get_accounts
    Category = Model.get('product.category', config=config)
    accounts = get_accounts(config=config)
    category = Category(name="Account Category")
    category.accounting = True
    category.account_expense = accounts['expense']
    category.account_revenue = accounts['revenue']
    category.save()
    return category


def run_cron(method, config=None):
    "Run the scheduled action at once"
    Cron = Model.get('ir.cron', config=config)
    cron, = Cron.find([('method', '=', method)])
    cron.click('run_once')
