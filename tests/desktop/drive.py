# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Use Tryton's desktop client from within its process.

It runs in the Python of the client, with nothing of this project.
"""
import json
import os
import sys
import time
import traceback

import tryton.client as client  # first: it selects the versions of gi
from gi.repository import Gdk, GLib, Gtk
from tryton import common, gui
from tryton.common.common import Login

# Seconds until what the client shows must be there
PATIENCE = 60


class Failure(Exception):
    "Raised when the client does not do what it should"


def answer_dialogs(password):
    """Give the password when asked, turn any message into a failure.

    A dialog would wait for ever.
    """
    Login.get_password = classmethod(lambda cls, message, name: password)

    def fail(dialog, *args, **kwargs):
        raise Failure(f"The client says: {args}")
    for name in [
            'MessageDialog', 'WarningDialog', 'UserWarningDialog',
            'ConfirmationDialog', 'SurDialog', 'Sur3BDialog', 'ErrorDialog']:
        getattr(common.common, name).__call__ = fail


def screenshot(path):
    while Gtk.events_pending():
        Gtk.main_iteration_do(False)
    window = gui.Main().window.get_window()
    Gdk.pixbuf_get_from_window(
        window, 0, 0, window.get_width(), window.get_height()
        ).savev(path, 'png', [], [])


def wait(condition, what):
    "Yield until the condition holds"
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise Failure(f"{what} does not appear")
        yield


def open_sale(url, sale, folder, seen):
    """Open the form of a sale, press its button to quote it.

    :param url: of the database
    :param sale: id
    :param folder: for the screenshots
    :param seen: dictionary to fill with what the client shows
    """
    main = gui.Main()
    yield from wait(lambda: main.menu_screen, "The menu")
    seen['menu'] = [r.rec_name() for r in main.menu_screen.group]
    main.open_url(f'{url}/model/sale.sale/{sale}')
    yield from wait(
        lambda: main.get_page() and main.get_page().screen.current_record,
        "The sale")
    screen = main.get_page().screen
    yield from wait(lambda: screen.current_view, "The form")
    screenshot(os.path.join(folder, 'desktop-sale.png'))
    record = screen.current_record
    seen['model'] = record.model_name
    seen['view'] = screen.current_view.view_type
    for name in ['state', 'party', 'total_amount']:
        seen[name] = str(record[name].get_client(record))
    button, = [
        widget for widget in screen.current_view.state_widgets
        if getattr(widget, 'attrs', {}).get('name') == 'quote']
    button.clicked()
    yield from wait(
        lambda: record['state'].get_client(record) == 'quotation',
        "The quotation")
    seen['number'] = record['number'].get_client(record)
    screenshot(os.path.join(folder, 'desktop-quotation.png'))


def run(steps, url, user, folder):
    """Run the client until it went through the steps.

    :param steps: generator
    :return: whether it came to their end
    """
    # The client reads the arguments as its own
    sys.argv = ['tryton', '--no-thread', '-u', user, url]
    done = []

    def step():
        try:
            next(steps)
        except StopIteration:
            done.append(True)
        except Exception:
            traceback.print_exc()
            screenshot(os.path.join(folder, 'desktop-failure.png'))
        else:
            return True
        gui.Main().quit()
        return False

    activate = gui.Main.do_activate

    def do_activate(self):
        first = not self.window
        activate(self)
        if first:
            GLib.timeout_add(200, step)
    gui.Main.do_activate = do_activate
    client.main()
    return bool(done)


def main():
    url, user, password, sale, folder, outcome = sys.argv[1:]
    answer_dialogs(password)
    seen = {}
    seen['done'] = run(open_sale(url, sale, folder, seen), url, user, folder)
    with open(outcome, 'w') as file:
        json.dump(seen, file)


if __name__ == '__main__':
    main()
