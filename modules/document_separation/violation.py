# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Documents of which one person had both duties."""
from sql import Column, Literal, Null, Union
from sql.aggregate import Min
from sql.operators import Concat

from trytond.model import ModelSQL, ModelView, fields
from trytond.modules.document_approval.reading import readable_records
from trytond.pool import Pool
from trytond.tools import unpair
from trytond.transaction import Transaction, without_check_access

from .people import ROLES, People

VIOLATION_FIELDS = [
    'pair', 'first', 'first_employee', 'first_user', 'second',
    'second_employee', 'second_user', 'date', 'company']


class Violation(ModelSQL, ModelView):
    __name__ = 'document.approval.separation.violation'

    company = fields.Many2One('company.company', "Company")
    pair = fields.Selection('get_pairs', "Duties", sort=False)
    pair_string = pair.translated('pair')
    # A graph shows no names of a selection
    pair_name = fields.Function(fields.Char("Duties"), 'get_pair_name')
    first = fields.Reference("First Document", selection='get_documents')
    first_employee = fields.Many2One('company.employee', "First Employee")
    first_user = fields.Many2One('res.user', "First User")
    second = fields.Reference("Second Document", selection='get_documents')
    second_employee = fields.Many2One('company.employee', "Second Employee")
    second_user = fields.Many2One('res.user', "Second User")
    date = fields.Date("Date", help="When the second duty was taken.")
    number = fields.Integer("Number")
    person = fields.Function(
        fields.Char("Person", help="Who had both duties."),
        'get_person', searcher='search_person')
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
        result = {
            name: {
                v.id: str(getattr(v, name.removesuffix('_readable')))
                for v in violations}
            for name in names}
        readable = readable_records(
            d for documents in result.values() for d in documents.values())
        for documents in result.values():
            for id_, document in documents.items():
                if document not in readable:
                    documents[id_] = None
        return result

    def get_pair_name(self, name):
        return self.pair_string

    @without_check_access
    def get_person(self, name):
        person = (
            self.first_employee or self.second_employee or self.first_user)
        return person.rec_name

    @classmethod
    def search_person(cls, name, clause):
        return [('rec_name', *clause[1:])]

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
