# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Alerts live from the day something is wrong until it is right again."""
import datetime as dt

from sql import Null

from trytond.i18n import gettext
from trytond.model import Index, ModelSQL, ModelView, Unique, fields
from trytond.pool import Pool
from trytond.pyson import Eval, If
from trytond.transaction import Transaction, without_check_access

from .exceptions import AlertError
from .kind import search_named
from .rule import SEVERITIES

STATES = [
    ('open', "Open"),
    ('acknowledged', "Acknowledged"),
    ('snoozed', "Snoozed"),
    ('resolved', "Resolved"),
    ]


class Alert(ModelSQL, ModelView):
    __name__ = 'stock.alert'

    company = fields.Many2One(
        'company.company', "Company", required=True, readonly=True)
    rule = fields.Many2One(
        'stock.alert.rule', "Rule", required=True, readonly=True,
        ondelete='RESTRICT')
    kind = fields.Selection(
        'get_kinds', "Kind", required=True, readonly=True, sort=False)
    kind_string = kind.translated('kind')
    subject = fields.Reference(
        "Subject", 'get_subjects', required=True, readonly=True,
        help="What is wrong.")
    product = fields.Many2One(
        'product.product', "Product", readonly=True, ondelete='RESTRICT',
        context={'company': Eval('company', -1)}, depends={'company'})
    warehouse = fields.Many2One(
        'stock.location', "Warehouse", readonly=True, ondelete='RESTRICT')
    value = fields.Float(
        "Value", readonly=True, digits='unit',
        help="At the last scan at which it was wrong.")
    threshold = fields.Float("Threshold", readonly=True, digits='unit')
    unit = fields.Function(fields.Many2One(
            'product.uom', "Unit"), 'on_change_with_unit')
    measure = fields.Function(
        fields.Char("Measure"), 'on_change_with_measure')
    severity = fields.Selection(
        SEVERITIES, "Severity", required=True, readonly=True, sort=False)
    state = fields.Selection(
        STATES, "State", required=True, readonly=True, sort=False)
    open_key = fields.Char(
        "Open Key", readonly=True,
        help="As long as it is wrong there is no second alert of it.")
    opened_at = fields.DateTime("Opened at", required=True, readonly=True)
    acknowledged_by = fields.Many2One(
        'res.user', "Acknowledged by", readonly=True, ondelete='RESTRICT',
        states={'invisible': ~Eval('acknowledged_by')})
    acknowledged_at = fields.DateTime(
        "Acknowledged at", readonly=True,
        states={'invisible': ~Eval('acknowledged_by')})
    snoozed_until = fields.Date(
        "Snoozed until", readonly=True,
        states={'invisible': Eval('state') != 'snoozed'})
    escalated_at = fields.DateTime(
        "Escalated at", readonly=True,
        states={'invisible': ~Eval('escalated_at')})
    resolution = fields.Selection([
            (None, ""),
            ('automatic', "It Is Right Again"),
            ('manual', "By Hand"),
            ], "Resolution", readonly=True, sort=False,
        states={'invisible': Eval('state') != 'resolved'})
    resolved_at = fields.DateTime(
        "Resolved at", readonly=True,
        states={'invisible': Eval('state') != 'resolved'})
    resolved_by = fields.Many2One(
        'res.user', "Resolved by", readonly=True, ondelete='RESTRICT',
        states={'invisible': ~Eval('resolved_by')})
    resolved_move = fields.Many2One(
        'stock.move', "Resolved by Move", readonly=True,
        ondelete='SET NULL', states={'invisible': ~Eval('resolved_move')},
        help="The last move of the product before it was right again.")
    resolved_document = fields.Function(fields.Reference(
            "Resolved by Document", 'get_documents',
            states={'invisible': ~Eval('resolved_document')}),
        'get_resolved_document')
    note = fields.Text(
        "Note", readonly=True, states={'invisible': ~Eval('note')},
        help="Of who last acknowledged, snoozed or resolved it.")
    mine = fields.Function(
        fields.Boolean("Mine"), 'get_mine', searcher='search_mine')
    events = fields.One2Many(
        'stock.alert.event', 'alert', "History", readonly=True)

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls._order = [('opened_at', 'DESC'), ('id', 'DESC')]
        t = cls.__table__()
        cls._sql_constraints.append(
            ('open_key_unique', Unique(t, t.open_key),
                'stock_alert.msg_alert_open_key_unique'))
        cls._sql_indexes.update({
                *[Index(
                        t, (column, Index.Equality()),
                        where=t.open_key != Null)
                    for column in [t.product, t.subject]],
                Index(
                    t, (t.company, Index.Equality()),
                    (t.state, Index.Equality(cardinality='low')),
                    where=t.state.in_(
                        ['open', 'acknowledged', 'snoozed'])),
                Index(t, (t.rule, Index.Equality())),
                })
        closed = Eval('state') == 'resolved'
        cls._buttons.update({
                'acknowledge_wizard': {
                    'invisible': Eval('state') != 'open',
                    'depends': ['state'],
                    },
                'snooze_wizard': {
                    'invisible': closed,
                    'depends': ['state'],
                    },
                'resolve_wizard': {
                    'invisible': closed,
                    'depends': ['state'],
                    },
                })

    @classmethod
    def get_kinds(cls):
        Rule = Pool().get('stock.alert.rule')
        return Rule.fields_get(['kind'])['kind']['selection']

    @classmethod
    def _get_subjects(cls):
        "Return the names of the models that can be wrong"
        Move = Pool().get('stock.move')
        return [
            'product.product', 'stock.lot', 'stock.move',
            *Move._get_shipment(), *Move._get_origin()]

    @classmethod
    def get_subjects(cls):
        pool = Pool()
        Model = pool.get('ir.model')
        existing = {name for name, _ in pool.iterobject()}
        return [
            (None, ""),
            *cls._get_readable([
                    (n, Model.get_name(n))
                    for n in sorted(existing.intersection(
                            cls._get_subjects()))])]

    @classmethod
    def get_documents(cls):
        Move = Pool().get('stock.move')
        documents = {*Move.get_shipment(), *Move.get_origin()}
        return [
            (None, ""),
            *cls._get_readable(sorted(d for d in documents if d[0]))]

    @classmethod
    def _get_readable(cls, models):
        """Return those the user may read.

        Of one that is not the whole field would not be shown.
        """
        ModelAccess = Pool().get('ir.model.access')
        access = ModelAccess.get_access([name for name, _ in models])
        return [m for m in models if access[m[0]]['read']]

    def get_rec_name(self, name):
        names = [self.kind_string]
        if self.subject:
            names.append(self.subject.rec_name)
        return ' - '.join(names)

    @classmethod
    def search_rec_name(cls, name, clause):
        return search_named(clause, 'product', 'warehouse')

    @classmethod
    def view_attributes(cls):
        return super().view_attributes() + [
            ('/tree', 'visual', If(
                    Eval('state') == 'resolved', 'muted',
                    If(Eval('severity') == 'critical', 'danger',
                        If(Eval('severity') == 'warning', 'warning', '')))),
            ]

    @fields.depends('rule')
    def _get_measure(self):
        return self.rule.measure if self.rule else None

    @fields.depends('product', methods=['_get_measure'])
    def on_change_with_unit(self, name=None):
        if self.product and self._get_measure() == 'quantity':
            return self.product.default_uom

    @fields.depends('unit', methods=['_get_measure'])
    def on_change_with_measure(self, name=None):
        "The unit of value and threshold, whatever they are"
        measure = self._get_measure()
        if measure == 'quantity':
            return self.unit.symbol if self.unit else ''
        elif measure:
            return gettext(f'stock_alert.msg_measure_{measure}')

    def get_resolved_document(self, name):
        if move := self.resolved_move:
            document = move.shipment or move.origin
            return str(document) if document else None

    # Who is told

    @classmethod
    def get_mine(cls, alerts, name):
        Event = Pool().get('stock.alert.event')
        user = Transaction().user
        told = Event.sql_told()
        cursor = Transaction().connection.cursor()
        cursor.execute(*told.select(
                told.alert,
                where=(told.user == user)
                & fields.SQL_OPERATORS['in'](
                    told.alert, [a.id for a in alerts])))
        mine = {id_ for id_, in cursor}
        return {a.id: a.id in mine for a in alerts}

    @classmethod
    def search_mine(cls, name, clause):
        Event = Pool().get('stock.alert.event')
        _, operator, value = clause
        if operator not in {'=', '!='}:
            return []
        told = Event.sql_told()
        query = told.select(told.alert, where=told.user == Transaction().user)
        yes = bool(value) == (operator == '=')
        return [('id', 'in' if yes else 'not in', query)]

    # What people do

    @classmethod
    def check_modification(cls, mode, alerts, values=None, external=False):
        super().check_modification(
            mode, alerts, values=values, external=external)
        if mode == 'delete':
            raise AlertError(gettext(
                    'stock_alert.msg_alert_delete',
                    alert=alerts[0].rec_name))

    @classmethod
    def copy(cls, alerts, default=None):
        if alerts:
            raise AlertError(gettext('stock_alert.msg_alert_copy'))
        return []

    @classmethod
    def _check_unresolved(cls, alerts):
        """Check that there is something to do.

        Of two people, or a person and a scan, the second can not write what
        the first has written and starts anew.

        :raises AlertError: when one is resolved already
        """
        for alert in alerts:
            if alert.state == 'resolved':
                raise AlertError(gettext(
                        'stock_alert.msg_alert_resolved',
                        alert=alert.rec_name))

    @classmethod
    @without_check_access
    def acknowledge(cls, alerts, note=None):
        """Tell that the user takes care of the alerts.

        :param note: text or None
        :raises AlertError: when one is resolved
        """
        cls._change(alerts, 'acknowledged', note, {
                'acknowledged_by': Transaction().user or None,
                'acknowledged_at': dt.datetime.now(),
                'snoozed_until': None,
                })

    @classmethod
    @without_check_access
    def snooze(cls, alerts, until, note=None):
        """Do not tell of the alerts until the date.

        :param until: date after today
        :param note: text or None
        :raises AlertError: when one is resolved, or the date is not to come
        """
        Date = Pool().get('ir.date')
        if until <= Date.today():
            raise AlertError(gettext('stock_alert.msg_snooze_past'))
        cls._change(alerts, 'snoozed', note, {'snoozed_until': until})

    @classmethod
    @without_check_access
    def resolve(cls, alerts, reason):
        """Resolve the alerts by hand.

        What is still wrong is not opened again before it was right.

        :param reason: text
        :raises AlertError: when one is resolved, or without a reason
        """
        if not reason or not reason.strip():
            raise AlertError(gettext('stock_alert.msg_resolve_reason'))
        cls._change(alerts, 'resolved', reason, {
                'resolution': 'manual',
                'resolved_by': Transaction().user or None,
                'resolved_at': dt.datetime.now(),
                'snoozed_until': None,
                })

    @classmethod
    def _change(cls, alerts, state, note, values):
        Event = Pool().get('stock.alert.event')
        cls._check_unresolved(alerts)
        values['state'] = state
        if note:
            values['note'] = note
        cls.write(alerts, values)
        now = dt.datetime.now()
        Event.save([
                Event(
                    alert=alert, type=state, date=now, note=note,
                    user=Transaction().user or None,
                    value=alert.value, severity=alert.severity)
                for alert in alerts])

    @classmethod
    @ModelView.button_action('stock_alert.wizard_acknowledge')
    def acknowledge_wizard(cls, alerts):
        pass

    @classmethod
    @ModelView.button_action('stock_alert.wizard_snooze')
    def snooze_wizard(cls, alerts):
        pass

    @classmethod
    @ModelView.button_action('stock_alert.wizard_resolve')
    def resolve_wizard(cls, alerts):
        pass

    # What the schedule and the queue do

    @classmethod
    def scan(cls):
        "Make the alerts of all companies those that are due"
        pool = Pool()
        Company = pool.get('company.company')
        Scan = pool.get('stock.alert.scan')
        for company in Company.search([], order=[('id', 'ASC')]):
            with Transaction().set_context(company=company.id):
                Scan.run(company)
