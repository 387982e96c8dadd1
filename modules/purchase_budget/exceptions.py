# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.exceptions import UserError, UserWarning
from trytond.model.exceptions import AccessError, ValidationError


class BudgetValidationError(ValidationError):
    "Raised when a budget can not run as it is"


class BudgetAccessError(AccessError):
    "Raised when somebody changes what only a revision may change"


class BudgetError(UserError):
    "Raised when a document is refused because of the budget"


class BudgetWarning(UserWarning):
    "Raised when a document goes beyond the budget or has none"
