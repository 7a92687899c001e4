"""Every page of the desk as each role sees it, taken from the table of routes: sound HTML, no dead link, nothing shown
to whoever may not see it. What only a browser can tell stands in test_web_pages_browser.py."""

import json
import re
import shutil
from collections import Counter
from urllib.parse import parse_qs, urlsplit

import lxml.html
import pytest
from sqlalchemy import select

from integrator.domain.roles import RIGHTS, Right, Role
from integrator.parties.sessions import Level
from integrator.store.engine import reading, sqlite_url
from integrator.store.tables import audit_entry
from integrator.web.desk.pages import DESK, POLICY
from integrator.web.desk.words import spoken
from integrator.web.guard import OPEN_TO_ALL
from tests.factories import PROFESSIONAL, WORKER
from tests.integration.web import desk_home
from tests.integration.web.desk_home import CONTACT, HEALTH, NAMES, PEOPLE, PROFESSIONALS_NAME, WORKERS
from tests.integration.web.test_web_matrix import routes_of

MOST_PAGES, OF_A_SHAPE = 300, 2
"""How far a crawl goes, and how many links it follows that differ only in values."""
LEVELS = {"/desk/login/second-step": Level.PASSWORD, "/desk/login/enrol": Level.ENROL}
WANTS_A_QUERY = ("/desk/paper/report",)
CONTENT = {Right.READ_CONTENT, Right.READ_HEALTH}
CONTROLS = "//*[self::input or self::select or self::textarea][not(@type='hidden')]"


@pytest.fixture
def database_url(migrated_file, tmp_path):
    """SQLite only: what a page is made of does not hang on the database."""
    path = tmp_path / "ibys.sqlite3"
    shutil.copyfile(migrated_file, path)
    return sqlite_url(path)


@pytest.fixture
def home(gateway, ministry, clock, tmp_path):
    return desk_home.fill(gateway, ministry, clock, tmp_path)


class Reader:
    """Somebody of a role who opens pages; nobody's session is the same twice."""

    def __init__(self, door, house, role, level=Level.OPEN, language="tr"):
        self.door, self.role = door, role
        token, self.csrf = desk_home.session_of(house, role, level)
        self.cookie = f"__Host-ibys={token}; ibys-language={language}"

    def open(self, address, **more):
        self.door.cookies.clear()
        headers = {"Cookie": self.cookie, "Accept": "text/html"}
        return self.door.get(address, headers=headers, follow_redirects=False, **more)


def pages_of(app, home):
    """(rule, address) of every GET of the desk; a route with an id that nobody filled in fails here."""
    found = [(rule, path) for method, path, [rule] in routes_of(app) if method == "GET" and path.startswith(DESK)]
    assert all(any(each.startswith(path[len(DESK) :]) for each in home.with_query) for path in WANTS_A_QUERY)
    told = [(rule, re.sub(r"\{(\w+)(:path)?\}", lambda name: home.ids[name[1]], path)) for rule, path in found]
    rule_of = {path: rule for rule, path in told}
    told = [each for each in told if each[1] not in WANTS_A_QUERY]
    return told + [(rule_of[f"{DESK}{each}".partition("?")[0]], f"{DESK}{each}") for each in home.with_query]


def is_page(answer):
    return answer.headers.get("content-type", "").startswith("text/html")


def faults_of(answer):
    """What is wrong with a page, in a word each; none for one that is sound."""
    tree = lxml.html.fromstring(answer.text)
    found = [f"{len(tree.xpath('//h1'))} h1"] if len(tree.xpath("//h1")) != 1 else []
    found += ["no language"] if tree.get("lang") not in ("tr", "en") else []
    found += ["no title"] if not tree.findtext(".//title").partition("·")[0].strip() else []
    found += ["inline style"] * len(tree.xpath("//style | //*[@style]"))
    found += ["inline script"] * len(tree.xpath("//script[not(@src) or normalize-space()]"))
    found += ["inline handler"] * len(tree.xpath("//@*[starts-with(name(), 'on')]"))
    found += ["policy"] if answer.headers["content-security-policy"] != POLICY else []
    found += [f"foreign: {each}" for each in tree.xpath("//@src | //@href | //@action") if not is_ours(each)]
    ids = tree.xpath("//@id")
    found += [f"twice: {each}" for each in set(ids) if ids.count(each) > 1]
    named = set(tree.xpath("//label/@for"))
    found += [f"no label: {each.get('name')}" for each in tree.xpath(CONTROLS) if not is_named(each, named)]
    found += ["empty button"] * len(tree.xpath("//button[not(normalize-space()) and not(@aria-label)]"))
    found += ["empty link"] * len(tree.xpath("//a[not(normalize-space()) and not(@aria-label)]"))
    found += ["table without heads"] * len(tree.xpath("//table[not(.//th[@scope])]"))
    found += ["picture without text"] * len(tree.xpath("//img[not(@alt)]"))
    found += ["out of the keyboard's way"] * len(tree.xpath("//*[self::a or self::button or self::input][@tabindex]"))
    found += [f"no such part: {each}" for each in tree.xpath("//@aria-describedby") if each not in ids]
    return found


def is_ours(address):
    parts = urlsplit(address)
    if parts.scheme or parts.netloc:
        return parts.scheme == "https" and f".{parts.hostname}".endswith(".turkiye.gov.tr")
    return address.startswith((f"{DESK}/", "#", "?")) or address == DESK


def is_named(control, named):
    in_a_label = next(control.iterancestors("label"), None) is not None
    return control.get("id") in named or control.get("aria-label") or in_a_label


