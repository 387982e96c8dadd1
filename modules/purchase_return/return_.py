# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Returns to suppliers."""
import datetime as dt
from decimal import Decimal

from trytond.i18n import gettext
from trytond.model import Index, ModelView, Workflow, fields
from trytond.modules.company.model import reset_employee, set_employee
from trytond.modules.currency.fields import Monetary
from trytond.modules.stock_return.document import (
    OPEN, ReturnLineMixin, ReturnMixin)
from trytond.modules.stock_return.exceptions import ReturnError
from trytond.modules.stock_return.replacement import ReplacementMixin
from trytond.pool import Pool, PoolMeta
from trytond.pyson import Bool, Eval, If
from trytond.report import Report
from trytond.transaction import Transaction, without_check_access

ANSWERS = [
    ('none', "None"),
    ('accepted', "Accepted"),
    ('refused', "Refused"),
    ('replaced', "Replaced"),
    ]
# In these the supplier can answer
ANSWERABLE = ['approved', 'processing', 'done']


class Return(ReturnMixin):
    __name__ = 'purchase.return'
    _order_name = 'purchase'

    settlement = fields.Selection([
            ('refund', "Refund"),
            ('credit', "Credit on Account"),
            ('replacement', "Replacement"),
            ], "Settlement", required=True, sort=False,
        states={'readonly': Eval('state') != 'draft'},
        help="What the supplier gives for the goods.")
    settlement_string = settlement.translated('settlement')
    stage = fields.Selection([
            ('stored', "In Storage"),
            ('dock', "At the Dock"),
            ], "Goods Are", required=True, sort=False,
        states={'readonly': Eval('state') != 'draft'},
        help="At the dock are goods that were received but not put away.")
    stage_string = stage.translated('stage')
    from_location = fields.Many2One(
        'stock.location', "From Location",
        domain=[('type', 'in', ['storage', 'view'])],
        states={
            'readonly': Eval('state') != 'draft',
            'invisible': Eval('stage') == 'dock',
            },
        help="Where the goods are.\n"
        "Leave empty for the supplier return or storage location of the "
        "warehouse.")
    lines = fields.One2Many(
        'purchase.return.line', 'return_', "Returned Goods",
        states={
            'readonly': (
                (Eval('state') != 'draft')
                | ~Eval('party') | ~Eval('company') | ~Eval('currency')),
            })
    replacements = fields.One2Many(
        'purchase.return.replacement', 'return_', "Replacements",
        states={
            'readonly': (
                (Eval('state') != 'draft')
                | ~Eval('party') | ~Eval('company') | ~Eval('currency')),
            'required': (
                (Eval('settlement') == 'replacement')
                & (Eval('state') != 'draft')),
            },
        help="What the supplier sends instead.")
    returned_amount = fields.Function(Monetary(
            "Returned", currency='currency', digits='currency',
            help="Without tax."),
        'on_change_with_returned_amount')
    replacement_amount = fields.Function(Monetary(
            "Replacements", currency='currency', digits='currency',
            help="Without tax."),
        'on_change_with_replacement_amount')
    total_amount = fields.Function(Monetary(
            "To Pay", currency='currency', digits='currency',
            help="To the supplier, with tax. It is less than zero when the "
            "supplier gives money."),
        'on_change_with_total_amount')
    supplier_number = fields.Char(
        "RMA Number",
        states={'readonly': Eval('state').in_(['rejected', 'cancelled'])},
        help="With which the supplier expects the goods.")
    answer = fields.Selection(
        ANSWERS, "Supplier's Answer", required=True, readonly=True,
        sort=False)
    answer_date = fields.Date(
        "Answered On", readonly=True,
        states={'invisible': ~Eval('answer_date')})
    answer_note = fields.Text(
        "Note of the Supplier", readonly=True,
        states={'invisible': ~Eval('answer_note')})
    answer_until = fields.Date(
        "Answer Until", readonly=True,
        states={'invisible': ~Eval('answer_until')},
        help="The day until which the supplier should answer.")
    answer_notified = fields.Date("Notified On", readonly=True)
    purchase = fields.Many2One(
        'purchase.purchase', "Order", readonly=True, ondelete='RESTRICT',
        states={'invisible': ~Eval('purchase')},
        help="The order that gives back and replaces the goods.")
    returned_purchases = fields.Function(
        fields.Many2Many(
            'purchase.purchase', None, None, "Original Orders"),
        'get_returned_purchases')
    shipment_returns = fields.Function(
        fields.Many2Many(
            'stock.shipment.in.return', None, None, "Return Shipments"),
        'get_of_purchase')
    shipments = fields.Function(
        fields.Many2Many('stock.shipment.in', None, None, "Shipments"),
        'get_of_purchase')
    invoices = fields.Function(
        fields.Many2Many('account.invoice', None, None, "Invoices"),
        'get_of_purchase')
    goods_state = fields.Function(
        fields.Selection([
                (None, ""),
                ('waiting', "Waiting"),
                ('partial', "Partially Sent"),
                ('sent', "Sent"),
                ('replaced', "Replaced"),
                ], "Goods", sort=False),
        'get_goods_state')
    invoice_state = fields.Function(
        fields.Selection('get_invoice_states', "Invoices"),
        'get_invoice_state')

    @classmethod
    def __setup__(cls):
        cls.supplier_number.search_unaccented = False
        super().__setup__()
        t = cls.__table__()
        cls._sql_indexes.update({
                Index(t, (t.party, Index.Range())),
                Index(t, (t.purchase, Index.Equality())),
                Index(
                    t, (t.state, Index.Equality(cardinality='low')),
                    where=t.state.in_([*OPEN, 'processing'])),
                })
        cls._buttons.update({
                'propose': {
                    'invisible': Eval('state') != 'draft',
                    'readonly': ~Eval('party'),
                    'depends': ['state', 'party'],
                    },
                'record_answer': {
                    'invisible': ~Eval('state').in_(ANSWERABLE),
                    'depends': ['state'],
                    },
                })

    @classmethod
    def default_settlement(cls):
        return 'refund'

    @classmethod
    def default_stage(cls):
        return 'stored'

    @classmethod
    def default_answer(cls):
        return 'none'

    @fields.depends('company', 'party', 'lines')
    def on_change_party(self):
        if not self.lines and self.company:
            self.currency = self.company.currency
            if self.party and self.party.supplier_currency:
                self.currency = self.party.supplier_currency

    @fields.depends('replacements', 'settlement')
    def on_change_replacements(self):
        if self.replacements:
            self.settlement = 'replacement'
        elif self.settlement == 'replacement':
            self.settlement = 'refund'

    @fields.depends('lines', 'currency')
    def on_change_with_returned_amount(self, name=None):
        return self._sum(self.lines)

    @fields.depends('replacements', 'currency')
    def on_change_with_replacement_amount(self, name=None):
        return self._sum(self.replacements)

    def _sum(self, lines):
        amount = sum(
            (getattr(l, 'amount', None) or Decimal(0) for l in lines or []),
            Decimal(0))
        return self.currency.round(amount) if self.currency else amount

    @fields.depends(
        'company', 'party', 'currency', 'warehouse', 'date', 'lines',
        'replacements', 'purchase', 'settlement')
    def on_change_with_total_amount(self, name=None):
        if self.purchase:
            return self.purchase.total_amount
        if not self.company or not self.party or not self.currency:
            return
        with without_check_access():
            purchase = self._make_purchase()
            for line in purchase.lines:
                line.amount = line.on_change_with_amount()
            purchase.on_change_lines()
        return purchase.total_amount

    @classmethod
    def get_invoice_states(cls):
        Purchase = Pool().get('purchase.purchase')
        return [(None, "")] + Purchase.fields_get(
            ['invoice_state'])['invoice_state']['selection']

    def get_invoice_state(self, name):
        return self.purchase.invoice_state if self.purchase else None

    @classmethod
    def get_of_purchase(cls, returns, names):
        result = {name: {r.id: [] for r in returns} for name in names}
        for return_ in returns:
            if return_.purchase:
                for name in names:
                    result[name][return_.id] = [
                        r.id for r in getattr(return_.purchase, name)]
        return result

    def get_returned_purchases(self, name):
        return list({
                l.origin_move.purchase.id for l in self.lines
                if l.origin_move and l.origin_move.purchase})

    def get_goods_state(self, name):
        purchase = self.purchase
        if not purchase or purchase.state in {'draft', 'cancelled'}:
            return
        lines = [l for l in purchase.lines if l.movable]

        def moves(lines):
            return [
                m for l in lines for m in l.moves if m.state != 'cancelled']

        sent = moves(l for l in lines if l.return_line)
        if not any(m.state == 'done' for m in sent):
            return 'waiting' if purchase.state != 'done' else None
        if any(m.state != 'done' for m in sent):
            return 'partial'
        replaced = moves(l for l in lines if not l.return_line)
        if replaced and all(m.state == 'done' for m in replaced):
            return 'replaced'
        return 'sent'

    @classmethod
    def search_rec_name(cls, name, clause):
        _, operator, value = clause
        return [
            'AND' if operator.startswith(('!', 'not')) else 'OR',
            super().search_rec_name(name, clause),
            ('supplier_number', operator, value),
            ]

    def check_for_submission(self):
        super().check_for_submission()
        if self.settlement == 'replacement' and not self.replacements:
            raise ReturnError(gettext(
                    'purchase_return.msg_return_no_replacement',
                    return_=self.rec_name))
        self.check_dock()

    def check_dock(self):
        """Test that the goods at the dock are not put away.

        :raises ReturnError: they are
        """
        Shipment = Pool().get('stock.shipment.in')
        if self.stage != 'dock':
            return
        location = self.leaving_location
        for line in self.lines:
            move = line.origin_move
            if (not move
                    or not isinstance(move.shipment, Shipment)
                    or move.to_location != location
                    or move.shipment.warehouse != self.warehouse
                    or (move.shipment.state != 'received'
                        and move.shipment.warehouse_input
                        != move.shipment.warehouse_storage)):
                raise ReturnError(
                    gettext('purchase_return.msg_return_dock',
                        line=line.rec_name),
                    gettext('purchase_return.msg_return_dock_way'))

    @property
    def leaving_location(self):
        "Where the goods are, None for where the warehouse keeps returns"
        if self.stage == 'dock':
            return next(
                (l.origin_move.to_location for l in self.lines
                    if l.origin_move), None)
        return self.from_location

    def add_receipts(self, moves, reason=None):
        """Add lines that give back of receipts, not saved.

        :param moves: list of (move, quantity in the default unit)
        :param reason: of the lines
        """
        Line = Pool().get('purchase.return.line')
        lines = list(getattr(self, 'lines', []))
        for move, quantity in moves:
            line = Line(
                return_=self, origin_move=move, product=move.product,
                unit=move.unit, reason=reason)
            line.quantity = line._convert(quantity)
            line.unit_price = line.get_original_price() or Decimal(0)
            lines.append(line)
        self.lines = lines

    # The supplier's answer

    @classmethod
    @ModelView.button
    @Workflow.transition('draft')
    @reset_employee('submitted_by', 'approved_by', 'rejected_by')
    def draft(cls, returns):
        super().draft(returns)
        cls.write(returns, {
                'answer': 'none',
                'answer_date': None,
                'answer_note': None,
                'answer_until': None,
                'answer_notified': None,
                })

    @classmethod
    @ModelView.button
    @Workflow.transition('approved')
    @set_employee('approved_by')
    def approve(cls, returns):
        super().approve(returns)
        for return_ in returns:
            return_.answer_until = return_.get_answer_until()
        cls.save(returns)

    def get_answer_until(self):
        "Return until when the supplier should answer, None for any day"
        pool = Pool()
        Configuration = pool.get('purchase.configuration')
        Date = pool.get('ir.date')
        days = min((
                l.policy.answer_days for l in self.lines
                if l.policy and l.policy.answer_days),
            default=Configuration(1).return_answer_days)
        if days:
            with Transaction().set_context(company=self.company.id):
                return Date.today() + dt.timedelta(days=days)

    @classmethod
    @ModelView.button_action('purchase_return.wizard_answer')
    def record_answer(cls, returns):
        pass

    @classmethod
    def notify_overdue(cls):
        "Tell who has submitted returns that their supplier does not answer"
        pool = Pool()
        Date = pool.get('ir.date')
        Lang = pool.get('ir.lang')
        User = pool.get('res.user')
        today = Date.today()
        domain = [
            ('state', 'in', ['approved', 'processing']),
            ('answer', '=', 'none'),
            ('answer_until', '<', today),
            ('answer_notified', '=', None),
            ]
        if (company := Transaction().context.get('company')) is not None:
            domain.append(('company', '=', company))
        returns = cls.search(domain)
        for return_ in returns:
            users = []
            if return_.submitted_by:
                users = User.search(
                    [('employees', '=', return_.submitted_by.id)])
            for user in users or [return_.create_uid]:
                with Transaction().set_context(language=(
                            user.language.code if user.language else None)):
                    cls.notify_user(
                        [return_], 'tryton-warning',
                        gettext('purchase_return.msg_answer_overdue',
                            return_=return_.rec_name,
                            party=return_.party.rec_name,
                            date=Lang.get().strftime(return_.answer_until)),
                        user=user.id)
        cls.write(returns, {'answer_notified': today})

    # The order

    @classmethod
    @ModelView.button
    def process(cls, returns):
        pool = Pool()
        Move = pool.get('stock.move')
        Purchase = pool.get('purchase.purchase')
        Shipment = pool.get('stock.shipment.in')
        returns = [r for r in returns if r.state == 'approved']
        for return_ in returns:
            return_.check_valid()
            if return_.answer == 'refused':
                raise ReturnError(
                    gettext('purchase_return.msg_return_answer_refused',
                        return_=return_.rec_name,
                        party=return_.party.rec_name),
                    gettext('purchase_return.msg_return_answer_refused_way'))
        Move.lock({
                l.origin_move for r in returns for l in r.lines
                if l.origin_move})
        for return_ in returns:
            return_.check_dock()
            if return_.stage == 'dock':
                Shipment.refuse([
                        (l.origin_move, l.internal_quantity)
                        for l in return_.lines])
        # From now on the order keeps what is returned
        cls.proceed(returns)
        purchases = []
        for return_ in cls.browse(returns):
            return_.purchase = return_._make_purchase()
            return_.purchase.save()
            purchases.append(return_.purchase)
            return_.save()
        Purchase.quote(purchases)
        Purchase.confirm(Purchase.browse(purchases))

    def _make_purchase(self):
        "Return the order, not saved"
        Purchase = Pool().get('purchase.purchase')
        purchase = Purchase()
        for name, default in Purchase.default_get(
                list(Purchase._fields), with_rec_name=False).items():
            setattr(purchase, name, default)
        purchase.company = self.company
        purchase.party = self.party
        purchase.warehouse = self.warehouse
        purchase.lines = []
        purchase.invoice_party = None
        purchase.on_change_party()
        purchase.currency = self.currency
        purchase.purchase_date = None
        originals = self._get_originals()
        if len(originals) == 1:
            original, = originals
            for name in ['invoice_party', 'invoice_address', 'contact']:
                setattr(purchase, name, getattr(original, name))
        if self.id is not None and self.id >= 0:
            purchase.origin = self
            purchase.reference = self.supplier_number or self.reference
            purchase.description = self.description
        # The difference is one invoice
        purchase.invoice_method = (
            'order' if self.settlement == 'replacement' else 'fulfillment')
        if self.settlement == 'refund':
            # At once
            purchase.payment_term = None
        lines = [l.get_purchase_line(purchase) for l in [
                *(self.lines or []), *(self.replacements or [])]]
        purchase.lines = [l for l in lines if l]
        return purchase

    def _get_originals(self):
        return {
            l.origin_move.purchase for l in self.lines or []
            if getattr(l, 'origin_move', None) and l.origin_move.purchase}

    @classmethod
    def update_state(cls, returns):
        "Let the returns follow their orders"
        Shipment = Pool().get('stock.shipment.in')
        for return_ in returns:
            if return_.state not in {'processing', 'done'}:
                continue
            purchase = return_.purchase
            moved = any(
                m.state == 'done' for l in purchase.lines for m in l.moves)
            if purchase.state == 'cancelled':
                if return_.stage == 'dock':
                    Shipment.take_back([
                            (l.origin_move, l.internal_quantity)
                            for l in return_.lines])
                cls.cancel([return_])
            elif purchase.state == 'done' and not moved:
                # Nothing left
                cls.cancel([return_])
            elif purchase.state == 'done':
                cls.do([return_])
            else:
                cls.proceed([return_])

    @classmethod
    @ModelView.button
    def close(cls, returns):
        pool = Pool()
        Invoice = pool.get('account.invoice')
        Move = pool.get('stock.move')
        Purchase = pool.get('purchase.purchase')
        PurchaseLine = pool.get('purchase.line')
        ShipmentReturn = pool.get('stock.shipment.in.return')
        for return_ in returns:
            purchase = return_.purchase
            if return_.state != 'processing':
                continue
            if purchase.state in {'draft', 'quotation'}:
                Purchase.cancel([purchase])
                continue
            if purchase.state == 'confirmed':
                Purchase.process([purchase])
                purchase = Purchase(purchase.id)
            ShipmentReturn.cancel([
                    s for s in purchase.shipment_returns
                    if s.state in {'draft', 'waiting', 'assigned'}])
            # Their shipments may bring more than the replacements
            Move.cancel([
                    m for l in purchase.lines for m in l.moves
                    if l.quantity > 0 and m.state in {'staging', 'draft'}])
            purchase = Purchase(purchase.id)
            for line in purchase.lines:
                PurchaseLine.write([line], {'moves_ignored': [('add', [
                                    m.id for m in line.moves
                                    if m.state == 'cancelled'
                                    and m not in line.moves_recreated])]})
            if not any(
                    m.state == 'done' for l in purchase.lines
                    for m in l.moves):
                invoices = [
                    i for i in purchase.invoices
                    if i.state in {'draft', 'validated'}]
                Invoice.cancel(invoices)
                Purchase.write([purchase], {
                        'invoices_ignored': [
                            ('add', [i.id for i in invoices])],
                        })
            Purchase.process([purchase])

    @classmethod
    @ModelView.button_action('purchase_return.wizard_propose')
    def propose(cls, returns):
        pass

    @classmethod
    def copy(cls, returns, default=None):
        default = default.copy() if default is not None else {}
        for name in [
                'purchase', 'supplier_number', 'answer_date', 'answer_note',
                'answer_until', 'answer_notified']:
            default.setdefault(name, None)
        default.setdefault('answer', cls.default_answer())
        return super().copy(returns, default=default)


