"""New keys for old ones, with everything running."""

import sqlite3
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, text

from integrator import acts, pipeline
from integrator.audit.verify import verify
from integrator.domain.errors import Misconfigured, Tampered
from integrator.keeping.rotating import replace_data_keys, replace_master, reseal
from integrator.parties import mirror
from integrator.protect.elsewhere import Pkcs11Master
from integrator.protect.master import FileMaster
from integrator.protect.seal import key_no_of
from integrator.queue.leases import take
from integrator.store.engine import open_engine, reading, sqlite_url, writing
from integrator.store.keyring import KeyRing
from integrator.store.schema import migrate
from integrator.store.tables import content_key, data_key, isyeri
from tests.conftest import MASTER
from tests.factories import KURUM, SGK, record, submitted
from tests.fakes import START
from tests.softhsm import SoftHsm, in_this_process, require_softhsm

FIRST_RELEASE = Path(__file__).parents[1] / "store" / "first_release.sql"


def key_numbers(gateway):
    with reading(gateway.database) as tx:
        return sorted(tx.execute(select(data_key.c.key_no)).scalars())


def named(gateway):
    """How many content keys name which data key."""
    with reading(gateway.database) as tx:
        return Counter(key_no_of(each) for each in tx.execute(select(content_key.c.sealed)).scalars())


def is_proven(gateway, checkpoint_key):
    with reading(gateway.database) as tx:
        return verify(tx, checkpoint_key.public, "test").broken is None


def test_what_comes_after_a_rotation_is_sealed_by_the_new_key_in_every_process(gateway, another_worker):
    other = another_worker()
    list(pipeline.accept(gateway, KURUM, submitted(record("A"))))
    list(pipeline.accept(other, KURUM, submitted(record("B"))))
    replace_data_keys(gateway, reason="yearly")
    [answer] = pipeline.accept(other, KURUM, submitted(record("C")))

    assert answer.status == "accepted"
    assert named(gateway) == {1: 2, 3: 1}


def test_old_values_follow_and_the_old_keys_are_destroyed(gateway, clock, checkpoint_key):
    answers = list(pipeline.accept(gateway, KURUM, submitted(*[record(f"K-{n}") for n in range(5)])))
    replace_data_keys(gateway, reason="yearly")
    first = reseal(gateway)
    clock.advance(minutes=5)
    second = reseal(gateway)

    assert (first.values, first.retired, first.left) == (5, 0, 2)
    assert (second.values, second.retired, second.left) == (0, 2, 0)
    assert key_numbers(gateway) == [0, 3, 4]
    assert acts.read_canonical(gateway, KURUM, answers[0].sorgu_no[0]).startswith(b"<?xml")
    assert is_proven(gateway, checkpoint_key)


def test_a_key_that_is_still_named_is_not_destroyed(gateway, clock):
    list(pipeline.accept(gateway, KURUM, submitted(record())))
    replace_data_keys(gateway, reason="yearly")
    clock.advance(minutes=5)
    done = reseal(gateway, stop=lambda: True)

    assert done.left == 2
    assert key_numbers(gateway) == [0, 1, 2, 3, 4]


def test_a_job_that_lost_its_lease_changes_nothing(gateway, clock):
    list(pipeline.accept(gateway, KURUM, submitted(record())))
    replace_data_keys(gateway, reason="yearly")
    with writing(gateway.database) as tx:
        lease = take(tx, "keys", "sleeper", now=clock.now(), lasting=gateway.pace.lease)
    clock.advance(minutes=10)
    done = reseal(gateway, lease)

    assert (done.values, done.retired) == (0, 0)
    assert named(gateway) == {1: 1}


def test_records_and_workplaces_are_recognised_after_a_rotation(gateway, clock, another_worker):
    list(pipeline.accept(gateway, KURUM, submitted(record())))
    before = gateway.keyring.sealer(KURUM).blind_index("isyeri", SGK)
    replace_data_keys(gateway, reason="yearly")
    clock.advance(minutes=5)
    reseal(gateway)
    fresh = another_worker()
    [answer] = pipeline.accept(fresh, KURUM, submitted(record()))

    assert answer.status == "known"
    assert fresh.keyring.sealer(KURUM).blind_index("isyeri", SGK) == before


