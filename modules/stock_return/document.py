# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What returns from customers and to suppliers have in common."""
import datetime as dt
from decimal import Decimal
from functools import partial

from dateutil.relativedelta import relativedelta
from sql.aggregate import Sum
from sql.conditionals import Case

from trytond.i18n import gettext
from trytond.model import (
    ModelSQL, ModelView, Workflow, fields, sequence_ordered)
from trytond.model.exceptions import AccessError
from trytond.modules.company.model import (
    employee_field, reset_employee, set_employee)
from trytond.modules.currency.fields import Monetary
from trytond.modules.product import price_digits
from trytond.pool import Pool
from trytond.pyson import Bool, Eval, If
from trytond.transaction import Transaction, check_access, without_check_access

from .exceptions import ReturnError, ReturnPolicyError
from .policy import CONDITIONS, RESULTS

STATES = [
    ('draft', "Draft"),
    ('waiting', "Waiting"),
    ('approved', "Approved"),
    ('processing', "Processing"),
    ('done', "Done"),
    ('rejected', "Rejected"),
    ('cancelled', "Cancelled"),
    ]
# In these the lines say what will be returned, later the orders do
OPEN = ['draft', 'waiting', 'approved']


class ReturnMixin(Workflow, ModelSQL, ModelView):
    """A return from a customer or to a supplier.

    The class has the lists lines and the order that is made of it.
    """
    __slots__ = ()
    _rec_name = 'number'

    # Of the order that is made, sale or purchase
    _order_name = None

    company = fields.Many2One(
        'company.company', "Company", required=True,
        states={'readonly': (Eval('state') != 'draft') | Eval('lines', [0])})
    number = fields.Char("Number", readonly=True)
    reference = fields.Char("Reference")
    date = fields.Date(
        "Date", required=True,
        states={'readonly': Eval('state') != 'draft'})
    party = fields.Many2One(
        'party.party', "Party", required=True,
        states={
            'readonly': (Eval('state') != 'draft') | (
                Eval('lines', [0]) & Eval('party')),
            },
        context={'company': Eval('company', -1)}, depends={'company'})
    currency = fields.Many2One(
        'currency.currency', "Currency", required=True,
        states={
            'readonly': (Eval('state') != 'draft') | (
                Eval('lines', [0]) & Eval('currency', 0)),
            })
    warehouse = fields.Many2One(
        'stock.location', "Warehouse", required=True,
        domain=[('type', '=', 'warehouse')],
        states={'readonly': Eval('state') != 'draft'})
    reason = fields.Many2One(
        'stock.return.reason', "Reason",
        states={'readonly': Eval('state') != 'draft'},
        help="Of the lines that have none of their own.")
    description = fields.Char(
        "Description", states={'readonly': Eval('state') != 'draft'})
    comment = fields.Text("Comment")
    valid_until = fields.Date(
        "Valid Until", readonly=True,
        states={'invisible': ~Eval('valid_until')},
        help="The last day to give back the goods.")
    submitted_by = employee_field(
        "Submitted By", states=[s for s, _ in STATES if s != 'draft'])
    approved_by = employee_field(
        "Approved By", states=['approved', 'processing', 'done'])
    rejected_by = employee_field("Rejected By", states=['rejected'])
    state = fields.Selection(
        STATES, "State", readonly=True, required=True, sort=False)
    state_string = state.translated('state')

    @classmethod
    def __setup__(cls):
        cls.number.search_unaccented = False
        cls.reference.search_unaccented = False
        super().__setup__()
        cls._order = [('date', 'DESC'), ('id', 'DESC')]
        cls._transitions |= {
            ('draft', 'waiting'),
            ('draft', 'cancelled'),
            ('waiting', 'draft'),
            ('waiting', 'approved'),
            ('waiting', 'rejected'),
            ('waiting', 'cancelled'),
            ('approved', 'draft'),
            ('approved', 'processing'),
            ('approved', 'cancelled'),
            ('processing', 'done'),
            ('processing', 'cancelled'),
            ('done', 'processing'),
            ('rejected', 'draft'),
            ('cancelled', 'draft'),
            }
        cls._buttons.update({
                'cancel': {
                    'invisible': ~Eval('state').in_(
                        ['draft', 'waiting', 'approved']),
                    'depends': ['state'],
                    },
                'draft': {
                    # What has made an order is past
                    'invisible': ~Eval('state').in_(
                        ['waiting', 'approved', 'rejected']),
                    'icon': If(
                        Eval('state') == 'rejected',
                        'tryton-undo', 'tryton-back'),
                    'depends': ['state'],
                    },
                'submit': {
                    'invisible': Eval('state') != 'draft',
                    'readonly': ~Eval('lines', []),
                    'depends': ['state', 'lines'],
                    },
                'approve': {
                    'invisible': Eval('state') != 'waiting',
                    'depends': ['state'],
                    },
                'reject': {
                    'invisible': Eval('state') != 'waiting',
                    'depends': ['state'],
                    },
                'extend': {
                    'invisible': (
                        ~Eval('state').in_(['approved', 'processing'])
                        | ~Eval('valid_until')),
                    'depends': ['state', 'valid_until'],
                    },
                'process': {
                    'invisible': Eval('state') != 'approved',
                    'depends': ['state'],
                    },
                'close': {
                    'invisible': Eval('state') != 'processing',
                    'depends': ['state'],
                    },
                })

    @classmethod
    def default_company(cls):
        return Transaction().context.get('company')

    @classmethod
    def default_date(cls):
        return Pool().get('ir.date').today()

    @classmethod
    def default_currency(cls):
        Company = Pool().get('company.company')
        company = cls.default_company()
        if company is not None and company >= 0:
            return Company(company).currency.id

    @classmethod
    def default_warehouse(cls):
        return Pool().get('stock.location').get_default_warehouse()

    @classmethod
    def default_state(cls):
        return 'draft'

    def get_rec_name(self, name):
        items = [self.number or f'({self.id})']
        if self.reference:
            items.append(f'[{self.reference}]')
        return ' '.join(items)

    @classmethod
    def search_rec_name(cls, name, clause):
        _, operator, value = clause
        return [
            'AND' if operator.startswith(('!', 'not')) else 'OR',
            ('number', operator, value),
            ('reference', operator, value),
            ]

    @classmethod
    def view_attributes(cls):
        return super().view_attributes() + [
            ('/tree', 'visual',
                If(Eval('state').in_(['cancelled', 'rejected']),
                    'muted', '')),
            ]

    @classmethod
    def copy(cls, returns, default=None):
        default = default.copy() if default is not None else {}
        for name in [
                'number', 'reference', 'submitted_by', 'approved_by',
                'rejected_by', 'valid_until', 'date']:
            default.setdefault(
                name, cls.default_date() if name == 'date' else None)
        return super().copy(returns, default=default)

    @classmethod
    def check_modification(cls, mode, returns, values=None, external=False):
        super().check_modification(
            mode, returns, values=values, external=external)
        if mode == 'delete':
            for return_ in returns:
                if return_.state != 'draft' or return_.number:
                    raise AccessError(gettext(
                            'stock_return.msg_return_delete',
                            return_=return_.rec_name))

    @classmethod
    def set_number(cls, returns):
        Configuration = Pool().get(f'{cls._order_name}.configuration')
        config = Configuration(1)
        for return_ in returns:
            if not return_.number:
                return_.number = config.get_multivalue(
                    'return_sequence', company=return_.company.id).get()
        cls.save(returns)

    # The policies

    @property
    def policies(self):
        "The policies that are asked one after the other"
        Policy = Pool().get(f'{self.__name__}.policy')
        with without_check_access():
            return Policy.search([
                    ('company', 'in', [self.company.id, None])])

    @property
    def share_of_year(self):
        """The share of what was traded with the party in a year that returns.

        With what this return gives back, in value.
        """
        pool = Pool()
        Currency = pool.get('currency.currency')
        Order = pool.get(f'{self._order_name}.{self._order_name}')
        Line = pool.get(f'{self._order_name}.line')
        order, line = Order.__table__(), Line.__table__()
        date = getattr(order, f'{self._order_name}_date')
        value = line.unit_price * line.quantity
        cursor = Transaction().connection.cursor()
        cursor.execute(*line
            .join(order,
                condition=getattr(line, self._order_name) == order.id)
            .select(
                order.currency,
                Sum(Case((line.quantity > 0, value), else_=0)),
                Sum(Case((line.quantity < 0, -value), else_=0)),
                where=(order.party == self.party.id)
                & (order.company == self.company.id)
                & order.state.in_(['processing', 'done'])
                & (date >= self.date - relativedelta(years=1)),
                group_by=order.currency))
        traded = returned = Decimal(0)
        company_currency = self.company.currency
        with Transaction().set_context(date=self.date):
            for currency, positive, negative in cursor:
                currency = Currency(currency)
                traded += Currency.compute(
                    currency, Decimal(str(positive)), company_currency)
                returned += Currency.compute(
                    currency, Decimal(str(negative)), company_currency)
            returned += Currency.compute(
                self.currency, self.returned_amount, company_currency)
        return returned / traded if traded else Decimal(1)

    @property
    def needs_approval(self):
        "Whether a policy asks for approval"
        return any(l.decision == 'approve' for l in self.lines)

    @property
    def policy_date(self):
        """The day for which the policies decide.

        Today, but who may change the policies may enter what was before.
        """
        pool = Pool()
        Date = pool.get('ir.date')
        ModelAccess = pool.get('ir.model.access')
        with Transaction().set_context(company=self.company.id):
            today = Date.today()
        if self.date < today:
            with check_access():
                if ModelAccess.check(
                        f'{self.__name__}.policy', mode='write',
                        raise_exception=False):
                    return self.date
        return today

    def check_for_submission(self):
        "Test that the lines are complete"
        if not self.lines:
            raise ReturnError(gettext(
                    'stock_return.msg_return_no_lines',
                    return_=self.rec_name))
        for line in self.lines:
            line.check_for_submission()

    @classmethod
    def set_decisions(cls, returns):
        """Let the policies decide about the lines.

        :raises ReturnPolicyError: a policy refuses
        """
        lines = []
        for return_ in returns:
            policies = return_.policies
            for line in return_.lines:
                line.set_decision(policies)
                lines.append(line)
        if lines:
            lines[0].__class__.save(lines)

    @classmethod
    @ModelView.button
    @Workflow.transition('cancelled')
    def cancel(cls, returns):
        pass

    @classmethod
    @ModelView.button
    @Workflow.transition('draft')
    @reset_employee('submitted_by', 'approved_by', 'rejected_by')
    def draft(cls, returns):
        cls.write(returns, {'valid_until': None})

    @classmethod
    @ModelView.button
    @Workflow.transition('waiting')
    @set_employee('submitted_by')
    def submit(cls, returns):
        for return_ in returns:
            return_.check_for_submission()
        cls.set_decisions(returns)
        cls.set_number(returns)
        # Set the state to allow the next transition
        cls.write(returns, {'state': 'waiting'})
        with without_check_access():
            cls.approve([
                    r for r in cls.browse(returns) if not r.needs_approval])

    @classmethod
    @ModelView.button
    @Workflow.transition('approved')
    @set_employee('approved_by')
    def approve(cls, returns):
        for return_ in returns:
            if not return_.valid_until:
                return_.valid_until = return_.get_valid_until()
        cls.save(returns)

    def get_valid_until(self):
        "Return the last day to give back the goods, None for any day"
        days = [
            l.policy.valid_days for l in self.lines
            if l.policy and l.policy.valid_days]
        if days:
            with Transaction().set_context(company=self.company.id):
                today = Pool().get('ir.date').today()
            return today + dt.timedelta(days=min(days))

    @classmethod
    @ModelView.button
    def extend(cls, returns):
        "Let the days of the policy begin today"
        for return_ in returns:
            return_.valid_until = return_.get_valid_until()
        cls.save(returns)

    @property
    def is_expired(self):
        "Whether it is too late to give back the goods"
        with Transaction().set_context(company=self.company.id):
            today = Pool().get('ir.date').today()
        return bool(self.valid_until and self.valid_until < today)

    def check_valid(self):
        if self.is_expired:
            Lang = Pool().get('ir.lang')
            raise ReturnError(
                gettext('stock_return.msg_return_expired',
                    return_=self.rec_name,
                    date=Lang.get().strftime(self.valid_until)),
                gettext('stock_return.msg_return_expired_way'))

    @classmethod
    @ModelView.button
    @Workflow.transition('rejected')
    @set_employee('rejected_by')
    def reject(cls, returns):
        pass

    @classmethod
    @ModelView.button
    def process(cls, returns):
        "Make the order"
        raise NotImplementedError

    @classmethod
    @ModelView.button
    def close(cls, returns):
        "Give up what has not come"
        raise NotImplementedError

    @classmethod
    @Workflow.transition('processing')
    def proceed(cls, returns):
        pass

    @classmethod
    @Workflow.transition('done')
    def do(cls, returns):
        pass

    @classmethod
    def expire(cls):
        "Cancel what was approved and not given back in time"
        Date = Pool().get('ir.date')
        cls.cancel(cls.search([
                    ('state', '=', 'approved'),
                    ('valid_until', '<', Date.today()),
                    ]))


