# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What purchases and sales have in common for their approval."""
from decimal import Decimal

from sql import Window
from sql.functions import RowNumber

from trytond.model import ModelView, fields
from trytond.pool import Pool
from trytond.transaction import Transaction

from .document import ConfirmedMixin, line_key


class ApprovedTradeMixin(ConfirmedMixin):
    "A purchase or a sale"
    __slots__ = ()

    # Name of the field with the date that the currency is converted at
    _approval_date = None

    def _trade_lines(self):
        return [l for l in self.lines if l.type == 'line']

    def _get_approval_lines(self):
        for line in self._trade_lines():
            yield line_key(line), line.quantity, line.unit_price

    def _get_approval_date(self):
        # Without a date of its own the rate must not change every day
        return getattr(self, self._approval_date) or (
            super()._get_approval_date())

    def _get_approval_amount(self):
        # Computing the field takes that of the taxes
        return sum(
            (l.amount or 0 for l in self._trade_lines()), Decimal(0))

    def _get_approval_party(self):
        return self.party

    def _get_approval_currency(self):
        return self.currency

    def _get_approval_last_prices(self, products):
        return last_prices(self.__class__, products, self.company, self)

    @classmethod
    def set_number(cls, documents):
        "Number no order before its last level has approved it"
        Approval = Pool().get('document.approval')
        missing = Approval.get_missing(
            [d for d in documents if not d.number], 'confirm')
        super().set_number([d for d in documents if d not in missing])

    @classmethod
    @ModelView.button
    def quote(cls, documents):
        super().quote(documents)
        # Those that were approved before and are covered still
        cls.set_number([
                d for d in cls.browse(documents) if d.state == 'quotation'])

    @classmethod
    @ModelView.button
    def confirm(cls, documents):
        # What has come through the gate has all its approvals
        super().set_number([
                d for d in documents
                if d.state == 'quotation' and not d.number])
        super().confirm(documents)


def last_prices(Document, products, company, exclude=None):
    """Return the unit prices of the last orders.

    :param Document: class of purchase or sale
    :param products: list of products
    :param company: of the orders
    :param exclude: the document that is not to be looked at
    :return: dictionary of Decimal by product, in the currency and the unit
        of that order
    """
    if not products:
        return {}
    pool = Pool()
    name = Document.__name__.partition('.')[0]
    Line = pool.get(f'{name}.line')
    Product = pool.get('product.product')
    line, document = Line.__table__(), Document.__table__()
    parent = getattr(line, name)
    where = (
        fields.SQL_OPERATORS['in'](line.product, [p.id for p in products])
        & (document.company == company.id)
        & document.state.in_(['confirmed', 'processing', 'done'])
        & (line.quantity > 0))
    if exclude:
        where &= document.id != exclude.id
    date = getattr(document, f'{name}_date')
    window = Window(
        [line.product], order_by=[date.desc, line.id.desc])
    ranked = line.join(document, condition=parent == document.id).select(
        line.product, line.unit_price,
        RowNumber(window=window).as_('rank'), where=where)
    cursor = Transaction().connection.cursor()
    cursor.execute(*ranked.select(
            ranked.product, ranked.unit_price, where=ranked.rank == 1))
    return {
        Product(id_): Decimal(str(price)) for id_, price in cursor}
