# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Who has the one duty must not have the other along the chain."""
from collections import defaultdict
from functools import wraps

from sql import Column, Literal, Null, Union, With
from sql.aggregate import Min
from sql.conditionals import Coalesce
from sql.operators import Concat, Exists

from trytond.cache import Cache
from trytond.i18n import gettext
from trytond.model import (
    DeactivableMixin, ModelSQL, ModelStorage, ModelView, Unique, fields)
from trytond.pool import Pool, PoolMeta
from trytond.pyson import Eval
from trytond.tools import sql_pairing, unpair
from trytond.transaction import Transaction, check_access, without_check_access

from .exceptions import SeparationError, SeparationWarning

# Decisions by which a person lets a document pass
CONSENT = ['approve', 'bypass']
# How many people a document names for a duty at most
ROLES = 4
VIOLATION_FIELDS = [
    'pair', 'first', 'first_employee', 'first_user', 'second',
    'second_employee', 'second_user', 'date', 'company']


class Separation(DeactivableMixin, ModelSQL, ModelView):
    __name__ = 'document.approval.separation'

    company = fields.Many2One('company.company', "Company", required=True)
    pair = fields.Selection(
        [], "Duties", required=True, sort=False,
        help="The duties that one person must not have on the same goods.")
    pair_string = pair.translated('pair')
    action = fields.Selection([
            ('refuse', "Refuse"),
            ('warn', "Warn"),
            ('report', "Only Report"),
            ], "Action", required=True, sort=False,
        help="What happens when a person takes the second duty who had the "
        "first one.\nThe violations are reported in any case.")
    exempted_users = fields.Many2Many(
        'document.approval.separation-res.user', 'separation', 'user',
        "Exempted Users",
        states={'invisible': Eval('action') == 'report'},
        help="Who may have both duties.\n"
        "They are reported nevertheless.")

    _active_cache = Cache(
        'document.approval.separation.active', context=False)

    @classmethod
    def __setup__(cls):
        super().__setup__()
        t = cls.__table__()
        cls._sql_constraints += [
            ('pair_unique', Unique(t, t.company, t.pair),
                'document_approval.msg_separation_unique'),
            ]
        cls._order = [('company', 'ASC'), ('id', 'ASC')]

    @classmethod
    def default_company(cls):
        return Transaction().context.get('company')

    @classmethod
    def default_action(cls):
        return 'refuse'

    def get_rec_name(self, name):
        return self.pair_string

    @classmethod
    def on_modification(cls, mode, separations, field_names=None):
        super().on_modification(mode, separations, field_names=field_names)
        cls._active_cache.clear()

    @classmethod
    def get_active(cls, company, pair):
        """Return the record by which the duties are separated or None.

        :param company: of the document with the second duty
        :param pair: of the duties
        """
        ids = cls._active_cache.get(company.id)
        if ids is None:
            ids = {
                s.pair: s.id for s in cls.search([
                        ('company', '=', company.id),
                        ('active', '=', True),
                        ('action', '!=', 'report'),
                        ])}
            cls._active_cache.set(company.id, ids)
        return cls(ids[pair]) if pair in ids else None

    @classmethod
    @without_check_access
    def check(cls, pair, records):
        """Test that the user did not have the first duty.

        What happens by itself is not tested.

        :param pair: of the duties
        :param records: list of documents that take the second duty
        :raises SeparationError: the user had the first duty
        :raises SeparationWarning: likewise if there shall be a warning only
        """
        pool = Pool()
        User = pool.get('res.user')
        if not Transaction().user:
            return
        user = User(Transaction().user)
        for record in records:
            separation = cls.get_active(record.company, pair)
            if not separation or user in separation.exempted_users:
                continue
            for first, people in record.get_first_duties(pair):
                for person in people:
                    if identities(person) & identities(user):
                        separation._tell(first, person, record, user)
                        break

    def _tell(self, first, person, second, user):
        "Refuse that the user goes on with the second document or warn of it"
        Warning = Pool().get('res.user.warning')
        message = gettext(
            'document_approval.msg_separation',
            first=first.rec_name, person=person.rec_name,
            second=second.rec_name, user=user.rec_name,
            pair=self.pair_string)
        if self.action == 'refuse':
            raise SeparationError(message)
        key = Warning.format(f'separation_{self.pair}', [first, second])
        if Warning.check(key):
            raise SeparationWarning(key, message)

    # The violations

    @classmethod
    def get_violation_queries(cls, people):
        """Return what finds the violations of the pairs.

        :param people: instance of People
        :return: list of (pair, model with the first duty, model with the
            second duty, query of document.approval.separation.violation)
        """
        return []

    @classmethod
    def get_violations(cls, link, first, second):
        """Return a query of the documents with both duties by one person.

        :param link: query of the ids of two documents, first and second
        :param first: query of who had the first duty, see People
        :param second: query of who had the second duty
        """
        return (link
            .join(first, condition=first.document == link.first)
            .join(second,
                condition=(second.document == link.second)
                & (second.person == first.person))
            .select(
                # A document has each role of a duty once
                (sql_pairing(link.first, link.second) * ROLES**2
                    + first.role * ROLES + second.role).as_('key'),
                link.first,
                first.employee.as_('first_employee'),
                first.user.as_('first_user'),
                link.second,
                second.employee.as_('second_employee'),
                second.user.as_('second_user'),
                second.date,
                second.company))


