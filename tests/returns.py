# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What nobody can do with a return, of customers or to suppliers."""
import datetime as dt
import threading
from decimal import Decimal

from proteus import Model

from .sessions import JSONRPC, XMLRPC, Refused
from .tools import serve

TODAY = dt.date.today()


class ReturnAttacks:
    """The ways to give back more, for an AttackTestCase.

    ``RETURN`` and ``LINE`` are the names of its models, ``ORDER`` is the field
    of the order of a return, ``REASON`` the code of its reason, ``LOGIN`` who
    enters returns and ``MANAGER`` who approves them. ``party`` gives back what
    ``deliver`` moves.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        get = Model.get
        cls.reason, = get('stock.return.reason').find(
            [('code', '=', cls.REASON)])
        for name, result, condition, text in [
                ("用过", 'approve', 'used', None),
                ("坏的", 'refuse', 'damaged', "不能退")]:
            policy = get(f'{cls.RETURN}.policy')(
                name=name, result=result, condition=condition, text=text)
            policy.save()
        cls.policy = policy

    def values_of(self, move, quantity, line=None, **values):
        "Return the values of a return of the move"
        return {
            'company': self.company.id,
            'party': self.party.id,
            'currency': self.company.currency.id,
            'warehouse': self.warehouse.id,
            'date': TODAY,
            'settlement': 'refund',
            'reason': self.reason.id,
            'lines': [
                ('create', [self.line(move, quantity, **(line or {}))])],
            **values,
            }

    def return_of(self, session, *args, **values):
        "Make a return of a delivery"
        return session.create(self.RETURN, self.values_of(*args, **values))

    def state(self, id_):
        return Model.get(self.RETURN, config=self.admin)(id_).state

    def returned(self, move):
        "Return what was returned or will be"
        move = Model.get('stock.move', config=self.admin)(move.id)
        return move.quantity - move.returnable_quantity

    def test_more(self):
        "Test nobody returns more than was delivered"
        for protocol in self.protocols():
            move = self.deliver()
            session = self.connect(protocol, self.LOGIN)
            with self.assertRaises(Refused):
                self.return_of(session, move, 6)
            # Two lines of one return count together
            with self.assertRaises(Refused):
                self.return_of(session, move, 3, lines=[('create', [
                                self.line(move, 3), self.line(move, 3)])])
            # A draft counts
            self.return_of(session, move, 4)
            with self.assertRaises(Refused):
                self.return_of(session, move, 2)
            self.assertEqual(self.returned(move), 4)

    def test_change(self):
        "Test a line is not changed into more"
        for protocol in [XMLRPC, JSONRPC]:
            move = self.deliver()
            session = self.connect(protocol, self.LOGIN)
            id_ = self.return_of(session, move, 4)
            line, = session.search(self.LINE, [['return_', '=', id_]])
            with self.assertRaises(Refused):
                session.call(self.LINE, 'write', [line], {'quantity': 6.})
            with self.assertRaises(Refused):
                session.call(self.LINE, 'copy', [line])
            session.click(self.RETURN, id_, 'submit')
            for values in [
                    {'quantity': 5.}, {'unit_price': Decimal(30)},
                    {'decision': 'approve'}, {'internal_quantity': 0.}]:
                with self.subTest(values=values):
                    with self.assertRaises(Refused):
                        session.call(self.LINE, 'write', [line], values)
            with self.assertRaises(Refused):
                session.delete(self.LINE, line)
            self.assertEqual(self.returned(move), 4)

    def test_policy(self):
        "Test a policy is not to be got round"
        for protocol in self.protocols():
            move = self.deliver()
            session = self.connect(protocol, self.LOGIN)
            id_ = self.return_of(
                session, move, 1, line={'condition': 'damaged'})
            with self.assertRaises(Refused):
                session.click(self.RETURN, id_, 'submit')
            for button in ['approve', 'process']:
                with self.assertRaises(Refused):
                    session.click(self.RETURN, id_, button)
            self.assertEqual(self.state(id_), 'draft')

    def test_approval(self):
        "Test who enters returns does not approve"
        for protocol in self.protocols():
            move = self.deliver()
            session = self.connect(protocol, self.LOGIN)
            id_ = self.return_of(session, move, 1, line={'condition': 'used'})
            session.click(self.RETURN, id_, 'submit')
            for button in ['approve', 'reject', 'process', 'extend']:
                with self.assertRaises(Refused):
                    session.click(self.RETURN, id_, button)
            self.assertEqual(self.state(id_), 'waiting')
            self.connect(protocol, self.MANAGER).click(
                self.RETURN, id_, 'approve')
            self.assertEqual(self.state(id_), 'approved')

    def test_state(self):
        "Test neither state nor order nor validity are written"
        for protocol in [XMLRPC, JSONRPC]:
            move = self.deliver()
            order = getattr(move, self.ORDER).id
            session = self.connect(protocol, self.LOGIN)
            id_ = self.return_of(session, move, 1, line={'condition': 'used'})
            for values in [
                    {'state': 'approved'}, {'valid_until': TODAY},
                    {'number': '007'}, {self.ORDER: order}]:
                with self.subTest(values=values):
                    with self.assertRaises(Refused):
                        session.call(self.RETURN, 'write', [id_], values)
                    with self.assertRaises(Refused):
                        self.return_of(session, move, 1, **values)
            for method, *arguments in [
                    ('proceed', [id_]), ('do', [id_]), ('expire',),
                    ('update_state', [id_])]:
                with self.assertRaises(Refused):
                    session.call(self.RETURN, method, *arguments)
            self.assertEqual(self.state(id_), 'draft')

    def line(self, move, quantity, **values):
        return {
            'origin_move': move.id,
            'product': self.product.id,
            'unit': self.unit.id,
            'quantity': float(quantity),
            'unit_price': Decimal(20),
            **values,
            }

    def test_two_at_once(self):
        "Test two people in two processes do not return the last piece twice"
        if self.database.backend != 'postgresql':
            self.skipTest("SQLite has no lock for two processes")
        with serve(self.database) as second:
            sessions = [
                self.connect(JSONRPC, self.LOGIN),
                self.connect(JSONRPC, self.MANAGER, second)]
            for _ in range(5):
                move = self.deliver()
                self.return_of(sessions[0], move, 4)
                # The threads must not read over the connection of the test
                values = self.values_of(move, 1)
                barrier = threading.Barrier(2)
                results = []

                def give_back(session):
                    barrier.wait()
                    try:
                        session.create(self.RETURN, values)
                        results.append('')
                    except Refused as refusal:
                        results.append(str(refusal))

                threads = [
                    threading.Thread(target=give_back, args=[s])
                    for s in sessions]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
                accepted, refusal = sorted(results)
                self.assertEqual(accepted, '')
                self.assertIn("木马", refusal)
                self.assertEqual(self.returned(move), 5)
