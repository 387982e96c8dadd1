# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.exceptions import UserError, UserWarning


class SeparationError(UserError):
    "Raised when a person takes the second duty who had the first one"


class SeparationWarning(UserWarning):
    "Warn that a person takes the second duty who had the first one"
