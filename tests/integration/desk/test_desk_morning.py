from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest

from integrator import acts, pipeline
from integrator.catalogue.changes import Change
from integrator.coverage import messages
from integrator.coverage.following import follow_all, forget
from integrator.coverage.messages import read_depths
from integrator.desk import morning as morning_of_the_desk
from integrator.desk.morning import coming, read_morning
from integrator.domain.hands import Verb
from integrator.domain.identifiers import KurumNo
from integrator.domain.states import State
from integrator.parties import register
from integrator.parties.register import isyeri_index, profesyonel_index
from integrator.sign.keys import KeyCupboard
from integrator.store.engine import reading, writing
from tests.factories import KURUM, PROFESSIONAL, SGK, record, submitted
from tests.fakes import START

YESTERDAY = START - timedelta(days=1)


@pytest.fixture
def known(gateway):
    """The registers know the workplace and the professional."""
    sealer = gateway.keyring.sealer(KURUM, now=START)
    told = [
        register.Told(register.ISYERI, isyeri_index(sealer, SGK), {"sgk_tescil_no": SGK, "ad_unvan": "DENEME A.Ş."}),
        register.Told(
            register.PROFESYONEL, profesyonel_index(sealer, PROFESSIONAL), {"tckn": PROFESSIONAL, "ad": "Ayşe Şen"}
        ),
    ]
    with writing(gateway.database) as tx:
        register.write(tx, sealer, KURUM, register.compare(tx, sealer, KURUM, told), now=START)


def enter(gateway, *names, **changes):
    answers = list(pipeline.accept(gateway, KURUM, submitted(*(record(name, **changes) for name in names))))
    assert [each.status for each in answers] == ["accepted"] * len(names), answers
    return [each.sorgu_no[0] for each in answers]


def morning(gateway, kurum=KURUM, *, since=YESTERDAY, **more):
    with reading(gateway.database) as tx:
        return read_morning(tx, gateway, kurum, since=since, **more)


def counts(gateway):
    with reading(gateway.database) as tx:
        return {state: count for state, count in read_depths(tx, KURUM).items() if count}


def test_an_empty_home_has_a_morning_too(gateway):
    found = morning(gateway)

    assert not any(found.counts.values())
    assert (found.oldest_unsent_at, list(found.signing), list(found.causes)) == (None, [], [])
    assert found.line.is_sending


def test_messages_with_one_thing_to_mend_are_one_row_that_says_who_mends_it_and_where(gateway, ministry, clock, known):
    ministry.faults.extend(["213"] * 3)
    numbers = enter(gateway, "K-1", "K-2", "K-3")
    pipeline.dispatch(gateway)
    [row] = morning(gateway).causes

    assert (row.code, row.count, row.fresh, row.state) == ("213", 3, 3, State.HELD)
    assert (row.first_at, row.last_at) == (START, START)
    assert "e-Bildirge" in row.who["tr"] and "İSG Hizmet Sözleşmeleri" in row.where["tr"]
    assert (row.place.sgk_tescil_no, row.place.ad_unvan, row.professional) == (SGK, "DENEME A.Ş.", "A*** Ş***")
    assert row.can == (Verb.RELEASE, Verb.CANCEL)
    acts.release_cause(gateway, KURUM, row.cause, reason="contract approved")
    assert list(morning(gateway).causes) == []
    assert counts(gateway) == {State.QUEUED: len(numbers)}


def test_what_came_since_yesterday_is_told_apart_from_what_stood_there(gateway, ministry, clock):
    ministry.faults.extend(["213", "213"])
    enter(gateway, "K-1")
    pipeline.dispatch(gateway)
    later = clock.advance(days=2)
    enter(gateway, "K-2")
    pipeline.dispatch(gateway)
    [row] = morning(gateway, since=later - timedelta(days=1)).causes

    assert (row.count, row.fresh, row.first_at, row.last_at) == (2, 1, START, later)


def test_a_morning_tells_the_largest_causes_and_how_many_more_there_are(gateway, ministry, monkeypatch):
    ministry.faults.extend(["213", "213", "210"])
    enter(gateway, "K-1", "K-2", "K-3")
    pipeline.dispatch(gateway)
    monkeypatch.setattr(morning_of_the_desk, "CAUSES", 1)
    found = morning(gateway)

    assert ([each.code for each in found.causes], found.more_causes) == (["213"], 1)


