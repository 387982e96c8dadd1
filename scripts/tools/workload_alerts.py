# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""The scan for stock alerts, beside bare statements that find the same."""
import time

# Rules of a product in a warehouse, of two kinds
RULES = 100_000


def alerts(side):
    """Scan everything for rules of a product in a warehouse.

    The first scan, which is not counted, opens the alerts.
    """
    _make_rules(side)
    cron, = side.find('ir.cron', [('method', '=', 'stock.alert|scan')])
    side.click('model.ir.cron.run_once', [cron])
    side.quantities = side.connection.execute(
        "SELECT count(*) FROM stock_alert WHERE state != 'resolved'"
        ).fetchone()


def alerts_raw(side):
    "Find what is below the minimum with a statement for each kind"
    _make_rules(side)
    begin = time.perf_counter()
    found = 0
    for kind, states in [
            ('below_minimum', ['done']),
            ('forecast_below', ['done', 'draft', 'assigned'])]:
        found += len(side.connection.execute('''
            WITH zone AS (
                SELECT location.id, warehouse.id AS warehouse
                FROM stock_location AS location
                JOIN stock_location AS warehouse
                ON warehouse.type = 'warehouse'
                    AND location."left" >= warehouse."left"
                    AND location."right" <= warehouse."right"
                WHERE location.type = 'storage'),
            change AS (
                SELECT product, warehouse, internal_quantity AS quantity,
                    state, coalesce(effective_date, planned_date) AS date
                FROM stock_move JOIN zone ON to_location = zone.id
                UNION ALL
                SELECT product, warehouse, -internal_quantity,
                    state, coalesce(effective_date, planned_date)
                FROM stock_move JOIN zone ON from_location = zone.id),
            level AS (
                SELECT product, warehouse, sum(quantity) AS quantity
                FROM change
                WHERE state = 'done'
                    OR state = ANY(%(states)s)
                    AND (date IS NULL OR date >= CURRENT_DATE)
                GROUP BY product, warehouse)
            SELECT rule.id, coalesce(level.quantity, 0)
            FROM stock_alert_rule AS rule
            LEFT JOIN level ON level.product = rule.product
                AND level.warehouse = rule.warehouse
            WHERE rule.kind = %(kind)s AND rule.active
                AND coalesce(level.quantity, 0) < rule.threshold''',
            {'kind': kind, 'states': states}).fetchall())
    side.seconds += time.perf_counter() - begin
    side.quantities = (found,)


def _make_rules(side):
    "Make as many rules as asked, of which every tenth is fallen short of"
    if side.find('stock.alert.rule', [], limit=1):
        return
    side.connection.execute('''
        INSERT INTO stock_alert_rule (
            active, company, kind, product, warehouse, threshold, severity,
            on_document, scope_key)
        SELECT true, %(company)s, kind, product.id, warehouse.id,
            CASE WHEN row_number() OVER () %% 10 = 0 THEN 1e9 ELSE -1e9 END,
            'warning', 'none', concat_ws(
                '/', %(company)s, kind, '', product.id, warehouse.id)
        FROM product_product AS product
        CROSS JOIN stock_location AS warehouse
        CROSS JOIN unnest(ARRAY['below_minimum', 'forecast_below']) AS kind
        WHERE warehouse.type = 'warehouse'
        ORDER BY product.id, warehouse.id LIMIT %(limit)s''',
        {'company': side.company, 'limit': RULES})
    side.connection.execute('VACUUM ANALYZE')
    # What the server remembers of the rules is forgotten with a new one
    rule, = side.client.call('model.stock.alert.rule.create', [{
                'company': side.company,
                'kind': 'negative',
                'warehouse': side.warehouse,
                }], side.client.context)
    side.client.call(
        'model.stock.alert.rule.delete', [rule], side.client.context)
    side.reset()
