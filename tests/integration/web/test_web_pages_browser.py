"""Every page of the desk in a real browser: axe finds no serious fault, nothing is complained of, nobody else is asked,
no page is wider than a phone, and the keyboard reaches everything."""

import os
import warnings
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from integrator.domain.roles import RIGHTS, Right, Role
from integrator.intake.read_json import Caps
from integrator.parties.sessions import Level
from integrator.settings import WebSettings
from integrator.web.app import create_app
from integrator.web.bounds import Bounds
from integrator.web.guard import OPEN_TO_ALL
from tests.browser import open_browser
from tests.desk_browser import DESKTOP, PHONE
from tests.integration.web import desk_home
from tests.integration.web.people import CHEAP
from tests.integration.web.sockets import Served
from tests.integration.web.test_web_pages import LEVELS, database_url, home, pages_of  # noqa: F401 - fixtures

AXE = (Path(__file__).parents[2] / "vendor" / "axe.min.js").read_text("utf-8")
RUN_AXE = """() => axe.run(document, {
    runOnly: {type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']}, resultTypes: ['violations']})"""
LISTEN = """window.violations = [];
document.addEventListener('securitypolicyviolation', each => window.violations.push(each.violatedDirective));"""
FORMS, WHOLE = (("tr", DESKTOP), ("en", PHONE)), "DESK_WHOLE" in os.environ
WALK = """() => [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')]
    .filter(each => each.checkVisibility()).length"""
LOOKS_FIRST = (Role.COMPLIANCE, Role.AUDITOR, Role.OPERATOR)
"""A page is looked at as the first of these who may see it."""


@pytest.fixture
def app(gateway, tmp_path):
    """As the other tests have it, for a browser on the loopback without TLS."""
    rules = replace(CHEAP, secure_cookies=False)
    return create_app(gateway, Caps(record_bytes=20_000, file_bytes=2_000_000), tmp_path, rules, bounds=Bounds())


@pytest.fixture
def served(app):
    with Served(app, Bounds(), WebSettings()) as here:
        yield here


class Visitor:
    """A page of a browser in somebody's session, and what was complained of on the way."""

    def __init__(self, browser, served, house, role, level=Level.OPEN):
        self.address, self.complaints, self.hosts = f"http://127.0.0.1:{served.port}", [], set()
        context = browser.new_context(locale="tr-TR", viewport=DESKTOP)
        context.add_cookies([{"name": "ibys", "value": desk_home.session_of(house, role, level)[0],
                              "url": self.address, "httpOnly": True}])  # fmt: skip
        context.add_init_script(LISTEN)
        self.page = context.new_page()
        self.page.set_default_timeout(60_000)
        self.page.on("console", lambda told: self.complaints.append(told.text) if told.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.complaints.append("a dialog"), dialog.dismiss()))
        self.page.on("request", lambda request: self.hosts.add(request.url.split("/")[2]))

    def open(self, address, language="tr", size=DESKTOP):
        self.page.set_viewport_size(size)
        self.page.context.add_cookies([{"name": "ibys-language", "value": language, "url": f"{self.address}/desk"}])
        return self.page.goto(f"{self.address}{address}")

    def faults(self):
        """What is wrong with what is shown now."""
        self.page.evaluate(AXE)
        found = self.page.evaluate(RUN_AXE)["violations"]
        told = [
            f"{each['id']}: {each['nodes'][0]['html']}" for each in found if each["impact"] in ("serious", "critical")
        ]
        return [*told, *self.page.evaluate("window.violations"), *self.take()]

    def take(self):
        told, self.complaints = self.complaints, []
        return told

    @property
    def is_too_wide(self):
        return self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")


@contextmanager
def visitors(served, house):
    """Whoever is needed for a page, made when first asked for: call with the rule and the address."""
    known = {}
    with open_browser() as browser:

        def visitor_for(rule, address):
            level = LEVELS.get(address, Level.OPEN)
            role = next(each for each in LOOKS_FIRST if rule in (OPEN_TO_ALL, Right.SELF) or rule in RIGHTS[each])
            if (role, level) not in known:
                known[role, level] = Visitor(browser, served, house, role, level)
            return known[role, level]

        yield visitor_for


