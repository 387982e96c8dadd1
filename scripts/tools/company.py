# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Set up a company through the wizard that a person would run."""
from decimal import Decimal

from proteus import Model, Wizard
from proteus import config as proteus_config


def connect(database, config_file, user='admin'):
    """Connect in this process, with the context of the user.

    :param database: tools.database.Database
    :param config_file: configuration file of trytond for it
    :return: the configuration of proteus
    """
    config = proteus_config.set_trytond(
        f'{database.backend}:///{database.name}', user=user,
        config_file=str(config_file))
    reload_context(config)
    return config


def reload_context(config):
    "Read the preferences of the user into the context"
    User = Model.get('res.user', config=config)
    config._context = User.get_preferences(True, {})


def setup_company(
        config, name, currency, language, tax_rate=None, fiscalyears=None,
        timezone=None, warehouses=None, cost_price_method='average',
        stock_accounting=True, alert_rules=False):
    """Run the company set-up.

    :param config: configuration of proteus
    :param name: name of the company
    :param currency: ISO code
    :param language: code, 'en' or 'zh_CN'
    :param tax_rate: in percent, None without tax
    :param fiscalyears: first and last date that the fiscal years cover, the
        calendar year of today when None
    :param warehouses: list of (name, code, with zones), one when None
    :param stock_accounting: post stock moves to the accounts
    :param alert_rules: create the usual rules of alerts
    :return: the company, the context of the configuration is set to it
    """
    Company = Model.get('company.company', config=config)
    Currency = Model.get('currency.currency', config=config)
    Lang = Model.get('ir.lang', config=config)

    setup = Wizard('company.setup', config=config)
    form = setup.form
    form.name = name
    form.language, = Lang.find([('code', '=', language)])
    form.currency, = Currency.find([('code', '=', currency)])
    form.timezone = timezone
    form.tax_rate = None if tax_rate is None else Decimal(tax_rate)
    form.cost_price_method = cost_price_method
    form.stock_accounting = stock_accounting
    form.alert_rules = alert_rules
    if fiscalyears:
        form.fiscalyear_start_date, form.fiscalyear_end_date = fiscalyears
    if warehouses:
        del form.warehouses[:]
        for warehouse_name, code, zones in warehouses:
            warehouse = form.warehouses.new()
            warehouse.name = warehouse_name
            warehouse.code = code
            warehouse.zones = zones
    setup.execute('setup')
    reload_context(config)
    company, = Company.find([('party.name', '=', name)])
    return company
