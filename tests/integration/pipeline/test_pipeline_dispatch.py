from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from integrator import acts
from integrator.catalogue.published import published
from integrator.deliver.generation import Credentials
from integrator.deliver.soap_g2 import SoapG2
from integrator.deliver.wire import Limits, Wire
from integrator.deliver.zeep_door import ZeepDoor
from integrator.domain.errors import IllegalMove, Misconfigured, NotFound, Unavailable
from integrator.domain.identifiers import KurumNo
from integrator.gateway import Pace
from integrator.pipeline import accept, dispatch, inquire
from integrator.protect.master import HeldMaster
from integrator.queue import bodies
from integrator.queue.bodies import open_refused
from integrator.queue.fair import Rotation
from integrator.queue.patience import ASKED_TOO_LONG, ATTEMPTS_SPENT
from integrator.store.engine import reading, writing
from integrator.store.keyring import KeyRing
from integrator.store.tables import audit_entry
from tests.conftest import MASTER
from tests.factories import KURUM, WORKER, content_of, record, submitted, tckn, workers
from tests.fakes import FakeMinistry

SHORT = Pace(concurrency=2)


@pytest.fixture
def one(home):
    [number] = home.accept(record())[0].sorgu_no
    return number


@pytest.fixture
def several(home):
    return [each.sorgu_no[0] for each in home.accept(*(record(f"K-{n}") for n in range(5)))]


def events_of(home):
    with reading(home.gateway.database) as tx:
        return [row.leaf.decode() for row in tx.execute(audit_entry.select().order_by(audit_entry.c.i))]


def test_a_queued_message_is_sent_and_accepted(home, gateway, ministry, one):
    tally = dispatch(gateway)

    assert (tally, home.states()) == ({"accepted": 1}, {"accepted": 1})
    assert ministry.effects == [(one, (WORKER, "240"))]
    assert home.broken() is None


def test_nothing_is_sent_when_nothing_is_due(gateway, ministry):
    assert dispatch(gateway) == inquire(gateway) == {}
    assert ministry.sent == ministry.asked == []


def test_the_intent_is_in_the_audit_log_before_the_first_byte_leaves(home, gateway, ministry, one):
    seen = []
    ministry.faults.append(lambda _: seen.append((home.row(one)["state"], '"move":"b"' in events_of(home)[-1])))
    dispatch(gateway)

    assert seen == [("sending", True)]


def test_many_messages_are_sent_once_each(home, gateway, ministry):
    home.accept(*(record(f"K-{n}") for n in range(150)))
    tally = dispatch(replace(gateway, pace=Pace(window=16, concurrency=4, gather=timedelta(0))))

    assert tally == {"accepted": 150}
    assert len(ministry.effects) == len(set(ministry.effects)) == len(ministry.sent) == 150


def test_two_workers_never_send_the_same_message(home, gateway, ministry, another_worker):
    home.accept(*(record(f"K-{n}") for n in range(60)))
    pace = Pace(window=8, concurrency=2, gather=timedelta(0))
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(dispatch, [replace(gateway, pace=pace), another_worker(pace=pace)]))

    assert sorted(number for number, _, _ in ministry.sent) == sorted({number for number, _, _ in ministry.sent})
    assert (home.states(), home.broken()) == ({"accepted": 60}, None)


def test_a_lost_reply_is_asked_about_and_has_one_effect(home, gateway, ministry, clock, one):
    ministry.faults.append("lost_reply")
    dispatch(gateway)
    assert home.states() == {"uncertain": 1}

    clock.advance(minutes=1)
    inquire(gateway)
    assert home.states() == {"accepted": 1}
    assert (len(ministry.sent), len(ministry.effects), ministry.asked) == (1, 1, [one])


def test_an_uncertain_message_is_never_sent_before_it_was_asked_about(home, gateway, ministry, clock, one):
    ministry.faults.append("lost_request")
    for _ in range(20):
        dispatch(gateway)
        clock.advance(hours=1)

    assert len(ministry.sent) == 1
    assert home.states() == {"uncertain": 1}


def test_what_the_ministry_does_not_know_goes_again_as_the_same_bytes_under_the_same_number(
    home, gateway, ministry, clock, one
):
    ministry.faults.append("lost_request")
    dispatch(gateway)
    clock.advance(minutes=1)
    inquire(gateway)
    clock.advance(minutes=1)
    dispatch(gateway)

    first, second = ministry.sent
    assert first == second
    assert (home.states(), len(ministry.effects)) == ({"accepted": 1}, 1)


