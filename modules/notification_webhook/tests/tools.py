# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""An endpoint on this machine that does what it is told."""
import json
import threading
import time
from collections import namedtuple
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from trytond import config

Request = namedtuple('Request', ['path', 'query', 'headers', 'body', 'time'])
OK = (200, {'errcode': 0, 'errmsg': 'ok', 'code': 0, 'msg': 'success'})


class Endpoint(ThreadingHTTPServer):
    """Take requests and answer.

    requests are what came, by time. answer is what it answers: a status and
    a text, or something for JSON; or a function of the request that returns
    it. It answers after delay seconds, a byte at a time if drip is set.
    """
    daemon_threads = True

    def __init__(self):
        super().__init__(('127.0.0.1', 0), _Handler)
        self.requests = []
        self.answer = OK
        self.headers = {}
        self.delay = 0
        self.drip = False
        self.url = f'http://127.0.0.1:{self.server_port}'

    @property
    def payloads(self):
        return [json.loads(r.body) for r in self.requests]

    @property
    def texts(self):
        "The Markdown that came, in the format of WeCom and DingTalk"
        return [
            p['markdown'].get('content') or p['markdown']['text']
            for p in self.payloads]

    def handle_error(self, request, client_address):
        # Who asked has gone
        pass


class _Handler(BaseHTTPRequestHandler):

    def do_POST(self):
        server = self.server
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers['Content-Length']))
        request = Request(
            parts.path, dict(parse_qsl(parts.query)), self.headers, body,
            time.monotonic())
        server.requests.append(request)
        time.sleep(server.delay)
        answer = server.answer
        if callable(answer):
            answer = answer(request)
        status, text = answer
        if not isinstance(text, str):
            text = json.dumps(text)
        text = text.encode('utf-8')
        self.send_response(status)
        self.send_header('Content-Length', str(len(text)))
        for name, value in server.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if server.drip:
            for byte in text:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(0.1)
        else:
            self.wfile.write(text)

    def log_message(self, format, *args):
        pass


@contextmanager
def allow_private(hosts='127.0.0.1'):
    "Let the endpoints of this machine be reached"
    if not config.has_section('notification_webhook'):
        config.add_section('notification_webhook')
    before = config.get('notification_webhook', 'private_hosts', default='')
    config.set('notification_webhook', 'private_hosts', hosts)
    try:
        yield
    finally:
        config.set('notification_webhook', 'private_hosts', before)


@contextmanager
def endpoint():
    "Yield an Endpoint that runs"
    with Endpoint() as server:
        thread = threading.Thread(
            target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
