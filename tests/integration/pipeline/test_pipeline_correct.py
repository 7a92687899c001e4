from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from integrator import acts
from integrator.domain.errors import NothingToCorrect
from integrator.evidence.fsck import fsck
from integrator.gateway import Pace
from integrator.pipeline import dispatch
from integrator.queue import corrections
from integrator.store.engine import reading
from tests.factories import KURUM, WORKER, record, submitted, workers
from tests.fakes import TickingClock
from tests.integration.pipeline.test_pipeline_hands import WHY, events_of, snapshot

TWO = workers(2)


@pytest.fixture
def refused(home, gateway, ministry):
    """The number of a message that the ministry refused, with a code that is the record's fault unless told."""

    def refuse(code="210", **changes):
        [answer] = home.accept(record("K-1", calisan=TWO, **changes))
        ministry.faults.append(code)
        dispatch(gateway)
        return answer.sorgu_no[0]

    return refuse


@pytest.fixture
def partial(home, gateway, ministry):
    [answer] = home.accept(record("K-1", calisan=TWO))
    ministry.off_roster.add(TWO[0])
    dispatch(gateway)
    ministry.off_roster.clear()
    return answer.sorgu_no[0]


def correct(gateway, number, *, kayit_no="K-2", **changes):
    return acts.correct(gateway, KURUM, number, submitted(record(kayit_no, **{"calisan": TWO, **changes}))[0], **WHY)


def links(home, kayit_no):
    with reading(home.gateway.database) as tx:
        return corrections.links_of(tx, KURUM, kayit_no)


def test_a_corrected_record_supersedes_the_refused_one_and_goes_out(home, gateway, ministry, refused):
    number = refused()

    done = correct(gateway, number, egitimYer=0)
    dispatch(gateway)

    assert (done.answer.status, done.corrects, done.superseded) == ("accepted", "K-1", (number,))
    assert home.states() == {"superseded": 1, "accepted": 1}
    assert home.broken() is None


def test_a_correction_is_dated_as_the_log_dates_it(home, gateway, refused):
    number = refused()

    correct(replace(gateway, clock=TickingClock(gateway.clock.now())), number, egitimYer=0)

    assert fsck(gateway).broken is None


def test_the_link_is_known_from_both_ends_and_in_the_log(home, gateway, refused):
    number = refused()
    correct(gateway, number, egitimYer=0)

    assert (links(home, "K-1"), links(home, "K-2")) == (("", "K-2"), ("K-1", ""))
    [told] = events_of(home, "kayit.corrected")
    assert (told["kayit_no"], told["corrected_by"], told["by"]) == ("K-1", "K-2", "ayse")
    moved = [each for each in events_of(home, "bildirim.moved") if each["to"] == "superseded"]
    assert [(each["move"], each["sorgu_no"], each["corrected_by"]) for each in moved] == [("k", number, "K-2")]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"egitimYer": 7}, "INT-VAL-013"),
        ({}, "INT-QUE-021"),
        ({"egitimYer": 0, "kayit_no": "K-1"}, "INT-INT-002"),
        ({"kayit_no": "K-1"}, "INT-INT-002"),
    ],
)
def test_a_correction_that_is_rejected_leaves_everything_as_it_was(home, gateway, refused, changes, code):
    number = refused()
    before = snapshot(home)
    if code == "INT-INT-002" and "egitimYer" not in changes:
        code = "INT-QUE-021"  # the old record itself, once more

    done = correct(gateway, number, **changes)

    assert (done.answer.status, [each.code for each in done.answer.findings]) == ("rejected", [code])
    assert snapshot(home) == before
    assert links(home, "K-1") == ("", "")


def test_a_correction_that_cannot_be_written_leaves_everything_as_it_was(monkeypatch, home, gateway, refused):
    number = refused()
    before = snapshot(home)

    def fails(*_args, **_facts):
        raise ConnectionError

    monkeypatch.setattr(corrections, "_move", fails)
    with pytest.raises(ConnectionError):
        correct(gateway, number, egitimYer=0)
    assert (snapshot(home), links(home, "K-1")) == (before, ("", ""))