@pytest.mark.parametrize("code", ["1111", "2222", "204", "211"])
def test_a_code_that_leaves_the_fate_open_is_asked_about(home, gateway, ministry, clock, one, code):
    ministry.faults.append(f"stored_{code}")
    dispatch(gateway)
    assert home.states() == {"uncertain": 1}

    clock.advance(minutes=1)
    inquire(gateway)
    assert (home.states(), len(ministry.effects)) == ({"accepted": 1}, 1)


def test_an_unknown_code_is_held_and_never_tried_again(home, gateway, ministry, clock, one):
    ministry.faults.append("299")
    for _ in range(5):
        dispatch(gateway)
        inquire(gateway)
        clock.advance(days=1)

    assert (home.row(one)["state"], home.row(one)["last_code"]) == ("held", "299")
    assert len(ministry.sent) == 1


def test_a_refused_message_stays_refused(home, gateway, ministry, clock, one):
    ministry.faults.append("210")
    for _ in range(3):
        dispatch(gateway)
        clock.advance(days=1)

    assert (home.states(), len(ministry.sent)) == ({"refused": 1}, 1)


@pytest.mark.parametrize("fault", ["connect", "busy"])
def test_a_message_known_not_to_have_arrived_is_sent_again_later(home, gateway, ministry, clock, one, fault):
    ministry.faults.append(fault)
    dispatch(gateway)
    assert (home.states(), len(ministry.sent)) == ({"queued": 1}, 1)

    clock.advance(minutes=1)
    dispatch(gateway)
    assert (home.states(), ministry.asked) == ({"accepted": 1}, [])


def test_a_message_whose_attempts_are_spent_is_held_and_a_person_releases_it(home, gateway, ministry, clock, one):
    ministry.fault_of[one] = "busy"
    for _ in range(gateway.patience.resend.max_attempts + 3):
        dispatch(gateway)
        clock.advance(hours=7)
    assert (home.states(), len(ministry.sent)) == ({"held": 1}, gateway.patience.resend.max_attempts)

    ministry.fault_of.clear()
    acts.release(gateway, KURUM, one, reason="the ministry is back")
    dispatch(gateway)
    assert home.states() == {"accepted": 1}


def test_the_row_of_a_held_message_says_that_its_attempts_are_spent(home, gateway, ministry, clock, one):
    ministry.fault_of[one] = "busy"
    for _ in range(gateway.patience.resend.max_attempts):
        dispatch(gateway)
        clock.advance(hours=7)

    assert home.row(one)["reason"] == ATTEMPTS_SPENT


def test_a_message_asked_about_for_too_long_is_held(home, gateway, ministry, clock, one):
    ministry.faults.append("lost_reply")
    ministry.ask_faults.extend(["timeout"] * 500)
    dispatch(gateway)
    for _ in range(20):
        clock.advance(hours=5)
        inquire(gateway)

    assert (home.row(one)["state"], home.row(one)["reason"]) == ("held", ASKED_TOO_LONG)
    assert len(ministry.sent) == 1


def test_401_stops_all_sending_and_burns_no_attempt(home, gateway, ministry, several):
    ministry.is_firm_active = False
    dispatch(replace(gateway, pace=Pace(window=2, concurrency=1)))

    assert (home.line(), home.states()) == ("PASSIVE", {"queued": 5})
    assert len(ministry.sent) <= 2
    assert {home.row(number)["attempt"] for number in several} == {0}


def test_a_passive_gateway_keeps_accepting(home, gateway, ministry, one):
    ministry.is_firm_active = False
    dispatch(gateway)

    assert home.accept(record("K-2"))[0].status == "accepted"


def test_a_passive_line_is_probed_by_one_message_at_a_time(gateway, ministry, clock, home, several):
    ministry.is_firm_active = False
    dispatch(gateway)
    before = len(ministry.sent)
    for _ in range(3):
        dispatch(gateway)
        clock.advance(seconds=61)

    assert len(ministry.sent) - before == 2
    assert home.line() == "PASSIVE"


