# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
import gettext

import pycountry

from trytond.pool import Pool
from trytond.transaction import Transaction


def create_countries():
    "Create the countries of ISO 3166 that are missing, with Chinese names"
    pool = Pool()
    Country = pool.get('country.country')
    Lang = pool.get('ir.lang')
    existing = {c.code for c in Country.search([])}
    countries = [
        c for c in pycountry.countries if c.alpha_2 not in existing]
    with Transaction().set_context(language='en'):
        records = Country.create([{
                    'name': getattr(c, 'common_name', c.name),
                    'code': c.alpha_2,
                    'code3': c.alpha_3,
                    'code_numeric': c.numeric,
                    } for c in countries])
    if not Lang.search([
                ('code', '=', 'zh_CN'), ('translatable', '=', True)]):
        return
    translate = gettext.translation(
        'iso3166-1', pycountry.LOCALES_DIR, languages=['zh_CN']).gettext
    with Transaction().set_context(language='zh_CN'):
        # A record is saved in the language in which it was read
        records = Country.browse(records)
        for record, country in zip(records, countries):
            record.name = translate(
                getattr(country, 'common_name', country.name))
        Country.save(records)
