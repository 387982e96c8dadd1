# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""A scan makes the alerts those that are due, in a few statements."""
import datetime as dt

from sql import Cast, Column, Conflict, Literal, Null, Union
from sql.aggregate import Max
from sql.conditionals import Case, Coalesce
from sql.functions import Abs
from sql.operators import Concat

from trytond.model import ModelSQL, Unique, fields
from trytond.pool import Pool
from trytond.transaction import Transaction, without_check_access

from .kind import EPSILON, Scope, done_date

# What is kept of what is wrong, and of what is open, with the SQL types
WRONG = {
    'rule': 'INTEGER',
    'subject': 'VARCHAR',
    'product': 'INTEGER',
    'warehouse': 'INTEGER',
    'value': 'FLOAT',
    'threshold': 'FLOAT',
    'severity': 'VARCHAR',
    }
OPEN = {
    'id': 'INTEGER',
    'state': 'VARCHAR',
    'value': 'FLOAT',
    'threshold': 'FLOAT',
    'severity': 'VARCHAR',
    }
# How far back a move may be dated that is taken for what resolved an alert
BACK_DATED = dt.timedelta(days=30)
# How long a transaction may take, whose moves have the time of its beginning
LONGEST = dt.timedelta(minutes=15)


def rank(severity):
    "Return the expression of the order of the severity"
    return Case(
        (severity == 'critical', 3), (severity == 'warning', 2), else_=1)


class Finding(ModelSQL):
    """What a scan found to be otherwise than the alerts say.

    A table, so that each kind is looked at once and nothing of it comes to
    the memory of the server.  What is wrong as before leaves no row.
    """
    __name__ = 'stock.alert.finding'
    company = fields.Integer("Company")
    rule = fields.Integer("Rule")
    kind = fields.Char("Kind")
    subject = fields.Char("Subject")
    product = fields.Integer("Product")
    warehouse = fields.Integer("Warehouse")
    value = fields.Float("Value")
    threshold = fields.Float("Threshold")
    severity = fields.Char("Severity")
    open_key = fields.Char("Open Key")
    alert = fields.Integer("Alert")
    # 'opened', 'worse', 'better', 'value', 'resolved', or 'over' of what was
    # resolved by hand before
    change = fields.Char("Change")

    @classmethod
    def fill(cls, kind, scope):
        """Add what differs of the kind in the scope.

        What is wrong and what is open are grouped by their key.  Unlike a
        join that is fast however little the database knows of their numbers.
        """
        wrong, alert = kind.query(scope), cls._alerts(scope)
        either = Union(
            wrong.select(
                cls._open_key(wrong).as_('open_key'),
                *[Column(wrong, n).as_(n) for n in WRONG],
                Case((wrong.breach, 1), else_=0).as_('breach'),
                *[Cast(Null, t).as_(f'open_{n}') for n, t in OPEN.items()]),
            alert.select(
                alert.open_key, *[Cast(Null, t) for t in WRONG.values()],
                Cast(Null, 'INTEGER'), *[Column(alert, n) for n in OPEN],
                where=(alert.kind == kind.name)
                & (scope.has_product(alert.product)
                    if kind.touch == 'product'
                    else scope.has_subject(alert.subject))),
            all_=True)
        both = either.select(
            either.open_key,
            *[Max(Column(either, n)).as_(n) for n in [
                    *WRONG, 'breach', *[f'open_{n}' for n in OPEN]]],
            group_by=either.open_key)
        before, after = rank(both.open_severity), rank(both.severity)
        change = Case(
            (both.open_id == Null, 'opened'),
            (both.rule == Null, _ended(both.open_state)),
            (after > before, 'worse'),
            (after < before, 'better'),
            else_='value')
        differs = (
            (Abs(both.open_value - both.value) > EPSILON)
            | (Abs(both.open_threshold - both.threshold) > EPSILON)
            | (before != after))
        values = {n: Column(both, n) for n in WRONG}
        for name in ['value', 'severity']:
            # What ended has those it had at last
            values[name] = Coalesce(
                values[name], Column(both, f'open_{name}'))
        cls._insert(both.select(
                Literal(scope.company.id),
                Cast(Literal(kind.name), 'VARCHAR'),
                *values.values(), both.open_key, both.open_id,
                Cast(change, 'VARCHAR'),
                where=((both.open_id == Null) & (both.breach == 1))
                | ((both.open_id != Null) & (both.rule == Null))
                | ((both.open_state != 'resolved') & differs)))

    @classmethod
    def fill_rest(cls, scope, kinds):
        """Add what is open of other kinds: there are no rules for it.

        :param kinds: names
        """
        alert = cls._alerts(scope)
        cls._insert(alert.select(
                Literal(scope.company.id), alert.kind,
                *[Column(alert, n) for n in WRONG], alert.open_key, alert.id,
                Cast(_ended(alert.state), 'VARCHAR'),
                where=~alert.kind.in_(kinds or [''])))

    @classmethod
    def _alerts(cls, scope):
        "Return the query of the alerts of what is or was wrong until now"
        table = Pool().get('stock.alert').__table__()
        return table.select(
            table.id, table.state, table.kind, table.open_key,
            *[Column(table, n) for n in WRONG],
            where=(table.open_key != Null)
            & (table.company == scope.company.id))

    @classmethod
    def _insert(cls, query):
        table = cls.__table__()
        Transaction().connection.cursor().execute(*table.insert(
                [table.company, table.kind,
                    *[Column(table, n) for n in WRONG], table.open_key,
                    table.alert, table.change], query))

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


