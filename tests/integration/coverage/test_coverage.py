from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select, update
from structlog.testing import capture_logs

from integrator import acts, pipeline
from integrator.coverage.following import follow, follow_all, forget
from integrator.coverage.reading import count_places, read_counts, read_workers, sum_counts
from integrator.coverage.standing import Standing
from integrator.domain.identifiers import KurumNo
from integrator.evidence.fsck import fsck
from integrator.metrics import REGISTRY
from integrator.parties import register
from integrator.parties.register import calisan_index, isyeri_index
from integrator.queue.erasures import destroy
from integrator.sign.keys import KeyCupboard
from integrator.store.engine import reading, writing
from integrator.store.tables import bildirim_body
from tests.factories import KURUM, SGK, record, submitted, workers
from tests.fakes import START

TODAY = date(2025, 11, 3)
ALICE, BOB, CEM = workers(3)


def place(gateway):
    return isyeri_index(gateway.keyring.sealer(KURUM, now=START), SGK)


@pytest.fixture
def roster(gateway):
    """Three workers of a dangerous workplace, as İSG-KATİP told them."""
    sealer, index = gateway.keyring.sealer(KURUM, now=START), place(gateway)
    told = [register.Told(register.ISYERI, index, {"sgk_tescil_no": SGK, "tehlike_sinifi": "tehlikeli"})]
    for each in (ALICE, BOB, CEM):
        told.append(register.Told(register.CALISAN, calisan_index(sealer, SGK, each), {"isyeri_index": index}))
    with writing(gateway.database) as tx:
        changes = register.compare(tx, sealer, KURUM, told)
        register.write(tx, sealer, KURUM, changes, now=START)


@pytest.fixture
def send(gateway):
    def act(*records):
        answers = list(pipeline.accept(gateway, KURUM, submitted(*records)))
        assert [each.status for each in answers] == ["accepted"] * len(records), answers
        pipeline.dispatch(gateway)
        follow_all(gateway, KURUM)
        return answers

    return act


def standings(gateway, *, kind="egitim", today=TODAY):
    sealer = gateway.keyring.sealer(KURUM)
    with reading(gateway.database) as tx:
        found = {each.calisan_index: each for each in read_workers(tx, KURUM, place(gateway), today=today)}
    return [found[calisan_index(sealer, SGK, each)].standing[kind] for each in (ALICE, BOB, CEM)]


def people(*several):
    return {"calisan": list(several)}


def test_nobody_is_covered_before_anything_was_entered(gateway, roster):
    follow_all(gateway, KURUM)

    assert standings(gateway) == standings(gateway, kind="muayene") == [Standing.NOT_ENTERED] * 3


def test_who_was_accepted_is_covered_until_the_renewal_of_the_hazard_class(gateway, roster, send):
    send(record("K-1", **people(ALICE)))  # of 23.10.2025, at a dangerous workplace: two years

    assert standings(gateway) == [Standing.VALID, Standing.NOT_ENTERED, Standing.NOT_ENTERED]
    assert standings(gateway, today=date(2027, 8, 23))[0] is Standing.VALID
    assert standings(gateway, today=date(2027, 8, 24))[0] is Standing.ENDING
    assert standings(gateway, today=date(2027, 10, 23))[0] is Standing.ENDING
    assert standings(gateway, today=date(2027, 10, 24))[0] is Standing.EXPIRED


def spoil(gateway):
    """Change what is stored of every message so far, and count coverage anew."""
    with writing(gateway.database) as tx:
        forget(tx, KURUM)
        spoilt = tx.execute(select(bildirim_body.c.canonical)).scalar_one()[:-1] + b"x"
        tx.execute(update(bildirim_body).values(canonical=spoilt))


def test_a_message_that_does_not_open_is_passed_by_told_and_counted(gateway, roster, send):
    [answer] = send(record("K-1", **people(ALICE)))
    spoil(gateway)
    before = REGISTRY.get_sample_value("ibys_coverage_passed_by_total")
    with capture_logs() as told:
        send(record("K-2", **people(BOB)))

    assert standings(gateway) == [Standing.NOT_ENTERED, Standing.VALID, Standing.NOT_ENTERED]
    assert {each["sorgu_no"] for each in told if each["event"] == "coverage.passed_by"} == {answer.sorgu_no[0]}
    assert REGISTRY.get_sample_value("ibys_coverage_passed_by_total") > before


