# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Returns and exchanges of customers."""
from decimal import Decimal

from trytond.i18n import gettext
from trytond.model import Index, ModelView, fields
from trytond.modules.currency.fields import Monetary
from trytond.modules.stock_return.document import (
    OPEN, ReturnLineMixin, ReturnMixin)
from trytond.modules.stock_return.exceptions import ReturnError
from trytond.modules.stock_return.replacement import ReplacementMixin
from trytond.pool import Pool, PoolMeta
from trytond.pyson import Bool, Eval, If
from trytond.report import Report
from trytond.transaction import Transaction, without_check_access

from .stock import DOUBTFUL


class Return(ReturnMixin):
    __name__ = 'sale.return'
    _order_name = 'sale'

    settlement = fields.Selection([
            ('refund', "Refund"),
            ('credit', "Credit on Account"),
            ('exchange', "Exchange"),
            ], "Settlement", required=True, sort=False,
        states={'readonly': Eval('state') != 'draft'},
        help="What the customer gets for the goods.")
    settlement_string = settlement.translated('settlement')
    lines = fields.One2Many(
        'sale.return.line', 'return_', "Returned Goods",
        states={
            'readonly': (
                (Eval('state') != 'draft')
                | ~Eval('party') | ~Eval('company') | ~Eval('currency')),
            })
    replacements = fields.One2Many(
        'sale.return.replacement', 'return_', "Replacements",
        states={
            'readonly': (
                (Eval('state') != 'draft')
                | ~Eval('party') | ~Eval('company') | ~Eval('currency')),
            'required': (
                (Eval('settlement') == 'exchange')
                & (Eval('state') != 'draft')),
            },
        help="What the customer gets instead.")
    restocking_fee = Monetary(
        "Restocking Fee", currency='currency', digits='currency',
        domain=['OR',
            ('restocking_fee', '=', None),
            ('restocking_fee', '>=', 0),
            ],
        states={'readonly': Eval('state') != 'draft'},
        help="What is not paid back, without tax.\n"
        "Leave empty to let the policies decide.")
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
            help="By the customer, with tax. It is less than zero when the "
            "customer gets money."),
        'on_change_with_total_amount')
    sale = fields.Many2One(
        'sale.sale', "Order", readonly=True, ondelete='RESTRICT',
        states={'invisible': ~Eval('sale')},
        help="The order that takes back and replaces the goods.")
    returned_sales = fields.Function(
        fields.Many2Many('sale.sale', None, None, "Original Orders"),
        'get_returned_sales')
    shipment_returns = fields.Function(
        fields.Many2Many(
            'stock.shipment.out.return', None, None, "Return Shipments"),
        'get_of_sale')
    shipments = fields.Function(
        fields.Many2Many('stock.shipment.out', None, None, "Shipments"),
        'get_of_sale')
    invoices = fields.Function(
        fields.Many2Many('account.invoice', None, None, "Invoices"),
        'get_of_sale')
    goods_state = fields.Function(
        fields.Selection([
                (None, ""),
                ('expected', "Expected"),
                ('partial', "Partially Received"),
                ('received', "Received"),
                ('disposed', "Disposed Of"),
                ], "Goods", sort=False),
        'get_goods_state')
    invoice_state = fields.Function(
        fields.Selection('get_invoice_states', "Invoices"),
        'get_invoice_state')

    @classmethod
    def __setup__(cls):
        super().__setup__()
        t = cls.__table__()
        cls._sql_indexes.update({
                Index(t, (t.party, Index.Range())),
                Index(t, (t.sale, Index.Equality())),
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
                })

    @classmethod
    def default_settlement(cls):
        return 'refund'

    @fields.depends('company', 'party', 'lines')
    def on_change_party(self):
        if not self.lines and self.company:
            self.currency = self.company.currency
            if self.party and self.party.customer_currency:
                self.currency = self.party.customer_currency

    @fields.depends('replacements', 'settlement')
    def on_change_replacements(self):
        if self.replacements:
            self.settlement = 'exchange'
        elif self.settlement == 'exchange':
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
        'replacements', 'restocking_fee', 'sale', 'settlement')
    def on_change_with_total_amount(self, name=None):
        if self.sale:
            return self.sale.total_amount
        if not self.company or not self.party or not self.currency:
            return
        with without_check_access():
            sale = self._make_sale()
            for line in sale.lines:
                line.amount = line.on_change_with_amount()
            sale.on_change_lines()
        return sale.total_amount

    @classmethod
    def get_invoice_states(cls):
        Sale = Pool().get('sale.sale')
        return [(None, "")] + Sale.fields_get(
            ['invoice_state'])['invoice_state']['selection']

    def get_invoice_state(self, name):
        return self.sale.invoice_state if self.sale else None

    @classmethod
    def get_of_sale(cls, returns, names):
        result = {name: {r.id: [] for r in returns} for name in names}
        for return_ in returns:
            if return_.sale:
                for name in names:
                    result[name][return_.id] = [
                        r.id for r in getattr(return_.sale, name)]
        return result

    def get_returned_sales(self, name):
        return list({
                l.origin_move.sale.id for l in self.lines
                if l.origin_move and l.origin_move.sale})

    def get_goods_state(self, name):
        if not self.sale or self.sale.state in {'draft', 'cancelled'}:
            return
        moves = [
            m for l in self.sale.lines if l.return_line for m in l.moves
            if m.state != 'cancelled']
        if not any(m.state == 'done' for m in moves):
            return 'expected' if self.sale.state != 'done' else None
        if any(m.state != 'done' for m in moves):
            return 'partial'
        if all(s.state in {'done', 'cancelled'}
                for s in self.shipment_returns):
            return 'disposed'
        return 'received'

    @classmethod
    def set_decisions(cls, returns):
        super().set_decisions(returns)
        for return_ in returns:
            if return_.restocking_fee is None:
                return_.restocking_fee = return_.currency.round(sum(
                        (l.amount * l.policy.fee_rate for l in return_.lines
                            if l.policy and l.policy.fee_rate), Decimal(0)))
        cls.save(returns)

    def check_for_submission(self):
        super().check_for_submission()
        if self.settlement == 'exchange' and not self.replacements:
            raise ReturnError(gettext(
                    'sale_return.msg_return_no_replacement',
                    return_=self.rec_name))
        if (self.restocking_fee or 0) > self.returned_amount:
            raise ReturnError(gettext(
                    'sale_return.msg_return_fee', return_=self.rec_name))

    def add_deliveries(self, moves, reason=None):
        """Add lines that give back of deliveries, not saved.

        :param moves: list of (move, quantity in the default unit)
        :param reason: of the lines
        """
        Line = Pool().get('sale.return.line')
        lines = list(getattr(self, 'lines', []))
        for move, quantity in moves:
            line = Line(
                return_=self, origin_move=move, product=move.product,
                unit=move.unit, reason=reason)
            line.quantity = line._convert(quantity)
            line.unit_price = line.get_original_price() or Decimal(0)
            lines.append(line)
        self.lines = lines

    # The order

    @classmethod
    @ModelView.button
    def process(cls, returns):
        pool = Pool()
        Move = pool.get('stock.move')
        Sale = pool.get('sale.sale')
        returns = [r for r in returns if r.state == 'approved']
        for return_ in returns:
            return_.check_valid()
        Move.lock({
                l.origin_move for r in returns for l in r.lines
                if l.origin_move})
        # From now on the order keeps what is returned
        cls.proceed(returns)
        returns = cls.browse(returns)
        sales = [r._make_sale() for r in returns]
        Sale.save(sales)
        for return_, sale in zip(returns, sales):
            return_.sale = sale
        cls.save(returns)
        Sale.quote(sales)
        Sale.confirm(Sale.browse(sales))

    def _make_sale(self):
        "Return the order, not saved"
        pool = Pool()
        Sale = pool.get('sale.sale')
        sale = Sale()
        for name, default in Sale.default_get(
                list(Sale._fields), with_rec_name=False).items():
            setattr(sale, name, default)
        sale.company = self.company
        sale.party = self.party
        sale.warehouse = self.warehouse
        sale.lines = []
        sale.on_change_party()
        sale.currency = self.currency
        sale.sale_date = self.date
        originals = self._get_originals()
        for names in [
                ['invoice_party', 'invoice_address'],
                ['shipment_party', 'shipment_address'], ['contact']]:
            values = {tuple(getattr(o, n) for n in names) for o in originals}
            if len(values) == 1:
                for name, value in zip(names, values.pop()):
                    setattr(sale, name, value)
        if self.id is not None and self.id >= 0:
            sale.origin = self
            sale.reference = self.reference
            sale.description = self.description
        sale.shipment_method = 'order'
        # The difference is one invoice
        sale.invoice_method = (
            'order' if self.settlement == 'exchange' else 'fulfillment')
        if self.settlement == 'refund':
            # At once
            sale.payment_term = None
        lines = []
        for line in self.lines or []:
            lines.append(line.get_sale_line(sale))
        if self.restocking_fee:
            lines.append(self._get_fee_line(sale, lines))
        for replacement in self.replacements or []:
            lines.append(replacement.get_sale_line(sale))
        sale.lines = [l for l in lines if l]
        if not any(l.unit_price for l in sale.lines):
            # There is nothing to pay
            sale.invoice_method = 'manual'
        return sale

    def _get_originals(self):
        return {
            l.origin_move.sale for l in self.lines or []
            if getattr(l, 'origin_move', None) and l.origin_move.sale}

    def _get_fee_line(self, sale, lines):
        Line = Pool().get('sale.line')
        line = Line(type='line', sale=sale, restocking_fee=True)
        line.description = gettext('sale_return.msg_restocking_fee')
        line.quantity = 1
        line.unit_price = self.restocking_fee
        line.taxes = next((l.taxes for l in lines if l), [])
        return line

    @classmethod
    def update_state(cls, returns):
        "Let the returns follow their orders"
        for return_ in returns:
            if return_.state not in {'processing', 'done'}:
                continue
            sale = return_.sale
            moved = any(
                m.state == 'done' for l in sale.lines for m in l.moves)
            if sale.state == 'cancelled' or (
                    sale.state == 'done' and not moved):
                # Nothing came
                cls.cancel([return_])
            elif sale.state == 'done' and all(
                    s.state in {'done', 'cancelled'}
                    for s in return_.shipment_returns):
                cls.do([return_])
            else:
                cls.proceed([return_])

    @classmethod
    @ModelView.button
    def close(cls, returns):
        pool = Pool()
        Invoice = pool.get('account.invoice')
        Sale = pool.get('sale.sale')
        SaleLine = pool.get('sale.line')
        Shipment = pool.get('stock.shipment.out')
        ShipmentReturn = pool.get('stock.shipment.out.return')
        for return_ in returns:
            sale = return_.sale
            if return_.state != 'processing':
                continue
            if sale.state in {'draft', 'quotation'}:
                Sale.cancel([sale])
                continue
            if sale.state == 'confirmed':
                Sale.process([sale])
            ShipmentReturn.cancel(
                [s for s in sale.shipment_returns if s.state == 'draft'])
            Shipment.cancel([
                    s for s in sale.shipments
                    if s.state in {'draft', 'waiting', 'assigned'}])
            sale = Sale(sale.id)
            for line in sale.lines:
                SaleLine.write([line], {'moves_ignored': [('add', [
                                    m.id for m in line.moves
                                    if m.state == 'cancelled'
                                    and m not in line.moves_recreated])]})
            if not any(
                    m.state == 'done' for l in sale.lines for m in l.moves):
                invoices = [
                    i for i in sale.invoices
                    if i.state in {'draft', 'validated'}]
                Invoice.cancel(invoices)
                Sale.write([sale], {
                        'invoices_ignored': [
                            ('add', [i.id for i in invoices])],
                        })
            Sale.process([sale])

    @classmethod
    @ModelView.button_action('sale_return.wizard_propose')
    def propose(cls, returns):
        pass

    @classmethod
    def copy(cls, returns, default=None):
        default = default.copy() if default is not None else {}
        default.setdefault('sale', None)
        return super().copy(returns, default=default)


