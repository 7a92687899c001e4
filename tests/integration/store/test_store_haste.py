"""What is in haste waits for nobody: each place where something would, and that nothing is left behind."""

import sqlite3
import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, text

from integrator.domain.errors import Unavailable
from integrator.domain.haste import WouldWait, in_haste, is_in_haste, patience, require_time
from integrator.domain.identifiers import KurumNo
from integrator.sign.fetch import HttpFetcher, NotFetched, Question
from integrator.store.engine import Conflict, open_engine, reading, sqlite_url, writing
from integrator.store.keyring import KeyRing
from integrator.store.tables import kurum, metadata
from tests.fakes import START

SHORTLY = timedelta(milliseconds=20)


@pytest.fixture
def file(tmp_path):
    opened = open_engine(sqlite_url(tmp_path / "x.sqlite3"))
    metadata.create_all(opened)
    yield opened
    opened.dispose()


def enrol(engine, name="a"):
    with writing(engine) as tx:
        tx.execute(insert(kurum).values(kurum_id=name, created_at=START))


def enrolled(engine):
    with reading(engine) as tx:
        return sorted(tx.execute(select(kurum.c.kurum_id)).scalars())


def busy_timeouts(engine):
    connections = [engine.raw_connection() for _ in range(3)]
    found = {each.driver_connection.execute("PRAGMA busy_timeout").fetchone()[0] for each in connections}
    for each in connections:
        each.close()
    return found


def test_haste_ends_with_its_block_and_is_nobody_elses():
    seen = []
    with in_haste(SHORTLY):
        thread = threading.Thread(target=lambda: seen.append(is_in_haste()))
        thread.start()
        thread.join()
        assert is_in_haste()
        assert (patience(30), patience(0.001)) == (0.02, 0.001)
        with pytest.raises(WouldWait, match="a key"):
            require_time("a key")
    require_time("a key")
    assert (seen, is_in_haste(), patience(30)) == ([False], False, 30)


def test_where_nobody_is_in_the_way_haste_makes_no_difference(file):
    with in_haste(SHORTLY):
        enrol(file)
        assert enrolled(file) == ["a"]
    assert busy_timeouts(file) == {30_000}


def test_a_thread_that_writes_is_not_waited_for(file):
    with writing(file):
        began = time.monotonic()
        with in_haste(SHORTLY), pytest.raises(WouldWait):
            enrol(file)
        took = time.monotonic() - began
    assert 0.015 < took < 5
    enrol(file)
    assert enrolled(file) == ["a"]


def test_a_process_that_writes_is_not_waited_for_and_the_connection_is_as_before(file):
    other = sqlite3.connect(file.url.database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    with in_haste(SHORTLY), pytest.raises(WouldWait):
        enrol(file)
    assert time.monotonic() - began < 5
    other.execute("COMMIT")
    other.close()
    assert busy_timeouts(file) == {30_000}
    enrol(file)
    assert enrolled(file) == ["a"]


def test_a_file_that_is_broken_is_told_in_haste_as_ever(file):
    enrol(file)
    path = file.url.database
    file.dispose()
    with open(path, "r+b") as spoilt:
        spoilt.write(b"no database")
    with in_haste(SHORTLY), pytest.raises(Unavailable):
        enrol(file, "b")


def test_a_connection_that_others_hold_is_not_waited_for(file):
    held = [file.connect() for _ in range(file.pool.size())]
    with in_haste(SHORTLY), pytest.raises(WouldWait):
        enrolled(file)
    with in_haste(SHORTLY), pytest.raises(WouldWait):
        enrol(file)
    held.pop().close()
    with in_haste(SHORTLY):
        enrol(file)
    assert enrolled(file) == ["a"]
    for each in held:
        each.close()


def test_keys_that_are_not_at_hand_are_not_waited_for(file):
    with writing(file) as tx:
        tx.execute(text("DELETE FROM kurum"))
    ring = KeyRing(file, bytes(range(32)))
    with in_haste(SHORTLY), pytest.raises(WouldWait):
        ring.sealer(KurumNo("a"), now=START)
    assert enrolled(file) == []
    ring.sealer(KurumNo("a"), now=START)
    with in_haste(SHORTLY):
        ring.sealer(KurumNo("a"), health=True)
        ring.forget(KurumNo("a"))
        with pytest.raises(WouldWait):
            ring.sealer(KurumNo("a"))


def test_a_key_that_was_replaced_meanwhile_is_read_where_there_is_time(file):
    ring, elsewhere = KeyRing(file, bytes(range(32))), KeyRing(file, bytes(range(32)))
    before = ring.sealer(KurumNo("a"), now=START)
    with writing(file) as tx:
        elsewhere.replace(tx, KurumNo("a"), now=START)
    newer = elsewhere.sealer(KurumNo("a"))
    sealed = newer.new_content(b"place")[0]

    with in_haste(SHORTLY):
        with pytest.raises(WouldWait), writing(file) as tx:
            ring.hold(tx, KurumNo("a"), before)
        with pytest.raises(WouldWait):  # by a key that this process has not met
            before.content(sealed, b"place")
        assert ring.sealer(KurumNo("a")) is before
    with pytest.raises(Conflict), writing(file) as tx:
        ring.hold(tx, KurumNo("a"), before)
    assert ring.sealer(KurumNo("a")).key_no == newer.key_no
    before.content(sealed, b"place")


def test_the_network_is_not_asked():
    fetch = HttpFetcher(["127.0.0.1"], timeout=timedelta(seconds=1))
    with in_haste(SHORTLY), pytest.raises(WouldWait):
        fetch(Question("http://127.0.0.1/crl"))
    with in_haste(SHORTLY), pytest.raises(NotFetched, match="not among the hosts"):
        fetch(Question("http://127.0.0.2/crl"))
