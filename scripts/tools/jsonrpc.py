# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""A person's session on a running server, over JSON-RPC."""
import base64
import datetime as dt
import gzip
import json
import time
from decimal import Decimal
from http import HTTPStatus
from http.client import HTTPConnection, HTTPSConnection
from urllib.parse import urlsplit

# Of a request, as the clients make
ATTEMPTS = 5


class RemoteError(Exception):
    "Raised when the server refuses a request, with what it answers"


def _encode(value):
    if isinstance(value, Decimal):
        return {'__class__': 'Decimal', 'decimal': str(value)}
    if isinstance(value, dt.date):
        return {
            '__class__': 'date', 'year': value.year, 'month': value.month,
            'day': value.day}
    raise TypeError(f"{value!r} can not be sent")


def _decode(value):
    if value.get('__class__') == 'Decimal':
        return Decimal(value['decimal'])
    return value


class Client:
    """A connection that stays open, as the one of a browser.

    :param url: ``http[s]://host[:port]``
    :param database: name
    :param ssl_context: ssl.SSLContext, for another authority than the
        system's
    :param timeout: seconds to wait for an answer
    """

    def __init__(self, url, database, ssl_context=None, timeout=60):
        parts = urlsplit(url)
        if parts.scheme == 'https':
            self._connection = HTTPSConnection(
                parts.netloc, timeout=timeout, context=ssl_context)
        else:
            self._connection = HTTPConnection(parts.netloc, timeout=timeout)
        self._path = f'/{database}/rpc/'
        self._headers = {
            'Content-Type': 'application/json',
            'Accept-Encoding': 'gzip',
            }
        self.user = None
        self.context = {}

    def login(self, user, password):
        """Open a session; requests have the user's preferences from now on.

        :raises RemoteError: wrong password
        """
        self.user, token, *_ = self.call(
            'common.db.login', user, {'password': password}, 'en')
        session = base64.b64encode(f'{user}:{self.user}:{token}'.encode())
        self._headers['Authorization'] = f'Session {session.decode()}'
        self.context = self.call(
            'model.res.user.get_preferences', True, {})

    def call(self, method, *params, path=None):
        """Make one request.

        :param method: as ``model.sale.sale.read``
        :param path: of the request, when not that of the database
        :return: the result
        :raises RemoteError: the server refused
        """
        body = json.dumps(
            {'id': 0, 'method': method, 'params': params}, default=_encode)
        for attempt in range(1, ATTEMPTS + 1):
            self._connection.request(
                'POST', path or self._path, body.encode(), self._headers)
            response = self._connection.getresponse()
            content = response.read()
            if response.status != HTTPStatus.SERVICE_UNAVAILABLE or (
                    attempt == ATTEMPTS):
                break
            # Somebody else does the same at the moment
            time.sleep(float(response.headers['Retry-After'] or attempt))
        if response.status != 200:
            raise RemoteError(
                f"{method}: HTTP {response.status} {response.reason}")
        if response.headers['Content-Encoding'] == 'gzip':
            content = gzip.decompress(content)
        answer = json.loads(content, object_hook=_decode)
        if answer.get('error'):
            raise RemoteError("%s: %s" % (
                    method, ' '.join(str(e) for e in answer['error'] if e)))
        return answer['result']

    def close(self):
        self._connection.close()
