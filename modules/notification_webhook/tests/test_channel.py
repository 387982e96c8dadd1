# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What endpoints are told, how it is signed, and what they answer."""
import base64
import hashlib
import hmac
import json
import logging
import time
import unittest
from unittest.mock import patch
from urllib.parse import parse_qsl, urlsplit

from trytond.modules.notification_webhook import transport
from trytond.modules.notification_webhook.channel import (
    CHANNELS, JSON, Content, DingTalk, Feishu, WeCom)
from trytond.modules.notification_webhook.transport import (
    Response, is_private, is_valid, post)
from trytond.tests.test_tryton import activate_module, with_transaction

from .tools import OK, allow_private, endpoint

NOW = 1769414400.25
TOKEN = '693axxx6-7aoc-4bc4-97a0-0ec2sifa5aaa'


def content(n=1, text="Rice is low.", **values):
    return Content(**{
            'id': n, 'subject': f"Message {n}", 'text': text,
            'level': 'warning', 'link': None, 'record': None,
            'date': '2026-11-26T08:00:00', **values})


class SigningTestCase(unittest.TestCase):
    "Test the signatures as the services document them"

    def test_wecom(self):
        "Test the URL of WeCom is all it needs"
        url = f'https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={TOKEN}'
        channel = WeCom(url)
        self.assertEqual(channel.request({}, NOW)[0], url)

    def test_dingtalk(self):
        "Test the signature of DingTalk is in the URL"
        secret = 'SECfc6f0b1a'
        channel = DingTalk(
            f'https://oapi.dingtalk.com/robot/send?access_token={TOKEN}',
            secret)

        url, _, _ = channel.request({}, NOW)

        sign = base64.b64encode(hmac.new(
                secret.encode(), f'1769414400250\n{secret}'.encode(),
                digestmod=hashlib.sha256).digest()).decode()
        self.assertEqual(dict(parse_qsl(urlsplit(url).query)), {
                'access_token': TOKEN,
                'timestamp': '1769414400250',
                'sign': sign,
                })
        # A plus would be read as a space
        self.assertNotIn('+', urlsplit(url).query)

    def test_feishu(self):
        "Test the signature of Feishu is in the body"
        channel = Feishu(
            f'https://open.feishu.cn/open-apis/bot/v2/hook/{TOKEN}', 'demo')

        url, _, body = channel.request({'msg_type': 'text'}, NOW)

        self.assertTrue(url.endswith(TOKEN))
        self.assertEqual(json.loads(body), {
                'timestamp': '1769414400',
                'sign': base64.b64encode(hmac.new(
                        b'1769414400\ndemo', b'',
                        digestmod=hashlib.sha256).digest()).decode(),
                'msg_type': 'text',
                })

    def test_json(self):
        "Test the signature of JSON is in the headers"
        channel = JSON('https://example.com/hook', '密钥')

        _, headers, body = channel.request({'messages': ["大米"]}, NOW)

        self.assertEqual(headers['X-Webhook-Timestamp'], '1769414400')
        self.assertEqual(
            headers['X-Webhook-Signature'], 'sha256=' + hmac.new(
                '密钥'.encode(), b'1769414400.' + body,
                digestmod=hashlib.sha256).hexdigest())

    def test_without_secret(self):
        "Test a robot that asks for no signature gets none"
        url = f'https://oapi.dingtalk.com/robot/send?access_token={TOKEN}'
        self.assertEqual(DingTalk(url).request({}, NOW)[0], url)
        self.assertEqual(Feishu(url).request({}, NOW)[2], b'{}')


