# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Record what the supplier answers to a return."""
from trytond.i18n import gettext
from trytond.model import ModelView, fields
from trytond.modules.stock_return.exceptions import ReturnError
from trytond.pool import Pool
from trytond.pyson import Eval
from trytond.wizard import Button, StateTransition, StateView, Wizard

from .return_ import ANSWERABLE, ANSWERS


class Answer(Wizard):
    __name__ = 'purchase.return.answer'
    start = StateView(
        'purchase.return.answer.start',
        'purchase_return.answer_start_view_form', [
            Button("Cancel", 'end', 'tryton-cancel'),
            Button("OK", 'record_', 'tryton-ok', default=True),
            ])
    record_ = StateTransition()

    def default_start(self, fields):
        Date = Pool().get('ir.date')
        return_ = self.record
        return {
            'supplier_number': return_.supplier_number,
            'answer': return_.answer,
            'date': return_.answer_date or Date.today(),
            'note': return_.answer_note,
            'until': return_.answer_until,
            }

    def transition_record_(self):
        return_ = self.record
        if return_.state not in ANSWERABLE:
            raise ReturnError(gettext(
                    'purchase_return.msg_return_not_answerable',
                    return_=return_.rec_name))
        answered = self.start.answer != 'none'
        return_.supplier_number = self.start.supplier_number
        return_.answer = self.start.answer
        return_.answer_date = self.start.date if answered else None
        return_.answer_note = self.start.note
        if not answered and return_.answer_until != self.start.until:
            return_.answer_until = self.start.until
            return_.answer_notified = None
        return_.save()
        return 'end'

    def end(self):
        return 'reload'


class AnswerStart(ModelView):
    __name__ = 'purchase.return.answer.start'

    supplier_number = fields.Char("RMA Number")
    answer = fields.Selection(ANSWERS, "Answer", required=True, sort=False)
    date = fields.Date(
        "Answered On",
        states={
            'invisible': Eval('answer') == 'none',
            'required': Eval('answer') != 'none',
            })
    until = fields.Date(
        "Answer Until", states={'invisible': Eval('answer') != 'none'})
    note = fields.Text("Note")
