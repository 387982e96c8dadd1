# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""How many alerts there are, of what, where, and how it went."""
from sql.aggregate import Count, Min, Sum
from sql.conditionals import Case

from trytond.model import ModelSQL, ModelView, fields
from trytond.pool import Pool

UNRESOLVED = ['open', 'acknowledged', 'snoozed']


class _AlertCount(ModelSQL, ModelView):
    "Unresolved alerts by severity"
    company = fields.Many2One('company.company', "Company")
    critical = fields.Integer("Critical")
    warning = fields.Integer("Warning")
    info = fields.Integer("Information")
    number = fields.Integer("Alerts")
    open = fields.Integer("Not Acknowledged")

    # The column by which the alerts are counted
    _counted = None

    @classmethod
    def table_query(cls):
        Alert = Pool().get('stock.alert')
        alert = Alert.__table__()
        column = getattr(alert, cls._counted)

        def number(clause):
            return Sum(Case((clause, 1), else_=0))

        return alert.select(
            Min(alert.id).as_('id'),
            alert.company.as_('company'),
            column.as_(cls._counted),
            *[number(alert.severity == name).as_(name)
                for name in ['critical', 'warning', 'info']],
            number(alert.state == 'open').as_('open'),
            Count(alert.id).as_('number'),
            where=alert.state.in_(UNRESOLVED),
            group_by=[alert.company, column])


class KindCount(_AlertCount):
    __name__ = 'stock.alert.count.kind'
    _counted = 'kind'
    kind = fields.Selection('get_kinds', "Kind")

    @classmethod
    def get_kinds(cls):
        return Pool().get('stock.alert').get_kinds()

    def get_rec_name(self, name):
        return dict(self.get_kinds()).get(self.kind, self.kind)


class WarehouseCount(_AlertCount):
    __name__ = 'stock.alert.count.warehouse'
    _counted = 'warehouse'
    warehouse = fields.Many2One('stock.location', "Warehouse")

    def get_rec_name(self, name):
        return self.warehouse.rec_name if self.warehouse else ''


class Trend(ModelSQL, ModelView):
    "Alerts opened and resolved by day"
    __name__ = 'stock.alert.trend'
    company = fields.Many2One('company.company', "Company")
    date = fields.Date("Date")
    opened = fields.Integer("Opened")
    resolved = fields.Integer("Resolved")

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls._order = [('date', 'DESC'), ('id', 'DESC')]

    @classmethod
    def table_query(cls):
        pool = Pool()
        Alert = pool.get('stock.alert')
        Event = pool.get('stock.alert.event')
        alert, event = Alert.__table__(), Event.__table__()
        date = cls.date.sql_cast(event.date)
        days = event.join(alert, condition=event.alert == alert.id).select(
            event.id.as_('id'), alert.company.as_('company'),
            date.as_('date'), event.type.as_('type'),
            where=event.type.in_(['opened', 'resolved']))
        return days.select(
            Min(days.id).as_('id'), days.company.as_('company'),
            days.date.as_('date'),
            *[Sum(Case((days.type == type_, 1), else_=0)).as_(type_)
                for type_ in ['opened', 'resolved']],
            group_by=[days.company, days.date])
