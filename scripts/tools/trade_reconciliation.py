# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Account for each line of the trade files."""
import csv
import json
import os
from collections import Counter, defaultdict
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

from .trade_classification import KINDS

FIGURES = ['lines', 'quantity', 'amount']
SIDES = ['lines_in', 'accepted', 'rejected']
# What becomes of the lines of returns
WAYS = {
    'delivery': "of deliveries",
    'without_original': "without original",
    'money': "money only",
    'rejected': "rejected",
    }


class Unbalanced(Exception):
    "Raised when a line is neither in a document nor rejected"


def _figures():
    return {'lines': 0, 'quantity': 0, 'amount': Decimal(0)}


def _add(figures, line):
    figures['lines'] += 1
    figures['quantity'] += line.quantity
    figures['amount'] += line.amount


def reconcile(lines, found):
    """Total the lines by month and kind.

    :param lines: all lines of the files
    :param found: set of the lines that documents of the database hold
    :return: figures by side by kind by month
    :raises Unbalanced: a line is in both places or in none of them
    """
    for line in lines:
        if (line in found) == bool(line.reason):
            where = "both" if line in found else "neither"
            raise Unbalanced(
                f"{line.file} line {line.number} is in {where} of the "
                "documents and the rejects")
    totals = defaultdict(lambda: defaultdict(
            lambda: {side: _figures() for side in SIDES}))
    for line in lines:
        side = 'rejected' if line.reason else 'accepted'
        for figures in [
                totals[line.month][line.kind][s] for s in ['lines_in', side]]:
            _add(figures, line)
    return {
        month: {kind: totals[month][kind]
            for kind in KINDS if kind in totals[month]}
        for month in sorted(totals)}


def is_balanced(totals):
    "Tell if accepted and rejected make up the input in each total"
    return all(
        sides['accepted'][f] + sides['rejected'][f] == sides['lines_in'][f]
        for kinds in totals.values() for sides in kinds.values()
        for f in FIGURES)


def add_up(totals):
    "Return the figures by side of all months and kinds"
    sums = {side: _figures() for side in SIDES}
    for kinds in totals.values():
        for sides in kinds.values():
            for side in SIDES:
                for figure in FIGURES:
                    sums[side][figure] += sides[side][figure]
    return sums


def table(totals):
    "Return the reconciliation as lines of text"
    yield '{:7} {:11} {:>9} {:>9} {:>9} {:>15} {:>15} {:>13}'.format(
        "month", "kind", "lines in", "accepted", "rejected", "amount in",
        "accepted", "rejected")

    def row(month, kind, sides):
        return '{:7} {:11} {:9} {:9} {:9} {:15} {:15} {:13}'.format(
            month, kind, *(sides[s]['lines'] for s in SIDES),
            *(f"{sides[s]['amount']:,.2f}".rjust(width)
                for s, width in zip(SIDES, [15, 15, 13])))

    for month, kinds in totals.items():
        for kind, sides in kinds.items():
            yield row(month, kind, sides)
    yield row("all", '', add_up(totals))


def total_returns(lines):
    """Total the lines of returns by what became of them.

    :return: figures of the lines that give back of deliveries, that come
        back without original, that are money only, and that are rejected
    """
    totals = {way: _figures() for way in WAYS}
    for line in lines:
        if line.kind not in {'return', 'refund', 'discount'}:
            continue
        if line.reason:
            way = 'rejected'
        elif line.kind != 'return':
            way = 'money'
        elif line.without_original:
            way = 'without_original'
        else:
            way = 'delivery'
        _add(totals[way], line)
    return totals


def returns_table(totals):
    "Return the totals of returns as lines of text"
    yield '{:17} {:>9} {:>9} {:>15}'.format(
        "returns", "lines", "quantity", "amount")
    for way, figures in totals.items():
        yield '{:17} {:9} {:9} {:>15}'.format(
            WAYS[way], figures['lines'], figures['quantity'],
            f"{figures['amount']:,.2f}")


@contextmanager
def _replacing(path):
    "Open a file that takes its place when it is complete"
    path = Path(path)
    draft = path.with_name(path.name + '.part')
    try:
        with open(draft, 'w', encoding='utf-8', newline='') as file:
            yield file
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def write_rejects(path, headers, lines):
    """Write the lines that are rejected, each with the reason.

    :param headers: names of the columns by file
    """
    columns = list(dict.fromkeys(
            name for header in headers.values() for name in header))
    with _replacing(path) as file:
        writer = csv.writer(file, lineterminator='\n')
        writer.writerow(['file', 'line', 'reason', *columns])
        for line in lines:
            if line.reason:
                header = headers[line.file]
                if len(header) == len(line.raw):
                    values = dict(zip(header, line.raw))
                    row = [values.get(c, '') for c in columns]
                else:
                    row = line.raw
                writer.writerow([line.file, line.number, line.reason, *row])


def summarise(lines, totals, **more):
    "Return the reconciliation as a dictionary for JSON"
    sums = add_up(totals)
    return {
        **{side: sums[side]['lines'] for side in SIDES},
        'balanced': is_balanced(totals),
        'by_month_and_kind': totals,
        'reasons': dict(Counter(
                l.reason for l in lines if l.reason).most_common(50)),
        **more}


def write_summary(path, summary):
    with _replacing(path) as file:
        json.dump(summary, file, indent=2, default=float)
        file.write('\n')
