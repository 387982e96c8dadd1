# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What rules warn of: each kind is a query of all that may be wrong."""
from sql import Cast, Literal, Null
from sql.aggregate import Max, Min
from sql.conditionals import Case, Coalesce
from sql.functions import Function
from sql.operators import Concat

from trytond import backend
from trytond.model import fields
from trytond.pool import Pool

# Quantities are floating point numbers: what is less is no difference
EPSILON = 1e-6


class _JulianDay(Function):
    __slots__ = ()
    _function = 'JULIANDAY'


class Scope:
    """What a scan looks at.

    :param company: record whose rules are applied
    :param today: date of the company
    :param products: ids, None for all
    :param subjects: like 'stock.shipment.in,1' of kinds that are not about a
        product, None for all
    """

    def __init__(self, company, today, products=None, subjects=None):
        self.company = company
        self.today = today
        self.products = products
        self.subjects = subjects

    def has_product(self, column):
        "Return the clause that the product is looked at"
        return _one_of(column, self.products)

    def has_subject(self, column):
        "Return the clause that the subject is looked at"
        return _one_of(column, self.subjects)


def _one_of(column, values):
    if values is None:
        return Literal(True)
    elif not values:
        return Literal(False)
    return fields.SQL_OPERATORS['in'](column, list(values))


class Kind:
    """One kind of alert.

    name: of the selection
    measure: what value and threshold are: quantity, days or percent
    uses: names of what a rule of the kind has
    above: whether too much is wrong, else too little
    inclusive: whether the threshold itself is wrong already
    touch: what of a stock move tells that the kind must be looked at again,
        'product', 'subject' or None
    """
    name = None
    measure = 'quantity'
    uses = frozenset({'threshold', 'product', 'warehouse', 'unit'})
    above = False
    inclusive = False
    touch = 'product'

    def rows(self, scope):
        """Return the query of what may be wrong.

        :return: query with product, template, warehouse and what subject,
            join and value need
        """
        raise NotImplementedError

    def subject(self, row):
        "Return the expression of the reference to what is wrong"
        return reference('product.product', row.product)

    def join(self, from_, row, rule, scope):
        "Return the tables with what else value needs"
        return from_

    def value(self, row, rule):
        "Return the expression that is compared with the threshold"
        return row.value

    def where(self, row, rule):
        "Return the clause beside the comparison"
        return Literal(True)

    def is_wrong(self, value, threshold, inclusive=None):
        """Return the clause that the value is beyond the threshold.

        :param inclusive: whether the threshold itself is, as of the kind if
            None
        """
        if inclusive is None:
            inclusive = self.inclusive
        if self.above:
            if inclusive:
                return value >= threshold - EPSILON
            return value > threshold + EPSILON
        if inclusive:
            return value <= threshold + EPSILON
        return value < threshold - EPSILON

    def query(self, scope):
        """Return what is wrong and what is not right again yet.

        :return: query with rule, subject, product, warehouse, value,
            threshold, severity and breach, which is false for what only
            keeps an alert open
        """
        pool = Pool()
        Rule = pool.get('stock.alert.rule')
        row = self.rows(scope)
        from_, rule = Rule.sql_applicable(
            row, self.name, scope.company, self.uses)
        from_ = self.join(from_, row, rule, scope)
        from_, threshold, factor = Rule.sql_threshold(
            from_, row, rule, self, scope.company)
        found = from_.select(
            rule.id.as_('rule'),
            self.subject(row).as_('subject'),
            row.product.as_('product'),
            row.warehouse.as_('warehouse'),
            Cast(self.value(row, rule), 'FLOAT').as_('value'),
            Cast(threshold, 'FLOAT').as_('threshold'),
            (rule.critical_threshold * factor).as_('critical'),
            (Coalesce(rule.rearm, 0.) * factor).as_('rearm'),
            rule.severity.as_('severity'),
            where=self.where(row, rule))
        found = self._one_each(found)
        rearm = -found.rearm if self.above else found.rearm
        return found.select(
            found.rule.as_('rule'),
            found.subject.as_('subject'),
            found.product.as_('product'),
            found.warehouse.as_('warehouse'),
            found.value.as_('value'),
            found.threshold.as_('threshold'),
            Case((
                    (found.critical != Null)
                    & self.is_wrong(found.value, found.critical, True),
                    'critical'),
                else_=found.severity).as_('severity'),
            Case((self.is_wrong(found.value, found.threshold), Literal(True)),
                else_=Literal(False)).as_('breach'),
            where=self.is_wrong(found.value, found.threshold + rearm))

    def _one_each(self, found):
        "Return the query with one row for each rule, subject and warehouse"
        return found


class GroupedKind(Kind):
    "A kind whose subjects have several rows, of which the worst counts"

    def _one_each(self, found):
        worst = Max if self.above else Min
        keys = [
            found.rule, found.subject, found.warehouse, found.threshold,
            found.critical, found.rearm, found.severity]
        alone = Min(found.product) == Max(found.product)
        return found.select(
            *[k.as_(k.name) for k in keys],
            Case((alone, Min(found.product))).as_('product'),
            worst(found.value).as_('value'),
            group_by=keys)


def search_named(clause, *names):
    """Return the domain of the rules or alerts that are called so.

    :param clause: on their name
    :param names: fields whose records may have it, beside the kind
    """
    _, operator, value = clause
    text = (value or '').strip('%').lower()
    Rule = Pool().get('stock.alert.rule')
    selection = Rule.fields_get(['kind'])['kind']['selection']
    kinds = [k for k, name in selection if text and text in name.lower()]
    negated = operator.startswith(('!', 'not '))
    return ['AND' if negated else 'OR',
        ('kind', 'not in' if negated else 'in', kinds),
        *[(f'{name}.rec_name', *clause[1:]) for name in names]]


def reference(model, column):
    "Return the expression of the value of a reference"
    return Concat(f'{model},', Cast(column, 'VARCHAR'))


def days_between(earlier, later):
    "Return the expression of the number of days between two dates"
    if backend.name == 'postgresql':
        return Cast(later, 'DATE') - Cast(earlier, 'DATE')
    return Cast(_JulianDay(later) - _JulianDay(earlier), 'INTEGER')


def done_date(move):
    "Return the expression of the date of a done move, which has an index"
    Move = Pool().get('stock.move')
    return Move.sql_done_date(move)


def places():
    """Return the storage locations of the warehouses.

    :return: query with location and warehouse
    """
    pool = Pool()
    Location = pool.get('stock.location')
    location, warehouse = Location.__table__(), Location.__table__()
    inside = (
        (location.left >= warehouse.left)
        & (location.right <= warehouse.right))
    return location.join(warehouse, condition=inside).select(
        location.id.as_('location'), warehouse.id.as_('warehouse'),
        where=(location.type == 'storage')
        & (warehouse.type == 'warehouse') & warehouse.active)


def cost_prices(company):
    "Return the query of product and price, what each costs the company"
    Cost = Pool().get('product.cost_price')
    cost = Cost.__table__()
    return cost.select(
        cost.product.as_('product'),
        Cast(cost.cost_price, 'FLOAT').as_('price'),
        where=cost.company == company.id)
