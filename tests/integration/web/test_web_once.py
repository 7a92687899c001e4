import gzip
import json
import threading
from datetime import timedelta

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from integrator import acts, pipeline
from integrator.domain.errors import Unavailable
from integrator.domain.identifiers import KurumNo, Tckn
from integrator.domain.roles import Role
from integrator.intake.read_json import Caps
from integrator.keeping import erasing
from integrator.parties import calls
from integrator.parties.calls import Call, Standing
from integrator.store.engine import reading, writing
from integrator.store.tables import api_call, audit_entry
from integrator.web import once
from integrator.web.app import create_app
from integrator.webhooks.carrying import Terms
from integrator.webhooks.guard import Guard
from tests.factories import KURUM, WORKER, record

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # nothing here differs by engine
OTHER = KurumNo("osgb-2")
WHY = {"reason": "mended"}


@pytest.fixture
def keyed(call):
    def make(method, path, key="k-1", **facts):
        return call(method, path, headers={"Idempotency-Key": key, **facts.pop("headers", {})}, **facts)

    return make


@pytest.fixture
def held(call, gateway, ministry):
    """The number of a message that is held."""
    ministry.faults.append("213")
    number = call("POST", "/kayit", json=record("K-1")).json()["sorgu_no"][0]
    pipeline.dispatch(gateway)
    return number


def rows(gateway):
    with reading(gateway.database) as tx:
        return tx.execute(select(api_call)).all()


def releases(gateway):
    with reading(gateway.database) as tx:
        return sum(b'"reason":"mended"' in leaf for leaf in tx.execute(select(audit_entry.c.leaf)).scalars())


def test_the_same_call_gets_its_first_answer_and_acts_once(keyed, gateway, held):
    first = keyed("POST", f"/bildirim/{held}/release", json=WHY)
    pipeline.dispatch(gateway)
    again = keyed("POST", f"/bildirim/{held}/release", json=WHY)

    assert (first.status_code, first.json()["state"]) == (200, "queued")
    assert (again.status_code, again.json(), again.headers["idempotent-replayed"]) == (200, first.json(), "true")
    assert "idempotent-replayed" not in first.headers
    assert releases(gateway) == 1


def test_a_refusal_is_an_answer_too(keyed, call, held, gateway):
    first = keyed("POST", f"/bildirim/{held}/retry", json=WHY)
    call("POST", f"/bildirim/{held}/release", json=WHY)
    again = keyed("POST", f"/bildirim/{held}/retry", json=WHY)

    assert (first.status_code, again.status_code, again.json()) == (409, 409, first.json())


def test_a_record_with_a_key_is_answered_as_the_first_time(keyed, gateway):
    first, again = (keyed("POST", "/kayit", json=record("K-1")) for _ in range(2))

    assert (first.status_code, again.status_code) == (201, 201)
    assert (first.json(), again.headers["location"]) == (again.json(), "/v1/kayit/K-1")


@pytest.mark.parametrize(
    ("path", "facts"),
    [
        ("/kayit", {"json": record("K-2")}),
        ("/kayit/batch", {"json": [record("K-1")]}),
        ("/kayit?x=1", {"json": record("K-1")}),
    ],
)
def test_the_same_key_for_another_call_is_refused(keyed, path, facts):
    keyed("POST", "/kayit", json=record("K-1"))
    answer = keyed("POST", path, **facts)

    assert (answer.status_code, answer.json()["code"]) == (422, "INT-API-072")


def test_a_method_that_no_address_takes_is_told_so_whatever_its_key_was_used_for(keyed, gateway):
    first = keyed("PATCH", "/kayit/batch", json=[])
    keyed("POST", "/kayit", json=record("K-1"))
    again = keyed("PATCH", "/kayit/batch", json=[])

    assert [(each.status_code, each.headers["allow"]) for each in (first, again)] == [(405, "POST")] * 2
    assert len(rows(gateway)) == 1


def test_keys_of_other_customers_and_other_callers_are_other_keys(keyed, gateway):
    answers = [
        keyed("POST", "/kayit", json=record("K-1")),
        keyed("POST", "/kayit", json=record("K-2"), kurum=OTHER),
        keyed("POST", "/kayit", json=record("K-3"), role=Role.SECRETARY),
    ]

    assert [each.status_code for each in answers] == [201] * 3
    assert len(rows(gateway)) == 3


