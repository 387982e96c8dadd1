# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.exceptions import UserError
from trytond.model.exceptions import AccessError, ValidationError


class ApprovalError(UserError):
    "Raised when a document can not be submitted or decided"


class ApprovalAccessError(AccessError):
    "Raised when somebody decides what is not theirs to decide"


class RuleValidationError(ValidationError):
    "Raised when a rule could never be followed"


class DelegationValidationError(ValidationError):
    "Raised when a delegation leads back or to oneself"
