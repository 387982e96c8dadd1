# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
import os
import re
import unittest
from collections import Counter, defaultdict
from decimal import Decimal
from functools import cache
from glob import glob
from types import SimpleNamespace

import polib

from trytond.i18n import gettext
from trytond.modules import create_graph, get_module_info, load_translations
from trytond.modules.translation_zh_cn.ir import (
    LANGUAGE, MODULE, supplement_path)
from trytond.pool import Pool
from trytond.tests.test_tryton import ModuleTestCase, with_transaction
from trytond.tools import find_dir, find_path

# There are no queries of its own
BACKENDS = ['sqlite']

PLACEHOLDER = re.compile(
    r'%\(\w+\)[a-z]|%[a-z%]|\$\{\w+\}|\[\d+:|\{\}')
# The words for which the project has another one
FORBIDDEN = re.compile('参与者|参与方|变体|库存移动|雇员|原始凭证|失物招领|草案|时间表|帐')
# Terms of the standard modules that no PO file contains
UNLISTED = {
    'field:production.work.center,include_timesheet_cost:',
    'help:production,number:',
    'help:production.work.center,include_timesheet_cost:',
    'help:stock.shipment.in,reference:',
    'help:stock.shipment.in.return,reference:',
    'help:stock.shipment.internal,reference:',
    'help:stock.shipment.out,reference:',
    'help:stock.shipment.out.return,reference:',
    'model:res.group,name:group_admin',
    }


def key(entry):
    return entry.msgctxt, entry.msgid, entry.msgid_plural or ''


def value(entry):
    return entry.msgstr or entry.msgstr_plural.get(0)


@cache
def supplemented():
    "Return the installed standard modules that this one supplements"
    modules = ['ir', 'res']
    for name in get_module_info(MODULE)['extras_depend']:
        try:
            find_dir(name)
        except FileNotFoundError:
            continue
        modules.append(name)
    return modules


@cache
def supplement(module):
    return list(polib.pofile(supplement_path(module)))


@cache
def standard(module):
    """Return the Chinese value for each term of the module

    The terms are those of the PO files of any language.
    """
    terms = {}
    for path in glob(os.path.join(find_dir(module), 'locale', '*.po')):
        chinese = path.endswith(LANGUAGE + '.po')
        for entry in polib.pofile(path):
            if entry.obsolete:
                continue
            terms.setdefault(key(entry), None)
            if chinese and not entry.fuzzy:
                terms[key(entry)] = value(entry)
    return terms


def merged(module):
    terms = dict(standard(module))
    terms.update((key(e), value(e)) for e in supplement(module))
    return terms


class SupplementTestCase(unittest.TestCase):
    "Test the PO files of Translation Zh Cn module"

    def test_files(self):
        "Test there is one PO file per module"
        info = get_module_info(MODULE)
        self.assertEqual(
            sorted(
                os.path.basename(p)[:-len('.po')]
                for p in glob(supplement_path('*'))),
            sorted(info['depends'] + info['extras_depend']))

    def test_entries(self):
        "Test the entries are unique and filled"
        for module in supplemented():
            with self.subTest(module=module):
                entries = supplement(module)
                for k, count in Counter(map(key, entries)).items():
                    self.assertEqual(count, 1, msg=k)
                for entry in entries:
                    self.assertTrue(value(entry), msg=key(entry))
                    self.assertFalse(entry.fuzzy, msg=key(entry))
                    self.assertFalse(entry.obsolete, msg=key(entry))

    def test_placeholders(self):
        "Test the placeholders and the lines are those of the source"
        for module in supplemented():
            for entry in supplement(module):
                with self.subTest(module=module, key=key(entry)):
                    self.assertEqual(
                        sorted(PLACEHOLDER.findall(value(entry))),
                        sorted(PLACEHOLDER.findall(entry.msgid)))
                    self.assertEqual(
                        value(entry).count('\n'), entry.msgid.count('\n'))

    def test_known(self):
        "Test the entries are terms of the standard modules"
        for module in supplemented():
            terms = standard(module)
            with self.subTest(module=module):
                self.assertEqual(
                    [k for k in map(key, supplement(module))
                        if k not in terms and k[0] not in UNLISTED], [])

    def test_complete(self):
        "Test each term of the standard modules has a translation"
        for module in supplemented():
            with self.subTest(module=module):
                self.assertEqual(
                    [k for k, v in merged(module).items() if not v], [])

    def test_useful(self):
        "Test the entries differ from the translation of the module"
        for module in supplemented():
            terms = standard(module)
            with self.subTest(module=module):
                self.assertEqual(
                    [key(e) for e in supplement(module)
                        if value(e) == terms.get(key(e))], [])

    def test_glossary(self):
        "Test the words of the glossary are used"
        for module in supplemented():
            with self.subTest(module=module):
                self.assertEqual(
                    [(k, v) for k, v in merged(module).items()
                        if v and FORBIDDEN.search(v)], [])

    def test_consistency(self):
        "Test modules that share a term translate it the same way"
        values = defaultdict(set)
        for module in supplemented():
            for (context, msgid, _), v in merged(module).items():
                type_, _, fs_id = context.split(':')
                if not fs_id:
                    values[context, msgid].add(v)
        for k, v in values.items():
            with self.subTest(key=k):
                self.assertEqual(len(v), 1, msg=v)