def test_the_first_answer_reopens_the_line_and_all_is_sent(home, gateway, ministry, clock, several):
    ministry.is_firm_active = False
    dispatch(gateway)
    ministry.is_firm_active = True
    clock.advance(seconds=61)
    dispatch(gateway)
    dispatch(gateway)

    assert (home.line(), home.states()) == ("ACTIVE", {"accepted": 5})
    assert home.broken() is None


def test_a_probe_that_is_not_answered_leaves_the_line_passive(home, gateway, ministry, clock, several):
    ministry.is_firm_active = False
    dispatch(gateway)
    ministry.faults.append("connect")
    clock.advance(seconds=61)
    dispatch(gateway)

    assert home.line() == "PASSIVE"


def test_a_question_may_be_the_probe_when_nothing_is_queued(home, gateway, ministry, clock):
    home.accept(record("A"), record("B"))
    ministry.faults.extend(["lost_reply", "401"])
    dispatch(replace(gateway, pace=Pace(concurrency=1)))
    other = next(n for n, _, _ in reversed(ministry.sent))
    acts.cancel(gateway, KURUM, other, reason="leaves only the uncertain one")
    for _ in range(4):
        clock.advance(minutes=5)
        dispatch(gateway)
        inquire(gateway)

    assert (home.line(), home.states()) == ("ACTIVE", {"accepted": 1, "cancelled": 1})


def test_a_fault_of_our_own_quarantines_what_has_the_same_form(home, gateway, ministry, several):
    ministry.faults.append("214")
    dispatch(replace(gateway, pace=Pace(window=1, concurrency=1)))

    assert home.states() == {"refused": 1, "quarantined": 4}
    assert home.broken() is None


def test_a_quarantined_message_is_sent_when_a_person_releases_it(home, gateway, ministry, several):
    ministry.faults.append("214")
    dispatch(replace(gateway, pace=Pace(window=1, concurrency=1)))
    quarantined = next(number for number in several if home.row(number)["state"] == "quarantined")
    acts.release(gateway, KURUM, quarantined, reason="mended")
    dispatch(gateway)

    assert home.row(quarantined)["state"] == "accepted"


def test_workers_off_the_roster_make_a_message_partial_with_its_refused_parts(home, gateway, ministry):
    off, on = workers(2)
    ministry.off_roster.add(off)
    [number] = home.accept(record(calisan=[off, on]))[0].sorgu_no
    dispatch(gateway)
    found = home.read(number)
    refused = open_refused(content_of(gateway, KURUM, number), KURUM, number, found["refused_parts"])

    assert (found["row"]["state"], found["row"]["parts_accepted"], found["row"]["parts_total"]) == ("partial", 1, 2)
    assert [(part.pair, part.code) for part in refused] == [((off, "240"), "212")]


def test_a_message_whose_workers_are_all_off_the_roster_is_held(home, gateway, ministry):
    ministry.off_roster.add(WORKER)
    [number] = home.accept(record())[0].sorgu_no
    dispatch(gateway)

    assert (home.row(number)["state"], home.row(number)["last_code"]) == ("held", "212")


def test_a_lease_that_ended_makes_the_message_uncertain_and_the_sleeper_cannot_settle(
    home, gateway, ministry, clock, another_worker, one
):
    def falls_asleep(_):
        clock.advance(minutes=3)
        acts.recover(another_worker())

    ministry.faults.append(falls_asleep)
    dispatch(gateway)
    assert home.states() == {"uncertain": 1}  # although the sleeper came back with an acceptance

    clock.advance(minutes=1)
    inquire(gateway)
    assert (home.states(), len(ministry.sent), len(ministry.effects)) == ({"accepted": 1}, 1, 1)
    assert home.broken() is None


def test_a_worker_that_died_leaves_nothing_lost_and_nothing_twice(
    home, gateway, ministry, clock, several, another_worker
):
    class Killed(BaseException):
        pass

    dead = another_worker(trail=gateway.trail, database=gateway.database)
    with pytest.raises(Killed):
        _claim_and_die(dead, Killed)
    assert home.states() == {"sending": 5}

    clock.advance(minutes=3)
    for step in (acts.recover, inquire, dispatch):
        step(gateway)
        clock.advance(minutes=1)
    assert (home.states(), len(ministry.effects), home.broken()) == ({"accepted": 5}, 5, None)


def _claim_and_die(gateway, death):
    from integrator import pipeline

    pipeline.claim_to_send(gateway, pipeline.SENDING, 64, Rotation())
    raise death


