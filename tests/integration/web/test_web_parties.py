import json
from dataclasses import replace

import pytest

from integrator.domain.identifiers import KurumNo
from integrator.domain.parties import Isyeri
from integrator.domain.roles import Role
from integrator.limiting import set_limits
from integrator.store.engine import reading
from integrator.store.tables import audit_entry, isyeri_karti
from tests.factories import KURUM, PROFESSIONAL, SGK, WORKER
from tests.fakes import FakeMinistry
from tests.integration.pipeline.exports import NEW, ROSTER, contract, worker
from tests.unit.intake.sheets import write_csv, write_xlsx

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
OTHER = KurumNo("osgb-2")
XLSX = {"Content-Type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
WHY = {"reason": "telefonla söylendi"}


@pytest.fixture
def take(call, tmp_path):
    def make(kind, headings, rows, *, form="xlsx", query="", **facts):
        path = tmp_path / f"export.{form}"
        (write_xlsx if form == "xlsx" else write_csv)(path, rows, headings=headings)
        kinds = XLSX if form == "xlsx" else {"Content-Type": "text/csv"}
        address = f"/parties/import?kind={kind}{query}"
        return call("POST", address, content=path.read_bytes(), headers=kinds, **facts)

    return make


def cards(gateway):
    with reading(gateway.database) as tx:
        return tx.execute(isyeri_karti.select()).all()


def leaves(gateway, event):
    with reading(gateway.database) as tx:
        told = [json.loads(row.leaf) for row in tx.execute(audit_entry.select().order_by(audit_entry.c.i))]
    return [each for each in told if each["event"] == event]


def test_an_export_is_taken_shown_and_taken_again_without_change(call, take, gateway):
    first = take("contracts", NEW, [contract()])
    again = take("contracts", NEW, [contract()]).json()
    [card] = call("GET", "/isyeri").json()["isyeri"]

    assert (first.status_code, first.json()["counts"]["new"], again["counts"]["same"]) == (200, 1, 1)
    assert (card["sgk_tescil_no"], card["contracts"]) == (SGK, 1)
    assert "roster" in card["missing"]
    assert "contracts" not in card["missing"]
    assert {each["by"][:4] for each in leaves(gateway, "party.imported")} == {"key "}


def test_a_preview_writes_nothing_and_tells_all(take, gateway):
    told = take("contracts", NEW, [contract()], query="&preview=true").json()

    assert (told["preview"], told["counts"]["new"], cards(gateway)) == (True, 1, [])


def test_a_roster_wants_its_day_and_a_faulty_row_stops_no_other(call, take):
    rows = [worker(WORKER), worker("123")]
    without = take("roster", ROSTER, rows, form="csv")
    told = take("roster", ROSTER, rows, form="csv", query="&refreshed_on=2025-10-01&whole=true").json()

    assert (without.status_code, without.json()["code"]) == (400, "INT-INT-010")
    assert (told["counts"]["new"], told["counts"]["faulty"]) == (1, 1)
    assert call("GET", f"/isyeri/{SGK}").json()["workers"] == 1


def test_a_manager_sees_names_masked_and_nobody_sees_numbers(call, take):
    take("contracts", NEW, [contract()])
    keeps, manages = (call("GET", f"/isyeri/{SGK}", role=role).text for role in (Role.SECRETARY, Role.MANAGER))
    people = call("GET", "/profesyonel", role=Role.SECRETARY)

    assert ("Deneme Kişisi" in keeps, "Deneme Kişisi" in manages) == (True, False)
    assert [each["ad"] for each in people.json()["profesyonel"]] == ["Deneme Kişisi"]
    assert PROFESSIONAL not in keeps + manages + people.text


def test_a_fact_is_written_once_with_its_reason_and_name(call, gateway):
    told = {**WHY, "calisan_sayisi": 12, "kamu": False, "ohs_duty_from": "2024-12-31", "tehlike_sinifi": "tehlikeli"}
    kinds = [call("PATCH", f"/isyeri/{SGK}", json=told).json()["kind"] for _ in range(2)]
    card = call("GET", f"/isyeri/{SGK}").json()

    assert kinds == ["new", "same"]
    assert (card["calisan_sayisi"], card["ohs_duty_from"]) == (12, "2024-12-31")
    assert [each["reason"] for each in leaves(gateway, "party.changed")] == [WHY["reason"]]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PATCH", f"/isyeri/{SGK}", {}, 400),
        ("PATCH", f"/isyeri/{SGK}", WHY, 400),
        ("PATCH", f"/isyeri/{SGK}", {**WHY, "kamu": "x"}, 400),
        ("PATCH", f"/isyeri/{SGK}", {"reason": f"of {PROFESSIONAL}", "kamu": True}, 422),
        ("PATCH", "/isyeri/1", {**WHY, "kamu": True}, 400),
        ("GET", f"/isyeri/{SGK}", None, 404),
        ("POST", f"/isyeri/{SGK}/number-changed", {**WHY, "new": SGK}, 404),
        ("PATCH", "/kurum", {**WHY, "tur": "?"}, 400),
    ],
)
def test_what_cannot_be_written_is_a_problem_and_writes_nothing(call, gateway, method, path, body, status):
    answer = call(method, path, json=body)

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert cards(gateway) == []


