# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Sales to customers who do not pay, or beyond their credit."""
from sql import Cast, Null
from sql.conditionals import Coalesce

from trytond.model import fields
from trytond.modules.stock_alert_trade import kind_party
from trytond.pool import Pool, PoolMeta

from .document import Breach, DocumentKind


def _customer(sale):
    "Return who owes for the sale"
    return sale.invoice_party or sale.party


class ReceivableOverdue(DocumentKind, kind_party.ReceivableOverdue):
    "Days since the oldest debt of the customer of the sale"

    def balances(self, scope):
        line, move, from_, where = super().balances(scope)
        parties = {_customer(s).id for s in scope.documents}
        return line, move, from_, (
            where & fields.SQL_OPERATORS['in'](line.party, list(parties)))

    def rows(self, scope):
        sale = Pool().get('sale.sale').__table__()
        late = super().rows(scope)
        return late.join(
            sale,
            condition=Coalesce(sale.invoice_party, sale.party) == late.party
            ).select(
                sale.id.as_('document'),
                late.party.as_('party'),
                Cast(Null, 'INTEGER').as_('product'),
                Cast(Null, 'INTEGER').as_('warehouse'),
                late.amount.as_('amount'),
                late.value.as_('value'),
                where=scope.has_document(sale.id))


class CreditLimit(kind_party.CreditLimit):
    """How much of the credit is used up with the sale, in percent.

    What counts is what the standard counts when it checks the limit: debts,
    open sales and the untaxed amount of the sale.
    """

    def claim(self, scope):
        scope.claim(
            'party.party', {_customer(s).id for s in scope.documents})

    def breaches(self, scope):
        pool = Pool()
        Currency = pool.get('currency.currency')
        Party = pool.get('party.party')
        Rule = pool.get('stock.alert.rule')
        rule, = Rule.search([
                ('company', '=', scope.company.id),
                ('kind', '=', self.name),
                ], limit=1)
        # Read the amounts of all at once
        sales = sorted(scope.documents, key=lambda s: s.id)
        parties = {
            p.id: p for p in Party.browse([_customer(s).id for s in sales])}
        used, breaches = {}, []
        for sale in sales:
            party = parties[_customer(sale).id]
            amount = Currency.compute(
                sale.currency, sale.untaxed_amount, scope.company.currency)
            limit = party.get_multivalue(
                'credit_limit_amount', company=scope.company.id)
            used.setdefault(party, party.credit_amount)
            used[party] += amount
            if not limit or amount <= 0:
                continue
            value = float(used[party] / limit * 100)
            if value >= rule.threshold:
                breaches.append(Breach(
                        sale.id, rule.on_document, str(party), None, value,
                        rule.threshold))
        return breaches


class SaleReceivable(metaclass=PoolMeta):
    __name__ = 'sale.sale'

    @classmethod
    def get_alert_kinds(cls):
        return {
            **super().get_alert_kinds(),
            ReceivableOverdue.name: ReceivableOverdue,
            }


class SaleCreditLimit(metaclass=PoolMeta):
    __name__ = 'sale.sale'

    @classmethod
    def get_alert_kinds(cls):
        return {
            **super().get_alert_kinds(),
            CreditLimit.name: CreditLimit,
            }
