# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Rules say which documents need whose approval."""
import datetime as dt
from decimal import Decimal

from trytond.cache import Cache
from trytond.i18n import gettext
from trytond.model import (
    EvalEnvironment, ModelSQL, ModelView, Workflow, fields, sequence_ordered)
from trytond.model.exceptions import AccessError
from trytond.modules.currency.fields import Monetary
from trytond.pool import Pool
from trytond.pyson import Bool, Eval, If, PYSONDecoder
from trytond.transaction import Transaction

from .exceptions import ApprovalError, RuleValidationError

# Approvers that are the same for all the documents
STANDING = ['users', 'role', 'group']


class Rule(sequence_ordered(), Workflow, ModelSQL, ModelView):
    __name__ = 'document.approval.rule'
    _states = {
        'readonly': Eval('state') != 'draft',
        }

    name = fields.Char("Name", required=True, translate=True, states=_states)
    version = fields.Integer("Version", required=True, readonly=True)
    origin = fields.Many2One(
        'document.approval.rule', "Former Version", readonly=True,
        ondelete='RESTRICT')
    company = fields.Many2One(
        'company.company', "Company", required=True, states=_states)
    currency = fields.Function(fields.Many2One(
            'currency.currency', "Currency"), 'on_change_with_currency')
    operation = fields.Selection(
        [], "Document", required=True, sort=False, states=_states,
        help="The step of the document that needs the approval.")
    operation_string = operation.translated('operation')
    description = fields.Text(
        "Description", translate=True, states=_states,
        help="Shown to everybody who asks why a document needs approval.")
    state = fields.Selection([
            ('draft', "Draft"),
            ('running', "Running"),
            ('closed', "Closed"),
            ], "State", readonly=True, required=True, sort=False)

    amount_from = Monetary(
        "Amount From", currency='currency', digits='currency',
        states=_states,
        domain=[If(Bool(Eval('amount_from')), ('amount_from', '>=', 0), ())],
        help="In the currency of the company at the date of the document, "
        "without tax.\nThe amount itself is included.")
    amount_to = Monetary(
        "Amount Below", currency='currency', digits='currency',
        states=_states,
        domain=[If(Bool(Eval('amount_to')), ('amount_to', '>', 0), ())],
        help="In the currency of the company at the date of the document, "
        "without tax.\nThe amount itself is not included.")
    no_amount = fields.Selection([
            ('all', "Ask all the levels"),
            ('refuse', "Refuse to submit"),
            ('zero', "Take it as zero"),
            ], "Without Amount", required=True, sort=False, states=_states,
        help="What happens when the amount is zero or a price is missing.")
    parties = fields.Many2Many(
        'document.approval.rule-party.party', 'rule', 'party', "Parties",
        states=_states, context={'company': Eval('company', -1)},
        depends={'company'},
        help="Only documents with these suppliers or customers.")
    categories = fields.Many2Many(
        'document.approval.rule-product.category', 'rule', 'category',
        "Product Categories", states=_states,
        context={'company': Eval('company', -1)}, depends={'company'},
        help="Only documents with a product of these categories or of those "
        "below them.")
    departments = fields.Many2Many(
        'document.approval.rule-company.department', 'rule', 'department',
        "Departments", states=_states,
        domain=[('company', '=', Eval('company', -1))],
        help="Only documents that an employee of these departments asks for.")
    roles = fields.Many2Many(
        'document.approval.rule-res.role', 'rule', 'role', "Roles",
        states=_states,
        help="Only documents that a user with these roles asks for.")
    condition = fields.Char(
        "Condition", states=_states,
        help="A PYSON statement that is true for the documents meant.\n"
        'The document is "self".')

    tolerance = fields.Numeric(
        "Tolerance (%)", digits=(3, 2), required=True, states=_states,
        domain=[('tolerance', '>=', 0), ('tolerance', '<=', 100)],
        help="How far amount, quantities and prices may move away from what "
        "was approved without another approval.")
    proceed = fields.Boolean(
        "Proceed", states=_states,
        help="Go on with the document as soon as the last level has approved "
        "it.")
    notified_users = fields.Many2Many(
        'document.approval.rule-notified-res.user', 'rule', 'user',
        "Notify", states=_states,
        help="Who is told the outcome without being asked.")
    levels = fields.One2Many(
        'document.approval.level', 'rule', "Levels", states=_states)

    _running_cache = Cache(
        'document.approval.rule.running', context=False)

    del _states

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls._transitions |= {
            ('draft', 'running'),
            ('running', 'closed'),
            ('closed', 'running'),
            }
        cls._buttons.update({
                'run': {
                    'invisible': Eval('state') == 'running',
                    'readonly': ~Eval('levels', []),
                    'depends': ['state', 'levels'],
                    },
                'close': {
                    'invisible': Eval('state') != 'running',
                    'depends': ['state'],
                    },
                'revise': {
                    'invisible': Eval('state') != 'running',
                    'depends': ['state'],
                    },
                'simulate': {
                    'invisible': Eval('state') == 'closed',
                    'readonly': ~Eval('levels', []),
                    'depends': ['state', 'levels'],
                    },
                })

    @classmethod
    def default_version(cls):
        return 1

    @classmethod
    def default_company(cls):
        return Transaction().context.get('company')

    @classmethod
    def default_state(cls):
        return 'draft'

    @classmethod
    def default_no_amount(cls):
        return 'all'

    @classmethod
    def default_tolerance(cls):
        return Decimal(0)

    @classmethod
    def default_proceed(cls):
        return True

    @fields.depends('company')
    def on_change_with_currency(self, name=None):
        return self.company.currency if self.company else None

    def get_rec_name(self, name):
        if self.version > 1:
            return f'{self.name} ({self.version})'
        return self.name

    @classmethod
    def view_attributes(cls):
        return super().view_attributes() + [
            ('/tree', 'visual', If(Eval('state') == 'closed', 'muted', '')),
            ]

    @classmethod
    def validate_fields(cls, rules, field_names):
        super().validate_fields(rules, field_names)
        cls._check_condition(rules, field_names)

    @classmethod
    def _check_condition(cls, rules, field_names=None):
        if field_names and 'condition' not in field_names:
            return
        for rule in rules:
            if not rule.condition:
                continue
            try:
                PYSONDecoder(noeval=True).decode(rule.condition)
            except Exception as exception:
                raise RuleValidationError(gettext(
                        'document_approval.msg_rule_condition',
                        rule=rule.rec_name,
                        condition=rule.condition)) from exception

    @classmethod
    def check_modification(cls, mode, rules, values=None, external=False):
        super().check_modification(
            mode, rules, values=values, external=external)
        if mode == 'delete' or (
                mode == 'write' and values.keys() - {'state', 'sequence'}):
            for rule in rules:
                if rule.state != 'draft':
                    raise AccessError(gettext(
                            'document_approval.msg_rule_not_draft',
                            rule=rule.rec_name))

    @classmethod
    def copy(cls, rules, default=None):
        default = default.copy() if default is not None else {}
        default.setdefault('version', 1)
        default.setdefault('origin')
        return super().copy(rules, default=default)

    @classmethod
    @ModelView.button
    @Workflow.transition('running')
    def run(cls, rules):
        for rule in rules:
            if not rule.levels:
                raise RuleValidationError(gettext(
                        'document_approval.msg_rule_no_level',
                        rule=rule.rec_name))
            for level in rule.levels:
                level.check_complete()
        roots = {r.root for r in rules}
        if len(roots) < len(rules):
            raise RuleValidationError(gettext(
                    'document_approval.msg_rule_two_versions',
                    rule=rules[0].rec_name))
        cls.close([
                r for r in cls.search([
                        ('company', 'in', [r.company.id for r in rules]),
                        ('state', '=', 'running'),
                        ])
                if r.root in roots and r not in rules])

    @classmethod
    @ModelView.button
    @Workflow.transition('closed')
    def close(cls, rules):
        pass

    @classmethod
    @ModelView.button
    def revise(cls, rules):
        "Draft the next version, approvals under way keep theirs"
        for rule in rules:
            cls.copy([rule], default={
                    'origin': rule.id,
                    'version': rule.version + 1,
                    })

    @classmethod
    @ModelView.button_action('document_approval.wizard_simulate')
    def simulate(cls, rules):
        pass

    @classmethod
    def on_modification(cls, mode, rules, field_names=None):
        super().on_modification(mode, rules, field_names=field_names)
        cls._running_cache.clear()

    @property
    def root(self):
        "The id of the first version, which is the same for all versions"
        rule = self
        while rule.origin:
            rule = rule.origin
        return rule.id

    @classmethod
    def get_running(cls, company, operation):
        """Return the running rules.

        :param company: of the document
        :param operation: like 'purchase.purchase:confirm'
        :return: list of rules, in their order
        """
        key = (company.id, operation)
        ids = cls._running_cache.get(key)
        if ids is None:
            ids = [r.id for r in cls.search([
                        ('company', '=', company.id),
                        ('operation', '=', operation),
                        ('state', '=', 'running'),
                        ])]
            cls._running_cache.set(key, ids)
        return cls.browse(ids)

    def match(self, facts):
        """Test if a document needs the approval of the rule.

        :param facts: what ApprovedMixin.get_approval_facts returns
        """
        # What is given back counts as what is bought
        amount = abs(facts['amount'])
        if facts['missing'] and self.no_amount != 'zero':
            # Nothing slips below a tier because a price is not there yet
            if self.no_amount == 'refuse' and self.amount_from is not None:
                raise ApprovalError(gettext(
                        'document_approval.msg_no_amount',
                        document=facts['document'].rec_name,
                        rule=self.rec_name))
        else:
            if self.amount_from is not None and amount < self.amount_from:
                return False
            if self.amount_to is not None and amount >= self.amount_to:
                return False
        if self.parties and facts['party'] not in self.parties:
            return False
        if self.categories and not (
                facts['categories'] & set(self.categories)):
            return False
        if self.departments:
            employee = facts['employee']
            if not employee or employee.department not in self.departments:
                return False
        if self.roles:
            user = facts['requester']
            if not user or not {
                    r.role for r in user.roles} & set(self.roles):
                return False
        return self._match_condition(facts['document'])

    def _match_condition(self, record):
        if not self.condition:
            return True
        env = {'self': EvalEnvironment(record, record.__class__)}
        return bool(PYSONDecoder(env).decode(self.condition))

    def explain(self, facts):
        """Return why the rule asks for the approval of a document.

        :param facts: what ApprovedMixin.get_approval_facts returns
        """
        pool = Pool()
        Lang = pool.get('ir.lang')
        lang = Lang.get()
        texts = [self.rec_name]
        if self.description:
            texts.append(self.description)
        if facts['missing'] and self.no_amount != 'zero':
            texts.append(gettext('document_approval.msg_because_no_amount'))
        elif self.amount_from is not None or self.amount_to is not None:
            texts.append(gettext(
                    'document_approval.msg_because_amount',
                    amount=lang.currency(
                        facts['amount'], self.currency, grouping=True)))
        texts += self._explain(facts)
        return '\n'.join(texts)

    def _explain(self, facts):
        "Return texts for the conditions beside the amount"
        texts = []
        if self.parties:
            texts.append(gettext(
                    'document_approval.msg_because_party',
                    party=facts['party'].rec_name))
        if self.categories:
            texts.append(gettext(
                    'document_approval.msg_because_category',
                    categories=', '.join(
                        c.rec_name for c in self.categories
                        if c in facts['categories'])))
        if self.departments:
            texts.append(gettext(
                    'document_approval.msg_because_department',
                    department=facts['employee'].department.rec_name))
        if self.roles:
            texts.append(gettext(
                    'document_approval.msg_because_role',
                    user=facts['requester'].rec_name))
        return texts

    def get_levels(self, facts):
        "Return the levels that a document with the facts needs"
        if facts['missing'] and self.no_amount == 'all':
            return list(self.levels)
        return [
            l for l in self.levels
            if l.amount_from is None or abs(facts['amount']) >= l.amount_from]


