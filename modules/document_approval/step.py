# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""The levels of an approval and what people decided at them."""
import datetime as dt
import json

from trytond.i18n import gettext
from trytond.model import Index, ModelSQL, ModelView, fields
from trytond.model.exceptions import AccessError
from trytond.pool import Pool
from trytond.pyson import Eval, If

from . import content as content_
from .engine import EngineMixin
from .rule import STANDING, fitting

# Decisions by which a person stands for the content
CONSENT = ['approve']


class Step(EngineMixin, ModelSQL, ModelView):
    __name__ = 'document.approval.step'

    approval = fields.Many2One(
        'document.approval', "Approval", required=True, readonly=True,
        ondelete='CASCADE')
    level = fields.Many2One(
        'document.approval.level', "Level of the Rule", readonly=True,
        ondelete='RESTRICT')
    name = fields.Char("Level", required=True, readonly=True)
    sequence = fields.Integer(
        "Sequence", required=True, readonly=True,
        help="Levels with the same sequence decide at the same time.")
    added_user = fields.Many2One(
        'res.user', "Added Approver", readonly=True, ondelete='RESTRICT')
    users = fields.Many2Many(
        'document.approval.step-res.user', 'step', 'user', "Who Decides",
        readonly=True)
    users_string = fields.Function(
        fields.Char("Who Decides"), 'get_users_string')
    required = fields.Integer(
        "Needed", readonly=True, help="How many of them have to approve.")
    escalated = fields.Boolean("Escalated", readonly=True)
    since = fields.Timestamp("Since", readonly=True)
    due = fields.DateTime("Due", readonly=True)
    reminded_at = fields.Timestamp("Reminded At", readonly=True)
    decisions = fields.One2Many(
        'document.approval.decision', 'step', "Decisions", readonly=True)
    decided_by = fields.Function(
        fields.Char("Decided By"), 'get_decided_by')
    state = fields.Selection([
            ('pending', "Not Yet"),
            ('waiting', "Waiting"),
            ('approved', "Approved"),
            ('refused', "Refused"),
            ('skipped', "Not Needed"),
            ], "State", required=True, readonly=True, sort=False)
    state_string = state.translated('state')

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls.__access__.add('approval')
        t = cls.__table__()
        cls._sql_indexes.update({
                Index(t, (t.approval, Index.Equality())),
                Index(
                    t, (t.state, Index.Equality(cardinality='low')),
                    where=t.state == 'waiting'),
                })
        cls._order = [('approval', 'DESC'), ('sequence', 'ASC'), ('id', 'ASC')]

    @classmethod
    def default_escalated(cls):
        return False

    @classmethod
    def view_attributes(cls):
        return super().view_attributes() + [
            ('/tree', 'visual',
                If(Eval('state') == 'waiting', 'warning',
                    If(Eval('state') == 'refused', 'danger',
                        If(Eval('state') == 'approved', 'success',
                            'muted')))),
            ]

    def get_users_string(self, name):
        return ', '.join(u.rec_name for u in self.users)

    def get_decided_by(self, name):
        return ', '.join(
            d.names for d in self._consents())

    def _consents(self):
        """Return the decisions that count: since the step began anew

        A step that was reopened asks everybody again.
        """
        if not self.since:
            return []
        return [
            d for d in self.decisions
            if d.action in CONSENT and d.decided_at >= self.since]

    def get_deciders(self):
        "Return the ids of those who approved, and for whom they did"
        return {
            u.id for d in self._consents() for u in [d.user, d.principal]
            if u}

    @property
    def is_complete(self):
        "Test if enough have approved, one on behalf of another counts once"
        consents = {d.principal or d.user for d in self._consents()}
        return len(consents) >= self.required

    def covers(self, content):
        """Test if what was approved at the step covers the content.

        :param content: dictionary, see content.py
        """
        tolerance = self.level.tolerance_used if self.level else (
            self.approval.rule.tolerance)
        return all(
            content_.covers(json.loads(d.content), content, tolerance)
            for d in self._consents())

    def get_candidates(self, facts):
        """Return those who can decide the step, or the named others.

        :param facts: what ApprovedMixin.get_approval_facts returns
        :return: set of users
        """
        if self.added_user:
            return self._fit({self.added_user})
        return self.level.get_candidates(facts, self.approval.get_excluded())

    def _fit(self, users):
        approval = self.approval
        return fitting(users, approval.company, approval.get_excluded())

    def get_quorum(self, users):
        "Return how many of the users have to approve"
        return self.level.get_quorum(users) if self.level else 1

    def begin(self, facts):
        "Ask those who can decide now"
        self.since = dt.datetime.now()
        self.escalated = False
        self.reminded_at = None
        self.due = None
        if self.level and self.level.time_limit:
            self.due = (
                self.since + self.level.time_limit).replace(microsecond=0)
        self.state = 'waiting'
        self.ask(facts)

    def ask(self, facts):
        """Set who is asked, as roles and people are now.

        Those who have approved stay, a person who was asked in the place of
        another goes with the other. When there are too few the
        administrators are asked.
        """
        users = self.get_candidates(facts)
        users -= {
            u for u in users for s in self.approval.steps
            if s.id != self.id and s.state == 'approved'
            and u.id in s.get_deciders()}
        present = [
            d for d in self.decisions if d.decided_at >= self.since]
        for decision in present:
            principal = decision.principal or decision.user
            if decision.action == 'delegate' and principal in users:
                users -= {principal}
                users |= self._fit({decision.other})
        users |= {
            d.principal or d.user for d in present if d.action in CONSENT}
        quorum = max(self.get_quorum(users), 1)
        if self.escalated:
            users |= self._fit(self.level.escalation_users)
        if len(users) < quorum:
            users |= self._fit(self._administrators())
        self.users = list(users)
        self.required = quorum

    @classmethod
    def _administrators(cls):
        pool = Pool()
        ModelData = pool.get('ir.model.data')
        Group = pool.get('res.group')
        group = Group(ModelData.get_id(
                'document_approval', 'group_document_approval_admin'))
        return set(group.users)

    @classmethod
    def tell(cls, steps, message='document_approval.msg_told_wanted'):
        "Tell those who decide the steps"
        User = Pool().get('res.user')
        for step, users in cls.get_asked(steps).items():
            User.tell_approval(users, step.approval, message)

    @classmethod
    def get_asked(cls, steps):
        """Return who still has to decide, and who does so on their behalf.

        :param steps: that wait
        :return: dictionary by step of sets of users
        """
        Delegation = Pool().get('document.approval.delegation')
        delegations = Delegation.get_valid() if steps else []
        result = {}
        for step in steps:
            decided = step.get_deciders()
            users = {u for u in step.users if u.id not in decided}
            delegates = {
                d.delegate for d in delegations
                if d.user in users and d.delegate.id not in decided
                and d.is_for(step.approval)}
            if delegates:
                users |= step._fit(delegates)
            result[step] = users
        return result

    @classmethod
    def refresh(cls, steps=None):
        """Ask anew where those who are asked have left or lost their role.

        :param steps: that wait, all when None
        """
        Approval = Pool().get('document.approval')
        if steps is None:
            steps = cls.search([('state', '=', 'waiting')])
        changed, asked = [], []
        for step in cls.browse(steps):
            if step.state != 'waiting':
                continue
            before, required = set(step.users), step.required
            step.ask(step._get_facts())
            if set(step.users) != before or step.required != required:
                changed.append(step)
            if set(step.users) - before:
                asked.append(step)
        if not changed:
            return
        Approval.lock(list({s.approval for s in changed}))
        cls.save(changed)
        if asked:
            Approval.note('ask', [s.approval for s in asked], asked)
            cls.tell(asked)
        complete = [s for s in changed if s.is_complete]
        if complete:
            # Who was missing is not asked any longer
            cls.write(complete, {'state': 'approved'})
            Approval.advance(list({s.approval for s in complete}))

    def _get_facts(self):
        "Return what get_candidates needs, which is little for most levels"
        document = self.approval.document
        if not self.level or self.level.approver in STANDING:
            return {'document': document}
        return document.get_approval_facts()

    @classmethod
    def remind(cls):
        "Remind and escalate what waits too long"
        Approval = Pool().get('document.approval')
        now = dt.datetime.now()
        reminded, escalated = [], []
        for step in cls.search([
                    ('state', '=', 'waiting'),
                    ('level', '!=', None),
                    ]):
            level = step.level
            if step.due and step.due < now and not step.escalated:
                step.escalated = True
                step.users = list(
                    set(step.users) | step._fit(set(level.escalation_users)))
                escalated.append(step)
            elif level.reminder and now >= (
                    (step.reminded_at or step.since) + level.reminder):
                reminded.append(step)
            else:
                continue
            step.reminded_at = now
        cls.save(reminded + escalated)
        if escalated:
            Approval.note('escalate', [s.approval for s in escalated],
                escalated)
        cls.tell(reminded, 'document_approval.msg_told_reminded')
        cls.tell(escalated, 'document_approval.msg_told_escalated')


