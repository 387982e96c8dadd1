# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Departments with budgets of their own, approval of what goes beyond."""
from decimal import Decimal

from trytond.i18n import gettext
from trytond.model import ModelStorage, ModelView, fields
from trytond.modules.document_approval.document import ApprovedMixin, Operation
from trytond.pool import Pool, PoolMeta
from trytond.pyson import Eval
from trytond.transaction import Transaction, without_check_access

from .exceptions import BudgetError
from .proposal import ancestry
from .rule import DOCUMENTS

OPERATIONS = {
    'purchase.requisition': 'purchase.requisition:approve',
    'purchase.purchase': 'purchase.purchase:confirm',
    }


class BudgetLine(metaclass=PoolMeta):
    __name__ = 'purchase.budget.line'

    department = fields.Many2One(
        'company.department', "Department", ondelete='RESTRICT',
        states={'readonly': Eval('budget_state') != 'draft'},
        domain=[('company', '=', Eval('company', -1))],
        help="For what the department or one below it asks for.")

    @classmethod
    def dimensions(cls):
        return ['department'] + super().dimensions()

    def _tell(self, user, label, description):
        super()._tell(user, label, description)
        if user.approval_email != 'none':
            user.mail_approval(label, f'{label}\n{description}')


class Requisition(metaclass=PoolMeta):
    __name__ = 'purchase.requisition'

    department = fields.Many2One(
        'company.department', "Department", ondelete='RESTRICT',
        states={'readonly': Eval('state') != 'draft'},
        domain=[('company', '=', Eval('company', -1))],
        help="The department that needs it.")

    @classmethod
    def default_department(cls):
        Employee = Pool().get('company.employee')
        employee = Transaction().context.get('employee')
        if employee and employee >= 0:
            department = Employee(employee).department
            return department.id if department else None

    @fields.depends('department')
    def on_change_lines(self):
        super().on_change_lines()

    @fields.depends('employee', methods=['on_change_department'])
    def on_change_employee(self):
        if self.employee and self.employee.department:
            self.department = self.employee.department
            self.on_change_department()

    @fields.depends(methods=['_renew_budget'])
    def on_change_department(self):
        self._renew_budget()

    def _get_line_facts(self, proposal, lines):
        facts = super()._get_line_facts(proposal, lines)
        own = getattr(self, 'department', None)
        for line, values in zip(lines, facts):
            values['department'] = ancestry(
                getattr(line, 'department', None) or own)
        return facts


class RequisitionLine(metaclass=PoolMeta):
    __name__ = 'purchase.requisition.line'

    department = fields.Many2One(
        'company.department', "Department", ondelete='RESTRICT',
        states={'readonly': Eval('purchase_requisition_state') != 'draft'},
        domain=[
            ('company', '=',
                Eval('_parent_requisition', {}).get('company', -1)),
            ],
        help="Leave empty for that of the requisition.")

    @fields.depends('department')
    def on_change_department(self):
        # Proposed anew by the requisition
        self.budget_line = None


class ApprovedBudgetMixin:
    "A document whose lines are taken from budgets"
    __slots__ = ()

    @property
    @without_check_access
    def budget_excesses(self):
        "The texts of what the rules want an additional approver for"
        pool = Pool()
        Rule = pool.get('purchase.budget.rule')
        texts = [
            Rule.describe(e) for e in Rule.find_excess(
                self.company, self.__name__, self.budget_places)
            if e.action == 'approve']
        if (missing := self.budget_missing) and (
                Rule.get_missing_action(self.company, self.__name__)
                == 'approve'):
            texts += missing
        return texts

    def get_approval_budget(self, excesses=True):
        """Return budget, committed, spent and available of what is used

        :param excesses: whether to say what goes beyond
        :return: text, of a line each
        """
        pool = Pool()
        Lang = pool.get('ir.lang')
        BudgetLine = pool.get('purchase.budget.line')
        lang = Lang.get()
        lines = BudgetLine.browse(
            sorted({line for line, _ in self.budget_places}))
        return '\n'.join([
                gettext('purchase_budget.msg_line_figures',
                    name=line.rec_name, **line.format_figures(lang))
                for line in lines] + (
                self.budget_excesses if excesses else []))


class ApprovedRequisition(ApprovedBudgetMixin, metaclass=PoolMeta):
    __name__ = 'purchase.requisition'

    def _get_approvers(self):
        # Each once, in the order of the steps
        names = dict.fromkeys(
            s.decided_by for s in self.approval_steps if s.decided_by)
        return list(names) or super()._get_approvers()


