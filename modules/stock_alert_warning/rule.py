# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What the rules say of documents."""
from trytond.cache import Cache
from trytond.pool import PoolMeta


class Rule(metaclass=PoolMeta):
    __name__ = 'stock.alert.rule'
    _on_document_cache = Cache('stock.alert.rule.on_document', context=False)

    @classmethod
    def get_on_document(cls, company):
        """Return the kinds of which active rules speak up on documents.

        :param company: record whose rules are meant
        :return: set of names
        """
        kinds = cls._on_document_cache.get(company.id)
        if kinds is None:
            kinds = {
                r.kind for r in cls.search([
                        ('company', '=', company.id),
                        ('on_document', '!=', 'none'),
                        ])}
            cls._on_document_cache.set(company.id, kinds)
        return kinds

    @classmethod
    def on_modification(cls, mode, rules, field_names=None):
        super().on_modification(mode, rules, field_names=field_names)
        cls._on_document_cache.clear()