def shown(app, home):  # noqa: F811 - the fixture
    """(rule, address) of what a browser shows: no file to keep, no page that leads elsewhere at once."""
    left_out = ("/static/", "/makbuz", "/language/", "/sheet/", "/report", "/content")
    found = [each for each in pages_of(app, home) if not any(part in each[1] for part in left_out)]
    return [each for each in found if each[1] != "/desk"]


def test_axe_finds_no_serious_fault_and_nothing_is_complained_of(app, served, house, home):  # noqa: F811
    wrong, looked_at = [], 0
    if not WHOLE:
        warnings.warn("NOTICE: axe saw each page in one of two forms, in turn: DESK_WHOLE=1 is all", stacklevel=1)
    with visitors(served, house) as visitor_for:
        for at, (rule, address) in enumerate(shown(app, home)):
            visitor = visitor_for(rule, address)
            for language, size in FORMS if WHOLE else FORMS[at % 2 :][:1]:
                answer = visitor.open(address, language, size)
                wrong += [(address, language, each) for each in visitor.faults()]
                wrong += [(address, answer.status)] if answer.status >= 400 else []
                looked_at += 1
            visitor.open(address, "tr", PHONE)
            wrong += [(address, "tr", "wider than a phone")] if visitor.is_too_wide else []
            assert visitor.hosts == {f"127.0.0.1:{served.port}"}

    assert wrong == []
    assert looked_at >= 25


def test_what_a_page_must_not_have_is_noticed(app, served, house, home):  # noqa: F811
    with visitors(served, house) as visitor_for:
        visitor = visitor_for(Right.FOLLOW, "")
        visitor.open("/desk/morning")
        visitor.page.evaluate("document.querySelector('h1').style.color = '#eee'")
        visitor.page.evaluate(
            "document.body.append(Object.assign(new Image(), {src: 'http://127.0.0.1:9/x', alt: ''}))"
        )
        visitor.page.wait_for_function("window.violations.length")
        found = " ".join(visitor.faults())

    assert "color-contrast" in found and "img-src" in found


def test_the_keyboard_reaches_everything_and_may_skip_the_head(app, served, house, home):  # noqa: F811
    with visitors(served, house) as visitor_for:
        visitor = visitor_for(Right.FOLLOW, "")
        for address in ("/desk/morning", "/desk/bildirim", f"/desk/isyeri/{home.ids['sgk_tescil_no']}"):
            visitor.open(address)
            page, reached = visitor.page, 0
            page.keyboard.press("Tab")
            assert page.evaluate("document.activeElement.className") == "skip"
            page.keyboard.press("Enter")
            assert page.evaluate("document.activeElement.id") == "content"
            visitor.open(address)
            page.evaluate("document.addEventListener('focusin', each => each.target.dataset.reached = 1)")
            for _ in range(page.evaluate(WALK) + 20):  # a date has three stops
                page.keyboard.press("Tab")
            reached = page.evaluate(f"({WALK})() - document.querySelectorAll('[data-reached]').length")
            assert reached <= 0, address


def test_on_paper_the_content_stands_without_the_head(app, served, house, home):  # noqa: F811
    with visitors(served, house) as visitor_for:
        visitor = visitor_for(Right.FOLLOW, "")
        for address in ("/desk/morning", f"/desk/bildirim/{home.ids['sorgu_no']}", "/desk/coverage"):
            visitor.open(address)
            visitor.page.emulate_media(media="print")
            assert visitor.page.locator("h1").is_visible()
            assert all(each.is_visible() for each in visitor.page.locator("main section:not(.no-print) h2").all())
            assert not visitor.page.get_by_role("navigation", name="Sayfalar").is_visible()
            assert not any(each.is_visible() for each in visitor.page.locator("button").all())
            visitor.page.emulate_media(media="screen")
