"""Who may what, walked from the table of routes: a route without a rule, or with an id nobody tried, fails here."""

import re
import shutil
import time
from dataclasses import fields
from datetime import timedelta
from inspect import iscoroutinefunction

import pytest
from fastapi.routing import iter_route_contexts
from sqlalchemy import event

from integrator import access, pipeline
from integrator.access import Principal
from integrator.domain.identifiers import KurumNo
from integrator.domain.limits import Limits
from integrator.domain.roles import NEVER_A_KEYS, RIGHTS, Right, Role
from integrator.parties import register, sessions
from integrator.parties.people import OWN
from integrator.parties.sessions import Level
from integrator.people import breaking, making
from integrator.store.engine import sqlite_url, writing
from integrator.store.prepared import Prepared
from integrator.trial.people import sgk_tescil_no
from integrator.web.bounds import Bounds
from integrator.web.guard import OPEN_TO_ALL, rule_of
from integrator.webhooks.carrying import Terms
from integrator.webhooks.guard import Guard
from tests.factories import KURUM, PROFESSIONAL, SGK, record
from tests.integration.web.people import made_person

OTHER = KurumNo("osgb-2")
FORBIDDEN = "INT-API-002"
ANOTHER_SGK = sgk_tescil_no(4711)
PEOPLE = [each for each in Role if each is not Role.SYSTEM]
PUBLIC = {
    "veri_seti": "egitim", "version": "2018-10", "list_name": "egitim_kodu", "provider": "x", "month": "2025-10",
    "language": "tr", "name": "desk.css", "verb": "release", "register": "finding", "entry_no": "2026-1",
}  # fmt: skip
OPEN_ROUTES = {
    ("GET", "/health/live"), ("GET", "/health/ready"), ("POST", "/v1/oturum"), ("POST", "/v1/oturum/set-up"),
    ("GET", "/v1/oturum/oidc"), ("POST", "/v1/oturum/oidc/{provider}"), ("GET", "/v1/oturum/oidc/{provider}/back"),
    ("POST", "/v1/belge/verify"), ("GET", "/desk/verify"), ("POST", "/desk/verify"),
    ("GET", "/desk/login"), ("POST", "/desk/login"), ("GET", "/desk/login/set-up"), ("POST", "/desk/login/set-up"),
    ("GET", "/desk/language/{language}"), ("GET", "/desk/static/{name}"),
}  # fmt: skip


@pytest.fixture
def database_url(migrated_file, tmp_path):
    """SQLite only: rights do not hang on the database, and these are a thousand calls."""
    path = tmp_path / "ibys.sqlite3"
    shutil.copyfile(migrated_file, path)
    return sqlite_url(path)


@pytest.fixture
def bounds():
    """None: the clock stands still, and a hundred routes are called from one address."""
    nothing = dict.fromkeys((each.name for each in fields(Limits)), 0)
    return Bounds(Limits(**nothing), failures_per_minute=0)


def routes_of(app):
    """(method, path, rules) of every route."""
    found = []
    for each in iter_route_contexts(app.routes):
        if each.path != "/v1/openapi.json":
            rules = [rule_of(one.call) for one in each.dependant.dependencies if rule_of(one.call)]
            found += [(method, each.path, rules) for method in sorted(each.methods)]
    return found


def test_every_route_has_exactly_one_rule_and_few_are_open_to_all(app):
    routes = routes_of(app)

    assert [(method, path) for method, path, rules in routes if len(rules) != 1] == []
    assert {(method, path) for method, path, rules in routes if rules == [OPEN_TO_ALL]} == OPEN_ROUTES
    assert len(routes) > 25


def test_no_dependency_but_the_rule_costs_a_call_a_thread(app):
    def below(dependant):
        for each in dependant.dependencies:
            yield each.call
            yield from below(each)

    asked = {
        each
        for route in iter_route_contexts(app.routes)
        if hasattr(route, "dependant")
        for each in below(route.dependant)
    }

    assert {each for each in asked if not rule_of(each) and not iscoroutinefunction(each)} == set()
    assert len(asked) > 5


