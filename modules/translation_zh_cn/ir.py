# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
import logging
import os
from collections import defaultdict

import polib

from trytond.pool import Pool, PoolMeta
from trytond.tools import cached_property, find_path
from trytond.transaction import Transaction

logger = logging.getLogger(__name__)

MODULE = 'translation_zh_cn'
LANGUAGE = 'zh_CN'
# The types for which the source of each term is in the database
REGISTERED_TYPES = {'field', 'help', 'selection', 'wizard_button'}
VALUES = ['value', 'value_1', 'value_2', 'value_3']


class Translation(metaclass=PoolMeta):
    __name__ = 'ir.translation'

    @classmethod
    def translation_import(cls, lang, module, po_path):
        count = super().translation_import(lang, module, po_path)
        if module == MODULE and lang == LANGUAGE:
            count += cls._import_supplements()
        return count

    @classmethod
    def _import_supplements(cls):
        "Apply the supplement of each active module"
        pool = Pool()
        Module = pool.get('ir.module')
        modules = {m.name for m in Module.search([
                    ('state', 'in', ['activated', 'to upgrade']),
                    ])}
        terms = cls._registered_terms()
        to_save = []
        for module in sorted(modules):
            path = supplement_path(module)
            if os.path.exists(path):
                logger.info("%s load supplement of %s", MODULE, module)
                to_save.extend(cls._supplement(
                        module, polib.pofile(path), terms,
                        modules - {MODULE}))
        cls.save(to_save)
        return len(to_save)

    @classmethod
    def _supplement(cls, module, entries, terms, overriding_modules):
        """Yield the translations to save to apply the entries on the module

        terms are the registered terms and the translations overridden by
        overriding_modules are left to them.
        """
        pool = Pool()
        ModelData = pool.get('ir.model.data')

        resources = {}
        for data in ModelData.search([('module', '=', module)]):
            for model in [data.model, *cls.extra_model_data(data)]:
                resources[model, data.fs_id] = (data.db_id, data.noupdate)
        key2translations = defaultdict(list)
        for translation in cls.search([
                    ('lang', '=', LANGUAGE),
                    ('module', '=', module),
                    ], order=[]):
            key2translations[translation.unique_key].append(translation)
        standard = StandardValues(module)

        for entry in entries:
            new, fs_id = cls.from_poentry(entry)
            if fs_id:
                model, _ = new.name.split(',', 1)
                new.res_id, noupdate = resources.get(
                    (model, fs_id), (None, False))
            else:
                new.res_id, noupdate = -1, False
            translations = key2translations[new.unique_key]
            known = (translations
                or fs_id
                or new.type not in REGISTERED_TYPES
                or (new.type, new.name, new.src) in terms)
            if new.res_id is None or not known:
                logger.debug(
                    "%s unknown term: %s %r",
                    module, entry.msgctxt, entry.msgid)
                continue
            if not translations:
                new.lang = LANGUAGE
                new.module = module
                new.overriding_module = MODULE
                new.fuzzy = False
                translations.append(new)
                yield new
                continue
            for translation in translations:
                if translation.overriding_module in overriding_modules:
                    continue
                if (noupdate
                        and translation.value
                        and not translation.fuzzy
                        and (translation.overriding_module == MODULE
                            or translation.value != standard.get(entry))):
                    # The user may have changed it
                    continue
                if translation.supplement(new):
                    yield translation

    def supplement(self, other):
        "Take the values from other, return if something changed"
        values = {n: getattr(other, n) for n in VALUES}
        values['overriding_module'] = MODULE
        values['fuzzy'] = False
        changed = False
        for name, value in values.items():
            if (getattr(self, name) or None) != (value or None):
                setattr(self, name, value)
                changed = True
        return changed

    @classmethod
    def _registered_terms(cls):
        "Return the type, name and source of the terms of the Python code"
        cursor = Transaction().connection.cursor()
        table = cls.__table__()
        cursor.execute(*table.select(
                table.type, table.name, table.src,
                where=(table.lang == 'en') & (table.res_id == -1)))
        return set(map(tuple, cursor))


class StandardValues:
    "The translations that the module itself provides"

    def __init__(self, module):
        self.module = module

    @cached_property
    def _values(self):
        try:
            path = find_path(
                os.path.join(self.module, 'locale', LANGUAGE + '.po'))
        except FileNotFoundError:
            return {}
        return {
            (e.msgctxt, e.msgid): e.msgstr
            for e in polib.pofile(path) if not e.obsolete}

    def get(self, entry):
        return self._values.get((entry.msgctxt, entry.msgid))


def supplement_path(module):
    return os.path.join(
        os.path.dirname(__file__), 'locale', 'modules', module + '.po')
