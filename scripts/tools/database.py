# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Make databases, complete or not at all."""
import os
import re
import subprocess
import sys
import tempfile
from configparser import ConfigParser
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from .environment import BIN
from .process import bound

# Activating all modules at once runs catalogue queries for which the planner
# has no statistics yet: without these it takes three times as long.
SETUP_OPTIONS = '-c jit=off -c enable_nestloop=off'


class Database:
    """A database named by its URI.

    :param uri: ``sqlite:///absolute/path/name.sqlite`` or
        ``postgresql://[user[:password]@][host][:port]/name[?host=socket]``
    """

    def __init__(self, uri):
        parts = urlsplit(uri)
        self.uri = uri
        self.backend = parts.scheme
        if self.backend == 'sqlite':
            # Others write four slashes before an absolute path
            path = Path('/' + parts.path.lstrip('/'))
            if path.suffix != '.sqlite' or not path.is_absolute():
                raise ValueError(
                    f"{uri!r} does not name an SQLite file: it must look "
                    "like sqlite:///absolute/path/name.sqlite")
            self.path = path
            self.name = path.stem
        elif self.backend == 'postgresql':
            self.path = None
            self.name = parts.path.strip('/')
            if not self.name:
                raise ValueError(f"{uri!r} does not name a database.")
        else:
            raise ValueError(
                f"{uri!r} is neither an sqlite: nor a postgresql: URI.")

    @property
    def server_uri(self):
        "The URI for the configuration file of trytond, without the name"
        if self.backend == 'sqlite':
            return 'sqlite://'
        parts = urlsplit(self.uri)
        return urlunsplit(parts._replace(path='/'))

    def write_config(self, path, **sections):
        """Write a configuration file of trytond for this database.

        :param path: where to write it
        :param sections: options by section
        :return: the path
        """
        config = ConfigParser(interpolation=None)
        config['database'] = {'uri': self.server_uri}
        if self.path:
            config['database']['path'] = str(self.path.parent)
        for section, options in sections.items():
            if section not in config:
                config[section] = {}
            config[section].update(options)
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, 'w') as file:
            config.write(file)
        return path

    def _connect(self, name):
        import psycopg
        parts = urlsplit(self.uri)
        return psycopg.connect(
            urlunsplit(parts._replace(path=f'/{name}')), autocommit=True)

    def connection(self):
        "Return a connection of the driver to the database"
        if self.backend == 'sqlite':
            import sqlite3
            return sqlite3.connect(self.path)
        import psycopg
        return psycopg.connect(self.uri)

    def exists(self):
        if self.backend == 'sqlite':
            return self.path.exists()
        with self._connect('template1') as connection:
            return bool(connection.execute(
                    'SELECT 1 FROM pg_database WHERE datname = %s',
                    [self.name]).fetchone())

    def drop(self):
        "Remove the database if it exists"
        if self.backend == 'sqlite':
            for suffix in ['', '-wal', '-shm', '-journal']:
                Path(f'{self.path}{suffix}').unlink(missing_ok=True)
            return
        from psycopg import sql
        with self._connect('template1') as connection:
            connection.execute(
                sql.SQL('DROP DATABASE IF EXISTS {} WITH (FORCE)').format(
                    sql.Identifier(self.name)))

    def _create(self):
        if self.backend == 'sqlite':
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.touch(mode=0o600)
            return
        from psycopg import sql
        with self._connect('template1') as connection:
            connection.execute(
                sql.SQL('CREATE DATABASE {} TEMPLATE template0').format(
                    sql.Identifier(self.name)))

    def sibling(self, name):
        "Return the database of another name on the same server"
        if self.backend == 'sqlite':
            return Database(f'sqlite://{self.path.with_name(name)}.sqlite')
        parts = urlsplit(self.uri)
        return Database(urlunsplit(parts._replace(path=f'/{name}')))

    def rename(self, other):
        "Give the database the name of the other, which must not exist"
        if self.backend == 'sqlite':
            import sqlite3

            # Fold the write-ahead log into the file before it moves
            with sqlite3.connect(self.path) as connection:
                connection.execute('PRAGMA wal_checkpoint(TRUNCATE)')
            connection.close()
            for suffix in ['-wal', '-shm', '-journal']:
                Path(f'{self.path}{suffix}').unlink(missing_ok=True)
            self.path.rename(other.path)
            return
        from psycopg import sql
        with self._connect('template1') as connection:
            connection.execute(
                sql.SQL('ALTER DATABASE {} RENAME TO {}').format(
                    sql.Identifier(self.name), sql.Identifier(other.name)))

    def copy(self, other):
        "Copy to the other, which must not exist; nobody may be connected"
        if self.backend == 'sqlite':
            import sqlite3
            source = sqlite3.connect(self.path)
            target = sqlite3.connect(other.path)
            source.backup(target)
            target.close()
            source.close()
            return
        from psycopg import sql
        with self._connect('template1') as connection:
            connection.execute(
                sql.SQL(
                    'CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy'
                    ).format(
                    sql.Identifier(other.name), sql.Identifier(self.name)))

    def activate(
            self, modules, languages=(), password=None, progress=None):
        """Make the database and activate the modules in it.

        :param modules: names of the modules, their dependencies come along
        :param languages: codes of the languages to load beside English
        :param password: of the user admin, at least 8 characters
        :param progress: called with the number of modules done and of all
        :raises subprocess.CalledProcessError: trytond-admin failed, its
            output is on the standard error
        """
        self._create()
        options = ['--email', 'admin@localhost']
        for language in languages:
            options += ['-l', language]
        self._administrate(modules, options, password, progress)

    def update(self, modules, progress=None):
        """Bring the modules in the database up to their present code.

        :param modules: names of the modules, those that depend on them and
            new dependencies come along
        :param progress: as for activate
        :raises subprocess.CalledProcessError: as for activate
        """
        self._administrate(modules, progress=progress)

    def _administrate(
            self, modules, options=(), password=None, progress=None):
        with tempfile.TemporaryDirectory() as directory:
            config = self.write_config(Path(directory) / 'trytond.conf')
            environ = dict(os.environ)
            environ['PGOPTIONS'] = SETUP_OPTIONS
            if password:
                passfile = Path(directory) / 'password'
                passfile.touch(mode=0o600)
                passfile.write_text(password)
                environ['TRYTONPASSFILE'] = str(passfile)
            command = [
                str(BIN / 'trytond-admin'), '-vv', '-c', str(config),
                '-d', self.name, *options, '--activate-dependencies',
                '-u', *modules]
            _follow(command, environ, modules, progress)

    @contextmanager
    def replaced(self):
        """Fill a database that takes this one's place when it is complete.

        Yields the sibling to fill. Interrupted at any moment, this database
        is what it was before and the next time begins anew.
        """
        draft = self.sibling(f'{self.name}__unfinished')
        draft.drop()
        yield draft
        self.drop()
        draft.rename(self)


def _follow(command, environ, modules, progress):
    """Run trytond-admin and tell the progress that its log shows.

    :raises subprocess.CalledProcessError: it failed, what it said is on the
        standard error
    """
    total = len(closure(modules)) if progress else 0
    done, output = 0, []
    process = subprocess.Popen(
        command, env=environ, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors='replace', preexec_fn=bound())
    try:
        for line in process.stdout:
            if re.search(r' INFO trytond\.modules \w+ load$', line):
                done += 1
                if progress:
                    progress(min(done, total), total)
            elif ' INFO ' not in line:
                output.append(line)
        process.wait()
    except BaseException:
        process.kill()
        process.wait()
        raise
    if process.returncode:
        sys.stderr.writelines(output)
        raise subprocess.CalledProcessError(process.returncode, command)


def closure(modules):
    "Return the names of the modules with all that they depend on"
    from trytond.modules import get_module_info
    found, todo = set(), {'ir', 'res', *modules}
    while todo:
        name = todo.pop()
        found.add(name)
        todo.update(get_module_info(name).get('depends', []))
        todo -= found
    return found