class Tried:
    """Ids of what stands at KURUM, and of what never was."""

    def __init__(self, call, token_of, house):
        number = call("POST", "/kayit", json=record("K-1")).json()["sorgu_no"][0]
        _, session = made_person(house, Role.MANAGER, KURUM, login="owner@b.test")
        self.theirs = {
            "sorgu_no": str(number), "kayit_no": "K-1", "cause_id": _cause(call, house.gateway),
            "key_no": token_of(Role.SECRETARY)[5:13], "kullanici_no": session.kullanici_no,
            "oturum_no": session.oturum_no, "glass_no": _glass(house), **_of_doors(call),
            "usage_no": _usage(call, house.gateway), "profesyonel_index": _professional(house.gateway), **PUBLIC,
        }  # fmt: skip
        self.nobodys = {
            "sorgu_no": str(number + 1), "kayit_no": "K-9", "cause_id": "no-such-cause", "glass_no": "0" * 12,
            "key_no": "0" * 8, "kullanici_no": "0" * 12, "oturum_no": "0" * 12, "pack_no": "0" * 16,
            "usage_no": "0" * 16, "profesyonel_index": "0" * 32, "duyuru_no": "2026-99",
            "webhook_no": "0" * 8, "sgk_tescil_no": ANOTHER_SGK, **PUBLIC,
        }  # fmt: skip

    def address(self, path, ids):
        return re.sub(r"\{(\w+)(:path)?\}", lambda name: ids[name[1]], path)


def _of_doors(call):
    """What the doors' own calls make at KURUM."""
    asked = {"sgk_tescil_no": SGK, "since": "2025-10-01", "until": "2025-10-31"}
    hook = {"name": "test", "address": "https://hook.example/in"}
    told = {"no": "2026-1", "title": "x", "text": "x", "kurumlar": [KURUM]}
    assert call("PATCH", f"/isyeri/{SGK}", json={"reason": "test", "calisan_sayisi": 5}).status_code == 200
    assert call("POST", "/duyuru", json=told, role=Role.OPERATOR).status_code == 201
    pack_no = call("POST", "/pack", json=asked).json()["pack_no"]
    while call("GET", f"/pack/{pack_no}").json()["state"] in ("waiting", "making"):  # its thread asks the database, too
        time.sleep(0.02)
    return {
        "pack_no": pack_no,
        "webhook_no": call("POST", "/webhook", json=hook).json()["webhook_no"],
        "duyuru_no": "2026-1",
        "sgk_tescil_no": SGK,
    }


def _professional(gateway):
    sealer = gateway.keyring.sealer(KURUM)
    index = register.profesyonel_index(sealer, PROFESSIONAL)
    told = [register.Told(register.PROFESYONEL, index, {"tckn": PROFESSIONAL, "ad": "Deneme"})]
    with writing(gateway.database) as tx:
        changes = register.compare(tx, sealer, KURUM, told)
        register.write(tx, sealer, KURUM, changes, now=gateway.clock.now())
    return index


def _cause(call, gateway):
    gateway.generation.faults.append("213")
    pipeline.dispatch(gateway)
    [cause] = call("GET", "/cause").json()["causes"]
    return cause["cause"]


def _usage(call, gateway):
    assert call("POST", "/kayit", json=record("K-2", egitimTarihi="2025-10-24")).status_code == 201
    pipeline.dispatch(gateway)
    asked = {"sgk_tescil_no": SGK, "since": "2025-10-24", "until": "2025-10-24"}
    return call("POST", "/belge", json=asked).json()["usage_no"]


def _glass(house):
    _, session = made_person(house, Role.OPERATOR, KURUM, login="staff@b.test")
    by = Principal(OWN, Role.OPERATOR, "person x", frozenset(), kullanici_no=session.kullanici_no)
    return breaking.break_glass(house, by, KURUM, reason="test", lasts=timedelta(hours=1)).glass_no