class Line(ReturnLineMixin):
    __name__ = 'purchase.return.line'

    return_ = fields.Many2One(
        'purchase.return', "Return", required=True, ondelete='CASCADE',
        states={
            'readonly': (
                (Eval('return_state') != 'draft') & Bool(Eval('return_'))),
            })
    policy = fields.Many2One(
        'purchase.return.policy', "Policy", readonly=True,
        ondelete='RESTRICT')
    purchase_lines = fields.One2Many(
        'purchase.line', 'return_line', "Lines of the Order", readonly=True)
    sent_quantity = fields.Function(
        fields.Float("Sent", digits='unit'), 'get_sent_quantity')

    @classmethod
    def __setup__(cls):
        super().__setup__()
        t = cls.__table__()
        cls.__access__.add('return_')
        cls._sql_indexes.update({
                Index(t, (t.origin_move, Index.Equality())),
                Index(t, (t.return_, Index.Equality())),
                })
        cls.origin_move.domain = [
            ('state', '=', 'done'),
            ('from_location.type', '=', 'supplier'),
            ('to_location.type', '=', 'storage'),
            ('company', '=', Eval('company', -1)),
            ['OR',
                ('purchase.party', '=', Eval('party', -1)),
                ('shipment.supplier', '=', Eval('party', -1),
                    'stock.shipment.in'),
                ],
            ]
        cls.reason.domain = [('supplier', '=', True)]
        cls.cost_price.help = (
            "The cost at which the goods leave, in the currency of the "
            "company and the default unit of the product.\n"
            "Leave empty for the current cost of the product.")

    @classmethod
    def _is_original(cls, move):
        return (
            move.from_location.type == 'supplier'
            and move.to_location.type == 'storage')

    @classmethod
    def _get_party(cls, move):
        return move._get_seller()

    def check_original(self):
        super().check_original()
        currency = self.origin_move.purchase_currency
        if currency and currency != self.return_.currency:
            raise ReturnError(gettext(
                    'purchase_return.msg_line_currency',
                    line=self.rec_name, currency=currency.rec_name))

    def check_for_submission(self):
        if self.without_original and self.cost_price is None:
            self.cost_price = self.product.get_multivalue(
                'cost_price', company=self.company.id)
        super().check_for_submission()

    def _get_unit(self):
        return self.product.purchase_uom

    @fields.depends('origin_move', 'unit')
    def get_original_price(self):
        if self.origin_move and self.unit:
            with without_check_access():
                return self.origin_move.get_purchased_price(self.unit)

    def get_policy_facts(self):
        facts = super().get_policy_facts()
        facts['party'] = self.return_.party
        return facts

    def get_sent_quantity(self, name):
        UoM = Pool().get('product.uom')
        quantity = sum(
            m.internal_quantity for l in self.purchase_lines for m in l.moves
            if m.state == 'done')
        return UoM.compute_qty(self.product.default_uom, quantity, self.unit)

    def get_purchase_line(self, purchase):
        """Return the line of the order that gives back the goods.

        :param purchase: order, not saved
        """
        PurchaseLine = Pool().get('purchase.line')
        if not (self.product and self.unit and self.quantity
                and self.unit_price is not None):
            return
        line = PurchaseLine(type='line', purchase=purchase)
        line.product = self.product
        line.unit = self.unit
        line.quantity = -self.quantity
        original = getattr(self.origin_move, 'origin', None)
        if isinstance(original, PurchaseLine):
            line.product_supplier = original.product_supplier
            line.taxes = original.taxes
        else:
            line.taxes = line.compute_taxes(
                purchase.invoice_party or purchase.party)
        line.unit_price = self.unit_price
        line.returned_move = self.origin_move
        if self.id is not None and self.id >= 0:
            line.return_line = self
            line.note = self.note
        return line


