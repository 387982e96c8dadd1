# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.exceptions import UserError
from trytond.model.exceptions import AccessError, ValidationError


class ReturnError(UserError):
    "Raised when a return can not go on"


class ReturnQuantityError(ValidationError):
    "Raised when more is given back than was moved"


class ReturnAccessError(AccessError):
    "Raised when goods would come back beside the returns"


class ReturnPolicyError(UserError):
    "Raised when a policy refuses a return"
