# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Use Tryton's web client as a person does."""
import shutil
import tempfile
import unittest
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from pathlib import Path

from playwright.sync_api import TimeoutError, sync_playwright
from tools.webclient import WebClientMissing, fetch

from ..tools import folder

ARGUMENTS = [
    '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic',
    '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync']
PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome']
# Milliseconds, enough for two busy processors
TIMEOUT = 60000
ATTEMPTS = 6
TAB = '#tabcontent > .tab-pane.active '
# Titles of buttons without a name, by language of the browser
TITLES = {
    'zh-CN': {'new': "新建", 'add': "添加", 'open': "打开"},
    'en': {'new': "New", 'add': "Add", 'open': "Open"},
    }


def find_browser():
    "Return the path of the browser, skip the test when there is none"
    for program in PROGRAMS:
        if path := shutil.which(program):
            return path
    raise unittest.SkipTest(
        "Chromium is not installed (on Debian: apt install chromium)")


def fetch_client():
    """Return the folder of the web client, for the server.

    Skip the test when there is no web client or no browser.
    """
    find_browser()
    www = folder() / 'www'
    try:
        fetch(www)
    except WebClientMissing as error:
        raise unittest.SkipTest(
            f"There is no web client: {error}") from error
    return www


def _same(shown, text):
    "Tell if a text is shown, a number maybe with more digits"
    try:
        return Decimal(shown.replace(',', '')) == Decimal(text)
    except InvalidOperation:
        return shown == text


@contextmanager
def open_browser(locale='zh-CN'):
    """Yield a page of a browser that knows nothing yet.

    What goes wrong in the page is collected in its list ``errors``.
    """
    profile = tempfile.mkdtemp(prefix='jxc-browser-')
    try:
        with sync_playwright() as playwright:
            context = playwright.chromium.launch_persistent_context(
                profile, executable_path=find_browser(), args=ARGUMENTS,
                headless=True, locale=locale, timezone_id='Asia/Shanghai',
                viewport={'width': 1440, 'height': 900})
            page = context.pages[0] if context.pages else context.new_page()
            page.set_default_timeout(TIMEOUT)
            page.titles = TITLES[locale]
            page.errors = []
            page.on(
                'pageerror', lambda error: page.errors.append(str(error)))
            page.on(
                'response', lambda response: page.errors.append(
                    f'{response.status} {response.url}')
                if response.status >= 500 else None)
            yield page
            context.close()
    finally:
        shutil.rmtree(profile, ignore_errors=True)


