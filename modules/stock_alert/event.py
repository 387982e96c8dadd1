# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What happened to alerts, and who is told of it."""
from collections import defaultdict

from sql import Column, Literal, Null, Union, With
from sql.aggregate import Max
from sql.conditionals import Coalesce
from sql.functions import CurrentTimestamp

from trytond.model import Index, ModelSQL, ModelView, fields
from trytond.pool import Pool
from trytond.transaction import Transaction

from .rule import SEVERITIES
from .scan import rank

# What people are told of, and how many alerts at once
TOLD = ['opened', 'worse', 'woken']
LIMIT = 1000
NAMED = 5


class Event(ModelSQL, ModelView):
    __name__ = 'stock.alert.event'

    alert = fields.Many2One(
        'stock.alert', "Alert", required=True, readonly=True,
        ondelete='CASCADE')
    date = fields.DateTime("Date", required=True, readonly=True)
    type = fields.Selection([
            ('opened', "Opened"),
            ('worse', "Became Worse"),
            ('better', "Became Better"),
            ('acknowledged', "Acknowledged"),
            ('snoozed', "Snoozed"),
            ('woken', "Snoozed until Now"),
            ('escalated', "Escalated"),
            ('resolved', "Resolved"),
            ], "Type", required=True, readonly=True, sort=False)
    user = fields.Many2One(
        'res.user', "User", readonly=True, ondelete='RESTRICT')
    value = fields.Float("Value", readonly=True)
    severity = fields.Selection(
        SEVERITIES, "Severity", readonly=True, sort=False)
    note = fields.Text("Note", readonly=True)

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls.__access__.add('alert')
        cls._order = [('date', 'DESC'), ('id', 'DESC')]
        t = cls.__table__()
        cls._sql_indexes.update({
                Index(t, (t.alert, Index.Equality())),
                Index(t, (t.date, Index.Range())),
                })

    @classmethod
    def last_id(cls):
        "Return the id after which new events come"
        table = cls.__table__()
        cursor = Transaction().connection.cursor()
        cursor.execute(*table.select(Max(table.id)))
        return cursor.fetchone()[0] or 0

    # Who is told

    @classmethod
    def sql_told(cls):
        """Return who is told of which alert, except of what is resolved.

        :return: query with alert and user, each pair once
        """
        pool = Pool()
        Alert = pool.get('stock.alert')
        User = pool.get('res.user')
        UserCompany = pool.get('res.user-company.company')
        alert, user, company = (
            M.__table__() for M in [Alert, User, UserCompany])
        people = Union(
            *cls._sql_people(''), cls._sql_subscribers())
        return cls._sql_allowed(alert, user, company, people)

    @classmethod
    def sql_told_escalation(cls):
        "Return who is told of which alert when it is escalated"
        pool = Pool()
        Alert = pool.get('stock.alert')
        User = pool.get('res.user')
        UserCompany = pool.get('res.user-company.company')
        alert, user, company = (
            M.__table__() for M in [Alert, User, UserCompany])
        people = Union(*cls._sql_people('escalation-'))
        return cls._sql_allowed(alert, user, company, people)

    @classmethod
    def _sql_allowed(cls, alert, user, company, people):
        "Return those of the people who work for the company of the alert"
        return (people
            .join(alert, condition=people.alert == alert.id)
            .join(user, condition=people.user == user.id)
            .join(company,
                condition=(company.user == user.id)
                & (company.company == alert.company))
            .select(
                people.alert.as_('alert'), people.user.as_('user'),
                where=user.active & (alert.state != 'resolved')))

    @classmethod
    def _sql_people(cls, prefix):
        """Return the queries of those whom the rules name.

        :param prefix: 'escalation-' for those who are told later
        """
        pool = Pool()
        Alert = pool.get('stock.alert')
        by = [
            ('res.user', 'user', None),
            ('res.group', 'group', 'res.user-res.group'),
            ('res.role', 'role', 'res.user.role')]
        for model, name, membership in by:
            if prefix and name == 'group':
                continue
            relation = pool.get(
                f'stock.alert.rule-{prefix}{model}').__table__()
            alert = Alert.__table__()
            from_ = alert.join(
                relation, condition=alert.rule == relation.rule)
            user = relation.user
            where = alert.state != 'resolved'
            if membership:
                member = pool.get(membership).__table__()
                from_ = from_.join(
                    member,
                    condition=Column(member, name) == Column(relation, name))
                user = member.user
            if name == 'role':
                now = CurrentTimestamp()
                where &= (
                    (Coalesce(member.from_date, now) <= now)
                    & (Coalesce(member.to_date, now) >= now))
            yield from_.select(
                alert.id.as_('alert'), user.as_('user'), where=where)

    @classmethod
    def _sql_subscribers(cls):
        "Return the query of those who subscribed to the alerts"
        pool = Pool()
        Alert = pool.get('stock.alert')
        Category = pool.get('product.category')
        Member = pool.get('product.template-product.category.all')
        Product = pool.get('product.product')
        Subscription = pool.get('stock.alert.subscription')
        alert, category, member, product, subscription, sub_category = (
            M.__table__() for M in [
                Alert, Category, Member, Product, Subscription,
                Subscription])
        tree = With('subscription', 'category', recursive=True)
        tree.query = Union(
            sub_category.select(
                sub_category.id, sub_category.category,
                where=sub_category.category != Null),
            category.join(
                tree, condition=category.parent == tree.category
                ).select(tree.subscription, category.id))
        inside = (tree
            .join(member, condition=member.category == tree.category)
            .join(product, condition=product.template == member.template)
            .select(
                tree.subscription.as_('subscription'),
                product.id.as_('product'),
                group_by=[tree.subscription, product.id], with_=[tree]))

        def free(column, other):
            return (column == Null) | (column == other)

        return (subscription
            .join(alert,
                condition=(subscription.company == alert.company)
                & free(subscription.kind, alert.kind)
                & free(subscription.product, alert.product)
                & free(subscription.warehouse, alert.warehouse)
                & (rank(alert.severity) >= rank(subscription.severity)))
            .join(inside, 'LEFT',
                condition=(inside.subscription == subscription.id)
                & (inside.product == alert.product))
            .select(
                alert.id.as_('alert'), subscription.user.as_('user'),
                where=(alert.state != 'resolved')
                & ((subscription.category == Null)
                    | (inside.product != Null))))

    # Telling

    @classmethod
    def tell(cls, company, last):
        """Tell people of what happened.

        :param company: record whose alerts are meant
        :param last: id of the last event before
        """
        for types, told, message in [
                (TOLD, cls.sql_told(), 'msg_told'),
                (['escalated'], cls.sql_told_escalation(),
                    'msg_told_escalation'),
                ]:
            for user, alerts in cls._get_told(
                    company, last, types, told).items():
                user.tell_stock_alerts(alerts, f'stock_alert.{message}')

    @classmethod
    def _sql_new(cls, company, last, types):
        "Return the query of the alerts with such an event since the last"
        pool = Pool()
        Alert = pool.get('stock.alert')
        event, alert = cls.__table__(), Alert.__table__()
        return event.join(
            alert, condition=event.alert == alert.id
            ).select(
                alert.id.as_('id'), rank(alert.severity).as_('rank'),
                alert.rule.as_('rule'),
                where=(event.id > last) & event.type.in_(types)
                & alert.state.in_(['open', 'acknowledged'])
                & (alert.company == company.id))

    @classmethod
    def _get_told(cls, company, last, types, told):
        """Return the alerts by the user to be told of them.

        :return: dictionary of lists, with the worst first and not more than
            LIMIT, of what the user may see
        """
        pool = Pool()
        Alert = pool.get('stock.alert')
        User = pool.get('res.user')
        cursor = Transaction().connection.cursor()
        new = cls._sql_new(company, last, types)
        cursor.execute(*new.select(Literal(1), limit=1))
        if not cursor.fetchone():
            # Most scans find nothing new
            return {}
        new = cls._sql_new(company, last, types)
        found = new.join(told, condition=told.alert == new.id)
        cursor.execute(*found.select(told.user, group_by=told.user))
        result = defaultdict(list)
        for user in User.browse([u for u, in cursor.fetchall()]):
            cursor.execute(*found.select(
                    new.id, where=told.user == user.id, group_by=[
                        new.id, new.rank],
                    order_by=[new.rank.desc, new.id], limit=LIMIT))
            ids = [id_ for id_, in cursor]
            visible = {
                a.id for a in user.search_stock_alerts([('id', 'in', ids)])}
            if visible:
                result[user] = Alert.browse(
                    [i for i in ids if i in visible])
        return result
