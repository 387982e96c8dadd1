# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Make the database of the demo, all of it or nothing."""
import datetime as dt
import hashlib
import json
import multiprocessing
import shutil
import sqlite3
import sys
import tempfile
import traceback
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg
from tqdm import tqdm

from .accounts import (
    create_accounts, digest, new_passwords, read_accounts, set_passwords,
    write_accounts)
from .company import connect, setup_company
from .database import closure
from .environment import ROOT, say
from .process import bound

EDITIONS = {'jxc': 'jxc', 'erp': 'jxc_erp'}
LANGUAGES = ['zh_CN', 'en']
COMPANIES = {
    'zh_CN': {
        'name': "示范玩具有限公司",
        'currency': 'CNY',
        'timezone': 'Asia/Shanghai',
        'tax_rate': 13,
        'warehouses': [("总仓", 'WH', True), ("门店仓", 'SHOP', False)],
        },
    'en': {
        'name': "Demo Toys Ltd.",
        'currency': 'USD',
        'timezone': 'America/New_York',
        'tax_rate': 10,
        'warehouses': [
            ("Main Warehouse", 'WH', True), ("Shop", 'SHOP', False)],
        },
    }
# No server listens on the discard port: a demo sends no mail to anyone
CONFIGURATION = {'email': {'uri': 'smtp://127.0.0.1:9'}}
NOTE = 'jxc_demo'


# The thread that watches the bars would not survive a fork
tqdm.monitor_interval = 0


class PreparationError(Exception):
    "Raised with the reason why the demo can not be made"


class Choice(NamedTuple):
    "What the demo is made of"
    edition: str
    language: str
    empty: bool


class Progress:
    """Show how far a work is, as a bar or, without terminal, line by line.

    :param title: what the work is
    """

    def __init__(self, title):
        self.title = title
        self._shown = None

    def __enter__(self):
        self._bar = tqdm(
            desc=self.title, file=sys.stdout,
            disable=not sys.stdout.isatty(),
            ncols=shutil.get_terminal_size().columns,
            bar_format='{desc}: {percentage:3.0f} %|{bar}| {elapsed}')
        return self

    def __exit__(self, *exception):
        self._bar.close()

    def __call__(self, label, done, total):
        """Show the progress.

        :param label: what the work has come to, or None
        :param done: how much is done
        :param total: of how much
        """
        text = ': '.join(filter(None, [self.title, label]))
        self._bar.total = total
        self._bar.n = done
        self._bar.set_description_str(text)
        percent = 100 * done // max(total, 1)
        if self._bar.disable and percent // 10 != self._shown:
            say(f"{text}: {percent} %")
            self._shown = percent // 10


def prepare(database, accounts_file, choice, reset=False):
    """Make the database unless it is there, and its accounts.

    :param database: tools.database.Database
    :param accounts_file: path of the file that keeps the passwords
    :param choice: what to make it of, None for what does not matter
    :param reset: make it anew
    :return: its accounts
    :raises PreparationError: it is there but made otherwise, or can not be
        made
    """
    exists = database.exists()
    note = read_note(database) if exists else None
    if reset or not exists:
        if exists and not note and not database.path:
            raise PreparationError(
                f"The database {database.name!r} was not made by this "
                "script, which does not remove it: name another one.")
        choice = Choice(
            choice.edition or 'erp', choice.language or 'zh_CN',
            bool(choice.empty))
        return _make(database, accounts_file, choice)
    if not note:
        raise PreparationError(
            f"The database {database.name!r} was not made by this script: "
            + ("add --reset to make it anew."
                if database.path else "name another one."))
    made = Choice(*(note[field] for field in Choice._fields))
    for asked, is_ in zip(choice, made):
        if asked is not None and asked != is_:
            raise PreparationError(
                f"The database {database.name!r} is there already, made as "
                f"{describe(made)}: add --reset to make it anew.")
    _update(database, note)
    return _find_accounts(database, accounts_file, note)


def describe(choice):
    "Return the options that make the same"
    return ' '.join([
            f'--edition {choice.edition}', f'--language {choice.language}',
            *(['--empty'] if choice.empty else [])])


