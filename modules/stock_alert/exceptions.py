# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.exceptions import UserError
from trytond.model.exceptions import ValidationError


class RuleValidationError(ValidationError):
    "Raised when an alert rule can not work"


class AlertError(UserError):
    "Raised when something can not be done with an alert"
