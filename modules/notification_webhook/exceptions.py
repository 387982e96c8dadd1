# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.model.exceptions import ValidationError


class WebhookValidationError(ValidationError):
    "Raised when nothing could ever be sent to the URL of a webhook"


class TransportError(Exception):
    """Raised when an endpoint gave no answer.

    It carries the id of a text, and never what the library said, because that
    quotes the URL.
    """

    def __init__(self, message):
        super().__init__(message)
        self.message = message
