# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.pool import PoolMeta


class Setup(metaclass=PoolMeta):
    __name__ = 'company.setup'

    def _new_warehouse(self, first):
        warehouse = super()._new_warehouse(first)
        warehouse.production_location = first.production_location
        return warehouse

    def _get_alert_rules(self):
        return [
            *super()._get_alert_rules(),
            ('overdue_production', {'threshold': 0}, ['planner']),
            ]
