# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Try rules against past documents before they run."""
import datetime as dt
from collections import defaultdict
from decimal import Decimal

from dateutil.relativedelta import relativedelta

from trytond import backend
from trytond.exceptions import UserError
from trytond.i18n import gettext
from trytond.model import ModelView, fields
from trytond.modules.currency.fields import Monetary
from trytond.pool import Pool
from trytond.pyson import Eval, If
from trytond.tools import grouped_slice
from trytond.tools import timezone as tz
from trytond.transaction import Transaction
from trytond.wizard import Button, StateView, Wizard

from .exceptions import ApprovalError
from .matching import find_deciders
from .rule import STANDING

# How many documents are listed, all of them are counted
LISTED = 1000
# Of documents that were never complete, or are no more
UNREADY = ['draft', 'request', 'cancelled']


class SimulateStart(ModelView):
    __name__ = 'document.approval.simulate.start'

    company = fields.Many2One('company.company', "Company", required=True)
    rules = fields.Many2Many(
        'document.approval.rule', None, None, "Rules", required=True,
        domain=[('company', '=', Eval('company', -1))],
        help="They need not run.")
    from_date = fields.Date(
        "From", required=True,
        domain=[('from_date', '<=', Eval('to_date', None))],
        help="The first day on which the documents were created.")
    to_date = fields.Date(
        "To", required=True,
        domain=[('to_date', '>=', Eval('from_date', None))],
        help="The last day on which the documents were created.")

    @fields.depends('company', 'rules')
    def on_change_company(self):
        if any(r.company != self.company for r in self.rules or []):
            self.rules = []


class SimulateResult(ModelView):
    __name__ = 'document.approval.simulate.result'

    currency = fields.Many2One(
        'currency.currency', "Currency", readonly=True)
    number = fields.Integer(
        "Documents", readonly=True,
        help="Those of the period, without drafts and cancelled ones.")
    needing = fields.Integer(
        "With Approval", readonly=True,
        help="How many of them would need an approval.")
    blocked = fields.Integer(
        "Not Possible", readonly=True,
        help="How many of them could not be submitted.")
    amount = Monetary(
        "Amount", currency='currency', digits='currency', readonly=True,
        help="Of the documents that would need an approval.")
    levels = fields.One2Many(
        'document.approval.simulate.level', None, "By Level", readonly=True)
    approvers = fields.One2Many(
        'document.approval.simulate.approver', None, "By Approver",
        readonly=True)
    missing = fields.One2Many(
        'document.approval.simulate.missing', None, "Not Possible",
        readonly=True, help="The first 1,000 of them.")


class SimulateLevel(ModelView):
    __name__ = 'document.approval.simulate.level'

    rule = fields.Many2One('document.approval.rule', "Rule", readonly=True)
    level = fields.Many2One('document.approval.level', "Level", readonly=True)
    outcome = fields.Selection([
            ('rule', "Needs Approval"),
            ('level', "Needs the Level"),
            ('refused', "Refused to Submit"),
            ], "Outcome", readonly=True, sort=False)
    number = fields.Integer("Documents", readonly=True)
    currency = fields.Many2One(
        'currency.currency', "Currency", readonly=True)
    amount = Monetary(
        "Amount", currency='currency', digits='currency', readonly=True)

    @classmethod
    def view_attributes(cls):
        return super().view_attributes() + [
            ('/tree', 'visual',
                If(Eval('outcome') == 'refused', 'danger',
                    If(Eval('outcome') == 'level', '', 'success'))),
            ]


class SimulateApprover(ModelView):
    __name__ = 'document.approval.simulate.approver'

    user = fields.Many2One('res.user', "User", readonly=True)
    number = fields.Integer(
        "Documents", readonly=True,
        help="How many documents the user would be asked for.")
    currency = fields.Many2One(
        'currency.currency', "Currency", readonly=True)
    amount = Monetary(
        "Amount", currency='currency', digits='currency', readonly=True)


