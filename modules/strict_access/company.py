# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.cache import Cache
from trytond.pool import Pool, PoolMeta
from trytond.transaction import Transaction, without_check_access


class User(metaclass=PoolMeta):
    __name__ = 'res.user'

    _own_companies_cache = Cache(
        'res.user.own_companies', context=False)
    _own_employees_cache = Cache(
        'res.user.own_employees', context=False)

    @classmethod
    def own_context(cls, context):
        context = super().own_context(context)
        company = context.get('company')
        # The company of a record that has none yet is -1
        if (Transaction().user
                and isinstance(company, int) and company >= 0
                and company not in cls._own('companies')):
            del context['company']
        return context

    @classmethod
    def _own(cls, name):
        "Return the ids of all companies, or all employees, of the user"
        cache = getattr(cls, f'_own_{name}_cache')
        user = Transaction().user
        ids = cache.get(user)
        if ids is None:
            with without_check_access():
                ids = tuple(map(int, getattr(cls(user), name)))
            cache.set(user, ids)
        return ids

    @classmethod
    def read(cls, ids, fields_names):
        transaction = Transaction()
        context = transaction.context
        # Who presses a button does it in the own name, not in another's and
        # not in nobody's
        if (transaction.user
                and fields_names and 'employee' in fields_names
                and 'employee' in context
                and context['employee'] not in cls._own('employees')):
            context = {k: v for k, v in context.items() if k != 'employee'}
            with transaction.reset_context(), \
                    transaction.set_context(context):
                return super().read(ids, fields_names)
        return super().read(ids, fields_names)

    @classmethod
    def on_modification(cls, mode, users, field_names=None):
        super().on_modification(mode, users, field_names=field_names)
        cls._own_companies_cache.clear()
        cls._own_employees_cache.clear()


class UserCompany(metaclass=PoolMeta):
    __name__ = 'res.user-company.company'

    @classmethod
    def on_modification(cls, mode, records, field_names=None):
        pool = Pool()
        User = pool.get('res.user')
        super().on_modification(mode, records, field_names=field_names)
        User._own_companies_cache.clear()


class UserEmployee(metaclass=PoolMeta):
    __name__ = 'res.user-company.employee'

    @classmethod
    def on_modification(cls, mode, records, field_names=None):
        pool = Pool()
        User = pool.get('res.user')
        super().on_modification(mode, records, field_names=field_names)
        User._own_employees_cache.clear()
