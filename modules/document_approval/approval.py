# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Approvals under way, their steps and the decisions on them."""
import datetime as dt
import json
from collections import defaultdict
from itertools import groupby

from trytond.i18n import gettext
from trytond.model import Index, ModelSQL, ModelView, fields
from trytond.modules.currency.fields import Monetary
from trytond.pool import Pool
from trytond.pyson import Eval
from trytond.rpc import RPC
from trytond.transaction import Transaction, without_check_access

from . import content as content_
from .engine import EngineMixin
from .exceptions import ApprovalAccessError, ApprovalError
from .matching import find_deciders
from .reading import readable_records

# Of an approval that still counts for its document
CURRENT = ['waiting', 'approved']


class Approval(EngineMixin, ModelSQL, ModelView):
    __name__ = 'document.approval'
    _rec_name = 'document_name'

    company = fields.Many2One(
        'company.company', "Company", required=True, readonly=True,
        ondelete='RESTRICT')
    document = fields.Reference(
        "Document", selection='get_documents', readonly=True)
    readable_document = fields.Function(fields.Reference(
            "Document", selection='get_documents',
            help="Empty if you may not read it."), 'get_readable_document')
    document_name = fields.Char("Document Name", readonly=True)
    operation = fields.Selection(
        'get_operations', "Document Type", required=True, readonly=True)
    operation_string = operation.translated('operation')
    rule = fields.Many2One(
        'document.approval.rule', "Rule", required=True, readonly=True,
        ondelete='RESTRICT')
    explanation = fields.Text("Why This Rule", readonly=True)
    party = fields.Many2One(
        'party.party', "Party", readonly=True, ondelete='RESTRICT',
        context={'company': Eval('company', -1)}, depends={'company'})
    amount = Monetary(
        "Amount", currency='currency', digits='currency', readonly=True,
        help="In the currency of the company, without tax.")
    currency = fields.Function(fields.Many2One(
            'currency.currency', "Currency"), 'on_change_with_currency')
    requester = fields.Many2One(
        'res.user', "Requester", readonly=True, ondelete='RESTRICT')
    submitted_by = fields.Many2One(
        'res.user', "Submitted By", readonly=True, ondelete='RESTRICT')
    submitted_at = fields.DateTime("Submitted At", readonly=True)
    content = fields.Text("Content", readonly=True)
    digest = fields.Char("Digest", readonly=True)
    current = fields.Char(
        "Level", readonly=True, help="The level that has to decide.")
    due = fields.DateTime("Due", readonly=True)
    steps = fields.One2Many(
        'document.approval.step', 'approval', "Levels", readonly=True)
    decisions = fields.One2Many(
        'document.approval.decision', 'approval', "Decisions",
        readonly=True)
    superseded_by = fields.Many2One(
        'document.approval', "Superseded By", readonly=True,
        ondelete='RESTRICT')
    state = fields.Selection([
            ('waiting', "Waiting"),
            ('approved', "Approved"),
            ('refused', "Refused"),
            ('returned', "Returned"),
            ('withdrawn', "Withdrawn"),
            ('cancelled', "Cancelled"),
            ('superseded', "Superseded"),
            ], "State", required=True, readonly=True, sort=False)
    state_string = state.translated('state')
    waiting_for_me = fields.Function(
        fields.Boolean("Waiting for Me"), 'get_found',
        searcher='search_waiting_for_me')
    mine = fields.Function(
        fields.Boolean("My Submission"), 'on_change_with_mine',
        searcher='search_mine')
    involved = fields.Function(
        fields.Boolean("Involved"), 'get_found',
        searcher='search_involved')
    is_current = fields.Function(
        fields.Boolean("Current"), 'on_change_with_is_current')

    @classmethod
    def __setup__(cls):
        super().__setup__()
        t = cls.__table__()
        cls._sql_indexes.update({
                Index(t, (t.document, Index.Equality())),
                Index(
                    t, (t.submitted_at, Index.Range()), (t.id, Index.Range()),
                    where=t.state == 'waiting'),
                })
        cls._order = [('submitted_at', 'DESC'), ('id', 'DESC')]
        # For scripts, which have no wizard over REST
        cls.__rpc__.update({
                'refuse': RPC(readonly=False, instantiate=0),
                'return_': RPC(readonly=False, instantiate=0),
                })
        waits = {
            'invisible': ~Eval('waiting_for_me', False),
            'depends': ['waiting_for_me'],
            }
        cls._buttons.update({
                'approve': waits,
                'decide_wizard': waits,
                'withdraw': {
                    'invisible': (
                        (Eval('state') != 'waiting') | ~Eval('mine', False)),
                    'depends': ['state', 'mine'],
                    },
                'bypass_wizard': {
                    'invisible': Eval('state') != 'waiting',
                    'depends': ['state'],
                    },
                })

    @fields.depends('operation')
    def get_documents(self):
        # A method of the record: otherwise the field is hidden from those who
        # may not read one of the models
        Model = Pool().get('ir.model')
        documents = [(None, '')]
        if self.operation:
            name, _, _ = self.operation.partition(':')
            documents.append((name, Model.get_name(name)))
        return documents

    @classmethod
    def get_readable_document(cls, approvals, name):
        "Return the documents as far as the user may read them"
        documents = {
            a.id: str(a.document) for a in approvals if a.document}
        readable = readable_records(documents.values())
        return {
            a.id: documents[a.id] if documents.get(a.id) in readable else None
            for a in approvals}

    @classmethod
    def get_operations(cls):
        Rule = Pool().get('document.approval.rule')
        return Rule.fields_get(['operation'])['operation']['selection']

    @fields.depends('company')
    def on_change_with_currency(self, name=None):
        return self.company.currency if self.company else None

    @fields.depends('state')
    def on_change_with_is_current(self, name=None):
        return self.state in CURRENT

    # Who has to decide

    @classmethod
    def _get_mine_domain(cls):
        "Return the domain of the approvals that the user can decide now"
        pool = Pool()
        Step = pool.get('document.approval.step')
        StepUser = pool.get('document.approval.step-res.user')
        Delegation = pool.get('document.approval.delegation')
        user = Transaction().user

        def asked(user):
            step, step_user = Step.__table__(), StepUser.__table__()
            return ('id', 'in', step.join(
                    step_user, condition=step_user.step == step.id).select(
                        step.approval,
                        where=(step.state == 'waiting')
                        & (step_user.user == user)))

        options = [asked(user)]
        for delegation in Delegation.get_valid(user):
            principal = delegation.user.id
            option = [
                asked(principal),
                ('id', 'not in', cls._get_decided(principal)),
                ]
            if delegation.company:
                option.append(('company', '=', delegation.company.id))
            if delegation.operation:
                option.append(('operation', '=', delegation.operation))
            options.append(option)
        return [
            ('state', '=', 'waiting'),
            ('mine', '=', False),
            ('id', 'not in', cls._get_decided(user)),
            ['OR', *options],
            ]

    @classmethod
    def _get_decided(cls, user):
        """Return a query of the approvals that the user has approved already.

        Nobody decides twice, at the same level or at another, nor does
        anybody on behalf of one who has.

        :param user: id
        """
        pool = Pool()
        Step = pool.get('document.approval.step')
        Decision = pool.get('document.approval.decision')
        approval = cls.__table__()
        step = Step.__table__()
        decision = Decision.__table__()
        return (approval
            .join(decision, condition=decision.approval == approval.id)
            .join(step, condition=decision.step == step.id)
            .select(
                approval.id,
                where=(approval.state == 'waiting')
                & step.state.in_(['waiting', 'approved'])
                & (decision.action == 'approve')
                & (decision.decided_at >= step.since)
                & ((decision.user == user) | (decision.principal == user))))

    @classmethod
    @without_check_access
    def get_found(cls, approvals, name):
        "Return whether a search by the field finds the approvals"
        found = set(cls.search([
                    ('id', 'in', [a.id for a in approvals]),
                    (name, '=', True),
                    ], order=[]))
        return {a.id: a in found for a in approvals}

    @classmethod
    def search_waiting_for_me(cls, name, clause):
        _, operator, value = clause
        domain = cls._get_mine_domain()
        if (operator == '=') == bool(value):
            return domain
        with without_check_access():
            return [
                ('id', 'not in', cls.search(domain, order=[], query=True))]

    @fields.depends('submitted_by', 'requester')
    def on_change_with_mine(self, name=None):
        user = Transaction().user
        return any(
            u and u.id == user for u in [self.submitted_by, self.requester])

    @classmethod
    def search_mine(cls, name, clause):
        _, operator, value = clause
        user = Transaction().user
        domain = ['OR',
            ('submitted_by', '=', user),
            ('requester', '=', user),
            ]
        if (operator == '=') == bool(value):
            return domain
        return [
            ['OR', ('submitted_by', '=', None), ('submitted_by', '!=', user)],
            ['OR', ('requester', '=', None), ('requester', '!=', user)],
            ]

    @classmethod
    def search_involved(cls, name, clause):
        _, operator, value = clause
        Decision = Pool().get('document.approval.decision')
        decision = Decision.__table__()
        user = Transaction().user
        decided = decision.select(
            decision.approval,
            where=(decision.user == user) | (decision.principal == user))
        if (operator == '=') == bool(value):
            return ['OR',
                ('mine', '=', True),
                ('waiting_for_me', '=', True),
                ('id', 'in', decided),
                ]
        return [
            ('mine', '=', False),
            ('waiting_for_me', '=', False),
            ('id', 'not in', decided),
            ]

    # Which documents need it

    @classmethod
    def get_document_states(cls, records):
        """Return the state of the last approval of each document.

        One that waits counts before one that does not.

        :param records: documents of a model
        :return: dictionary by id of the document, None without approval
        """
        states = dict.fromkeys((r.id for r in records))
        for approval in cls.search([
                    ('document', 'in', [str(r) for r in records]),
                    ('state', 'not in', ['cancelled', 'superseded']),
                    ], order=[('id', 'ASC')]):
            id_ = approval.document.id
            if states[id_] != 'waiting' or approval.state == 'waiting':
                states[id_] = approval.state
        return states

    @classmethod
    def get_needed(cls, record, name):
        """Return the rules that ask for the approval of the document.

        :param record: the document
        :param name: of the operation
        :return: list of rules
        """
        needed, _, _ = cls._find_needed([record], name)
        return [rule for rule, _ in needed[record]]

    @classmethod
    def get_missing(cls, records, name):
        """Return those that lack an approval which they need as they are.

        :param records: documents of a model
        :param name: of the operation
        :return: set of documents
        """
        needed, facts, _ = cls._find_needed(records, name)
        missing = set()
        for record, found in facts.items():
            digest = content_.digest(content_.serialize(found['content']))
            if any(
                    not approval or approval.state != 'approved'
                    or approval.digest != digest
                    for _, approval in needed[record]):
                missing.add(record)
        return missing

    @classmethod
    def has_approved(cls, record, name):
        "Test if the document was approved as it is"
        approvals = cls.search([
                ('document', '=', str(record)),
                ('operation', '=', f'{record.__name__}:{name}'),
                ('state', 'in', CURRENT),
                ])
        if not approvals or any(a.state != 'approved' for a in approvals):
            return False
        digest = approvals[0].get_present_digest()
        return all(a.digest == digest for a in approvals)

    @classmethod
    def _find_needed(cls, records, name):
        """Find the rules and what was approved of the documents.

        A rule that has changed since an approval began counts as it was.

        :param records: documents of a model
        :param name: of the operation
        :return: dictionary by document of lists of (rule, approval or None),
            facts by document with a rule, list of the approvals that wait
            without a reason any longer
        """
        Rule = Pool().get('document.approval.rule')
        needed, facts, obsolete = {r: [] for r in records}, {}, []
        if not records:
            return needed, facts, obsolete
        operation = f'{records[0].__name__}:{name}'
        rules = {
            company: Rule.get_running(company, operation)
            for company in {r.company for r in records}}
        began = defaultdict(dict)
        for approval in cls.search([
                    ('document', 'in', [str(r) for r in records]),
                    ('operation', '=', operation),
                    ('state', 'in', CURRENT),
                    ], order=[('id', 'ASC')]):
            began[approval.document.id][approval.rule.root] = approval
        for record in records:
            approvals = began[record.id]
            if not rules[record.company] and not any(
                    a.state == 'waiting' for a in approvals.values()):
                # As in plain Tryton
                continue
            found = record.get_approval_facts()
            for rule in rules[record.company]:
                approval = approvals.get(rule.root)
                if approval and approval.company == record.company and (
                        approval.rule.match(found)
                        and not record.approval_exempt(
                            approval.rule, found)):
                    del approvals[rule.root]
                    needed[record].append((approval.rule, approval))
                elif rule.match(found) and (
                        not record.approval_exempt(rule, found)):
                    needed[record].append((rule, None))
            for approval in approvals.values():
                if approval.state != 'waiting':
                    continue
                # Its rule was closed or does not ask for it any longer
                if approval.company == record.company and (
                        approval.rule.state == 'closed'
                        and approval.rule.match(found)
                        and not record.approval_exempt(
                            approval.rule, found)):
                    needed[record].append((approval.rule, approval))
                else:
                    obsolete.append(approval)
            if needed[record]:
                facts[record] = found
        return needed, facts, obsolete

    @classmethod
    def submit(cls, records, name):
        """Submit the documents that need approval.

        :param records: documents of a model
        :param name: of the operation that they are about to take
        :return: the documents that need none or have it, and those from
            which the operation is not possible
        :raises ApprovalError: nobody could decide
        """
        if not records:
            return records
        Document = records[0].__class__
        operation = Document._approval_operations[name]
        ready = [
            r for r in records
            if getattr(r, Document._transition_state) in operation.states]
        if not ready:
            return records
        needed, facts, obsolete = cls._find_needed(ready, name)
        if obsolete:
            cls._supersede(obsolete)
        ready = [r for r in ready if needed[r]]
        if not ready:
            return records
        present = [
            (approval, facts[r]) for r in ready
            for _, approval in needed[r] if approval]
        # What is approved as it is needs no lock, which begins all anew
        changed = [
            (a, found) for a, found in present if a.state == 'waiting'
            or a.digest != content_.digest(
                content_.serialize(found['content']))]
        if changed:
            cls.lock([a for a, _ in changed])
            cls._compare(changed)
            # Those of documents that were taken back to be changed
            cls.advance([
                    a for a, _ in changed if a.state == 'waiting'
                    and not any(s.state == 'waiting' for s in a.steps)])
        new = [
            cls._new(name, rule, facts[r]) for r in ready
            for rule, approval in needed[r] if not approval]
        if new:
            cls._begin(new, facts)
        states = defaultdict(set)
        for record in ready:
            for _, approval in needed[record]:
                if approval:
                    states[record].add(approval.state)
        for approval in new:
            states[approval.document].add(approval.state)
        waiting = {r for r in ready if states[r] != {'approved'}}
        for record in waiting:
            record.notify_user(
                'tryton-info', gettext(
                    'document_approval.msg_told_waiting',
                    document=record.rec_name))
        return [r for r in records if r not in waiting]

    @classmethod
    def check_covered(cls, records, name):
        """Test that what was done still is what was approved.

        :param records: documents that have taken the operation
        :param name: of the operation
        :raises ApprovalError: a rule asks for an approval that they do not
            have
        """
        needed, facts, _ = cls._find_needed(records, name)
        for record in records:
            for rule, approval in needed[record]:
                if not approval or not approval.covers(facts[record]):
                    raise ApprovalError(gettext(
                            'document_approval.msg_not_covered',
                            document=record.rec_name,
                            rule=rule.rec_name))

    def covers(self, facts):
        """Test if the document still is what was approved.

        :param facts: what ApprovedMixin.get_approval_facts returns
        """
        if self.state != 'approved':
            return False
        decided = [s for s in self.steps if s.state == 'approved']
        if not decided:
            # Bypassed
            return content_.covers(
                json.loads(self.content), facts['content'],
                self.rule.tolerance)
        levels = {s.level for s in decided}
        return (
            all(l in levels for l in self.rule.get_levels(facts))
            and all(s.covers(facts['content']) for s in decided))

    @classmethod
    def _new(cls, name, rule, facts):
        record = facts['document']
        text = content_.serialize(facts['content'])
        return cls(
            company=record.company,
            document=record,
            document_name=record.get_approval_name(),
            operation=f'{record.__name__}:{name}',
            rule=rule,
            explanation=rule.explain(facts),
            party=facts['party'],
            amount=facts['amount'],
            requester=facts['requester'],
            submitted_by=Transaction().user or None,
            submitted_at=dt.datetime.now().replace(microsecond=0),
            content=text,
            digest=content_.digest(text),
            state='waiting',
            steps=cls._new_steps(rule.get_levels(facts)),
            )

    @classmethod
    def _new_steps(cls, levels):
        Step = Pool().get('document.approval.step')
        steps, sequence = [], -1
        for level in levels:
            # Those without a sequence come last, one after the other
            sequence = (
                sequence + 1 if level.sequence is None else level.sequence)
            steps.append(Step(
                    level=level,
                    name=level.name,
                    sequence=sequence,
                    state='pending'))
        return steps

    @classmethod
    def _begin(cls, approvals, facts):
        """Save new approvals and ask their first levels.

        :param facts: dictionary by document
        """
        cls.save(approvals)
        followers = {(a.document, a.rule.root): a for a in approvals}
        former = []
        for approval in cls.search([
                    ('document', 'in', [str(a.document) for a in approvals]),
                    ('state', 'in', CURRENT),
                    ('id', 'not in', [a.id for a in approvals]),
                    ]):
            approval.superseded_by = followers.get(
                (approval.document, approval.rule.root))
            if approval.superseded_by:
                former.append(approval)
        if former:
            cls.save(former)
            cls._supersede(former)
        for approval in approvals:
            approval._check_deciders(facts[approval.document])
        cls.note('submit', approvals)
        cls.advance(approvals, facts)

    @classmethod
    def _supersede(cls, approvals):
        cls.note('supersede', approvals)
        cls.write(approvals, {'state': 'superseded'})
        cls._close_steps(approvals)

    def _check_deciders(self, facts):
        """Test that different people can decide all the levels.

        :param facts: of the document
        :raises ApprovalError: there are not enough of them
        """
        wanted = {}
        for step in self.steps:
            users = step.get_candidates(facts)
            if not users:
                raise ApprovalError(gettext(
                        'document_approval.msg_nobody',
                        document=self.document_name,
                        level=step.name,
                        rule=self.rule.rec_name))
            wanted[step] = (step.get_quorum(users), users)
        if not find_deciders(wanted):
            raise ApprovalError(gettext(
                    'document_approval.msg_too_few',
                    document=self.document_name,
                    rule=self.rule.rec_name,
                    users=', '.join(sorted({
                                u.rec_name for _, users in wanted.values()
                                for u in users}))))

    @classmethod
    def _compare(cls, pairs):
        """Reopen the levels whose decision no longer covers the content.

        :param pairs: list of (approval, facts of its document)
        :return: list of the approvals that were reopened
        """
        Step = Pool().get('document.approval.step')
        changed, reopened, tolerated, steps = [], [], [], []
        for approval, facts in pairs:
            text = content_.serialize(facts['content'])
            digest = content_.digest(text)
            if digest == approval.digest:
                continue
            opened = [
                s for s in approval.steps if s.state == 'approved'
                and not s.covers(facts['content'])]
            for step in opened:
                step.state = 'pending'
                steps.append(step)
            known = {s.level for s in approval.steps if s.level}
            needed = approval.rule.get_levels(facts)
            added = cls._new_steps([l for l in needed if l not in known])
            for step in added:
                step.approval = approval
                steps.append(step)
            for step in approval.steps:
                if (step.level and step.level not in needed
                        and step.state in {'pending', 'waiting'}):
                    step.state = 'skipped'
                    steps.append(step)
                elif (step.state == 'skipped' and step.level in needed):
                    step.state = 'pending'
                    opened.append(step)
                    steps.append(step)
            approval.content, approval.digest = text, digest
            approval.amount = facts['amount']
            approval.party = facts['party']
            approval.explanation = approval.rule.explain(facts)
            changed.append(approval)
            if opened or added:
                approval.state = 'waiting'
                reopened.append((approval, [s.name for s in opened + added]))
            elif any(s.state == 'approved' for s in approval.steps):
                tolerated.append(approval)
        if not changed:
            return []
        cls.save(changed)
        Step.save(steps)
        for approval, names in reopened:
            cls.note('reopen', [approval], reason=', '.join(names))
        if tolerated:
            cls.note('tolerate', tolerated)
        cls.advance(changed)
        return [a for a, _ in reopened]

    @classmethod
    def advance(cls, approvals, facts=None):
        """Let the next levels begin, finish the approvals without one.

        :param facts: dictionary by document of those that are known
        """
        pool = Pool()
        Step = pool.get('document.approval.step')
        if not approvals:
            return
        approvals = cls.browse(approvals)
        begun, waiting, finished = [], [], []
        for approval in approvals:
            if approval.state not in CURRENT:
                continue
            todo = [
                s for s in approval.steps
                if s.state in {'pending', 'waiting'}]
            if not todo:
                finished.append(approval)
                continue
            first = min(s.sequence for s in todo)
            now = [s for s in todo if s.sequence == first]
            begin = [s for s in now if s.state == 'pending']
            if begin:
                document = approval.document
                known = (facts or {}).get(
                    document) or document.get_approval_facts()
                for step in begin:
                    step.begin(known)
                begun.extend(begin)
            # A reopened level makes the later ones wait again
            for step in todo:
                if step.state == 'waiting' and step not in now:
                    step.state = 'pending'
                    begun.append(step)
            approval.current = ', '.join(s.name for s in now)
            approval.due = min(
                (s.due for s in now if s.due), default=None)
            waiting.append(approval)
        if begun:
            Step.save(begun)
        if waiting:
            cls.save(waiting)
        if finished:
            cls._finish([a for a in finished if a.state == 'waiting'])
        Step.tell([s for s in begun if s.state == 'waiting'])

    @classmethod
    def _finish(cls, approvals):
        "Mark the approvals as complete and go on with the documents"
        if not approvals:
            return
        cls.write(approvals, {
                'state': 'approved', 'current': None, 'due': None})
        approvals = cls.browse(approvals)
        waiting = {
            a.document for a in cls.search([
                    ('document', 'in', [str(a.document) for a in approvals]),
                    ('state', '=', 'waiting'),
                    ])}
        for approval in approvals:
            approval._tell_outcome('document_approval.msg_told_approved')
        proceeding = defaultdict(set)
        for approval in approvals:
            if approval.document in waiting or not approval.rule.proceed:
                continue
            user = approval.submitted_by or approval.requester
            proceeding[
                approval.operation, approval.company,
                Transaction().user if approval._operation.by_approver
                else user.id].add(approval.document)
        for (operation, _, user), documents in proceeding.items():
            model, _, name = operation.partition(':')
            Pool().get(model).__queue__.approval_proceed(
                list(documents), name, user)

    def get_present_digest(self):
        "Return the digest of the document as it is now"
        facts = self.document.get_approval_facts()
        return content_.digest(content_.serialize(facts['content']))

    @property
    def _operation(self):
        model, _, name = self.operation.partition(':')
        return Pool().get(model)._approval_operations[name]

    @classmethod
    def _close_steps(cls, approvals):
        "Nobody is asked any longer"
        Step = Pool().get('document.approval.step')
        steps = [
            s for a in approvals for s in a.steps
            if s.state in {'waiting', 'pending'}]
        if steps:
            Step.write(steps, {'state': 'skipped'})
        cls.write(approvals, {'current': None, 'due': None})

    @classmethod
    def note(
            cls, action, approvals, steps=None, principals=None, reason=None,
            other=None):
        "Record what was done to the approvals"
        Decision = Pool().get('document.approval.decision')
        user = Transaction().user
        Decision.create([{
                    'approval': approval.id,
                    'step': steps[i].id if steps else None,
                    'level_name': steps[i].name if steps else None,
                    'action': action,
                    'user': user or None,
                    'principal': (
                        principals[i] if principals
                        and principals[i] != user else None),
                    'other': other.id if other else None,
                    'reason': reason,
                    'content': approval.content,
                    'digest': approval.digest,
                    } for i, approval in enumerate(approvals)])

    # Decide

    @classmethod
    def _prepare(cls, approvals, digest=None):
        """Lock the approvals and find what the user can decide.

        :param digest: of the content that the user has seen, None for any
        :return: list of (approval, step, principal)
        :raises ApprovalError: there is nothing to decide any longer
        :raises ApprovalAccessError: it is not the user's to decide
        """
        Delegation = Pool().get('document.approval.delegation')
        user = Transaction().user
        if not user:
            raise ApprovalAccessError(
                gettext('document_approval.msg_not_a_person'))
        approvals = cls._lock_waiting(approvals)
        reopened = cls._compare([
                (a, a.document.get_approval_facts()) for a in approvals])
        if reopened:
            # Not an error, which would undo that the levels are open again
            cls._tell_reopened(reopened)
        result = []
        delegations = Delegation.get_valid(user)
        for approval in cls.browse(approvals):
            if approval in reopened:
                continue
            if digest and digest != approval.digest:
                raise ApprovalError(gettext(
                        'document_approval.msg_changed',
                        document=approval.document_name))
            result.append((approval, *approval._find_step(user, delegations)))
        return result

    @classmethod
    def _lock_waiting(cls, approvals):
        """Return the approvals as they are once nobody else can decide.

        :raises ApprovalError: there is nothing to decide any longer
        """
        cls.lock(approvals)
        approvals = cls.browse(approvals)
        for approval in approvals:
            approval._check_document()
        return approvals

    def _check_document(self):
        "Test that there is something to decide"
        if self.state != 'waiting':
            last = max(
                (d for d in self.decisions), key=lambda d: d.id, default=None)
            raise ApprovalError(gettext(
                    'document_approval.msg_not_waiting',
                    document=self.document_name,
                    user=(
                        last.user.rec_name if last and last.user else '-'),
                    state=self.state_string))
        operation = self._operation
        document = self.document
        state = getattr(document, document._transition_state)
        if state not in operation.states:
            raise ApprovalError(gettext(
                    'document_approval.msg_document_state',
                    document=self.document_name))

    def _find_step(self, user, delegations):
        """Return the step that the user can decide and for whom.

        :param delegations: to the user
        :raises ApprovalAccessError: there is none
        """
        principals = [
            user, *(d.user.id for d in delegations if d.is_for(self))]
        error = None
        for step in self.steps:
            if step.state != 'waiting':
                continue
            users = {u.id for u in step.users}
            for principal in principals:
                if principal not in users:
                    continue
                try:
                    self._check_separation({user, principal})
                except ApprovalAccessError as exception:
                    error = error or exception
                else:
                    return step, principal
        raise error or ApprovalAccessError(gettext(
                'document_approval.msg_not_yours',
                document=self.document_name,
                users=', '.join(
                    u.rec_name for s in self.steps
                    if s.state == 'waiting' for u in s.users)))

    def get_excluded(self):
        "Return the ids of those who may not decide on their own document"
        users = {self.requester, self.submitted_by}
        users |= self.document.get_approval_editors()
        return {u.id for u in users if u}

    def _check_separation(self, users):
        "Test that one does not decide on one's own, nor on two levels"
        if users & self.get_excluded():
            raise ApprovalAccessError(gettext(
                    'document_approval.msg_own',
                    document=self.document_name))
        for other in self.steps:
            if other.state in {'approved', 'waiting'} and (
                    users & other.get_deciders()):
                raise ApprovalAccessError(gettext(
                        'document_approval.msg_twice',
                        document=self.document_name,
                        level=other.name))

    @classmethod
    @ModelView.button
    def approve(cls, approvals, reason=None, digest=None):
        """Approve for the user.

        :param approvals: that wait for the user
        :param reason: text or None
        :param digest: of the content that was seen, see _prepare
        :raises ApprovalError: there is nothing to decide any longer
        :raises ApprovalAccessError: it is not the user's to decide
        """
        Step = Pool().get('document.approval.step')
        decided = cls._prepare(approvals, digest=digest)
        if not decided:
            return
        approvals, steps, principals = map(list, zip(*decided))
        cls.note('approve', approvals, steps, principals, reason)
        steps = Step.browse(steps)
        complete = [s for s in steps if s.is_complete]
        if complete:
            Step.write(complete, {'state': 'approved'})
            cls.advance(cls.browse([s.approval for s in complete]))

    @classmethod
    def _end(cls, approvals, state, action, method, reason,
            steps=None, principals=None):
        "End the approvals without consent"
        cls.note(action, approvals, steps, principals, reason)
        cls.write(approvals, {'state': state})
        cls._close_steps(approvals)
        others = cls.search([
                ('document', 'in', [str(a.document) for a in approvals]),
                ('state', '=', 'waiting'),
                ])
        if others:
            # The document goes back as a whole
            cls.note(action, others, reason=reason)
            cls.write(others, {'state': state})
            cls._close_steps(others)

        def key(approval):
            return approval.operation

        for operation, sub in groupby(sorted(approvals, key=key), key=key):
            model, _, name = operation.partition(':')
            Document = Pool().get(model)
            button = getattr(Document._approval_operations[name], method)
            if button:
                getattr(Document, button)(
                    Document.browse({a.document.id for a in sub}))

    @classmethod
    @without_check_access
    def refuse(cls, approvals, reason, digest=None):
        """Refuse for the user, the documents are rejected.

        :param reason: text
        """
        cls._check_reason(reason)
        decided = cls._prepare(approvals, digest=digest)
        if not decided:
            return
        approvals, steps, principals = map(list, zip(*decided))
        cls._end(
            approvals, 'refused', 'refuse', 'refuse', reason, steps,
            principals)
        Pool().get('document.approval.step').write(
            steps, {'state': 'refused'})
        for approval in approvals:
            approval._tell_outcome(
                'document_approval.msg_told_refused', reason)

    @classmethod
    @without_check_access
    def return_(cls, approvals, reason, level=None, digest=None):
        """Return for the user to a former level or to the submitter.

        :param reason: text
        :param level: name of a step that is approved, None for the submitter
        """
        cls._check_reason(reason)
        decided = cls._prepare(approvals, digest=digest)
        if not decided:
            return
        approvals, steps, principals = map(list, zip(*decided))
        if not level:
            cls._end(
                approvals, 'returned', 'return', 'back', reason, steps,
                principals)
            for approval in approvals:
                approval._tell_outcome(
                    'document_approval.msg_told_returned', reason)
            return
        Step = Pool().get('document.approval.step')
        cls.note('return', approvals, steps, principals, reason)
        reopened = []
        for approval, step in zip(approvals, steps):
            target = [
                s for s in approval.steps
                if s.name == level and s.state == 'approved']
            if not target:
                raise ApprovalError(gettext(
                        'document_approval.msg_no_level',
                        document=approval.document_name, level=level))
            first = target[0].sequence
            reopened += [
                s for s in approval.steps
                if s.state in {'approved', 'waiting'} and s.sequence >= first]
        Step.write(reopened, {'state': 'pending'})
        cls.advance(cls.browse(approvals))

    @classmethod
    def add_approver(cls, approvals, user, reason=None, digest=None):
        """Ask one more person beside the present level.

        :param user: instance of res.user
        """
        Step = Pool().get('document.approval.step')
        decided = cls._prepare(approvals, digest=digest)
        if not decided:
            return
        approvals, steps, principals = map(list, zip(*decided))
        new = []
        for approval, step in zip(approvals, steps):
            approval._check_candidate(step, user)
            new.append(Step(
                    approval=approval, name=user.name,
                    sequence=step.sequence, state='pending',
                    added_user=user))
        Step.save(new)
        cls.note('add', approvals, steps, principals, reason, user)
        cls.advance(cls.browse(approvals))

    @classmethod
    def delegate(cls, approvals, user, reason=None, digest=None):
        """Let another person decide in the place of the user.

        :param user: instance of res.user
        """
        Step = Pool().get('document.approval.step')
        decided = cls._prepare(approvals, digest=digest)
        if not decided:
            return
        approvals, steps, principals = map(list, zip(*decided))
        for approval, step, principal in decided:
            approval._check_candidate(step, user)
            step.users = [
                u for u in step.users if u.id != principal] + [user]
        Step.save(steps)
        cls.note('delegate', approvals, steps, principals, reason, user)
        Step.tell(steps)

    def _check_candidate(self, step, user):
        "Test that the user can decide the step"
        if not user.active or self.company not in user.companies:
            raise ApprovalError(gettext(
                    'document_approval.msg_not_candidate',
                    user=user.rec_name, document=self.document_name))
        if user in step.users:
            raise ApprovalError(gettext(
                    'document_approval.msg_asked_already',
                    user=user.rec_name, document=self.document_name))
        self._check_separation({user.id})

    @classmethod
    @ModelView.button
    def withdraw(cls, approvals):
        "Take back what the user has submitted"
        approvals = cls._lock_waiting(approvals)
        for approval in approvals:
            if not approval.mine:
                raise ApprovalAccessError(gettext(
                        'document_approval.msg_not_submitted',
                        document=approval.document_name,
                        user=approval.submitted_by.rec_name
                        if approval.submitted_by else '-'))
        cls._end(approvals, 'withdrawn', 'withdraw', 'back', None)

    @classmethod
    @ModelView.button_action('document_approval.wizard_decide')
    def decide_wizard(cls, approvals):
        pass

    @classmethod
    @ModelView.button_action('document_approval.wizard_bypass')
    def bypass_wizard(cls, approvals):
        pass

    @classmethod
    def bypass(cls, approvals, reason):
        """Let the documents pass in an emergency.

        Only for those of the group of the administrators, and not for their
        own documents.

        :param reason: text
        """
        pool = Pool()
        ModelData = pool.get('ir.model.data')
        User = pool.get('res.user')
        cls._check_reason(reason)
        group = ModelData.get_id(
            'document_approval', 'group_document_approval_admin')
        user = Transaction().user
        if group not in User.get_groups():
            raise ApprovalAccessError(
                gettext('document_approval.msg_no_bypass'))
        approvals = cls._lock_waiting(approvals)
        for approval in approvals:
            if user in approval.get_excluded():
                raise ApprovalAccessError(gettext(
                        'document_approval.msg_own',
                        document=approval.document_name))
        cls.note('bypass', approvals, reason=reason)
        cls._close_steps(approvals)
        cls._finish(approvals)

    @classmethod
    def _check_reason(cls, reason):
        if not (reason or '').strip():
            raise ApprovalError(gettext('document_approval.msg_no_reason'))

    # What happens to the documents meanwhile

    @classmethod
    def forget(cls, records):
        "End the approvals of documents that are deleted"
        approvals = cls.search([
                ('document', 'in', [str(r) for r in records])])
        if not approvals:
            return
        current = [a for a in approvals if a.state in CURRENT]
        if current:
            cls.note('delete', current)
            cls.write(current, {'state': 'cancelled'})
            cls._close_steps(current)
        # The name stays
        cls.write(approvals, {'document': None})

    @classmethod
    def rename(cls, records):
        "Take over the names of the documents"
        approvals = cls.search([
                ('document', 'in', [str(r) for r in records]),
                ('state', 'in', CURRENT),
                ])
        for approval in approvals:
            approval.document_name = approval.document.get_approval_name()
        cls.save(approvals)

    @classmethod
    def follow(cls, records):
        """Follow the states that the documents have taken.

        A cancelled document ends its approvals. One from which the operation
        is not possible any longer asks nobody until it is submitted again.
        """
        approvals = cls.search([
                ('document', 'in', [str(r) for r in records]),
                ('state', 'in', CURRENT),
                ])
        cancelled, suspended = [], []
        for approval in approvals:
            document = approval.document
            state = getattr(document, document._transition_state)
            if state == 'cancelled':
                cancelled.append(approval)
            elif (approval.state == 'waiting'
                    and state not in approval._operation.states):
                suspended.append(approval)
        if cancelled:
            cls.note('cancel', cancelled)
            cls.write(cancelled, {'state': 'cancelled'})
            cls._close_steps(cancelled)
        if suspended:
            Step = Pool().get('document.approval.step')
            steps = [
                s for a in suspended for s in a.steps if s.state == 'waiting']
            Step.write(steps, {'state': 'pending'})
            cls.write(suspended, {'current': None, 'due': None})

    # Tell people

    @classmethod
    def _tell_reopened(cls, approvals):
        cls.notify_user(
            approvals, 'tryton-warning',
            gettext('document_approval.msg_told_reopened'),
            description=', '.join(a.document_name for a in approvals))

    def _tell_outcome(self, message, reason=None):
        "Tell the submitter, the requester and those to be notified"
        User = Pool().get('res.user')
        users = {self.submitted_by, self.requester}
        users.update(self.rule.notified_users)
        User.tell_approval(
            [u for u in users if u and u.active], self, message, reason)
