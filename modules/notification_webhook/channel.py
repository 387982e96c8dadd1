# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What each kind of endpoint is told, and what its answers mean."""
import base64
import hashlib
import hmac
import json
import re
import time
from bisect import bisect_left
from collections import namedtuple
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from trytond.i18n import gettext

from .exceptions import TransportError
from .transport import post

__all__ = ['CHANNELS', 'Answer', 'Channel', 'Content']

# What is sent: level is info, warning or critical
Content = namedtuple(
    'Content', ['id', 'subject', 'text', 'level', 'link', 'record', 'date'])
# result: sent, refused (the endpoint understood and does not want it),
# trouble (it could not) or limited (it asks to wait).
# wait: the seconds that the endpoint needs at least
Answer = namedtuple('Answer', ['result', 'text', 'wait'])

MASK = '•' * 3
MARKS = {'critical': '🔴', 'warning': '🟠', 'info': '🔵'}
MAX_SUBJECT = 200
MAX_LINE = 300
MAX_LINK = 1000
MAX_ANSWER = 500
MAX_WAIT = 60 * 60
RETRY_STATUSES = {408, 425}


def _sign(key, message=b''):
    return hmac.new(key, message, digestmod=hashlib.sha256)


class Channel:
    """A way to tell an endpoint.

    :param url: with its access token
    :param secret: that signs, or None
    """
    # Of what is sent, in bytes
    max_size = None

    def __init__(self, url, secret=None):
        self.url = url
        self.secret = secret

    def compose(self, contents, total):
        """Return the payload and how many of the contents are in it.

        :param contents: non-empty list of Content
        :param total: how many wait to be sent, with these
        """
        raise NotImplementedError

    def request(self, payload, now):
        """Return the URL, the headers and the body.

        :param now: seconds since the epoch
        """
        raise NotImplementedError

    def interpret(self, response):
        "Return the Answer of a Response, of which the text may be secret"
        status = response.status
        if status == 429 or (status == 503 and response.retry_after):
            result = 'limited'
        elif status >= 500 or status in RETRY_STATUSES:
            result = 'trouble'
        elif 200 <= status < 300:
            result = 'sent'
        else:
            result = 'refused'
        wait = 0
        if result == 'limited':
            try:
                wait = min(max(int(response.retry_after), 0), MAX_WAIT)
            except (TypeError, ValueError):
                wait = 60
        return Answer(result, f'HTTP {status}: {response.text}', wait)

    def send(self, payload):
        """Send the payload and return the Answer.

        Neither the answer nor an exception tells a secret.
        """
        try:
            response = post(*self.request(payload, time.time()))
        except TransportError as error:
            return Answer('trouble', gettext(error.message), 0)
        answer = self.interpret(response)
        return answer._replace(text=self._masked(answer.text)[:MAX_ANSWER])

    def _masked(self, text):
        parts = urlsplit(self.url)
        secrets = {self.url, self.secret or '', parts.query}
        secrets.update(v for _, v in parse_qsl(parts.query) if len(v) >= 4)
        secrets.update(s for s in parts.path.split('/') if len(s) >= 8)
        secrets |= {quote(s, safe='') for s in secrets}
        for secret in sorted(secrets, key=len, reverse=True):
            if secret:
                text = text.replace(secret, MASK)
        return text


class Robot(Channel):
    "A robot in a group of a messenger, which is told Markdown"
    # The fields of the answer
    code = 'errcode'
    message = 'errmsg'
    # Of the answer, when too much was sent, and for how long it lasts
    limit_codes = frozenset()
    limit_wait = 60
    # Of the answer, when the service is at fault
    trouble_codes = frozenset({-1})
    line_break = '\n'

    def markdown(self, content):
        "Return the Markdown of a content as a heading and lines"
        subject = self._plain(content.subject)[:MAX_SUBJECT]
        heading = f'**{MARKS[content.level]} {subject}**'
        lines = []
        for line in self._plain(content.text or '').splitlines():
            lines += re.findall(f'.{{1,{MAX_LINE}}}', line) or ['']
        return heading, lines

    def _plain(self, text):
        # Nobody is mentioned by the name of a product: <@all>, <at id=all>
        return text.replace('<', '＜')

    def _block(self, heading, lines, content):
        block = [heading, *lines]
        if content.link and len(content.link) <= MAX_LINK:
            link = content.link.translate(
                {ord(c): quote(c) for c in ' ()<>'})
            label = gettext('notification_webhook.msg_open')
            block.append(f'[{label}]({link})')
        return self.line_break.join(block)

    def _cut(self, content, footer):
        "Return the block with as many lines as there is room for"
        heading, lines = self.markdown(content)

        def cut(left_out):
            more = gettext(
                'notification_webhook.msg_more_lines', n=left_out)
            return self._block(
                heading, [*lines[:len(lines) - left_out], more], content)
        left_out = bisect_left(
            range(len(lines)), True,
            key=lambda n: self._fits([cut(n), *footer], content))
        return cut(left_out)

    def compose(self, contents, total):
        blocks = []
        footer = []
        for i, content in enumerate(contents, 1):
            more = []
            if total > i:
                more.append(gettext(
                        'notification_webhook.msg_more', n=total - i))
            block = self._block(*self.markdown(content), content)
            if not self._fits([*blocks, block, *more], contents[0]):
                if not blocks:
                    blocks.append(self._cut(content, more))
                    footer = more
                break
            blocks.append(block)
            footer = more
        if len(blocks) == 1:
            title = contents[0].subject[:MAX_SUBJECT]
        else:
            title = gettext(
                'notification_webhook.msg_title', n=len(blocks))
        levels = {c.level for c in contents[:len(blocks)]}
        level = next(level for level in MARKS if level in levels)
        return (
            self.payload(title, self._join(blocks + footer), level),
            len(blocks))

    def _join(self, blocks):
        return '\n\n'.join(blocks)

    def _fits(self, blocks, content):
        return self.size(self.payload(
                content.subject[:MAX_SUBJECT], self._join(blocks),
                content.level)) <= self.max_size

    def size(self, payload):
        "Return how much of the maximal size the payload takes"
        return len(self.encode(payload))

    def payload(self, title, text, level):
        raise NotImplementedError

    def encode(self, payload):
        return json.dumps(payload, ensure_ascii=False).encode('utf-8')

    def request(self, payload, now):
        return self.url, {
            'Content-Type': 'application/json; charset=utf-8',
            }, self.encode(payload)

    def interpret(self, response):
        answer = super().interpret(response)
        if answer.result == 'limited':
            return answer._replace(wait=max(answer.wait, self.limit_wait))
        try:
            values = json.loads(response.text)
            code = int(values[self.code])
        except (ValueError, TypeError, KeyError):
            # Any web page answers 200
            if answer.result == 'sent':
                answer = answer._replace(result='refused')
            return answer
        text = f'HTTP {response.status}: {code} {values.get(self.message)}'
        if code in self.limit_codes:
            return Answer('limited', text, self.limit_wait)
        elif code in self.trouble_codes:
            return Answer('trouble', text, 0)
        elif code:
            return Answer('refused', text, 0)
        return answer._replace(text=text)