def _ended(state):
    "Return the expression of the change of what is not wrong any more"
    return Case((state == 'resolved', 'over'), else_='resolved')


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
        kinds = [k for k in kinds if k.name in scopes]
        Finding.clear(company)
        for kind in kinds:
            Finding.fill(kind, scope)
        if whole:
            Finding.fill_rest(scope, [k.name for k in kinds])
        last = Event.last_id()
        # First what ended: the kind of a rule may have changed
        cls._resolve(scope, now)
        cls._name_cause(scope, now, before)
        cls._update(scope, now)
        cls._open(scope, now)
        cls._wake(scope, now)
        if whole:
            cls._escalate(scope, now)
        Finding.clear(company)
        Event.tell(company, last)

    @classmethod
    def _found(cls, scope, changes):
        "Return the table of findings and the clause of such changes"
        table = Pool().get('stock.alert.finding').__table__()
        return table, (table.company == scope.company.id) & (
            table.change.in_(changes))

    @classmethod
    def _resolve(cls, scope, now):
        "Resolve what is not wrong any more"
        found, where = cls._found(scope, ['resolved'])
        cls._note(found.select(
                found.alert.as_('id'), found.value, found.severity,
                found.change.as_('type'), where=where), now)
        table = cls._alerts()
        cursor = Transaction().connection.cursor()
        cursor.execute(*table.update(
                [table.state, table.resolution, table.resolved_at,
                    table.open_key, table.write_date, table.write_uid],
                ['resolved', 'automatic', now,
                    Null, now, Transaction().user],
                where=table.id.in_(found.select(found.alert, where=where))))
        # What was resolved by hand may be wrong anew from now on
        found, where = cls._found(scope, ['over'])
        cursor.execute(*table.update(
                [table.open_key], [Null],
                where=table.id.in_(found.select(found.alert, where=where))))

    @classmethod
    def _update(cls, scope, now):
        "Keep value and severity of what is open up to date"
        found, where = cls._found(scope, ['worse', 'better'])
        cls._note(found.select(
                found.alert.as_('id'), found.value, found.severity,
                found.change.as_('type'), where=where), now)
        found, where = cls._found(scope, ['worse', 'better', 'value'])
        table = cls._alerts()
        Transaction().connection.cursor().execute(*table.update(
                [table.value, table.threshold, table.severity,
                    table.write_date, table.write_uid],
                [found.value, found.threshold, found.severity,
                    now, Transaction().user],
                from_=[found],
                where=(table.id == found.alert) & where))

    @classmethod
    def _open(cls, scope, now):
        pool = Pool()
        Event = pool.get('stock.alert.event')
        found, where = cls._found(scope, ['opened'])
        table = cls._alerts()
        cursor = Transaction().connection.cursor()
        cursor.execute(*table.select(Max(table.id)))
        last, = cursor.fetchone()
        names = ['company', 'kind', *WRONG, 'open_key']
        date = Event.date.sql_cast(Literal(now))
        cursor.execute(*table.insert(
                [*[Column(table, n) for n in names], table.state,
                    table.opened_at, table.create_date, table.create_uid],
                found.select(
                    *[Column(found, n) for n in names],
                    Cast(Literal('open'), 'VARCHAR'),
                    date, date, Literal(Transaction().user),
                    where=where)))
        cls._note_all(
            table, 'opened', (table.company == scope.company.id)
            & (table.id > (last or 0)), now)

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
        where = (
            (table.state == 'snoozed')
            & (table.snoozed_until <= scope.today)
            & (table.company == scope.company.id))
        cls._note_all(table, 'woken', where, now)
        Transaction().connection.cursor().execute(*table.update(
                [table.state, table.snoozed_until, table.write_date],
                ['open', Null, now],
                where=where))

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
        cls._note_all(table, 'escalated', where, now)
        cursor.execute(*table.update(
                [table.escalated_at, table.write_date], [now, now],
                where=where))

    @classmethod
    def _note_all(cls, table, type_, where, now):
        "Record the same event of all alerts of the clause"
        cls._note(table.select(
                table.id, table.value, table.severity,
                Cast(Literal(type_), 'VARCHAR').as_('type'),
                where=where), now)

    @classmethod
    def _note(cls, alerts, now):
        """Record an event of each alert.

        :param alerts: query with id, value, severity and type
        """
        Event = Pool().get('stock.alert.event')
        event = Event.__table__()
        Transaction().connection.cursor().execute(*event.insert(
                [event.alert, event.value, event.severity, event.type,
                    event.date, event.create_date, event.create_uid],
                alerts.select(
                    alerts.id, alerts.value, alerts.severity, alerts.type,
                    Event.date.sql_cast(Literal(now)),
                    Event.date.sql_cast(Literal(now)),
                    Literal(Transaction().user))))

    @classmethod
    def _alerts(cls):
        return Pool().get('stock.alert').__table__()
