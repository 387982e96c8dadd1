# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.pool import PoolMeta
from trytond.pyson import Eval


class RejectedDeadEnd(metaclass=PoolMeta):
    """Let a rejected complaint be reset to draft.

    The transition exists but the button is invisible, which the server
    enforces.
    """
    __name__ = 'sale.complaint'

    @classmethod
    def __setup__(cls):
        super().__setup__()
        draft = cls._buttons['draft']
        draft['invisible'] &= Eval('state') != 'rejected'