class SeparationUser(ModelSQL):
    __name__ = 'document.approval.separation-res.user'

    separation = fields.Many2One(
        'document.approval.separation', "Separation", ondelete='CASCADE',
        required=True)
    user = fields.Many2One(
        'res.user', "User", ondelete='CASCADE', required=True)

    @classmethod
    def on_modification(cls, mode, records, field_names=None):
        Separation = Pool().get('document.approval.separation')
        super().on_modification(mode, records, field_names=field_names)
        Separation._active_cache.clear()


class Violation(ModelSQL, ModelView):
    __name__ = 'document.approval.separation.violation'

    company = fields.Many2One('company.company', "Company")
    pair = fields.Selection('get_pairs', "Duties", sort=False)
    first = fields.Reference("First Document", selection='get_documents')
    first_employee = fields.Many2One('company.employee', "First Employee")
    first_user = fields.Many2One('res.user', "First User")
    second = fields.Reference("Second Document", selection='get_documents')
    second_employee = fields.Many2One('company.employee', "Second Employee")
    second_user = fields.Many2One('res.user', "Second User")
    date = fields.Date("Date", help="When the second duty was taken.")
    number = fields.Integer("Number")
    first_name = fields.Function(
        fields.Char("First Document"), 'get_names')
    second_name = fields.Function(
        fields.Char("Second Document"), 'get_names')
    first_readable = fields.Function(
        fields.Reference("First Record", selection='get_documents'),
        'get_readable')
    second_readable = fields.Function(
        fields.Reference("Second Record", selection='get_documents'),
        'get_readable')

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls._order = [('date', 'DESC NULLS LAST'), ('id', 'DESC')]

    @classmethod
    def get_pairs(cls):
        Separation = Pool().get('document.approval.separation')
        return Separation.fields_get(['pair'])['pair']['selection']

    @classmethod
    def get_documents(cls):
        pool = Pool()
        Model = pool.get('ir.model')
        Separation = pool.get('document.approval.separation')
        names = set()
        for _, first, second, _ in Separation.get_violation_queries(People()):
            names |= {first, second}
        return [(None, '')] + [(n, Model.get_name(n)) for n in sorted(names)]

    @classmethod
    def get_names(cls, violations, names):
        "Return what the documents are called, whoever may read them"
        with without_check_access():
            return {
                name: {
                    v.id: getattr(v, name.removesuffix('_name')).rec_name
                    for v in cls.browse(violations)}
                for name in names}

    @classmethod
    def get_readable(cls, violations, names):
        "Return the documents as far as the user may read them"
        pool = Pool()
        Access = pool.get('ir.model.access')
        result, wanted = {}, defaultdict(set)
        for name in names:
            result[name] = {
                v.id: str(getattr(v, name.removesuffix('_readable')))
                for v in violations}
            for document in result[name].values():
                model, id_ = document.split(',')
                wanted[model].add(int(id_))
        readable = set()
        with check_access():
            access = Access.get_access(list(wanted))
            for model, ids in wanted.items():
                if access[model]['read']:
                    readable.update(map(str, pool.get(model).search(
                                [('id', 'in', list(ids))])))
        for documents in result.values():
            for id_, document in documents.items():
                if document not in readable:
                    documents[id_] = None
        return result

    def get_rec_name(self, name):
        return f'{self.first_name} - {self.second_name}'

    @classmethod
    def search_rec_name(cls, name, clause):
        _, operator, *value = clause
        bool_op = 'OR'
        if operator.startswith('!') or operator.startswith('not '):
            bool_op = 'AND'
        return [bool_op] + [
            (f'{duty}_{kind}.rec_name', operator, *value)
            for duty in ['first', 'second'] for kind in ['employee', 'user']]

    @classmethod
    def read(cls, ids, fields_names):
        # Look at their documents only, not at all that there are
        with Transaction().set_context(_violations=list(ids)):
            return super().read(ids, fields_names)

    @classmethod
    def table_query(cls):
        Separation = Pool().get('document.approval.separation')
        people = People()
        queries = Separation.get_violation_queries(people)
        # The same documents may be linked in several ways
        kinds = list(dict.fromkeys(tuple(kind) for *kind, _ in queries))
        ids = Transaction().context.get('_violations')
        documents = {}
        for id_ in ids or []:
            key, index = divmod(id_, len(kinds))
            pairs = documents.setdefault(kinds[index], (set(), set()))
            for found, document in zip(pairs, unpair(key // ROLES**2)):
                found.add(document)
        selects = []
        for *kind, query in queries:
            kind = tuple(kind)
            where = Literal(True)
            if kind in documents:
                in_ = fields.SQL_OPERATORS['in']
                first, second = documents[kind]
                where = (
                    in_(query.first, list(first))
                    & in_(query.second, list(second)))
            elif ids:
                continue
            selects.append(query.select(
                    (query.key * len(kinds) + kinds.index(kind)).as_('id'),
                    cls.pair.sql_cast(Literal(kind[0])).as_('pair'),
                    cls.first.sql_cast(
                        Concat(f'{kind[1]},', query.first)).as_('first'),
                    query.first_employee,
                    query.first_user,
                    cls.second.sql_cast(
                        Concat(f'{kind[2]},', query.second)).as_('second'),
                    query.second_employee,
                    query.second_user,
                    query.date,
                    query.company,
                    where=where))
        if not selects:
            table = Separation.__table__()
            return table.select(
                table.id, *(
                    getattr(cls, n).sql_cast(Null).as_(n)
                    for n in [*VIOLATION_FIELDS, 'number']),
                where=Literal(False))
        union = Union(*selects, all_=True)
        # One person may have a duty in several roles
        groups = [
            Column(union, n) for n in VIOLATION_FIELDS if n != 'first_user']
        return union.select(
            Min(union.id).as_('id'), Min(union.first_user).as_('first_user'),
            *(c.as_(c.name) for c in groups),
            cls.number.sql_cast(Literal(1)).as_('number'),
            group_by=groups, with_=people.withs)


# Who had which duty


class People:
    """Queries of the persons that employees and users are.

    A person is the first user of an employee, so that those with several
    employees or several users are the same.
    """

    def __init__(self):
        self.employees = With(query=self._employees())
        self.users = With(query=self._users())

    @property
    def withs(self):
        return [self.employees, self.users]

    def _employees(self):
        pool = Pool()
        Employee = pool.get('company.employee')
        UserEmployee = pool.get('res.user-company.employee')
        employee = Employee.__table__()
        user_employee = UserEmployee.__table__()
        return employee.join(
            user_employee, 'LEFT',
            condition=user_employee.employee == employee.id).select(
                employee.id,
                Coalesce(
                    Min(user_employee.user), -employee.id).as_('person'),
                group_by=[employee.id])

    def _users(self):
        pool = Pool()
        User = pool.get('res.user')
        UserEmployee = pool.get('res.user-company.employee')
        user = User.__table__()
        user_employee = UserEmployee.__table__()
        return (user
            .join(user_employee, 'LEFT',
                condition=user_employee.user == user.id)
            .join(self.employees, 'LEFT',
                condition=self.employees.id == user_employee.employee)
            .select(
                user.id,
                Coalesce(Min(self.employees.person), user.id).as_('person'),
                where=user.id != 0,
                group_by=[user.id]))

    def employee_duties(self, Model, names, date=None):
        """Return a query of who had a duty on documents.

        Its columns are document, role, employee, user, person, date and
        company.

        :param Model: of the documents
        :param names: of the fields with the employees, each is a role
        :param date: name of the field with the date
        """
        selects = []
        for role, name in enumerate(names):
            table = Model.__table__()
            selects.append(table.select(*_duty(
                        table.id, role, Column(table, name), Null,
                        Column(table, date) if date else Null,
                        table.company)))
        return self._join(selects, 'employee')

    def user_duties(self, from_item, document, users, date, company):
        """Return a query of who had a duty, with the same columns.

        :param from_item: tables
        :param document: column with the id of the document
        :param users: columns with the users, each is a role
        :param date: expression
        :param company: column
        """
        return self._join([
                from_item.select(
                    *_duty(document, role, Null, user, date, company),
                    group_by=[
                        c for c in [document, user, date, company]
                        if c is not Null])
                for role, user in enumerate(users)], 'user')

    def _join(self, selects, name):
        "Add the person to the selected duties"
        duty = selects[0]
        if len(selects) > 1:
            duty = Union(*selects, all_=True)
        people = getattr(self, f'{name}s')
        return duty.join(
            people, condition=people.id == Column(duty, name)).select(
                duty.document, duty.role, duty.employee, duty.user,
                people.person, duty.date, duty.company)


def _duty(document, role, employee, user, date, company):
    Violation = Pool().get('document.approval.separation.violation')
    integer = Violation.company.sql_cast
    return [
        document.as_('document'),
        integer(Literal(role)).as_('role'),
        integer(employee).as_('employee'),
        integer(user).as_('user'),
        Violation.date.sql_cast(date).as_('date'),
        company.as_('company'),
        ]


def identities(person):
    """Return the records that stand for the person.

    :param person: instance of res.user or company.employee
    """
    found = {person}
    if person.__name__ == 'res.user':
        found.update(person.employees)
    return found


# The second duties


class SecondDutyMixin(ModelStorage):
    "A document with the second duty of a pair"
    __slots__ = ()

    def get_first_duties(self, pair):
        """Return the documents with the first duty and who had it.

        :param pair: of the duties
        :return: list of (document, set of employees and users)
        """
        return []


def second_duty(pair, state):
    """Test first that the user did not have the first duty of the pair.

    :param pair: of the duties
    :param state: to which the documents go
    """
    def decorator(func):
        @wraps(func)
        def wrapper(cls, records, *args, **kwargs):
            Separation = Pool().get('document.approval.separation')
            records = list(records)
            Separation.check(pair, [
                    r for r in records
                    if (getattr(r, cls._transition_state), state)
                    in cls._transitions])
            return func(cls, records, *args, **kwargs)
        return wrapper
    return decorator


def first_duty(pair, name, state):
    """Let the field say who has the first duty whatever was entered before.

    The employee of the user is set by the method only if there is none yet.

    :param pair: of the duties
    :param name: of the field with the employee
    :param state: to which the documents go
    """
    def decorator(func):
        @wraps(func)
        def wrapper(cls, records, *args, **kwargs):
            Separation = Pool().get('document.approval.separation')
            records = list(records)
            entered = [
                r for r in records
                if getattr(r, name)
                and (getattr(r, cls._transition_state), state)
                in cls._transitions
                and Separation.get_active(r.company, pair)]
            if entered and Transaction().user:
                cls.write(entered, {name: None})
            return func(cls, records, *args, **kwargs)
        return wrapper
    return decorator


def origins(records, model, parent):
    """Return the documents from whose lines the records come.

    :param records: list of records with an origin
    :param model: name of the lines
    :param parent: name of the field of the lines with the document
    """
    return {
        getattr(r.origin, parent) for r in records
        if r.origin and r.origin.__name__ == model and r.origin.id >= 0}


def confirmed(orders):
    "Return the orders and who confirmed them as first duties"
    return [(o, {o.confirmed_by}) for o in orders if o.confirmed_by]


def check_moves(pair, moves, model):
    """Test the duties for moves done one by one.

    :param pair: of the duties
    :param moves: list of moves
    :param model: name of the shipments that have the second duty
    """
    Separation = Pool().get('document.approval.separation')
    Separation.check(pair, {
            m.shipment if m.shipment and m.shipment.__name__ == model else m
            for m in moves if m.state not in {'done', 'cancelled'}})


# Requester and buyer


class Separation_Requisition(metaclass=PoolMeta):
    __name__ = 'document.approval.separation'

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls.pair.selection.append(
            ('requester_buyer', "Requester and Buyer"))

    @classmethod
    def get_violation_queries(cls, people):
        pool = Pool()
        Line = pool.get('purchase.line')
        Purchase = pool.get('purchase.purchase')
        Request = pool.get('purchase.request')
        Requisition = pool.get('purchase.requisition')
        RequisitionLine = pool.get('purchase.requisition.line')
        request, line = Request.__table__(), Line.__table__()
        requisition_line = RequisitionLine.__table__()
        link = (request
            .join(requisition_line,
                condition=request.origin
                == Concat('purchase.requisition.line,', requisition_line.id))
            .join(line, condition=line.id == request.purchase_line)
            .select(
                requisition_line.requisition.as_('first'),
                line.purchase.as_('second')))
        return super().get_violation_queries(people) + [(
                'requester_buyer',
                Requisition.__name__, Purchase.__name__,
                cls.get_violations(
                    link,
                    people.employee_duties(Requisition, ['employee']),
                    people.employee_duties(
                        Purchase, ['confirmed_by'], 'purchase_date')),
                )]


class Purchase_Requisition(SecondDutyMixin, metaclass=PoolMeta):
    __name__ = 'purchase.purchase'

    def get_first_duties(self, pair):
        duties = super().get_first_duties(pair)
        if pair == 'requester_buyer':
            requests = [r for l in self.lines for r in l.requests]
            duties += [
                (r, {r.employee}) for r in origins(
                    requests, 'purchase.requisition.line', 'requisition')
                if r.employee]
        return duties

    @classmethod
    @ModelView.button
    @second_duty('requester_buyer', 'confirmed')
    def confirm(cls, purchases):
        super().confirm(purchases)


# Buyer and receiver, receiver and who posts the invoice


class Separation_Purchase(metaclass=PoolMeta):
    __name__ = 'document.approval.separation'

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls.pair.selection += [
            ('buyer_receiver', "Buyer and Receiver"),
            ('receiver_poster', "Receiver and Who Posts the Invoice"),
            ]

    @classmethod
    def get_violation_queries(cls, people):
        pool = Pool()
        Invoice = pool.get('account.invoice')
        Line = pool.get('purchase.line')
        Move = pool.get('stock.move')
        Purchase = pool.get('purchase.purchase')
        Shipment = pool.get('stock.shipment.in')
        move, line = Move.__table__(), Line.__table__()
        received = (move
            .join(line,
                condition=move.origin == Concat('purchase.line,', line.id))
            .select(
                line.purchase.as_('first'),
                Move.shipment.sql_id(move.shipment, Move).as_('second'),
                where=move.shipment.like('stock.shipment.in,%')
                & (move.state != 'cancelled')))

        def receivers():
            return people.employee_duties(
                Shipment, ['received_by', 'done_by'], 'effective_date')

        queries = super().get_violation_queries(people)
        queries.append((
                'buyer_receiver', Purchase.__name__, Shipment.__name__,
                cls.get_violations(
                    received,
                    people.employee_duties(Purchase, ['confirmed_by']),
                    receivers())))
        for link in cls._link_invoices():
            queries.append((
                    'receiver_poster', Shipment.__name__, Invoice.__name__,
                    cls.get_violations(
                        link,
                        receivers(),
                        people.employee_duties(
                            Invoice, ['validated_by', 'posted_by'],
                            'invoice_date'))))
        return queries

    @classmethod
    def _link_invoices(cls):
        "Yield queries of the ids of shipments and of their invoices"
        pool = Pool()
        InvoiceLine = pool.get('account.invoice.line')
        InvoiceLineMove = pool.get('account.invoice.line-stock.move')
        Move = pool.get('stock.move')

        def select(from_item, move, line, where=Literal(True)):
            return from_item.select(
                Move.shipment.sql_id(move.shipment, Move).as_('first'),
                line.invoice.as_('second'),
                where=where
                & move.shipment.like('stock.shipment.in,%')
                & (move.state != 'cancelled'))

        move, line = Move.__table__(), InvoiceLine.__table__()
        line_move = InvoiceLineMove.__table__()
        yield select(
            line_move
            .join(move, condition=move.id == line_move.stock_move)
            .join(line, condition=line.id == line_move.invoice_line),
            move, line)
        # What was invoiced before it was received has the order in common
        move, line = Move.__table__(), InvoiceLine.__table__()
        line_move = InvoiceLineMove.__table__()
        yield select(
            line.join(move, condition=move.origin == line.origin),
            move, line,
            line.origin.like('purchase.line,%')
            & ~Exists(line_move.select(
                    line_move.id,
                    where=line_move.invoice_line == line.id)))


class Purchase(metaclass=PoolMeta):
    __name__ = 'purchase.purchase'

    @classmethod
    @ModelView.button
    @first_duty('buyer_receiver', 'confirmed_by', 'confirmed')
    def confirm(cls, purchases):
        super().confirm(purchases)


class ShipmentIn(SecondDutyMixin, metaclass=PoolMeta):
    __name__ = 'stock.shipment.in'

    def get_first_duties(self, pair):
        duties = super().get_first_duties(pair)
        if pair == 'buyer_receiver':
            duties += confirmed(
                origins(self.incoming_moves, 'purchase.line', 'purchase'))
        return duties

    @classmethod
    @ModelView.button
    @second_duty('buyer_receiver', 'received')
    @first_duty('receiver_poster', 'received_by', 'received')
    def receive(cls, shipments):
        super().receive(shipments)

    @classmethod
    @ModelView.button
    @second_duty('buyer_receiver', 'done')
    @first_duty('receiver_poster', 'done_by', 'done')
    def do(cls, shipments):
        super().do(shipments)


class Move_Purchase(SecondDutyMixin, metaclass=PoolMeta):
    __name__ = 'stock.move'

    def get_first_duties(self, pair):
        duties = super().get_first_duties(pair)
        if pair == 'buyer_receiver':
            duties += confirmed(origins([self], 'purchase.line', 'purchase'))
        return duties

    @classmethod
    @ModelView.button
    def do(cls, moves):
        check_moves('buyer_receiver', [
                m for m in moves if m.from_location.type == 'supplier'],
            'stock.shipment.in')
        super().do(moves)


class Invoice(SecondDutyMixin, metaclass=PoolMeta):
    __name__ = 'account.invoice'

    def get_first_duties(self, pair):
        duties = super().get_first_duties(pair)
        if pair == 'receiver_poster' and self.type == 'in':
            shipments = set()
            for line in self.lines:
                moves = line.stock_moves
                origin = line.origin
                if not moves and origin and (
                        origin.__name__ == 'purchase.line'):
                    moves = origin.moves
                shipments.update(
                    m.shipment for m in moves
                    if m.state != 'cancelled' and m.shipment
                    and m.shipment.__name__ == 'stock.shipment.in')
            duties += [
                (s, {e for e in [s.received_by, s.done_by] if e})
                for s in shipments]
        return duties

    @classmethod
    @ModelView.button
    @second_duty('receiver_poster', 'validated')
    def validate_invoice(cls, invoices):
        super().validate_invoice(invoices)

    @classmethod
    @second_duty('receiver_poster', 'posted')
    def post_batch(cls, invoices):
        super().post_batch(invoices)

    @classmethod
    @ModelView.button
    @second_duty('receiver_poster', 'posted')
    def post(cls, invoices):
        super().post(invoices)


# Seller and who ships


class Separation_Sale(metaclass=PoolMeta):
    __name__ = 'document.approval.separation'

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls.pair.selection.append(('seller_shipper', "Seller and Shipper"))

    @classmethod
    def get_violation_queries(cls, people):
        pool = Pool()
        Line = pool.get('sale.line')
        Move = pool.get('stock.move')
        Sale = pool.get('sale.sale')
        Shipment = pool.get('stock.shipment.out')
        move, line = Move.__table__(), Line.__table__()
        link = (move
            .join(line,
                condition=move.origin == Concat('sale.line,', line.id))
            .select(
                line.sale.as_('first'),
                Move.shipment.sql_id(move.shipment, Move).as_('second'),
                where=move.shipment.like('stock.shipment.out,%')
                & (move.state != 'cancelled')))
        return super().get_violation_queries(people) + [(
                'seller_shipper', Sale.__name__, Shipment.__name__,
                cls.get_violations(
                    link,
                    people.employee_duties(Sale, ['confirmed_by']),
                    people.employee_duties(Shipment, [
                            'picked_by', 'packed_by', 'shipped_by',
                            'done_by'], 'effective_date')),
                )]


class Sale(metaclass=PoolMeta):
    __name__ = 'sale.sale'

    @classmethod
    @ModelView.button
    @first_duty('seller_shipper', 'confirmed_by', 'confirmed')
    def confirm(cls, sales):
        super().confirm(sales)


class ShipmentOut(SecondDutyMixin, metaclass=PoolMeta):
    __name__ = 'stock.shipment.out'

    def get_first_duties(self, pair):
        duties = super().get_first_duties(pair)
        if pair == 'seller_shipper':
            duties += confirmed(
                origins(self.outgoing_moves, 'sale.line', 'sale'))
        return duties

    @classmethod
    @ModelView.button
    @second_duty('seller_shipper', 'picked')
    def pick(cls, shipments):
        super().pick(shipments)

    @classmethod
    @ModelView.button
    @second_duty('seller_shipper', 'packed')
    def pack(cls, shipments):
        super().pack(shipments)

    @classmethod
    @ModelView.button
    @second_duty('seller_shipper', 'shipped')
    def ship(cls, shipments):
        super().ship(shipments)

    @classmethod
    @ModelView.button
    @second_duty('seller_shipper', 'done')
    def do(cls, shipments):
        super().do(shipments)


class Move_Sale(SecondDutyMixin, metaclass=PoolMeta):
    __name__ = 'stock.move'

    def get_first_duties(self, pair):
        duties = super().get_first_duties(pair)
        if pair == 'seller_shipper':
            duties += confirmed(origins([self], 'sale.line', 'sale'))
        return duties

    @classmethod
    @ModelView.button
    def do(cls, moves):
        check_moves('seller_shipper', [
                m for m in moves if m.to_location.type == 'customer'],
            'stock.shipment.out')
        super().do(moves)


# Counter and approver


class Separation_Stock(metaclass=PoolMeta):
    __name__ = 'document.approval.separation'

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls.pair.selection.append(
            ('counter_approver', "Counter and Approver"))

    @classmethod
    def get_violation_queries(cls, people):
        """Add the violations of the inventories.

        The last user of an inventory is who confirmed it, so that only the
        first one of it counts but also the last ones of its lines. Without
        approval the one who confirmed it is who made its moves.
        """
        pool = Pool()
        Approval = pool.get('document.approval')
        Decision = pool.get('document.approval.decision')
        Inventory = pool.get('stock.inventory')
        Line = pool.get('stock.inventory.line')
        Move = pool.get('stock.move')

        def counters():
            inventory, line = Inventory.__table__(), Line.__table__()
            lines = line.join(
                inventory, condition=inventory.id == line.inventory)
            users = Union(
                inventory.select(
                    inventory.id.as_('document'),
                    inventory.create_uid.as_('user'), inventory.company),
                lines.select(line.inventory, line.create_uid,
                    inventory.company),
                lines.select(line.inventory, line.write_uid,
                    inventory.company))
            return people.user_duties(
                users, users.document, [users.user], Null, users.company)

        approval, decision = Approval.__table__(), Decision.__table__()
        decisions = decision.join(
            approval, condition=approval.id == decision.approval)
        decided = decisions.select(
            Approval.document.sql_id(
                approval.document, Approval).as_('first'),
            decision.id.as_('second'),
            where=approval.document.like('stock.inventory,%')
            & decision.action.in_(CONSENT))
        deciders = people.user_duties(
            decisions, decision.id, [decision.user, decision.principal],
            decision.decided_at, approval.company)

        inventory, approval = Inventory.__table__(), Approval.__table__()
        unapproved = inventory.select(
            inventory.id.as_('first'), inventory.id.as_('second'),
            where=(inventory.state == 'done') & ~inventory.id.in_(
                approval.select(
                    Approval.document.sql_id(approval.document, Approval),
                    where=approval.document.like('stock.inventory,%')
                    & (approval.state == 'approved'))))
        inventory, line = Inventory.__table__(), Line.__table__()
        move = Move.__table__()
        confirmers = people.user_duties(
            move
            .join(line,
                condition=move.origin
                == Concat('stock.inventory.line,', line.id))
            .join(inventory, condition=inventory.id == line.inventory),
            line.inventory, [move.create_uid], move.effective_date,
            inventory.company)
        return super().get_violation_queries(people) + [
            ('counter_approver', Inventory.__name__, Decision.__name__,
                cls.get_violations(decided, counters(), deciders)),
            ('counter_approver', Inventory.__name__, Inventory.__name__,
                cls.get_violations(unapproved, counters(), confirmers)),
            ]


class Inventory(SecondDutyMixin, metaclass=PoolMeta):
    __name__ = 'stock.inventory'

    @property
    def counters(self):
        "The users who made the inventory or entered what was counted"
        return {
            u for r in [self, *self.lines]
            for u in [r.create_uid, r.write_uid] if u}

    def get_first_duties(self, pair):
        duties = super().get_first_duties(pair)
        if pair == 'counter_approver':
            duties.append((self, self.counters))
        return duties

    @classmethod
    @ModelView.button
    def confirm(cls, inventories):
        "Test those that nobody has approved"
        pool = Pool()
        Approval = pool.get('document.approval')
        Separation = pool.get('document.approval.separation')
        drafts = [i for i in inventories if i.state == 'draft']
        approved = {
            a.document for a in Approval.search([
                    ('document', 'in', [str(i) for i in drafts]),
                    ('state', '=', 'approved'),
                    ])}
        Separation.check(
            'counter_approver', [i for i in drafts if i not in approved])
        super().confirm(inventories)


class Approval_Inventory(SecondDutyMixin, metaclass=PoolMeta):
    __name__ = 'document.approval'

    @property
    def _is_of_inventory(self):
        return self.document and self.document.__name__ == 'stock.inventory'

    def get_first_duties(self, pair):
        duties = super().get_first_duties(pair)
        if pair == 'counter_approver' and self._is_of_inventory:
            duties.append((self.document, self.document.counters))
        return duties

    def get_excluded(self):
        "Do not ask those who would be refused"
        Separation = Pool().get('document.approval.separation')
        excluded = super().get_excluded()
        if self._is_of_inventory:
            separation = Separation.get_active(
                self.company, 'counter_approver')
            if separation and separation.action == 'refuse':
                excluded |= {
                    u.id for u in self.document.counters
                    if u not in separation.exempted_users}
        return excluded

    @classmethod
    @ModelView.button
    def approve(cls, approvals, reason=None, digest=None):
        Separation = Pool().get('document.approval.separation')
        Separation.check('counter_approver', approvals)
        super().approve(approvals, reason=reason, digest=digest)

    @classmethod
    def bypass(cls, approvals, reason):
        Separation = Pool().get('document.approval.separation')
        Separation.check('counter_approver', approvals)
        super().bypass(approvals, reason)
