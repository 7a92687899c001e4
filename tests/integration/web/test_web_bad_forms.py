"""Whatever is typed into any field of any form of the desk: answered, escaped, told, and nothing kept of a refusal."""

import re
import shutil
from urllib.parse import urlencode

import lxml.html
import pytest
from sqlalchemy import func, select

from integrator.domain.roles import Role
from integrator.store.engine import reading, sqlite_url
from integrator.store.tables import metadata
from tests.integration.web import desk_home
from tests.integration.web.test_web_pages import LEVELS, Level, Reader, is_page, pages_of

MARK = "<img src=x onerror=alert(7)>"
BAD = {
    "script": f'"><script>alert(7)</script>{MARK}',
    "attribute": "' onfocus=alert(7) autofocus x='",
    "sql": "'; DROP TABLE bildirim; --",
    "huge": "ş" * 10_000,
    "turkish": "İıŞşĞğÜüÖöÇç",
    "empty": "",
    "nul": "a\0b",
    "control": "a\x1b[31m\x07\x85b",
    "right to left": "\u202eabc\u2066\u200f",
    "long number": "9" * 400,
    "template": "{{ 7 * 7 }}{% raw %}{0}%s",
    "half a pair": "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
}
ENDS_SOMETHING = ("/logout", "/end")
NOT_KEPT = {"call_rate", "quota_use", "login_brake", "oturum", "audit_entry", "state_depth", "duyuru_alindi"}
"""Tables in which a call, a failed login or a look leaves its count."""


@pytest.fixture
def database_url(migrated_file, tmp_path):
    path = tmp_path / "ibys.sqlite3"
    shutil.copyfile(migrated_file, path)
    return sqlite_url(path)


@pytest.fixture
def home(gateway, ministry, clock, tmp_path):
    return desk_home.fill(gateway, ministry, clock, tmp_path)


def forms_of(app, door, house, home):
    """Every form that any role is shown, once: (reader, method, action, its fields as they came)."""
    known = {}
    for role in (Role.COMPLIANCE, Role.OPERATOR):  # what the others are shown, one of these is shown, too
        readers = {level: Reader(door, house, role, level) for level in Level}
        for _, address in pages_of(app, home):
            reader = readers[LEVELS.get(address, Level.OPEN)]
            answer = reader.open(address)
            if is_page(answer) and answer.status_code == 200:
                for form in lxml.html.fromstring(answer.text).forms:
                    at = (form.method, re.sub(r"[0-9a-f]{8,}", "", form.action))
                    known.setdefault(at, (reader, form.method, form.action, dict(form.fields)))
    return [each for each in known.values() if not each[2].endswith(ENDS_SOMETHING)]


def send(reader, method, action, fields):
    """The form as a browser sends it."""
    reader.door.cookies.clear()
    headers = {"Cookie": reader.cookie, "Accept": "text/html", "Content-Type": "application/x-www-form-urlencoded"}
    told = urlencode({name: value for name, value in fields.items() if value is not None})
    address = f"{action}?{told}" if method == "GET" else action
    content = None if method == "GET" else told.encode()
    return reader.door.request(method, address, headers=headers, content=content, follow_redirects=False)


def stands_raw(text):
    """Whether something of what was typed became HTML."""
    return MARK in text or "<script>alert" in text or bool(lxml.html.fromstring(text).xpath("//@onfocus | //@onerror"))


def kept(gateway):
    """How many rows each table has, but for those in which every call leaves a trace."""
    several = [each for each in metadata.sorted_tables if each.name not in NOT_KEPT]
    with reading(gateway.database) as tx:
        row = tx.execute(select(*(select(func.count()).select_from(each).scalar_subquery() for each in several))).one()
    return dict(zip((each.name for each in several), row, strict=True))


def test_bad_input_is_answered_escaped_and_told_and_leaves_nothing(app, gateway, door, house, home):
    forms, wrong, refused, before = forms_of(app, door, house, home), [], 0, kept(gateway)
    for reader, method, action, fields in forms:
        names = [each for each in fields if each != "csrf"]
        for at, name in enumerate(names):
            for kind in list(BAD) if len(names) == 1 else list(BAD)[at % 2 :: 2]:  # each meets every other, forms all
                value = BAD[kind]
                answer = send(reader, method, action, {**fields, name: value})
                about = (method, action, name, kind, answer.status_code)
                text = answer.text
                if answer.status_code >= 500 or (is_page(answer) and stands_raw(text)):
                    wrong.append(about)
                if answer.status_code >= 400:
                    refused += 1
                    is_told = 'role="alert"' in text or "INT-" in text
                    wrong += [] if is_told else [(*about, "not told")]
                    changed = {each for each, count in kept(gateway).items() if count != before[each]}
                    wrong += [(*about, changed)] if changed else []
                else:
                    before = kept(gateway)

    assert wrong == []
    assert len(forms) >= 8 and refused > 50


def test_what_was_taken_is_escaped_wherever_it_is_shown(app, gateway, door, house, home):
    officer = Reader(door, house, Role.COMPLIANCE)
    place, number = home.ids["sgk_tescil_no"], home.ids["sorgu_no"]
    typed = {"csrf": officer.csrf, "reason": BAD["attribute"], "contact_name": MARK}
    taken = [
        send(officer, "POST", f"/desk/isyeri/{place}", typed),
        send(officer, "POST", f"/desk/bildirim/{number}/release", {"csrf": officer.csrf, "reason": MARK}),
    ]
    texts = [answer.text for _, address in pages_of(app, home) if is_page(answer := officer.open(address))]

    assert [each.status_code for each in taken] == [303, 303]
    assert any("&lt;img src=x" in each for each in texts)
    assert not any(stands_raw(each) for each in texts)


def test_a_form_of_somebody_elses_session_is_refused(door, house, home):
    one, two = Reader(door, house, Role.COMPLIANCE), Reader(door, house, Role.SECRETARY)
    answer = send(one, "POST", f"/desk/isyeri/{home.ids['sgk_tescil_no']}", {"csrf": two.csrf, "reason": "x"})

    assert answer.status_code == 403 and "INT-PPL-004" in answer.text
