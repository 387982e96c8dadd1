# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What a plain count of the moves finds is what is alerted, at any time."""
import datetime as dt
from collections import defaultdict

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from trytond.pool import Pool
from trytond.tests.test_tryton import (
    TestCase, activate_module, with_transaction)
from trytond.transaction import Transaction

from .tools import with_store

PRODUCTS = 3
MEASURED = {
    'below_minimum', 'forecast_below', 'above_maximum', 'slow_moving'}
kinds = st.sampled_from([
        'below_minimum', 'forecast_below', 'above_maximum', 'negative',
        'forecast_negative', 'days_of_cover', 'slow_moving', 'non_moving',
        'overdue_receipt', 'overdue_delivery'])
rules = st.lists(
    st.fixed_dictionaries({
            'kind': kinds,
            'scope': st.sampled_from(
                ['', '', 'p', 'pw', 'c', 'cw', 'C', 'w']),
            'product': st.integers(0, PRODUCTS - 1),
            'warehouse': st.integers(0, 1),
            'threshold': st.integers(0, 12),
            'critical': st.one_of(st.none(), st.integers(-3, 30)),
            'period': st.sampled_from([5, 30]),
            'grams': st.booleans(),
            'value': st.sampled_from([None, None, 50]),
            }),
    min_size=1, max_size=6)
operations = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(['plan', 'plan', 'done']),
            st.integers(0, PRODUCTS - 1),
            st.integers(0, 1), st.integers(-20, 20).filter(bool),
            st.integers(-40, 12)),
        st.tuples(st.sampled_from(['do', 'cancel', 'delete', 'assign']),
            st.integers(0, 9)),
        st.tuples(st.just('redate'), st.integers(0, 9),
            st.integers(-40, 12)),
        st.tuples(st.just('transfer'), st.integers(0, PRODUCTS - 1),
            st.integers(1, 9)),
        st.tuples(st.just('deactivate'), st.integers(0, 5)),
        st.tuples(st.sampled_from(['scan', 'compact'])),
        ), min_size=1, max_size=10)


