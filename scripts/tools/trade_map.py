# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""How a file of trade lines is read: the column map."""
import codecs
import re
import tomllib
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pycountry

FIELDS = [
    'document', 'product', 'description', 'quantity', 'date', 'price',
    'customer', 'country']


class BadMap(Exception):
    "Raised with the reason why a column map can not be used"


def _never(value):
    return None


def _pattern(patterns):
    "Return the function that tells if a value matches one of the patterns"
    if isinstance(patterns, str):
        patterns = [patterns]
    if not patterns:
        return _never
    return re.compile(
        '|'.join(f'(?:{p})' for p in patterns), re.IGNORECASE).fullmatch


@dataclass
class TradeMap:
    """The meaning of the columns and of the values in them.

    The attributes are those of the file, see scripts/data; the patterns are
    functions that tell if a value matches.
    """
    name: str
    currency: str
    encoding: str
    delimiter: str
    date_formats: list
    earliest: date
    columns: dict
    is_return: object
    is_adjustment: object
    is_service: object
    is_discount: object
    costs: list
    return_reason: str
    parties: dict
    cost_share: Decimal
    supply_days: list
    countries: dict

    def cost_supplier(self, code):
        "Return the name of who is paid with the code, None when nobody is"
        for matches, supplier in self.costs:
            if matches(code):
                return supplier

    def country_code(self, name):
        "Return the ISO code of the country, None when it has none"
        code = self.countries.get(name.casefold())
        if code is None and name:
            try:
                code = pycountry.countries.lookup(name).alpha_2
            except LookupError:
                pass
        return code or None


def load_map(path):
    """Read a column map.

    :param path: of the TOML file
    :raises BadMap: it can not be read or lacks something
    """
    try:
        with open(path, 'rb') as file:
            data = tomllib.load(file)
    except OSError as error:
        raise BadMap(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise BadMap(f"{path} is not TOML: {error}") from error
    try:
        columns = data['columns']
        if missing := [f for f in FIELDS if f not in columns]:
            raise BadMap(
                f"{path}: [columns] lacks {', '.join(missing)}")
        documents = data.get('documents', {})
        products = data.get('products', {})
        supply = data.get('supply', {})
        days = sorted(supply.get('days', [1, 16]))
        if not days or days[0] != 1 or days[-1] > 28:
            raise BadMap(
                f"{path}: the days of [supply] must begin with 1 and "
                "end at 28 or before")
        codecs.lookup(data.get('encoding', 'utf-8'))
        return TradeMap(
            name=data['name'],
            currency=data['currency'],
            encoding=data.get('encoding', 'utf-8'),
            delimiter=data.get('delimiter', ','),
            date_formats=data['date_formats'],
            earliest=data.get('earliest', date(2000, 1, 1)),
            columns={f: columns[f] for f in FIELDS},
            is_return=_pattern(documents.get('return', [])),
            is_adjustment=_pattern(documents.get('adjustment', [])),
            is_service=_pattern(products.get('service', [])),
            is_discount=_pattern(products.get('discount', [])),
            costs=[
                (_pattern(pattern), supplier)
                for pattern, supplier in data.get('costs', {}).items()],
            return_reason=str(data.get('returns', {}).get('reason', '09')),
            parties=data['parties'],
            cost_share=Decimal(str(supply.get('cost', '0.6'))),
            supply_days=days,
            countries={
                name.casefold(): code
                for name, code in data.get('countries', {}).items()})
    except KeyError as error:
        raise BadMap(f"{path} lacks {error.args[0]}") from error
    except (LookupError, TypeError, AttributeError, re.error) as error:
        raise BadMap(f"{path}: {error}") from error
