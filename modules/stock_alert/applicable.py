# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Which rule applies to what, for all there is in one statement."""
from sql import Literal, Null, Union, Window, With
from sql.conditionals import Case, Coalesce
from sql.functions import RowNumber

from trytond.cache import Cache
from trytond.pool import Pool
from trytond.transaction import Transaction

# What a rule may be restricted to, the most specific first
SPECIFICITY = [
    ('product', 'warehouse'),
    ('product',),
    ('category', 'warehouse'),
    ('category',),
    ('warehouse',),
    (),
    ]


class ApplicableMixin:
    "The rules of which the most specific one applies"
    __slots__ = ()
    _scopes_cache = Cache('stock.alert.rule.scopes', context=False)

    @classmethod
    def get_scopes(cls, company):
        """Return what the active rules of the company are restricted to.

        :return: dictionary by kind of dictionaries by the names of what they
            are restricted to, one of SPECIFICITY, of sets of names of what
            they need beside the threshold
        """
        scopes = cls._scopes_cache.get(company.id)
        if scopes is None:
            rule = cls.__table__()
            columns = [rule.kind, *[
                    Case((column != Null, 1), else_=0).as_(name)
                    for name, column in [
                        ('product', rule.product),
                        ('category', rule.category),
                        ('warehouse', rule.warehouse),
                        ('unit', rule.unit)]]]
            inner = rule.select(
                *columns,
                where=rule.active & (rule.company == company.id))
            cursor = Transaction().connection.cursor()
            keys = [
                inner.kind, inner.product, inner.category, inner.warehouse,
                inner.unit]
            cursor.execute(*inner.select(*keys, group_by=keys))
            scopes = {}
            for kind, product, category, warehouse, unit in cursor:
                names = tuple(
                    name for name, used in [
                        ('product', product), ('category', category),
                        ('warehouse', warehouse)] if used)
                needs = scopes.setdefault(kind, {}).setdefault(names, set())
                if unit:
                    needs.add('unit')
            cls._scopes_cache.set(company.id, scopes)
        return scopes

    @classmethod
    def get_periods(cls, kind, company):
        "Return the different periods of the active rules of the kind"
        rule = cls.__table__()
        cursor = Transaction().connection.cursor()
        cursor.execute(*rule.select(
                rule.period,
                where=rule.active & (rule.kind == kind)
                & (rule.company == company.id) & (rule.period != Null),
                group_by=rule.period, order_by=rule.period))
        return [period for period, in cursor]

    @classmethod
    def sql_applicable(cls, row, kind, company, uses):
        """Join each row with the rule that applies to it.

        :param row: query with product, template and warehouse
        :param kind: name of it
        :param company: record
        :param uses: what the kind uses: without product there is no product
            in the row
        :return: the joined tables and the table of the rule; rows without
            a rule are left out
        """
        scopes = cls.get_scopes(company).get(kind, {})
        from_, ids = row, []
        for names in SPECIFICITY:
            if names not in scopes or {
                    n for n in names if n != 'category'} - uses:
                continue
            if 'category' in names:
                found = cls._sql_categories(
                    kind, company, 'warehouse' in names)
                condition = found.product == row.product
                if 'warehouse' in names:
                    condition &= found.warehouse == row.warehouse
                id_ = found.rule
            else:
                found = cls.__table__()
                condition = cls._sql_scope(found, kind, company, names)
                for name in names:
                    condition &= getattr(found, name) == getattr(row, name)
                id_ = found.id
            from_ = from_.join(found, 'LEFT', condition=condition)
            ids.append(id_)
        rule = cls.__table__()
        if not ids:
            applies = Literal(False)
        else:
            applies = rule.id == (
                Coalesce(*ids) if len(ids) > 1 else ids[0])
        return from_.join(rule, condition=applies), rule

    @classmethod
    def _sql_scope(cls, rule, kind, company, names):
        "Return the clause of the rules restricted to what is named"
        clause = rule.active & (rule.kind == kind) & (
            rule.company == company.id)
        for name in ['product', 'category', 'warehouse']:
            column = getattr(rule, name)
            clause &= (column != Null) if name in names else (column == Null)
        return clause

    @classmethod
    def _sql_categories(cls, kind, company, warehouse):
        """Return the rule of the nearest category of each product.

        :return: query with product, warehouse and rule
        """
        pool = Pool()
        Category = pool.get('product.category')
        Member = pool.get('product.template-product.category.all')
        Product = pool.get('product.product')
        rule, category, member, product = (
            M.__table__() for M in [cls, Category, Member, Product])
        names = ('category', 'warehouse') if warehouse else ('category',)
        tree = With('rule', 'category', 'warehouse', 'distance',
            recursive=True)
        tree.query = Union(
            rule.select(
                rule.id, rule.category, rule.warehouse, Literal(0),
                where=cls._sql_scope(rule, kind, company, names)),
            category.join(
                tree, condition=category.parent == tree.category
                ).select(
                    tree.rule, category.id, tree.warehouse,
                    tree.distance + 1),
            all_=True)
        ranked = (tree
            .join(member, condition=member.category == tree.category)
            .join(product, condition=product.template == member.template)
            .select(
                product.id.as_('product'),
                tree.warehouse.as_('warehouse'),
                tree.rule.as_('rule'),
                RowNumber(window=Window(
                        [product.id, tree.warehouse],
                        order_by=[tree.distance, tree.rule])
                    ).as_('position'),
                with_=[tree]))
        return ranked.select(
            ranked.product.as_('product'),
            ranked.warehouse.as_('warehouse'),
            ranked.rule.as_('rule'),
            where=ranked.position == 1)

    @classmethod
    def sql_threshold(cls, from_, row, rule, kind, company):
        """Return the threshold in the default unit of the product.

        :param from_: joined tables, among them row and rule
        :param kind: instance of it
        :return: the tables, the expression of the threshold, and that of the
            factor from the unit of the rule to the default unit
        """
        pool = Pool()
        Uom = pool.get('product.uom')
        if 'threshold' not in kind.uses:
            return from_, Literal(0.), Literal(1.)
        factor = Literal(1.)
        scopes = cls.get_scopes(company).get(kind.name, {})
        if 'unit' in kind.uses and any(
                'unit' in needs for needs in scopes.values()):
            unit, default_unit = Uom.__table__(), Uom.__table__()
            from_ = (from_
                .join(unit, 'LEFT', condition=rule.unit == unit.id)
                .join(default_unit,
                    condition=(row.unit == default_unit.id)
                    # What is not measured like this has no such rule
                    & ((unit.id == Null)
                        | (unit.category == default_unit.category))))
            factor = Coalesce(unit.factor / default_unit.factor, 1.)
        return from_, rule.threshold * factor, factor

    @classmethod
    def sql_order_points(cls, company):
        """Return the order points that rules take their thresholds from.

        :return: query with product, warehouse, minimum and maximum, or None
        """

    @classmethod
    def find(cls, kind, company, pairs):
        """Return the rules that apply to products in warehouses.

        :param kind: name of it
        :param company: record
        :param pairs: of a product and a warehouse or None, records
        :return: dictionary by pair, without those that no rule is for
        """
        pool = Pool()
        Product = pool.get('product.product')
        Location = pool.get('stock.location')
        pairs = set(pairs)
        uses = cls.get_kinds()[kind].uses
        if kind not in cls.get_scopes(company) or not pairs:
            return {}
        product, warehouse = Product.__table__(), Location.__table__()
        asked = Union(*[
                product.join(
                    warehouse, 'LEFT',
                    condition=warehouse.id == (w.id if w else Null)
                    ).select(
                        product.id.as_('product'),
                        product.template.as_('template'),
                        warehouse.id.as_('warehouse'),
                        where=product.id == p.id)
                for p, w in pairs], all_=True)
        from_, rule = cls.sql_applicable(asked, kind, company, uses)
        cursor = Transaction().connection.cursor()
        cursor.execute(*from_.select(
                asked.product, asked.warehouse, rule.id))
        found = {(p, w): id_ for p, w, id_ in cursor}
        rules = {r.id: r for r in cls.browse(list(set(found.values())))}
        return {
            (p, w): rules[found[p.id, w.id if w else None]]
            for p, w in pairs if (p.id, w.id if w else None) in found}
