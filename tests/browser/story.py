# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What people do one after the other in the web client, in two languages."""
from proteus import Model
from proteus import config as proteus_config

from ..tools import PASSWORD, folder, new_company, serve
from .webclient import WebClient, fetch_client, open_browser


class Story:
    """A test case that tells a story in a company of its own.

    NAME: with what the names of its screenshots begin
    WORDS: what is written and read in the client by the code of the language,
        'locale' being that of the browser
    """
    NAME = None
    WORDS = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.www = fetch_client()

    def test_chinese(self):
        "Test the story in Chinese"
        self._begin('zh_CN')

    def test_english(self):
        "Test the story in English"
        self._begin('en')

    def _begin(self, language):
        self.language, self.words = language, self.WORDS[language]
        self.database = self.enterContext(new_company('jxc', 'zh_CN'))
        self.server = self.enterContext(
            serve(self.database, web={'root': str(self.www)}))
        self.tell()

    def tell(self):
        "Tell the story in the language of the words"
        raise NotImplementedError

    def admin(self):
        "Let the models be used as the administrator"
        return proteus_config.set_xmlrpc_session(
            f'{self.server.url}/{self.database.name}/rpc/', 'admin', PASSWORD)

    def speak(self, *logins):
        "Let the people use the client in the language"
        language, = Model.get('ir.lang').find([('code', '=', self.language)])
        for user in Model.get('res.user').find([('login', 'in', logins)]):
            user.language = language
            user.save()

    def use(self, login, function):
        "Let a person do something in a browser of their own"
        with open_browser(self.words['locale']) as page:
            client = WebClient(page, self.server, folder() / 'screenshots')
            client.login(login, PASSWORD)
            function(client)
            self.assertEqual(page.errors, [])

    def screenshot(self, client, name):
        client.screenshot(f'{self.NAME}-{self.language}-{name}')