class ApprovedPurchase(ApprovedBudgetMixin, metaclass=PoolMeta):
    __name__ = 'purchase.purchase'


class Budget(ApprovedMixin, metaclass=PoolMeta):
    __name__ = 'purchase.budget'

    _approval_operations = {
        'run': Operation({'draft'}),
        }

    def _get_approval_lines(self):
        for line in self.lines:
            key = '/'.join(str(i or '') for i in line.key)
            yield f'{line.origin or line.rec_name}/{key}', 1, line.amount

    def _get_approval_amount(self):
        return sum((l.amount for l in self.lines), Decimal(0))

    def _get_approval_categories(self):
        for line in self.lines:
            category = line.category
            while category:
                yield category
                category = category.parent

    def get_approval_details(self):
        return [{
                'product': line.rec_name,
                'unit_price': line.amount,
                'last_price': line.origin.amount if line.origin else None,
                } for line in self.lines]


class RunGate(ModelStorage):
    "Let no budget run that is not approved"
    __slots__ = ()

    @classmethod
    @ModelView.button
    def run(cls, budgets):
        Approval = Pool().get('document.approval')
        super().run(Approval.submit(budgets, 'run'))


class Rule(metaclass=PoolMeta):
    __name__ = 'purchase.budget.rule'

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls.action.selection.insert(2, ('approve', "Add an Approver"))

    @classmethod
    def _check_approver(cls, document, text):
        """Test that an approval rule asks somebody.

        :raises BudgetError: nobody would be asked
        """
        Approval = Pool().get('document.approval.rule')
        super()._check_approver(document, text)
        rules = Approval.get_running(
            document.company, OPERATIONS[document.__name__])
        if not any(r.over_budget for r in rules):
            raise BudgetError(
                gettext('purchase_budget.msg_no_approver',
                    document=document.rec_name),
                '\n'.join([
                        text,
                        gettext('purchase_budget.msg_no_approver_way')]))


class ApprovalRule(metaclass=PoolMeta):
    __name__ = 'document.approval.rule'

    over_budget = fields.Boolean(
        "Beyond the Budget",
        states={
            'readonly': Eval('state') != 'draft',
            'invisible': ~Eval('operation').in_(list(OPERATIONS.values())),
            },
        help="Only documents for which a budget rule adds an approver.")

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls.operation.selection.append(
            ('purchase.budget:run', "Purchase Budget"))

    @classmethod
    def default_over_budget(cls):
        return False

    def match(self, facts):
        return super().match(facts) and (
            not self.over_budget
            or facts['document'].__name__ not in DOCUMENTS
            or bool(facts['document'].budget_excesses))

    def _explain(self, facts):
        texts = super()._explain(facts)
        if self.over_budget and facts['document'].__name__ in DOCUMENTS:
            texts += facts['document'].budget_excesses
        return texts


class DecideStart(metaclass=PoolMeta):
    __name__ = 'document.approval.decide.start'

    budget = fields.Text(
        "Budget", readonly=True, states={'invisible': ~Eval('budget')})


class Decide(metaclass=PoolMeta):
    __name__ = 'document.approval.decide'

    def default_start(self, fields):
        values = super().default_start(fields)
        if len(self.records) == 1:
            approval, = self.records
            document = approval.document
            if document and document.__name__ in DOCUMENTS:
                values['budget'] = document.get_approval_budget(
                    # Those are why the rule asks, which is shown as well
                    excesses=not approval.rule.over_budget)
        return values


class IrRule(metaclass=PoolMeta):
    __name__ = 'ir.rule'

    @classmethod
    def _get_context(cls, model_name):
        context = super()._get_context(model_name)
        if model_name == 'purchase.budget.line':
            context['budget_departments'] = cls._get_budget_departments()
        return context

    @classmethod
    def _get_cache_key(cls, model_names):
        key = super()._get_cache_key(model_names)
        if 'purchase.budget.line' in model_names:
            key = (*key, tuple(cls._get_budget_departments()))
        return key

    @classmethod
    def _get_budget_departments(cls):
        "Return the ids of the departments of the user and those above"
        User = Pool().get('res.user')
        with without_check_access():
            user = User(Transaction().user)
            return sorted({
                    id_ for e in user.employees if e.department
                    for id_ in ancestry(e.department)})
