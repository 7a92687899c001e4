import pytest

from integrator import pipeline
from integrator.domain.identifiers import KurumNo
from integrator.domain.roles import Role
from integrator.queue import erasures
from integrator.store.engine import reading, writing
from integrator.store.tables import kayit
from tests.factories import SGK, WORKER, record

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
OTHER = KurumNo("osgb-2")


def stored(gateway):
    with reading(gateway.database) as tx:
        return sorted(row.kayit_no for row in tx.execute(kayit.select()))


def test_a_dry_run_tells_what_would_be_said_and_stores_nothing(call, gateway):
    call("POST", "/kayit", json=record("K-1"))
    several = [record("K-1"), record("K-2"), record("K-3", egitimYer=7), record("K-2", egitimYer=0)]
    told = call("POST", "/kayit/check", json=several).json()["records"]

    assert [each["status"] for each in told] == ["known", "good", "rejected", "rejected"]
    assert [each["path"] for each in told[2]["findings"]] == ["egitimYer"]
    assert stored(gateway) == ["K-1"]


@pytest.mark.parametrize(("body", "status"), [(b"{", 200), (b"", 200), (b"[" * 99, 200), (b" " * 400_000, 413)])
def test_odd_bodies_are_findings_or_problems(call, gateway, body, status):
    answer = call("POST", "/kayit/check", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == status
    assert status != 200 or answer.json()["records"][0]["status"] == "rejected"


def test_a_manager_may_not_rehearse(call):
    assert call("POST", "/kayit/check", json=record(), role=Role.MANAGER).status_code == 403


def test_a_stored_record_is_judged_again_as_things_stand_today(call, gateway, clock):
    call("POST", "/kayit", json=record("K-1"))
    before = call("GET", "/kayit/K-1/findings").json()["findings"]
    clock.advance(days=-200)
    answer = call("GET", "/kayit/K-1/findings")

    assert [each for each in before if each["severity"] == "error"] == []
    assert "egitimTarihi" in {each["path"] for each in answer.json()["findings"] if each["severity"] == "error"}
    assert WORKER not in answer.text


def test_findings_of_others_and_of_erased_records_are_not_found(call, gateway):
    call("POST", "/kayit", json=record("K-1"))
    assert call("GET", "/kayit/K-1/findings", kurum=OTHER).status_code == 404

    with writing(gateway.database) as tx:
        erasures.destroy(tx, KurumNo("osgb-1"), "K-1", day="2026-01-01", named="egitim")
    answer = call("GET", "/kayit/K-1/findings")
    assert (answer.status_code, answer.json()["code"]) == (404, "INT-KEY-001")


def test_messages_are_chosen_by_record_workplace_day_and_state(call, gateway):
    other = SGK[:9] + "0001231" + SGK[16:]
    call("POST", "/kayit/batch", json=[record("K-1"), record("K-2", egitimTarihi="2025-10-20")])
    call("POST", "/kayit", json=record("K-3", sgkTescilNo=other))
    pipeline.dispatch(gateway)

    def chosen(query):
        return [each["kayit_no"] for each in call("GET", f"/bildirim?{query}").json()["bildirim"]]

    assert chosen("kayit_no=K-2") == ["K-2"]
    assert chosen(f"sgk_tescil_no={other}") == ["K-3"]
    assert chosen("since=2025-10-21") == ["K-1", "K-3"]
    assert chosen(f"until=2025-10-20&sgk_tescil_no={SGK}") == ["K-2"]
    assert chosen("state=held") == []


@pytest.mark.parametrize("query", ["sgk_tescil_no=1", "since=x", "state=x", "kayit_no=" + 200 * "x", "limit=0"])
def test_a_choice_that_cannot_be_read_is_a_problem(call, query):
    answer = call("GET", f"/bildirim?{query}")

    assert (answer.status_code, answer.json()["code"]) == (400, "INT-API-004")
