# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.model.exceptions import AccessError


class ReadonlyError(AccessError):
    "Raised when a client writes what its form shows read-only"


class InternalModelError(AccessError):
    "Raised when a client asks for a model that no client shows"