def test_a_call_that_is_under_way_is_told_to_come_again(keyed, held, monkeypatch):
    real, inside, go_on = acts.release, threading.Event(), threading.Event()

    def slow(*args, **facts):
        inside.set()
        go_on.wait(20)
        return real(*args, **facts)

    monkeypatch.setattr(acts, "release", slow)
    answers = []
    send = lambda: answers.append(keyed("POST", f"/bildirim/{held}/release", json=WHY))  # noqa: E731
    first = threading.Thread(target=send)
    first.start()
    inside.wait(20)
    send()
    go_on.set()
    first.join(20)

    assert (answers[0].status_code, answers[0].json()["code"]) == (409, "INT-API-071")
    assert answers[0].headers["retry-after"] == "1"
    assert (answers[1].status_code, answers[1].json()["state"]) == (200, "queued")


def test_an_answer_of_our_fault_is_not_kept(keyed, gateway, held, monkeypatch):
    def away(*args, **facts):
        raise Unavailable("the database went away")

    with monkeypatch.context() as broken:
        broken.setattr(acts, "release", away)
        first = keyed("POST", f"/bildirim/{held}/release", json=WHY)
    again = keyed("POST", f"/bildirim/{held}/release", json=WHY)

    assert (first.status_code, again.status_code) == (503, 200)


def died(gateway, monkeypatch, *, after_act):
    """From here the process 'dies' in each keyed call: nothing of what follows the act is written."""

    def dies(self, call, answer):
        raise RuntimeError("killed")

    def dies_before(*args, **facts):
        raise RuntimeError("killed")

    monkeypatch.setattr(once.Once, "_close", dies)
    if not after_act:
        monkeypatch.setattr(acts, "release", dies_before)


@pytest.mark.parametrize(("after_act", "told"), [(False, (200, None)), (True, (409, "INT-API-073"))])
def test_a_process_that_dies_around_the_act_leaves_it_done_once(
    keyed, clock, gateway, held, monkeypatch, after_act, told
):
    with monkeypatch.context() as broken:
        died(gateway, broken, after_act=after_act)
        assert keyed("POST", f"/bildirim/{held}/release", json=WHY).status_code == 500
    early = keyed("POST", f"/bildirim/{held}/release", json=WHY)
    clock.advance(seconds=calls.LEASE.total_seconds())
    late = keyed("POST", f"/bildirim/{held}/release", json=WHY)

    assert early.json()["code"] == "INT-API-071"
    assert (late.status_code, late.json().get("code")) == told
    assert releases(gateway) == 1


def test_a_batch_that_was_cut_off_after_it_was_stored_is_answered_from_its_records(keyed, clock, gateway, monkeypatch):
    with monkeypatch.context() as broken:
        died(gateway, broken, after_act=True)
        keyed("POST", "/kayit/batch", json=[record("K-1"), record("K-2")])
    clock.advance(seconds=calls.LEASE.total_seconds())
    answer = keyed("POST", "/kayit/batch", json=[record("K-1"), record("K-2")])

    assert [each["status"] for each in answer.json()["records"]] == ["known", "known"]


def test_an_answer_is_forgotten_when_its_time_is_over(keyed, clock, gateway):
    keyed("POST", "/kayit", json=record("K-1"))
    clock.advance(seconds=timedelta(hours=24).total_seconds())
    answer = keyed("POST", "/kayit", json=record("K-2"), kurum=KURUM)

    assert answer.status_code in (201, 401)  # the test's own key lives as long
    assert len(rows(gateway)) <= 1


def test_more_keys_than_are_kept_are_told_to_come_again(gateway, tmp_path, token_of):
    app = create_app(gateway, Caps(), tmp_path, keeps=once.Keeps(answers_at_most=2))
    told = {"Authorization": f"Bearer {token_of()}"}
    with TestClient(app) as door:
        answers = [
            door.post("/v1/kayit", json=record(f"K-{n}"), headers={**told, "Idempotency-Key": str(n)}) for n in range(3)
        ]

    assert [each.status_code for each in answers] == [201, 201, 503]
    assert answers[-1].headers["retry-after"] == "60"


def test_no_answer_and_no_key_stands_in_the_database_in_plain(keyed, gateway):
    keyed("POST", "/kayit", json=record("K-1", egitimYer=7), key="order-4711")
    told = repr(rows(gateway))

    assert len(rows(gateway)) == 1
    assert [each for each in ("order-4711", "K-1", WORKER, "egitimYer") if each in told] == []


