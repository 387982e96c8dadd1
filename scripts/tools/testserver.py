# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""The PostgreSQL server on which the tests run."""
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from .postgresql import cluster

# What the tests create: trytond's cache of activated databases and the rest
OURS = '^test(-[0-9a-f]{40}$|_jxc_)'


class ServerRefuses(Exception):
    "Raised with the reason why the given server can not be used"


@contextmanager
def private():
    "Yield the URI of a cluster that is gone with the context"
    with cluster() as uri:
        yield uri('')


@contextmanager
def given(uri):
    """Yield the URI of the server, without what tests leave before and after.

    :param uri: ``postgresql://[user[:password]@][host][:port]``
    :raises ServerRefuses: one can not connect or not create databases
    """
    uri = urlunsplit(urlsplit(uri)._replace(path='/'))
    _clear(uri)
    try:
        yield uri
    finally:
        _clear(uri)


def _clear(uri):
    template = urlunsplit(urlsplit(uri)._replace(path='/template1'))
    try:
        with psycopg.connect(
                template, autocommit=True, connect_timeout=10) as connection:
            allowed, = connection.execute(
                'SELECT rolcreatedb OR rolsuper FROM pg_roles '
                'WHERE rolname = current_user').fetchone()
            if not allowed:
                raise ServerRefuses(
                    "The role of the PostgreSQL URI may not create "
                    "databases: ALTER ROLE … CREATEDB")
            for name, in connection.execute(
                    'SELECT datname FROM pg_database WHERE datname ~ %s',
                    [OURS]).fetchall():
                connection.execute(
                    sql.SQL('DROP DATABASE IF EXISTS {} WITH (FORCE)').format(
                        sql.Identifier(name)))
    except psycopg.OperationalError as error:
        raise ServerRefuses(
            "PostgreSQL can not be reached: "
            + str(error).strip().splitlines()[0]) from error
