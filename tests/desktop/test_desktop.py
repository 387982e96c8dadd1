# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""The desktop client on a virtual screen: sales opens a sale."""
import json
import os
import shutil
import subprocess
import tempfile
import unittest
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

from proteus import Model
from proteus import config as proteus_config
from tools.process import bound, stop

from ..tools import PASSWORD, ServerTestCase, folder

LANE = 'jxc'
PACKAGES = (
    "apt install xvfb dbus-x11 python3-venv python3-gi python3-gi-cairo "
    "gir1.2-gtk-3.0 gir1.2-goocanvas-2.0 gir1.2-gtksource-4 "
    "adwaita-icon-theme librsvg2-common")
# The Python for which the distribution packages GTK
PYTHON = '/usr/bin/python3'
LIBRARIES = {'Gtk': '3.0', 'GooCanvas': '2.0'}
REQUIREMENTS = ['tryton >= 8.0, < 8.1', 'GooCalendar']
TIMEOUT = 300


def check_tools():
    "Skip the test when something that it needs is missing"
    missing = [
        p for p in ['Xvfb', 'dbus-run-session', PYTHON]
        if not shutil.which(p)]
    if not missing:
        for name, version in LIBRARIES.items():
            if subprocess.run(
                    [PYTHON, '-c',
                        'import gi, cairo\n'
                        f'gi.require_version({name!r}, {version!r})'],
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                    ).returncode:
                missing.append(f"{name} for Python")
    if missing:
        raise unittest.SkipTest(
            f"{', '.join(missing)} not installed (on Debian: {PACKAGES})")


def make_environment():
    "Return the Python that has the client, installed the first time"
    path = folder() / 'desktop-venv'
    python = path / 'bin' / 'python'
    done = path / 'installed'
    if not done.exists():
        for command in [
                [PYTHON, '-m', 'venv', '--clear', '--system-site-packages',
                    path],
                [python, '-m', 'pip', 'install', '--quiet',
                    '--disable-pip-version-check', *REQUIREMENTS]]:
            subprocess.run(command, check=True)
        done.touch()
    return python


@contextmanager
def virtual_screen():
    "Yield the name of a display of its own"
    reader, writer = os.pipe()
    process = subprocess.Popen(
        ['Xvfb', '-displayfd', str(writer), '-screen', '0', '1440x900x24',
            '-nolisten', 'tcp'],
        pass_fds=[writer], stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
        preexec_fn=bound())
    os.close(writer)
    try:
        with open(reader) as file:
            number = file.readline().strip()
        if not number:
            raise AssertionError("Xvfb does not start")
        yield f':{number}'
    finally:
        stop(process)


def drive(python, script, display, home, *arguments, timeout=TIMEOUT):
    """Run a script in the Python of the client, return what it prints.

    :param script: name of the file beside this one
    :param home: folder for the settings of the client
    """
    log = Path(home) / 'log'
    with open(log, 'wb') as file:
        process = subprocess.Popen(
            ['dbus-run-session', '--', str(python),
                str(Path(__file__).with_name(script)), *arguments],
            env={
                **os.environ, 'DISPLAY': display, 'HOME': home,
                'XDG_CONFIG_HOME': home, 'GDK_BACKEND': 'x11',
                'NO_AT_BRIDGE': '1', 'LANG': 'C.UTF-8'},
            stdin=subprocess.DEVNULL, stdout=file, stderr=file,
            start_new_session=True, preexec_fn=bound())
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            pass
        finally:
            stop(process)
    return log.read_text(errors='replace')


class DesktopTestCase(ServerTestCase):
    "Test the desktop client"

    @classmethod
    def setUpClass(cls):
        check_tools()
        cls.python = make_environment()
        super().setUpClass()
        with cls.session('admin'):
            template = Model.get('product.template')(name="木马")
            template.type = 'goods'
            template.salable = True
            template.list_price = Decimal(25)
            template.save()
            cls.product = template.products[0].id
        with cls.session('keeper') as config:
            warehouse = Model.get('stock.location')(
                config.context['warehouse'])
            inventory = Model.get('stock.inventory')()
            inventory.location = warehouse.storage_location
            line = inventory.lines.new()
            line.product = Model.get('product.product')(cls.product)
            line.quantity = 10
            inventory.click('confirm')
        with cls.session('sales'):
            party = Model.get('party.party')(name="开心玩具店")
            party.save()
            sale = Model.get('sale.sale')(party=party)
            line = sale.lines.new()
            line.product = Model.get('product.product')(cls.product)
            line.quantity = 4
            sale.save()
            cls.sale = sale.id

    @classmethod
    def session(cls, login):
        return proteus_config.set_xmlrpc_session(
            f'{cls.server.url}/{cls.database.name}/rpc/', login, PASSWORD)

    def test_sale(self):
        "Test sales logs in, opens a sale and quotes it"
        screenshots = folder() / 'screenshots'
        screenshots.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory() as home, \
                virtual_screen() as display:
            outcome = Path(home) / 'outcome.json'
            printed = drive(
                self.python, 'drive.py', display, home,
                f'tryton://127.0.0.1:{self.server.port}'
                f'/{self.database.name}',
                'sales', PASSWORD, str(self.sale), str(screenshots),
                str(outcome))
            self.assertTrue(outcome.exists(), msg=printed)
            seen = json.loads(outcome.read_text(encoding='utf-8'))
        self.assertTrue(seen.get('done'), msg=printed)
        self.assertIn("销售", seen['menu'])
        self.assertEqual(seen['model'], 'sale.sale')
        self.assertEqual(seen['view'], 'form')
        self.assertEqual(seen['state'], 'draft')
        self.assertIn("开心玩具店", seen['party'])
        self.assertEqual(seen['total_amount'], '113.00')
        with self.session('sales'):
            sale = Model.get('sale.sale')(self.sale)
            self.assertEqual(sale.state, 'quotation')
            self.assertEqual(sale.number, seen['number'])
