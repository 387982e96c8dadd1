# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Who has the one duty must not have the other along the chain."""
from sql.operators import Concat

from trytond.cache import Cache
from trytond.i18n import gettext
from trytond.model import DeactivableMixin, ModelSQL, ModelView, Unique, fields
from trytond.pool import Pool
from trytond.pyson import Eval
from trytond.tools import sql_pairing
from trytond.transaction import Transaction, without_check_access

from .exceptions import SeparationError, SeparationWarning
from .people import ROLES, identities


class Separation(DeactivableMixin, ModelSQL, ModelView):
    __name__ = 'document.approval.separation'

    company = fields.Many2One('company.company', "Company", required=True)
    pair = fields.Selection(
        [], "Duties", required=True, sort=False,
        help="The duties that one person must not have on the same goods.")
    pair_string = pair.translated('pair')
    action = fields.Selection([
            ('refuse', "Refuse"),
            ('warn', "Warn"),
            ('report', "Only Report"),
            ], "Action", required=True, sort=False,
        help="What happens when a person takes the second duty who had the "
        "first one.\nThe violations are reported in any case.")
    exempted_users = fields.Many2Many(
        'document.approval.separation-res.user', 'separation', 'user',
        "Exempted Users",
        states={'invisible': Eval('action') == 'report'},
        help="Who may have both duties.\n"
        "They are reported nevertheless.")

    _active_cache = Cache(
        'document.approval.separation.active', context=False)

    @classmethod
    def __setup__(cls):
        super().__setup__()
        t = cls.__table__()
        cls._sql_constraints += [
            ('pair_unique', Unique(t, t.company, t.pair),
                'document_separation.msg_separation_unique'),
            ]
        cls._order = [('company', 'ASC'), ('id', 'ASC')]

    @classmethod
    def default_company(cls):
        return Transaction().context.get('company')

    @classmethod
    def default_action(cls):
        return 'refuse'

    def get_rec_name(self, name):
        return self.pair_string

    @classmethod
    def on_modification(cls, mode, separations, field_names=None):
        super().on_modification(mode, separations, field_names=field_names)
        cls._active_cache.clear()

    @classmethod
    def get_active(cls, company, pair):
        """Return the record by which the duties are separated or None.

        :param company: of the document with the second duty
        :param pair: of the duties
        """
        ids = cls._active_cache.get(company.id)
        if ids is None:
            ids = {
                s.pair: s.id for s in cls.search([
                        ('company', '=', company.id),
                        ('active', '=', True),
                        ('action', '!=', 'report'),
                        ])}
            cls._active_cache.set(company.id, ids)
        return cls(ids[pair]) if pair in ids else None

    @classmethod
    @without_check_access
    def check(cls, pair, records):
        """Test that the user did not have the first duty.

        What happens by itself is not tested.

        :param pair: of the duties
        :param records: list of documents that take the second duty
        :raises SeparationError: the user had the first duty
        :raises SeparationWarning: likewise if there shall be a warning only
        """
        pool = Pool()
        User = pool.get('res.user')
        if not Transaction().user:
            return
        user = User(Transaction().user)
        for record in records:
            separation = cls.get_active(record.company, pair)
            if not separation or user in separation.exempted_users:
                continue
            for first, people in record.get_first_duties(pair):
                for person in people:
                    if identities(person) & identities(user):
                        separation._tell(first, person, record, user)
                        break

    def _tell(self, first, person, second, user):
        "Refuse that the user goes on with the second document or warn of it"
        Warning = Pool().get('res.user.warning')
        message = gettext(
            'document_separation.msg_separation',
            first=first.rec_name, person=person.rec_name,
            second=second.rec_name, user=user.rec_name,
            pair=self.pair_string)
        if self.action == 'refuse':
            raise SeparationError(message)
        key = Warning.format(f'separation_{self.pair}', [first, second])
        if Warning.check(key):
            raise SeparationWarning(key, message)

    # The violations

    @classmethod
    def get_violation_queries(cls, people):
        """Return what finds the violations of the pairs.

        :param people: instance of People
        :return: list of (pair, model with the first duty, model with the
            second duty, query of document.approval.separation.violation)
        """
        return []

    @classmethod
    def _link_shipments(cls, name, Shipment):
        """Return a query of the ids of orders and of their shipments.

        :param name: of the field of the lines with the order
        :param Shipment: class
        """
        pool = Pool()
        Line = pool.get(f'{name}.line')
        Move = pool.get('stock.move')
        move, line = Move.__table__(), Line.__table__()
        return (move
            .join(line,
                condition=move.origin == Concat(f'{name}.line,', line.id))
            .select(
                getattr(line, name).as_('first'),
                Move.shipment.sql_id(move.shipment, Move).as_('second'),
                where=move.shipment.like(f'{Shipment.__name__},%')
                & (move.state != 'cancelled')))

    @classmethod
    def get_violations(cls, link, first, second):
        """Return a query of the documents with both duties by one person.

        :param link: query of the ids of two documents, first and second
        :param first: query of who had the first duty, see People
        :param second: query of who had the second duty
        """
        return (link
            .join(first, condition=first.document == link.first)
            .join(second,
                condition=(second.document == link.second)
                & (second.person == first.person))
            .select(
                # A document has each role of a duty once
                (sql_pairing(link.first, link.second) * ROLES**2
                    + first.role * ROLES + second.role).as_('key'),
                link.first,
                first.employee.as_('first_employee'),
                first.user.as_('first_user'),
                link.second,
                second.employee.as_('second_employee'),
                second.user.as_('second_user'),
                second.date,
                second.company))


class SeparationUser(ModelSQL):
    __name__ = 'document.approval.separation-res.user'

    separation = fields.Many2One(
        'document.approval.separation', "Separation", ondelete='CASCADE',
        required=True)
    user = fields.Many2One(
        'res.user', "User", ondelete='CASCADE', required=True)

    @classmethod
    def on_modification(cls, mode, records, field_names=None):
        Separation = Pool().get('document.approval.separation')
        super().on_modification(mode, records, field_names=field_names)
        Separation._active_cache.clear()