class RuleParty(ModelSQL):
    __name__ = 'document.approval.rule-party.party'

    rule = fields.Many2One(
        'document.approval.rule', "Rule", ondelete='CASCADE', required=True)
    party = fields.Many2One(
        'party.party', "Party", ondelete='CASCADE', required=True)


class RuleCategory(ModelSQL):
    __name__ = 'document.approval.rule-product.category'

    rule = fields.Many2One(
        'document.approval.rule', "Rule", ondelete='CASCADE', required=True)
    category = fields.Many2One(
        'product.category', "Category", ondelete='CASCADE', required=True)


class RuleDepartment(ModelSQL):
    __name__ = 'document.approval.rule-company.department'

    rule = fields.Many2One(
        'document.approval.rule', "Rule", ondelete='CASCADE', required=True)
    department = fields.Many2One(
        'company.department', "Department", ondelete='CASCADE',
        required=True)


class RuleRole(ModelSQL):
    __name__ = 'document.approval.rule-res.role'

    rule = fields.Many2One(
        'document.approval.rule', "Rule", ondelete='CASCADE', required=True)
    role = fields.Many2One(
        'res.role', "Role", ondelete='CASCADE', required=True)


class RuleNotifiedUser(ModelSQL):
    __name__ = 'document.approval.rule-notified-res.user'

    rule = fields.Many2One(
        'document.approval.rule', "Rule", ondelete='CASCADE', required=True)
    user = fields.Many2One(
        'res.user', "User", ondelete='CASCADE', required=True)