class Line_Lot(metaclass=PoolMeta):
    __name__ = 'purchase.return.line'

    lot = fields.Function(
        fields.Many2One(
            'stock.lot', "Lot", states={'invisible': ~Eval('lot')}),
        'on_change_with_lot', searcher='search_lot')

    @fields.depends('origin_move')
    def on_change_with_lot(self, name=None):
        return self.origin_move.lot if self.origin_move else None

    @classmethod
    def search_lot(cls, name, clause):
        return [('origin_move.' + clause[0], *clause[1:])]


class Replacement(ReplacementMixin):
    __name__ = 'purchase.return.replacement'

    return_ = fields.Many2One(
        'purchase.return', "Return", required=True, ondelete='CASCADE',
        states={
            'readonly': (
                (Eval('return_state') != 'draft') & Bool(Eval('return_'))),
            })
    expected_date = fields.Date(
        "Expected Date",
        states={'readonly': Eval('return_state') != 'draft'},
        help="When the supplier delivers the goods.")

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls.__access__.add('return_')
        cls.product.domain = [
            If(Eval('return_state') == 'draft',
                ('purchasable', '=', True), ()),
            ]

    @fields.depends(
        'return_', '_parent_return_.lines', 'product', 'unit',
        methods=['_compute_price'])
    def on_change_product(self):
        if self.product and (
                not self.unit
                or self.unit.category != self.product.purchase_uom.category):
            self.unit = self.product.purchase_uom
        self._compute_price()

    @fields.depends(
        'return_', '_parent_return_.company', '_parent_return_.party',
        '_parent_return_.currency', '_parent_return_.warehouse',
        '_parent_return_.date', '_parent_return_.lines', 'product', 'unit',
        'quantity', methods=['on_change_with_amount'])
    def _compute_price(self):
        "Set the price of the returned goods, else that of the supplier"
        pool = Pool()
        Purchase = pool.get('purchase.purchase')
        Line = pool.get('purchase.line')
        UoM = pool.get('product.uom')
        if not self.product or not self.return_ or not self.return_.party:
            return
        for line in self.return_.lines or []:
            if (self.unit and line.product == self.product and line.unit
                    and line.unit_price is not None):
                self.unit_price = UoM.compute_price(
                    line.unit, line.unit_price, self.unit)
                break
        else:
            purchase = Purchase(
                company=self.return_.company, party=self.return_.party,
                currency=self.return_.currency, lines=[],
                warehouse=self.return_.warehouse,
                purchase_date=self.return_.date, delivery_date=None)
            purchase.invoice_party = None
            line = Line(
                type='line', purchase=purchase, company=self.return_.company)
            line.product, line.unit = self.product, self.unit
            line.product_supplier = None
            line.delivery_date_edit = False
            line.quantity, line.unit_price = self.quantity, None
            line.taxes = line.compute_taxes(purchase.party)
            self.unit_price = line.compute_unit_price()
        self.amount = self.on_change_with_amount()

    def get_purchase_line(self, purchase):
        """Return the line of the order that replaces the goods.

        :param purchase: order, not saved
        """
        Line = Pool().get('purchase.line')
        if not (self.product and self.unit and self.quantity
                and self.unit_price is not None):
            return
        line = Line(type='line', purchase=purchase)
        line.product = self.product
        line.unit = self.unit
        line.quantity = self.quantity
        line.taxes = line.compute_taxes(
            purchase.invoice_party or purchase.party)
        line.unit_price = self.unit_price
        if getattr(self, 'expected_date', None):
            line.delivery_date_edit = True
            line.delivery_date_store = self.expected_date
        return line


class Return_Quality(metaclass=PoolMeta):
    __name__ = 'purchase.return'

    inspections = fields.Function(
        fields.Many2Many('quality.inspection', None, None, "Inspections"),
        'get_inspections')

    def get_inspections(self, name):
        "Return the inspections of the shipments whose goods go back"
        pool = Pool()
        Inspection = pool.get('quality.inspection')
        Shipment = pool.get('stock.shipment.in')
        return [i.id for i in Inspection.search([
                    ('origin', 'in', list({
                                str(l.origin_move.shipment)
                                for l in self.lines if l.origin_move
                                and isinstance(
                                    l.origin_move.shipment, Shipment)})),
                    ])]


class ReturnReport(Report):
    __name__ = 'purchase.return'

    @classmethod
    def get_context(cls, records, header, data):
        context = super().get_context(records, header, data)
        # As HTML writes it: zh-CN
        context['lang'] = Transaction().language.replace('_', '-')
        return context
