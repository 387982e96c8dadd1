# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Edit documents in Tryton's desktop client and tell what it sends.

It runs in the Python of the client, with nothing of this project.
"""
import json
import sys
import traceback

import drive  # first: it selects the versions of gi
from tryton import common, gui
from tryton.common.common import Login
from tryton.gui.window.view_form.screen.screen import Screen

EDITABLE = {
    'char', 'text', 'integer', 'biginteger', 'float', 'numeric', 'date',
    'datetime', 'time', 'timedelta', 'boolean', 'selection', 'many2one',
    'reference', 'multiselection'}
messages = []


def answer_dialogs(password):
    "Give the password when asked, keep any message"
    Login.get_password = classmethod(lambda cls, message, name: password)

    def tell(dialog, *args, **kwargs):
        messages.append(' '.join(map(str, args)))
        return 'ok'
    for name in [
            'MessageDialog', 'WarningDialog', 'UserWarningDialog',
            'ConfirmationDialog', 'SurDialog', 'Sur3BDialog', 'ErrorDialog',
            'ConcurrencyDialog']:
        getattr(common.common, name).__call__ = tell


def is_readonly(record, name):
    field = record.group.fields[name]
    field.state_set(record, states=('readonly', 'invisible'))
    return bool(field.get_state_attrs(record).get('readonly'))


def edit(record):
    "Change each field that the form lets change"
    for name, field in list(record.group.fields.items()):
        record[name]
        if (field.attrs['type'] in EDITABLE
                and not field.attrs.get('readonly')
                and not is_readonly(record, name)
                and not field.get_state_attrs(record).get('invisible')
                and name != record.parent_name):
            record.modified_fields.setdefault(name)
            field.sig_changed(record)


def edit_document(model, id_):
    "Edit the fields and the lines, and save"
    messages.clear()
    screen = Screen(model, mode=['form'])
    screen.load([id_])
    screen.current_record = record = screen.group.get(id_)
    screen.display()
    edit(record)
    for name, field in list(record.group.fields.items()):
        if (field.attrs['type'] != 'one2many'
                or field.attrs.get('readonly')
                or is_readonly(record, name)):
            continue
        group = field.get_client(record)
        if group:
            edit(group[0])
            if group[0].modified_fields:
                field.sig_changed(record)
                record.modified_fields.setdefault(name)
    sent = record.get() if record.modified else {}
    set_ = [name for name in sent if is_readonly(record, name)]
    # Messages of the changes are about the changes
    messages.clear()
    saved = record.save()
    result = {
        'sent': list(sent), 'set': set_, 'saved': bool(saved),
        'messages': messages.copy()}
    screen.destroy()
    return result


def copy_document(model, id_):
    messages.clear()
    screen = Screen(model, mode=['form'])
    screen.load([id_])
    screen.current_record = screen.group.get(id_)
    screen.copy()
    result = {'messages': messages.copy()}
    screen.destroy()
    return result


def walk(samples, seen):
    "Go through the samples, one at each step"
    main = gui.Main()
    yield from drive.wait(lambda: main.menu_screen, "The menu")
    for model, state, id_ in samples:
        try:
            edited = edit_document(model, id_)
            copied = copy_document(model, id_)
        except Exception:
            seen.append({
                    'model': model, 'state': state,
                    'failure': traceback.format_exc()})
        else:
            seen.append({
                    'model': model, 'state': state, **edited,
                    'copy': copied['messages']})
        yield


def main():
    url, user, password, folder, samples, outcome = sys.argv[1:]
    answer_dialogs(password)
    seen = []
    with open(samples) as file:
        steps = walk(json.load(file), seen)
    done = drive.run(steps, url, user, folder)
    with open(outcome, 'w') as file:
        json.dump({'done': done, 'seen': seen}, file)


if __name__ == '__main__':
    main()