class Level(sequence_ordered(), ModelSQL, ModelView):
    __name__ = 'document.approval.level'
    _states = {
        'readonly': Eval('rule_state') != 'draft',
        }

    rule = fields.Many2One(
        'document.approval.rule', "Rule", ondelete='CASCADE', required=True,
        states={'readonly': _states['readonly'] & Bool(Eval('rule'))})
    rule_state = fields.Function(
        fields.Selection('get_rule_states', "Rule State"),
        'on_change_with_rule_state')
    currency = fields.Function(fields.Many2One(
            'currency.currency', "Currency"), 'on_change_with_currency')
    name = fields.Char("Name", required=True, translate=True, states=_states)
    amount_from = Monetary(
        "Amount From", currency='currency', digits='currency',
        states=_states,
        help="The level is needed from this amount on.\n"
        "Leave empty to need it always.")
    approver = fields.Selection([
            ('users', "Users"),
            ('role', "Role"),
            ('group', "Group"),
            ('manager', "Manager of the Requester"),
            ('department', "Head of the Department"),
            ], "Approver", required=True, sort=False, states=_states)
    approver_string = approver.translated('approver')
    users = fields.Many2Many(
        'document.approval.level-res.user', 'level', 'user', "Users",
        states={
            **_states,
            'invisible': Eval('approver') != 'users',
            'required': Eval('approver') == 'users',
            })
    role = fields.Many2One(
        'res.role', "Role", ondelete='RESTRICT',
        states={
            **_states,
            'invisible': Eval('approver') != 'role',
            'required': Eval('approver') == 'role',
            })
    group = fields.Many2One(
        'res.group', "Group", ondelete='RESTRICT',
        states={
            **_states,
            'invisible': Eval('approver') != 'group',
            'required': Eval('approver') == 'group',
            })
    manager_level = fields.Integer(
        "Manager Level",
        domain=[
            If(Eval('approver') == 'manager',
                ('manager_level', '>=', 1),
                ()),
            ],
        states={
            **_states,
            'invisible': Eval('approver') != 'manager',
            'required': Eval('approver') == 'manager',
            },
        help="1 for the supervisor, 2 for the supervisor's one.")
    quorum = fields.Selection([
            ('any', "Any of Them"),
            ('all', "All of Them"),
            ('number', "At Least"),
            ], "Quorum", required=True, sort=False, states=_states)
    quorum_number = fields.Integer(
        "Number",
        domain=[
            If(Eval('quorum') == 'number',
                ('quorum_number', '>=', 1),
                ()),
            ],
        states={
            **_states,
            'invisible': Eval('quorum') != 'number',
            'required': Eval('quorum') == 'number',
            })
    fallback_users = fields.Many2Many(
        'document.approval.level-fallback-res.user', 'level', 'user',
        "If Nobody", states=_states,
        help="Who decides when there is nobody else.\n"
        "Without them the document can not be submitted.")
    tolerance = fields.Numeric(
        "Tolerance (%)", digits=(3, 2), states=_states,
        domain=['OR',
            ('tolerance', '=', None),
            [('tolerance', '>=', 0), ('tolerance', '<=', 100)],
            ],
        help="Leave empty for the tolerance of the rule.")
    time_limit = fields.TimeDelta("Time Limit", states=_states)
    reminder = fields.TimeDelta(
        "Remind Every", states=_states,
        help="How often those who have not decided are reminded.")
    escalation_users = fields.Many2Many(
        'document.approval.level-escalation-res.user', 'level', 'user',
        "Escalate To", states=_states,
        help="Who may decide, too, after the time limit.")

    del _states

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls.__access__.add('rule')
        cls.sequence.states = {'readonly': Eval('rule_state') != 'draft'}

    @classmethod
    def get_rule_states(cls):
        Rule = Pool().get('document.approval.rule')
        return Rule.fields_get(['state'])['state']['selection']

    @fields.depends('rule', '_parent_rule.state')
    def on_change_with_rule_state(self, name=None):
        return self.rule.state if self.rule else 'draft'

    @fields.depends('rule', '_parent_rule.company')
    def on_change_with_currency(self, name=None):
        if self.rule and self.rule.company:
            return self.rule.company.currency

    @classmethod
    def default_rule_state(cls):
        return 'draft'

    @classmethod
    def default_approver(cls):
        return 'role'

    @classmethod
    def default_manager_level(cls):
        return 1

    @classmethod
    def default_quorum(cls):
        return 'any'

    @classmethod
    def check_modification(cls, mode, levels, values=None, external=False):
        super().check_modification(
            mode, levels, values=values, external=external)
        for level in levels:
            if level.rule.state != 'draft':
                raise AccessError(gettext(
                        'document_approval.msg_rule_not_draft',
                        rule=level.rule.rec_name))

    @property
    def tolerance_used(self):
        if self.tolerance is None:
            return self.rule.tolerance
        return self.tolerance

    def check_complete(self):
        """Test that somebody can decide.

        :raises RuleValidationError: nobody is named
        """
        if self.approver == 'users' and not self.users:
            raise RuleValidationError(gettext(
                    'document_approval.msg_level_nobody',
                    level=self.rec_name,
                    rule=self.rule.rec_name))

    def get_approvers(self, facts):
        """Return those who decide at the level.

        :param facts: what ApprovedMixin.get_approval_facts returns
        :return: set of users, active or not
        """
        return getattr(self, f'_get_{self.approver}')(facts)

    def get_candidates(self, facts, excluded, approvers=None):
        """Return those who can decide at the level, or the named others.

        :param facts: what ApprovedMixin.get_approval_facts returns
        :param excluded: ids of the users who may not decide on the document
        :param approvers: what get_approvers returns if it is known
        :return: set of users
        """
        company = facts['document'].company
        if approvers is None:
            approvers = self.get_approvers(facts)
        return (
            fitting(approvers, company, excluded)
            or fitting(self.fallback_users, company, excluded))

    def get_quorum(self, users):
        "Return how many of the users have to approve"
        if self.quorum == 'any':
            return 1
        if self.quorum == 'all':
            return len(users)
        return self.quorum_number

    def _get_users(self, facts):
        return set(self.users)

    def _get_role(self, facts):
        UserRole = Pool().get('res.user.role')
        now = dt.datetime.now()
        return {
            r.user for r in UserRole.search([('role', '=', self.role.id)])
            if r.valid(now)}

    def _get_group(self, facts):
        pool = Pool()
        User = pool.get('res.user')
        UserGroup = pool.get('res.user-res.group')
        cursor = Transaction().connection.cursor()
        table = UserGroup.user_group_all_table()
        cursor.execute(*table.select(
                table.user, where=table.group == self.group.id))
        return set(User.browse([id_ for id_, in cursor]))

    def _get_manager(self, facts):
        employee = facts['employee']
        for _ in range(self.manager_level):
            employee = employee.supervisor if employee else None
        return users_of(employee)

    def _get_department(self, facts):
        employee = facts['employee']
        department = employee.department if employee else None
        return users_of(department.head_used if department else None)


