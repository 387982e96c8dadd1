# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""A scan makes the alerts those that are due, in a few statements."""
import datetime as dt

from sql import Cast, Column, Conflict, Literal, Null
from sql.aggregate import Max
from sql.conditionals import Case, Coalesce
from sql.functions import Abs
from sql.operators import Concat

from trytond import backend
from trytond.model import ModelSQL, Unique, fields
from trytond.pool import Pool
from trytond.transaction import Transaction, without_check_access

from .kind import EPSILON, Scope, done_date

# How far back a move may be dated that is taken for what resolved an alert
BACK_DATED = dt.timedelta(days=30)
# How long a transaction may take, whose moves have the time of its beginning
LONGEST = dt.timedelta(minutes=15)


def rank(severity):
    "Return the expression of the order of the severity"
    return Case(
        (severity == 'critical', 3), (severity == 'warning', 2), else_=1)


class Finding(ModelSQL):
    """What a scan found, as long as it runs.

    A table, so that each kind is looked at once and nothing of it comes to
    the memory of the server.
    """
    __name__ = 'stock.alert.finding'
    company = fields.Integer("Company")
    kind = fields.Char("Kind")
    rule = fields.Integer("Rule")
    subject = fields.Char("Subject")
    product = fields.Integer("Product")
    warehouse = fields.Integer("Warehouse")
    value = fields.Float("Value")
    threshold = fields.Float("Threshold")
    severity = fields.Char("Severity")
    breach = fields.Boolean("Breach")
    open_key = fields.Char("Open Key")

    @classmethod
    def fill(cls, kind, scope):
        "Add what is wrong of the kind in the scope"
        query = kind.query(scope)
        table = cls.__table__()
        names = [
            'rule', 'subject', 'product', 'warehouse', 'value', 'threshold',
            'severity', 'breach']
        Transaction().connection.cursor().execute(*table.insert(
                [table.company, table.kind,
                    *[Column(table, n) for n in names], table.open_key],
                query.select(
                    Literal(scope.company.id),
                    Cast(Literal(kind.name), 'VARCHAR'),
                    *[Column(query, n) for n in names],
                    cls._open_key(query))))

    @classmethod
    def analyze(cls):
        "Let the database know how much was found, before it is joined"
        if backend.name == 'postgresql':
            Transaction().connection.cursor().execute(
                f'ANALYZE "{cls._table}"')

    @classmethod
    def _open_key(cls, query):
        "Return the expression that is the same for the same alert"
        key = Concat(Cast(query.rule, 'VARCHAR'), Concat('/', query.subject))
        return Concat(key, Concat(
                '/', Coalesce(Cast(query.warehouse, 'VARCHAR'), '')))

    @classmethod
    def clear(cls, company):
        "Forget what was found in the company"
        table = cls.__table__()
        Transaction().connection.cursor().execute(
            *table.delete(where=table.company == company.id))


