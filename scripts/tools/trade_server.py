# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Call a Tryton server, in this process or by XML-RPC.

Both are called by the names of models and methods with plain values, as the
clients do.
"""
import gc
import hashlib
import http.client
import time
import xmlrpc.client
from collections import defaultdict
from contextlib import contextmanager, nullcontext
from functools import cached_property
from urllib.parse import urlsplit, urlunsplit

SLICE = 1000
RETRIES = 5


class Refused(Exception):
    "Raised with what the server answered to a call"


class Warned(Refused):
    "Raised with a warning of the server that can be answered"


class _Server:
    """What both ways have in common.

    :ivar context: of the calls, with the company of the user
    """

    def records(self, model, domain, fields, size=SLICE):
        """Return the values of all records that match the domain.

        :return: list of dictionaries in the order of the ids
        """
        found, last = [], 0
        while True:
            rows = self.call(
                model, 'search_read', [domain, ('id', '>', last)], 0, size,
                [('id', 'ASC')], fields)
            found += rows
            if len(rows) < size:
                return found
            last = rows[-1]['id']

    def records_in(self, model, field, values, domain, fields):
        "Return the records whose field is one of the values"
        values, found = list(values), []
        for start in range(0, len(values), SLICE // 5):
            found += self.records(
                model,
                [*domain, (field, 'in', values[start:start + SLICE // 5])],
                fields)
        return found

    def read(self, model, ids, fields):
        "Return the values of the records by id, in the order of the ids"
        rows = {r['id']: r for r in self.call(model, 'read', ids, fields)}
        return {id_: rows[id_] for id_ in ids}


class LocalServer(_Server):
    """The server in this process.

    A call of its own is a transaction, and all calls of a function that is
    given to run are one. The tasks that they queue run before the
    transaction ends, each once however often it was queued. Two things differ
    from what a server does: invoices are not rendered before somebody prints
    them, and what only would give a warning to be answered with yes is not
    computed.

    :param config: configuration of proteus in process
    """
    is_local = True
    _not_now = {('account.invoice', 'print_invoice')}
    # Today's stock is not enough for a sale of the past; the taxes of an
    # invoice are not those of its products
    _warnings = [
        ('sale.sale', '_check_stock_quantity'),
        ('account.invoice', '_check_taxes'),
        ]

    def __init__(self, config):
        from trytond.transaction import Transaction
        self._transaction = Transaction
        self._pool = config.pool
        self._name = config.database_name
        self._user = config.user
        self.context = dict(config._context)
        self._active = False
        for model, check in self._warnings:
            try:
                Model = self._pool.get(model)
            except KeyError:
                continue
            if hasattr(Model, check):
                setattr(Model, check, classmethod(lambda cls, records: None))
        # The models live as long as the process: no need to visit them
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)

    @property
    def backend(self):
        from trytond import backend
        return backend.name

    def call(self, model, method, *args, **context):
        """Call the method of the model.

        :param context: added to the context
        :raises Refused: the server gives a reason not to do it
        """
        if not self._active:
            return self.run(
                lambda server: server.call(model, method, *args, **context))
        from trytond.rpc import RPC
        object_ = self._pool.get(model)
        rpc = object_.__rpc__.get(method) or RPC(
            readonly=False, instantiate=0)
        args, kwargs, context, _ = rpc.convert(
            object_, *args, {**self.context, **context})
        # An import is the work of the administrator of the server
        context['_check_access'] = False
        context['_skip_warnings'] = True
        with self._transaction().set_context(context):
            return rpc.result(getattr(object_, method)(*args, **kwargs))

    def confirmed_invoices(self, ids):
        "All warnings are answered with yes"
        return nullcontext()

    def flush(self, leave=()):
        """Run the tasks queued by now.

        :param leave: (model, method) of tasks to forget, because another
            call will do the same
        """
        transaction = self._transaction()
        Queue = self._pool.get('ir.queue')
        while transaction.tasks:
            tasks = Queue.browse(list(transaction.tasks))
            transaction.tasks.clear()
            todo = defaultdict(dict)
            for task in tasks:
                data = task.data
                key = data['model'], data['method']
                instances = data['instances']
                if isinstance(instances, int):
                    instances = [instances]
                if data['args'] or data['kwargs']:
                    task.run()
                elif key not in self._not_now and key not in leave:
                    todo[key].update(dict.fromkeys(instances))
            Queue.delete(tasks)
            for (model, method), ids in todo.items():
                Model = self._pool.get(model)
                with transaction.set_context(
                        self.context, _check_access=False,
                        _skip_warnings=True):
                    getattr(Model, method)(Model.browse(list(ids)))

    def run(self, function, leave=(), lock=None, posting=False):
        """Run the function in one transaction.

        :param function: gets this server
        :param leave: as for flush at the end
        :param lock: ids by model of records to lock
        :param posting: lock what numbers and posts invoices
        """
        from trytond import backend
        from trytond.exceptions import UserError
        from trytond.transaction import TransactionError

        # A lock that is missed would roll back all that was done by then
        extras = {'_lock_tables': [], '_lock_records': {}}
        for model, ids in (lock or {}).items():
            extras['_lock_records'][self._pool.get(model)._table] = list(ids)
        if posting:
            extras['_lock_tables'].append(
                self._pool.get('account.journal.period')._table)
            extras['_lock_records']['ir_sequence_strict'] = (
                self._strict_sequences)
        count = 0
        while True:
            with self._transaction().start(
                    self._name, self._user, context=self.context,
                    **extras) as transaction:
                self._active = True
                try:
                    result = function(self)
                    self.flush(leave)
                    transaction.commit()
                    return result
                except TransactionError as error:
                    transaction.rollback()
                    transaction.tasks.clear()
                    error.fix(extras)
                except backend.DatabaseOperationalError as error:
                    transaction.rollback()
                    transaction.tasks.clear()
                    count += 1
                    if count > RETRIES:
                        raise Refused(str(error)) from error
                    time.sleep(.05 * count)
                except UserError as error:
                    transaction.rollback()
                    transaction.tasks.clear()
                    raise Refused(str(error).removesuffix(' - ')) from error
                finally:
                    self._active = False

    @cached_property
    def _strict_sequences(self):
        with self._transaction().start(self._name, 0, readonly=True):
            return [
                s.id for s in self._pool.get('ir.sequence.strict').search([])]


class RemoteServer(_Server):
    """A running server.

    :param config: configuration of proteus by XML-RPC
    """
    is_local = False
    backend = None

    def __init__(self, config, user):
        self._server = config.server
        self.user = user
        self.context = dict(config._context)

    def call(self, model, method, *args, **context):
        """Call the method of the model.

        :raises Refused: the server gives a reason not to do it
        :raises Warned: the same, when it can be answered
        """
        function = getattr(self._server.model, f'{model}.{method}')
        try:
            return function(*args, {**self.context, **context})
        except xmlrpc.client.Fault as fault:
            text = str(fault.faultString).strip().splitlines()[0]
            if fault.faultCode == 2:
                raise Warned(text) from fault
            raise Refused(text) from fault
        except (OSError, http.client.HTTPException,
                xmlrpc.client.ProtocolError) as error:
            raise Refused(
                f"the server can not be reached any more ({error}): "
                "start the import again") from error

    @contextmanager
    def confirmed(self, names):
        """Answer the warnings with yes inside of the context.

        XML-RPC does not tell the names of warnings, they must be known.
        """
        Warning = 'res.user.warning'
        user, = self.call(
            'res.user', 'search', [('login', '=', self.user)], 0, 1, None)
        ids = self.call(Warning, 'create', [
                {'user': user, 'name': n, 'always': True} for n in names])
        try:
            yield
        finally:
            self.call(Warning, 'delete', ids)

    def confirmed_invoices(self, ids):
        "Answer that the invoices should have been paid in the past"
        return self.confirmed([
                hashlib.md5(f'account.invoice,{i}'.encode()).hexdigest()
                + '.invoice_payment_term' for i in ids])

    def flush(self, leave=()):
        "The server runs its tasks itself"

    def run(self, function, leave=(), lock=None, posting=False):
        "Run the function: each of its calls is a transaction of the server"
        return function(self)


@contextmanager
def remote(url, password):
    """Connect to a running server.

    :param url: ``http[s]://user@host[:port]/database``
    :raises Refused: it can not be reached or does not know the user
    """
    from proteus import config
    parts = urlsplit(url)
    host = parts.netloc.rpartition('@')[2]
    address = urlunsplit(
        (parts.scheme, host, parts.path.rstrip('/') + '/rpc/', '', ''))
    try:
        with config.set_xmlrpc_session(
                address, parts.username or 'admin', password) as connection:
            yield RemoteServer(connection, parts.username or 'admin')
    except xmlrpc.client.Fault as fault:
        raise Refused(
            f"{host} refuses the user or the password: "
            + str(fault.faultString).strip().splitlines()[0]) from fault
    except xmlrpc.client.ProtocolError as error:
        raise Refused(
            f"{host}: {error.errcode} {error.errmsg}. Is the database "
            f"{parts.path.strip('/')!r} there?") from error
    except OSError as error:
        raise Refused(f"{host} can not be reached: {error}") from error