def test_the_same_correction_said_again_is_known(home, gateway, refused):
    number = refused()
    first = correct(gateway, number, egitimYer=0)
    before = snapshot(home)

    again = correct(gateway, number, egitimYer=0)

    assert (again.answer.status, again.answer.sorgu_no) == ("known", first.answer.sorgu_no)
    assert snapshot(home) == before


def test_a_record_is_corrected_once(home, gateway, refused):
    number = refused()
    correct(gateway, number, egitimYer=0)

    with pytest.raises(NothingToCorrect):
        correct(gateway, number, kayit_no="K-3", egitimTur=0)


def test_two_operators_who_correct_the_same_record_do_it_once(home, gateway, another_worker, refused):
    number = refused()

    def try_it(each, kayit_no):
        try:
            return correct(each, number, kayit_no=kayit_no, egitimYer=0).answer.status
        except NothingToCorrect:
            return "refused"

    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(try_it, [gateway, another_worker()], ["K-2", "K-3"]))

    assert sorted(told) == ["accepted", "refused"]
    assert (home.states(), home.broken()) == ({"superseded": 1, "queued": 1}, None)


def test_a_correction_that_is_refused_in_its_turn_is_corrected(home, gateway, ministry, refused):
    number = refused()
    [second] = correct(gateway, number, egitimYer=0).answer.sorgu_no
    ministry.faults.append("210")
    dispatch(gateway)

    done = correct(gateway, second, kayit_no="K-3", egitimTur=0)

    assert (done.answer.status, done.corrects, done.superseded) == ("accepted", "K-2", (second,))


@pytest.mark.parametrize("code", ["214", "215"])
def test_what_was_refused_for_its_bytes_or_signature_may_go_again_with_the_same_content(home, gateway, refused, code):
    number = refused(code)

    assert correct(gateway, number).answer.status == "accepted"


def test_a_partial_message_stays_and_the_record_of_its_refused_parts_is_linked(home, gateway, ministry, partial):
    done = correct(gateway, partial, calisan=[TWO[0]])
    dispatch(gateway)

    assert (done.answer.status, done.superseded, links(home, "K-1")) == ("accepted", (), ("", "K-2"))
    assert home.states() == {"partial": 1, "accepted": 1}
    assert len(ministry.effects) == len({pair for _, pair in ministry.effects}) == 2


def test_a_correction_that_repeats_what_is_stored_is_rejected(home, gateway, partial):
    done = correct(gateway, partial, calisan=TWO, egitimYer=0)

    assert [each.code for each in done.answer.findings] == ["INT-QUE-022"]


def test_a_correction_of_a_correction_must_not_repeat_what_the_first_record_stored(home, gateway, ministry, partial):
    [second] = correct(gateway, partial, calisan=[TWO[0]]).answer.sorgu_no
    ministry.faults.append("210")
    dispatch(gateway)

    done = correct(gateway, second, kayit_no="K-3", calisan=TWO, egitimYer=0)

    assert [each.code for each in done.answer.findings] == ["INT-QUE-022"]


def test_the_other_messages_of_a_record_are_not_repeated_by_its_correction(home, gateway, ministry):
    many = workers(101)
    first, _second = home.accept(record("K-1", calisan=many))[0].sorgu_no
    ministry.faults.extend(["210", None])
    dispatch(replace(gateway, pace=Pace(concurrency=1)))
    assert home.states() == {"refused": 1, "accepted": 1}

    whole = correct(gateway, first, calisan=many, egitimYer=0)
    refused_ones = correct(gateway, first, calisan=sorted(many)[:100], egitimYer=0)

    assert [each.code for each in whole.answer.findings] == ["INT-QUE-022"]
    assert (refused_ones.answer.status, refused_ones.superseded) == ("accepted", (first,))


def test_what_a_correction_leaves_out_is_told(home, gateway, refused):
    number = refused()

    done = correct(gateway, number, calisan=[TWO[0], WORKER])

    assert (done.answer.status, [each.code for each in done.answer.findings]) == ("accepted", ["INT-QUE-023"])
