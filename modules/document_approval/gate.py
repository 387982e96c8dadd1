# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Stop the documents that are not approved before everything else.

The mixins come before all classes of a model, in whatever order its modules
are loaded. Inside another override with ``Workflow.transition`` a gate would
be of no use: the transition of the outer one applies to all records.
"""
from trytond.model import ModelStorage, ModelView
from trytond.pool import Pool


def _pass(cls, documents, name):
    "Return the documents that may go on, submit those that may not"
    Approval = Pool().get('document.approval')
    operation = cls._approval_operations.get(name)
    if not operation:
        return documents
    if operation.by_approver:
        # Who has to decide does so with the button of the document, too
        mine = Approval.search([
                ('document', 'in', [str(d) for d in documents]),
                ('waiting_for_me', '=', True),
                ])
        if mine:
            Approval.approve(mine)
            documents = cls.browse(documents)
    return Approval.submit(documents, name)


class ApproveGate(ModelStorage):
    __slots__ = ()

    @classmethod
    @ModelView.button
    def approve(cls, documents):
        super().approve(_pass(cls, documents, 'approve'))


class ConfirmGate(ModelStorage):
    __slots__ = ()

    @classmethod
    @ModelView.button
    def confirm(cls, documents):
        super().confirm(_pass(cls, documents, 'confirm'))


class QuoteGate(ModelStorage):
    __slots__ = ()

    @classmethod
    @ModelView.button
    def quote(cls, documents):
        super().quote(_pass(cls, documents, 'quote'))


class WaitGate(ModelStorage):
    __slots__ = ()

    @classmethod
    @ModelView.button
    def wait(cls, documents, *args, **kwargs):
        super().wait(_pass(cls, documents, 'wait'), *args, **kwargs)
