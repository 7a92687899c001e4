"""The evidence debt is paid by a job that an authority's outage stops and never harms."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from integrator import pipeline
from integrator.audit.verify import verify
from integrator.domain.identifiers import SorguNo
from integrator.evidence_job import Paid, pay_debt
from integrator.queue import bodies, copies
from integrator.sign.evidence import TimestampAuthority, core_of
from integrator.sign.keys import KeyCupboard
from integrator.sign.revocation import Revocation
from integrator.store.engine import reading
from integrator.store.tables import bildirim_body
from tests.factories import KURUM, content_of, record, submitted
from tests.fakes import START
from tests.pki import serve

DAY = timedelta(hours=24)
pytestmark = pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")


@pytest.fixture
def authorities(tmp_path):
    with serve(tmp_path, START) as alive:
        yield alive


@pytest.fixture
def accepted(gateway, authorities):
    """A gateway whose three messages the ministry has stored, signed by a person of the test PKI."""
    asked = Revocation(fetch=authorities.fetch)
    cupboard = KeyCupboard([authorities.signer("good")])
    ready = replace(gateway, trust=authorities.trust, revocation=asked, cupboard=cupboard)
    answers = list(pipeline.accept(ready, KURUM, submitted(*[record(f"R-{n}") for n in range(3)])))
    assert [answer.status for answer in answers] == ["accepted"] * 3
    assert pipeline.dispatch(ready)["accepted"] == 3
    return ready


@pytest.fixture
def authority(authorities):
    return TimestampAuthority(
        f"http://127.0.0.1:{authorities.port}/test/tsa/tsa",
        authorities.fetch,
        anchors=[authorities.certificate("root")],
        intermediates=[authorities.certificate("ca")],
    )


def debt(gateway):
    with reading(gateway.database) as tx:
        return copies.count_debt(tx)


def sent_and_copies(gateway):
    with reading(gateway.database) as tx:
        rows = tx.execute(select(bildirim_body.c.sorgu_no, bildirim_body.c.cms)).all()
        held = [copies.read_copy(tx, KURUM, SorguNo(row.sorgu_no)) for row in rows]
    return [
        (
            bodies.open_cms(content_of(gateway, KURUM, row.sorgu_no), KURUM, row.sorgu_no, row.cms),
            level,
            bodies.open_evidence(content_of(gateway, KURUM, row.sorgu_no), KURUM, row.sorgu_no, body),
        )
        for row, (level, body) in zip(rows, held, strict=True)
    ]


def test_a_stored_message_owes_a_copy_that_everybody_can_see(accepted):
    assert debt(accepted) == {"without_time_stamp": 3, "without_validation_data": 0}


def test_the_job_stamps_every_stored_signature_and_leaves_what_was_sent(accepted, authority):
    paid = pay_debt(accepted, authority, complete_after=DAY)

    assert paid == Paid(stamped=3)
    for sent, level, evidence in sent_and_copies(accepted):
        assert level == "T"
        assert core_of(evidence) == sent != evidence


def test_an_authority_that_is_away_leaves_the_debt_and_the_next_run_goes_on(accepted, authority, authorities):
    authorities.silent.add("tsa")
    away = pay_debt(accepted, authority, complete_after=DAY)
    owed = debt(accepted)
    authorities.silent.clear()

    back = pay_debt(accepted, authority, complete_after=DAY)

    assert away == Paid(stopped=True)
    assert owed["without_time_stamp"] == 3
    assert back == Paid(stamped=3)


def test_an_authority_that_leaves_in_the_middle_is_met_again_where_it_left(
    accepted, authority, authorities, monkeypatch
):
    asked = authorities.stamp
    monkeypatch.setattr(authorities, "stamp", lambda *a: asked(*a) if len(authorities.asked) < 3 else b"")
    first = pay_debt(accepted, authority, complete_after=DAY)
    monkeypatch.undo()

    second = pay_debt(accepted, authority, complete_after=DAY)

    assert first.stopped
    assert first.stamped + second.stamped == 3
    assert debt(accepted)["without_time_stamp"] == 0


def test_after_its_time_a_stamped_copy_is_completed_with_what_proves_it(accepted, authority, clock):
    pay_debt(accepted, authority, complete_after=DAY)
    early = pay_debt(accepted, authority, complete_after=DAY)
    clock.advance(minutes=5)

    late = pay_debt(accepted, authority, complete_after=timedelta(minutes=1))

    assert early == Paid()
    assert late == Paid(completed=3)
    assert debt(accepted) == {"without_time_stamp": 0, "without_validation_data": 0}
    assert all(core_of(evidence) == sent and level == "LT" for sent, level, evidence in sent_and_copies(accepted))


def test_no_copy_is_completed_while_nobody_says_whether_the_signer_is_revoked(accepted, authority, clock):
    pay_debt(accepted, authority, complete_after=DAY)
    clock.advance(minutes=5)
    silent = replace(accepted, revocation=Revocation())

    paid = pay_debt(silent, authority, complete_after=timedelta(minutes=1))

    assert paid == Paid()
    assert debt(accepted)["without_validation_data"] == 3


def test_a_job_told_to_stop_stops_between_two_copies(accepted, authority):
    answers = iter([False, True, True])

    paid = pay_debt(accepted, authority, complete_after=DAY, stop=lambda: next(answers))

    assert paid.stamped == 1


def test_every_copy_stands_in_the_audit_log(accepted, authority):
    pay_debt(accepted, authority, complete_after=DAY)

    with reading(accepted.database) as tx:
        report = verify(tx, accepted.checkpoint_key.public, accepted.checkpoint_key.origin)
    assert report.broken is None
