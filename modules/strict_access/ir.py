# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.i18n import gettext
from trytond.pool import Pool, PoolMeta
from trytond.transaction import Transaction

from .exceptions import InternalModelError


class ModelAccess(metaclass=PoolMeta):
    __name__ = 'ir.model.access'

    @classmethod
    def check(cls, model_name, mode='read', raise_exception=True):
        transaction = Transaction()
        # The first check of a request is about the model it asks for
        if (raise_exception
                and transaction.context.get('_rest_request')
                and transaction.check_access):
            transaction.context['_rest_request'].clear()
            Model = Pool().get(model_name)
            if mode not in Model.__rpc__:
                raise InternalModelError(gettext(
                        'strict_access.msg_model_internal',
                        **Model.__names__()))
        return super().check(
            model_name, mode=mode, raise_exception=raise_exception)
