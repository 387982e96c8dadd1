# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Which budget lines the lines of documents may be taken from."""
from collections import defaultdict
from decimal import Decimal
from itertools import islice

from trytond.i18n import gettext
from trytond.model import fields
from trytond.pool import Pool
from trytond.transaction import Transaction, without_check_access

# How many lines a text names
NAMED = 10


def ancestry(record):
    "Return the distances from a record by id of it and of those above"
    distances, distance = {}, 0
    while record and record.id not in distances:
        distances[record.id] = distance
        record, distance = record.parent, distance + 1
    return distances


class Proposal:
    """The running budget lines of a company.

    What a line of a document is for are its facts: for each dimension of the
    budget lines a dictionary of distances by id, zero for the record itself
    and more for those above it.

    :param company: record
    """

    def __init__(self, company):
        self.company = company
        self.candidates = self._get_candidates()
        self.dimensions = {n for *_, k in self.candidates for n in k}

    @without_check_access
    def _get_candidates(self):
        "Return (id, start, end, ids by name of the dimension)"
        Line = Pool().get('purchase.budget.line')
        candidates = Line._candidates_cache.get(self.company.id)
        if candidates is None:
            names = Line.dimensions()
            candidates = [
                (line.id, line.budget.start_date, line.budget.end_date,
                    {n: i for n, i in zip(names, line.key) if i})
                for line in Line.search([
                        ('budget.company', '=', self.company.id),
                        ('budget.state', '=', 'running'),
                        ], order=[('id', 'ASC')])]
            Line._candidates_cache.set(self.company.id, candidates)
        return candidates

    def find(self, date, facts):
        """Return the ids of the budget lines that fit, the best one first.

        The best says most of what the line is for, and that most nearly.

        :param date: of the document
        :param facts: see above
        """
        found = []
        for id_, start, end, key in self.candidates:
            if not start <= date <= end:
                continue
            distances = [facts.get(n, {}).get(i) for n, i in key.items()]
            if None not in distances:
                found.append((-len(key), sum(distances), id_))
        return [id_ for *_, id_ in sorted(found)]

    @without_check_access
    def get_product_facts(self, products):
        """Return the facts of products, as far as a line asks for them.

        :param products: ids
        :return: dictionary of facts by id
        """
        facts = defaultdict(dict)
        products = [i for i in set(products) if i is not None]
        if not products:
            return facts
        if 'category' in self.dimensions:
            self._add_categories(facts, products)
        if 'account' in self.dimensions:
            Product = Pool().get('product.product')
            with Transaction().set_context(company=self.company.id):
                for product in Product.browse(products):
                    if account := product.account_expense_used:
                        facts[product.id]['account'] = {account.id: 0}
        return facts

    def _add_categories(self, facts, products):
        pool = Pool()
        category = pool.get('product.category').__table__()
        product = pool.get('product.product').__table__()
        relation = pool.get(
            'product.template-product.category.all').__table__()
        cursor = Transaction().connection.cursor()
        cursor.execute(*category.select(category.id, category.parent))
        parents = dict(cursor)
        cursor.execute(*product.join(
                relation,
                condition=relation.template == product.template).select(
                product.id, relation.category,
                where=fields.SQL_OPERATORS['in'](product.id, products)))
        for id_, category in cursor:
            distances = facts[id_].setdefault('category', {})
            distance = 0
            while category:
                distances[category] = min(
                    distance, distances.get(category, distance))
                category, distance = parents[category], distance + 1

    @without_check_access
    def get_cost_prices(self, products):
        "Return the cost prices of the company by id of the product"
        table = Pool().get('product.cost_price').__table__()
        products = [i for i in set(products) if i is not None]
        if not products:
            return {}
        cursor = Transaction().connection.cursor()
        cursor.execute(*table.select(
                table.product, table.cost_price,
                where=fields.SQL_OPERATORS['in'](table.product, products)
                & (table.company == self.company.id)))
        return {id_: price or Decimal(0) for id_, price in cursor}


def is_controlled(company, date):
    """Test if the company has a budget since a date before or at the date.

    When the next one is not running yet, what is bought finds no budget: it
    is not free.

    :param company: record
    :param date: of the document
    """
    Budget = Pool().get('purchase.budget')
    with without_check_access():
        return bool(Budget.search([
                    ('company', '=', company.id),
                    ('state', 'in', ['running', 'closed']),
                    ('start_date', '<=', date),
                    ], limit=1, order=[]))


def describe_missing(missing, unpriced=()):
    """Return as texts which lines are not covered and what can be done.

    :param missing: iterable of the names of the lines that find no budget
    :param unpriced: the same of the lines that have one but no price
    :return: list
    """
    texts = []
    for message, names in [('missing', missing), ('unpriced', unpriced)]:
        names = list(islice(names, NAMED + 1))
        names[NAMED:] = ['…'] * len(names[NAMED:])
        if names:
            texts.append(gettext(
                    f'purchase_budget.msg_{message}',
                    lines=', '.join(names)))
    return texts