def test_a_number_that_changed_is_told_and_leads_in_no_circle(call):
    new = SGK[:9] + "0001231" + SGK[16:]
    call("PATCH", f"/isyeri/{SGK}", json={**WHY, "kamu": True})
    kinds = [call("POST", f"/isyeri/{SGK}/number-changed", json={**WHY, "new": new}).json()["kind"] for _ in range(2)]
    back = call("POST", f"/isyeri/{new}/number-changed", json={**WHY, "new": SGK})

    assert kinds == ["changed", "same"]
    assert call("GET", f"/isyeri/{SGK}").json()["replaced_by"] == new
    assert back.status_code == 400


def test_the_customers_own_kind_is_kept(call):
    call("PATCH", "/kurum", json={**WHY, "tur": "OSGB", "follows_served": True})

    assert call("GET", "/kurum").json() == {"kurum": "osgb-1", "tur": "OSGB", "follows_served": True}
    assert call("GET", "/kurum", kurum=OTHER).json()["tur"] is None


def test_another_customers_workplace_is_unknown(call):
    call("PATCH", f"/isyeri/{SGK}", json={**WHY, "kamu": True})

    assert call("GET", f"/isyeri/{SGK}", kurum=OTHER).status_code == 404
    assert call("GET", "/isyeri", kurum=OTHER).json() == {"isyeri": []}


class Knows(FakeMinistry):
    """Counts how often it is asked."""

    look_ups = 0

    def look_up_workplace(self, sgk_tescil_no):
        self.look_ups += 1
        return Isyeri(sgk_tescil_no, "41.00.01", "Çok Tehlikeli", 12, "DENEME")

    def look_up_professional(self, yetki):
        self.look_ups += 1
        return yetki.professional == PROFESSIONAL


@pytest.fixture
def gateway(gateway):
    return replace(gateway, generation=Knows())


def test_a_look_up_is_asked_once_a_day_and_audited_by_name(call, gateway):
    told = [call("POST", "/lookup/workplace", json={"sgk_tescil_no": SGK}).json() for _ in range(2)]
    who = {"sgk_tescil_no": SGK, "professional": PROFESSIONAL}
    person = call("POST", "/lookup/professional", json=who)

    assert told[0] == told[1]
    assert (told[0]["holds"], told[0]["nace_kodu"], gateway.generation.look_ups) == (True, "41.00.01", 2)
    assert (person.json()["holds"], PROFESSIONAL in person.text) == (True, False)
    assert [each["by"][:4] for each in leaves(gateway, "party.looked_up")] == ["key ", "key "]


def test_look_ups_past_the_quota_of_the_day_are_told_429_and_what_is_kept_costs_nothing(call, gateway, clock):
    set_limits(gateway, KURUM, {"lookups_a_day": 1.0}, reason="test", by="ayse")
    other = SGK[:9] + "0001231" + SGK[16:]
    kept = [call("POST", "/lookup/workplace", json={"sgk_tescil_no": SGK}).status_code for _ in range(3)]
    refused = call("POST", "/lookup/workplace", json={"sgk_tescil_no": other})
    theirs = call("POST", "/lookup/workplace", json={"sgk_tescil_no": other}, kurum=OTHER)
    clock.advance(seconds=int(refused.headers["retry-after"]))
    later = call("POST", "/lookup/workplace", json={"sgk_tescil_no": other})

    assert (kept, refused.status_code, refused.json()["code"]) == ([200] * 3, 429, "INT-API-031")
    assert (theirs.status_code, later.status_code, gateway.generation.look_ups) == (200, 200, 3)


@pytest.mark.parametrize(
    ("what", "body", "status"),
    [
        ("worker", {"sgk_tescil_no": SGK, "worker": WORKER}, 503),
        ("worker", {"sgk_tescil_no": SGK, "worker": "12345678901"}, 400),
        ("professional", {"sgk_tescil_no": SGK}, 400),
        ("workplace", {"sgk_tescil_no": "1"}, 400),
    ],
)
def test_what_cannot_be_asked_is_a_problem_without_the_number(call, what, body, status):
    answer = call("POST", f"/lookup/{what}", json=body)

    assert answer.status_code == status
    assert body.get("worker", "no such person") not in answer.text