def test_answers_to_look_ups_follow(gateway, clock):
    sealer = gateway.keyring.sealer(KURUM, now=START)
    subject = mirror.Isyeri(SGK, "NACE", "1", 3)
    with writing(gateway.database) as tx:
        mirror.put(tx, sealer, KURUM, mirror.Seen(subject, True, "soap-g2", START))
    replace_data_keys(gateway, reason="yearly")
    reseal(gateway)
    with reading(gateway.database) as tx:
        seen = mirror.read_fresh(tx, gateway.keyring.sealer(KURUM), KURUM, subject, now=START)
        assert [key_no_of(each) for each in tx.execute(select(isyeri.c.body)).scalars()] == [3]

    assert seen.subject == subject


def test_a_home_of_the_first_release_gets_content_keys_and_keeps_its_indexes(tmp_path, gateway, clock, checkpoint_key):
    path = tmp_path / "old.sqlite3"
    made = sqlite3.connect(path)
    made.executescript(FIRST_RELEASE.read_text())
    made.close()
    home = open_engine(sqlite_url(path))
    migrate(home)
    old = replace(gateway, database=home, keyring=KeyRing(home, MASTER))
    print_of = old.keyring.sealer(KURUM).fingerprint(b"x")
    bytes_before = acts.read_canonical(old, KURUM, 10_000_000_001)
    replace_data_keys(old, reason="yearly")
    clock.advance(minutes=5)
    reseal(old)
    again = replace(old, keyring=KeyRing(home, MASTER))

    assert named(again) == {3: 3}
    assert key_numbers(again) == [0, 3, 4]
    assert again.keyring.sealer(KURUM).fingerprint(b"x") == print_of
    assert acts.read_canonical(again, KURUM, 10_000_000_001) == bytes_before
    assert is_proven(again, checkpoint_key)
    home.dispose()


def test_a_new_master_key_wraps_everything_and_running_processes_go_on(filed, master_file, another_worker):
    running = another_worker(keyring=KeyRing(filed.database, FileMaster(master_file)))
    list(pipeline.accept(filed, KURUM, submitted(record("A"))))
    before = master_file.read_text()
    count = replace_master(filed, reason="yearly")
    [answer] = pipeline.accept(running, KURUM, submitted(record("B")))

    assert (count, answer.status) == (3, "accepted")
    assert master_file.read_text() != before
    assert master_file.with_name("master.key.until-2026-03-02").read_text() == before
    with pytest.raises(Misconfigured, match="master key"):
        KeyRing(filed.database, MASTER).check_master()


def test_a_master_rotation_that_ended_early_is_finished_by_the_same_command(filed, master_file, monkeypatch):
    filed.keyring.sealer(KURUM, now=START)

    def power_cut(self, day):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(FileMaster, "enthrone", power_cut)
        with pytest.raises(KeyboardInterrupt):
            replace_master(filed, reason="yearly")
    KeyRing(filed.database, FileMaster(master_file)).sealer(KURUM)  # the next key lies beside it: everything opens
    replace_master(filed, reason="yearly")

    assert not master_file.with_name("master.key.next").exists()
    KeyRing(filed.database, FileMaster(master_file)).sealer(KURUM)


@pytest.fixture
def token(tmp_path):
    hsm = SoftHsm(tmp_path / "hsm", require_softhsm())
    (tmp_path / "pin").write_text(hsm.make("vault"))
    with in_this_process(hsm):
        yield Pkcs11Master(hsm.library, token_label="vault", key_label="ibys-master", pin_file=tmp_path / "pin")


def test_data_keys_move_from_a_file_to_a_token_and_rotate_there(filed, master_file, token):
    [answer] = pipeline.accept(filed, KURUM, submitted(record("A")))
    moved = replace(filed, keyring=KeyRing(filed.database, token))
    counts = (
        replace_master(moved, reason="to the token", old=FileMaster(master_file)),
        replace_master(moved, reason="2nd"),
    )
    again = replace(filed, keyring=KeyRing(filed.database, token))

    assert counts == (3, 3)
    assert acts.read_canonical(again, KURUM, answer.sorgu_no[0]).startswith(b"<?xml")
    with pytest.raises(Misconfigured):
        KeyRing(filed.database, FileMaster(master_file)).check_master()


def test_a_missing_key_is_named_with_what_to_do(gateway, another_worker):
    [answer] = pipeline.accept(gateway, KURUM, submitted(record()))
    replace_data_keys(gateway, reason="yearly")
    with writing(gateway.database) as tx:
        tx.execute(text("DELETE FROM data_key WHERE key_no = 1"))

    with pytest.raises(Tampered, match=r"data key 1 .* backup"):
        acts.read_canonical(another_worker(), KURUM, answer.sorgu_no[0])
