# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Counting: the stocktakes since the opening one."""
from .demo_base import days

# Location, days ago, by how much the count of some products differs, end
COUNTS = [
    ('WH-A', 95, [-1, 2, 0, -3], 'done'),
    ('SHOP-STO', 33, [0, -1, 1, 0], 'done'),
    ('WH-B', 2, [-4, 0, 0], 'draft'),
    ('SHOP-STO', 0, [0, -2], 'draft'),
    ]


def count(demo):
    "Count, with the differences that there always are"
    Inventory = demo.model('stock.inventory', 'keeper')
    for code, ago, differences, end in COUNTS:
        demo.now = demo.today - days(ago)
        inventory = Inventory(
            location=demo.seen(demo.locations[code], 'keeper'),
            date=demo.now, empty_quantity='keep')
        inventory.save()
        demo.click([inventory], 'complete_lines', 'keeper')
        inventory.reload()
        lines = [l for l in inventory.lines if l.expected_quantity > 5]
        for line, difference in zip(lines, differences):
            line.quantity = line.expected_quantity + difference
        inventory.save()
        if end == 'done':
            demo.click([inventory], 'confirm', 'warehouse_manager')