@pytest.fixture
def tried(app, call, token_of, house):
    app.state.webhook_terms = Terms(guard=Guard(resolve=lambda host, port: ["93.184.215.14"]))  # nobody is called
    return Tried(call, token_of, house)


def as_person(house, role, kurum, level=Level.OPEN):
    """Headers of a fresh session: one that a call ends is not missed by the next."""
    token, _ = made_person(house, role, kurum, level=level)
    return {"Cookie": f"__Host-ibys={token}", "X-CSRF-Token": sessions.csrf_of(token)}


def asked(door, method, path, headers):
    door.cookies.clear()
    return door.request(method, path, headers=headers, content=b"x", follow_redirects=False)


def code_of(answer):
    """The code of a problem; "" for any other answer. A page's problems are JSON for whoever asks for no page."""
    is_problem = answer.headers.get("content-type") == "application/problem+json"
    return answer.json()["code"] if is_problem else ""


def test_every_role_may_what_the_table_says_and_nothing_else(app, door, house, token_of, tried):
    keys = {role: {"Authorization": f"Bearer {token_of(role)}"} for role in Role}
    wrong = []
    for method, path, [rule] in routes_of(app):
        if rule == OPEN_TO_ALL:
            continue
        address = tried.address(path, tried.nobodys)
        for role in Role:
            several = [(keys[role], RIGHTS[role] - NEVER_A_KEYS)]
            several += [(as_person(house, role, KURUM), RIGHTS[role])] if role in PEOPLE else []
            for headers, rights in several:
                answer = asked(door, method, address, headers)
                is_refused = answer.status_code == 403 and code_of(answer) == FORBIDDEN
                if is_refused == (rule in rights) or answer.status_code in (401, 500):
                    wrong.append((method, path, role, sorted(headers), answer.status_code))

    assert wrong == []


def test_nobody_comes_in_with_what_does_not_open(app, door, house, token_of, gateway, clock, tried):
    revoked, ended = token_of(Role.SYSTEM), as_person(house, Role.AUDITOR, KURUM)
    access.revoke_api_key(gateway, KURUM, revoked[5:13], reason="test")
    making.lock_person(house, "auditor@osgb-1.test", reason="test", by="test")
    expired = token_of(Role.SYSTEM, lives=timedelta(seconds=1))
    clock.advance(seconds=1)
    bad = {
        "anonymous": {},
        "revoked": {"Authorization": f"Bearer {revoked}"},
        "expired": {"Authorization": f"Bearer {expired}"},
        "ended": ended,
    }
    wrong = []
    for method, path, [rule] in routes_of(app):
        for name, headers in bad.items():
            answer = asked(door, method, tried.address(path, tried.theirs), headers)
            if rule != OPEN_TO_ALL and (answer.status_code, code_of(answer)) != (401, "INT-API-001"):
                wrong.append((method, path, name, answer.status_code))

    assert wrong == []


NEXT_STEPS = {
    Level.PASSWORD: {("POST", "/second-step"), ("GET", "/desk/login/second-step"), ("POST", "/desk/login/second-step")},
    Level.ENROL: {
        ("POST", "/totp"), ("PUT", "/totp"), ("GET", "/desk/login/enrol"), ("POST", "/desk/login/enrol"),
    },
}  # fmt: skip


@pytest.mark.parametrize("level", [Level.PASSWORD, Level.ENROL])
def test_half_a_session_opens_its_own_next_step_only(app, door, house, tried, level):
    opened = set()
    for method, path, [rule] in routes_of(app):
        if rule != OPEN_TO_ALL:
            answer = asked(
                door, method, tried.address(path, tried.nobodys), as_person(house, Role.MANAGER, KURUM, level)
            )
            if (answer.status_code, code_of(answer)) != (403, "INT-PPL-005"):
                opened.add((method, path.removeprefix("/v1/oturum")))

    assert opened == {("GET", ""), ("DELETE", ""), ("POST", "/desk/logout")} | NEXT_STEPS[level]