def test_an_answer_with_a_secret_in_it_is_not_kept_and_the_call_is_not_carried_out_twice(keyed, call, app, gateway):
    app.state.webhook_terms = Terms(guard=Guard(resolve=lambda host, port: ["93.184.215.14"]))
    hook = {"name": "test", "address": "https://hook.example/in"}
    first, again = (keyed("POST", "/webhook", json=hook) for _ in range(2))
    number = first.json()["webhook_no"]
    renewed = [keyed("POST", f"/webhook/{number}/rotate", key="k-2", json={}).status_code for _ in range(2)]

    assert (first.status_code, len(first.json()["secret"]) > 20) == (201, True)
    assert (again.status_code, again.json()["code"], renewed) == (409, "INT-API-073", [200, 409])
    assert [each["webhook_no"] for each in call("GET", "/webhook").json()["webhooks"]] == [number]
    assert [row.answer for row in rows(gateway)] == [None, None]


def test_erasing_forgets_what_was_answered_and_nothing_is_done_twice(keyed, call, gateway):
    number = keyed("POST", "/kayit", json=record("K-1")).json()["sorgu_no"][0]
    other = call("POST", "/kayit", json=record("K-2")).json()["sorgu_no"][0]
    keyed("POST", f"/bildirim/{other}/cancel", key="k-2", json=WHY)
    keyed("POST", "/kayit", json=record("K-3"), kurum=OTHER)
    pipeline.dispatch(gateway)
    erasing.erase_person(gateway, KURUM, Tckn(WORKER), "training", reason="letter 12", early=True)
    again = keyed("POST", f"/bildirim/{other}/cancel", key="k-2", json=WHY)

    assert {row.kurum_id: row.answer is None for row in rows(gateway)} == {KURUM: True, OTHER: False}
    assert (again.status_code, again.json()["code"]) == (409, "INT-API-073")
    assert number != other


def test_what_is_under_way_while_something_is_erased_keeps_its_turn(gateway, clock):
    call = Call(KURUM, "c")
    keeps = {"now": clock.now(), "keeps": timedelta(hours=1), "at_most": 9}
    with writing(gateway.database) as tx:
        calls.take(tx, call, b"x", **keeps)
        calls.forget_answers(tx, KURUM, now=clock.now())

        assert calls.take(tx, call, b"x", **keeps)[0] is Standing.UNDER_WAY


def test_answers_of_a_customer_who_calls_no_more_are_forgotten_too(keyed, gateway, clock):
    keyed("POST", "/kayit", json=record("K-1"))
    with writing(gateway.database) as tx:
        calls.forget_ended(tx, now=clock.now() + timedelta(hours=23))
        kept = len(tx.execute(select(api_call)).all())
        calls.forget_ended(tx, now=clock.now() + timedelta(hours=24))

    assert (kept, len(rows(gateway))) == (1, 0)


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "ü", "a b"])
def test_a_key_that_is_none_is_told(keyed, key, gateway):
    answer = keyed("POST", "/kayit", json=record("K-1"), key=key.encode())

    assert (answer.status_code, answer.json()["code"]) == (400, "INT-API-004")
    assert rows(gateway) == []


def test_a_packed_body_with_a_key_is_unpacked_once(keyed):
    body = gzip.compress(json.dumps(record("K-1")).encode())
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    first, again = (keyed("POST", "/kayit", content=body, headers=headers) for _ in range(2))

    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())


def test_a_stranger_with_a_key_is_a_stranger(door, gateway):
    answer = door.post("/v1/kayit", headers={"Idempotency-Key": "k"}, json=record("K-1"))

    assert (answer.status_code, answer.json()["code"]) == (401, "INT-API-001")
    assert rows(gateway) == []


def test_a_body_above_the_cap_is_told_before_anything_is_kept(keyed, gateway):
    answer = keyed("POST", "/kayit", content=b" " * 400_000, headers={"Content-Type": "application/json"})

    assert (answer.status_code, answer.json()["code"]) == (413, "INT-API-005")
    assert rows(gateway) == []


def test_a_message_that_was_taken_back_is_taken_back_again_without_a_word(call):
    number = call("POST", "/kayit", json=record("K-1")).json()["sorgu_no"][0]
    first, again = (call("POST", f"/bildirim/{number}/cancel", json=WHY) for _ in range(2))

    assert (first.json(), again.json()) == ({"sorgu_no": number, "state": "cancelled"},) * 2


def test_a_message_that_was_accepted_is_not_taken_back(call, gateway):
    number = call("POST", "/kayit", json=record("K-1")).json()["sorgu_no"][0]
    pipeline.dispatch(gateway)
    answer = call("POST", f"/bildirim/{number}/cancel", json=WHY)

    assert (answer.status_code, answer.json()["code"]) == (409, "INT-QUE-006")