def test_fsck_names_the_message_that_coverage_passed_by(gateway, send):
    [answer] = send(record("K-1", **people(ALICE)))
    spoil(gateway)

    assert follow_all(gateway, KURUM) > 0
    assert str(answer.sorgu_no[0]) in fsck(gateway).broken


def test_each_step_where_it_stops_has_its_name(gateway, roster, send, ministry):
    ministry.faults.extend(["213", "lost_reply"])
    send(record("K-1", **people(ALICE)), record("K-2", **people(BOB)))
    list(pipeline.accept(gateway, KURUM, submitted(record("K-3", **people(CEM)))))
    follow_all(gateway, KURUM)

    assert standings(gateway) == [Standing.NOT_ACCEPTED, Standing.NOT_ANSWERED, Standing.NOT_SENT]


def test_what_waits_for_a_signature_is_not_signed(gateway, roster):
    keyless = replace(gateway, cupboard=KeyCupboard([]))
    list(pipeline.accept(keyless, KURUM, submitted(record("K-1", **people(ALICE)))))
    follow_all(gateway, KURUM)

    assert standings(gateway)[0] is Standing.NOT_SIGNED


def test_a_part_that_was_refused_covers_nobody_while_the_others_are_covered(gateway, roster, send, ministry):
    ministry.off_roster.add(CEM)
    send(record("K-1", **people(ALICE, BOB, CEM)))

    assert standings(gateway) == [Standing.VALID, Standing.VALID, Standing.NOT_ACCEPTED]


def test_a_withdrawn_message_counts_for_nothing(gateway, roster, send, ministry):
    ministry.faults.append("213")
    [answer] = send(record("K-1", **people(ALICE)))
    acts.cancel(gateway, KURUM, answer.sorgu_no[0], reason="entered twice")
    follow_all(gateway, KURUM)

    assert standings(gateway)[0] is Standing.NOT_ENTERED


def test_steps_of_any_size_and_a_second_making_give_the_same(gateway, roster, send, ministry):
    ministry.faults.append("213")
    ministry.off_roster.add(BOB)
    send(record("K-1", **people(ALICE)), record("K-2", **people(ALICE, BOB)), record("K-3", **people(CEM)))
    once = standings(gateway)
    with writing(gateway.database) as tx:
        forget(tx, KURUM)
    assert standings(gateway) == [Standing.NOT_ENTERED] * 3
    while follow(gateway, KURUM, limit=1):
        pass

    assert standings(gateway) == once


def test_an_erased_record_is_passed_over_when_coverage_is_made_anew(gateway, roster, send):
    send(record("K-1", **people(ALICE)))
    with writing(gateway.database) as tx:
        assert destroy(tx, KURUM, "K-1", day="2026-01-01", named="x")
        forget(tx, KURUM)
    follow_all(gateway, KURUM)

    assert standings(gateway)[0] is Standing.NOT_ENTERED


def test_an_erasure_takes_what_coverage_says_of_the_worker(gateway, roster, send):
    send(record("K-1", **people(ALICE)), record("K-2", **people(BOB)))
    with writing(gateway.database) as tx:
        assert destroy(tx, KURUM, "K-1", day="2026-01-01", named="x")

    assert standings(gateway) == [Standing.NOT_ENTERED, Standing.VALID, Standing.NOT_ENTERED]


def test_counts_are_made_anew_when_something_changed_and_when_a_day_passed(gateway, roster, send, clock):
    assert count_places(gateway, KURUM) == 1
    assert count_places(gateway, KURUM) == 0
    send(record("K-1", **people(ALICE, BOB)))
    assert count_places(gateway, KURUM) == 1
    with reading(gateway.database) as tx:
        [counted] = read_counts(tx, KURUM)

    assert (counted.roster, counted.counts["egitim"]) == (3, {"valid": 2, "not_entered": 1})
    assert sum_counts([counted, counted])["egitim"] == {"valid": 4, "not_entered": 2}
    clock.advance(seconds=86_400)
    assert count_places(gateway, KURUM) == 1


def test_one_customers_coverage_says_nothing_of_anothers(gateway, roster, send):
    send(record("K-1", **people(ALICE)))
    other = KurumNo("osgb-2")
    gateway.keyring.sealer(other, now=START)
    follow_all(gateway, other)

    with reading(gateway.database) as tx:
        assert read_workers(tx, other, place(gateway), today=TODAY) == []
        assert read_counts(tx, other) == []