class SimulateMissing(ModelView):
    __name__ = 'document.approval.simulate.missing'

    document_name = fields.Char("Document", readonly=True)
    rule = fields.Many2One('document.approval.rule', "Rule", readonly=True)
    level = fields.Many2One('document.approval.level', "Level", readonly=True)
    reason = fields.Char("Reason", readonly=True)
    currency = fields.Many2One(
        'currency.currency', "Currency", readonly=True)
    amount = Monetary(
        "Amount", currency='currency', digits='currency', readonly=True)


class Simulate(Wizard):
    __name__ = 'document.approval.simulate'
    _readonly = True

    start = StateView(
        'document.approval.simulate.start',
        'document_approval.simulate_start_view_form', [
            Button("Cancel", 'end', 'tryton-cancel'),
            Button("Simulate", 'result', 'tryton-forward', default=True),
            ])
    result = StateView(
        'document.approval.simulate.result',
        'document_approval.simulate_result_view_form', [
            Button("Back", 'start', 'tryton-back'),
            Button("Close", 'end', 'tryton-close', default=True),
            ])

    def default_start(self, fields):
        pool = Pool()
        Date = pool.get('ir.date')
        Rule = pool.get('document.approval.rule')
        start = self.start
        if getattr(start, 'rules', None):
            # Back from the result
            return {
                'company': start.company.id,
                'rules': [r.id for r in start.rules],
                'from_date': start.from_date,
                'to_date': start.to_date,
                }
        company = Transaction().context.get('company')
        if self.model == Rule and self.records:
            company = self.records[0].company.id
            rules = [r for r in self.records if r.company.id == company]
        else:
            rules = Rule.search([
                    ('company', '=', company),
                    ('state', '!=', 'closed'),
                    ])
        with Transaction().set_context(company=company):
            today = Date.today()
        return {
            'company': company,
            'rules': [r.id for r in rules],
            'from_date': today - relativedelta(months=6),
            'to_date': today,
            }

    def default_result(self, fields):
        start = self.start
        simulation = Simulation(start.company, start.rules)
        simulation.run(start.from_date, start.to_date)
        return simulation.get_values()