class TranslationZhCnTestCase(ModuleTestCase):
    "Test Translation Zh Cn module"
    module = MODULE
    extras = ['stock']
    language = LANGUAGE

    def _load(self, *modules):
        "Load the translations of the modules like an update does"
        pool = Pool()
        Module = pool.get('ir.module')
        active = {m.name for m in Module.search([
                    ('state', '=', 'activated'),
                    ])}
        for node in create_graph(active):
            if node.name in modules:
                load_translations(pool, node, {LANGUAGE})

    @with_transaction()
    def test_negative_amount(self):
        "Test the minus is in front of an amount"
        lang = Pool().get('ir.lang').get(LANGUAGE)
        self.assertEqual(
            lang.currency(
                Decimal('-1234.5'), SimpleNamespace(digits=2, symbol='¥'),
                grouping=True),
            '-¥1,234.50')

    def _translation(self, type, name, **keys):
        pool = Pool()
        Translation = pool.get('ir.translation')
        translation, = Translation.search([
                ('type', '=', type),
                ('name', '=', name),
                ('lang', '=', LANGUAGE),
                ] + [(n, '=', v) for n, v in keys.items()])
        return translation

    @with_transaction(context={'language': LANGUAGE})
    def test_interface(self):
        "Test the interface is Chinese"
        pool = Pool()
        Button = pool.get('ir.model.button')
        Data = pool.get('ir.model.data')
        Menu = pool.get('ir.ui.menu')
        Model = pool.get('ir.model')
        Party = pool.get('party.party')
        Shipment = pool.get('stock.shipment.out')

        def record(Class, module, fs_id):
            return Class(Data.get_id(module, fs_id))

        self.assertEqual(
            record(Menu, 'party', 'menu_party').name, '往来单位')
        self.assertEqual(
            record(Menu, 'stock', 'menu_shipment_out_form').name, '销售出库单')
        self.assertEqual(Model.get_name(Shipment.__name__), '销售出库单')
        fields = Party.fields_get(['code', 'name'])
        self.assertEqual(fields['code']['string'], '编码')
        self.assertEqual(fields['code']['help'], '往来单位的唯一标识。')
        fields = Shipment.fields_get(['planned_date', 'state'])
        self.assertEqual(fields['planned_date']['string'], '计划日期')
        self.assertEqual(dict(fields['state']['selection'])['draft'], '草稿')
        self.assertEqual(
            record(Button, 'stock', 'shipment_out_ship_button').string, '发货')
        self.assertEqual(
            gettext('party.msg_party_code_unique'), '往来单位的编码必须唯一。')
        view = Shipment.fields_view_get(view_type='form')
        self.assertIn('其他信息', view['arch'])

    @with_transaction()
    def test_complete(self):
        "Test the active modules have no empty translation"
        pool = Pool()
        Translation = pool.get('ir.translation')

        for domain in [
                [('value', 'in', ['', None])], [('fuzzy', '=', True)]]:
            self.assertEqual(
                Translation.search([('lang', '=', LANGUAGE)] + domain), [])

        english = Translation.search([
                ('lang', '=', 'en'),
                ('type', '!=', 'model'),
                ('res_id', '=', -1),
                ])
        chinese = {(t.type, t.name, t.src) for t in Translation.search([
                    ('lang', '=', LANGUAGE),
                    ])}
        modules = set(supplemented())
        self.assertEqual(
            [(t.type, t.name, t.src) for t in english
                if t.module in modules
                and (t.type, t.name, t.src) not in chinese], [])

    @with_transaction()
    def test_update_standard(self):
        "Test the supplement comes back after the update of the module"
        pool = Pool()
        Translation = pool.get('ir.translation')
        name = 'party.party,string'
        self.assertEqual(self._translation('model', name).value, '往来单位')

        Translation.translation_import(
            LANGUAGE, 'party', find_path('party/locale/zh_CN.po'))
        self.assertEqual(self._translation('model', name).value, '参与者')
        self._load(MODULE)

        translation = self._translation('model', name)
        self.assertEqual(translation.value, '往来单位')
        self.assertEqual(translation.module, 'party')
        self.assertEqual(translation.overriding_module, MODULE)
        self.assertFalse(translation.fuzzy)

    @with_transaction()
    def test_load_translations(self):
        "Test the translations are unloaded and loaded from the language"
        pool = Pool()
        Configuration = pool.get('ir.configuration')
        Language = pool.get('ir.lang')
        Translation = pool.get('ir.translation')
        configuration = Configuration(1)
        configuration.language = 'en'
        configuration.save()
        language, = Language.search([('code', '=', LANGUAGE)])
        domain = [('lang', '=', LANGUAGE), ('module', '!=', None)]
        count = Translation.search(domain, count=True)

        Language.unload_translations([language])
        self.assertEqual(Translation.search(domain, count=True), 0)
        Language.load_translations([language])

        self.assertEqual(Translation.search(domain, count=True), count)
        self.assertEqual(
            self._translation('model', 'party.party,string').value, '往来单位')

    @with_transaction(context={'language': LANGUAGE})
    def test_user_change(self):
        "Test the translation that the user changed is kept"
        pool = Pool()
        Data = pool.get('ir.model.data')
        Location = pool.get('stock.location')
        Translation = pool.get('ir.translation')
        data, = Data.search([
                ('module', '=', 'stock'),
                ('fs_id', '=', 'location_lost_found'),
                ])
        self.assertTrue(data.noupdate)
        location = Location(data.db_id)
        self.assertEqual(location.name, '盘盈盘亏')

        def translation():
            return self._translation(
                'model', 'stock.location,name', res_id=location.id)

        location.name = '盘点差异'
        location.save()
        self._load('stock', MODULE)
        self.assertEqual(translation().value, '盘点差异')

        # Like before the activation of the module
        Translation.write([translation()], {'overriding_module': None})
        self._load(MODULE)
        self.assertEqual(translation().value, '盘点差异')

        Translation.write([translation()], {
                'value': '失物招领区',
                'overriding_module': None,
                })
        self._load(MODULE)
        self.assertEqual(translation().value, '盘盈盘亏')

    @with_transaction()
    def test_other_override(self):
        "Test the translation that another module overrides is kept"
        translation = self._translation('model', 'party.party,string')
        translation.value = '伙伴'
        translation.overriding_module = 'stock'
        translation.save()

        self._load(MODULE)
        translation = self._translation('model', 'party.party,string')
        self.assertEqual(translation.value, '伙伴')

        translation.overriding_module = 'sale'
        translation.save()
        self._load(MODULE)
        translation = self._translation('model', 'party.party,string')
        self.assertEqual(translation.value, '往来单位')

    @with_transaction()
    def test_unknown_term(self):
        "Test the terms that the module does not have are skipped"
        pool = Pool()
        Translation = pool.get('ir.translation')
        entries = [
            polib.POEntry(msgctxt=context, msgid="Unknown", msgstr="未知")
            for context in [
                'field:party.party,unknown:',
                'model:ir.ui.menu,name:menu_unknown',
                'wizard_button:party.erase,ask,unknown:']]

        with self.assertLogs('trytond', level='DEBUG') as logs:
            translations = list(Translation._supplement(
                    'party', entries, Translation._registered_terms(), set()))
        self.assertEqual(translations, [])
        self.assertEqual(
            sum('unknown term' in line for line in logs.output), 3)

    @with_transaction()
    def test_clean(self):
        "Test cleaning the translations leaves the supplement"
        pool = Pool()
        Clean = pool.get('ir.translation.clean', type='wizard')
        session_id, _, _ = Clean.create()
        Clean(session_id).transition_clean()
        self.assertEqual(
            self._translation('model', 'party.party,string').value, '往来单位')


del ModuleTestCase