class WeCom(Robot):
    # Of the Markdown
    max_size = 4096
    limit_codes = frozenset({45009, 45033})

    def payload(self, title, text, level):
        return {'msgtype': 'markdown', 'markdown': {'content': text}}

    def size(self, payload):
        return len(payload['markdown']['content'].encode('utf-8'))


class DingTalk(Robot):
    # The service takes 20,000
    max_size = 19_500
    limit_codes = frozenset({130101, 302033, 90018, 90030})
    # A robot that sent too much is muted
    limit_wait = 10 * 60
    # A single line break is a space
    line_break = '  \n'

    def payload(self, title, text, level):
        return {
            'msgtype': 'markdown',
            'markdown': {'title': title, 'text': text},
            }

    def request(self, payload, now):
        url, headers, body = super().request(payload, now)
        if self.secret:
            timestamp = str(round(now * 1000))
            url += '&' if urlsplit(url).query else '?'
            url += urlencode({
                    'timestamp': timestamp,
                    'sign': self.sign(timestamp),
                    })
        return url, headers, body

    def sign(self, timestamp):
        ":param timestamp: milliseconds since the epoch as a string"
        return base64.b64encode(_sign(
                self.secret.encode('utf-8'),
                f'{timestamp}\n{self.secret}'.encode('utf-8')).digest())


class Feishu(Robot):
    # The service takes 20 KB, of cards 30 KB
    max_size = 19_500
    code = 'code'
    message = 'msg'
    limit_codes = frozenset({11232, 99991400})
    trouble_codes = frozenset()
    templates = {'critical': 'red', 'warning': 'orange', 'info': 'blue'}

    def payload(self, title, text, level):
        return {
            'msg_type': 'interactive',
            'card': {
                'header': {
                    'title': {'tag': 'plain_text', 'content': title},
                    'template': self.templates[level],
                    },
                'elements': [{'tag': 'markdown', 'content': text}],
                },
            }

    def request(self, payload, now):
        if self.secret:
            timestamp = str(int(now))
            payload = {
                'timestamp': timestamp,
                'sign': self.sign(timestamp),
                **payload,
                }
        return super().request(payload, now)

    def sign(self, timestamp):
        ":param timestamp: seconds since the epoch as a string"
        # The text to sign is the key, and what it signs is empty
        return base64.b64encode(_sign(
                f'{timestamp}\n{self.secret}'.encode('utf-8')
                ).digest()).decode('ascii')


class JSON(Channel):
    "Any program that checks the signature"
    max_size = 200_000

    def compose(self, contents, total):
        messages, size = [], 0
        for content in contents:
            message = content._asdict()
            size += len(json.dumps(message))
            if messages and size > self.max_size:
                break
            messages.append(message)
        return {'messages': messages}, len(messages)

    def request(self, payload, now):
        timestamp = str(int(now))
        body = json.dumps(payload, ensure_ascii=False).encode('utf-8')
        return self.url, {
            'Content-Type': 'application/json; charset=utf-8',
            'X-Webhook-Timestamp': timestamp,
            'X-Webhook-Signature': f'sha256={self.sign(timestamp, body)}',
            }, body

    def sign(self, timestamp, body):
        """Return the signature in hexadecimal.

        :param timestamp: seconds since the epoch as a string
        :param body: bytes
        """
        return _sign(
            self.secret.encode('utf-8'),
            timestamp.encode('ascii') + b'.' + body).hexdigest()


CHANNELS = {
    'wecom': WeCom,
    'dingtalk': DingTalk,
    'feishu': Feishu,
    'json': JSON,
    }