class ChannelTestCase(unittest.TestCase):
    "Test what is told and answered"

    @classmethod
    def setUpClass(cls):
        activate_module('notification_webhook')

    @with_transaction()
    def test_together(self):
        "Test messages are told together with the worst level"
        payload, count = Feishu('https://example.com/').compose([
                content(1), content(2, level='critical'),
                content(3, level='info', link='https://example.com/a b(1)'),
                ], 3)

        self.assertEqual(count, 3)
        header = payload['card']['header']
        self.assertEqual(header['title']['content'], "3 messages")
        self.assertEqual(header['template'], 'red')
        text = payload['card']['elements'][0]['content']
        self.assertEqual(
            text,
            "**🟠 Message 1**\nRice is low.\n\n"
            "**🔴 Message 2**\nRice is low.\n\n"
            "**🔵 Message 3**\nRice is low.\n"
            "[Open](https://example.com/a%20b%281%29)")

    @with_transaction()
    def test_split(self):
        "Test the messages that fit are told, the others counted"
        contents = [content(n, text="大米库存不足。" * 10) for n in range(90)]
        for name in ['wecom', 'dingtalk', 'feishu']:
            with self.subTest(type=name):
                channel = CHANNELS[name]('https://example.com/')
                told = 0
                while told < 90:
                    payload, count = channel.compose(
                        contents[told:], 90 - told)
                    told += count
                    self.assertGreater(count, 1)
                    self.assertLessEqual(
                        channel.size(payload), channel.max_size)
                    more = f"… and {90 - told} more, which follow"
                    self.assertEqual(
                        more in channel.encode(payload).decode(), told < 90)
        payload, count = WeCom('https://example.com/').compose(contents, 90)
        self.assertLessEqual(
            len(payload['markdown']['content'].encode()), 4096)

    @with_transaction()
    def test_cut(self):
        "Test a message that is too long is cut between lines"
        link = 'https://example.com/alert'
        text = '\n'.join(f"{n}: 大米库存不足" for n in range(1000))
        for name in ['wecom', 'dingtalk', 'feishu']:
            with self.subTest(type=name):
                channel = CHANNELS[name]('https://example.com/')
                payload, count = channel.compose(
                    [content(text=text, link=link), content()], 2)
                self.assertEqual(count, 1)
                size = channel.size(payload)
                self.assertLessEqual(size, channel.max_size)
                # No line more had fit
                self.assertGreater(size, channel.max_size - 60)
                encoded = channel.encode(payload).decode()
                self.assertRegex(encoded, r"… and \d+ more lines")
                self.assertIn(link, encoded)
                self.assertIn("… and 1 more, which follow", encoded)
        # Without any line
        channel = WeCom('https://example.com/')
        payload, _ = channel.compose(
            [content(text="长" * 10000, subject="长" * 10000)], 1)
        self.assertLessEqual(channel.size(payload), 4096)

    @with_transaction()
    def test_nobody_mentioned(self):
        "Test the name of a product does not call everybody"
        payload, _ = WeCom('https://example.com/').compose(
            [content(subject="Rice <@all>", text="<at id=all></at>")], 1)
        self.assertNotIn('<', payload['markdown']['content'])

    def test_answers(self):
        "Test what the answers mean"
        for name, response, result, wait in [
                ('wecom', Response(*OK, None), 'sent', 0),
                ('wecom', (200, {'errcode': 93000}), 'refused', 0),
                ('wecom', (200, {'errcode': 45009}), 'limited', 60),
                ('wecom', (200, {'errcode': -1}), 'trouble', 0),
                ('wecom', (200, "<html>Welcome"), 'refused', 0),
                ('wecom', (200, "[1]"), 'refused', 0),
                ('dingtalk', (200, {'errcode': 310000}), 'refused', 0),
                ('dingtalk', (200, {'errcode': 130101}), 'limited', 600),
                ('dingtalk', (429, ""), 'limited', 600),
                ('feishu', (200, {'code': 0}), 'sent', 0),
                ('feishu', (400, {'code': 19021}), 'refused', 0),
                ('feishu', (200, {'code': 11232}), 'limited', 60),
                ('json', (204, ""), 'sent', 0),
                ('json', (302, ""), 'refused', 0),
                ('json', (404, ""), 'refused', 0),
                ('json', (500, ""), 'trouble', 0),
                ('json', (429, "", '90'), 'limited', 90),
                ('json', (503, "", 'soon'), 'limited', 60),
                ('json', (503, "", '999999'), 'limited', 3600),
                ]:
            with self.subTest(type=name, response=response):
                status, text, retry_after = (*response, None)[:3]
                if not isinstance(text, str):
                    text = json.dumps(text)
                answer = CHANNELS[name]('https://example.com/', 's').interpret(
                    Response(status, text, retry_after))
                self.assertEqual(answer.result, result)
                self.assertEqual(answer.wait, wait)

    def test_no_secret_in_answer(self):
        "Test an endpoint that repeats what it got tells no secret"
        with allow_private(), endpoint() as server:
            server.answer = lambda request: (
                400, f"{request.path} {request.query} {request.headers}"
                f" secret 密钥+/= {server.url}/hook/{TOKEN}?key=k%2Fey-1234")
            channel = JSON(
                f'{server.url}/hook/{TOKEN}?key=k%2Fey-1234', '密钥+/=')
            answer = channel.send({'messages': []})
        self.assertEqual(answer.result, 'refused')
        self.assertIn('HTTP 400: /hook/•••', answer.text)
        for secret in [TOKEN, 'ey-1234', '密钥']:
            self.assertNotIn(secret, answer.text)