class Line(ReturnLineMixin):
    __name__ = 'sale.return.line'

    return_ = fields.Many2One(
        'sale.return', "Return", required=True, ondelete='CASCADE',
        states={
            'readonly': (
                (Eval('return_state') != 'draft') & Bool(Eval('return_'))),
            })
    policy = fields.Many2One(
        'sale.return.policy', "Policy", readonly=True, ondelete='RESTRICT')
    sale_lines = fields.One2Many(
        'sale.line', 'return_line', "Lines of the Order", readonly=True)
    received_quantity = fields.Function(
        fields.Float("Received", digits='unit'), 'get_received_quantity')

    @classmethod
    def __setup__(cls):
        super().__setup__()
        t = cls.__table__()
        cls._sql_indexes.update({
                Index(t, (t.origin_move, Index.Equality())),
                Index(t, (t.return_, Index.Equality())),
                })
        cls.__access__.add('return_')
        cls.origin_move.domain = [
            ('state', '=', 'done'),
            ('to_location.type', '=', 'customer'),
            ('company', '=', Eval('company', -1)),
            ['OR',
                ('sale.party', '=', Eval('party', -1)),
                ('shipment.customer', '=', Eval('party', -1),
                    'stock.shipment.out'),
                ],
            ]
        cls.reason.domain = [('customer', '=', True)]

    @classmethod
    def _is_original(cls, move):
        return (
            move.to_location.type == 'customer'
            and move.from_location.type != 'customer')

    @classmethod
    def _get_party(cls, move):
        return move.customer

    def check_original(self):
        super().check_original()
        sale = self.origin_move.sale
        if sale and sale.currency != self.return_.currency:
            raise ReturnError(gettext(
                    'sale_return.msg_line_currency',
                    line=self.rec_name, currency=sale.currency.rec_name))

    def _get_unit(self):
        return self.product.sale_uom

    @fields.depends('origin_move', 'unit')
    def get_original_price(self):
        if self.origin_move and self.unit:
            with without_check_access():
                return self.origin_move.get_sold_price(self.unit)

    def get_policy_facts(self):
        facts = super().get_policy_facts()
        facts['party'] = self.return_.party
        return facts

    @property
    def usual_disposition(self):
        "What is done with the goods when nobody says otherwise"
        if self.policy and self.policy.disposition:
            return self.policy.disposition
        if self.used_reason and self.used_reason.class_ in DOUBTFUL:
            return 'quarantine'
        return 'restock'

    def get_received_quantity(self, name):
        UoM = Pool().get('product.uom')
        quantity = sum(
            m.internal_quantity for l in self.sale_lines for m in l.moves
            if m.state == 'done')
        return UoM.compute_qty(self.product.default_uom, quantity, self.unit)

    def get_sale_line(self, sale):
        """Return the line of the order that takes back the goods.

        :param sale: order, not saved
        """
        pool = Pool()
        SaleLine = pool.get('sale.line')
        if not (self.product and self.unit and self.quantity
                and self.unit_price is not None):
            return
        line = SaleLine(type='line', sale=sale)
        line.product = self.product
        line.unit = self.unit
        line.quantity = -self.quantity
        original = getattr(self.origin_move, 'origin', None)
        if isinstance(original, SaleLine):
            line.taxes = original.taxes
        else:
            line.taxes = line.compute_taxes(sale.invoice_party or sale.party)
        line.unit_price = self.unit_price
        line.returned_move = self.origin_move
        if self.id is not None and self.id >= 0:
            line.return_line = self
            line.note = self.note
        return line


