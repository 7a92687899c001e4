import re
from urllib.request import ProxyHandler, build_opener

import pytest
from prometheus_client.parser import text_string_to_metric_families

from integrator import gauges, metrics, pipeline
from integrator.domain.outcome_texts import outcome_texts
from integrator.domain.states import State
from integrator.gauges import open_metrics, tell_gauges
from integrator.store.engine import reading, writing
from integrator.store.tables import bildirim
from tests.factories import record

FETCH = build_opener(ProxyHandler({})).open


@pytest.fixture
def scrape(gateway):
    """The page as Prometheus reads it: (name, labels) -> value."""
    server, thread = open_metrics(gateway, "127.0.0.1", 0)

    def read():
        page = FETCH(f"http://127.0.0.1:{server.server_port}/metrics", timeout=30).read().decode()
        families = text_string_to_metric_families(page)
        return {(s.name, tuple(sorted(s.labels.items()))): s.value for each in families for s in each.samples}

    yield read
    server.shutdown()
    thread.join(30)
    server.server_close()


def live(call, gateway, clock):
    """A little of everything."""
    for name in ("K-1", "K-2", "K-3"):
        call("POST", "/kayit", json=record(name))
    call("POST", "/kayit", json=record("K-4", calisan=["12345678901"]))
    call("POST", "/kayit", json=record("K-1"))
    gateway.ministry().faults += ["lost_reply", "777", "busy"]
    pipeline.dispatch(gateway)
    clock.advance(seconds=100)
    call("GET", "/kayit/K-1")
    call("GET", "/bildirim/10000009999")


def test_every_room_outcome_and_call_is_counted(call, gateway, clock, scrape):
    before = scrape()
    live(call, gateway, clock)
    after = scrape()

    def grown(name, **labels):
        key = (name, tuple(sorted(labels.items())))
        return after[key] - before.get(key, 0)

    assert [room for room in metrics.STAGES if not grown("ibys_stage_seconds_count", stage=room)] == []
    assert [grown("ibys_records_total", status=each) for each in ("accepted", "known", "rejected")] == [3, 1, 1]
    assert sum(after[key] - before.get(key, 0) for key in after if key[0] == "ibys_outcomes_total") == 3
    assert grown("ibys_http_seconds_count", method="POST", route="/kayit", status="201") == 3
    assert grown("ibys_http_seconds_count", method="GET", route="/bildirim/{sorgu_no}", status="404") == 1


def test_depths_and_ages_are_those_of_the_rows(call, gateway, clock, scrape):
    live(call, gateway, clock)
    told = scrape()

    with reading(gateway.database) as tx:
        states = [row.state for row in tx.execute(bildirim.select())]
    assert {s.value: told["ibys_depth", (("state", s.value),)] for s in State} == {
        s.value: states.count(s.value) for s in State
    }
    assert told["ibys_audit_entries", ()] > 0
    assert told["ibys_database_up", ()] == 1
    waits = [value for (name, _), value in told.items() if name == "ibys_wait_seconds"]
    assert 0 < max(waits) <= 100


ROUTE = re.compile(r"(/[a-z-]+|/\{[a-z_]+(:path)?\})+")
ALLOWED = {
    "stage": set(metrics.STAGES).__contains__,
    "status": re.compile(r"accepted|known|rejected|[1-5][0-9][0-9]").fullmatch,
    "act": {"send", "ask"}.__contains__,
    "outcome": re.compile(r"[a-z_]+").fullmatch,
    "code": lambda value: value in {"none", "other", *outcome_texts()} or re.fullmatch(r"[0-9]{3,4}", value),
    "meaning": {"conflict", "away", "address", "input", "bug"}.__contains__,
    "method": {*metrics.METHODS, "other"}.__contains__,
    "route": lambda value: value == "other" or ROUTE.fullmatch(value),
    "state": {each.value for each in State}.__contains__,
    "le": lambda value: True,
}


def test_no_label_holds_anything_but_words_of_ours(call, door, gateway, clock, scrape):
    live(call, gateway, clock)
    door.request("BREW", "/v1/kayit/K-secret")
    door.get("/v1/nowhere/80000000131")
    gateway.ministry().faults.append("9876543")
    call("POST", "/kayit", json=record("K-9"))
    pipeline.dispatch(gateway)

    wrong = [(name, pair) for name, labels in scrape() for pair in labels if not ALLOWED[pair[0]](pair[1])]
    assert wrong == []


def test_a_scrape_while_the_database_is_away_says_so(gateway, scrape, monkeypatch):
    def away(_gateway, _tx):
        raise gauges.Unavailable("away")

    monkeypatch.setattr(gauges, "_tell", away)

    assert scrape()["ibys_database_up", ()] == 0


def test_a_scrape_counts_no_rows(gateway, call, monkeypatch):
    from sqlalchemy import event

    call("POST", "/kayit", json=record("K-1"))
    asked = []
    event.listen(gateway.database, "before_cursor_execute", lambda *given: asked.append(given[2].lower()))
    tell_gauges(gateway)

    assert len(asked) < 15
    assert [each for each in asked if "count(" in each or "sum(" in each] == []


def test_what_the_database_did_not_do_is_counted(gateway, database_url, monkeypatch, scrape):
    key = ("ibys_database_errors_total", (("meaning", "bug"),))
    before = scrape().get(key, 0)
    with pytest.raises(Exception, match="no_such_table"), writing(gateway.database) as tx:
        tx.exec_driver_sql("SELECT 1 FROM no_such_table")

    assert scrape()[key] == before + 1


def test_metrics_are_on_their_own_address_only(gateway, scrape, door):
    assert door.get("/metrics").status_code == 404
    taken, thread = open_metrics(gateway, "127.0.0.1", 0)
    with pytest.raises(gauges.Unavailable):
        open_metrics(gateway, "127.0.0.1", taken.server_port)
    taken.shutdown()
    thread.join(30)
    taken.server_close()
