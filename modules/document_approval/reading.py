# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Which records a user may read."""
from collections import defaultdict

from trytond.pool import Pool
from trytond.transaction import check_access


def readable_records(records):
    """Return those of the records that the user may read.

    :param records: iterable of texts like 'purchase.purchase,5'
    :return: set of such texts
    """
    pool = Pool()
    Access = pool.get('ir.model.access')
    wanted, readable = defaultdict(set), set()
    for record in records:
        model, _, id_ = record.partition(',')
        wanted[model].add(int(id_))
    with check_access():
        access = Access.get_access(list(wanted))
        for model, ids in wanted.items():
            if access[model]['read']:
                readable.update(map(str, pool.get(model).search(
                            [('id', 'in', list(ids))])))
    return readable