class Scan(ModelSQL):
    """When the stock of a company was scanned.

    Who scans writes the record: a second one waits and then begins anew with
    what the first one has committed, so that alerts are neither doubled nor
    opened for what is over.
    """
    __name__ = 'stock.alert.scan'
    company = fields.Many2One(
        'company.company', "Company", required=True, ondelete='CASCADE')
    date = fields.DateTime("Date")

    @classmethod
    def __setup__(cls):
        super().__setup__()
        t = cls.__table__()
        cls._sql_constraints.append(
            ('company_unique', Unique(t, t.company),
                'stock_alert.msg_scan_company_unique'))

    @classmethod
    def begin(cls, company, whole, now):
        """Wait for other scans of the company.

        :param whole: whether everything is scanned
        :param now: when
        :return: when everything was scanned before, or None
        """
        table = cls.__table__()
        cursor = Transaction().connection.cursor()
        # Of the first two one must wait as well, not fail
        cursor.execute(*table.insert(
                [table.company], [[company.id]],
                on_conflict=Conflict(table)))
        cursor.execute(*table.select(
                table.date, where=table.company == company.id))
        before, = cursor.fetchone()
        cursor.execute(*table.update(
                [table.date, table.write_date],
                [now if whole else table.date, now],
                where=table.company == company.id))
        if isinstance(before, str):
            # SQLite does not convert it
            before = dt.datetime.fromisoformat(before)
        return before

    @classmethod
    @without_check_access
    def run(cls, company, products=None, subjects=None):
        """Open, update and resolve the alerts of a company.

        :param company: record
        :param products: ids to which the scan is limited, None for everything
        :param subjects: references of documents to which it is limited
        """
        pool = Pool()
        Date = pool.get('ir.date')
        Event = pool.get('stock.alert.event')
        Finding = pool.get('stock.alert.finding')
        Rule = pool.get('stock.alert.rule')
        with Transaction().set_context(company=company.id):
            today = Date.today()
        now = dt.datetime.now().replace(microsecond=0)
        whole = products is None and subjects is None
        before = cls.begin(company, whole, now)
        if whole:
            scope = Scope(company, today)
        else:
            scope = Scope(company, today, products or [], subjects or [])
        scopes = Rule.get_scopes(company)
        kinds = [
            kind() for kind in Rule.get_kinds().values()
            if whole
            or (kind.touch == 'product' and products)
            or (kind.touch == 'subject' and subjects)]
        Finding.clear(company)
        for kind in kinds:
            if kind.name in scopes:
                Finding.fill(kind, scope)
        if whole:
            Finding.analyze()
        last = Event.last_id()
        cls._open_found(scope, kinds, now)
        cls._update_found(scope, kinds, now)
        cls._resolve_missing(scope, kinds, now, before)
        cls._wake(scope, now)
        if whole:
            cls._escalate(scope, now)
        Finding.clear(company)
        Event.tell(company, last)

    @classmethod
    def _looked_at(cls, scope, kinds, table):
        "Return the clause of the alerts that the scan is about, by indexes"
        clause = (table.open_key != Null) & (
            table.company == scope.company.id)
        if scope.products is None:
            return clause

        def names(touch):
            return [k.name for k in kinds if k.touch == touch] or ['']

        return clause & (
            (table.kind.in_(names('product'))
                & scope.has_product(table.product))
            | (table.kind.in_(names('subject'))
                & scope.has_subject(table.subject)))

    @classmethod
    def _open_found(cls, scope, kinds, now):
        pool = Pool()
        Event = pool.get('stock.alert.event')
        found = pool.get('stock.alert.finding').__table__()
        table, existing = cls._alerts(), cls._alerts()
        cursor = Transaction().connection.cursor()
        cursor.execute(*table.select(Max(table.id)))
        last, = cursor.fetchone()
        names = [
            'company', 'rule', 'kind', 'subject', 'product', 'warehouse',
            'value', 'threshold', 'severity', 'open_key']
        date = Event.date.sql_cast(Literal(now))
        cursor.execute(*table.insert(
                [*[Column(table, n) for n in names], table.state,
                    table.opened_at, table.create_date, table.create_uid],
                found.join(
                    existing, 'LEFT',
                    condition=(existing.open_key == found.open_key)
                    & cls._looked_at(scope, kinds, existing)
                    ).select(
                        *[Column(found, n) for n in names],
                        Cast(Literal('open'), 'VARCHAR'),
                        date, date, Literal(Transaction().user),
                        where=found.breach & (existing.id == Null)
                        & (found.company == scope.company.id))))
        cls._note('opened', table.select(
                table.id, table.value, table.severity,
                where=(table.company == scope.company.id)
                & (table.id > (last or 0))), now)

    @classmethod
    def _update_found(cls, scope, kinds, now):
        "Keep value and severity of what is open up to date"
        pool = Pool()
        found = pool.get('stock.alert.finding').__table__()
        table = cls._alerts()
        before, after = rank(table.severity), rank(found.severity)
        for type_, clause in [
                ('worse', after > before), ('better', after < before)]:
            cls._note(
                type_,
                table.join(
                    found, condition=table.open_key == found.open_key
                    ).select(
                        table.id, found.value, found.severity,
                        where=clause & (table.state != 'resolved')
                        & cls._looked_at(scope, kinds, table)
                        & (found.company == scope.company.id)),
                now)
        changed = (
            (Abs(table.value - found.value) > EPSILON)
            | (Abs(table.threshold - found.threshold) > EPSILON)
            | (table.severity != found.severity))
        Transaction().connection.cursor().execute(*table.update(
                [table.value, table.threshold, table.severity,
                    table.write_date, table.write_uid],
                [found.value, found.threshold, found.severity,
                    now, Transaction().user],
                from_=[found],
                where=(table.open_key == found.open_key)
                & (table.state != 'resolved')
                & cls._looked_at(scope, kinds, table)
                & (found.company == scope.company.id) & changed))

    @classmethod
    def _resolve_missing(cls, scope, kinds, now, before):
        "Resolve what is open and was looked at but not found any more"
        pool = Pool()
        found = pool.get('stock.alert.finding').__table__()
        table = cls._alerts()
        missing = table.join(
            found, 'LEFT', condition=table.open_key == found.open_key
            ).select(
                table.id, table.value, table.severity, table.state,
                where=cls._looked_at(scope, kinds, table)
                & (found.id == Null))
        unresolved = missing.select(
            missing.id, missing.value, missing.severity,
            where=missing.state != 'resolved')
        cls._note('resolved', unresolved, now)
        table = cls._alerts()
        cursor = Transaction().connection.cursor()
        cursor.execute(*table.update(
                [table.state, table.resolution, table.resolved_at,
                    table.write_date, table.write_uid],
                ['resolved', 'automatic', now, now, Transaction().user],
                where=table.id.in_(unresolved.select(unresolved.id))))
        # What was resolved by hand may be wrong anew from now on
        cursor.execute(*table.update(
                [table.open_key], [Null],
                where=table.id.in_(missing.select(missing.id))))
        cls._name_cause(scope, now, before)

    @classmethod
    def _name_cause(cls, scope, now, before):
        """Name the move that resolved what was just resolved.

        It is the last one of the product that was done since the scan before.
        """
        pool = Pool()
        move = pool.get('stock.move').__table__()
        table = cls._alerts()
        if not before:
            return
        # For each of the few by the index of the moves of a product
        last = move.select(
            Max(move.id),
            where=(move.state == 'done')
            & (move.product == table.product)
            & (move.company == scope.company.id)
            & (done_date(move) >= scope.today - BACK_DATED)
            & (Coalesce(move.write_date, move.create_date)
                >= before - LONGEST))
        Transaction().connection.cursor().execute(*table.update(
                [table.resolved_move], [last],
                where=(table.product != Null)
                & (table.company == scope.company.id)
                & (table.state == 'resolved')
                & (table.resolution == 'automatic')
                & (table.resolved_at == now)))

    @classmethod
    def _wake(cls, scope, now):
        "Open again what was snoozed until today"
        table = cls._alerts()
        due = table.select(
            table.id, table.value, table.severity,
            where=(table.state == 'snoozed')
            & (table.snoozed_until <= scope.today)
            & (table.company == scope.company.id))
        cls._note('woken', due, now)
        Transaction().connection.cursor().execute(*table.update(
                [table.state, table.snoozed_until, table.write_date],
                ['open', Null, now],
                where=(table.state == 'snoozed')
                & (table.snoozed_until <= scope.today)
                & (table.company == scope.company.id)))

    @classmethod
    def _escalate(cls, scope, now):
        "Mark what nobody acknowledged for as many days as the rule says"
        pool = Pool()
        Rule = pool.get('stock.alert.rule')
        rule, table = Rule.__table__(), cls._alerts()
        cursor = Transaction().connection.cursor()
        cursor.execute(*rule.select(
                rule.escalate_after,
                where=(rule.escalate_after != Null)
                & (rule.company == scope.company.id),
                group_by=rule.escalate_after))
        clause = Literal(False)
        for days, in cursor.fetchall():
            same = rule.select(
                rule.id,
                where=(rule.escalate_after == days)
                & (rule.company == scope.company.id))
            clause |= table.rule.in_(same) & (
                table.opened_at <= now - dt.timedelta(days=days))
        where = (
            (table.state == 'open') & (table.escalated_at == Null)
            & (table.company == scope.company.id) & clause)
        cls._note('escalated', table.select(
                table.id, table.value, table.severity, where=where), now)
        cursor.execute(*table.update(
                [table.escalated_at, table.write_date], [now, now],
                where=where))

    @classmethod
    def _note(cls, type_, alerts, now):
        """Record an event of each alert.

        :param alerts: query with id, value and severity
        """
        Event = Pool().get('stock.alert.event')
        event = Event.__table__()
        Transaction().connection.cursor().execute(*event.insert(
                [event.alert, event.value, event.severity, event.type,
                    event.date, event.create_date, event.create_uid],
                alerts.select(
                    alerts.id, alerts.value, alerts.severity,
                    Cast(Literal(type_), 'VARCHAR'),
                    Event.date.sql_cast(Literal(now)),
                    Event.date.sql_cast(Literal(now)),
                    Literal(Transaction().user))))

    @classmethod
    def _alerts(cls):
        return Pool().get('stock.alert').__table__()
