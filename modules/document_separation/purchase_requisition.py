# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Requester and buyer."""
from sql.operators import Concat

from trytond.model import ModelView
from trytond.pool import Pool, PoolMeta

from .duty import SecondDutyMixin, origins, second_duty


class Separation(metaclass=PoolMeta):
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


class Purchase(SecondDutyMixin, metaclass=PoolMeta):
    __name__ = 'purchase.purchase'

    def get_first_duties(self, pair):
        duties = super().get_first_duties(pair)
        if pair == 'requester_buyer':
            requests = [r for l in self.lines for r in l.requests]
            # Who writes a requisition chooses the employee
            duties += [
                (r, {p for p in [r.employee, r.create_uid] if p})
                for r in origins(
                    requests, 'purchase.requisition.line', 'requisition')]
        return duties

    @classmethod
    @ModelView.button
    @second_duty('requester_buyer', 'confirmed')
    def confirm(cls, purchases):
        super().confirm(purchases)
