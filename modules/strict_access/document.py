# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What the form of a document shows read-only, the server refuses to write.

What a document, a line and a list are is explained in doc/design.rst.
"""
import datetime as dt
from collections import defaultdict
from decimal import Decimal
from itertools import chain
from weakref import WeakKeyDictionary

from trytond.i18n import gettext
from trytond.model import (
    EvalEnvironment, Model, ModelStorage, ModelView, Workflow, fields)
from trytond.pool import Pool
from trytond.pyson import PYSONDecoder, PYSONEncoder
from trytond.transaction import Transaction, without_check_access

from .exceptions import ReadonlyError

# What is writable although the form shows it read-only, and why
EXCEPTIONS = {
    }
# What no form shows but the standard forgot to define read-only
SYSTEM_FIELDS = {
    'stock.move': {'in_anglo_saxon_quantity', 'out_anglo_saxon_quantity'},
    }
# What create and write ignore
_IGNORED = {'id', 'create_uid', 'create_date', 'write_uid', 'write_date'}
_guards = WeakKeyDictionary()


class _Guard:
    """What is guarded of a model.

    :ivar fixed: names of the fields that are always read-only
    :ivar states: when the others are read-only, as encoded PYSON by name
    :ivar parents: names of the lists of the parents in which a record is, by
        name of the field that points to the parent and model of the parent
    :ivar members: names of the fields in ``parents`` that only the lists of
        the parent may change
    :ivar parts: names of the fields in ``parents`` whose lists also govern
        the other fields, because the record is a part of its parent
    :ivar enforced: whether the model itself is guarded, not its lists alone
    """

    def __init__(self, Model):
        self.model = Model
        self.fixed = set()
        self.states = {}
        self.parents = {}
        self.members = set()
        self.parts = set()
        self.enforced = True
        encoder = PYSONEncoder()
        exceptions = EXCEPTIONS.get(Model.__name__, {})
        system = SYSTEM_FIELDS.get(Model.__name__, ())
        for name, field in Model._fields.items():
            if name in _IGNORED or name in exceptions:
                continue
            if field.readonly or name.endswith('_cache') or name in system:
                self.fixed.add(name)
            elif field.states and field.states.get('readonly'):
                self.states[name] = encoder.encode(field.states['readonly'])
        self.watched = self.fixed | self.states.keys()

    @property
    def initial_state(self):
        state = self.model._transition_state
        return self.model._defaults[state]()

    def locked(self, name, environment):
        "Return whether the field is read-only in the environment"
        if name in self.fixed:
            return True
        return bool(
            name in self.states
            and PYSONDecoder(environment).decode(self.states[name]))


def get_guards():
    "Return the guards of the pool, by name of model"
    pool = Pool()
    # The classes change each time the pool is loaded
    key = pool.get('ir.model')
    try:
        return _guards[key]
    except KeyError:
        _guards[key] = guards = _make_guards(pool)
        return guards


def _guard_of(Model):
    "Return the guard of the model if it is guarded itself"
    guard = get_guards().get(Model.__name__)
    if guard and guard.enforced:
        return guard


def _make_guards(pool):
    guards, todo = {}, []

    def add(Model):
        name = Model.__name__
        if name not in guards:
            guards[name] = _Guard(Model)
            todo.append(Model)
        return guards[name]

    for _, Document in pool.iterobject():
        if issubclass(Document, Workflow) and issubclass(
                Document, ModelStorage):
            add(Document)
    lists = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    while todo:
        Parent = todo.pop()
        for name, field in Parent._fields.items():
            if field._type != 'one2many':
                continue
            Target = field.get_target()
            inner = field._field if isinstance(field, fields.Function) \
                else field
            if not inner.field or not issubclass(Target, ModelStorage):
                continue
            lists[Target.__name__][inner.field][Parent.__name__].append(name)
            pointer = Target._fields[inner.field]
            if (pointer._type == 'many2one'
                    and pointer.ondelete == 'CASCADE'):
                guard = add(Target)
                guard.members.add(inner.field)
                if not issubclass(Target, Workflow):
                    guard.parts.add(inner.field)
    # A field that is read-only by definition can be the field of a list of
    # something else, as the package of a move
    others = {}
    for name, Other in pool.iterobject():
        if name in guards or not (
                issubclass(Other, ModelStorage)
                and issubclass(Other, ModelView)):
            continue
        for field_name, field in Other._fields.items():
            if (field._type == 'one2many'
                    and not isinstance(field, fields.Function)
                    and field.model_name in guards
                    and field.field in guards[field.model_name].fixed):
                lists[field.model_name][field.field][name].append(field_name)
                others[name] = Other
    for name, Other in others.items():
        guards[name] = guard = _Guard(Other)
        guard.enforced = False
    # The form of its own window shows what can be changed of a part
    ActWindow = pool.get('ir.action.act_window')
    with without_check_access():
        for window in ActWindow.search([
                    ('res_model', 'in', [
                            n for n, g in guards.items() if g.parts]),
                    ]):
            guards[window.res_model].parts.clear()
    # And so does a list of a record to which it does not belong
    for _, Other in pool.iterobject():
        if not (issubclass(Other, ModelStorage)
                and issubclass(Other, ModelView)):
            continue
        for field in Other._fields.values():
            if (field._type == 'one2many'
                    and not field.readonly
                    and not isinstance(field, fields.Function)
                    and field.model_name in guards
                    and field.field not in guards[field.model_name].parts):
                guards[field.model_name].parts.clear()
    for name, guard in guards.items():
        guard.parents = {
            pointer: dict(parents) for pointer, parents in lists[name].items()}
        guard.members |= guard.fixed & guard.parents.keys()
    return guards


class _Form(EvalEnvironment):
    "What a form evaluates: the stored record under what is changed"
    __slots__ = ('_changes',)

    def __init__(self, record, changes=None):
        super().__init__(record, record.__class__)
        self._changes = changes or {}
        transaction = Transaction()
        self['context'] = transaction.context
        self['active_model'] = record.__name__
        self['active_id'] = record.id

    def __getitem__(self, item):
        if item in self._changes:
            return self._changes[item]
        return super().__getitem__(item)


class DocumentMixin:
    __slots__ = ()

    @classmethod
    def default_get(cls, fields_names=None, *args, **kwargs):
        transaction = Transaction()
        context = transaction.context
        if _is_external() and any(n.startswith('default_') for n in context):
            guard = _guard_of(cls)
            if guard:
                # The context is the client's
                with transaction.reset_context(), transaction.set_context({
                            name: value for name, value in context.items()
                            if not name.startswith('default_')
                            or name.removeprefix('default_')
                            not in guard.fixed}):
                    return super().default_get(
                        fields_names, *args, **kwargs)
        return super().default_get(fields_names, *args, **kwargs)

    @classmethod
    def _before_create(cls, vlist):
        if _is_external() and not _is_copy():
            guard = _guard_of(cls)
            if guard:
                _check_fixed(guard, vlist)
        return super()._before_create(vlist)

    @classmethod
    def copy(cls, records, default=None):
        transaction = Transaction()
        if not _is_external():
            return super().copy(records, default=default)
        level = _copy_level()
        if not level and default:
            guard = _guard_of(cls)
            if guard:
                _check_fixed(guard, [default])
            if any(
                    '.' in name or isinstance(value, (list, tuple, dict))
                    for name, value in default.items()):
                # The client says something about the lines
                return super().copy(records, default=default)
        if not level:
            default = _leave_closed_lists(cls, records, default)
        with transaction.set_context(
                _strict_access_copy=[cls.__name__, level + 1]):
            return super().copy(records, default=default)

    @classmethod
    def check_modification(cls, mode, records, values=None, external=False):
        super().check_modification(
            mode, records, values=values, external=external)
        if external:
            guard = _guard_of(cls)
            if guard:
                _Check(guard)(mode, records, values)


def _is_external():
    transaction = Transaction()
    return bool(transaction.user and transaction.check_access)


def _copy_level():
    "Return how deep in the copy of a document the call is, 0 if not at all"
    _, level = Transaction().context.get('_strict_access_copy', ('', 0))
    return level


def _is_copy(name=None):
    """Return whether the values are not the client's but copied.

    :param name: of the model that is not copied but part of the copied
    """
    model, level = Transaction().context.get('_strict_access_copy', ('', 0))
    return level > (model == name)


def _leave_closed_lists(Model, records, default):
    """Return the default values with which copies leave read-only lists.

    A copy that needs its parent stays, and is refused.
    """
    guard = _guard_of(Model)
    names = {
        n for n in guard.members if not Model._fields[n].required
        } if guard else ()
    if not names:
        return default
    default = dict(default or {})
    check = _Check(guard)
    with without_check_access():
        for name in names - default.keys():
            closed = {
                r.id for r in Model.browse(records)
                if not check.is_open(name, getattr(r, name))}
            if closed:
                default[name] = (
                    lambda data, name=name, closed=closed:
                    None if data['id'] in closed else data[name])
    return default


def _check_fixed(guard, vlist):
    "Check that the values say nothing about what is always read-only"
    Model = guard.model
    names = guard.fixed.intersection(chain.from_iterable(vlist))
    # The lists of the parent care for them
    names -= guard.parents.keys()
    if not names:
        return
    defaults = Model._clean_defaults(
        Model.default_get(list(names), with_rec_name=False))
    for values in vlist:
        for name in names & values.keys():
            value = values[name]
            if not value and not defaults.get(name):
                continue
            if not _same(
                    Model._fields[name], defaults.get(name), value):
                raise ReadonlyError(gettext(
                        'strict_access.msg_create_readonly',
                        **Model.__names__(name)),
                    gettext('strict_access.msg_create_readonly_way'))


class _Check:
    "The check of one modification"

    def __init__(self, guard):
        self.guard = guard
        self.model = guard.model
        self._open = {}

    def __call__(self, mode, records, values):
        guard = self.guard
        if mode == 'write' and not (
                guard.parts
                or not guard.watched.isdisjoint(values)
                or not guard.parents.keys().isdisjoint(values)):
            return
        transaction = Transaction()
        User = Pool().get('res.user')
        # The form is evaluated with the groups of the user
        with transaction.set_context(groups=list(User.get_groups())):
            getattr(self, mode)(self.model.browse(records), values)

    def create(self, records, values):
        if issubclass(self.model, Workflow):
            self._check_state(records)
        if self.guard.members and not _is_copy(self.model.__name__):
            self._check_members(records)
            for name in self.guard.members & self.guard.fixed:
                for record in records:
                    parent = getattr(record, name)
                    if parent and not self._lists(name, parent):
                        self._refuse_field(record, name)

    def delete(self, records, values):
        self._check_members(records)

    def write(self, records, values):
        guard = self.guard
        names = guard.watched & values.keys()
        moved = guard.parents.keys() & values.keys()
        for record in records:
            self._check_fields(record, names - moved, values)
            for name in moved:
                self._check_moved(record, name, values)
            if guard.parts:
                self._check_parts(record, values)

    def _check_state(self, records):
        name = self.model._transition_state
        initial = self.guard.initial_state
        for record in records:
            if getattr(record, name) != initial:
                names = self.model.__names__(name, record)
                field = self.model._fields[name]
                selection = dict(field.get_selection(
                        self.model, name, record))
                raise ReadonlyError(gettext(
                        'strict_access.msg_create_state',
                        initial=selection.get(initial, initial), **names),
                    gettext('strict_access.msg_create_state_way'))

    def _check_fields(self, record, names, values):
        "Check what is sent for the fields that are read-only"
        locked = self._locked(record, names, _Form(record))
        locked = {n for n in locked if _differs(record, n, values[n])}
        while locked:
            # What the form lets change can make others editable
            changed = values.keys() - locked
            still = locked
            for changes in _changes(record, changed, values):
                still = self._locked(record, still, _Form(record, changes))
            if still == locked:
                break
            locked = still
        for name in sorted(locked):
            if not _is_computed(record, name, values):
                self._refuse_field(record, name)

    def _locked(self, record, names, form):
        return {n for n in names if self.guard.locked(n, form)}

    def _check_members(self, records):
        for record in records:
            for name in self.guard.members:
                self._check_lists(record, name, getattr(record, name))

    def _check_moved(self, record, name, values):
        "Check what is sent for the field that points to the parent"
        if not _differs(record, name, values[name]):
            return
        before = getattr(record, name)
        after = _instance(self.model._fields[name], values[name])
        governed = [p for p in [before, after] if self._lists(name, p)]
        if name in self.guard.members:
            if name in self.guard.fixed and not governed:
                self._refuse_field(record, name)
            for parent in governed:
                self._check_lists(record, name, parent)
        elif not governed or not all(
                self.is_open(name, parent) for parent in governed):
            self._check_fields(record, {name}, values)

    def _refuse_field(self, record, name):
        raise ReadonlyError(gettext(
                'strict_access.msg_field_readonly',
                **self.model.__names__(name, record)),
            _way(record))

    def _check_parts(self, record, values):
        for name in self.guard.parts:
            parent = getattr(record, name)
            if not self.is_open(name, parent) and any(
                    _differs(record, n, v) for n, v in values.items()):
                self._check_lists(record, name, parent)

    def _lists(self, name, parent):
        "Return the names of the lists of the parent in which a record is"
        if isinstance(parent, Model):
            return self.guard.parents[name].get(parent.__name__)

    def is_open(self, name, parent):
        "Return whether one of the lists of the parent is editable"
        lists = self._lists(name, parent)
        if not lists:
            return True
        key = (name, parent.__name__, parent.id)
        if key not in self._open:
            guard = get_guards()[parent.__name__]
            form = _Form(parent)
            self._open[key] = not all(guard.locked(n, form) for n in lists)
        return self._open[key]

    def _check_lists(self, record, name, parent):
        if self.is_open(name, parent):
            return
        # It can be edited in a list of another line of the same document
        for other in self.guard.members - {name}:
            line = getattr(record, other)
            if self._lists(other, line) and self.is_open(other, line) and any(
                    getattr(line, pointer) == parent
                    for pointer in get_guards()[line.__name__].members):
                return
        names = parent.__names__(self._lists(name, parent)[0], parent)
        raise ReadonlyError(gettext(
                'strict_access.msg_list_readonly',
                line=record.rec_name, **names),
            _way(parent))


def _way(record):
    "Return what to do instead"
    if isinstance(record, Workflow):
        return gettext(
            'strict_access.msg_state_way',
            **record.__names__(record._transition_state, record))
    return gettext('strict_access.msg_line_way')


def _changes(record, names, values):
    """Yield what a form has after a person changed the fields.

    A list can be emptied before it is filled again.
    """
    removed, changes = {}, {}
    for name in names:
        field = record._fields[name]
        value = values[name]
        if field._type in {'one2many', 'many2many'}:
            removed[name], changes[name] = _ids(record, name, value)
        elif field._type == 'reference':
            changes[name] = _reference(value)
        else:
            changes[name] = value
    yield changes
    if removed:
        yield {**changes, **removed}


def _is_computed(record, name, values):
    "Return whether the value is what the form itself computes"
    Model = record.__class__
    form = Model(record.id)
    for changed, value in values.items():
        if (changed in Model._fields
                and changed != name
                and Model._fields[changed]._type not in {
                    'one2many', 'many2many'}):
            setattr(form, changed, value)
    computed = set()

    def compute(name):
        computed.add(name)
        needed = Model._fields[name].on_change_with
        for other in needed:
            if other not in values and other not in computed and (
                    other in Model._fields
                    and Model._fields[other].on_change_with):
                compute(other)
        if needed & (values.keys() | computed) - {name}:
            setattr(form, name, getattr(form, f'on_change_with_{name}')())

    field = Model._fields[name]
    if not field.on_change_with:
        return False
    compute(name)
    return _same(field, getattr(form, name), values[name])


def _ids(record, name, commands):
    "Return the ids in the list after some are removed, and at the end"
    ids = [r.id for r in getattr(record, name) or ()]
    gone, new = set(), []
    for action, *arguments in commands or []:
        if action in {'delete', 'remove'}:
            gone.update(arguments[0])
        elif action == 'add':
            new.extend(arguments[0])
        elif action in {'create', 'copy'}:
            new.extend([-1] * len(arguments[0]))
    left = [i for i in ids if i not in gone]
    return left, left + new


def _differs(record, name, value):
    "Return whether the value that is sent is not what is stored"
    field = record._fields.get(name)
    if field is None or name in _IGNORED:
        return False
    stored = getattr(record, name)
    if field._type in {'one2many', 'many2many'}:
        return _commands_differ(field, stored, value)
    return not _same(field, stored, value)


def _commands_differ(field, stored, commands):
    ids = {r.id for r in stored or ()}
    Target = field.get_target()
    for action, *arguments in commands or []:
        if action == 'write':
            arguments = iter(arguments)
            for records, values in zip(arguments, arguments):
                for record in Target.browse(records):
                    if any(_differs(record, n, v) for n, v in values.items()):
                        return True
        elif action == 'add':
            if set(map(int, arguments[0])) - ids:
                return True
        elif action == 'remove':
            if ids.intersection(map(int, arguments[0])):
                return True
        elif arguments[0]:
            return True
    return False


def _same(field, stored, value):
    "Return whether both are the same value of the field"
    if field._type in {'many2one', 'one2one'}:
        return _id(stored) == _id(value)
    elif field._type == 'reference':
        return _reference(stored) == _reference(value)
    elif field._type in {'one2many', 'many2many'}:
        return (stored or []) == (value or [])
    elif field._type == 'multiselection':
        return set(stored or ()) == set(value or ())
    elif field._type in {'numeric', 'float'}:
        return _number(stored) == _number(value)
    elif field._type in {'datetime', 'timestamp'}:
        return _second(stored) == _second(value)
    elif field._type in {'integer', 'biginteger', 'date', 'time', 'timedelta'}:
        return stored == value
    # A client sends nothing as null, false, or an empty text
    return (stored or None) == (value or None)


def _id(value):
    if value is None or value is False:
        return None
    return int(value)


def _reference(value):
    if isinstance(value, Model):
        return str(value)
    elif isinstance(value, (list, tuple)):
        value = ','.join(map(str, value))
    return value or None


def _instance(field, value):
    "Return the record to which the value of the field points"
    pool = Pool()
    if field._type == 'reference':
        model, _, value = (_reference(value) or '').partition(',')
        if not value.isdecimal():
            return None
        return pool.get(model)(int(value))
    value = _id(value)
    if value is not None:
        return field.get_target()(value)


def _number(value):
    if value is None or isinstance(value, (Decimal, bool)):
        return value
    return Decimal(str(value))


def _second(value):
    if isinstance(value, dt.datetime):
        return value.replace(microsecond=0)
    return value
