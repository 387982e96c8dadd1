# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
import datetime as dt
import json
from unittest.mock import Mock

from hypothesis import given
from hypothesis import strategies as st

from trytond.model import fields
from trytond.modules.strict_access import document
from trytond.modules.strict_access.exceptions import (
    InternalModelError, ReadonlyError)
from trytond.pool import Pool
from trytond.protocols.jsonrpc import JSONDecoder, JSONEncoder
from trytond.tests.test_tryton import (
    TestCase, activate_module, with_transaction)
from trytond.transaction import Transaction, check_access

numbers = st.decimals(
    allow_nan=False, allow_infinity=False, places=4,
    min_value=-10**9, max_value=10**9)
dates = st.dates(min_value=dt.date(1900, 1, 1))
values = st.one_of(*(
        st.tuples(st.just(field), value | st.none())
        for field, value in [
            (fields.Char("Char"), st.text(min_size=1)),
            (fields.Text("Text"), st.text(min_size=1)),
            (fields.Boolean("Boolean"), st.booleans()),
            (fields.Integer("Integer"), st.integers(-2**31, 2**31 - 1)),
            (fields.Float("Float"), st.floats(
                    allow_nan=False, allow_infinity=False)),
            (fields.Numeric("Numeric"), numbers),
            (fields.Date("Date"), dates),
            (fields.DateTime("Date Time"), st.datetimes(
                    min_value=dt.datetime(1900, 1, 1)).map(
                    lambda d: d.replace(microsecond=0))),
            (fields.TimeDelta("Time Delta"), st.integers(0, 10**6).map(
                    lambda s: dt.timedelta(seconds=s))),
            (fields.Selection([], "Selection"), st.text(min_size=1)),
            (fields.MultiSelection([], "Multi Selection"), st.lists(
                    st.text(min_size=1), unique=True).map(tuple)),
            (fields.Many2One('res.user', "Many2One"), st.integers(0, 10**6)),
            (fields.Reference("Reference", []), st.integers(0, 10**6).map(
                    lambda i: f'res.user,{i}')),
            ]))


def send(value):
    "Return the value as it arrives over JSON-RPC"
    return json.loads(
        json.dumps(value, cls=JSONEncoder), object_hook=JSONDecoder())


class ValueTestCase(TestCase):
    "Test the comparison of what is sent with what is stored"

    @given(values)
    def test_same(self, sent):
        "Test what is read and sent back is never a change"
        field, value = sent
        self.assertTrue(document._same(field, value, send(value)))

    @given(values, values)
    def test_different(self, one, other):
        "Test another value of a field always is a change"
        (field, value), (other_field, other_value) = one, other
        if field is not other_field or not value or not other_value:
            return
        equal = value == other_value
        if field._type == 'multiselection':
            equal = set(value) == set(other_value)
        self.assertEqual(
            document._same(field, value, send(other_value)), equal)

    def test_empty(self):
        "Test what clients send for nothing"
        char, boolean = fields.Char("Char"), fields.Boolean("Boolean")
        many2one = fields.Many2One('res.user', "User")
        integer = fields.Integer("Integer")
        self.assertTrue(document._same(char, None, ''))
        self.assertTrue(document._same(boolean, None, False))
        self.assertTrue(document._same(many2one, None, False))
        self.assertFalse(document._same(integer, None, 0))
        self.assertFalse(document._same(char, 'a', ''))

    @given(
        st.sets(st.integers(1, 20)), st.sets(st.integers(1, 20)),
        st.sets(st.integers(21, 40)), st.integers(0, 3))
    def test_commands(self, ids, removed, added, created):
        "Test the commands of a list are compared by what they do"
        stored = [Mock(id=i) for i in ids]
        field = Mock()
        for command, changes in [
                (('remove', list(removed)), bool(ids & removed)),
                (('add', list(ids)), False),
                (('add', list(added)), bool(added)),
                (('delete', list(removed)), bool(removed)),
                (('create', [{}] * created), bool(created)),
                (('copy', list(removed)), bool(removed)),
                ]:
            self.assertEqual(
                document._commands_differ(field, stored, [command]),
                changes, command)
        record = Mock(lines=stored)
        left, end = document._ids(record, 'lines', [
                ('remove', list(removed)), ('add', list(added)),
                ('create', [{}] * created)])
        self.assertEqual(set(left), ids - removed)
        self.assertEqual(len(end), len(left) + len(added) + created)


