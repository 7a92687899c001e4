import json
import threading
from contextlib import suppress
from datetime import timedelta

import pytest

from integrator.domain.identifiers import KurumNo
from integrator.domain.limits import Counted, Limits
from integrator.limiting import Limiter, QuotaSpent, TooManyCalls, set_limits
from integrator.store.engine import reading
from integrator.store.tables import api_key, audit_entry, call_rate, kayit
from integrator.web.bounds import Bounds
from integrator.web.strangers import ADDRESSES, Strangers
from tests.factories import KURUM, record

TIGHT = Limits(key_calls_per_second=8, kurum_calls_per_second=16, records_a_day=5, bytes_a_day=100_000)
WHY = {"reason": "sözleşme", "by": "ayse"}


@pytest.fixture
def bounds():
    return Bounds(TIGHT, failures_per_minute=5)


@pytest.fixture
def process(open_database, clock):
    """Another server process on the same database."""

    def start(limits=TIGHT):
        return Limiter(open_database(), clock, limits)

    return start


def passed(limiter, calls, key="key a"):
    count = 0
    for _ in range(calls):
        try:
            limiter.enter(KURUM, key)
        except TooManyCalls:
            continue
        count += 1
    return count


def test_two_processes_share_one_rate(process, clock):
    first, second = process(), process()

    assert passed(first, 5) + passed(second, 5) + passed(first, 5) == 8
    clock.advance(seconds=1)
    assert passed(first, 20) + passed(second, 20) == 8


def test_the_rate_of_a_customer_is_shared_by_its_keys(process):
    limiter = process()

    assert sum(passed(limiter, 10, f"key {name}") for name in "abc") == 16


def test_a_process_that_is_killed_makes_the_rate_stricter_by_a_slice_at_most_and_never_looser(process, clock):
    limits = Limits(key_calls_per_second=80, kurum_calls_per_second=0)
    killed = process(limits)
    used = passed(killed, 3)

    assert 80 - 80 // 8 <= used + passed(process(limits), 200) <= 80
    clock.advance(seconds=1)
    assert passed(process(limits), 200) == 80


def test_a_process_that_ends_gives_back_what_it_did_not_use(process):
    limits = Limits(key_calls_per_second=80, kurum_calls_per_second=0)
    ended = process(limits)
    used = passed(ended, 3)
    ended.close()

    assert used + passed(process(limits), 200) == 80


def test_a_slice_that_was_kept_too_long_is_void(process, clock):
    limits = Limits(key_calls_per_second=80, kurum_calls_per_second=0)
    hoarder = process(limits)
    passed(hoarder, 1)
    clock.advance(seconds=11)

    assert passed(process(limits), 200) + passed(hoarder, 200) == 80


def test_a_call_that_is_refused_asks_the_database_once_in_a_while_only(process, database, clock, monkeypatch):
    limiter, asked = process(), []
    passed(limiter, 20)
    monkeypatch.setattr("integrator.limiting.write_anew", lambda *_: asked.append(1))
    passed(limiter, 1_000)

    assert asked == []


def test_without_a_rate_the_database_is_asked_once_in_a_while_only(process, monkeypatch):
    limiter = process(Limits(key_calls_per_second=0, kurum_calls_per_second=0))
    passed(limiter, 1)
    monkeypatch.setattr("integrator.limiting.write_anew", lambda *_: pytest.fail("asked"))

    assert passed(limiter, 1_000) == 1_000


def test_threads_of_one_process_never_pass_more_than_the_rate(process):
    limiter, passed_by = process(), []
    threads = [threading.Thread(target=lambda: passed_by.append(passed(limiter, 10))) for _ in range(8)]
    [each.start() for each in threads]
    [each.join() for each in threads]

    assert sum(passed_by) == 8


