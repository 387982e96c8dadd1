# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What the modules that make the demo company share."""
import copy
import csv
import datetime as dt
import random
from contextlib import contextmanager, nullcontext
from decimal import Decimal
from pathlib import Path

from proteus import Model, Wizard

from trytond.transaction import Transaction

from .company import reload_context

DATA = Path(__file__).resolve().parents[1] / 'data' / 'demo'
# The prices of the tables are in yuan
RATES = {'CNY': Decimal(1), 'USD': Decimal('0.14')}

# Tables that the buttons of the documents lock
LOCKS = [
    'account_journal_period', 'account_move_line', 'ir_sequence_strict',
    'purchase_purchase', 'sale_line', 'sale_sale', 'stock_move']


class Demo:
    """The demo company while it is made.

    Documents are made by the user whose job it is, with the rights of that
    user, through the forms, buttons and wizards of the clients.

    :param config: configuration of proteus in this process, as admin
    :param edition: 'jxc' or 'erp'
    :param language: code of the language of the names, 'en' or 'zh_CN'
    :param today: the last day of the documents
    """

    def __init__(self, config, edition, language, today):
        self.config = config
        self.erp = edition == 'erp'
        self.language = language
        self.today = today
        self.random = random.Random(20)
        self._configs = {'admin': config}
        self._forms = {}
        self.company = self.model('company.company')(
            config.context['company'])
        self.currency = self.company.currency
        self.rate = RATES.get(self.currency.code, Decimal(1))
        lang, = self.model('ir.lang').find([('code', '=', language)])
        self.language_id = lang.id

    def as_user(self, login):
        "Return the configuration of proteus of the user"
        if login not in self._configs:
            User = self.model('res.user')
            user, = User.find([('login', '=', login)])
            config = copy.copy(self.config)
            config._user = login
            config.user = user.id
            config._context = {}
            reload_context(config)
            self._configs[login] = config
        return self._configs[login]

    def model(self, name, login='admin'):
        "Return the model as the user sees it"
        return Model.get(name, config=self.as_user(login))

    def seen(self, record, login):
        "Return the record as the user sees it"
        return self.model(record.__class__.__name__, login)(record.id)

    def wizard(self, name, records=None, login='admin', action=None):
        "Return the wizard started by the user on the records"
        if records is not None:
            records = [self.seen(r, login) for r in records]
        return Wizard(
            name, records, action=action, config=self.as_user(login))

    def click(self, records, button, login, confirm=False):
        """Push the button on all records at once.

        :param confirm: also confirm the warnings, as a person would who has
            read them
        :return: the wizard that the button starts, if any
        """
        records = [self.seen(r, login) for r in records]
        if records:
            with self.confirming(login) if confirm else nullcontext():
                return records[0].__class__.click(records, button)

    @contextmanager
    def confirming(self, login):
        "Confirm the warnings of what the user does"
        config = self.as_user(login)
        config.skip_warning = True
        try:
            yield
        finally:
            config.skip_warning = False

    def table(self, name):
        """Yield the rows of the table as dictionaries.

        The columns en and zh, and those that end with them, become one in
        the language of the demo.
        """
        suffix = 'zh' if self.language == 'zh_CN' else 'en'
        path = DATA / f'{name}.csv'
        with open(path, encoding='utf-8', newline='') as file:
            for row in csv.DictReader(file):
                for column in list(row):
                    stem, _, end = column.rpartition('_')
                    if end == suffix:
                        row[stem or 'name'] = row[column]
                yield row

    def text(self, en, zh):
        "Return the text in the language of the demo"
        return zh if self.language == 'zh_CN' else en

    def price(self, amount):
        "Return the amount in yuan as Decimal in the company's currency"
        amount = Decimal(str(amount)) * self.rate
        return amount.quantize(Decimal('0.01'))

    def record(self, model, module, name, login='admin'):
        "Return the record of the XML id"
        ModelData = self.model('ir.model.data', login)
        return self.model(model, login)(ModelData.get_id(
                module, name, self.as_user(login).context))

    def form(self, model, values, entered, login, parent=None):
        """Return the values of a form after fields were entered.

        The server is asked what the fields change, once for the same
        question: for each of a thousand lines it would take most of the
        time.

        :param values: values of the fields by name
        :param entered: names of the fields that were entered
        :param parent: name of the field of the parent and its values
        :return: values that create a record
        """
        values = dict(values)
        if parent:
            name, parent_values = parent
            arguments = values | {
                f'_parent_{name}.{field}': value
                for field, value in parent_values.items()
                if not isinstance(value, list)}
        else:
            arguments = values
        key = repr((model, arguments, login))
        if key not in self._forms:
            config = self.as_user(login)
            changes = config.get_proxy(model).on_change(
                arguments, entered, config.context)
            self._forms[key] = self._writable(model, login, changes)
        return values | self._forms[key]

    def _writable(self, model, login, changes):
        "Return the changes that the client would send to save the form"
        fields = self.model(model, login)._fields
        values = {}
        for name, value in changes.items():
            if name not in fields or fields[name]['readonly']:
                continue
            if fields[name]['type'] == 'many2many':
                value = [('add', [v['id'] for _, v in value['add']])]
            elif fields[name]['type'] == 'one2many':
                value = [('create', [
                            self._writable(
                                fields[name]['relation'], login, v)
                            for _, v in value['add']])]
            values[name] = value
        values.pop('id', None)
        return values

    def create(self, model, values, login):
        "Create the records from the values and return them"
        config = self.as_user(login)
        ids = config.get_proxy(model).create(values, config.context)
        Record = self.model(model, login)
        return [Record(id_) for id_ in ids]

    def read(self, model, domain, fields, login='admin', order=None):
        "Return the records found as dictionaries of their fields"
        config = self.as_user(login)
        return config.get_proxy(model).search_read(
            domain, 0, None, order, fields, config.context)

    def write(self, model, values, login):
        "Write the values of each record by its id"
        arguments = [x for id_ in values for x in ([id_], values[id_])]
        if arguments:
            config = self.as_user(login)
            config.get_proxy(model).write(*arguments, config.context)

    @contextmanager
    def alone(self):
        """Begin transactions with the locks that their work will ask for.

        The server begins a transaction anew each time it misses a lock,
        which makes the posting of invoices three times as long. Nobody else
        works in the database meanwhile.
        """
        start = Transaction.start

        def start_locked(transaction, *args, readonly=False, **kwargs):
            if not readonly:
                kwargs.setdefault('_lock_tables', []).extend(LOCKS)
            return start(transaction, *args, readonly=readonly, **kwargs)

        Transaction.start = start_locked
        try:
            yield
        finally:
            Transaction.start = start

    @contextmanager
    def calendar(self):
        "Let today be the date of this object's attribute ``now``"
        Date = self.config.pool.get('ir.date')
        original = Date.today

        def today(timezone=None):
            return self.now

        self.now = self.today
        Date.today = staticmethod(today)
        try:
            yield
        finally:
            Date.today = original


def days(number):
    "Return the duration of the number of days"
    return dt.timedelta(days=number)
