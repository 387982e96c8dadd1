# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
import datetime as dt

from dateutil.relativedelta import relativedelta

from trytond.i18n import gettext
from trytond.model import ModelView, fields
from trytond.modules.company.company import TIMEZONES
from trytond.pool import Pool
from trytond.pyson import Eval
from trytond.transaction import Transaction
from trytond.wizard import Button, StateTransition, StateView, Wizard

from .alert import ALERT_RULES, create_rules
from .country import create_countries
from .exceptions import SetupError

# Accounts of the universal chart that the accounting defaults use
_universal = 'account_template_%s_en'
_accounts = {
    'receivable': ('receivable', '1_2_1'),
    'payable': ('payable', '2_1_1'),
    'revenue': ('revenue', '4_1_1'),
    'revenue_service': ('revenue', '4_1_2'),
    'expense': ('expense', '5_1_1'),
    'expense_service': ('expense', '5_1_3'),
    'stock': ('stock', '1_3_1'),
    'stock_transit': ('stock', '1_3_5'),
    'tax': (None, '6_3_4'),
    'cash': (None, '1_1_1'),
    }


class SetupStart(ModelView):
    __name__ = 'company.setup.start'

    name = fields.Char(
        "Company Name", required=True,
        help="The name of the company as it is printed on the documents.")
    currency = fields.Many2One(
        'currency.currency', "Currency", required=True,
        help="The currency in which the company keeps its accounts.")
    language = fields.Many2One(
        'ir.lang', "Language", required=True,
        domain=[('code', 'in', ['en', 'zh_CN'])],
        help="The language of the documents and of what the set-up creates.")
    timezone = fields.Selection(
        TIMEZONES, "Timezone", translate=False, sort=False,
        help="Used to compute the today date.")
    chart = fields.Many2One(
        'account.account.template', "Chart of Accounts", required=True,
        domain=[('parent', '=', None)])
    tax_rate = fields.Numeric(
        "Tax Rate (%)", digits=(3, 2),
        domain=['OR',
            ('tax_rate', '=', None),
            [('tax_rate', '>=', 0), ('tax_rate', '<', 100)],
            ],
        help="The rate of the tax on most sales and purchases.\n"
        "Leave empty to work without tax.")
    fiscalyear_start_date = fields.Date(
        "Fiscal Year Start", required=True,
        help="The first day of the first fiscal year.\n"
        "A fiscal year is created for each twelve months until the end.")
    fiscalyear_end_date = fields.Date(
        "Fiscal Years Until", required=True,
        domain=[
            ('fiscalyear_end_date', '>=', Eval('fiscalyear_start_date')),
            ],
        help="The day that the last fiscal year must cover.")
    cost_price_method = fields.Selection(
        'get_cost_price_methods', "Cost Method", required=True,
        help="How the cost price of new products is computed.")
    stock_accounting = fields.Boolean(
        "Stock in the Accounts",
        help="Check to post the value of each stock move to the accounts.")
    alert_rules = fields.Boolean(
        "Alert Rules",
        help="Check to be alerted of what is usually wrong.\n"
        "The rules may be changed at any time.")
    warehouses = fields.One2Many(
        'company.setup.warehouse', None, "Warehouses", required=True)

    @classmethod
    def get_cost_price_methods(cls):
        Template = Pool().get('product.template')
        return Template.fields_get(
            ['cost_price_method'])['cost_price_method']['selection']

    @classmethod
    def default_language(cls):
        "The Chinese of a database in which it is loaded, else English"
        Lang = Pool().get('ir.lang')
        language, = Lang.search([('code', '=', 'zh_CN')])
        if not language.translatable:
            language, = Lang.search([('code', '=', 'en')])
        return language.id

    @fields.depends('language')
    def on_change_language(self):
        Currency = Pool().get('currency.currency')
        chinese = self.language and self.language.code == 'zh_CN'
        code = 'CNY' if chinese else 'USD'
        currencies = Currency.search([('code', '=', code)], limit=1)
        self.currency = currencies[0] if currencies else None
        self.timezone = 'Asia/Shanghai' if chinese else None

    @classmethod
    def default_chart(cls):
        return Pool().get('ir.model.data').get_id(
            'account', 'account_template_root_en')

    @classmethod
    def default_fiscalyear_start_date(cls):
        return Pool().get('ir.date').today().replace(month=1, day=1)

    @classmethod
    def default_fiscalyear_end_date(cls):
        return Pool().get('ir.date').today().replace(month=12, day=31)

    @classmethod
    def default_cost_price_method(cls):
        return 'average'

    @classmethod
    def default_stock_accounting(cls):
        return True

    @classmethod
    def default_alert_rules(cls):
        return True

    @classmethod
    def default_warehouses(cls):
        return [{'name': gettext('jxc.msg_setup_warehouse'), 'code': 'WH'}]


