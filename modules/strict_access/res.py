# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.pool import Pool, PoolMeta
from trytond.tools.immutabledict import ImmutableDict
from trytond.transaction import Transaction


class User(metaclass=PoolMeta):
    __name__ = 'res.user'

    @classmethod
    def own_context(cls, context):
        """Return the context without what is not the user's own.

        :param context: dictionary that a client sent
        """
        context = context.copy()
        context.pop('user', None)
        if 'groups' in context:
            context['groups'] = list(cls.get_groups())
        return context


class UserApplication(metaclass=PoolMeta):
    __name__ = 'res.user.application'

    @classmethod
    def check(cls, key, application):
        pool = Pool()
        User = pool.get('res.user')
        transaction = Transaction()
        record = super().check(key, application)
        if record and application == 'rest':
            # The header X-Tryton-Context is in the context already
            context = {
                name: value for name, value in transaction.context.items()
                if not name.startswith('_')}
            with transaction.set_user(record.user.id):
                context = User.own_context(context)
            transaction.context = ImmutableDict(context, _rest_request=[True])
        return record