class WebClient:
    """The web client in a page.

    :param page: of Playwright
    :param server: tools.server.Server with its url
    :param screenshots: folder for them
    """

    def __init__(self, page, server, screenshots):
        self.page = page
        self._address = f'{server.url}/#{server.database.name}'
        self._screenshots = Path(screenshots)
        self._screenshots.mkdir(parents=True, exist_ok=True)

    def idle(self):
        "Wait until no request is under way"
        # The handlers of events need some time to begin theirs
        self.page.wait_for_timeout(150)
        quiet = 0
        while quiet < 3:
            busy = self.page.evaluate('jQuery.active')
            quiet = 0 if busy else quiet + 1
            self.page.wait_for_timeout(100)

    def screenshot(self, name):
        self.idle()
        self.page.screenshot(path=self._screenshots / f'{name}.png')

    def login(self, user, password):
        page = self.page
        page.goto(self._address)
        page.locator('.login-dialog #login').wait_for()
        self.idle()
        page.locator('.login-dialog #login').fill(user)
        page.locator('.login-dialog button[type=submit]').click()
        page.locator('input[type=password]').fill(password)
        page.keyboard.press('Enter')
        page.locator('#user-preferences a').first.wait_for()
        page.locator('#menu tbody tr').first.wait_for()
        self.idle()

    def menu(self, *titles, content='button#new_'):
        """Open the entry of the menu under its parents.

        :param content: selector of what is waited for in the tab
        """
        def row(i):
            # A child may have the title of its parent
            return self.page.locator(
                '#menu tbody tr:visible', has=self.page.locator(
                    f'.column-char[title="{titles[i]}"]')
                ).nth(titles[:i].count(titles[i]))

        for i in range(len(titles) - 1):
            if not row(i + 1).count():
                row(i).locator('.expander').click()
                row(i + 1).wait_for()
        row(len(titles) - 1).locator('.column-char').click()
        self.idle()
        self.page.locator(TAB + content).first.wait_for()

    def toolbar(self, button):
        self.page.locator(TAB + f'button#{button}').click()
        self.idle()

    def field(self, name):
        return self.page.locator(TAB + f'[name="{name}"]:visible').first

    def press(self, button, sure=False):
        """Press a button of the form.

        :param sure: the button asks and gets the answer yes
        """
        self.field(button).click()
        self.idle()
        if sure:
            self.page.locator('.modal:visible .btn-primary').click()
            self.idle()

    def choose(self, field, text, keys=False):
        """Type in a field for a record and take what is offered.

        Default values that arrive late empty the field again.

        :param keys: take it with the keyboard
        """
        offer = self.page.locator(
            '.dropdown-completion:visible li', has_text=text).first
        for attempt in range(ATTEMPTS):
            field.fill(text)
            try:
                if keys:
                    offer.wait_for(timeout=TIMEOUT / ATTEMPTS)
                    self.page.keyboard.press('ArrowDown')
                    self.page.keyboard.press('Enter')
                else:
                    offer.click(timeout=TIMEOUT / ATTEMPTS)
                break
            except TimeoutError:
                if attempt == ATTEMPTS - 1:
                    raise
        self.idle()

    def type(self, field, text):
        """Type in a field and leave it.

        What arrives late from the server may take the text away again.
        """
        for _ in range(ATTEMPTS):
            # While one types another input takes the place of a number's
            field.click()
            self.page.keyboard.press('Control+A')
            self.page.keyboard.type(text)
            self.page.keyboard.press('Tab')
            self.idle()
            if _same(field.input_value(), text):
                return
        raise AssertionError(f"{text!r} can not be typed in")

    def _widget(self, name):
        "Return the element of a field that has no name in the page"
        return self.page.evaluate_handle(
            """name => Sao.Tab.tabs.get_current().screen.current_view
                .widgets[name][0].el[0]""", name).as_element()

    def add_line(self, name, values):
        """Add a line in the window that opens.

        :param name: field of the lines
        :param values: list of (field, text); a text in a list is chosen
        """
        widget = self._widget(name)
        widget.query_selector(
            f'button[title="{self.page.titles["new"]}"]').click()
        self.idle()
        window = self.page.locator('.modal:visible')
        for field, value in values:
            entry = window.locator(f'[name="{field}"]:visible').first
            if isinstance(value, list):
                self.choose(entry, *value)
            else:
                self.type(entry, value)
        window.locator('.btn-primary').last.click()
        self.idle()

    def add_existing(self, name):
        "Add all that is offered to a field of existing records"
        widget = self._widget(name)
        widget.query_selector(
            f'button[title="{self.page.titles["add"]}"]').click()
        self.idle()
        window = self.page.locator('.modal:visible')
        window.locator('tbody tr').first.wait_for()
        window.locator('thead input[type=checkbox]').first.check()
        window.locator('.btn-primary').last.click()
        self.idle()

    def edit_line(self, name, field, text):
        "Change a field of the first line in the window of the line"
        for _ in range(ATTEMPTS):
            # Neither a box to select the line nor a link to another record
            self._widget(name).evaluate_handle('''widget => [
                ...widget.querySelectorAll('tbody tr td')].find(
                    td => td.offsetWidth > 30 && !td.querySelector('a, input'))
                ''').as_element().click()
            self.idle()
            self._widget(name).query_selector(
                f'button[title="{self.page.titles["open"]}"]').click()
            self.idle()
            window = self.page.locator('.modal:visible')
            self.type(window.locator(f'[name="{field}"]:visible').first, text)
            window.locator('.btn-primary').last.click()
            self.idle()
            if self.page.evaluate(
                    'Sao.Tab.tabs.get_current().screen.modified()'):
                return
        raise AssertionError(f"{text!r} is not kept by the line")

    def fill_window(self, values):
        """Fill in the window that is open and press its main button.

        :param values: value by name of selections, text by name of others
        """
        window = self.page.locator('.modal:visible')
        for name, value in values.items():
            entry = window.locator(f'[name="{name}"]:visible').first
            if entry.evaluate('e => e.tagName') == 'SELECT':
                entry.select_option(f'"{value}"')
            else:
                entry.fill(value)
            entry.dispatch_event('change')
            self.idle()
        window.locator('.btn-primary').last.click()
        self.idle()

    def action(self, title, button='action'):
        """Launch an action of the record.

        :param button: action, relate or print
        """
        self.page.locator(TAB + f'button#{button}').click()
        self.idle()
        self.page.locator(
            TAB + '.dropdown.open .dropdown-menu a', has_text=title
            ).first.click()
        self.idle()

    def add_row(self, name, values):
        """Add a row to a list that is edited in place.

        :param name: field of the lines
        :param values: list of (number of the column, text); a text in a list
            is chosen
        """
        widget = self._widget(name)
        widget.evaluate('(e, name) => e.setAttribute("data-list", name)', name)
        widget.query_selector(
            f'button[title="{self.page.titles["new"]}"]').click()
        self.idle()
        row = self.page.locator(f'[data-list="{name}"] tbody tr').last
        for column, value in values:
            cell = row.locator(
                'td.editable:not(.invisible)').nth(column)
            cell.click()
            self.idle()
            entry = cell.locator('input:visible').last
            if isinstance(value, list):
                self.choose(entry, *value)
            else:
                self.type(entry, value)

    def close_tab(self):
        self.page.evaluate('Sao.Tab.tabs.get_current().close()')
        self.idle()

    def show(self, title):
        "Show the page of a form, or the records of the state above a list"
        self.page.locator(
            TAB + '.nav-tabs a:visible', has_text=title).first.click()
        self.idle()

    def search(self, text):
        entry = self.page.locator(
            TAB + '.filter-box input[type=search], '
            + TAB + '.filter-box input.form-control').first
        entry.fill(text)
        entry.press('Enter')
        self.idle()

    def rows(self):
        "Return the text of the rows of the list"
        return self.page.locator(
            TAB + 'table.tree tbody tr:visible').all_inner_texts()

    def open_row(self):
        "Open the first record of the list"
        self.page.locator(
            TAB + 'table.tree tbody tr:visible .column-selection:visible'
            ).first.dblclick()
        self.idle()

    def current(self, *names):
        "Return the model, the id and values of the record that is shown"
        return self.page.evaluate(
            '''async names => {
                const screen = Sao.Tab.tabs.get_current().screen;
                const record = screen.current_record;
                // A wizard lets the form forget the values
                await Promise.all(names.map(n => record.load(n)));
                return [screen.model_name, record.id,
                    ...names.map(n => record.field_get_client(n))];
            }''', list(names))
