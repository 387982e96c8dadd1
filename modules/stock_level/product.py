# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.model import fields
from trytond.pool import PoolMeta
from trytond.transaction import without_check_access


class _Quantity(fields.Function):
    """A field whose getter needs no more than the ids of the records.

    The standard makes the records of all ids first, which for each looks at
    all of them.
    """

    @classmethod
    def of(cls, field):
        return cls(
            field._field, field.getter, searcher=field.searcher,
            loading=field.loading)

    def __copy__(self):
        return self.of(super().__copy__())

    def __deepcopy__(self, memo):
        return self.of(super().__deepcopy__(memo))

    @without_check_access
    def get(self, ids, Model, name, values=None):
        getter = getattr(Model, self.getter)
        if isinstance(name, list):
            return {n: getter(ids, n) for n in name}
        return getter(ids, name)


class Product(metaclass=PoolMeta):
    __name__ = 'product.product'

    @classmethod
    def __setup__(cls):
        super().__setup__()
        for name in ['quantity', 'forecast_quantity']:
            setattr(cls, name, _Quantity.of(getattr(cls, name)))