class GuardTestCase(TestCase):
    "Test what is guarded"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        activate_module([
                'strict_access', 'sale', 'purchase_requisition',
                'purchase_request_quotation', 'account_statement',
                'production'])

    @with_transaction()
    def test_fixed(self):
        "Test what is always read-only"
        guards = document.get_guards()
        self.assertLessEqual(
            {'state', 'number', 'untaxed_amount_cache'},
            guards['sale.sale'].fixed)
        # The standard forgot to define it read-only
        self.assertIn('total_amount_cache', guards['purchase.purchase'].fixed)
        for name, guard in guards.items():
            state = getattr(guard.model, '_transition_state', None)
            if state:
                with self.subTest(model=name):
                    self.assertIn(state, guard.fixed)

    @with_transaction()
    def test_lists(self):
        "Test what belongs to a document"
        guards = document.get_guards()
        requisition = guards['purchase.requisition.line']
        self.assertEqual(requisition.members, {'requisition'})
        self.assertEqual(requisition.parts, {'requisition'})
        self.assertEqual(requisition.parents['requisition'], {
                'purchase.requisition': ['lines']})
        # They have a window of their own
        for name in ['sale.line', 'account.statement.origin']:
            self.assertTrue(guards[name].members)
            self.assertFalse(guards[name].parts)
        # The purchase request lets edit its prices
        quotation = guards['purchase.request.quotation.line']
        self.assertEqual(quotation.members, {'quotation'})
        self.assertFalse(quotation.parts)
        move = guards['stock.move']
        self.assertLessEqual(
            {'shipment', 'production_input', 'production_output'},
            move.members)
        self.assertNotIn('origin', move.members)
        self.assertFalse(move.parts)
        self.assertNotIn('party.party', guards)

    @with_transaction()
    def test_exceptions(self):
        "Test the exceptions exist and have a reason"
        guards = document.get_guards()
        for name, exceptions in document.EXCEPTIONS.items():
            for field, reason in exceptions.items():
                self.assertIn(field, guards[name].model._fields)
                self.assertTrue(reason)


class ContextTestCase(TestCase):
    "Test what a client says about itself"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        activate_module(['strict_access', 'company'])

    @with_transaction()
    def test_own_context(self):
        "Test the context has only what is the user's own"
        User = Pool().get('res.user')
        context = User.own_context({
                'user': 1, 'groups': [42], 'company': 42, 'language': 'en',
                'active_id': 3})
        self.assertEqual(context, {
                'groups': list(User.get_groups()), 'language': 'en',
                'active_id': 3})
        for company in [None, -1]:
            self.assertEqual(
                User.own_context({'company': company}), {'company': company})

    @with_transaction()
    def test_rpc(self):
        "Test each remote procedure cleans the context"
        for type_ in ['model', 'wizard', 'report']:
            for name, cls in Pool().iterobject(type=type_):
                rpcs = cls.__rpc__
                for rpc in rpcs.values():
                    self.assertEqual(
                        type(rpc).__name__, 'OwnContextRPC', (name, rpcs))
        User = Pool().get('res.user')
        _, _, context, _ = User.__rpc__['search'].convert(
            User, [], {'company': 42, '_groups': [1], 'user': 1})
        self.assertEqual(context, {'_check_access': True})
        _, _, context, _ = User.__rpc__['search'].convert(
            User, [], context={'company': 42, 'language': 'en'})
        self.assertEqual(context, {'language': 'en', '_check_access': True})

    @with_transaction(context={
            '_groups': [1], '_companies': [1], '_skip_warnings': True,
            '_no_trigger': True, '_request': {}, 'user': 1, 'company': 42,
            'language': 'en'})
    def test_rest(self):
        "Test the header of REST is cleaned when the key is checked"
        Application = Pool().get('res.user.application')
        application, = Application.create([{
                    'user': 1, 'application': 'rest'}])
        self.assertFalse(Application.check('wrong', 'rest'))
        self.assertEqual(
            Application.check(application.key, 'rest'), application)
        self.assertEqual(
            Transaction().context,
            {'language': 'en', '_rest_request': [True]})

    @with_transaction(context={'_rest_request': [True]})
    def test_internal(self):
        "Test only the first check of a request is about internal models"
        Access = Pool().get('ir.model.access')
        with Transaction().set_user(1), check_access():
            self.assertTrue(Access.check(
                    'res.user-res.group', raise_exception=False))
            with self.assertRaises(InternalModelError):
                Access.check('res.user-res.group', 'create')
            self.assertTrue(Access.check('res.user-res.group', 'create'))

    @with_transaction()
    def test_external(self):
        "Test the system writes what clients can not"
        Application = Pool().get('res.user.application')
        values = {'user': 1, 'application': 'rest', 'state': 'cancelled'}
        with check_access(), self.assertRaises(ReadonlyError):
            Application.create([values])
        application, = Application.create([values])
        with check_access(), self.assertRaises(ReadonlyError):
            Application.write([application], {'state': 'validated'})
        Application.write([application], {'state': 'validated'})
        with check_access():
            Application.write([application], {'state': 'validated'})
