import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest

from integrator import pipeline
from integrator.domain.identifiers import KurumNo
from integrator.queue import restored
from integrator.store.engine import writing
from integrator.webhooks import hands
from integrator.webhooks.pushing import Pusher, push_one
from tests.factories import KURUM, record, submitted
from tests.receiver import first_of_each

OTHER = KurumNo("osgb-2")
ON_ONE_ENGINE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # not about the rows


def types(receiver):
    return [each.told["type"] for each in receiver.received]


def waited_for(claim):
    ends = time.monotonic() + 30
    while not claim():
        assert time.monotonic() < ends, "waited in vain"
        time.sleep(0.01)


def test_what_happens_to_a_record_is_pushed_in_order_and_signed(desk, listen, gateway):
    receiver = listen()
    number = desk.make(receiver.address)
    list(pipeline.accept(gateway, KURUM, submitted(record("K-1"))))
    pipeline.dispatch(gateway)
    desk.push()

    assert types(receiver) == ["bildirim.queued", "bildirim.sending", "bildirim.accepted"]
    assert all(each.is_signed_by(desk.secret_of[number]) for each in receiver.received)
    assert {each.told["data"]["kayit_no"] for each in receiver.received} == {"K-1"}
    assert receiver.received[0].headers["content-type"] == "application/json"


def test_what_was_taken_is_not_pushed_again_and_an_idle_endpoint_is_not_due(desk, listen):
    receiver = listen()
    desk.make(receiver.address)
    desk.happen(3)
    desk.push()

    assert (len(receiver.received), desk.due()) == (6, [])
    desk.happen(1, first=4)
    desk.push()
    assert len(receiver.received) == 8


def test_an_endpoint_is_told_of_what_happens_from_its_making_on_and_of_its_customer_only(desk, listen):
    receiver = listen()
    desk.happen(2)
    desk.make(receiver.address)
    desk.happen(2, kurum=OTHER, first=9)
    desk.push()

    assert receiver.received == []


def test_a_filter_lets_only_its_events_through_and_the_cursor_goes_on(desk, listen):
    receiver = listen()
    number = desk.make(receiver.address, ["bildirim.accepted"])
    desk.happen(3)
    desk.push()

    assert types(receiver) == ["bildirim.accepted"] * 3
    assert (desk.row(number).cursor, desk.due()) == (desk.changes()[-1].cursor, [])


@ON_ONE_ENGINE
def test_a_long_feed_is_read_page_by_page_in_one_turn(desk, listen):
    receiver = listen()
    number = desk.make(receiver.address, ["bildirim.refused"])
    desk.happen(250)
    desk.happen(1, first=900, to="refused")
    desk.push()

    assert types(receiver) == ["bildirim.refused"]
    assert desk.row(number).cursor == desk.changes()[-1].cursor


FAULTS = {
    "500": (500, "refused"), "404": (404, "refused"), "reset": (0, "connection_lost"), "shut": (0, "connection_lost"),
    "deaf": (0, "timeout"), "drip": (0, "timeout"),
}  # fmt: skip


def test_each_fault_is_told_and_what_was_not_taken_comes_again_under_the_same_id(desk, listen, clock):
    receiver = listen(*FAULTS)
    number = desk.make(receiver.address)
    desk.happen(1)
    for _ in range(len(FAULTS) + 1):
        desk.push()
        clock.advance(hours=1)

    assert desk.attempts(number) == [*FAULTS.values(), (200, ""), (200, "")]
    assert [each.told["type"] for each in first_of_each(receiver.received)] == ["bildirim.sending", "bildirim.accepted"]
    assert desk.row(number).failures == 0


@ON_ONE_ENGINE
def test_whatever_is_behind_a_2xx_it_was_taken_and_little_of_it_is_read(desk, listen):
    receiver = listen("204", "huge", "endless", "ok")
    number = desk.make(receiver.address)
    desk.happen(2)
    desk.push()

    assert desk.attempts(number) == [(204, ""), (200, ""), (200, ""), (200, "")]


@ON_ONE_ENGINE
def test_a_redirect_is_not_followed(desk, listen):
    inner = listen()
    receiver = listen(f"302:{inner.address}")
    number = desk.make(receiver.address)
    desk.happen(1)
    desk.push()

    assert desk.attempts(number) == [(302, "refused")]
    assert inner.received == []


@ON_ONE_ENGINE
def test_nothing_overtakes_what_was_refused_and_the_gaps_grow(desk, listen, clock):
    receiver = listen("500", "500", "500", "ok")
    number = desk.make(receiver.address)
    desk.happen(2)
    waits = []
    for _ in range(3):
        desk.push()
        waits.append(desk.row(number).due_at - clock.now())
        clock.advance(seconds=waits[-1].total_seconds())
    desk.push()

    assert waits == [timedelta(seconds=5), timedelta(seconds=10), timedelta(seconds=20)]
    assert len({each.message_id for each in receiver.received[:4]}) == 1
    assert len(first_of_each(receiver.received)) == 4


@ON_ONE_ENGINE
def test_retry_after_is_respected_within_the_ceiling(desk, listen, clock):
    number = desk.make(listen("503:30", "429:999999", "503:soon").address)
    desk.happen(1)
    waits = []
    for _ in range(3):
        desk.push()
        waits.append((desk.row(number).due_at - clock.now()).total_seconds())
        clock.advance(hours=1)

    assert waits == [30, 3600, 20]


