# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.exceptions import UserError, UserWarning


class StockAlertError(UserError):
    "Raised when a rule refuses what a document would do"


class StockAlertWarning(UserWarning):
    "Warn that a document does what is wrong by a rule"
