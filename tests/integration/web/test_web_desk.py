"""Pages of the desk: the way in, who may see what, and what is told when something is not right."""

import json
import re
import shutil

import pytest

from integrator.domain.roles import Role
from integrator.people import making
from integrator.store.engine import reading, sqlite_url
from integrator.store.tables import audit_entry
from tests.factories import KURUM, record
from tests.integration.web.browsing import Browser, browser_of
from tests.integration.web.people import GOOD


@pytest.fixture
def database_url(migrated_file, tmp_path):
    """SQLite only: what a page is made of does not hang on the database."""
    path = tmp_path / "ibys.sqlite3"
    shutil.copyfile(migrated_file, path)
    return sqlite_url(path)


@pytest.fixture
def entries(gateway):
    """What the log holds."""

    def read():
        with reading(gateway.database) as tx:
            return [json.loads(row.leaf) for row in tx.execute(audit_entry.select().order_by(audit_entry.c.i))]

    return read


@pytest.fixture
def browser(door, house):
    return lambda role=Role.MANAGER, **facts: browser_of(door, house, role, **facts)


def test_whoever_is_not_in_is_shown_the_way_in_and_back(door, house):
    nobody = Browser(door, house, "")

    answer = nobody.go("/morning?lang=x")

    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/login?next=/desk/morning%3Flang%3Dx")
    page = nobody.go("/login?next=/desk/morning")
    assert page.status_code == 200 and 'value="/desk/morning"' in page.text


def test_the_first_time_goes_from_the_code_to_the_first_page(door, house):
    _, code = making.make_person(house, KURUM, Role.COMPLIANCE, "new@osgb.test", by="test")
    person = Browser(door, house, "new@osgb.test")

    first = person.send("/login/set-up", login="new@osgb.test", code=code, password=GOOD, again=GOOD)
    assert first.headers["location"] == "/desk/login/enrol"
    assert "Kuruluma başla" in person.go("/login/enrol").text
    page = person.send("/login/enrol").text
    person.secret = re.search(r'name="secret" value="([A-Z2-7]+)"', page)[1]
    assert '<svg class="qr"' in page
    codes = person.send("/login/enrol", secret=person.secret, code=person.code())
    assert len(re.findall("<li><code>", codes.text)) == 10
    assert person.go("").headers["location"] == "/desk/morning"
    assert person.go("/morning").status_code == 200


def test_two_steps_let_in_and_a_wrong_password_says_so_on_the_page(door, house, browser):
    known = browser()
    person = Browser(door, house, known.login, known.secret)
    house.gateway.clock.advance(seconds=60)

    wrong = person.send("/login", login=person.login, password="not this one")
    assert wrong.status_code == 401 and 'role="alert"' in wrong.text and person.login in wrong.text
    assert "not this one" not in wrong.text
    right = person.send("/login", login=person.login, password=GOOD, next="/desk/duyuru")
    assert right.headers["location"] == "/desk/login/second-step?next=/desk/duyuru"
    assert person.go("/morning").headers["location"] == "/desk/login/second-step"
    person.go("/login/second-step?next=/desk/duyuru")
    done = person.send("/login/second-step", code=person.code(), next="/desk/duyuru")
    assert (done.status_code, done.headers["location"]) == (303, "/desk/duyuru")


@pytest.mark.parametrize(
    "next_", ["https://evil.test/", "//evil.test", "/desk\\..\\x", "/v1/kayit", "/desk/\nx", "/deskx"]
)
def test_nobody_is_sent_away_from_the_desk(door, house, browser, next_):
    known = browser()
    person = Browser(door, house, known.login, known.secret)
    house.gateway.clock.advance(seconds=60)

    person.send("/login", login=person.login, password=GOOD, next=next_)
    person.go("/login/second-step")
    done = person.send("/login/second-step", code=person.code(), next=next_)

    assert done.headers["location"] == "/desk"


def test_a_form_without_the_token_of_its_session_changes_nothing(browser):
    person = browser(Role.COMPLIANCE)

    for csrf in ("", "x" * 64):
        answer = person.send("/logout", csrf=csrf)
        assert answer.status_code == 403 and "INT-PPL-004" in answer.text
    assert person.go("/morning").status_code == 200


def test_every_page_keeps_to_itself(browser):
    person = browser(Role.COMPLIANCE)

    answer = person.go("/morning")

    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert "<script>" not in answer.text and "style=" not in answer.text


def test_a_language_is_chosen_and_kept(browser):
    person = browser(Role.COMPLIANCE)

    assert 'lang="tr"' in person.go("/morning").text
    assert person.go("/language/en?next=/desk/morning").headers["location"] == "/desk/morning"
    assert 'lang="en"' in person.go("/morning").text
    assert person.go("/language/xx?next=//evil.test").headers["location"] == "/desk"
    assert 'lang="tr"' in person.go("/morning").text


def test_what_is_not_there_and_what_is_not_allowed_are_pages(browser):
    person = browser(Role.MANAGER)

    missing, forbidden = person.go("/no-such-page"), person.send("/cause/x/release", reason="x")

    assert (missing.status_code, forbidden.status_code) == (404, 403)
    assert "INT-API-003" in missing.text and "INT-API-002" in forbidden.text
    assert "<html" in missing.text and "<html" in forbidden.text


def test_a_body_that_is_no_form_is_told(door, browser):
    person = browser(Role.COMPLIANCE)
    person.go("/morning")

    for content, kind, status in (
        (b"{}", "application/json", 415),
        (b"reason=%ff", "application/x-www-form-urlencoded", 400),
        (b"a=1&" * 600, "application/x-www-form-urlencoded", 400),
        (b"reason=" + b"x" * 20_000, "application/x-www-form-urlencoded", 413),
    ):
        cookie = "; ".join(f"{name}={value}" for name, value in person.cookies.items())
        headers = {"Cookie": cookie, "Content-Type": kind, "X-CSRF-Token": person.csrf, "Accept": "text/html"}
        answer = door.post("/desk/cause/x/release", headers=headers, content=content)
        assert answer.status_code == status and "<html" in answer.text


def test_whoever_asks_for_content_that_their_role_does_not_see_is_refused_and_it_stands_in_the_log(
    browser, call, entries
):
    number = call("POST", "/kayit", json=record()).json()["sorgu_no"][0]
    person = browser(Role.MANAGER)

    answer = person.go(f"/bildirim/{number}/bytes")

    assert answer.status_code == 403
    [entry] = [each for each in entries() if each["event"] == "content.withheld"]
    assert (entry["role"], entry["right"], entry["kurum"]) == ("manager", "read_content", KURUM)
    assert entry["call"].endswith("/bildirim/{sorgu_no}/bytes")