def test_an_endpoint_that_is_gone_is_disabled_at_once_and_others_hear_of_it(desk, listen):
    gone, other = listen("410"), listen()
    number = desk.make(gone.address)
    desk.make(other.address, ["webhook.disabled"])
    desk.happen(1)
    desk.push()
    desk.push()

    assert (desk.row(number).state, desk.row(number).reason) == ("disabled", "gone")
    assert [each["event"] for each in desk.entries()][-1] == "webhook.disabled"
    assert [each.told["data"]["code"] for each in other.received] == ["gone"]
    assert len(gone.received) == 1


@ON_ONE_ENGINE
def test_an_endpoint_that_fails_for_days_is_disabled_and_one_success_between_starts_the_count_anew(desk, listen, clock):
    receiver = listen("500", "ok", *["500"] * 200)
    number = desk.make(receiver.address)
    desk.happen(1)
    desk.push()
    clock.advance(days=4)
    desk.push()
    since = desk.row(number).failing_since
    while desk.row(number).state == "open":
        clock.advance(hours=12)
        desk.push()

    assert since is not None
    assert clock.now() - since == timedelta(days=5)
    assert desk.row(number).reason == "failing"


def test_an_enabled_endpoint_gets_what_happened_while_it_was_disabled(desk, listen, gateway):
    receiver = listen("410")
    number = desk.make(receiver.address)
    desk.happen(2)
    desk.push()
    desk.happen(2, first=3)
    hands.enable_webhook(gateway, KURUM, number, reason="mended", by="ayse")
    desk.push()

    told = [each.told["data"] for each in first_of_each(receiver.received)]
    assert [each["sorgu_no"] for each in told if each["sorgu_no"]] == [1, 1, 2, 2, 3, 3, 4, 4]


def test_one_endpoint_is_one_workers_until_its_lease_ends(desk, listen, gateway, another_worker, clock, terms):
    receiver = listen()
    number = desk.make(receiver.address)
    desk.happen(1)
    [found] = desk.due()

    class Died(Exception):
        pass

    def dies():
        raise Died

    with pytest.raises(Died):
        push_one(gateway, terms, found, stop=dies)
    assert (desk.due(), push_one(another_worker(), terms, found)) == ([], None)
    clock.advance(seconds=terms.lease.total_seconds())
    desk.push(another_worker())

    assert len(receiver.received) == 2
    assert desk.row(number).claimed_by is None


def test_a_turn_that_a_person_interfered_with_moves_nothing_but_its_attempts_are_told(desk, listen, gateway, terms):
    receiver = listen()
    number = desk.make(receiver.address)
    desk.happen(2)
    [found] = desk.due()
    calls = []

    def meanwhile():
        calls.append(1)
        if len(calls) == 2:
            hands.disable_webhook(gateway, KURUM, number, reason="stop", by="ayse")
        return len(calls) > 2

    push_one(gateway, terms, found, stop=meanwhile)

    assert (desk.row(number).cursor, desk.row(number).state) == (found.cursor, "disabled")
    assert len(desk.attempts(number)) == len(receiver.received) == 2


@ON_ONE_ENGINE
def test_a_copy_out_of_a_backup_pushes_nothing_until_it_is_opened(desk, listen, gateway, terms, clock):
    receiver = listen()
    desk.make(receiver.address)
    desk.happen(1)
    with writing(gateway.database) as tx:
        restored.mark(tx, made_at=clock.now(), now=clock.now(), numbers_ahead=10)
    pusher = Pusher(gateway, terms)

    assert (pusher.push(), receiver.received) == (0, [])
    with writing(gateway.database) as tx:
        restored.open_it(tx)
    assert pusher.push() == 1
    pusher.close()
    assert len(receiver.received) == 2


@ON_ONE_ENGINE
def test_a_slow_endpoint_holds_no_other(desk, listen, gateway, terms):
    deaf, quick = listen(*["deaf"] * 9), listen()
    number = desk.make(deaf.address)
    desk.make(quick.address)
    desk.happen(5)
    patient = replace(terms, limits=replace(terms.limits, silence=10.0, total=10.0))
    stop = threading.Event()
    pusher = Pusher(gateway, patient, stop=stop.is_set)
    pusher.push()
    waited_for(lambda: len(quick.received) == 10 and deaf.received)

    assert desk.row(number).claimed_by == gateway.actor
    stop.set()
    deaf.close()
    pusher.close()


@ON_ONE_ENGINE
def test_one_customers_endpoints_have_half_of_the_threads_at_most(desk, listen, gateway, terms):
    deaf = listen(*["deaf"] * 9)
    for kurum in [KURUM] * 4 + [OTHER]:
        desk.make(deaf.address, kurum=kurum)
    desk.happen(1)
    desk.happen(1, kurum=OTHER)
    pusher = Pusher(gateway, replace(terms, concurrency=4))

    assert pusher.push() == 3
    pusher.close()


@ON_ONE_ENGINE
def test_endpoints_that_fail_have_half_of_the_threads_at_most(desk, listen, gateway, terms, clock):
    failing = listen(*["500"] * 4, *["deaf"] * 9)
    for number in range(4):
        kurum = KurumNo(f"osgb-{number}")
        desk.make(failing.address, kurum=kurum)
        desk.happen(1, kurum=kurum)
    desk.push()
    clock.advance(hours=1)
    pusher = Pusher(gateway, replace(terms, concurrency=4))

    assert pusher.push() == 2
    pusher.close()