BODIES = {
    "acknowledge": {"name": "x"}, "number-changed": {"new": ANOTHER_SGK, "reason": "x"}, "rotate": {}, "test": {},
    "replay": {"reason": "x", "after": "0"}, "role": {"reason": "x", "role": "manager"}, "{webhook_no}": {"name": "x"},
}  # fmt: skip
OF_STAFF = {Right.ANNOUNCE, Right.KEEP_REGISTRY}
"""What belongs to the integrator and to no customer."""
OWN_CARD = {"/v1/isyeri/{sgk_tescil_no}", "/v1/isyeri/{sgk_tescil_no}/number-changed"}
"""A workplace's number is public, and each customer keeps a card of its own: to write one is no look at another's."""


def body_of(method, path):
    if path.startswith("/desk/"):
        return {"data": {"reason": "x"}} if method == "POST" else {}
    last = path.rpartition("/")[2]
    if last in BODIES and method != "GET":
        return {"json": BODIES[last]}
    if path == "/v1/kayit/{kayit_no:path}" and method == "PUT":
        return {"json": record("K-8"), "params": {"reason": "x"}}
    if method == "PUT" and path.endswith("/signature"):
        return {"content": b"x", "headers": {"Content-Type": "application/octet-stream"}}
    return {"json": {"reason": "x"}} if method in ("POST", "PUT", "PATCH") else {}


def test_anothers_ids_are_as_unknown_as_ids_that_never_were_byte_for_byte_and_query_for_query(
    app, door, house, token_of, tried, gateway, monkeypatch
):
    statements, ask = [], Prepared.all
    event.listen(gateway.database, "before_cursor_execute", lambda *told: statements.append(told[2]))
    # SQLAlchemy tells nothing of those that SQLite is given as text
    monkeypatch.setattr(Prepared, "all", lambda one, *tx, **told: statements.append(one._text) or ask(one, *tx, **told))

    def answer_of(method, path, ids, headers):
        statements.clear()
        facts = body_of(method, path)
        told = {**headers, **facts.pop("headers", {}), "X-Request-Id": "matrix-0001"}
        door.cookies.clear()
        answer = door.request(method, tried.address(path, ids), headers=told, follow_redirects=False, **facts)
        named = {value: "#" for name, value in ids.items() if name not in PUBLIC}
        content = re.sub("|".join(map(re.escape, named)), "#", answer.text)
        head = [each for each in answer.headers.multi_items() if each[0] != "content-length"]
        queries = [re.sub(r"\(\?(, \?)*\)", "(?)", each) for each in statements]  # how many rows the log's edge has
        return answer.status_code, content, head, queries

    key = {"Authorization": f"Bearer {token_of(Role.SYSTEM, OTHER)}"}
    door.request("POST", "/v1/kayit/check", headers=key, json=record("K-7"))  # from here on its quotas are known
    leaks, count = [], 0
    for method, path, [rule] in routes_of(app):
        names = {each for each, _ in re.findall(r"\{(\w+)(:path)?\}", path)} - set(PUBLIC)
        if not names or rule in OF_STAFF:
            continue
        roles = [role for role in PEOPLE if rule in RIGHTS[role]]
        knocking = [as_person(house, role, OTHER) for role in roles]
        if rule not in NEVER_A_KEYS:
            knocking += [key]
        for headers in knocking:
            door.request("GET", "/v1/line", headers=headers)  # that a key was used is noted once a minute
            theirs = answer_of(method, path, tried.theirs, headers)
            nobodys = answer_of(method, path, tried.nobodys, headers)
            count += 1
            if theirs != nobodys or (theirs[0] != 404 and not (path in OWN_CARD and method != "GET")):
                leaks.append((method, path, theirs, nobodys))

    assert leaks == []
    assert count > 30


def test_every_right_is_asked_for_and_every_role_may_something(app):
    asked_for = {rule for _, _, [rule] in routes_of(app)}

    assert asked_for | {Right.READ_HEALTH} == {OPEN_TO_ALL, *Right}  # which POST /pack asks for when it must
    assert set(RIGHTS) == set(Role)
