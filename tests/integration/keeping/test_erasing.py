"""Content is destroyed in time, by person and class; the log goes on verifying, and what is gone says so."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select, text

from integrator import acts, pipeline
from integrator.audit.trail import Trail
from integrator.audit.verify import verify
from integrator.domain.errors import BadReason, Erased, Malformed, NotFound, NothingKept, Tampered
from integrator.domain.identifiers import Tckn
from integrator.keeping import erasing
from integrator.keeping.backup import make_backup
from integrator.keeping.restoring import restore
from integrator.keeping.rotating import replace_data_keys, reseal
from integrator.parties import mirror
from integrator.sign.keys import KeyCupboard
from integrator.store.engine import open_engine, reading, sqlite_url, writing
from integrator.store.keyring import KeyRing
from integrator.store.tables import bildirim_body, calisan_sigorta, content_key, deneme, destruction, kayit
from tests.conftest import MASTER
from tests.factories import KURUM, PROFESSIONAL, SGK, WORKER, record, submitted, workers
from tests.fakes import START

OTHER = workers(1)[0]


@pytest.fixture
def delivered(gateway):
    """Takes records in and has them accepted by the ministry."""

    def deliver(*records):
        answers = list(pipeline.accept(gateway, KURUM, submitted(*records)))
        assert {each.status for each in answers} == {"accepted"}
        pipeline.dispatch(gateway)
        return [each.sorgu_no[0] for each in answers]

    return deliver


@pytest.fixture
def has_left(gateway):
    """Tells that workers left on a day."""

    def leave(*numbers, on=date(2025, 12, 31), event="leaving"):
        for each in numbers:
            erasing.tell_event(gateway, KURUM, Tckn(each), event, on)

    return leave


def is_proven(gateway, checkpoint_key):
    with reading(gateway.database) as tx:
        return verify(tx, checkpoint_key.public, "test").broken is None


def test_nothing_is_due_while_nobody_knows_when_the_worker_left(gateway, clock, delivered):
    delivered(record())
    clock.at = datetime(2090, 1, 1, tzinfo=UTC)

    assert erasing.due(gateway, KURUM) == []


@pytest.mark.parametrize(("day", "expected"), [("2035-12-30", 0), ("2035-12-31", 1)])
def test_a_training_is_due_ten_years_after_its_worker_left(gateway, clock, delivered, has_left, day, expected):
    delivered(record())
    has_left(WORKER)
    clock.at = datetime.fromisoformat(f"{day}T12:00+00:00")

    assert len(erasing.due(gateway, KURUM)) == expected


def test_a_list_is_due_when_its_last_worker_is(gateway, clock, delivered, has_left):
    delivered(record(calisan=[WORKER, OTHER]))
    has_left(WORKER)
    clock.at = datetime(2040, 1, 1, tzinfo=UTC)
    before = erasing.due(gateway, KURUM)
    has_left(OTHER, on=date(2030, 6, 1))
    clock.at = datetime(2040, 5, 31, 12, tzinfo=UTC)
    early = erasing.due(gateway, KURUM)
    clock.at = datetime(2040, 6, 1, 12, tzinfo=UTC)

    assert (before, early) == ([], [])
    assert [each.kayit_no for each in erasing.due(gateway, KURUM)] == ["K-1"]


def test_what_is_erased_opens_nowhere_and_says_since_when_and_why(gateway, clock, delivered, has_left, checkpoint_key):
    first, second = delivered(record("A"), record("B", calisan=[OTHER], egitimTarihi="2025-10-22"))
    has_left(WORKER)
    clock.at = datetime(2036, 1, 1, tzinfo=UTC)
    [made] = erasing.erase_due(gateway, KURUM, reason="yearly destruction")

    assert [each["kayit_no"] for each in made.document["records"]] == ["A"]
    assert made.document["records"][0]["sorgu_no"] == [first]
    with pytest.raises(Erased, match="erased on 2036-01-01 under the class training"):
        acts.read_canonical(gateway, KURUM, first)
    assert acts.read_canonical(gateway, KURUM, second).startswith(b"<?xml")
    assert is_proven(gateway, checkpoint_key)


def test_no_key_that_is_left_opens_anything_of_an_erased_record(gateway, clock, delivered, has_left):
    [number] = delivered(record())
    with reading(gateway.database) as tx:
        sealed = tx.execute(select(content_key.c.sealed)).scalar_one()
    has_left(WORKER)
    clock.at = datetime(2036, 1, 1, tzinfo=UTC)
    erasing.erase_due(gateway, KURUM, reason="yearly destruction")
    sealer = gateway.keyring.sealer(KURUM)
    with reading(gateway.database) as tx:
        values = [
            tx.execute(select(bildirim_body.c.canonical)).scalar_one(),
            tx.execute(select(kayit.c.body)).scalar_one(),
            *tx.execute(select(deneme.c.request, deneme.c.reply)).one(),
        ]
        stored = [bytes(each) for each in tx.execute(select(content_key.c.sealed)).scalars()]

    assert sealed not in stored
    for each in values:
        with pytest.raises(Tampered):
            sealer.open(each, f"bildirim/{KURUM}/{number}/canonical".encode())


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # PostgreSQL cannot: docs/decisions/0025
def test_the_bytes_of_a_destroyed_key_stand_nowhere_in_the_file(gateway, clock, delivered, has_left, tmp_path):
    delivered(*[record(f"K-{n}") for n in range(20)])
    with reading(gateway.database) as tx:
        keys = [bytes(each) for each in tx.execute(select(content_key.c.sealed)).scalars()]
    files = lambda: b"".join(each.read_bytes() for each in tmp_path.glob("ibys.sqlite3*"))  # noqa: E731
    assert all(each in files() for each in keys)
    has_left(WORKER)
    clock.at = datetime(2036, 1, 1, tzinfo=UTC)
    erasing.erase_due(gateway, KURUM, reason="yearly destruction")

    assert not any(each[15:] in files() for each in keys)


def test_a_record_on_hold_stays_and_the_certificate_says_so(gateway, clock, delivered, has_left):
    [number] = delivered(record())
    has_left(WORKER)
    clock.at = datetime(2036, 1, 1, tzinfo=UTC)
    erasing.place_hold(gateway, KURUM, ["K-1"], reason="court 2035/1")
    [made] = erasing.erase_due(gateway, KURUM, reason="yearly destruction")
    erasing.lift_hold(gateway, KURUM, ["K-1"], reason="case closed")
    [again] = erasing.erase_due(gateway, KURUM, reason="yearly destruction")

    assert (made.document["records"], made.document["stays"]) == ([], [{"kayit_no": "K-1", "why": "legal_hold"}])
    assert again.document["records"] == [{"kayit_no": "K-1", "sorgu_no": [number]}]


def test_a_hold_on_a_customer_keeps_every_record(gateway, clock, delivered, has_left):
    delivered(record())
    has_left(WORKER)
    clock.at = datetime(2036, 1, 1, tzinfo=UTC)
    erasing.place_hold(gateway, KURUM, [], reason="inspection")
    [made] = erasing.erase_due(gateway, KURUM, reason="yearly destruction")

    assert made.document["records"] == []
    with pytest.raises(NotFound):
        erasing.lift_hold(gateway, KURUM, ["K-1"], reason="another")


def test_a_hold_on_a_number_that_is_no_record_is_refused(gateway, delivered):
    delivered(record())
    with pytest.raises(NothingKept, match=r"no record K-99 here.*nothing was held"):
        erasing.place_hold(gateway, KURUM, ["K-1", "K-99"], reason="court")
    assert erasing.read_holds(gateway, KURUM) == []
    erasing.place_hold(gateway, KURUM, ["K-1"], reason="court")

    assert [(each.kayit_no, each.reason) for each in erasing.read_holds(gateway, KURUM)] == [("K-1", "court")]


def test_an_event_of_a_day_that_has_not_come_is_refused(gateway, delivered, has_left):
    with pytest.raises(Malformed, match="has not come yet"):
        has_left(WORKER, on=date(2026, 3, 3))
    has_left(WORKER, on=date(2026, 3, 2))


def test_records_whose_time_has_not_begun_are_counted(gateway, clock, delivered, has_left):
    delivered(record("A"), record("B", calisan=[OTHER], egitimTarihi="2025-10-22"))
    has_left(WORKER)
    clock.at = datetime(2036, 1, 1, tzinfo=UTC)
    over, unknown = erasing.survey(gateway, KURUM)

    assert ([each.kayit_no for each in over], unknown) == (["A"], 1)


def test_what_has_not_ended_stays(gateway, clock, has_left):
    list(pipeline.accept(replace(gateway, cupboard=KeyCupboard([])), KURUM, submitted(record())))
    has_left(WORKER)
    clock.at = datetime(2036, 1, 1, tzinfo=UTC)
    [made] = erasing.erase_due(gateway, KURUM, reason="yearly destruction")

    assert made.document["stays"] == [{"kayit_no": "K-1", "why": "not_ended"}]
    assert len(acts.read_waiting(gateway, KURUM)) == 1


def test_a_person_is_erased_alone_and_a_list_with_others_stays(gateway, clock, delivered, has_left, checkpoint_key):
    alone, _ = delivered(record("A"), record("B", calisan=[WORKER, OTHER], egitimTarihi="2025-10-22"))
    has_left(WORKER)
    clock.at = datetime(2036, 1, 1, tzinfo=UTC)
    made = erasing.erase_person(gateway, KURUM, Tckn(WORKER), "training", reason="asked by letter 12")

    assert made.document["records"] == [{"kayit_no": "A", "sorgu_no": [alone]}]
    assert made.document["stays"] == [{"kayit_no": "B", "why": "about_others_too"}]
    assert is_proven(gateway, checkpoint_key)


def test_a_person_whose_time_is_not_over_is_told_so(gateway, clock, delivered, has_left):
    delivered(record())
    has_left(WORKER)
    made = erasing.erase_person(gateway, KURUM, Tckn(WORKER), "training", reason="asked by letter 12")

    assert made.document["stays"] == [{"kayit_no": "K-1", "why": "time_not_over"}]


def test_kept_answers_about_a_person_go_too(gateway, clock, delivered):
    delivered(record())
    sealer = gateway.keyring.sealer(KURUM)
    with writing(gateway.database) as tx:
        for number in (WORKER, OTHER):
            mirror.put(tx, sealer, KURUM, mirror.Seen(mirror.Sigorta(number, SGK), True, "json-g4", START))
    erasing.erase_person(gateway, KURUM, Tckn(WORKER), "training", reason="letter 12", early=True)

    with reading(gateway.database) as tx:
        assert len(tx.execute(select(calisan_sigorta.c.blind_index)).all()) == 1


def test_an_unknown_person_is_not_found(gateway, delivered):
    delivered(record())
    with pytest.raises(NotFound):
        erasing.erase_person(gateway, KURUM, Tckn(OTHER), "training", reason="letter 12")


def test_an_erased_record_does_not_come_in_a_second_time(gateway, clock, delivered):
    delivered(record())
    erasing.erase_person(gateway, KURUM, Tckn(WORKER), "training", reason="letter 12", early=True)
    [answer] = pipeline.accept(gateway, KURUM, submitted(record()))

    assert answer.status == "rejected"


def test_no_certificate_and_no_entry_names_a_person(gateway, clock, delivered):
    delivered(record())
    made = erasing.erase_person(gateway, KURUM, Tckn(WORKER), "training", reason="letter 12", early=True)
    with reading(gateway.database) as tx:
        leaves = b"".join(tx.execute(text("SELECT leaf FROM audit_entry")).scalars())
        kept = tx.execute(select(destruction.c.document)).scalar_one()

    assert json.loads(kept) == made.document
    for told in (leaves.decode(), kept, made.text):
        assert WORKER not in told and PROFESSIONAL not in told
    with pytest.raises(BadReason):
        erasing.erase_person(gateway, KURUM, Tckn(WORKER), "training", reason=f"for {WORKER}", early=True)


def test_erased_records_stay_erased_when_keys_rotate(gateway, clock, delivered, checkpoint_key):
    [number] = delivered(record())
    erasing.erase_person(gateway, KURUM, Tckn(WORKER), "training", reason="letter 12", early=True)
    replace_data_keys(gateway, reason="yearly")
    clock.advance(minutes=5)
    done = reseal(gateway)

    assert (done.retired, done.left) == (2, 0)
    with pytest.raises(Erased):
        acts.read_canonical(gateway, KURUM, number)


def test_a_copy_from_an_older_backup_is_given_the_certificates(gateway, clock, delivered, tmp_path, checkpoint_key):
    [number] = delivered(record())
    path = make_backup(gateway, b"k" * 32, tmp_path / "b", tmp_path / "staged").path
    made = erasing.erase_person(gateway, KURUM, Tckn(WORKER), "training", reason="letter 12", early=True)
    empty = open_engine(sqlite_url(tmp_path / "new.sqlite3"))
    ring = KeyRing(empty, MASTER)
    facts = {"name": "test", "keyring": ring, "log_key": checkpoint_key, "now": clock.now()}
    done = restore(path, b"k" * 32, empty, **facts, destroyed=[made.document])
    copy = replace(gateway, database=empty, keyring=ring, trail=Trail())

    assert done.erased_again == 1
    with pytest.raises(Erased):
        acts.read_canonical(copy, KURUM, number)
    assert is_proven(copy, checkpoint_key)
    empty.dispose()
