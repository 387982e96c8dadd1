# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Documents that go on only when their rules' levels have approved them."""
from typing import NamedTuple, Optional

from trytond.exceptions import UserError, UserWarning
from trytond.i18n import gettext, lazy_gettext
from trytond.model import ModelStorage, ModelView, fields
from trytond.pool import Pool
from trytond.pyson import Eval
from trytond.transaction import Transaction

from .content import line_content, number
from .exceptions import ApprovalError


def line_key(line):
    "Return the text that names what a line is about and its unit"
    product = getattr(line, 'product', None)
    what = product.id if product else (
        getattr(line, 'description', None) or '')
    unit = getattr(line, 'unit', None)
    return f'{what}/{unit.id if unit else ""}'


class Operation(NamedTuple):
    """A step of a document that may need approval.

    :ivar states: from which it is possible
    :ivar refuse: method of the document that follows a refusal
    :ivar back: method that follows a return or a withdrawal
    :ivar by_approver: the last approver carries it out, not the submitter
    :ivar automatic: a document is submitted when it comes to one of the
        states
    """
    states: set
    refuse: Optional[str] = None
    back: Optional[str] = None
    by_approver: bool = False
    automatic: bool = False


class ApprovedMixin(ModelStorage):
    """A workflow document with operations that may need approval.

    The class names its operations in ``_approval_operations``, has a gate of
    gate.py for each and says by ``get_approval_facts`` what a rule needs to
    know.
    """
    __slots__ = ()

    _approval_operations = {}
    # The lists of which the content is made
    _approval_lines = ['lines']

    approvals = fields.One2Many(
        'document.approval', 'document',
        lazy_gettext('document_approval.msg_approvals'), readonly=True)
    approval_state = fields.Function(fields.Selection([
                (None, ""),
                ('needed', lazy_gettext('document_approval.msg_needed')),
                ('waiting', lazy_gettext('document_approval.msg_waiting')),
                ('approved', lazy_gettext('document_approval.msg_approved')),
                ('refused', lazy_gettext('document_approval.msg_refused')),
                ('returned', lazy_gettext('document_approval.msg_returned')),
                ('withdrawn',
                    lazy_gettext('document_approval.msg_withdrawn')),
                ], lazy_gettext('document_approval.msg_approval_state')),
        'get_approval_state')
    approval_mine = fields.Function(fields.Boolean(
            lazy_gettext('document_approval.msg_approval_mine')),
        'get_approval_mine')
    approval_steps = fields.Function(fields.Many2Many(
            'document.approval.step', None, None,
            lazy_gettext('document_approval.msg_approval_steps')),
        'get_approval_records')
    approval_decisions = fields.Function(fields.Many2Many(
            'document.approval.decision', None, None,
            lazy_gettext('document_approval.msg_approval_decisions')),
        'get_approval_records')

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls._buttons.update({
                'approval_submit': {
                    'invisible': (
                        ~Eval('approval_state').in_(
                            ['needed', 'refused', 'returned', 'withdrawn'])
                        | ~Eval(cls._transition_state).in_(sorted({
                                    s for o
                                    in cls._approval_operations.values()
                                    for s in o.states}))),
                    'depends': ['approval_state', cls._transition_state],
                    },
                'approval_withdraw': {
                    'invisible': Eval('approval_state') != 'waiting',
                    'depends': ['approval_state'],
                    },
                'approval_decide': {
                    'invisible': ~Eval('approval_mine', False),
                    'depends': ['approval_mine'],
                    },
                })

    @classmethod
    def copy(cls, records, default=None):
        default = default.copy() if default is not None else {}
        default.setdefault('approvals')
        return super().copy(records, default=default)

    @classmethod
    def get_approval_state(cls, records, name):
        Approval = Pool().get('document.approval')
        states = Approval.get_document_states(records)
        for record in records:
            if states[record.id] in {None, 'refused', 'returned', 'withdrawn'}:
                operations = cls._approval_operations_of(record)
                if states[record.id] and not operations and (
                        getattr(record, cls._transition_state)
                        in {'draft', 'rejected'}):
                    # What became of it until it is submitted again
                    continue
                try:
                    needed = any(
                        Approval.get_needed(record, name)
                        for name in operations)
                except ApprovalError:
                    # It can be written as long as it is not submitted
                    needed = True
                if not needed:
                    states[record.id] = None
                elif states[record.id] is None:
                    states[record.id] = 'needed'
        return states

    @classmethod
    def _approval_operations_of(cls, record):
        "Return the operations that are possible from the record's state"
        return [
            name for name, operation in cls._approval_operations.items()
            if getattr(record, cls._transition_state) in operation.states]

    @classmethod
    def get_approval_mine(cls, records, name):
        Approval = Pool().get('document.approval')
        mine = Approval.search([
                ('document', 'in', [str(r) for r in records]),
                ('waiting_for_me', '=', True),
                ])
        ids = {a.document.id for a in mine}
        return {r.id: r.id in ids for r in records}

    @classmethod
    def get_approval_records(cls, records, names):
        Approval = Pool().get('document.approval')
        approvals = Approval.search([
                ('document', 'in', [str(r) for r in records]),
                ], order=[('id', 'ASC')])
        result = {name: {r.id: [] for r in records} for name in names}
        for approval in approvals:
            id_ = approval.document.id
            if 'approval_steps' in names and approval.is_current:
                result['approval_steps'][id_].extend(
                    s.id for s in approval.steps)
            if 'approval_decisions' in names:
                result['approval_decisions'][id_].extend(
                    d.id for d in approval.decisions)
        return result

    def get_approval_name(self):
        "Return what approvers call the document"
        if getattr(self, 'number', True):
            return self.rec_name
        return gettext(
            'document_approval.msg_unnumbered', document=self.rec_name)

    def get_approval_facts(self):
        """Return what the rules need to know of the document.

        :return: dictionary of

            document: itself
            amount: Decimal in the currency of the company, without tax, at
                the date of the document
            missing: whether the amount is zero or a price is missing
            party: of the document or None
            categories: set of the categories of the products and of those
                above them
            employee: who asks for it or None
            requester: the user who asks for it
            content: dictionary of what is material, see content.py
        """
        lines = list(self._get_approval_lines())
        document_amount = self._get_approval_amount()
        amount = self._convert_approval_amount(document_amount)
        party = self._get_approval_party()
        employee = self._get_approval_employee()
        content = {
            'company': self.company.id,
            'party': party.id if party else None,
            'currency': self._get_approval_currency().code,
            # A new rate changes nothing that was approved
            'amount': number(document_amount),
            'lines': line_content(lines),
            }
        return {
            'document': self,
            'amount': amount,
            'missing': not amount or any(
                price is None or not price
                for _, quantity, price in lines if quantity),
            'party': party,
            'categories': set(self._get_approval_categories()),
            'employee': employee,
            'requester': self._get_approval_requester(employee),
            'content': content,
            }

    def _get_approval_lines(self):
        "Yield what line_key returns, quantity and price of the lines"
        raise NotImplementedError

    def _get_approval_amount(self):
        "Return the amount in the currency of the document"
        raise NotImplementedError

    def _get_approval_date(self):
        "Return the date at which the currency is converted"
        return self.create_date.date()

    def _convert_approval_amount(self, amount, round=True):
        "Convert an amount of the document to the currency of the company"
        Currency = Pool().get('currency.currency')
        currency = self._get_approval_currency()
        if currency == self.company.currency:
            return amount
        with Transaction().set_context(date=self._get_approval_date()):
            return Currency.compute(
                currency, amount, self.company.currency, round=round)

    def _get_approval_party(self):
        return None

    def _get_approval_currency(self):
        return self.company.currency

    def get_approval_warehouse(self):
        "Return the warehouse of the document or None"
        return getattr(self, 'warehouse', None)

    def _get_approval_products(self):
        "Return the products of the lines"
        return {
            line.product for name in self._approval_lines
            for line in getattr(self, name)
            if getattr(line, 'product', None)}

    def _get_approval_categories(self):
        for product in self._get_approval_products():
            for category in product.categories_all:
                while category:
                    yield category
                    category = category.parent

    def _get_approval_employee(self):
        "Return the employee who asks for the document"
        user = self.create_uid
        for employee in user.employees:
            if employee.company == self.company:
                return employee

    def _get_approval_requester(self, employee):
        "Return the user who asks for the document"
        return self.create_uid

    def approval_exempt(self, rule, facts):
        """Test if another approval covers what the rule asks for.

        :param rule: that matches
        :param facts: of the document
        """
        return False

    def get_approval_details(self):
        """Return the lines as the approver sees them.

        :return: list of values of document.approval.decide.line
        """
        products = list(self._get_approval_products())
        last_prices = self._get_approval_last_prices(products)
        quantities = self._get_approval_quantities(products)
        details = []
        for name in self._approval_lines:
            for line in getattr(self, name):
                product = getattr(line, 'product', None)
                if getattr(line, 'type', 'line') != 'line':
                    continue
                details.append({
                        'product': product.rec_name if product else (
                            getattr(line, 'description', None)),
                        'quantity': line.quantity,
                        'unit': line.unit.id if line.unit else None,
                        'unit_price': getattr(line, 'unit_price', None),
                        'last_price': last_prices.get(product),
                        'stock_quantity': quantities.get(product),
                        })
        return details

    def _get_approval_last_prices(self, products):
        "Return the last price before this document by product"
        return {}

    def _get_approval_quantities(self, products):
        "Return the quantity on hand by product, empty without stock"
        pool = Pool()
        Product = pool.get('product.product')
        Date = pool.get('ir.date')
        if 'quantity' not in Product._fields:
            return {}
        Location = pool.get('stock.location')
        with Transaction().set_context(company=self.company.id):
            locations = [
                l.id for l in Location.search([('type', '=', 'warehouse')])]
            with Transaction().set_context(
                    locations=locations, stock_date_end=Date.today()):
                return {
                    p: p.quantity for p in Product.browse(products)}

    def get_approval_editors(self):
        "Return the users who last wrote the document or one of its lines"
        records = [self]
        for name in self._approval_lines:
            records.extend(getattr(self, name))
        return {r.write_uid or r.create_uid for r in records}

    @classmethod
    def on_modification(cls, mode, records, field_names=None):
        Approval = Pool().get('document.approval')
        super().on_modification(mode, records, field_names=field_names)
        if mode == 'delete':
            Approval.forget(records)
        elif mode == 'write':
            if 'number' in field_names:
                Approval.rename(records)
            if cls._transition_state in field_names:
                Approval.follow(records)
                for name, operation in cls._approval_operations.items():
                    if operation.automatic:
                        Approval.submit(records, name)

    @classmethod
    @ModelView.button
    def approval_submit(cls, records):
        Approval = Pool().get('document.approval')
        for name in cls._approval_operations:
            Approval.submit(records, name)

    @classmethod
    @ModelView.button
    def approval_withdraw(cls, records):
        Approval = Pool().get('document.approval')
        Approval.withdraw(Approval.search([
                    ('document', 'in', [str(r) for r in records]),
                    ('state', '=', 'waiting'),
                    ]))

    @classmethod
    @ModelView.button_action('document_approval.wizard_decide')
    def approval_decide(cls, records):
        Approval = Pool().get('document.approval')
        approvals = Approval.search([
                ('document', 'in', [str(r) for r in records]),
                ('waiting_for_me', '=', True),
                ])
        return {
            'data': {
                'model': Approval.__name__,
                'id': approvals[0].id if approvals else None,
                'ids': [a.id for a in approvals],
                },
            }

    @classmethod
    def approval_proceed(cls, records, name, user):
        """Carry out the operation whose last level has approved.

        An error does not undo the approval, nor does it stop the others: the
        submitter is told and presses the button of the operation.

        :param records: list of documents of a company
        :param name: of the operation
        :param user: id of the user who carries it out
        """
        User = Pool().get('res.user')
        transaction = Transaction()
        company = records[0].company
        person = User(user)
        employee = next((
                e for e in [person.employee, *person.employees]
                if e and e.company == company), None)
        try:
            # The queue has the context of the approver and asks nobody
            with transaction.set_user(user), transaction.set_context(
                    company=company.id,
                    employee=employee.id if employee else None,
                    _skip_warnings=False):
                getattr(cls, name)(cls.browse(records))
        except (UserError, UserWarning) as error:
            transaction.rollback()
            if len(records) > 1:
                for record in records:
                    cls.__queue__.approval_proceed([record], name, user)
                return
            cls.notify_user(
                records, 'tryton-warning',
                gettext('document_approval.msg_not_proceeded'),
                description=str(error), user=user)


class ConfirmedMixin(ApprovedMixin):
    "A document that may need approval to be confirmed"
    __slots__ = ()


class WaitedMixin(ApprovedMixin):
    "A document that may need approval to be set to waiting"
    __slots__ = ()
