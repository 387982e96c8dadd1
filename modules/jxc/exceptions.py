# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.exceptions import UserError


class SetupError(UserError):
    "Raised when the set-up of a company can not be done"