@pytest.mark.parametrize("column", ["canonical", "cms"])
def test_a_message_whose_sealed_body_was_changed_is_held_and_the_others_go_on(home, gateway, ministry, several, column):
    before = home.read(several[2])["body"][column]
    with writing(gateway.database) as tx:
        change = f"UPDATE bildirim_body SET {column} = :changed WHERE sorgu_no = {several[2]}"
        tx.execute(text(change), {"changed": before[:40] + b"\0"})
    dispatch(gateway)

    assert home.states() == {"accepted": 4, "held": 1}
    assert home.row(several[2])["reason"] == "broken"


@pytest.mark.parametrize("sealed", [b"", b"\1", b"\1\0\1", b"\1\0\1\2\3", None])
def test_a_message_whose_signature_was_cut_is_held_and_the_others_go_on(home, gateway, ministry, several, sealed):
    with writing(gateway.database) as tx:
        tx.execute(text(f"UPDATE bildirim_body SET cms = :sealed WHERE sorgu_no = {several[2]}"), {"sealed": sealed})
    dispatch(gateway, stop=_after(50))

    assert home.states() == {"accepted": 4, "held": 1}


def test_a_signature_moved_from_another_message_is_not_sent(home, gateway, ministry, several):
    one, other = several[:2]
    elsewhere = f"(SELECT cms FROM bildirim_body WHERE sorgu_no = {other})"
    with writing(gateway.database) as tx:
        tx.execute(text(f"UPDATE bildirim_body SET cms = {elsewhere} WHERE sorgu_no = {one}"))
    dispatch(gateway)

    assert home.row(one)["state"] == "held"
    assert one not in [number for number, _, _ in ministry.sent]


class AwayMaster(HeldMaster):
    """A key management service that cannot be reached until somebody says it is back."""

    is_back = False

    def unwrap(self, wrapped, place):
        if not self.is_back:
            raise Unavailable("the KMS does not answer")
        return super().unwrap(wrapped, place)


def test_messages_wait_in_the_queue_while_the_master_key_is_away(home, another_worker, ministry, clock, several):
    master = AwayMaster(MASTER)
    late = another_worker()
    late = replace(late, keyring=KeyRing(late.database, master))
    for _ in range(late.patience.resend.max_attempts + 1):
        dispatch(late)
        assert (home.states(), ministry.sent) == ({"queued": 5}, [])
        clock.advance(hours=1)
    row = home.row(several[0])
    assert (row["reason"], row["last_code"], row["attempt"]) == ("not_arrived", "not_opened", 0)
    assert dispatch(late) == {"not_arrived": 5}
    master.is_back = True
    clock.advance(seconds=59)
    assert dispatch(late) == {}, "none is due before its minute is over"

    clock.advance(hours=1)
    dispatch(late)

    assert (home.states(), len(ministry.effects), home.broken()) == ({"accepted": 5}, 5, None)


def test_a_question_waits_too_while_the_master_key_is_away(home, gateway, another_worker, ministry, clock, one):
    ministry.faults.append("lost_reply")
    dispatch(gateway)
    master = AwayMaster(MASTER)
    late = another_worker()
    late = replace(late, keyring=KeyRing(late.database, master))
    clock.advance(minutes=1)
    for _ in range(4):
        assert inquire(late) == {}
        row = home.row(one)
        assert (row["state"], row["reason"], row["last_code"], row["asks"]) == ("uncertain", "uncertain", "timeout", 0)
        assert ministry.asked == []
        clock.advance(minutes=1)

    master.is_back = True
    inquire(late)

    assert (home.states(), len(ministry.effects)) == ({"accepted": 1}, 1)


def test_a_bug_in_opening_never_stops_the_others(home, gateway, ministry, several, monkeypatch):
    opened = bodies.open_claimed

    def breaks(key, claimed):
        if claimed.sorgu_no == several[0]:
            raise KeyError("a bug")
        return opened(key, claimed)

    monkeypatch.setattr(bodies, "open_claimed", breaks)
    dispatch(gateway)

    assert home.states() == {"accepted": 4, "uncertain": 1}
    assert home.row(several[0])["last_code"] == "internal_error"


def test_a_bug_in_the_generation_never_stops_the_others(home, gateway, ministry, several):
    def breaks(_):
        raise KeyError("a bug")

    ministry.fault_of[several[0]] = breaks
    dispatch(gateway)

    assert home.states() == {"accepted": 4, "uncertain": 1}
    assert home.row(several[0])["last_code"] == "internal_error"