class Plain:
    "The same from the moves one by one"

    def __init__(self, store, rules):
        self.store = store
        self.rules = [r for r in store.Rule.browse(rules) if r.active]
        self.moves = store.Move.search([], order=[('id', 'ASC')])

    def applicable(self, kind, product, warehouse):
        parents = []
        category = next(iter(product.template.categories), None)
        while category:
            parents.append(category)
            category = category.parent
        found = []
        for rule in self.rules:
            if rule.kind != kind:
                continue
            if rule.product and rule.product != product:
                continue
            if rule.warehouse and rule.warehouse != warehouse:
                continue
            distance = 0
            if rule.category:
                if rule.category not in parents:
                    continue
                distance = parents.index(rule.category)
            found.append((
                    bool(rule.product), bool(rule.category),
                    bool(rule.warehouse), -distance, -rule.id, rule))
        # What is wanted first is product, then category, then warehouse
        return max(found)[-1] if found else None

    @staticmethod
    def date(move):
        return move.effective_date or move.planned_date

    def changes(self, move):
        if move.to_location.type == 'storage':
            yield move.to_location.warehouse, move.internal_quantity
        if move.from_location.type == 'storage':
            yield move.from_location.warehouse, -move.internal_quantity

    def quantities(self, states, expected=None):
        "By product and warehouse, also those that are none"
        result = defaultdict(float)
        today = self.store.today
        for move in self.moves:
            if move.state == 'done':
                pass
            elif move.state not in states or not (
                    move.state == 'assigned' or not self.date(move)
                    or self.date(move) >= today):
                continue
            for warehouse, quantity in self.changes(move):
                result[move.product, warehouse] += quantity
        for rule in self.rules:
            if rule.kind == expected and rule.product and rule.warehouse:
                result[rule.product, rule.warehouse] += 0
        return result

    def issues(self, product, warehouse):
        return [
            m for m in self.moves
            if m.state == 'done' and m.product == product
            and m.from_location.warehouse == warehouse
            and m.to_location.type == 'customer']

    def issued(self, product, warehouse, period):
        start = self.store.today - dt.timedelta(days=period)
        return sum(
            m.internal_quantity for m in self.issues(product, warehouse)
            if self.date(m) >= start)

    def first(self, product, warehouse):
        return min(
            self.date(m) for m in self.moves
            if m.state == 'done' and m.product == product
            and m.to_location.warehouse == warehouse)

    def values(self):
        "Yield kind, product, warehouse, subject and function of the rule"
        states = ['draft', 'assigned']
        for kind, planned, expected in [
                ('below_minimum', [], True), ('forecast_below', states, True),
                ('above_maximum', [], False), ('negative', [], False),
                ('forecast_negative', states, False)]:
            found = self.quantities(planned, kind if expected else None)
            for (product, warehouse), quantity in found.items():
                yield kind, product, warehouse, product, (
                    lambda rule, quantity=quantity: quantity)
        for (product, warehouse), quantity in self.quantities(
                ['assigned']).items():

            def cover(
                    rule, product=product, warehouse=warehouse,
                    quantity=quantity):
                issued = self.issued(product, warehouse, rule.period)
                return quantity * rule.period / issued if issued else None

            yield 'days_of_cover', product, warehouse, product, cover
        for (product, warehouse), quantity in self.quantities([]).items():
            if quantity <= 1e-6:
                continue
            try:
                first = self.first(product, warehouse)
            except ValueError:
                continue
            days = (self.store.today - first).days

            def worth(rule, quantity=quantity):
                return not rule.minimum_value or (
                    quantity * 10 > rule.minimum_value)

            def slow(
                    rule, product=product, warehouse=warehouse, days=days,
                    worth=worth):
                if days >= rule.period and worth(rule):
                    return self.issued(product, warehouse, rule.period)

            def standing(
                    rule, product=product, warehouse=warehouse, first=first,
                    worth=worth):
                dates = [
                    self.date(m) for m in self.issues(product, warehouse)]
                if worth(rule):
                    return (self.store.today - max(
                            dates, default=first)).days

            yield 'slow_moving', product, warehouse, product, slow
            yield 'non_moving', product, warehouse, product, standing
        for move in self.moves:
            if move.state not in states or not (
                    move.planned_date
                    and move.planned_date < self.store.today):
                continue
            late = (self.store.today - move.planned_date).days
            if move.from_location.type == 'supplier':
                yield ('overdue_receipt', move.product,
                    move.to_location.warehouse, move, lambda rule, l=late: l)
            elif move.to_location.type == 'customer':
                yield ('overdue_delivery', move.product,
                    move.from_location.warehouse, move,
                    lambda rule, l=late: l)

    def is_wrong(self, kind, value, threshold, inclusive):
        if kind in {'above_maximum', 'non_moving'} or 'overdue' in kind:
            return value > threshold or (inclusive and value == threshold)
        return value < threshold or (inclusive and value == threshold)

    def facts(self):
        facts = []
        for kind, product, warehouse, subject, value in self.values():
            rule = self.applicable(kind, product, warehouse)
            if not rule:
                continue
            value = value(rule)
            if value is None:
                continue
            value = round(value, 6)
            factor = 0.001 if rule.unit else 1
            if not self.is_wrong(
                    kind, value, (rule.threshold or 0) * factor,
                    kind == 'non_moving'):
                continue
            critical = rule.critical_threshold
            facts.append((
                    rule.id, str(subject), warehouse.id, round(value, 3),
                    'critical' if critical is not None and self.is_wrong(
                        kind, value, critical * factor, True)
                    else 'warning'))
        return sorted(facts)