class SetupWarehouse(ModelView):
    __name__ = 'company.setup.warehouse'

    name = fields.Char("Name", required=True)
    code = fields.Char("Code")
    zones = fields.Boolean(
        "Input and Output Zones",
        help="Check to receive and to ship through zones of their own, "
        "in two steps.")


class Setup(Wizard):
    __name__ = 'company.setup'

    start = StateView(
        'company.setup.start', 'jxc.company_setup_start_view_form', [
            Button("Cancel", 'end', 'tryton-cancel'),
            Button("Set Up", 'setup', 'tryton-ok', default=True),
            ])
    setup = StateTransition()

    def transition_setup(self):
        """Create all that a first sale needs in order to be invoiced.

        Everything happens in one transaction: a set-up that fails leaves
        nothing behind.

        :raises SetupError: the user works for a company already, or the
            chart lacks an account that the defaults need.
        """
        pool = Pool()
        Company = pool.get('company.company')
        Party = pool.get('party.party')
        Lang = pool.get('ir.lang')
        User = pool.get('res.user')

        start = self.start
        if companies := Company.search(
                [('party.name', '=', start.name)], limit=1):
            raise SetupError(gettext(
                    'jxc.msg_setup_company_exists',
                    company=companies[0].rec_name))
        if not start.language.translatable:
            Lang.load_translations([start.language])

        create_countries()
        party = Party(name=start.name, lang=start.language)
        party.save()
        company = Company(
            party=party, currency=start.currency, timezone=start.timezone)
        company.save()
        users = User.search([('companies', '=', None)])
        if Transaction().user and (
                Transaction().user not in {u.id for u in users}):
            users.append(User(Transaction().user))
        User.write(users, {
                'companies': [('add', [company.id])],
                'company': company.id,
                'language': start.language.id,
                })
        with Transaction().set_context(
                company=company.id, companies=[company.id],
                language=start.language.code, _check_access=False):
            company = Company(company.id)
            self._setup_currency(company.currency)
            self._setup_chart(company)
            accounts = self._find_accounts(company)
            self._setup_fiscalyears(company)
            taxes = self._setup_taxes(company, accounts)
            self._setup_categories(accounts, taxes)
            self._setup_payments(company, accounts)
            User.write(users, {'warehouse': self._setup_warehouses().id})
            if self.start.alert_rules:
                create_rules(company, self._get_alert_rules())
            self._close_config_wizard()
        return 'end'

    def end(self):
        return 'reload context'

    def _setup_currency(self, currency):
        "Give the currency a rate, without which nothing shows in reports"
        Rate = Pool().get('currency.currency.rate')
        if not Rate.search([('currency', '=', currency.id)], limit=1):
            Rate(
                currency=currency, rate=1,
                date=self.start.fiscalyear_start_date).save()

    def _setup_chart(self, company):
        CreateChart = Pool().get('account.create_chart', type='wizard')
        session_id, _, _ = CreateChart.create()
        chart = CreateChart(session_id)
        chart.account.company = company
        chart.account.account_template = self.start.chart
        chart.transition_create_account()
        accounts = self._find_accounts(company)
        chart.properties.company = company
        chart.properties.account_receivable = accounts['receivable']
        chart.properties.account_payable = accounts['payable']
        chart.properties.category_account_revenue = accounts['revenue']
        chart.properties.category_account_expense = accounts['expense']
        chart.transition_create_properties()
        CreateChart.delete(session_id)

    def _find_accounts(self, company):
        """Return the accounts of the company by their use.

        The accounts of the universal chart are named; of another chart the
        first account of the type is taken.
        """
        pool = Pool()
        Account = pool.get('account.account')
        ModelData = pool.get('ir.model.data')
        accounts = {}
        for use, (kind, code) in _accounts.items():
            domain = [
                ('company', '=', company.id),
                ('type', '!=', None),
                ('closed', '!=', True),
                ]
            try:
                template = ModelData.get_id('account', _universal % code)
            except KeyError:
                template = None
            found = Account.search(
                domain + [('template', '=', template)], limit=1)
            if not found and kind:
                domain.append((f'type.{kind}', '=', True))
                if kind == 'stock':
                    domain.append(('type.statement', '=', 'balance'))
                if kind in {'receivable', 'payable'}:
                    domain.append(('party_required', '=', True))
                found = Account.search(domain, limit=1)
            accounts[use] = found[0] if found else None
            if not found and kind:
                raise SetupError(gettext(
                        'jxc.msg_setup_account_missing',
                        type=kind, chart=self.start.chart.rec_name))
        return accounts

    def _setup_fiscalyears(self, company):
        pool = Pool()
        FiscalYear = pool.get('account.fiscalyear')
        InvoiceSequence = pool.get('account.fiscalyear.invoice_sequence')
        ModelData = pool.get('ir.model.data')
        Sequence = pool.get('ir.sequence.strict')

        def sequence(name, type_, prefix):
            sequence = Sequence(
                name=name, company=company, prefix=prefix, padding=5,
                sequence_type=ModelData.get_id(*type_.split('.')))
            sequence.save()
            return sequence

        start_date = self.start.fiscalyear_start_date
        fiscalyears = []
        while start_date <= self.start.fiscalyear_end_date:
            end_date = start_date + relativedelta(years=1, days=-1)
            name = str(start_date.year)
            if end_date.year != start_date.year:
                name += f'-{end_date.year}'
            year = f'{start_date:%y}'
            fiscalyear = FiscalYear(
                name=name, company=company,
                start_date=start_date, end_date=end_date)
            fiscalyear.move_sequence = sequence(
                gettext('jxc.msg_setup_sequence_move', year=name),
                'account.sequence_type_account_move', f'{year}-')
            fiscalyear.invoice_sequences = [InvoiceSequence(
                    company=company, **{
                        f'{kind}_sequence': sequence(
                            gettext(
                                f'jxc.msg_setup_sequence_{kind}', year=name),
                            'account_invoice.sequence_type_account_invoice',
                            prefix + year)
                        for kind, prefix in [
                            ('out_invoice', 'SI'),
                            ('out_credit_note', 'SC'),
                            ('in_invoice', 'PI'),
                            ('in_credit_note', 'PC')]})]
            if self.start.stock_accounting:
                fiscalyear.account_stock_method = 'anglo_saxon'
            fiscalyears.append(fiscalyear)
            start_date = end_date + dt.timedelta(days=1)
        FiscalYear.save(fiscalyears)
        FiscalYear.create_period(fiscalyears)

    def _setup_taxes(self, company, accounts):
        pool = Pool()
        Tax = pool.get('account.tax')
        if not self.start.tax_rate:
            return {}
        if not accounts['tax']:
            raise SetupError(gettext(
                    'jxc.msg_setup_account_missing',
                    type=gettext('jxc.msg_setup_tax'),
                    chart=self.start.chart.rec_name))
        rate = self.start.tax_rate
        taxes = {}
        for kind in ['customer', 'supplier']:
            name = gettext(
                f'jxc.msg_setup_tax_{kind}', rate=f'{rate.normalize():f}')
            taxes[kind] = Tax(
                name=name, description=name, company=company,
                type='percentage', rate=rate / 100,
                invoice_account=accounts['tax'],
                credit_note_account=accounts['tax'])
        Tax.save(list(taxes.values()))
        return taxes

    def _setup_categories(self, accounts, taxes):
        pool = Pool()
        Category = pool.get('product.category')
        Configuration = pool.get('product.configuration')

        def category(name, suffix=''):
            category = Category(name=name, accounting=True)
            category.account_revenue = accounts['revenue' + suffix]
            category.account_expense = accounts['expense' + suffix]
            category.account_cogs = accounts['expense' + suffix]
            category.account_stock = accounts['stock']
            category.account_stock_in = accounts['stock_transit']
            category.account_stock_out = accounts['stock_transit']
            if taxes:
                category.customer_taxes = [taxes['customer']]
                category.supplier_taxes = [taxes['supplier']]
            category.save()
            return category

        configuration = Configuration(1)
        configuration.default_cost_price_method = self.start.cost_price_method
        configuration.default_account_category = category(
            gettext('jxc.msg_setup_category_goods'))
        configuration.default_service_account_category = category(
            gettext('jxc.msg_setup_category_services'), '_service')
        configuration.save()

    def _setup_payments(self, company, accounts):
        pool = Pool()
        Configuration = pool.get('account.configuration')
        Journal = pool.get('account.journal')
        PaymentJournal = pool.get('account.payment.journal')
        PaymentMethod = pool.get('account.invoice.payment.method')
        PaymentTerm = pool.get('account.invoice.payment_term')
        PaymentTermLine = pool.get('account.invoice.payment_term.line')
        PaymentTermDelta = pool.get('account.invoice.payment_term.line.delta')
        StatementJournal = pool.get('account.statement.journal')

        terms = []
        for days in [0, 30, 60]:
            name = (
                gettext('jxc.msg_setup_payment_term', days=days) if days
                else gettext('jxc.msg_setup_payment_term_immediate'))
            terms.append(PaymentTerm(name=name, lines=[PaymentTermLine(
                            type='remainder',
                            relativedeltas=[PaymentTermDelta(days=days)])]))
        PaymentTerm.save(terms)
        configuration = Configuration(1)
        configuration.default_customer_payment_term = terms[0]
        configuration.save()

        for name in ['cash', 'bank']:
            PaymentJournal(
                name=gettext(f'jxc.msg_setup_{name}'), company=company,
                currency=company.currency, process_method='manual').save()
        if not accounts['cash']:
            return
        journal, = Journal.search([('type', '=', 'cash')], limit=1)
        for name in ['cash', 'bank']:
            PaymentMethod(
                name=gettext(f'jxc.msg_setup_{name}'), company=company,
                journal=journal, credit_account=accounts['cash'],
                debit_account=accounts['cash']).save()
        journals = Journal.search([('type', '=', 'statement')], limit=1)
        if not journals:
            journals = [Journal(
                    name=gettext('jxc.msg_setup_statement'),
                    type='statement')]
            Journal.save(journals)
        StatementJournal(
            name=gettext('jxc.msg_setup_bank'), company=company,
            currency=company.currency, journal=journals[0],
            account=accounts['cash'], validation='balance').save()

    def _setup_warehouses(self):
        "Return the first warehouse, the one that the stock module made"
        pool = Pool()
        Location = pool.get('stock.location')
        ModelData = pool.get('ir.model.data')
        first = Location(ModelData.get_id('stock', 'location_warehouse'))
        for i, start in enumerate(self.start.warehouses):
            name = start.name
            storage = (
                first.storage_location if not i
                else Location(type='storage'))
            storage.name = gettext(
                'jxc.msg_setup_location_storage', warehouse=name)
            storage.code = f'{start.code}-STO' if start.code else None
            storage.save()
            input_ = output = storage
            if getattr(start, 'zones', None):
                zones = []
                for zone in ['input', 'output']:
                    location = (
                        getattr(first, f'{zone}_location') if not i
                        else Location(type='storage'))
                    location.name = gettext(
                        f'jxc.msg_setup_location_{zone}', warehouse=name)
                    location.code = (
                        f'{start.code}-{zone[:-3].upper()}'
                        if start.code else None)
                    location.save()
                    zones.append(location)
                input_, output = zones
            warehouse = first if not i else self._new_warehouse(first)
            warehouse.name = name
            warehouse.code = start.code
            unused = [
                l for l in (
                    getattr(warehouse, 'input_location', None),
                    getattr(warehouse, 'output_location', None))
                if l and l not in {input_, output, storage}]
            warehouse.storage_location = storage
            warehouse.input_location = input_
            warehouse.output_location = output
            warehouse.save()
            if unused:
                Location.write(unused, {'active': False})
        return first

    def _new_warehouse(self, first):
        "Return a warehouse that shares with the first what has no place"
        Location = Pool().get('stock.location')
        return Location(
            type='warehouse', lost_found_location=first.lost_found_location)

    def _get_alert_rules(self):
        "Return the kind, the values and the roles of the rules of alerts"
        return list(ALERT_RULES)

    def _close_config_wizard(self):
        pool = Pool()
        Item = pool.get('ir.module.config_wizard.item')
        ModelData = pool.get('ir.model.data')
        User = pool.get('res.user')
        Item.write(Item.search([('state', '=', 'open')]), {'state': 'done'})
        action = ModelData.get_id('ir', 'act_module_config_wizard')
        users = User.search([('actions', '=', action)])
        User.write(users, {'actions': [('remove', [action])]})
