# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What people do with one alert or with many."""
import datetime as dt

from trytond.i18n import gettext
from trytond.model import ModelView, fields
from trytond.pool import Pool
from trytond.pyson import Date
from trytond.wizard import Button, StateTransition, StateView, Wizard

from .exceptions import AlertError


class _Handle(Wizard):
    "A wizard of the selected alerts"

    def default_start(self, fields):
        if not self.records:
            raise AlertError(gettext('stock_alert.msg_nothing_selected'))
        return {'count': len(self.records)}


class AcknowledgeStart(ModelView):
    __name__ = 'stock.alert.acknowledge.start'
    count = fields.Integer("Alerts", readonly=True)
    note = fields.Text("Note", help="What you do about it.")


class Acknowledge(_Handle):
    __name__ = 'stock.alert.acknowledge'
    start = StateView(
        'stock.alert.acknowledge.start',
        'stock_alert.acknowledge_start_view_form', [
            Button("Cancel", 'end', 'tryton-cancel'),
            Button("Acknowledge", 'acknowledge', 'tryton-ok', default=True),
            ])
    acknowledge = StateTransition()

    def transition_acknowledge(self):
        Alert = Pool().get('stock.alert')
        Alert.acknowledge(self.records, note=self.start.note)
        return 'end'

    def end(self):
        return 'reload'


class SnoozeStart(ModelView):
    __name__ = 'stock.alert.snooze.start'
    count = fields.Integer("Alerts", readonly=True)
    until = fields.Date(
        "Until", required=True, domain=[('until', '>', Date())],
        help="On this day they are told again, if it is still wrong.")
    note = fields.Text("Note")


class Snooze(_Handle):
    __name__ = 'stock.alert.snooze'
    start = StateView(
        'stock.alert.snooze.start', 'stock_alert.snooze_start_view_form', [
            Button("Cancel", 'end', 'tryton-cancel'),
            Button("Snooze", 'snooze', 'tryton-ok', default=True),
            ])
    snooze = StateTransition()

    def default_start(self, fields):
        today = Pool().get('ir.date').today()
        return {
            **super().default_start(fields),
            'until': today + dt.timedelta(days=7),
            }

    def transition_snooze(self):
        Alert = Pool().get('stock.alert')
        Alert.snooze(self.records, self.start.until, note=self.start.note)
        return 'end'

    def end(self):
        return 'reload'


class ResolveStart(ModelView):
    __name__ = 'stock.alert.resolve.start'
    count = fields.Integer("Alerts", readonly=True)
    reason = fields.Text(
        "Reason", required=True,
        help="Why nothing is to be done although it is still wrong.")


class Resolve(_Handle):
    __name__ = 'stock.alert.resolve'
    start = StateView(
        'stock.alert.resolve.start', 'stock_alert.resolve_start_view_form', [
            Button("Cancel", 'end', 'tryton-cancel'),
            Button("Resolve", 'resolve', 'tryton-ok', default=True),
            ])
    resolve = StateTransition()

    def transition_resolve(self):
        Alert = Pool().get('stock.alert')
        Alert.resolve(self.records, self.start.reason)
        return 'end'

    def end(self):
        return 'reload'
