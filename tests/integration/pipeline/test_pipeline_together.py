"""Records of several customers in one transaction: each customer's own keys, registers and answers; all or nothing."""

from threading import Event, Thread

import pytest
from sqlalchemy import func, select

from integrator import pipeline
from integrator.domain.errors import Tampered, Unavailable
from integrator.domain.identifiers import KurumNo
from integrator.evidence.fsck import fsck
from integrator.keeping.rotating import replace_data_keys
from integrator.queue import records
from integrator.store import engine
from integrator.store.engine import reading, writing
from integrator.store.tables import audit_entry, bildirim, kayit, sorgu_no_counter
from tests.factories import FIRST_NUMBER, record, submitted

FIRST, SECOND, THIRD = (KurumNo(f"osgb-{number}") for number in (1, 2, 3))
BAD = record("K-9", calisan=["80000000131"])


def accept(gateway, several):
    told = pipeline.accept_together(gateway, {kurum: submitted(*mine) for kurum, mine in several.items()})
    return {kurum: [(each.kayit_no, each.status, each.sorgu_no) for each in answers] for kurum, answers in told.items()}


def count(gateway, table):
    with reading(gateway.database) as tx:
        return tx.execute(select(func.count()).select_from(table)).scalar_one()


def test_each_customer_has_its_own_answers_and_the_same_id_is_not_the_same_record(gateway):
    accept(gateway, {SECOND: [record("K-2")]})
    told = accept(gateway, {FIRST: [record("K-1"), BAD], SECOND: [record("K-1"), record("K-2")], THIRD: [BAD]})
    first = FIRST_NUMBER + 1

    assert told == {
        FIRST: [("K-1", "accepted", (first,)), ("K-9", "rejected", ())],
        SECOND: [("K-1", "accepted", (first + 1,)), ("K-2", "known", (FIRST_NUMBER,))],
        THIRD: [("K-9", "rejected", ())],
    }
    with reading(gateway.database) as tx:
        rows = tx.execute(select(bildirim.c.kurum_id, bildirim.c.sorgu_no).order_by(bildirim.c.sorgu_no)).all()
    assert rows == [(SECOND, FIRST_NUMBER), (FIRST, first), (SECOND, first + 1)]
    assert fsck(gateway).broken is None


def test_what_one_customer_stores_another_cannot_open(gateway):
    accept(gateway, {FIRST: [record("K-1")], SECOND: [record("K-1")]})
    with reading(gateway.database) as tx:
        keys = records.content_keys_of(tx, [(FIRST, "K-1"), (SECOND, "K-1")])

    assert gateway.content(FIRST, "K-1", keys[FIRST, "K-1"])
    with pytest.raises(Tampered):
        gateway.content(SECOND, "K-1", keys[FIRST, "K-1"])


def test_when_the_transaction_fails_nothing_of_anybody_is_stored(gateway, monkeypatch):
    def fails(*_):
        raise Unavailable("the disk is full")

    monkeypatch.setattr(type(gateway), "record", fails)
    with pytest.raises(Unavailable):
        accept(gateway, {FIRST: [record("K-1")], SECOND: [record("K-1")]})
    with reading(gateway.database) as tx:
        assert tx.execute(select(sorgu_no_counter.c.next)).scalar_one() == FIRST_NUMBER

    assert [count(gateway, table) for table in (kayit, bildirim, audit_entry)] == [0, 0, 0]


def test_an_id_that_another_process_takes_meanwhile_is_known_and_the_others_are_stored_once(
    gateway, another_worker, monkeypatch
):
    other, taken, store = another_worker(), [], records.put_records

    def late(tx, several, **given):
        if not taken:
            taken.append(1)
            raise_conflict(several)
        return store(tx, several, **given)

    def raise_conflict(_):
        raise pipeline.Conflict("another process was first")

    monkeypatch.setattr("integrator.accepting.records.put_records", late)
    with monkeypatch.context() as patched:
        patched.setattr("integrator.accepting.records.put_records", store)
        accept(other, {SECOND: [record("K-1")]})
    told = accept(gateway, {FIRST: [record("K-1")], SECOND: [record("K-1"), record("K-2")]})

    assert [each[1] for each in told[FIRST] + told[SECOND]] == ["accepted", "known", "accepted"]
    assert (taken, count(gateway, kayit)) == ([1], 3)


def test_a_key_that_is_replaced_meanwhile_costs_nobody_a_record(gateway, another_worker):
    whose = [KurumNo(f"osgb-{number}") for number in range(12)]
    accept(gateway, {each: [record("K-1")] for each in whose})
    replace_data_keys(another_worker(), reason="test")
    told = accept(gateway, {each: [record("K-2")] for each in whose})

    assert [each[1] for answers in told.values() for each in answers] == ["accepted"] * 12
    assert fsck(gateway).broken is None


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_two_processes_that_name_the_same_customers_in_another_order_do_not_stop_each_other(
    gateway, another_worker, monkeypatch
):
    over, errors, met = Event(), [], []

    def guarded(act):
        def run():
            try:
                for number in range(25):
                    act(number)
            except BaseException as error:
                errors.append(error)
                raise

        return Thread(target=run)

    def rewrap():
        while not over.is_set():
            with writing(keys.database) as tx:
                keys.keyring.rewrap(tx, keys.keyring.master, keys.keyring.master, {})

    monkeypatch.setattr(engine, "count_database_error", met.append)
    whose, other, keys = (FIRST, SECOND, THIRD), another_worker(), another_worker()
    accept(gateway, {each: [record("K-0")] for each in whose})
    threads = [
        guarded(lambda n: accept(gateway, {each: [record(f"A-{n}")] for each in whose})),
        guarded(lambda n: accept(other, {each: [record(f"B-{n}")] for each in reversed(whose)})),
    ]
    beside = Thread(target=rewrap)
    for each in (*threads, beside):
        each.start()
    for each in threads:
        each.join(120)
    over.set()
    beside.join(60)

    assert (errors, met) == ([], [])
    assert count(gateway, kayit) == 3 + 2 * 25 * 3
    assert fsck(gateway).broken is None
