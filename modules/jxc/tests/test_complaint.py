# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.modules.sale_complaint.complaint import Complaint
from trytond.pool import Pool
from trytond.pyson import PYSONDecoder, PYSONEncoder
from trytond.tests.test_tryton import (
    TestCase, activate_module, with_transaction)

# There are no queries of its own
BACKENDS = ['sqlite']


class ComplaintTestCase(TestCase):
    "Test the complaint"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        activate_module('jxc')

    def _invisible(self, buttons, state):
        "Return whether the button draft is invisible in the state"
        return PYSONDecoder({'state': state}).decode(
            PYSONEncoder().encode(buttons['draft']['invisible']))

    @with_transaction()
    def test_rejected_dead_end(self):
        "Test a rejected complaint can be reset to draft"
        buttons = Pool().get('sale.complaint')._buttons

        for state in ['waiting', 'rejected', 'done', 'cancelled']:
            with self.subTest(state=state):
                self.assertFalse(self._invisible(buttons, state))
        for state in ['draft', 'approved']:
            with self.subTest(state=state):
                self.assertTrue(self._invisible(buttons, state))

    @with_transaction()
    def test_rejected_dead_end_standard(self):
        "Test the standard still has the fault, else remove the mend"
        # The expression of the standard is the left part of ours
        buttons = Pool().get('sale.complaint')._buttons
        standard = buttons['draft']['invisible']._statements[0]

        self.assertTrue(
            self._invisible({'draft': {'invisible': standard}}, 'rejected'))
        self.assertIn(
            ('rejected', 'draft'), Pool().get('sale.complaint')._transitions)
        self.assertTrue(issubclass(Pool().get('sale.complaint'), Complaint))