def test_what_is_held_is_taken_without_waiting_for_anybody(process, clock):
    limiter = process()
    assert limiter.enter_held(KURUM, "key a") is None
    assert passed(limiter, 1) == 1
    for name in ("key a", ""):
        with limiter._lock_of(KURUM, name):
            assert limiter.enter_held(KURUM, "key a") is None
    counted = 1
    while passed(limiter, 1):
        counted += 1
        with suppress(TooManyCalls):
            counted += limiter.enter_held(KURUM, "key a") is not None
    assert counted == 8
    clock.advance(seconds=60)
    assert limiter.enter_held(KURUM, "key a") is None


def test_what_is_given_back_need_not_wait_either(process):
    limiter = process()
    limiter.spend(KURUM, Counted.RECORDS, 5)
    with limiter._lock_of(KURUM, Counted.RECORDS):
        assert not limiter.give_back(KURUM, Counted.RECORDS, 5, waits=False)
    with pytest.raises(QuotaSpent):
        limiter.spend(KURUM, Counted.RECORDS, 1)
    assert limiter.give_back(KURUM, Counted.RECORDS, 5, waits=False)
    limiter.spend(KURUM, Counted.RECORDS, 5)


def test_a_quota_is_shared_outlives_the_process_and_is_new_after_midnight_in_turkey(process, clock):
    limits = Limits(records_a_day=3_000)
    first, second = process(limits), process(limits)
    first.spend(KURUM, Counted.RECORDS, 1_500)
    second.spend(KURUM, Counted.RECORDS, 1_490)
    with pytest.raises(QuotaSpent) as refused:
        second.spend(KURUM, Counted.RECORDS, 11)

    assert refused.value.retry_after == timedelta(hours=12)  # 09:00 UTC is noon in Turkey
    clock.advance(hours=12)
    process(limits).spend(KURUM, Counted.RECORDS, 3_000)


