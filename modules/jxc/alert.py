# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""The rules of alerts that a new company begins with."""
from trytond.pool import Pool

# Kind, values of the rule and the roles that are told
ALERT_RULES = [
    ('below_minimum', {'from_order_point': True}, ['keeper', 'planner']),
    ('above_maximum', {'from_order_point': True, 'severity': 'info'},
        ['planner']),
    ('negative', {'severity': 'critical'}, ['warehouse_manager']),
    ('forecast_negative', {}, ['planner']),
    ('non_moving', {'threshold': 90, 'severity': 'info'},
        ['warehouse_manager']),
    ('expiring', {'threshold': 30, 'critical_threshold': 7}, ['keeper']),
    ('expired', {'severity': 'critical'}, ['keeper', 'warehouse_manager']),
    ('quarantine', {'threshold': 7}, ['warehouse_manager']),
    ('overdue_receipt', {'threshold': 0, 'critical_threshold': 7},
        ['buyer']),
    ('overdue_delivery', {'threshold': 0, 'critical_threshold': 7},
        ['keeper', 'sales_manager']),
    ('overdue_internal', {'threshold': 0}, ['keeper']),
    ('purchase_price', {'threshold': 10, 'reference': 'last_price'},
        ['purchase_manager']),
    ('sale_price', {'threshold': 0, 'reference': 'cost_price'},
        ['sales_manager']),
    ('receivable_overdue', {'threshold': 0, 'critical_threshold': 30},
        ['accountant', 'sales_manager']),
    ('credit_limit', {'threshold': 80, 'critical_threshold': 100},
        ['accountant', 'sales_manager']),
    ]


def create_rules(company, rules):
    """Create the rules of a company.

    They only alert: what a document is warned of or refused is for the
    company to say.

    :param company: record
    :param rules: list of kind, values and names of roles
    """
    pool = Pool()
    ModelData = pool.get('ir.model.data')
    Rule = pool.get('stock.alert.rule')
    Rule.create([{
                'company': company.id,
                'kind': kind,
                'roles': [('add', [
                            ModelData.get_id('jxc', f'role_{role}')
                            for role in roles])],
                **values,
                } for kind, values, roles in rules])