class Line_Lot(metaclass=PoolMeta):
    __name__ = 'sale.return.line'

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
    __name__ = 'sale.return.replacement'

    return_ = fields.Many2One(
        'sale.return', "Return", required=True, ondelete='CASCADE',
        states={
            'readonly': (
                (Eval('return_state') != 'draft') & Bool(Eval('return_'))),
            })

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls.__access__.add('return_')
        cls.product.domain = [
            If(Eval('return_state') == 'draft', ('salable', '=', True), ()),
            ]

    @fields.depends(
        'product', 'unit', methods=['_compute_price'])
    def on_change_product(self):
        if self.product and (
                not self.unit
                or self.unit.category != self.product.sale_uom.category):
            self.unit = self.product.sale_uom
        self._compute_price()

    @fields.depends(
        'return_', '_parent_return_.company', '_parent_return_.party',
        '_parent_return_.currency', '_parent_return_.warehouse',
        '_parent_return_.date', 'product', 'unit', 'quantity',
        methods=['on_change_with_amount'])
    def _compute_price(self):
        "Set the price for which the product is sold"
        pool = Pool()
        Sale = pool.get('sale.sale')
        Line = pool.get('sale.line')
        if not self.product or not self.return_ or not self.return_.party:
            return
        sale = Sale(
            company=self.return_.company, party=self.return_.party,
            currency=self.return_.currency, lines=[],
            warehouse=self.return_.warehouse, sale_date=self.return_.date)
        sale.invoice_party = sale.shipment_party = None
        line = Line(type='line', sale=sale, company=self.return_.company)
        line.product, line.unit = self.product, self.unit
        line.quantity, line.unit_price = self.quantity, None
        line.taxes = line.compute_taxes(sale.party)
        self.unit_price = line.compute_unit_price()
        self.amount = self.on_change_with_amount()

    def get_sale_line(self, sale):
        """Return the line of the order that replaces the goods.

        :param sale: order, not saved
        """
        Line = Pool().get('sale.line')
        if not (self.product and self.unit and self.quantity
                and self.unit_price is not None):
            return
        line = Line(type='line', sale=sale)
        line.product = self.product
        line.unit = self.unit
        line.quantity = self.quantity
        line.taxes = line.compute_taxes(sale.invoice_party or sale.party)
        line.unit_price = self.unit_price
        return line


class Return_Quality(metaclass=PoolMeta):
    __name__ = 'sale.return'

    inspections = fields.Function(
        fields.Many2Many('quality.inspection', None, None, "Inspections"),
        'get_inspections')

    def get_inspections(self, name):
        Inspection = Pool().get('quality.inspection')
        return [i.id for i in Inspection.search([
                    ('origin', 'in', [str(s) for s in self.shipment_returns]),
                    ])]


class ReturnReport(Report):
    __name__ = 'sale.return'

    @classmethod
    def get_context(cls, records, header, data):
        context = super().get_context(records, header, data)
        # As HTML writes it: zh-CN
        context['lang'] = Transaction().language.replace('_', '-')
        return context