def test_a_killed_process_loses_a_slice_of_the_quota_at_most(process):
    limits = Limits(records_a_day=10_000)
    process(limits).spend(KURUM, Counted.RECORDS, 100)
    second = process(limits)
    second.spend(KURUM, Counted.RECORDS, 9_900 - 10_000 // 500)

    with pytest.raises(QuotaSpent):
        second.spend(KURUM, Counted.RECORDS, 10_000 // 500 + 1)


def test_what_has_no_quota_is_spent_without_the_row_that_is_asked_again_at_times(process):
    limiter = process(Limits(records_a_day=0))

    assert not limiter.spend_held(KURUM, Counted.RECORDS, 1)  # nobody asked yet
    limiter.spend(KURUM, Counted.RECORDS, 1)
    assert [limiter.spend_held(KURUM, Counted.RECORDS, 900) for _ in range(3)] == [True, True, False]
    limiter.spend(KURUM, Counted.RECORDS, 1)
    assert limiter.spend_held(KURUM, Counted.RECORDS, 900)


def test_what_was_given_back_can_be_spent_by_another_process(process):
    limits = Limits(bytes_a_day=1_000)
    first = process(limits)
    first.spend(KURUM, Counted.BYTES, 1_000)
    first.give_back(KURUM, Counted.BYTES, 400)
    first.close()

    process(limits).spend(KURUM, Counted.BYTES, 400)


def test_a_customers_own_limit_stands_in_place_of_the_settings_and_is_audited(gateway, process, clock):
    set_limits(gateway, KURUM, {"key_calls_per_second": 3.0, "records_a_day": 0.0}, **WHY)
    limiter = process()

    assert passed(limiter, 20) == 3
    limiter.spend(KURUM, Counted.RECORDS, 1_000_000)
    set_limits(gateway, KURUM, {"key_calls_per_second": None}, **WHY)
    clock.advance(seconds=30)
    with reading(gateway.database) as tx:
        leaves = [row.leaf.decode() for row in tx.execute(audit_entry.select())]
    assert sum('"limits.changed"' in leaf for leaf in leaves) == 2
    assert passed(limiter, 20) == 8
    limiter.enter(KurumNo("osgb-2"), "key z")


def test_every_answer_tells_the_rate_and_past_it_comes_429(call, clock):
    answers = [call("GET", "/line") for _ in range(9)]

    assert answers[0].headers["ratelimit-policy"] == '"key";q=8;w=1, "kurum";q=16;w=1'
    assert answers[0].headers["ratelimit"].startswith('"key";r=7;t=1')
    assert [each.status_code for each in answers] == [200] * 8 + [429]
    assert answers[8].json()["code"] == "INT-API-030"
    assert (answers[8].headers["retry-after"], answers[8].headers["ratelimit"]) == ("1", '"key";r=0;t=1')
    clock.advance(seconds=1)
    assert call("GET", "/line").status_code == 200


def stored(gateway):
    with reading(gateway.database) as tx:
        return sorted(row.kayit_no for row in tx.execute(kayit.select()))


def test_past_the_quota_of_records_429_comes_until_midnight_and_known_ones_cost_nothing(call, gateway):
    for name in ("K-1", "K-2", "K-1", "K-1", "K-1"):
        call("POST", "/kayit", json=record(name))
    batch = call("POST", "/kayit/batch", json=[record(f"B-{n}") for n in range(4)])

    assert (batch.status_code, batch.json()["code"]) == (429, "INT-API-031")
    assert int(batch.headers["retry-after"]) == 12 * 3600
    assert stored(gateway) == ["K-1", "K-2"]


def test_an_upload_stops_at_the_quota_between_two_records_and_says_how_far_it_came(call, gateway):
    body = b"".join(json.dumps(record(f"K-{n:03}")).encode() + b"\n" for n in range(9))
    last = json.loads(call("POST", "/kayit/upload", content=body).text.splitlines()[-1])

    assert (last["done"], last["accepted"], last["code"], last["skip"]) == (False, 5, "INT-API-031", 5)
    assert len(stored(gateway)) == 5


def test_bytes_count_whether_their_length_is_told_or_not(call, gateway):
    def chunks():
        yield b" " * 60_000
        yield json.dumps(record("K-2")).encode()

    call("POST", "/kayit/batch", content=b" " * 60_000 + b"[]", headers={"Content-Type": "application/json"})
    told = call("POST", "/kayit/batch", content=b" " * 60_000, headers={"Content-Type": "application/json"})
    untold = call("POST", "/kayit/batch", content=chunks(), headers={"Content-Type": "application/json"})

    assert [told.status_code, untold.status_code] == [429, 429]
    assert stored(gateway) == []


def test_an_address_that_fails_too_often_is_turned_away_but_not_who_was_let_in_lately(door, token_of, clock):
    good, bad = ({"Authorization": f"Bearer {each}"} for each in (token_of(), "ibys_aaaaaaaa." + "A" * 43))
    fresh = {"Authorization": f"Bearer {token_of()}"}
    door.get("/v1/line", headers=good)
    statuses = [door.get("/v1/line", headers=bad).status_code for _ in range(6)]
    refused = door.get("/v1/line", headers=fresh)

    assert statuses == [401] * 5 + [429]
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "12")
    assert door.get("/v1/line", headers=good).status_code == 200
    clock.advance(seconds=12)
    assert door.get("/v1/line", headers=fresh).status_code == 200


def test_addresses_are_remembered_within_bounds_and_a_whole_ipv6_network_is_one(clock):
    strangers = Strangers(clock, per_minute=5)
    for n in range(ADDRESSES + 500):
        strangers.note_failure(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}", "")
    for n in range(5):
        strangers.note_failure(f"2001:db8::{n}", "")

    assert len(strangers) == ADDRESSES
    with pytest.raises(TooManyCalls):
        strangers.require_patience("2001:db8::ffff", "x")


def test_no_row_of_a_rate_is_made_for_who_was_not_recognised(door, gateway):
    door.get("/v1/line", headers={"Authorization": "Bearer ibys_aaaaaaaa." + "A" * 43})

    with reading(gateway.database) as tx:
        assert tx.execute(call_rate.select()).all() == []
        assert tx.execute(api_key.select()).all() == []