def test_a_bug_in_a_question_leaves_its_message_uncertain(home, gateway, ministry, clock, one):
    def breaks(_):
        raise RuntimeError("a bug")

    ministry.faults.append("lost_reply")
    ministry.ask_faults.append(breaks)
    dispatch(gateway)
    clock.advance(minutes=1)
    inquire(gateway)

    assert home.states() == {"uncertain": 1}


def test_a_stop_gives_back_what_was_not_begun(home, gateway, ministry):
    home.accept(*(record(f"K-{n}") for n in range(30)))
    stopping = []
    ministry.faults.append(lambda _: stopping.append(True))
    dispatch(replace(gateway, pace=Pace(window=30, concurrency=1)), stop=lambda: bool(stopping))
    states = home.states()

    assert states["accepted"] == len(ministry.sent) == len(ministry.effects)
    assert states["accepted"] + states.get("queued", 0) == 30
    assert home.broken() is None


def test_a_message_given_back_is_sent_by_the_next_worker(home, gateway, ministry, several):
    calls = iter([False, True])
    dispatch(replace(gateway, pace=Pace(window=64, concurrency=1)), stop=lambda: next(calls, True))
    dispatch(gateway)

    assert (home.states(), len(ministry.effects)) == ({"accepted": 5}, 5)


def test_a_stopped_worker_claims_nothing(home, gateway, ministry, one):
    dispatch(gateway, stop=lambda: True)

    assert (home.states(), ministry.sent) == ({"queued": 1}, [])


def _after(times):
    left = iter(range(times))
    return lambda: next(left, None) is None


def test_a_wrong_master_key_sends_nothing_and_ends(home, gateway, ministry, one):
    stranger = replace(gateway, keyring=KeyRing(gateway.database, bytes(32)))
    try:
        dispatch(stranger, stop=_after(20))
    except Misconfigured:
        pass

    assert ministry.sent == []
    assert home.row(one)["state"] in ("queued", "held")


def test_a_wrong_master_key_is_told_before_anything_is_claimed(home, gateway, one):
    with pytest.raises(Misconfigured, match="master key"):
        KeyRing(gateway.database, bytes(32)).check_master()

    gateway.keyring.check_master()  # the right one says nothing


def test_without_an_address_nothing_is_claimed(home, gateway, one):
    with pytest.raises(Misconfigured):
        dispatch(replace(gateway, generation=None))

    assert home.states() == {"queued": 1}


@pytest.mark.parametrize("fault", ["lost_reply", "lost_request"])
def test_a_message_of_unknown_fate_is_not_sent_again_by_hand(home, gateway, ministry, one, fault):
    ministry.faults.append(fault)
    dispatch(gateway)
    with pytest.raises((IllegalMove, NotFound)):
        acts.release(gateway, KURUM, one, reason="impatient")

    assert home.states() == {"uncertain": 1}


def test_a_message_held_for_an_unknown_code_is_asked_about_before_it_goes_again(home, gateway, ministry, one):
    ministry.faults.append("stored_299")
    dispatch(gateway)
    acts.release(gateway, KURUM, one, reason="the ministry explained 299")
    dispatch(gateway)
    assert home.states() == {"uncertain": 1}

    inquire(gateway)
    assert (home.states(), len(ministry.sent), len(ministry.effects)) == ({"accepted": 1}, 1, 1)
    assert home.broken() is None


def test_a_message_held_for_an_unknown_code_is_not_cancelled(home, gateway, ministry, one):
    ministry.faults.append("stored_299")
    dispatch(gateway)
    with pytest.raises(IllegalMove):
        acts.cancel(gateway, KURUM, one, reason="give up")

    assert home.states() == {"held": 1}


def test_a_message_asked_about_for_too_long_is_asked_anew_after_its_release(home, gateway, ministry, clock, one):
    ministry.faults.append("lost_reply")
    ministry.ask_faults.extend(["timeout"] * 2)
    dispatch(gateway)
    clock.advance(hours=73)
    inquire(gateway)
    assert home.row(one)["reason"] == ASKED_TOO_LONG

    acts.release(gateway, KURUM, one, reason="the ministry is back")
    inquire(gateway)
    assert home.states() == {"uncertain": 1}
    clock.advance(hours=1)
    inquire(gateway)
    assert (home.states(), len(ministry.sent)) == ({"accepted": 1}, 1)


