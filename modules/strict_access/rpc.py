# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""The context that a client sends says nothing that is not the user's own."""
from weakref import WeakKeyDictionary

from trytond.pool import Pool
from trytond.rpc import RPC


class OwnContextRPC(RPC):
    "A remote procedure that is called with the user's own context"
    __slots__ = ()

    @classmethod
    def of(cls, rpc):
        "Return the same remote procedure"
        return cls(**{name: getattr(rpc, name) for name in RPC.__slots__})

    def convert(self, obj, *args, **kwargs):
        # Before the records are instantiated, which keep the context
        own_context = Pool().get('res.user').own_context
        if isinstance(kwargs.get('context'), dict):
            kwargs['context'] = own_context(kwargs['context'])
        elif args and isinstance(args[-1], dict):
            *args, context = args
            args.append(own_context(context))
        return super().convert(obj, *args, **kwargs)


class _OwnContextRPCs:
    """Give a class of the pool its remote procedures.

    A mixin is added to the classes of the pool after they were set up, so it
    can not change what they set up.
    """

    def __init__(self):
        self._rpcs = WeakKeyDictionary()

    def __set_name__(self, owner, name):
        self._owner = owner

    def __get__(self, instance, cls):
        try:
            return self._rpcs[cls]
        except KeyError:
            self._rpcs[cls] = rpcs = {
                name: OwnContextRPC.of(rpc)
                for name, rpc in super(self._owner, cls).__rpc__.items()}
            return rpcs


class ModelMixin:
    __slots__ = ()
    __rpc__ = _OwnContextRPCs()


class WizardMixin:
    __slots__ = ()
    __rpc__ = _OwnContextRPCs()


class ReportMixin:
    __slots__ = ()
    __rpc__ = _OwnContextRPCs()
