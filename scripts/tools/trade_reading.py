# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Read the lines of trade files."""
import csv
import datetime as dt
import gzip
import hashlib
import zipfile
import zlib
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path


class BadFile(Exception):
    "Raised with the reason why a file can not be imported"


@dataclass(slots=True, eq=False)
class Line:
    """A line of a file.

    :ivar file: name of the file
    :ivar number: of the line in the file, the header is 1
    :ivar raw: its values as they are in the file
    :ivar code: of the product, in upper case
    :ivar buyer: who buys, see trade_classification.Buyer
    :ivar kind: what it is, see trade_classification
    :ivar reason: why it is rejected, None when it is not
    :ivar without_original: it gives back more than was sold
    """
    file: str
    number: int
    raw: list = field(repr=False)
    document: str = ''
    code: str = ''
    description: str = ''
    quantity: int = 0
    moment: dt.datetime = None
    price: Decimal = Decimal(0)
    customer: str = ''
    country: str = ''
    buyer: tuple = None
    kind: str = None
    reason: str = None
    without_original: bool = False

    @property
    def date(self):
        return self.moment.date()

    @property
    def month(self):
        return f'{self.moment:%Y-%m}' if self.moment else '?'

    @property
    def amount(self):
        return self.quantity * self.price


def _text(value):
    "Return the cell of a workbook as a CSV file would have it"
    if value is None:
        return ''
    if isinstance(value, dt.datetime):
        return f'{value:%Y-%m-%d %H:%M:%S}'
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _csv_rows(path, opener, trade_map):
    with opener(path, 'rt', encoding=trade_map.encoding, newline='') as file:
        if file.read(1) != '\ufeff':
            file.seek(0)
        reader = csv.reader(file, delimiter=trade_map.delimiter, strict=True)
        for row in reader:
            yield reader.line_num, row


def _xlsx_rows(path, trade_map):
    from openpyxl import load_workbook
    workbook = load_workbook(path, read_only=True, data_only=True)
    try:
        for number, row in enumerate(
                workbook.worksheets[0].iter_rows(values_only=True), 1):
            yield number, [_text(v) for v in row]
    finally:
        workbook.close()


def _rows(path, trade_map):
    name = path.name.lower()
    if name.endswith('.csv.gz'):
        return _csv_rows(path, gzip.open, trade_map)
    if name.endswith('.csv'):
        return _csv_rows(path, open, trade_map)
    if name.endswith('.xlsx'):
        return _xlsx_rows(path, trade_map)
    raise BadFile(f"{path}: the name must end with .csv, .csv.gz or .xlsx")


def _read_file(path, trade_map):
    rows = _rows(path, trade_map)
    try:
        _, header = next(rows)
    except StopIteration:
        raise BadFile(f"{path} is empty") from None
    header = [h.strip() for h in header]
    names = list(trade_map.columns.values())
    if missing := [n for n in names if n not in header]:
        raise BadFile(
            f"{path} lacks the column {', '.join(missing)}: it has "
            f"{', '.join(header)}. Another layout needs --map")
    indexes = {f: header.index(n) for f, n in trade_map.columns.items()}
    lines = []
    for number, row in rows:
        line = Line(path.name, number, row)
        lines.append(line)
        if len(row) != len(header):
            line.reason = (
                f"{len(row)} fields instead of {len(header)}" if row
                else "empty line")
            continue
        parse(line, {f: row[i].strip() for f, i in indexes.items()}, trade_map)
    return header, lines


def read_files(paths, trade_map):
    """Read all lines of the files.

    :return: names of the columns by name of the file, list of Line in the
        order of the files
    :raises BadFile: one of them can not be read to its end
    """
    lines, headers, seen = [], {}, {}
    for path in map(Path, paths):
        try:
            digest = hashlib.sha256(path.read_bytes()).digest()
            if digest in seen:
                raise BadFile(f"{path} is the same file as {seen[digest]}")
            seen[digest] = path
            if path.name in headers:
                raise BadFile(
                    f"{path}: two files have the name {path.name}")
            names, more = _read_file(path, trade_map)
        except OSError as error:
            # BadGzipFile has no strerror
            raise BadFile(f"{path}: {error.strerror or error}") from error
        except (EOFError, zlib.error) as error:
            raise BadFile(
                f"{path} is cut off or damaged: {error}") from error
        except UnicodeError as error:
            raise BadFile(
                f"{path} is not in the encoding {trade_map.encoding} of the "
                f"map: {error}") from error
        except csv.Error as error:
            raise BadFile(f"{path} is not CSV: {error}") from error
        except (zipfile.BadZipFile, KeyError, ValueError) as error:
            raise BadFile(
                f"{path} is not an Excel workbook: {error}") from error
        headers[path.name] = names
        lines += more
    return headers, lines


def _moment(value, trade_map):
    for format_ in trade_map.date_formats:
        try:
            return dt.datetime.strptime(value, format_)
        except ValueError:
            pass


def _number(value):
    try:
        number = Decimal(value)
    except ArithmeticError:
        return None
    return number if number.is_finite() else None


def parse(line, values, trade_map):
    """Fill the line from its values, or tell why this can not be done.

    :param values: texts by field
    """
    line.document = values['document']
    line.code = values['product'].upper()
    line.description = ' '.join(values['description'].split())
    line.customer = values['customer'].removesuffix('.0')
    line.country = values['country']
    line.moment = _moment(values['date'], trade_map)
    quantity, price = _number(values['quantity']), _number(values['price'])
    if quantity is not None and quantity == quantity.to_integral_value():
        line.quantity = int(quantity)
    if price is not None:
        line.price = price
    if not line.document:
        line.reason = "no document number"
    elif not line.code:
        line.reason = "no product code"
    elif not values['date']:
        line.reason = "no date"
    elif not line.moment:
        line.reason = f"{values['date']!r} is not a date of the map"
    elif line.date < trade_map.earliest or line.date > dt.date.today():
        line.reason = f"the date {line.date} is out of range"
    elif not values['quantity']:
        line.reason = "no quantity"
    elif quantity is None:
        line.reason = f"the quantity {values['quantity']!r} is not a number"
    elif quantity != line.quantity:
        line.reason = f"the quantity {quantity} is not whole"
    elif not line.quantity:
        line.reason = "the quantity is zero"
    elif abs(line.quantity) > 10 ** 9:
        line.reason = f"the quantity {quantity} is out of range"
    elif not values['price']:
        line.reason = "no price"
    elif price is None:
        line.reason = f"the price {values['price']!r} is not a number"
    elif abs(price) > 10 ** 9:
        line.reason = f"the price {price} is out of range"
    elif price != round(price, 4):
        line.reason = f"the price {price} has more than 4 decimals"
