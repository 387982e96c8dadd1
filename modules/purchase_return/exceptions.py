# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.model.exceptions import AccessError


class ReturnedPurchaseError(AccessError):
    "Raised when the order of a return is changed beside the return"