class ReturnLineMixin(sequence_ordered(), ModelSQL, ModelView):
    """A line of a return.

    The class has the field ``return_`` and says what an original move is.
    """
    __slots__ = ()

    _states = {'readonly': Eval('return_state') != 'draft'}

    without_original = fields.Boolean(
        "Without Original", states=_states,
        help="Check for goods from before the beginning or with lost "
        "papers.\nThey always need approval.")
    origin_move = fields.Many2One(
        'stock.move', "Original", ondelete='RESTRICT',
        states={
            'readonly': _states['readonly'],
            'invisible': Eval('without_original', False),
            })
    product = fields.Many2One(
        'product.product', "Product", required=True, ondelete='RESTRICT',
        domain=[('type', 'in', ['goods', 'assets'])],
        states={
            'readonly': _states['readonly'] | Bool(Eval('origin_move')),
            },
        context={'company': Eval('company', None)}, depends={'company'})
    product_uom_category = fields.Function(
        fields.Many2One('product.uom.category', "Category of Unit"),
        'on_change_with_product_uom_category')
    quantity = fields.Float(
        "Quantity", digits='unit', required=True,
        domain=[('quantity', '>', 0)], states=_states)
    unit = fields.Many2One(
        'product.uom', "Unit", required=True, ondelete='RESTRICT',
        domain=[
            If(Bool(Eval('product_uom_category')),
                ('category', '=', Eval('product_uom_category')),
                ('category', '!=', -1)),
            ],
        states=_states)
    internal_quantity = fields.Float("Internal Quantity", readonly=True)
    unit_price = Monetary(
        "Unit Price", digits=price_digits, currency='currency',
        required=True, domain=[('unit_price', '>=', 0)], states=_states,
        help="At most the price that was invoiced.")
    amount = fields.Function(Monetary(
            "Amount", digits='currency', currency='currency'),
        'on_change_with_amount')
    reason = fields.Many2One(
        'stock.return.reason', "Reason", ondelete='RESTRICT', states=_states)
    condition = fields.Selection(
        [(None, "")] + CONDITIONS, "Condition", sort=False, states=_states,
        help="Of the goods.")
    note = fields.Text("Note")
    cost_price = fields.Numeric(
        "Cost Price", digits=price_digits,
        domain=['OR',
            ('cost_price', '=', None),
            ('cost_price', '>=', 0),
            ],
        states={
            'readonly': _states['readonly'],
            'invisible': ~Eval('without_original', False),
            },
        help="The cost at which the goods come back, in the currency of the "
        "company and the default unit of the product.")
    cost_source = fields.Char(
        "Source of Price and Cost",
        states={
            'readonly': _states['readonly'],
            'invisible': ~Eval('without_original', False),
            },
        help="From which price and cost are known.")
    policy_name = fields.Function(
        fields.Char("Policy"), 'on_change_with_policy_name')
    decision = fields.Selection(
        [(None, "")] + RESULTS, "Decision", readonly=True, sort=False)
    decision_text = fields.Function(
        fields.Char("Text of the Policy"), 'on_change_with_decision_text')
    moved_date = fields.Function(
        fields.Date("Moved On", states={'invisible': ~Eval('origin_move')}),
        'on_change_with_moved_date')
    moved_by = fields.Function(
        fields.Char(
            "Moved By", states={'invisible': ~Eval('origin_move')},
            help="The order with which the goods were moved."),
        'get_moved_by')
    moved_quantity = fields.Function(
        fields.Float(
            "Moved", digits='unit',
            states={'invisible': ~Eval('origin_move')}),
        'get_moved_quantities')
    returnable_quantity = fields.Function(
        fields.Float(
            "Returnable", digits='unit',
            states={'invisible': ~Eval('origin_move')},
            help="What can be returned, this line included."),
        'get_moved_quantities')
    company = fields.Function(
        fields.Many2One('company.company', "Company"),
        'on_change_with_company')
    currency = fields.Function(
        fields.Many2One('currency.currency', "Currency"),
        'on_change_with_currency')
    party = fields.Function(
        fields.Many2One(
            'party.party', "Party",
            context={'company': Eval('company', -1)}, depends={'company'}),
        'on_change_with_party')
    return_state = fields.Function(
        fields.Selection(STATES, "State of the Return"),
        'on_change_with_return_state')

    del _states

    @classmethod
    def default_without_original(cls):
        return False

    @classmethod
    def default_return_state(cls):
        return 'draft'

    @fields.depends('return_', '_parent_return_.company')
    def on_change_with_company(self, name=None):
        return self.return_.company if self.return_ else None

    @fields.depends('return_', '_parent_return_.currency')
    def on_change_with_currency(self, name=None):
        return self.return_.currency if self.return_ else None

    @fields.depends('return_', '_parent_return_.party')
    def on_change_with_party(self, name=None):
        return self.return_.party if self.return_ else None

    @fields.depends('return_', '_parent_return_.state')
    def on_change_with_return_state(self, name=None):
        return self.return_.state if self.return_ else 'draft'

    @fields.depends('product')
    def on_change_with_product_uom_category(self, name=None):
        return self.product.default_uom_category if self.product else None

    @fields.depends('quantity', 'unit_price', 'currency')
    def on_change_with_amount(self, name=None):
        amount = Decimal(str(self.quantity or 0)) * (
            self.unit_price or Decimal(0))
        return self.currency.round(amount) if self.currency else amount

    @fields.depends('origin_move')
    def on_change_with_moved_date(self, name=None):
        return self.origin_move.effective_date if self.origin_move else None

    @fields.depends('policy')
    def on_change_with_policy_name(self, name=None):
        return self.policy.name if self.policy else None

    @fields.depends('policy')
    def on_change_with_decision_text(self, name=None):
        return self.policy.text if self.policy else None

    def get_moved_by(self, name):
        if self.origin_move:
            return self.origin_move.origin_name or (
                self.origin_move.shipment.rec_name
                if self.origin_move.shipment else None)

    @classmethod
    def get_moved_quantities(cls, lines, names):
        pool = Pool()
        Move = pool.get('stock.move')
        UoM = pool.get('product.uom')
        moves = Move.browse({l.origin_move for l in lines if l.origin_move})
        returnable = Move.get_returnable_quantity(moves)
        result = {name: {l.id: None for l in lines} for name in names}
        for line in lines:
            move = line.origin_move
            if not move:
                continue
            convert = partial(
                UoM.compute_qty, line.product.default_uom, to_uom=line.unit)
            if 'moved_quantity' in names:
                result['moved_quantity'][line.id] = convert(
                    qty=move.internal_quantity)
            if 'returnable_quantity' in names:
                quantity = returnable[move.id]
                if line.return_.state in OPEN:
                    quantity += line.on_change_with_internal_quantity()
                result['returnable_quantity'][line.id] = convert(qty=quantity)
        return result

    @fields.depends('product', 'unit', 'origin_move')
    def on_change_product(self):
        if self.product and not self.origin_move:
            if (not self.unit
                    or self.unit.category != self.product.default_uom_category
                    ):
                self.unit = self._get_unit()

    def _get_unit(self):
        "Return the unit in which the product is traded"
        return self.product.default_uom

    @fields.depends(
        'origin_move', 'unit', 'quantity',
        methods=['on_change_unit', 'on_change_with_amount'])
    def on_change_origin_move(self):
        Move = Pool().get('stock.move')
        if self.origin_move:
            move = self.origin_move
            self.product, self.unit = move.product, move.unit
            with without_check_access():
                quantity, = Move.get_returnable_quantity([move]).values()
            self.quantity = self._convert(max(quantity, 0))
            self.on_change_unit()

    def _convert(self, quantity):
        "Convert a quantity in the default unit to the unit of the line"
        UoM = Pool().get('product.uom')
        return UoM.compute_qty(self.product.default_uom, quantity, self.unit)

    @fields.depends(
        'origin_move', 'unit', 'quantity', methods=['on_change_with_amount'])
    def on_change_unit(self):
        if self.origin_move and self.unit:
            price = self.get_original_price()
            if price is not None:
                self.unit_price = price
                self.amount = self.on_change_with_amount()

    def get_original_price(self):
        """Return the price that was invoiced for the original.

        :return: Decimal in the currency and the unit of the line, without
            tax, or None if it is not known
        """
        raise NotImplementedError

    @fields.depends('product', 'unit', 'quantity')
    def on_change_with_internal_quantity(self, name=None):
        UoM = Pool().get('product.uom')
        if self.product and self.unit and self.quantity is not None:
            return UoM.compute_qty(
                self.unit, self.quantity, self.product.default_uom,
                round=False)

    def compute_fields(self, field_names=None):
        values = super().compute_fields(field_names=field_names)
        if field_names is None or field_names & {
                'product', 'unit', 'quantity'}:
            values['internal_quantity'] = (
                self.on_change_with_internal_quantity())
        return values

    @property
    def is_without_original(self):
        return self.without_original or not self.origin_move

    @property
    def used_reason(self):
        return self.reason or self.return_.reason

    @classmethod
    def copy(cls, lines, default=None):
        default = default.copy() if default is not None else {}
        for name in ['policy', 'decision']:
            default.setdefault(name, None)
        return super().copy(lines, default=default)

    @classmethod
    def on_modification(cls, mode, lines, field_names=None):
        Move = Pool().get('stock.move')
        super().on_modification(mode, lines, field_names=field_names)
        if mode == 'create' or (mode == 'write' and field_names & {
                    'quantity', 'unit', 'origin_move', 'product'}):
            with without_check_access():
                Move.check_returnable([
                        l.origin_move for l in cls.browse(lines)
                        if l.origin_move and l.return_.state in OPEN])

    @classmethod
    def validate_fields(cls, lines, field_names):
        super().validate_fields(lines, field_names)
        if not field_names or field_names & {
                'origin_move', 'product', 'return_', 'without_original'}:
            with without_check_access():
                for line in cls.browse(lines):
                    if line.origin_move:
                        line.check_original()

    def check_original(self):
        """Test that the original is of the party and the product.

        :raises ReturnError: it is not
        """
        move = self.origin_move
        if (self.without_original
                or move.state != 'done'
                or move.company != self.return_.company
                or move.product != self.product
                or not self._is_original(move)
                or self._get_party(move) != self.return_.party):
            raise ReturnError(gettext(
                    'stock_return.msg_line_original',
                    line=self.rec_name, party=self.return_.party.rec_name))

    @classmethod
    def _is_original(cls, move):
        "Whether the move brought goods to the party"
        raise NotImplementedError

    @classmethod
    def _get_party(cls, move):
        "Return the party with whom the goods of the move were traded"
        raise NotImplementedError

    def get_rec_name(self, name):
        return f'{self.product.rec_name} @ {self.return_.rec_name}'

    @classmethod
    def search_rec_name(cls, name, clause):
        _, operator, value = clause
        return [
            'AND' if operator.startswith(('!', 'not')) else 'OR',
            ('product.rec_name', operator, value),
            ('return_.rec_name', operator, value),
            ]

    def check_for_submission(self):
        """Test that the line is complete.

        :raises ReturnError: something is missing
        """
        def require(name):
            if getattr(self, name) in {None, ''}:
                raise ReturnError(gettext(
                        'stock_return.msg_line_missing',
                        line=self.rec_name,
                        **self.__names__(name)))
        if not self.used_reason:
            require('reason')
        if self.without_original:
            require('cost_price')
            require('cost_source')
        else:
            require('origin_move')
            price = self.get_original_price()
            if price is None:
                raise ReturnError(gettext(
                        'stock_return.msg_line_no_price',
                        line=self.rec_name))
            if self.unit_price > price:
                Lang = Pool().get('ir.lang')
                raise ReturnError(gettext(
                        'stock_return.msg_line_price',
                        line=self.rec_name,
                        price=Lang.get().currency(
                            price, self.currency, grouping=True, digits=None)))

    # The policy

    def get_policy_facts(self):
        "Return what the policies need to know of the line"
        categories = set()
        for category in self.product.categories_all:
            while category:
                categories.add(category)
                category = category.parent
        move = self.origin_move
        date = self.return_.policy_date
        expiry = getattr(
            getattr(move, 'lot', None), 'shelf_life_expiration_date', None)
        return {
            'categories': categories,
            'reason': self.used_reason,
            'condition': self.condition,
            'days': (date - move.effective_date).days if move else None,
            'shelf_life': (expiry - date).days if expiry else None,
            'share': lambda: self.return_.share_of_year,
            'without_original': self.is_without_original,
            }

    def set_decision(self, policies):
        """Let the first policy that matches decide.

        Without policy all is allowed but what has no original.

        :param policies: records, see ``policies`` of the return
        :raises ReturnPolicyError: the policy refuses
        """
        self.policy = None
        if policies:
            facts = self.get_policy_facts()
            self.policy = next((p for p in policies if p.match(facts)), None)
        self.decision = self.policy.result if self.policy else 'allow'
        if self.decision == 'refuse':
            raise ReturnPolicyError(
                gettext('stock_return.msg_line_refused',
                    line=self.rec_name, policy=self.policy.rec_name),
                self.policy.text)
        if self.is_without_original:
            self.decision = 'approve'