def _make(database, accounts_file, choice):
    passwords = new_passwords()
    module = EDITIONS[choice.edition]
    fingerprints = _fingerprints(module)
    with database.replaced() as draft:
        with Progress("Activating modules") as progress:
            draft.activate(
                [module], languages=['zh_CN'], password=passwords['admin'],
                progress=lambda done, total: progress(None, done, total))
        accounts = _apart(_fill, draft, choice, passwords)
        write_note(draft, {
                **choice._asdict(),
                'modules': fingerprints,
                'accounts': digest(accounts),
                })
    write_accounts(accounts_file, accounts)
    return accounts


def _fill(database, choice, passwords):
    "Set up the company and its documents, return the accounts"
    today = dt.date.today()
    with _connected(database) as config:
        say("Setting up the company and its accounts")
        setup_company(
            config, language=choice.language,
            fiscalyears=(
                dt.date(today.year - 1, 1, 1),
                dt.date(today.year + 1, 12, 31)),
            # The documents of the demo come with rules of their own
            alert_rules=choice.empty,
            **COMPANIES[choice.language])
        accounts = create_accounts(config, passwords)
        if not choice.empty:
            from .demo_data import fill
            with Progress("Making documents") as progress:
                fill(
                    config, choice.edition, choice.language, today, progress)
    return accounts


def _update(database, note):
    "Bring the database up to the present code of the modules"
    module = EDITIONS[note['edition']]
    fingerprints = _fingerprints(module)
    changed = [
        name for name, fingerprint in fingerprints.items()
        if note['modules'].get(name) != fingerprint]
    if changed:
        with Progress("Updating modules") as progress:
            database.update(
                changed,
                progress=lambda done, total: progress(None, done, total))
        write_note(database, {**note, 'modules': fingerprints})


def _fingerprints(module):
    "Return the digest of each module of this repository that is activated"
    fingerprints = {}
    for name in sorted(closure([module])):
        folder = ROOT / 'modules' / name
        if not folder.exists():
            continue
        value = hashlib.sha256()
        for path in sorted(folder.rglob('*')):
            if path.suffix in {'.cfg', '.po', '.py', '.xml'}:
                value.update(str(path.relative_to(folder)).encode())
                value.update(path.read_bytes())
        fingerprints[name] = value.hexdigest()
    return fingerprints


def _find_accounts(database, accounts_file, note):
    "Return the accounts, with other passwords when theirs are not known"
    accounts = read_accounts(accounts_file)
    if accounts and digest(accounts) == note['accounts']:
        accounts_file.chmod(0o600)
        return accounts
    say("The passwords of this database are not known: setting others")
    accounts = _apart(_renew, database, new_passwords())
    write_accounts(accounts_file, accounts)
    write_note(database, {**note, 'accounts': digest(accounts)})
    return accounts


def _renew(database, passwords):
    with _connected(database) as config:
        return set_passwords(config, passwords)


@contextmanager
def _connected(database):
    "Yield a configuration of proteus for the database"
    with tempfile.TemporaryDirectory() as folder:
        yield connect(database, database.write_config(
                Path(folder) / 'trytond.conf', **CONFIGURATION))


def _apart(function, *arguments):
    """Call the function in a process of its own.

    What it connected to the database and loaded is gone afterwards.

    :return: what the function returns
    :raises PreparationError: it failed, its error is printed
    """
    context = multiprocessing.get_context('fork')
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(
        target=_run, args=(bound(), sender, function, arguments))
    process.start()
    sender.close()
    try:
        result = receiver.recv()
        process.join()
        return result
    except EOFError:
        process.join()
        raise PreparationError(
            "The company could not be set up: see the error above.") from None
    except BaseException:
        process.kill()
        process.join()
        raise


def _run(bind, sender, function, arguments):
    bind()
    try:
        sender.send(function(*arguments))
    except Exception:
        traceback.print_exc()


def read_note(database):
    """Return what the database says about its making, None when nothing.

    :param database: tools.database.Database that exists
    """
    with closing(database.connection()) as connection:
        try:
            row = connection.execute(f'SELECT note FROM {NOTE}').fetchone()
        except (sqlite3.DatabaseError, psycopg.errors.UndefinedTable):
            return None
    return json.loads(row[0]) if row else None


def write_note(database, note):
    "Write in the database what tells how it was made"
    text = json.dumps(note, sort_keys=True).replace("'", "''")
    with closing(database.connection()) as connection:
        connection.execute(
            f'CREATE TABLE IF NOT EXISTS {NOTE} (note TEXT NOT NULL)')
        connection.execute(f'DELETE FROM {NOTE}')
        connection.execute(f"INSERT INTO {NOTE} VALUES ('{text}')")
        connection.commit()