class StepUser(ModelSQL):
    __name__ = 'document.approval.step-res.user'

    step = fields.Many2One(
        'document.approval.step', "Step", ondelete='CASCADE', required=True)
    user = fields.Many2One(
        'res.user', "User", ondelete='CASCADE', required=True)

    @classmethod
    def __setup__(cls):
        super().__setup__()
        t = cls.__table__()
        cls._sql_indexes.add(
            Index(t, (t.user, Index.Equality()), (t.step, Index.Equality())))


class Decision(ModelSQL, ModelView):
    __name__ = 'document.approval.decision'

    approval = fields.Many2One(
        'document.approval', "Approval", required=True, readonly=True,
        ondelete='RESTRICT')
    step = fields.Many2One(
        'document.approval.step', "Step", readonly=True, ondelete='RESTRICT')
    level_name = fields.Char("Level", readonly=True)
    action = fields.Selection([
            ('submit', "Submit"),
            ('approve', "Approve"),
            ('refuse', "Refuse"),
            ('return', "Return"),
            ('withdraw', "Withdraw"),
            ('add', "Add Approver"),
            ('delegate', "Delegate"),
            ('ask', "Ask Others"),
            ('escalate', "Escalate"),
            ('tolerate', "Change Within the Tolerance"),
            ('reopen', "Reopen Levels"),
            ('bypass', "Bypass"),
            ('supersede', "Supersede"),
            ('cancel', "Document Cancelled"),
            ('delete', "Document Deleted"),
            ], "Action", required=True, readonly=True, sort=False)
    action_string = action.translated('action')
    user = fields.Many2One(
        'res.user', "User", readonly=True, ondelete='RESTRICT',
        help="Empty for what happened by itself.")
    principal = fields.Many2One(
        'res.user', "On Behalf Of", readonly=True, ondelete='RESTRICT')
    other = fields.Many2One(
        'res.user', "Other User", readonly=True, ondelete='RESTRICT',
        help="Who was asked beside the user or in the user's place.")
    employee = fields.Many2One(
        'company.employee', "Employee", readonly=True, ondelete='RESTRICT')
    decided_at = fields.Timestamp("Time", required=True, readonly=True)
    # The clients take what they show without its fraction for a change
    decided_second = fields.Function(
        fields.DateTime("Time"), 'get_decided_second')
    reason = fields.Text("Reason", readonly=True)
    content = fields.Text("Content", readonly=True)
    digest = fields.Char(
        "Digest", readonly=True, help="The SHA-256 of the content.")

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls.__access__.add('approval')
        t = cls.__table__()
        cls._sql_indexes.update({
                Index(t, (t.approval, Index.Equality())),
                Index(t, (t.step, Index.Equality())),
                })
        cls._order = [('id', 'ASC')]

    def get_decided_second(self, name):
        return self.decided_at.replace(microsecond=0)

    def get_rec_name(self, name):
        return f'{self.approval.rec_name} - {self.action_string}'

    @classmethod
    def preprocess_values(cls, mode, values):
        "Date and employee are those of the server whoever asks"
        User = Pool().get('res.user')
        values = super().preprocess_values(mode, values)
        if mode == 'create':
            values['decided_at'] = dt.datetime.now()
            if values.get('user'):
                employee = User(values['user']).employee
                values['employee'] = employee.id if employee else None
        return values

    @classmethod
    def check_modification(cls, mode, decisions, values=None, external=False):
        super().check_modification(
            mode, decisions, values=values, external=external)
        if external or mode != 'create':
            raise AccessError(gettext(
                    'document_approval.msg_decision_stays'))

    @property
    def names(self):
        "Who decided, and for whom"
        if not self.user:
            return ''
        if not self.principal:
            return self.user.rec_name
        return gettext(
            'document_approval.msg_on_behalf',
            user=self.user.rec_name, principal=self.principal.rec_name)