def test_signatures_are_counted_for_each_professional_with_the_longest_wait(gateway, clock, known):
    keyless = replace(gateway, cupboard=KeyCupboard([]))
    enter(keyless, "K-1")
    clock.advance(hours=3)
    enter(keyless, "K-2")
    found = morning(gateway)

    assert [(each.professional, each.count, each.oldest_at) for each in found.signing] == [("A*** Ş***", 2, START)]
    assert [each.professional for each in morning(gateway, whole=True).signing] == ["Ayşe Şen"]
    assert found.oldest_unsent_at == START
    assert list(found.causes) == []


def test_a_professional_whom_no_register_knows_is_named_by_the_bytes_masked(gateway):
    enter(replace(gateway, cupboard=KeyCupboard([])), "K-1")
    [row] = morning(gateway).signing

    assert row.professional == f"{PROFESSIONAL[:2]}*******{PROFESSIONAL[-2:]}"


def test_a_stopped_and_a_passive_line_are_told_apart(gateway, ministry):
    acts.stop_line(gateway, reason="exercise")
    line = morning(gateway).line
    assert (line.is_stopped, line.is_passive, line.is_sending) == (True, False, False)
    acts.resume_line(gateway, reason="over")
    ministry.is_firm_active = False
    enter(gateway, "K-1")
    pipeline.dispatch(gateway)
    line = morning(gateway).line

    assert (line.is_stopped, line.is_passive, line.is_sending) == (False, True, False)


def test_counts_are_exact_whether_they_were_followed_or_not(gateway, ministry, monkeypatch):
    ministry.faults.extend(["213", "210"])
    numbers = enter(gateway, "K-1", "K-2", "K-3")
    assert counts(gateway) == {State.QUEUED: 3}
    follow_all(gateway, KURUM)
    pipeline.dispatch(gateway)
    there = {State.HELD: 1, State.REFUSED: 1, State.ACCEPTED: 1}
    assert counts(gateway) == there
    follow_all(gateway, KURUM)
    assert counts(gateway) == there
    acts.cancel(gateway, KURUM, numbers[0], reason="entered twice")
    monkeypatch.setattr(messages, "TAIL", 0)  # too far behind: counted

    assert counts(gateway) == {State.CANCELLED: 1, State.REFUSED: 1, State.ACCEPTED: 1}


def test_counts_that_were_thrown_away_come_back_the_same(gateway, ministry):
    ministry.faults.append("213")
    enter(gateway, "K-1", "K-2")
    pipeline.dispatch(gateway)
    follow_all(gateway, KURUM)
    once = counts(gateway)
    with writing(gateway.database) as tx:
        forget(tx, KURUM)
    follow_all(gateway, KURUM)

    assert counts(gateway) == once == {State.HELD: 1, State.ACCEPTED: 1}


def test_the_radar_tells_the_fewest_days_first_and_only_what_is_announced_and_not_done():
    today = date(2026, 3, 2)

    def change(no, days, **facts):
        on = today - timedelta(days=days)
        return Change(**{"no": no, "kind": "veri_seti", "announced": True, "published_on": on,
                         "effective_from": on, "tr": "", "en": "", "source": ""} | facts)  # fmt: skip

    several = [change("A", 5), change("B", 29), change("C", 31), change("D", 1, announced=False),
               change("E", 9, done_on=today)]  # fmt: skip

    assert [(each.change.no, each.days_left, each.state) for each in coming(several, today)] == [
        ("C", -1, "overdue"), ("B", 1, "T-1"), ("A", 25, "open"),
    ]  # fmt: skip


def test_a_morning_tells_nothing_of_another_customer(gateway, ministry):
    ministry.faults.append("213")
    enter(gateway, "K-1", "K-2")
    pipeline.dispatch(gateway)
    follow_all(gateway, KURUM)
    other = KurumNo("osgb-2")
    gateway.keyring.sealer(other, now=START)
    found = morning(gateway, other)

    assert (Counter(found.counts.values()), list(found.causes)) == (Counter({0: len(State)}), [])
