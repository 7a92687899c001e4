import json
import shutil

import pytest

from integrator.domain.roles import Role
from integrator.store.engine import reading, sqlite_url
from integrator.store.people_tables import kullanici, login_brake, oturum
from integrator.store.tables import audit_entry, kayit
from tests.factories import record
from tests.integration.web.people import GOOD

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def database_url(migrated_file, tmp_path):
    """SQLite only, for the sake of time."""
    path = tmp_path / "ibys.sqlite3"
    shutil.copyfile(migrated_file, path)
    return sqlite_url(path)


@pytest.fixture
def stored(gateway):
    def read():
        with reading(gateway.database) as tx:
            return [tx.execute(each.select()).all() for each in (kayit, kullanici, oturum, audit_entry)]

    return read


def is_problem(answer):
    return answer.headers["content-type"] == "application/problem+json" and "Traceback" not in answer.text


ELSEWHERE = [
    {"X-CSRF-Token": ""},
    {"X-CSRF-Token": "0" * 64},
    {"X-CSRF-Token": "ç".encode()},
    {"Origin": "https://evil.test"},
    {"Origin": "null"},
    {"Origin": "http://testserver.evil.test"},
    {"Origin": "http://[::1"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Origin": "http://testserver"},
]


def test_another_sites_page_changes_nothing_with_a_persons_cookie(person, stored):
    someone = person(Role.COMPLIANCE)
    before = stored()
    answers = []
    for headers in ELSEWHERE:
        answers += [
            someone.call("POST", "/cause/x/release", json={"reason": "x"}, headers=headers),
            someone.call("DELETE", "/oturum", headers=headers),
            someone.call("PUT", "/oturum/password", json={"old": GOOD, "new": GOOD + "!"}, headers=headers),
        ]

    assert {(each.status_code, each.json()["code"]) for each in answers} == {(403, "INT-PPL-004")}
    assert all(map(is_problem, answers))
    assert stored() == before


def test_our_own_page_does_and_so_does_a_program_with_a_key(person, call):
    own = {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}
    someone = person(Role.COMPLIANCE)

    assert someone.call("POST", "/cause/x/release", json={"reason": "x"}, headers=own).status_code == 404
    assert call("POST", "/kayit", json=record(), headers={"Origin": "https://evil.test"}).status_code == 201


def test_the_token_of_one_session_is_no_other_sessions(person):
    mine, theirs = person(Role.COMPLIANCE), person(Role.MANAGER)
    answer = mine.call("DELETE", "/oturum", headers={"X-CSRF-Token": theirs.csrf})

    assert answer.json()["code"] == "INT-PPL-004"


PATHS = [
    "/v1/oturum/", "/v1/oturum/list/..%2f..%2fbildirim", "/v1/oturum/%2e%2e/bildirim", "/v1/oturum/..%5cbildirim",
    "/v1/oturum/list/%00", "/v1/oturum/list/%252e%252e", "/v1//oturum", "/V1/oturum", "/v1/oturum%00",
    "/v1/oturum/list/%c0%ae%c0%ae", "/v1/oturum/list/%ff", "/v1/oturum;a=b", "/v1/oturum%20",
    "/v1/oturum/list/a%0d%0ab", "/v1/kayit/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "/v1/kayit/..%252f..%252f",
    "/v1/kayit/%00", "/v1/kayit/K%0d%0aSet-Cookie:a=b", "/v1/bildirim/%31%30", "/v1/bildirim/1%00", "/v1/bildirim/١٢",
    "/v1/bildirim/1e3", "/v1/bildirim/-1", "/v1/bildirim/+1", "/v1/glass/%2e%2e", "/v1/kod/..%2f..%2f/x/y",
    "/v1/kod/egitim/%2e%2e/x", "/health/..%2fv1%2fbildirim",
]  # fmt: skip


def test_tricks_with_paths_open_nothing_and_store_nothing(person, door, token_of, stored):
    someone, key = person(Role.AUDITOR), {"Authorization": f"Bearer {token_of(Role.SYSTEM)}"}
    cookie = {"Cookie": f"__Host-ibys={someone.cookies['__Host-ibys']}", "X-CSRF-Token": someone.csrf}
    door.request("GET", "/v1/line", headers=key)  # its use is noted
    before, opened = stored(), []
    door.cookies.clear()
    for path in PATHS:
        for method, headers in [(method, each) for method in ("GET", "DELETE") for each in ({}, key, cookie)]:
            answer = door.request(method, path, headers=headers, follow_redirects=False)
            is_told = answer.status_code == 307 or is_problem(answer)
            if (
                answer.status_code not in (400, 401, 403, 404, 405, 307)
                or not is_told
                or "set-cookie" in answer.headers
            ):
                opened.append((method, path, answer.status_code))

    assert opened == []
    assert stored() == before


BODIES = [
    (b"", JSON, 400),
    (b"{", JSON, 400),
    (b"[]", JSON, 400),
    (b"null", JSON, 400),
    (b'{"login": "a@b.test"}', JSON, 400),
    (b'{"login": "a@b.test", "password": 1}', JSON, 400),
    (b'{"login": "a@b.test", "password": "x", "role": "operator"}', JSON, 400),
    (b'{"login": "\xff\xfe@b.test", "password": "x"}', JSON, 400),
    (b"\xff\xfe\x00", JSON, 400),
    (b"login=a@b.test&password=x", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
    (b'{"login": "a@b.test", "password": "x"}', {"Content-Type": "text/plain"}, 415),
    (b'{"login": "' + b"a" * 300 + b'@b.test", "password": "x"}', JSON, 400),
    (b'{"login": "a@b.test", "password": "' + b"x" * 2000 + b'"}', JSON, 400),
    (b'{"login": "a@b.test", "password": "' + b"x" * 20_000 + b'"}', JSON, 413),
    (b"[" * 10_000, JSON, 400),
    (b'{"login": "\\ud800@b.test", "password": "\\ud800"}', JSON, 400),
    (b'{"login": "a\\u0000@b.test", "password": "x"}', JSON, 401),
    (b'{"login": "a\\r\\nSet-Cookie: x=y@b.test", "password": "x"}', JSON, 401),
    (b'{"login": "80000000132@b.test", "password": "x"}', JSON, 401),
    (b'{"login": "\' OR 1=1 --@b.test", "password": "x"}', JSON, 401),
]


def test_bad_bodies_of_a_log_in_are_told_and_store_nothing(door, stored, gateway):
    gateway.keyring.sealer("~", now=gateway.clock.now())
    before = stored()
    answers = [door.post("/v1/oturum", content=body, headers=headers) for body, headers, _ in BODIES]

    assert [each.status_code for each in answers] == [status for _, _, status in BODIES]
    assert all(map(is_problem, answers))
    assert not any("set-cookie" in each.headers for each in answers)
    assert stored() == before


def test_a_body_without_a_length_is_capped_before_anybody_shows_a_name(door):
    def pieces():
        for _ in range(40):
            yield b" " * 1000

    answer = door.post("/v1/oturum", content=pieces(), headers=JSON)

    assert (answer.status_code, answer.json()["code"]) == (413, "INT-API-005")


def test_cookies_of_any_size_and_kind_are_no_session(door):
    for cookie in (
        "__Host-ibys=" + "A" * 60_000,
        "; " * 5_000,
        "__Host-ibys",
        "=" * 999,
        "__Host-ibys=\xe9\xff",
        "a=b;" * 9_999,
    ):
        answer = door.get("/v1/oturum", headers={"Cookie": cookie.encode("latin-1")})

        assert (answer.status_code, is_problem(answer)) == (401, True)


def test_what_is_shown_twice_opens_nothing(person, door, token_of):
    good, cookie = f"Bearer {token_of()}", f"__Host-ibys={person().cookies['__Host-ibys']}"
    twice = [
        [("Authorization", good), ("Authorization", good)],
        [("Cookie", cookie), ("Cookie", cookie)],
        [("Cookie", f"{cookie}; {cookie}")],
        [("Cookie", f"{cookie}; __Host-ibys=")],
    ]

    assert [door.get("/v1/line", headers=each).status_code for each in twice] == [401] * 4


def test_a_key_beside_a_cookie_counts_alone(person, door, token_of):
    someone = person(Role.AUDITOR)
    cookie = {"Cookie": f"__Host-ibys={someone.cookies['__Host-ibys']}"}

    assert door.get("/v1/bildirim", headers={**cookie, "Authorization": "Bearer x"}).status_code == 401
    assert door.get("/v1/oturum", headers={**cookie, "Authorization": f"Bearer {token_of()}"}).status_code == 403


def test_the_brakes_do_not_grow_by_names_that_are_none(door, gateway):
    for n in range(5):
        door.post("/v1/oturum", json={"login": f"no name {n}", "password": "x"})
    with reading(gateway.database) as tx:
        names = [row.name for row in tx.execute(login_brake.select())]

    assert len(names) == 2
    assert "no name" not in json.dumps(names)