class TransportTestCase(unittest.TestCase):
    "Test nobody is trusted"

    @classmethod
    def setUpClass(cls):
        activate_module('notification_webhook')

    def test_urls(self):
        "Test only complete URLs of the web are taken"
        for url in [
                'https://example.com/hook', 'http://example.com:8080/?a=b',
                'https://[2001:db8::1]/', 'https://例子.中国/']:
            self.assertTrue(is_valid(url), url)
        for url in [
                'ftp://example.com/', 'file:///etc/passwd', 'example.com',
                'https://', 'https:///hook', 'https://user:pw@example.com/',
                'https://example.com:port/', 'gopher://example.com', '']:
            self.assertFalse(is_valid(url), url)

    def test_private(self):
        "Test addresses that are not public are known"
        for host in [
                '127.0.0.1', '10.1.2.3', '192.168.1.1', '172.16.0.1',
                '169.254.169.254', '0.0.0.0', '100.64.0.1', '[::1]',
                'fd00::1', '::ffff:10.0.0.1', 'fe80::1%eth0']:
            self.assertTrue(is_private(host), host)
        for host in ['8.8.8.8', '2606:4700::1111', 'example.com']:
            self.assertFalse(is_private(host), host)
        self.assertTrue(is_private('example.com', '127.0.0.1'))
        with allow_private('10.1.2.3, Hook.Example.lan'):
            self.assertFalse(is_private('10.1.2.3'))
            self.assertTrue(is_private('10.1.2.4'))
            self.assertFalse(is_private('hook.example.lan', '10.9.9.9'))

    @with_transaction()
    def test_private_refused(self):
        "Test a name with a private address is not told anything"
        with endpoint() as server:
            url = server.url.replace('127.0.0.1', 'localhost')
            answer = JSON(url, 'secret').send({'messages': []})
            self.assertFalse(server.requests)
        self.assertEqual(answer.result, 'trouble')
        self.assertIn("private address", answer.text)

    @with_transaction()
    def test_no_redirection(self):
        "Test a redirection is not followed"
        with allow_private(), endpoint() as other, endpoint() as server:
            server.answer = (307, "")
            server.headers['Location'] = other.url
            answer = JSON(server.url, 'secret').send({'messages': []})
            self.assertEqual(len(server.requests), 1)
            self.assertFalse(other.requests)
        self.assertEqual(answer.result, 'refused')

    @with_transaction()
    def test_dead(self):
        "Test an endpoint that is not there"
        with endpoint() as server:
            url = server.url
        with allow_private():
            answer = WeCom(f'{url}/send?key={TOKEN}').send(
                {'markdown': {'content': ""}})
        self.assertEqual(answer.result, 'trouble')
        self.assertEqual(answer.text, "The endpoint can not be reached.")

    @with_transaction()
    def test_slow(self):
        "Test an endpoint is not waited for, even if it always says more"
        for drip in [False, True]:
            with self.subTest(drip=drip), \
                    allow_private(), endpoint() as server, \
                    patch.object(transport, 'READ_TIMEOUT', 0.5), \
                    patch.object(transport, 'DEADLINE', 1):
                server.drip = drip
                server.delay = 0 if drip else 3
                server.answer = (200, "x" * 100)
                started = time.monotonic()
                answer = JSON(server.url, 's').send({'messages': []})
                self.assertLess(time.monotonic() - started, 2)
                self.assertEqual(answer.result, 'trouble')
                self.assertEqual(
                    answer.text, "The endpoint did not answer in time.")

    def test_long(self):
        "Test an answer without end is cut"
        with allow_private(), endpoint() as server:
            server.answer = (200, "x" * 10 ** 6)
            response = post(server.url, {}, b'')
        self.assertEqual(len(response.text), transport.MAX_SIZE)

    def test_logs(self):
        "Test the logs tell no URL"
        with allow_private(), endpoint() as server, \
                self.assertLogs(level=logging.DEBUG) as logs:
            logging.getLogger('test').debug("begins")
            post(f'{server.url}/send?key={TOKEN}', {}, b'')
        self.assertNotIn(TOKEN, '\n'.join(logs.output))
        self.assertEqual(len(logs.output), 1)
