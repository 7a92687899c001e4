import json
import shutil

import pytest

from integrator import pipeline
from integrator.domain.identifiers import KurumNo, Tckn
from integrator.domain.roles import Role
from integrator.store.engine import reading, sqlite_url
from integrator.store.tables import audit_entry
from tests.factories import FOREIGNER, KURUM, WORKER, record, tckn

OTHER = KurumNo("osgb-2")


@pytest.fixture
def database_url(migrated_file, tmp_path):
    """SQLite only: nothing here hangs on the database."""
    path = tmp_path / "ibys.sqlite3"
    shutil.copyfile(migrated_file, path)
    return sqlite_url(path)


@pytest.fixture
def entries(gateway):
    def read(prefix):
        with reading(gateway.database) as tx:
            leaves = [json.loads(row.leaf) for row in tx.execute(audit_entry.select().order_by(audit_entry.c.i))]
        return [each for each in leaves if each["event"].startswith(prefix)]

    return read


@pytest.fixture
def number(call):
    return call("POST", "/kayit", json=record("K-1")).json()["sorgu_no"][0]


def broken(operator, **changes):
    return operator.call("POST", "/glass", json={"kurum": KURUM, "reason": "fault 12", "minutes": 30, **changes})


def test_staff_sees_no_content_without_breaking_the_glass_and_with_it_only_looks(person, number, call):
    operator = person(Role.OPERATOR)
    before = operator.call("GET", f"/bildirim/{number}/bytes")
    glass = {"Ibys-Glass": broken(operator).json()["glass_no"]}
    seen = operator.call("GET", f"/bildirim/{number}/bytes", headers=glass)
    acted = operator.call("POST", f"/bildirim/{number}/cancel", headers=glass, json={"reason": "x"})
    submitted = operator.call("POST", "/kayit", headers=glass, json=record("K-2"))

    assert (before.status_code, seen.status_code, seen.content[:5]) == (403, 200, b"<?xml")
    assert (acted.status_code, submitted.status_code) == (403, 403)


def test_every_look_stands_in_the_log_before_it_is_done(person, number, entries):
    operator = person(Role.OPERATOR)
    glass = {"Ibys-Glass": broken(operator).json()["glass_no"]}
    operator.call("GET", f"/bildirim/{number}", headers=glass)
    operator.call("GET", "/bildirim/99999999999", headers=glass)
    operator.call("GET", "/bildirim", headers=glass)
    operator.call("DELETE", f"/glass/{glass['Ibys-Glass']}")
    told = entries("glass.")

    assert [each["event"] for each in told] == ["glass.broken", *["glass.looked"] * 3, "glass.ended"]
    assert (told[0]["reason"], told[0]["kurum"], told[1]["messages"]) == ("fault 12", KURUM, [number])
    assert [each["call"] for each in told[1:4]] == [*["GET /bildirim/{sorgu_no}"] * 2, "GET /bildirim"]


def test_the_customer_sees_who_looked_and_why_and_no_other_customer_does(person, call, number):
    operator = person(Role.OPERATOR)
    glass_no = broken(operator).json()["glass_no"]
    [mine] = call("GET", "/glass", role=Role.MANAGER).json()["glass"]

    assert (mine["glass_no"], mine["reason"], mine["kurum"]) == (glass_no, "fault 12", KURUM)
    assert call("GET", "/glass", role=Role.MANAGER, kurum=OTHER).json() == {"glass": []}


def test_the_customer_hears_of_it_by_the_feed_and_no_other_customer_hears(person, call, number):
    broken(person(Role.OPERATOR))

    assert call("GET", "/change").json()["changes"][-1]["event"] == "glass.broken"
    assert call("GET", "/change", kurum=OTHER).json()["changes"] == []


def test_a_glass_is_of_one_person_and_one_customer_and_ends(person, number, gateway, call):
    operator, colleague = person(Role.OPERATOR), person(Role.OPERATOR, login="colleague@b.test")
    call("GET", "/line", kurum=OTHER)
    glass = {"Ibys-Glass": broken(operator).json()["glass_no"]}
    elsewhere = {"Ibys-Glass": broken(operator, kurum=OTHER).json()["glass_no"]}
    path = f"/bildirim/{number}"

    assert colleague.call("GET", path, headers=glass).status_code == 403
    assert operator.call("GET", path, headers=elsewhere).status_code == 404
    assert operator.call("GET", path, headers=glass).status_code == 200
    gateway.clock.advance(minutes=29)
    operator.call("GET", "/oturum")
    gateway.clock.advance(minutes=1)
    assert operator.call("GET", path, headers=glass).status_code == 403


def test_nobody_else_breaks_a_glass_and_none_without_a_reason_or_for_long(person, number, call):
    operator, auditor = person(Role.OPERATOR), person(Role.AUDITOR)

    assert broken(auditor).status_code == 403
    assert auditor.call("GET", "/line", headers={"Ibys-Glass": "0" * 12}).status_code == 403
    assert call("POST", "/glass", role=Role.OPERATOR, json={"kurum": KURUM, "reason": "x"}).status_code == 403
    faults = [broken(operator, **each) for each in ({"reason": " "}, {"minutes": 241}, {"kurum": "nobody"}, {"x": 1})]
    assert [each.status_code for each in faults] == [422, 400, 404, 400]


def test_a_professional_reads_signs_and_sees_waiting_what_is_theirs_only(call, door, token_of, gateway, person):
    gateway.cupboard._by_owner.clear()  # every message awaits its professional
    number = call("POST", "/kayit", json=record("K-1")).json()["sorgu_no"][0]
    mine, other = person(Role.PROFESSIONAL), token_of(Role.PROFESSIONAL, professional=Tckn(FOREIGNER))
    key = {"Authorization": f"Bearer {other}"}
    put = {"content": b"x", "headers": {"Content-Type": "application/octet-stream", **key}}

    assert mine.call("GET", f"/bildirim/{number}/bytes").status_code == 200
    assert len(mine.call("GET", "/bildirim/waiting").json()["waiting"]) == 1
    assert door.get(f"/v1/bildirim/{number}/bytes", headers=key).status_code == 404
    assert door.put(f"/v1/bildirim/{number}/signature", **put).status_code == 404
    assert door.get("/v1/bildirim/waiting", headers=key).json()["waiting"] == []


def test_a_key_has_no_more_rights_than_it_was_given(door, token_of):
    key = {"Authorization": f"Bearer {token_of(Role.SYSTEM, rights=['follow'])}"}

    assert door.get("/v1/bildirim", headers=key).status_code == 200
    assert door.get("/v1/line", headers=key).status_code == 403
    assert door.post("/v1/kayit", headers=key, json=record()).status_code == 403


def test_a_manager_sees_that_a_part_of_a_health_record_was_refused_and_nothing_of_it(call, gateway, monkeypatch):
    number = call("POST", "/kayit", json=record(calisan=[WORKER, tckn(810_000_007)])).json()["sorgu_no"][0]
    gateway.generation.off_roster.add(WORKER)
    pipeline.dispatch(gateway)
    monkeypatch.setattr(type(gateway.catalogue), "is_health", lambda *_: True)
    told = {role: call("GET", f"/bildirim/{number}", role=role).json() for role in (Role.MANAGER, Role.AUDITOR)}

    assert (told[Role.MANAGER]["withheld"], told[Role.MANAGER]["refused_parts"]) == (True, [])
    assert (told[Role.AUDITOR]["withheld"], len(told[Role.AUDITOR]["refused_parts"])) == (False, 1)
