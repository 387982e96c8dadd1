# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""The prices of orders before they are open."""
from sql import Column

from trytond.modules.stock_alert_trade import kind_price
from trytond.pool import Pool, PoolMeta

from .document import DocumentKind


class DocumentPrice(DocumentKind):
    "The lines of the documents"

    def rows(self, scope):
        name, _, _ = self.order.partition('.')
        line = Pool().get(self.line).__table__()
        found = self.lines(scope, ['draft', 'quotation'])
        document = Column(line, name)
        names = [
            'id', 'product', 'template', 'warehouse', 'date', 'quantity',
            'price']
        return found.join(line, condition=found.id == line.id).select(
            document.as_('document'),
            *[Column(found, n).as_(n) for n in names],
            where=scope.has_document(document))


class PurchasePrice(DocumentPrice, kind_price.PurchasePrice):
    pass


class SalePrice(DocumentPrice, kind_price.SalePrice):
    pass


class Sale(metaclass=PoolMeta):
    __name__ = 'sale.sale'

    @classmethod
    def get_alert_kinds(cls):
        return {**super().get_alert_kinds(), SalePrice.name: SalePrice}


class Purchase(metaclass=PoolMeta):
    __name__ = 'purchase.purchase'

    @classmethod
    def get_alert_kinds(cls):
        return {**super().get_alert_kinds(), PurchasePrice.name: PurchasePrice}