def users_of(employee):
    "Return the set of the users of an employee or None"
    if not employee:
        return set()
    User = Pool().get('res.user')
    return set(User.search([('employees', '=', employee.id)]))


def fitting(users, company, excluded):
    """Return the users who can decide on a document of the company.

    :param users: iterable of users
    :param company: of the document
    :param excluded: ids of those who may not decide on it
    """
    return {
        u for u in users
        if u.active and u.id not in excluded and company in u.companies}


class LevelUser(ModelSQL):
    __name__ = 'document.approval.level-res.user'

    level = fields.Many2One(
        'document.approval.level', "Level", ondelete='CASCADE', required=True)
    user = fields.Many2One(
        'res.user', "User", ondelete='CASCADE', required=True)


class LevelFallbackUser(ModelSQL):
    __name__ = 'document.approval.level-fallback-res.user'

    level = fields.Many2One(
        'document.approval.level', "Level", ondelete='CASCADE', required=True)
    user = fields.Many2One(
        'res.user', "User", ondelete='CASCADE', required=True)


class LevelEscalationUser(ModelSQL):
    __name__ = 'document.approval.level-escalation-res.user'

    level = fields.Many2One(
        'document.approval.level', "Level", ondelete='CASCADE', required=True)
    user = fields.Many2One(
        'res.user', "User", ondelete='CASCADE', required=True)
