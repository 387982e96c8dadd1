# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Suppliers, customers, carriers and the bank of the demo company."""
import gettext

import pycountry
from stdnum.cn import uscc

CATEGORIES = [
    ('supplier', "Suppliers", "供应商", None),
    ('wholesale', "Wholesale Customers", "批发客户", 'customer'),
    ('retail', "Retail Customers", "零售客户", 'customer'),
    ('prospect', "Prospects", "潜在客户", 'customer'),
    ('carrier', "Carriers", "物流公司", None),
    ('bank', "Banks", "银行", None),
    ]
# Wholesale customers who have the prices of the best customers
VIP = {'W01', 'W03', 'W08'}
RELATIONS = [
    ('S02', 'S07', 'customer'),
    ('W03', 'W08', 'parent'),
    ('W01', 'P04', 'parent'),
    ]


def make_parties(demo):
    """Make the parties with what belongs to them.

    Their records are kept in ``demo.parties`` by code.
    """
    subdivisions = _make_subdivisions(demo)
    categories = _make_categories(demo)
    rows = list(demo.table('parties'))
    parties = demo.create('party.party', [
            _party(demo, row, categories, subdivisions) for row in rows],
        'admin')
    demo.parties = {r['code']: p for r, p in zip(rows, parties)}
    _set_terms(demo, rows)
    _make_banks(demo, rows)
    _complete_company(demo, subdivisions)
    if demo.erp:
        _make_relations(demo)


def _make_subdivisions(demo):
    "Return the provinces of China by code"
    Country = demo.model('country.country')
    Subdivision = demo.model('country.subdivision')
    country, = Country.find([('code', '=', 'CN')])
    existing = {
        s.code: s for s in Subdivision.find([('country', '=', country.id)])}
    translate = gettext.translation(
        'iso3166-2', pycountry.LOCALES_DIR, languages=['zh_CN']).gettext
    missing = sorted((
            s for s in pycountry.subdivisions.get(country_code='CN')
            if s.code not in existing), key=lambda s: s.code)
    records = demo.create('country.subdivision', [{
                'country': country.id,
                'code': s.code,
                'type': s.type.lower(),
                'name': (
                    translate(s.name) if demo.language == 'zh_CN'
                    else _short(s.name)),
                } for s in missing], 'admin')
    return existing | {s.code: r for s, r in zip(missing, records)}


def _short(name):
    "Return the name of a province without its kind"
    for kind in [' Sheng', ' Shi', ' Zizhiqu', ' SAR']:
        name = name.removesuffix(kind)
    return name


def _make_categories(demo):
    Category = demo.model('party.category')
    parents = {}
    for key, en, zh in [('customer', "Customers", "客户")]:
        parents[key] = Category(name=demo.text(en, zh))
    Category.save(list(parents.values()))
    categories = {
        key: Category(name=demo.text(en, zh), parent=parents.get(parent))
        for key, en, zh, parent in CATEGORIES}
    Category.save(list(categories.values()))
    return categories


def _party(demo, row, categories, subdivisions):
    code = row['code']
    subdivision = subdivisions[row['subdivision']]
    mechanisms = [('email', f'{code.lower()}@example.com')]
    if row['phone']:
        mechanisms.append(('phone', row['phone']))
    number = '91440500MA5' + ''.join(f'{ord(c) % 10}' for c in code) + '000'
    values = {
        'name': row['name'],
        'code': code,
        'lang': demo.language_id,
        'categories': [('add', [categories[row['kind']].id])],
        'addresses': [('create', [{
                        'country': subdivision.country.id,
                        'subdivision': subdivision.id,
                        'city': row['city'],
                        'street_unstructured': row['street'],
                        'postal_code': row['postal_code'],
                        'invoice': True,
                        'delivery': True,
                        }])],
        'contact_mechanisms': [('create', [
                    {'type': type_, 'value': value}
                    for type_, value in mechanisms])],
        }
    if row['kind'] in {'supplier', 'wholesale', 'carrier', 'bank'}:
        values['identifiers'] = [('create', [{
                        'type': 'cn_vat',
                        'code': number + uscc.calc_check_digit(number),
                        }])]
    if row['limit']:
        values['credit_limit_amount'] = demo.price(row['limit'])
    return values


def _set_terms(demo, rows):
    "Set on which terms customers and suppliers pay"
    Party = demo.model('party.party')
    Term = demo.model('account.invoice.payment_term')
    terms = {}
    for days in sorted({row['term'] for row in rows if row['term']}):
        # The company set-up made its terms last
        terms[days] = Term.find(
            [('lines.relativedeltas.days', '=', int(days))],
            order=[('id', 'DESC')], limit=1)[0]
    for row in rows:
        if row['term']:
            party = demo.parties[row['code']]
            party.customer_payment_term = terms[row['term']]
            party.supplier_payment_term = terms[row['term']]
    Party.save(list(demo.parties.values()))
    demo.terms = terms


def _make_banks(demo, rows):
    "Make the bank and the accounts of the company and the suppliers"
    Bank = demo.model('bank', 'accountant')
    Account = demo.model('bank.account', 'accountant')
    Party = demo.model('party.party', 'accountant')
    bank = Bank(party=demo.seen(demo.parties['B01'], 'accountant'))
    bank.save()
    owners = [demo.company.party.id] + [
        demo.parties[row['code']].id for row in rows
        if row['kind'] == 'supplier']
    accounts = []
    for i, owner in enumerate(owners):
        account = Account(bank=bank)
        account.owners.append(Party(owner))
        account.numbers.new(type='other', number=f'6222 0000 0100 {i:04d}')
        accounts.append(account)
    Account.save(accounts)


def _complete_company(demo, subdivisions):
    "Give the company its address"
    party = demo.company.party
    address = party.addresses[0] if party.addresses else party.addresses.new()
    subdivision = subdivisions['CN-GD']
    address.country = subdivision.country
    address.subdivision = subdivision
    address.city = demo.text("Shantou", "汕头市")
    address.street_unstructured = demo.text(
        "168 Toy Avenue, Chenghai", "澄海区玩具大道168号")
    address.postal_code = '515800'
    party.save()


def _make_relations(demo):
    Type = demo.model('party.relation.type')
    types = {}
    for key, (en, zh), (reverse_en, reverse_zh) in [
            ('parent', ("Parent Company", "母公司"),
                ("Subsidiary", "子公司")),
            ('customer', ("Processes for", "受托加工"),
                ("Has Processed by", "委托加工"))]:
        type_ = Type(name=demo.text(en, zh))
        type_.save()
        reverse = Type(name=demo.text(reverse_en, reverse_zh), reverse=type_)
        reverse.save()
        type_.reverse = reverse
        type_.save()
        types[key] = type_
    for from_, to, key in RELATIONS:
        party = demo.parties[from_]
        party.relations.new(type=types[key], to=demo.parties[to])
        party.save()