def test_every_page_is_sound_for_each_role_and_in_both_languages(app, door, house, home):
    wrong, shown = [], set()
    several = [("tr", each) for each in PEOPLE] + [("en", Role.COMPLIANCE), ("en", Role.OPERATOR)]
    for language, role in several:
        readers = {level: Reader(door, house, role, level, language) for level in Level}
        for rule, address in pages_of(app, home):
            level = LEVELS.get(address.partition("?")[0], Level.OPEN)
            answer = readers[level].open(address)
            may = rule in (OPEN_TO_ALL, Right.SELF) or rule in RIGHTS[role]
            if (answer.status_code < 400) != may:
                wrong.append((role, address, answer.status_code))
            if is_page(answer):
                shown.add((language, address))
                wrong += [(language, role, address, each) for each in faults_of(answer)]

    assert wrong == []
    assert len(shown) > 25


def test_no_link_is_dead_for_whoever_is_shown_it(app, door, house, home):
    wrong = []
    for role in PEOPLE:
        reader = Reader(door, house, role)
        wrong += crawl(reader)

    assert wrong == []


def crawl(reader):
    """What was wrong on the way from the first page through every link; ends at MOST_PAGES."""
    wrong, known, waiting, shapes = [], {DESK}, [(DESK, "")], Counter()
    while waiting:
        address, came_from = waiting.pop()
        answer = reader.open(address)
        if answer.status_code >= 400 or len(known) > MOST_PAGES:
            wrong.append((reader.role, address, f"from {came_from}", answer.status_code, len(known)))
            continue
        for link in links_of(answer, address) - known:
            shapes[shape_of(link)] += 1
            if not link.startswith(f"{DESK}/language") and shapes[shape_of(link)] <= OF_A_SHAPE:
                known.add(link)
                waiting.append((link, address))
    return wrong


def shape_of(link):
    """The same for links that differ in the values of a query or in a number only."""
    return re.sub(r"=[^&]*|[0-9a-f]{8,}", "", link)


def links_of(answer, address):
    """Addresses of the desk that an answer leads to, whole and without the place on the page."""
    if answer.is_redirect:
        return {answer.headers["location"]}
    if not is_page(answer):
        return set()
    told = lxml.html.fromstring(answer.text).xpath("//@href | //@hx-get")
    here = address.partition("?")[0]
    return {(f"{here}{each}" if each.startswith("?") else each).partition("#")[0] for each in told} - {""}


def test_a_link_to_a_place_on_the_page_finds_it(app, door, house, home):
    reader, wrong = Reader(door, house, Role.COMPLIANCE), []
    for _, address in pages_of(app, home):
        answer = reader.open(address)
        if is_page(answer) and answer.status_code == 200:
            tree = lxml.html.fromstring(answer.text)
            wrong += [(address, each) for each in tree.xpath("//a/@href[starts-with(., '#')]")
                      if each[1:] not in tree.xpath("//@id")]  # fmt: skip

    assert wrong == []


def test_a_manager_sees_nobody_whole_and_no_health_on_any_page(app, door, house, home):
    secret = (*NAMES, CONTACT, PROFESSIONALS_NAME, *HEALTH, *WORKERS, PROFESSIONAL, WORKER)
    reader, seen = Reader(door, house, Role.MANAGER), []
    for _, address in pages_of(app, home):
        text = reader.open(address).text
        seen += [(address, each) for each in secret if each in text]

    assert seen == []
    keeper = Reader(door, house, Role.COMPLIANCE).open(f"{DESK}/isyeri/{home.ids['sgk_tescil_no']}/workers")
    assert NAMES[0] in keeper.text  # the planted names do stand on a page of whoever keeps the registers


def test_content_that_was_refused_is_told_as_a_page_and_stands_in_the_log(app, gateway, door, house, home):
    asked = [address for rule, address in pages_of(app, home) if rule in CONTENT]
    reader = Reader(door, house, Role.MANAGER)

    answers = [reader.open(each) for each in asked]

    assert asked and {each.status_code for each in answers} == {403}
    assert all("INT-API-002" in each.text and is_page(each) for each in answers)
    entries = [each for each in log_of(gateway) if each["event"] == "content.withheld"]
    assert [(each["role"], each["right"] in CONTENT) for each in entries] == [("manager", True)] * len(asked)
    assert all("{" in each["call"] for each in entries)  # the pattern, never an id


def log_of(gateway):
    with reading(gateway.database) as tx:
        return [json.loads(each) for each in tx.execute(select(audit_entry.c.leaf).order_by(audit_entry.c.i)).scalars()]


def test_every_word_stands_in_two_languages_that_differ_only_where_they_may():
    told = spoken()

    assert [key for key, words in told.items() if set(words) != {"tr", "en"} or not all(words.values())] == []
    names = re.compile(r"\{(\w+)\}")
    assert [
        key for key, words in told.items() if set(names.findall(words["tr"])) != set(names.findall(words["en"]))
    ] == []


def test_a_browser_is_told_to_say_where_its_own_forms_come_from(door):
    answer = door.get(f"{DESK}/login")

    assert answer.headers["referrer-policy"] == "same-origin"  # "no-referrer" makes it say "Origin: null"


def test_the_language_link_leads_back_to_the_same_page(door, house, home):
    reader = Reader(door, house, Role.COMPLIANCE)
    page = lxml.html.fromstring(reader.open(f"{DESK}/bildirim?state=held").text)
    [link] = page.xpath("//a[@hreflang]/@href")

    assert parse_qs(urlsplit(link).query)["next"] == [f"{DESK}/bildirim?state=held"]