def test_a_message_under_way_is_neither_released_nor_cancelled(home, gateway, ministry, one):
    refused = []

    def meddle(_):
        for act in (acts.release, acts.cancel):
            try:
                act(replace(gateway), KURUM, one, reason="x")
            except (IllegalMove, NotFound):
                refused.append(act.__name__)

    ministry.faults.append(meddle)
    dispatch(gateway)

    assert refused == ["release", "cancel"]
    assert home.states() == {"accepted": 1}


def test_one_broken_customer_does_not_delay_another(home, gateway, ministry):
    home.accept(record("A"))
    list(accept(gateway, KurumNo("other"), submitted(record("A"))))
    with writing(gateway.database) as tx:
        tx.execute(text(f"DELETE FROM data_key WHERE kurum_id = '{KURUM}'"))
    fresh = replace(gateway, keyring=KeyRing(gateway.database, bytes(range(32))))
    try:
        dispatch(fresh, stop=_after(20))
    except Misconfigured:
        pass

    assert len(ministry.effects) == 1


def test_request_and_reply_of_every_attempt_are_kept_sealed(home, gateway, ministry, one):
    dispatch(gateway)
    [attempt] = home.read(one)["denemeler"]
    opened = content_of(gateway, KURUM, one).open(attempt["request"], f"deneme/{KURUM}/{one}/1/request".encode())

    assert opened == b"<request/>"
    assert b"<reply/>" not in attempt["reply"]


def test_every_move_of_a_life_stands_in_the_audit_log(home, gateway, ministry, clock, one):
    ministry.faults.append("lost_reply")
    ministry.ask_faults.append("timeout")
    dispatch(gateway)
    for _ in range(2):
        clock.advance(hours=1)
        inquire(gateway)
    told = [each.split('"event":"')[1].split('"')[0] for each in events_of(home)]

    assert told == [
        "kayit.accepted",
        "bildirim.moved",
        "bildirim.moved",
        "bildirim.moved",
        "bildirim.asking",
        "bildirim.asked",
        "bildirim.asking",
        "bildirim.moved",
    ]
    assert home.broken() is None


def test_no_line_of_the_log_holds_a_number_or_a_secret(home, gateway, ministry, clock, log):
    broken = "80000000132 bulunamadı"

    def breaks(_):
        raise ValueError(broken)

    home.accept(*(record(f"K-{n}", calisan=[tckn(820_000_000 + n)]) for n in range(6)), record("bad", calisan=[1]))
    ministry.faults.extend(["lost_reply", "212", "299", breaks, "214"])
    for _ in range(3):
        dispatch(gateway)
        inquire(gateway)
        clock.advance(hours=1)
    shown = "\n".join(map(str, log()))

    assert "delivery.attempted" in shown and "delivery.broken" in shown
    assert not any(
        number in shown for number in ("81234567804", "80000000132", *(tckn(820_000_000 + n) for n in range(6)))
    )


def test_neither_log_nor_database_holds_the_credentials(home, gateway, tmp_path, log, one):
    wire = Wire("http://127.0.0.1:9/soap-g2", Limits(connect=0.5))
    door = ZeepDoor(published("schemas", "soap-g2", "ibys.wsdl"), wire)
    sending = replace(gateway, generation=SoapG2(wire, door, Credentials("GIZLI-FIRMA", "GIZLI-PAROLA")))
    dispatch(sending)
    with pytest.raises(Unavailable):
        acts.refresh_codes(sending)
    gateway.database.dispose()
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("ibys.sqlite3*"))

    assert "not_arrived" in str(log())
    assert "GIZLI" not in str(log()) and b"GIZLI" not in stored


def test_the_audit_log_holds_no_identity_number(home, gateway, ministry, several):
    ministry.faults.extend(["212", "299"])
    dispatch(gateway)
    told = "".join(events_of(home))

    assert WORKER not in told and "81234567804" not in told


def test_the_fake_ministry_answers_a_used_number_with_211(gateway, one, home):
    memory = FakeMinistry()
    dispatch(replace(gateway, generation=memory))
    with writing(gateway.database) as tx:
        tx.execute(text("UPDATE bildirim SET state = 'queued'"))
    dispatch(replace(gateway, generation=memory))

    assert (len(memory.effects), home.states()) == (1, {"uncertain": 1})