class Simulation:
    """What rules would have asked for.

    The documents are those that were created in the period and have left the
    draft, whatever became of them unless they are cancelled. They are taken
    as they are now. Who created a document and its lines may not decide on
    it, nor may the requester. Who wrote it last counts as long as it can
    still be submitted only: later on that is who confirmed or carried it out.

    :param company: of the rules
    :param rules: list of rules, whatever their state
    """

    def __init__(self, company, rules):
        self.company = company
        self.rules = list(rules)
        self.seen = 0
        self.needing = {}
        self.blocked = set()
        self.totals = defaultdict(lambda: [0, Decimal(0)])
        self.approvers = defaultdict(dict)
        self.missing = []
        self.standing = {}

    def run(self, from_date, to_date):
        "Look at the documents of the period"
        by_operation = defaultdict(list)
        for rule in self.rules:
            by_operation[rule.operation].append(rule)
        seen = defaultdict(set)
        for operation, rules in by_operation.items():
            model, _, name = operation.partition(':')
            Document = Pool().get(model)
            ids = self._find(Document, from_date, to_date)
            seen[model].update(ids)
            for sub_ids in grouped_slice(ids, backend.MAX_QUERY_PARAMS // 10):
                for document in Document.browse(list(sub_ids)):
                    self._look(document, name, rules)
        self.seen = sum(map(len, seen.values()))

    def _find(self, Document, from_date, to_date):
        "Return the ids of the documents"
        timezone = tz.UTC
        if self.company.timezone:
            timezone = tz.get_tzinfo(self.company.timezone)

        def timestamp(date):
            return dt.datetime.combine(
                date, dt.time(), timezone).astimezone(tz.UTC).replace(
                    tzinfo=None)

        return [d.id for d in Document.search([
                    ('company', '=', self.company.id),
                    (Document._transition_state, 'not in', UNREADY),
                    ('create_date', '>=', timestamp(from_date)),
                    ('create_date', '<',
                        timestamp(to_date + relativedelta(days=1))),
                    ], order=[('id', 'ASC')])]

    def _look(self, document, name, rules):
        "Count what the rules would ask for the document"
        try:
            facts = document.get_approval_facts()
        except UserError as error:
            self._miss(document, rules[0], None, str(error))
            return
        for rule in rules:
            try:
                if not rule.match(facts):
                    continue
            except ApprovalError as error:
                self._count(rule, None, 'refused', facts)
                self._miss(document, rule, None, str(error), facts['amount'])
                continue
            except (ArithmeticError, AttributeError, LookupError, TypeError,
                    ValueError):
                if not rule.condition:
                    raise
                self._miss(
                    document, rule, None,
                    gettext(
                        'document_approval.msg_simulation_condition',
                        condition=rule.condition),
                    facts['amount'])
                continue
            if not document.approval_exempt(rule, facts):
                self._ask(document, name, rule, facts)

    def _ask(self, document, name, rule, facts):
        "Count those who would be asked"
        self.needing[str(document)] = facts['amount']
        self._count(rule, None, 'rule', facts)
        excluded = self._get_excluded(document, name, facts)
        wanted = {}
        for level in rule.get_levels(facts):
            self._count(rule, level, 'level', facts)
            if level.approver in STANDING and level not in self.standing:
                self.standing[level] = level.get_approvers(facts)
            users = level.get_candidates(
                facts, excluded, self.standing.get(level))
            quorum = level.get_quorum(users)
            if not users:
                self._miss(
                    document, rule, level,
                    gettext('document_approval.msg_simulation_nobody'),
                    facts['amount'])
            wanted[level] = (quorum, users)
            for user in users:
                self.approvers[user][str(document)] = facts['amount']
        if all(u for _, u in wanted.values()) and (
                find_deciders(wanted) is None):
            self._miss(
                document, rule, None,
                gettext(
                    'document_approval.msg_simulation_too_few',
                    users=', '.join(sorted({
                                u.rec_name for _, users in wanted.values()
                                for u in users}))),
                facts['amount'])

    @classmethod
    def _get_excluded(cls, document, name, facts):
        "Return the ids of those who may not decide on the document"
        state = getattr(document, document._transition_state)
        if state in document._approval_operations[name].states:
            users = document.get_approval_editors()
        else:
            users = {document.create_uid}
            for lines in document._approval_lines:
                users.update(l.create_uid for l in getattr(document, lines))
        users.add(facts['requester'])
        return {u.id for u in users if u}

    def _count(self, rule, level, outcome, facts):
        total = self.totals[rule, level, outcome]
        total[0] += 1
        total[1] += facts['amount'] or 0

    def _miss(self, document, rule, level, reason, amount=None):
        self.blocked.add(str(document))
        if len(self.missing) < LISTED:
            self.missing.append({
                    'document_name': document.get_approval_name(),
                    'rule': rule.id,
                    'level': level.id if level else None,
                    'reason': reason,
                    'currency': self.company.currency.id,
                    'amount': amount,
                    })

    def get_values(self):
        "Return the values of document.approval.simulate.result"
        currency = self.company.currency.id
        return {
            'currency': currency,
            'number': self.seen,
            'needing': len(self.needing),
            'blocked': len(self.blocked),
            'amount': sum(self.needing.values(), Decimal(0)),
            'levels': [{
                    'rule': rule.id,
                    'level': level.id if level else None,
                    'outcome': outcome,
                    'number': number,
                    'currency': currency,
                    'amount': amount,
                    } for rule, level, outcome, number, amount
                in self._sorted_totals()],
            'approvers': [{
                    'user': user.id,
                    'number': len(documents),
                    'currency': currency,
                    'amount': sum(documents.values(), Decimal(0)),
                    } for user, documents in sorted(
                    self.approvers.items(),
                    key=lambda i: (-len(i[1]), i[0].rec_name))],
            'missing': self.missing,
            }

    def _sorted_totals(self):
        "Yield what was counted in the order of the rules and their levels"
        for rule in self.rules:
            for key in [
                    (None, 'rule'), *((l, 'level') for l in rule.levels),
                    (None, 'refused')]:
                number, amount = self.totals.get((rule, *key), (0, Decimal(0)))
                if number or key[1] == 'rule':
                    yield rule, *key, number, amount
