# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Posting to an endpoint that nobody has to trust.

Only public addresses are reached, redirections are not followed, the answer
is cut, nothing lasts longer than the deadline, and no URL gets into a log.
"""
import ipaddress
import logging
import socket
import threading
from collections import namedtuple
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from trytond import config

from .exceptions import TransportError

__all__ = ['DEADLINE', 'Response', 'is_private', 'post']

CONNECT_TIMEOUT = 5
READ_TIMEOUT = 10
# Of the whole, in seconds
DEADLINE = 30
# Of the answer, in bytes
MAX_SIZE = 2 ** 16

Response = namedtuple('Response', ['status', 'text', 'retry_after'])

_local = threading.local()


class _Unlogged(logging.Filter):
    "Drop what the library logs of a request of ours: it quotes the URL"

    def filter(self, record):
        return getattr(_local, 'deadline', None) is None


logging.getLogger('urllib3.connectionpool').addFilter(_Unlogged())


def _allowed_hosts():
    hosts = config.get('notification_webhook', 'private_hosts', default='')
    return {h.strip().lower() for h in hosts.split(',') if h.strip()}


def is_private(host, address=None):
    """Return if the host may not be reached.

    :param host: of the URL
    :param address: the IP address that was found for it
    """
    if host.strip('[]').lower() in _allowed_hosts():
        return False
    try:
        address = ipaddress.ip_address(
            (address or host.strip('[]')).partition('%')[0])
    except ValueError:
        return False
    address = getattr(address, 'ipv4_mapped', None) or address
    return not address.is_global


class _Deadline:
    """Cut the connections of a request when its time is over.

    The timeout is that of one read: an endpoint that answers a byte at a time
    would last for ever.
    """

    def __init__(self, seconds):
        self.over = False
        self._sockets = []
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self._timer.start()

    def watch(self, sock):
        # A duplicate shuts down the connection even if the socket is wrapped
        # for TLS or belongs to the response
        self._sockets.append(sock.dup())

    def _cut(self):
        self.over = True
        for sock in self._sockets:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self._timer.cancel()
        for sock in self._sockets:
            sock.close()


class _ConnectionMixin:

    def _new_conn(self):
        sock = super()._new_conn()
        # The address is checked where the socket is connected: a name can be
        # resolved to another one between a check and the connection.
        if is_private(self.host, sock.getpeername()[0]):
            sock.close()
            raise TransportError('notification_webhook.msg_private')
        _local.deadline.watch(sock)
        return sock


class _HTTPConnection(_ConnectionMixin, HTTPConnection):
    pass


class _HTTPSConnection(_ConnectionMixin, HTTPSConnection):
    pass


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _HTTPConnection


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection


class _Adapter(HTTPAdapter):

    def init_poolmanager(self, *args, **kwargs):
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            'http': _HTTPPool,
            'https': _HTTPSPool,
            }


def post(url, headers, body):
    """Post the body and return the response.

    :param headers: dictionary
    :param body: bytes
    :return: a Response, with the beginning of the text and the value of the
        header Retry-After
    :raises TransportError: if there is no answer
    """
    adapter = _Adapter()
    _local.deadline = deadline = _Deadline(DEADLINE)
    try:
        # Without a session, which would follow redirections and take
        # credentials and proxies from the environment
        request = requests.Request(
            'POST', url, data=body, headers=headers).prepare()
        response = adapter.send(
            request, stream=True, timeout=(CONNECT_TIMEOUT, READ_TIMEOUT))
        text = b''
        for chunk in response.iter_content(2 ** 12):
            text += chunk
            if len(text) >= MAX_SIZE:
                break
        response.close()
        if deadline.over:
            raise requests.Timeout
        return Response(
            response.status_code,
            text[:MAX_SIZE].decode('utf-8', errors='replace'),
            response.headers.get('Retry-After'))
    except (requests.RequestException, HTTPError, OSError, ValueError) as e:
        if isinstance(e, requests.Timeout) or deadline.over:
            message = 'msg_timeout'
        elif isinstance(e, requests.exceptions.SSLError):
            message = 'msg_certificate'
        else:
            message = 'msg_unreachable'
        raise TransportError(f'notification_webhook.{message}') from None
    finally:
        _local.deadline = None
        deadline.close()
        adapter.close()


def is_valid(url):
    "Return if the URL is one that can be posted to"
    try:
        parts = urlsplit(url)
        # A wrong port is found when it is read
        parts.port
        requests.Request('POST', url).prepare()
    except (requests.RequestException, ValueError):
        return False
    return (
        parts.scheme in {'http', 'https'} and bool(parts.hostname)
        and parts.username is None)
