# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Counter and approver."""
from sql import Null, Union
from sql.operators import Concat

from trytond.model import ModelView
from trytond.pool import Pool, PoolMeta

from .duty import SecondDutyMixin

# Decisions by which a person lets a document pass
CONSENT = ['approve', 'bypass']


class Separation(metaclass=PoolMeta):
    __name__ = 'document.approval.separation'

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls.pair.selection.append(
            ('counter_approver', "Counter and Approver"))

    @classmethod
    def get_violation_queries(cls, people):
        """Add the violations of the inventories.

        The last user of an inventory is who confirmed it, so that only the
        first one of it counts but also the last ones of its lines. Without
        approval the one who confirmed it is who made its moves.
        """
        pool = Pool()
        Approval = pool.get('document.approval')
        Decision = pool.get('document.approval.decision')
        Inventory = pool.get('stock.inventory')
        Line = pool.get('stock.inventory.line')
        Move = pool.get('stock.move')

        def counters():
            inventory, line = Inventory.__table__(), Line.__table__()
            lines = line.join(
                inventory, condition=inventory.id == line.inventory)
            users = Union(
                inventory.select(
                    inventory.id.as_('document'),
                    inventory.create_uid.as_('user'), inventory.company),
                lines.select(line.inventory, line.create_uid,
                    inventory.company),
                lines.select(line.inventory, line.write_uid,
                    inventory.company))
            return people.user_duties(
                users, users.document, [users.user], Null, users.company)

        approval, decision = Approval.__table__(), Decision.__table__()
        decisions = decision.join(
            approval, condition=approval.id == decision.approval)
        decided = decisions.select(
            Approval.document.sql_id(
                approval.document, Approval).as_('first'),
            decision.id.as_('second'),
            where=approval.document.like('stock.inventory,%')
            & decision.action.in_(CONSENT))
        deciders = people.user_duties(
            decisions, decision.id, [decision.user, decision.principal],
            decision.decided_at, approval.company)

        inventory, approval = Inventory.__table__(), Approval.__table__()
        unapproved = inventory.select(
            inventory.id.as_('first'), inventory.id.as_('second'),
            where=(inventory.state == 'done') & ~inventory.id.in_(
                approval.select(
                    Approval.document.sql_id(approval.document, Approval),
                    where=approval.document.like('stock.inventory,%')
                    & (approval.state == 'approved'))))
        inventory, line = Inventory.__table__(), Line.__table__()
        move = Move.__table__()
        confirmers = people.user_duties(
            move
            .join(line,
                condition=move.origin
                == Concat('stock.inventory.line,', line.id))
            .join(inventory, condition=inventory.id == line.inventory),
            line.inventory, [move.create_uid], move.effective_date,
            inventory.company)
        return super().get_violation_queries(people) + [
            ('counter_approver', Inventory.__name__, Decision.__name__,
                cls.get_violations(decided, counters(), deciders)),
            ('counter_approver', Inventory.__name__, Inventory.__name__,
                cls.get_violations(unapproved, counters(), confirmers)),
            ]


class Inventory(SecondDutyMixin, metaclass=PoolMeta):
    __name__ = 'stock.inventory'

    @property
    def counters(self):
        "The users who made the inventory or entered what was counted"
        return {
            u for r in [self, *self.lines]
            for u in [r.create_uid, r.write_uid] if u}

    def get_first_duties(self, pair):
        duties = super().get_first_duties(pair)
        if pair == 'counter_approver':
            duties.append((self, self.counters))
        return duties

    @classmethod
    @ModelView.button
    def confirm(cls, inventories):
        "Test those that nobody has approved"
        pool = Pool()
        Approval = pool.get('document.approval')
        Separation = pool.get('document.approval.separation')
        drafts = [i for i in inventories if i.state == 'draft']
        approved = {
            a.document for a in Approval.search([
                    ('document', 'in', [str(i) for i in drafts]),
                    ('state', '=', 'approved'),
                    ])}
        Separation.check(
            'counter_approver', [i for i in drafts if i not in approved])
        super().confirm(inventories)


class Approval(SecondDutyMixin, metaclass=PoolMeta):
    __name__ = 'document.approval'

    @property
    def _is_of_inventory(self):
        return self.document and self.document.__name__ == 'stock.inventory'

    def get_first_duties(self, pair):
        duties = super().get_first_duties(pair)
        if pair == 'counter_approver' and self._is_of_inventory:
            duties.append((self.document, self.document.counters))
        return duties

    def get_excluded(self):
        "Do not ask those who would be refused"
        Separation = Pool().get('document.approval.separation')
        excluded = super().get_excluded()
        if self._is_of_inventory:
            separation = Separation.get_active(
                self.company, 'counter_approver')
            if separation and separation.action == 'refuse':
                excluded |= {
                    u.id for u in self.document.counters
                    if u not in separation.exempted_users}
        return excluded

    @classmethod
    @ModelView.button
    def approve(cls, approvals, reason=None, digest=None):
        Separation = Pool().get('document.approval.separation')
        Separation.check('counter_approver', approvals)
        super().approve(approvals, reason=reason, digest=digest)

    @classmethod
    def bypass(cls, approvals, reason):
        Separation = Pool().get('document.approval.separation')
        Separation.check('counter_approver', approvals)
        super().bypass(approvals, reason)
