# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Projects with budgets of their own."""
from trytond.model import fields
from trytond.pool import PoolMeta
from trytond.pyson import Eval

from .proposal import ancestry


class BudgetLine(metaclass=PoolMeta):
    __name__ = 'purchase.budget.line'

    project = fields.Many2One(
        'project.work', "Project", ondelete='RESTRICT',
        states={'readonly': Eval('budget_state') != 'draft'},
        domain=[('company', '=', Eval('company', -1))],
        help="For what the project or a task of it needs.")

    @classmethod
    def dimensions(cls):
        return ['project'] + super().dimensions()


class Requisition(metaclass=PoolMeta):
    __name__ = 'purchase.requisition'

    project = fields.Many2One(
        'project.work', "Project", ondelete='RESTRICT',
        states={'readonly': Eval('state') != 'draft'},
        domain=[('company', '=', Eval('company', -1))],
        help="The project that needs it.")

    @fields.depends('project')
    def on_change_lines(self):
        super().on_change_lines()

    @fields.depends(methods=['_renew_budget'])
    def on_change_project(self):
        self._renew_budget()

    def _get_line_facts(self, proposal, lines):
        facts = super()._get_line_facts(proposal, lines)
        own = getattr(self, 'project', None)
        for line, values in zip(lines, facts):
            values['project'] = ancestry(
                getattr(line, 'project', None) or own)
        return facts


class RequisitionLine(metaclass=PoolMeta):
    __name__ = 'purchase.requisition.line'

    project = fields.Many2One(
        'project.work', "Project", ondelete='RESTRICT',
        states={'readonly': Eval('purchase_requisition_state') != 'draft'},
        domain=[
            ('company', '=',
                Eval('_parent_requisition', {}).get('company', -1)),
            ],
        help="Leave empty for that of the requisition.")

    @fields.depends('project')
    def on_change_project(self):
        # Proposed anew by the requisition
        self.budget_line = None