class PropertyTestCase(TestCase):
    "Test the alerts after any moves"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        activate_module('stock_alert')

    @with_transaction()
    def test_alerts(self):
        "After any moves the alerts are those that are counted"
        # One store for all: what was done is undone by the savepoint
        with with_store(PRODUCTS) as store:
            Template = Pool().get('product.template')
            Template.write(
                [store.products[0].template],
                {'categories': [('add', [store.noodles.id])]})
            cursor = Transaction().connection.cursor()

            @settings(
                max_examples=40, deadline=None, phases=[Phase.generate])
            @given(rules, operations)
            def check(rules, operations):
                cursor.execute('SAVEPOINT example')
                try:
                    made = self.make_rules(store, rules)
                    # As the queue does for new rules
                    store.scan()
                    for name, *arguments in operations:
                        getattr(self, name)(store, made, *arguments)
                        store.run_queue()
                    store.run_queue()
                    expected = Plain(store, made).facts()
                    self.assertEqual(store.facts(), expected)
                    store.scan()
                    self.assertEqual(store.facts(), expected)
                finally:
                    cursor.execute('ROLLBACK TO SAVEPOINT example')
                    cursor.execute('RELEASE SAVEPOINT example')
                    Transaction().cache.clear()
                    store.Rule._scopes_cache.clear()
                    for manager in Transaction()._datamanagers:
                        manager.tpc_abort(Transaction())
            check()

    def make_rules(self, store, rules):
        made = {}
        for values in rules:
            scope = values['scope']
            kind = store.Rule.get_kinds()[values['kind']]
            threshold = values['threshold']
            critical = values['critical']
            if 'threshold' not in kind.uses:
                threshold = None
            if critical is not None:
                critical = (
                    max(critical, threshold or 0) if kind.above
                    else min(critical, threshold or 0))
                if kind.measure == 'days':
                    critical = max(critical, 0)
            product = store.products[values['product']]
            warehouse = [store.warehouse, store.second][values['warehouse']]
            key = (kind.name, scope.lower().replace(
                    'p', str(product.id)).replace('w', str(warehouse.id)),
                'C' in scope)
            if key in made:
                continue
            if kind.above and kind.name == 'above_maximum':
                # Not below a minimum
                threshold += 12
                critical = critical and critical + 12
            made[key] = store.rule(
                kind.name, threshold, critical_threshold=critical,
                product=product if 'p' in scope else None,
                category=(
                    store.noodles if 'c' in scope
                    else store.food if 'C' in scope else None),
                warehouse=warehouse if 'w' in scope else None,
                unit=(
                    store.gram
                    if values['grams'] and kind.name in MEASURED
                    and kind.name == 'slow_moving' else None),
                period=values['period'] if 'period' in kind.uses else None,
                minimum_value=(
                    values['value'] if 'value' in kind.uses else None))
        return list(made.values())

    # Operations

    def plan(self, store, rules, product, warehouse, quantity, days):
        store.move(
            store.products[product], quantity,
            [store.warehouse, store.second][warehouse], days, 'draft')

    def done(self, store, rules, product, warehouse, quantity, days):
        store.move(
            store.products[product], quantity,
            [store.warehouse, store.second][warehouse], min(days, 0))

    def transfer(self, store, rules, product, quantity):
        store.move(
            store.products[product], quantity, places=(
                store.warehouse.storage_location,
                store.second.storage_location))

    def pick(self, store, index, *states):
        moves = store.Move.search(
            [('state', 'in', states)], order=[('id', 'ASC')])
        return moves[index % len(moves):][:1] if moves else []

    def do(self, store, rules, index):
        with Transaction().set_context(_skip_warnings=True):
            store.Move.do(self.pick(store, index, 'draft', 'assigned'))

    def cancel(self, store, rules, index):
        store.Move.cancel(self.pick(
                store, index, 'draft', 'assigned', 'done'))

    def delete(self, store, rules, index):
        store.Move.delete(self.pick(store, index, 'draft', 'cancelled'))

    def assign(self, store, rules, index):
        store.Move.assign(self.pick(store, index, 'draft'))

    def redate(self, store, rules, index, days):
        store.Move.write(
            self.pick(store, index, 'draft'),
            {'planned_date': store.day(days)})

    def deactivate(self, store, rules, index):
        rule = store.Rule(rules[index % len(rules)].id)
        store.Rule.write([rule], {'active': not rule.active})
        store.scan()

    def scan(self, store, rules):
        store.scan()

    def compact(self, store, rules):
        Pool().get('stock.level.entry').compact()
