# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from decimal import Decimal

from trytond.modules.company.tests import CompanyTestMixin
from trytond.pool import Pool
from trytond.tests.test_tryton import ModuleTestCase, with_transaction


class SaleReturnTestCase(CompanyTestMixin, ModuleTestCase):
    "Test Sale Return module"
    module = 'sale_return'
    extras = [
        'document_approval', 'quality', 'sale_complaint', 'stock_lot']

    @property
    def _skip_company_rule(self):
        # Without company it is for all
        return super()._skip_company_rule | {
            ('sale.return.policy', 'company')}

    @with_transaction()
    def test_policy(self):
        "Test each condition of a policy"
        pool = Pool()
        Policy = pool.get('sale.return.policy')
        Category = pool.get('product.category')
        Party = pool.get('party.party')
        Reason = pool.get('stock.return.reason')
        category, other = Category.create([{'name': "A"}, {'name': "B"}])
        party, stranger = Party.create([{'name': "A"}, {'name': "B"}])
        quality, = Reason.search([('code', '=', '01')])
        mind, = Reason.search([('code', '=', '07')])
        facts = {
            'categories': {category},
            'reason': quality,
            'condition': 'opened',
            'days': 30,
            'shelf_life': 10,
            'share': lambda: Decimal('0.25'),
            'without_original': False,
            'party': party,
            }
        for values, result in [
                ({}, True),
                ({'category': category}, True),
                ({'category': other}, False),
                ({'reason': quality}, True),
                ({'reason': mind}, False),
                ({'reason_class': 'quality'}, True),
                ({'reason_class': 'mind'}, False),
                # The reason says more than its class
                ({'reason': quality, 'reason_class': 'mind'}, True),
                ({'condition': 'opened'}, True),
                ({'condition': 'unopened'}, False),
                ({'days': 29}, True),
                ({'days': 30}, False),
                ({'shelf_life': 10}, True),
                ({'shelf_life': 9}, False),
                ({'share': Decimal('0.24')}, True),
                ({'share': Decimal('0.25')}, False),
                ({'without_original': True}, False),
                ({'customer': party}, True),
                ({'customer': stranger}, False),
                # All conditions have to be met
                ({'days': 29, 'condition': 'unopened'}, False),
                ]:
            with self.subTest(values=values):
                policy = Policy(name="Policy", result='allow', **{
                        n: None for n in Policy._fields
                        if n not in {'name', 'result', *values}})
                for name, value in values.items():
                    setattr(policy, name, value)
                self.assertEqual(policy.match(facts), result)
        policy.customer = policy.condition = None
        policy.days, policy.shelf_life = 0, None
        for name in ['days', 'shelf_life']:
            # Nothing is known without original
            policy.days = 0 if name == 'days' else None
            policy.shelf_life = 99 if name == 'shelf_life' else None
            self.assertFalse(policy.match({**facts, name: None}))


del ModuleTestCase
