# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Sessions of a person on a running server, over each protocol."""
import base64
import datetime as dt
import json
import urllib.error
import urllib.request
import xmlrpc.client
from decimal import Decimal

from tools.jsonrpc import Client, RemoteError


class Refused(Exception):
    "Raised by the sessions when the server refuses"


class XMLRPC:
    "A session over XML-RPC with nothing but the standard library"

    def __init__(self, server, login, password):
        url = f'{server.url}/{server.database.name}/rpc/'
        options = {'allow_none': True, 'use_builtin_types': True}
        with xmlrpc.client.ServerProxy(url, **options) as proxy:
            try:
                user, token, _ = proxy.common.db.login(
                    login, {'password': password}, 'en')
            except (xmlrpc.client.Fault, xmlrpc.client.ProtocolError) as error:
                raise Refused(str(error)) from error
        session = base64.b64encode(f'{login}:{user}:{token}'.encode())
        self._proxy = xmlrpc.client.ServerProxy(
            url, headers=[('Authorization', f'Session {session.decode()}')],
            **options)
        self._context = {}
        self._context = self.call('res.user', 'get_preferences', True)

    def call(self, model, method, *arguments):
        function = getattr(self._proxy, f'model.{model}.{method}')
        try:
            return function(*arguments, self._context)
        except (xmlrpc.client.Fault, xmlrpc.client.ProtocolError) as error:
            raise Refused(str(error)) from error

    def close(self):
        self._proxy('close')()

    def create(self, model, values):
        id_, = self.call(model, 'create', [values])
        return id_

    def read(self, model, id_, *names):
        values, = self.call(model, 'read', [id_], list(names))
        return values

    def search(self, model, domain):
        return self.call(model, 'search', domain)

    def click(self, model, id_, button):
        self.call(model, button, [id_])

    def delete(self, model, id_):
        self.call(model, 'delete', [id_])


class JSONRPC(XMLRPC):
    "A session over JSON-RPC"

    def __init__(self, server, login, password):
        self._client = Client(server.url, server.database.name)
        try:
            self._client.login(login, password)
        except RemoteError as error:
            raise Refused(str(error)) from error

    def call(self, model, method, *arguments):
        try:
            return self._client.call(
                f'model.{model}.{method}', *arguments, self._client.context)
        except RemoteError as error:
            raise Refused(str(error)) from error

    def close(self):
        self._client.close()


class REST:
    "A user application that uses REST"

    def __init__(self, server, login, key, company=None):
        self._url = f'{server.url}/{server.database.name}/rest/model/'
        self._headers = {
            'Authorization': f'Bearer {key}',
            'Content-Type': 'application/json',
            # Which of the user's companies is not known from the key
            'X-Tryton-Context': self._encode({'company': company}),
            }
        self.search('party.party', [])

    @staticmethod
    def _encode(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()

    def _request(self, method, path, values=None):
        def encode(value):
            if isinstance(value, Decimal):
                return {'__class__': 'Decimal', 'decimal': str(value)}
            if isinstance(value, dt.date):
                return {
                    '__class__': 'date', 'year': value.year,
                    'month': value.month, 'day': value.day}
            raise TypeError(value)
        data = None
        if values is not None:
            data = json.dumps(values, default=encode).encode()
        request = urllib.request.Request(
            self._url + path, data, self._headers, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=60) as response:
                return json.loads(response.read() or 'null')
        except urllib.error.HTTPError as error:
            with error:
                text = error.read().decode()
            raise Refused(f'{error.code} {text}') from error

    def close(self):
        "There is no session to close"

    def create(self, model, values):
        return self._request('POST', model, values)['id']

    def read(self, model, id_, *names):
        fields = '&'.join(f'f={n}' for n in names)
        return self._request('GET', f'{model}/{id_}?{fields}')

    def search(self, model, domain):
        return [r['id'] for r in self._request(
                'GET', f'{model}?s=100&d={self._encode(domain)}')]

    def click(self, model, id_, button):
        self._request('POST', f'{model}/{id_}/{button}', {})

    def delete(self, model, id_):
        self._request('DELETE', f'{model}/{id_}')
