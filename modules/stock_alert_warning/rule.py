# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What the rules say of documents."""
from trytond.cache import Cache
from trytond.pool import PoolMeta
from trytond.transaction import Transaction


class Rule(metaclass=PoolMeta):
    __name__ = 'stock.alert.rule'
    _on_document_cache = Cache('stock.alert.rule.on_document', context=False)

    @classmethod
    def get_on_document(cls, company):
        """Return what active rules do on documents.

        :param company: record whose rules are meant
        :return: dictionary by the name of the kind of sets of actions
        """
        kinds = cls._on_document_cache.get(company.id)
        if kinds is None:
            rule = cls.__table__()
            cursor = Transaction().connection.cursor()
            cursor.execute(*rule.select(
                    rule.kind, rule.on_document,
                    where=rule.active & (rule.company == company.id)
                    & (rule.on_document != 'none'),
                    group_by=[rule.kind, rule.on_document]))
            kinds = {}
            for kind, action in cursor:
                kinds.setdefault(kind, set()).add(action)
            cls._on_document_cache.set(company.id, kinds)
        return kinds

    @classmethod
    def on_modification(cls, mode, rules, field_names=None):
        super().on_modification(mode, rules, field_names=field_names)
        cls._on_document_cache.clear()
