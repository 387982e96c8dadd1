# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""The accounts of the demo company, one for each role."""
import csv
import hashlib
import os
import secrets
from typing import NamedTuple

from proteus import Model

# The roles have the XML id role_<login>, except for the first
LOGINS = [
    'admin', 'buyer', 'purchase_manager', 'sales', 'sales_manager', 'keeper',
    'warehouse_manager', 'planner', 'workshop', 'quality', 'engineer',
    'accountant', 'manager']
# Without the characters that are taken for one another
ALPHABET = 'abcdefghijkmnpqrstuvwxyzACDEFGHJKLMNPQRSTUVWXY3456789'
LENGTH = 12


class Account(NamedTuple):
    login: str
    password: str
    role: str


def new_passwords():
    "Return a random password by login"
    return {
        login: ''.join(secrets.choice(ALPHABET) for _ in range(LENGTH))
        for login in LOGINS}


def create_accounts(config, passwords):
    """Create a user with an employee for each role.

    The user admin exists already: it has every right without a role.

    :param config: configuration of proteus, its context has the company
    :param passwords: password by login
    :return: list of accounts, their roles in the language of the context
    """
    Company = Model.get('company.company', config=config)
    Employee = Model.get('company.employee', config=config)
    Lang = Model.get('ir.lang', config=config)
    Party = Model.get('party.party', config=config)
    User = Model.get('res.user', config=config)

    company = Company(config.context['company'])
    language, = Lang.find([('code', '=', config.context['language'])])
    warehouse = _find(config, 'stock.location', 'stock', 'location_warehouse')
    roles = _find_roles(config)
    for login in LOGINS[1:]:
        role = roles[login]
        party = Party(name=role.name, lang=language)
        party.save()
        employee = Employee(party=party, company=company)
        employee.save()
        user = User(
            login=login, name=role.name, password=passwords[login],
            language=language)
        user.companies.append(Company(company.id))
        user.company = company
        user.employees.append(employee)
        user.employee = employee
        user.warehouse = warehouse
        user.roles.new(role=role)
        user.save()
    return _accounts(roles, passwords)


def set_passwords(config, passwords):
    """Give accounts other passwords.

    :param config: configuration of proteus
    :param passwords: password by login
    :return: list of these accounts
    """
    User = Model.get('res.user', config=config)
    for user in User.find([('login', 'in', list(passwords))]):
        user.password = passwords[user.login]
        user.save()
    return _accounts(_find_roles(config), passwords)


def _find(config, model, module, name):
    "Return the record of the XML id"
    ModelData = Model.get('ir.model.data', config=config)
    return Model.get(model, config=config)(
        ModelData.get_id(module, name, config.context))


def _find_roles(config):
    "Return the role by login"
    names = {login: login for login in LOGINS} | {'admin': 'administrator'}
    return {
        login: _find(config, 'res.role', 'jxc', f'role_{name}')
        for login, name in names.items()}


def _accounts(roles, passwords):
    return [
        Account(login, passwords[login], roles[login].name)
        for login in LOGINS if login in passwords]


def write_accounts(path, accounts):
    "Replace the file, which only its owner can read"
    temporary = path.with_suffix('.new')
    temporary.unlink(missing_ok=True)
    descriptor = os.open(
        temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with open(descriptor, 'w', encoding='utf-8', newline='') as file:
        writer = csv.writer(file, lineterminator='\n')
        writer.writerow(Account._fields)
        writer.writerows(accounts)
    temporary.replace(path)


def read_accounts(path):
    "Return the accounts in the file, none when it is missing or damaged"
    try:
        with open(path, encoding='utf-8', newline='') as file:
            return [Account(**row) for row in csv.DictReader(file)]
    except (FileNotFoundError, TypeError, UnicodeDecodeError):
        return []


def digest(accounts):
    "Return what tells whether accounts are those of a database"
    return hashlib.sha256(repr(
            [(a.login, a.password) for a in accounts]).encode()).hexdigest()
