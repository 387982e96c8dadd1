# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Set up a company with a user of each role in an empty database.

``tests.tools`` runs this in a process of its own.
"""
import argparse
import datetime as dt
import os
from pathlib import Path

# Of the company and of its warehouse
NAMES = {
    'en': ("Test Company", "Warehouse"),
    'zh_CN': ("示范公司", "总仓"),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('edition')
    parser.add_argument('language')
    parser.add_argument('uri')
    parser.add_argument('config', type=Path)
    parser.add_argument('password')
    options = parser.parse_args()

    from tools.accounts import LOGINS, create_accounts, set_passwords
    from tools.company import connect, setup_company
    from tools.database import Database

    database = Database(options.uri)
    database.write_config(options.config)
    os.environ['DB_NAME'] = database.name
    if database.path:
        os.environ['TRYTOND_DATABASE__PATH'] = str(database.path.parent)
    # trytond's tests take their database from the environment
    from . import activation
    activation.install()
    activation.activate_once([options.edition])

    passwords = dict.fromkeys(LOGINS, options.password)
    config = connect(database, options.config)
    year = dt.date.today().year
    name, warehouse = NAMES[options.language]
    setup_company(
        config, name, 'CNY', options.language, tax_rate=13,
        fiscalyears=(dt.date(year, 1, 1), dt.date(year, 12, 31)),
        warehouses=[(warehouse, 'WH', False)])
    create_accounts(config, passwords)
    set_passwords(config, {'admin': options.password})


if __name__ == '__main__':
    main()
