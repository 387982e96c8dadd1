# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What ``scripts/check`` looks at.

A check yields levels with texts; the worst make its line. Nothing here
writes. trytond is imported late, when its configuration is known.
"""
import datetime as dt
import json
import re
import shutil
import stat
import time
import xml.etree.ElementTree as ET
from configparser import ConfigParser, Error
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from importlib import metadata
from pathlib import Path
from ssl import cert_time_to_seconds, create_default_context
from urllib.parse import urlsplit

from .webclient import installed

LEVELS = ['ok', 'warning', 'error']
OK, WARNING, ERROR = LEVELS
SECRET = re.compile(r'password|secret|token|api_?key')
GIB = 2 ** 30
DISK_WARNING, DISK_ERROR = 5 * GIB, GIB
CERTIFICATE_DAYS = 21
LOCAL = {'localhost', '127.0.0.1', '::1'}
# What the npm package has and no browser asks for
SOURCES = ['Gruntfile.js', 'src']
# How many of many to name
FEW = 3


class Broken(Exception):
    "Raised with what makes further checks impossible"


class Installation:
    """What is checked.

    :param config_file: path of the configuration of trytond
    :param database: name, None when the server has one only
    :param url: where people reach it or None
    :param authority: path of a certificate or None
    :param www: folder of the web client, None for that of the configuration
    :param minutes: that something may be late
    """

    def __init__(
            self, config_file, database=None, url=None, authority=None,
            www=None, minutes=10):
        self.config_file = Path(config_file)
        self.config = ConfigParser(interpolation=None)
        try:
            with open(config_file, encoding='utf-8') as file:
                self.config.read_file(file)
        except (OSError, UnicodeDecodeError, Error) as error:
            raise Broken(first_line(error)) from error
        self.database = database
        self.url = url
        self.authority = authority
        self.minutes = minutes
        root = self.config.get('web', 'root', fallback=None)
        self.www = www or (Path(root) if root else None)

    @property
    def worker(self):
        return self.config.getboolean('queue', 'worker', fallback=False)

    def before(self, **delta):
        "Return a time ago, in UTC as the times in the database"
        now = dt.datetime.now(dt.timezone.utc).replace(tzinfo=None)
        return now - dt.timedelta(**delta)

    def load(self):
        """Give trytond the configuration and find the database.

        :raises Broken: no or more than one database
        """
        from trytond import config
        config.update_etc(str(self.config_file))
        from trytond import backend
        self.backend = backend.name
        if self.database:
            return
        try:
            names = set(backend.Database().connect().list()) - {':memory:'}
        except Exception as error:
            raise Broken(
                f"the databases can not be listed: {first_line(error)}"
                ) from error
        if len(names) != 1:
            raise Broken("the server has %s: name one with --database" % (
                    ', '.join(sorted(names)) or "no database of Tryton"))
        self.database, = names

    def reach(self):
        """Read from the database.

        :raises Broken: it does not answer or is not one of Tryton
        """
        try:
            self.modules()
        except Exception as error:
            raise Broken(
                f"{self.database} can not be read: {first_line(error)}"
                ) from error

    def rows(self, query):
        """Return the rows of a query in a transaction of its own.

        :param query: of python-sql, or text without parameters
        """
        from trytond.transaction import Transaction
        with Transaction().start(
                self.database, 0, readonly=True) as transaction:
            cursor = transaction.connection.cursor()
            cursor.execute(*((query,) if isinstance(query, str) else query))
            return cursor.fetchall()

    def modules(self):
        "Return the state by name of the modules that are in use"
        from sql import Table
        table = Table('ir_module')
        return dict(self.rows(table.select(
                    table.name, table.state,
                    where=table.state != 'not activated')))


def run(config_file, database=None, **options):
    """Yield level, name and detail of each check.

    :param options: see Installation
    """
    try:
        installation = Installation(config_file, database, **options)
    except Broken as error:
        yield ERROR, 'configuration', str(error)
        return
    yield _line('configuration', check_configuration, installation)
    try:
        installation.load()
    except Broken as error:
        yield ERROR, 'database', str(error)
        return
    try:
        installation.reach()
    except Broken as error:
        yield ERROR, 'database', str(error)
    else:
        for check in [
                check_database, check_versions, check_modules,
                check_updates, check_queue, check_cron, check_errors]:
            yield _line(
                check.__name__.removeprefix('check_'), check, installation)
    yield _line('files', check_files, installation)
    yield _line('disk', check_disk, installation)
    if installation.url:
        yield _line('address', check_address, installation)


def _line(name, check, installation):
    "Return the worst level, the name and the texts of that level or worse"
    try:
        findings = list(check(installation))
    except Exception as error:
        findings = [(ERROR, f"can not be checked: {first_line(error)}")]
    worst = max((level for level, _ in findings), key=LEVELS.index)
    return worst, name, '; '.join(
        text for level, text in findings
        if level != OK or worst == OK)


def first_line(error):
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def few(names):
    "Return the first of the names as text"
    names = [str(name) for name in names]
    text = ', '.join(names[:FEW])
    if len(names) > FEW:
        text += f' and {len(names) - FEW} more'
    return text


def check_configuration(installation):
    "Secrets are not for everybody, the file not for anybody to change"
    config = installation.config
    mode = installation.config_file.stat().st_mode
    secrets = [
        f'[{section}] {option}'
        for section in config.sections() if section != 'password'
        for option, value in config.items(section)
        if SECRET.search(option) or urlsplit(value or '').password]
    if secrets and mode & stat.S_IROTH:
        yield ERROR, (
            f"everybody can read {few(secrets)} in "
            f"{installation.config_file}: chmod o-r")
    if mode & (stat.S_IWOTH | stat.S_IWGRP):
        yield ERROR, (
            f"others than the owner can write {installation.config_file}: "
            "chmod go-w")
    uri = config.get('database', 'uri', fallback='sqlite://')
    if urlsplit(uri).scheme == 'postgresql' and config.getint(
            'cache', 'clean_timeout', fallback=300):
        yield WARNING, (
            "the processes learn of changed rights and settings only after "
            "[cache] clean_timeout: 0 tells them at once")
    yield OK, f"{installation.config_file}, mode {stat.S_IMODE(mode):o}"


def check_database(installation):
    "The database is of this series and survives a power cut"
    from sql import Table

    from trytond import __series__
    table = Table('ir_configuration')
    series = {s for s, in installation.rows(table.select(table.series))}
    if series - {None, __series__}:
        yield ERROR, (
            f"{installation.database} has the series "
            f"{few(sorted(series - {None}))}, trytond {__series__}: "
            "trytond-admin --all")
    if installation.backend == 'postgresql':
        (version, size), = installation.rows(
            "SELECT current_setting('server_version'), "
            'pg_database_size(current_database())')
        if installation.rows('SHOW fsync') != [('on',)]:
            yield ERROR, "fsync is off: a power cut can destroy the data"
        text = f"PostgreSQL {version.split()[0]}"
    else:
        from trytond import config
        path = Path(config.get('database', 'path'))
        size = (path / f'{installation.database}.sqlite').stat().st_size
        text = "SQLite"
    yield OK, f"{installation.database}, {text}, {size / 2 ** 20:.0f} MiB"


def check_versions(installation):
    "trytond, all modules and the web client are of the series of ours"
    from trytond import __version__
    from trytond.modules import get_module_info
    ours = metadata.version('tryton-jxc')
    versions = {'tryton-jxc': ours, 'trytond': __version__}
    modules = set(installation.modules()) - {'ir', 'res'}
    for name in modules:
        try:
            versions[name] = get_module_info(name)['version']
        except FileNotFoundError:
            # That is for check_modules
            pass
    client = installation.www and installed(installation.www)
    if client:
        versions['web client'] = client
    elif installation.www:
        yield WARNING, f"there is no web client in {installation.www}"
    series = '.'.join(ours.split('.')[:2])
    if others := [
            f'{name} {version}' for name, version in sorted(versions.items())
            if version.split('.')[:2] != ours.split('.')[:2]]:
        yield ERROR, f"not of the series {series}: {few(others)}"
    yield OK, "series %s: trytond %s, %s modules%s" % (
        series, __version__, len(modules),
        f", web client {client}" if client else "")


def check_modules(installation):
    "Each activated module is installed, with what it depends on"
    from trytond.modules import get_module_info
    states = installation.modules()
    missing, needed = set(), set()
    for name in states:
        try:
            needed.update(get_module_info(name).get('depends', []))
        except FileNotFoundError:
            missing.add(name)
    if missing:
        yield ERROR, f"activated but not installed: {few(sorted(missing))}"
    if needed := needed - states.keys():
        yield ERROR, (
            f"needed but not activated: {few(sorted(needed))}: "
            "trytond-admin --all --activate-dependencies")
    if pending := sorted(
            name for name, state in states.items() if state != 'activated'):
        yield ERROR, (
            "marked in the database but not carried out: "
            + few(f'{name} ({states[name]})' for name in pending)
            + ": trytond-admin -u " + ' '.join(pending))
    yield OK, f"{len(states)} activated"


def check_updates(installation):
    "The database has the columns and the records of the installed code"
    from sql import Table

    from trytond.modules import get_module_info
    from trytond.pool import Pool
    from trytond.transaction import Transaction
    pool = Pool(installation.database)
    pool.init()
    modules = installation.modules()
    columns = _columns(installation)
    # The fields ask the backend for their types
    with Transaction().start(installation.database, 0, readonly=True):
        missing = sorted(
            f'{Model._table}.{name}' if Model._table in columns
            else Model._table
            for _, Model in pool.iterobject(type='model')
            for name in _stored_fields(Model)
            if name not in columns.get(Model._table, ()))
    data = Table('ir_model_data')
    known = set(installation.rows(data.select(data.module, data.fs_id)))
    missing += sorted(
        f'{module}.{id_}'
        for module in modules
        for id_ in _record_ids(get_module_info(module), modules.keys())
        if (module, id_) not in known)
    if missing:
        yield ERROR, (
            f"the database lacks {few(dict.fromkeys(missing))}, which the "
            "installed modules have: trytond-admin --all")
    yield OK, "the database is that of the installed modules"


def _columns(installation):
    "Return the names of the columns by table"
    if installation.backend == 'postgresql':
        rows = installation.rows(
            'SELECT table_name, column_name FROM information_schema.columns '
            'WHERE table_schema = ANY (current_schemas(false))')
    else:
        rows = installation.rows(
            'SELECT tables.name, columns.name FROM sqlite_master AS tables, '
            'pragma_table_info(tables.name) AS columns')
    columns = {}
    for table, name in rows:
        columns.setdefault(table, set()).add(name)
    return columns


def _stored_fields(Model):
    "Return the names of the fields that have a column"
    from trytond.model import ModelSQL, fields
    if not issubclass(Model, ModelSQL) or callable(Model.table_query):
        return []
    return [
        name for name, field in Model._fields.items()
        if not isinstance(field, fields.Function) and field.sql_type()]


def _record_ids(info, modules):
    """Yield the XML ids of the records that a module makes.

    :param info: of trytond.modules.get_module_info
    :param modules: names of the activated modules
    """
    for name in info.get('xml', []):
        for data in ET.parse(Path(info['directory']) / name).iter('data'):
            depends = {
                d.strip() for d in data.get('depends', '').split(',') if d}
            # What there is for a language depends on those that are loaded
            if depends <= modules and not data.get('language'):
                for record in data:
                    id_ = record.get('id', '')
                    if record.tag in {'record', 'menuitem'} and (
                            '.' not in id_):
                        yield id_


def check_queue(installation):
    "A worker listens, no task waits or was left"
    from sql import Null, Table
    table = Table('ir_queue')
    unfinished = installation.rows(table.select(
            table.data, table.enqueued_at, table.scheduled_at,
            table.dequeued_at, where=table.finished_at == Null))
    late = installation.before(minutes=installation.minutes)
    waiting = [
        data for data, enqueued, scheduled, dequeued in unfinished
        if not dequeued and (scheduled or enqueued) < late]
    left = [
        data for data, _, _, dequeued in unfinished
        if dequeued and dequeued < late]
    if waiting:
        yield ERROR, "waiting for more than %s minutes: %s" % (
            installation.minutes, few(map(_task, waiting)))
    if left:
        yield WARNING, (
            "taken more than %s minutes ago and not finished (failed, "
            "killed or still running): %s" % (
                installation.minutes, few(map(_task, left))))
    if not installation.worker:
        yield OK, "tasks run in the request: [queue] worker is off"
    elif installation.backend != 'postgresql':
        yield ERROR, (
            f"[queue] worker does not work with {installation.backend}")
    else:
        # What the worker's own connection has done last
        (workers,), = installation.rows(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() "
            "AND pid != pg_backend_pid() "
            "AND (query LIKE 'LISTEN \"ir.queue\"%' "
            "OR query LIKE 'WITH %UPDATE \"ir_queue\"%')")
        if not workers:
            yield ERROR, (
                "no worker listens: start trytond-worker (its log says why "
                "it ended)")
        yield OK, f"{workers} listening, {len(unfinished)} tasks under way"


def _task(data):
    data = json.loads(data) if isinstance(data, str) else data
    return f"{data['model']} {data['method']}"


def check_cron(installation):
    "No scheduled action is overdue"
    from sql import Literal, Table
    from sql.conditionals import Coalesce
    table = Table('ir_cron')
    # Without a date it runs at once, from its creation on
    call = Coalesce(table.next_call, table.create_date)
    active = installation.rows(table.select(
            table.method, table.next_call, where=table.active == Literal(True),
            ))
    overdue = [
        method for method, in installation.rows(table.select(
                table.method,
                where=(table.active == Literal(True))
                & (call < installation.before(minutes=installation.minutes)),
                order_by=call))]
    if overdue:
        yield ERROR, (
            f"overdue for more than {installation.minutes} minutes: "
            f"{few(overdue)}: is trytond-cron running?")
    yield OK, f"{len(active)} scheduled actions, none overdue"


def check_errors(installation):
    "No task or scheduled action has failed since yesterday"
    from sql import Table
    table = Table('ir_error')
    messages = [
        first_line(message) for message, in installation.rows(table.select(
                table.message,
                where=(table.state != 'solved')
                & (table.create_date > installation.before(days=1)),
                order_by=table.id.desc))]
    if messages:
        yield WARNING, (
            f"{len(messages)} in the last day: {few(messages)}")
    yield OK, "none in the last day"


def check_files(installation):
    "The data is not for everybody, the web client not for anybody to change"
    paths = []
    if installation.backend == 'sqlite':
        from trytond import config
        paths = sorted(Path(config.get('database', 'path')).glob(
                f'{installation.database}.sqlite*'))
    elif path := installation.config.get('database', 'path', fallback=None):
        paths = [Path(path)] if Path(path).exists() else []
    for path in paths:
        if path.stat().st_mode & stat.S_IRWXO:
            yield ERROR, f"everybody can enter or read {path}: chmod o="
    www = installation.www
    if www and www.exists():
        for path in [www, *www.rglob('*')]:
            if not path.is_symlink() and path.stat().st_mode & stat.S_IWOTH:
                yield ERROR, f"everybody can write {path}: chmod -R o-w {www}"
                break
        if sources := [name for name in SOURCES if (www / name).exists()]:
            yield WARNING, (
                f"{www} publishes more than the web client "
                f"({few(sources)}): make it with scripts/webclient")
    yield OK, few([*paths, *([www] if www else [])]) or "nothing to check"


def check_disk(installation):
    "There is space for the database and for what is temporary"
    paths = [installation.config_file.parent, Path('/tmp')]
    if path := installation.config.get('database', 'path', fallback=None):
        paths.append(Path(path))
    paths.append(Path('/var/lib/postgresql'))
    free = {}
    for path in paths:
        if path.exists():
            free[path.stat().st_dev] = (shutil.disk_usage(path).free, path)
    for space, path in free.values():
        level = (
            ERROR if space < DISK_ERROR
            else WARNING if space < DISK_WARNING else OK)
        yield level, f"{space / GIB:.1f} GiB free at {path}"


def check_address(installation):
    "People reach this server, safely, and the web client can log in"
    from trytond import __series__
    parts = urlsplit(installation.url)
    if parts.scheme not in {'http', 'https'} or not parts.hostname:
        yield ERROR, f"{installation.url!r} is not an address"
        return
    if parts.scheme == 'http' and parts.hostname not in LOCAL:
        yield ERROR, (
            "browsers keep the cookie of the session over HTTPS only: "
            "nobody can log in at " + installation.url)
    try:
        yield from _check_server(installation, parts, __series__)
    except (OSError, HTTPException, ValueError) as error:
        yield ERROR, f"{installation.url}: {first_line(error)}"
    yield OK, installation.url


def _check_server(installation, parts, series):
    if parts.scheme == 'https':
        connection = HTTPSConnection(
            parts.netloc, timeout=30,
            context=create_default_context(cafile=installation.authority))
        connection.connect()
        end = cert_time_to_seconds(connection.sock.getpeercert()['notAfter'])
        days = (end - time.time()) / 24 / 60 / 60
        yield (
            WARNING if days < CERTIFICATE_DAYS else OK,
            f"the certificate ends in {days:.0f} days")
    else:
        connection = HTTPConnection(parts.netloc, timeout=30)

    def request(method, path, body=None):
        headers = {'Origin': f'{parts.scheme}://{parts.netloc}'}
        if body:
            headers['Content-Type'] = 'application/json'
        connection.request(
            method, path, body and json.dumps(body), headers)
        response = connection.getresponse()
        return response.status, response.headers, response.read()

    def call(path, method, *params):
        status, _, content = request(
            'POST', path, {'id': 0, 'method': method, 'params': params})
        if status != 200:
            raise ValueError(f"{method} is answered with HTTP {status}")
        return json.loads(content)

    found = call('/rpc/', 'common.server.version')['result']
    if found != series:
        yield ERROR, f"the server has series {found}, this code {series}"
    # Without a password that is what has to come next
    answer = call(
        f'/{installation.database}/rpc/', 'common.db.login', 'admin', {},
        'en')
    if (answer.get('error') or [None])[0] != 'LoginException':
        yield ERROR, "the server does not ask for the password"
    status, headers, content = request('GET', '/')
    if status != 200 or b'tryton-sao' not in content:
        yield WARNING, "there is no web client"
    if parts.scheme == 'https' and not headers['Strict-Transport-Security']:
        yield WARNING, (
            "Strict-Transport-Security is missing: a first visit by http can "
            "be listened to")
