import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, insert, select, text

from integrator.domain.clock import whole_milliseconds
from integrator.domain.errors import Misconfigured, Unavailable
from integrator.domain.identifiers import KurumNo
from integrator.store import dialect
from integrator.store.dialect import hold
from integrator.store.engine import Conflict, open_engine, reading, sqlite_url, writing
from integrator.store.keyring import KeyRing
from integrator.store.schema import create_schema, read_meta
from integrator.store.tables import data_key, from_ms, kurum, meta, metadata, to_ms
from tests.factories import REPO
from tests.fakes import START

MASTER = bytes(range(32))
moments = st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)).map(whole_milliseconds)


@given(moments)
def test_a_moment_comes_back_as_it_was_stored(at):
    assert from_ms(to_ms(at)) == at
    assert from_ms(to_ms(at)).tzinfo is UTC


@given(moments, moments)
def test_stored_moments_order_as_moments_do(one, other):
    assert (one < other) == (to_ms(one) < to_ms(other))


def test_a_moment_of_another_zone_is_stored_as_the_same_moment(engine):
    local = datetime(2026, 3, 2, 12, tzinfo=timezone(timedelta(hours=3)))
    with writing(engine) as tx:
        tx.execute(insert(kurum).values(kurum_id="a", created_at=local))
        assert tx.execute(select(kurum.c.created_at)).scalar_one() == START


def test_the_threads_of_a_process_write_in_turn_and_need_not_look_again_and_again(tmp_path):
    opened = open_engine(sqlite_url(tmp_path / "x.sqlite3"))
    metadata.create_all(opened)
    event.listen(opened, "connect", lambda driver, _: driver.execute("PRAGMA busy_timeout=0"))
    opened.dispose()  # connections from here on look once

    def enrol(name):
        with writing(opened) as tx:
            tx.execute(insert(kurum).values(kurum_id=name, created_at=START))
            time.sleep(0.02)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(enrol, "abcdefgh"))
    with reading(opened) as tx:
        assert "".join(tx.execute(select(kurum.c.kurum_id).order_by(kurum.c.kurum_id)).scalars()) == "abcdefgh"
    opened.dispose()


def test_who_waits_too_long_for_its_turn_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(dialect, "BUSY_SECONDS", 0.05)
    opened = open_engine(sqlite_url(tmp_path / "x.sqlite3"))

    with writing(opened), pytest.raises(Unavailable, match="writing"), writing(opened):
        pass
    opened.dispose()


def test_every_connection_is_durable_and_writes_ahead(tmp_path):
    opened = open_engine(sqlite_url(tmp_path / "x.sqlite3"))
    connections = [opened.connect().execution_options(reading=True) for _ in range(4)]
    told = {
        (c.exec_driver_sql("PRAGMA synchronous").scalar(), c.exec_driver_sql("PRAGMA journal_mode").scalar())
        for c in connections
    }
    for each in connections:
        each.close()
    opened.dispose()

    assert told == {(2, "wal")}


KILLED = """
import os, sys
from sqlalchemy import insert
from integrator.store.engine import open_engine, writing
from integrator.store.schema import create_schema
from integrator.store.tables import meta
engine = open_engine(sys.argv[1])
create_schema(engine, gateway_name="x", sorgu_no_start=1)
with writing(engine) as tx:
    tx.execute(insert(meta).values(name="kept", value="1"))
with writing(engine) as tx:
    tx.execute(insert(meta).values(name="open", value="1"))
    os._exit(9)
"""


def test_a_committed_row_survives_its_process_and_an_open_one_does_not(tmp_path):
    url = sqlite_url(tmp_path / "x.sqlite3")

    assert subprocess.run([sys.executable, "-c", KILLED, url], cwd=REPO, check=False).returncode == 9

    opened = open_engine(url)
    facts = read_meta(opened)
    opened.dispose()
    assert "kept" in facts and "open" not in facts


def test_a_block_that_raises_writes_nothing(engine):
    def write_and_fail(tx):
        tx.execute(insert(meta).values(name="x", value="1"))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), writing(engine) as tx:
        write_and_fail(tx)

    assert "x" not in read_meta(engine)


def test_a_taken_key_is_a_conflict(engine):
    with pytest.raises(Conflict), writing(engine) as tx:
        tx.execute(insert(meta).values(name="gateway", value="other"))


def test_a_reader_sees_one_snapshot_and_holds_no_writer_up(engine):
    with reading(engine) as tx:
        before = tx.execute(select(meta.c.value)).all()
        with writing(engine) as other:
            other.execute(insert(meta).values(name="x", value="1"))
        assert tx.execute(select(meta.c.value)).all() == before


def test_writers_that_hold_one_name_wait_for_one_another(engine):
    def add(number):
        with writing(engine) as tx:
            dialect.hold(tx, "meta")
            count = len(tx.execute(select(meta.c.name)).all())
            tx.execute(insert(meta).values(name=f"n{count}", value=str(number)))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(add, range(30)))

    assert len(read_meta(engine)) == 32


def test_a_database_that_takes_no_transaction_is_unavailable(tmp_path, monkeypatch):
    monkeypatch.setattr(dialect, "BUSY_SECONDS", 0.05)
    one, two = (open_engine(sqlite_url(tmp_path / "x.sqlite3")) for _ in range(2))
    create_schema(one, gateway_name="x", sorgu_no_start=1)
    with writing(one), pytest.raises(Unavailable), writing(two) as tx:
        tx.execute(insert(meta).values(name="x", value="1"))
    one.dispose()
    two.dispose()


def test_a_folder_without_a_gateway_is_told(tmp_path):
    opened = open_engine(sqlite_url(tmp_path / "empty.sqlite3"))
    with pytest.raises(Misconfigured, match="ibys init"):
        read_meta(opened)
    opened.dispose()


def test_a_home_of_another_schema_is_told(engine):
    with engine.begin() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(Misconfigured, match="newer than this program"):
        read_meta(engine)


@pytest.mark.parametrize(
    "url",
    [
        "mysql://a/b",
        "nonsense",
        "",
        "postgresql+psycopg2://u:hunter2@h/db",
        "postgresql://u:x@hunter2@h/db",
        "postgresql://u@h:hunter2/db",
    ],
)
def test_an_address_we_cannot_keep_safe_is_refused_without_its_password(url):
    with pytest.raises(Misconfigured) as caught:
        open_engine(url)

    assert "hunter2" not in caught.value.detail


def test_a_customer_gets_one_key_and_keeps_it(engine):
    sealed = KeyRing(engine, MASTER).sealer(KurumNo("a"), now=START).seal(b"value", b"place")

    assert KeyRing(engine, MASTER).sealer(KurumNo("a")).open(sealed, b"place") == b"value"


def test_two_customers_have_two_keys(engine):
    ring = KeyRing(engine, MASTER)

    assert ring.sealer(KurumNo("a"), now=START).fingerprint(b"x") != ring.sealer(KurumNo("b"), now=START).fingerprint(
        b"x"
    )


def test_many_processes_at_once_agree_on_one_key(engine):
    def digest(_):
        return KeyRing(engine, MASTER).sealer(KurumNo("a"), now=START).fingerprint(b"x")

    with ThreadPoolExecutor(8) as pool:
        digests = set(pool.map(digest, range(16)))
    with reading(engine) as tx:
        purposes = sorted(tx.execute(select(data_key.c.purpose)).scalars())

    assert (len(digests), purposes) == (1, ["general", "health", "index"])


def test_a_lock_is_waited_for_as_long_as_the_engine_was_told(engine, database_url):
    hasty = open_engine(database_url, waits=0.2)
    with writing(engine) as tx:
        hold(tx, "x")
        with pytest.raises(Unavailable), writing(hasty) as other:
            hold(other, "x")
    hasty.dispose()


OTHER_PROCESS = """
import sys
from datetime import UTC, datetime
from integrator.store.engine import open_engine
from integrator.store.keyring import KeyRing
sealer = KeyRing(open_engine(sys.argv[1]), bytes(range(32))).sealer("a", now=datetime.now(UTC))
print(sealer.fingerprint(b"x").hex())
"""


def test_another_process_uses_the_same_key(engine):
    mine = KeyRing(engine, MASTER).sealer(KurumNo("a"), now=START).fingerprint(b"x").hex()
    run = [sys.executable, "-c", OTHER_PROCESS, str(engine.url)]

    assert subprocess.run(run, cwd=REPO, check=True, capture_output=True, text=True).stdout.strip() == mine


def test_another_master_key_is_the_operators_to_mend(engine):
    KeyRing(engine, MASTER).sealer(KurumNo("a"), now=START)

    with pytest.raises(Misconfigured, match="master key"):
        KeyRing(engine, bytes(32)).sealer(KurumNo("a"))


def test_a_wrapped_key_moved_to_another_customer_does_not_open(engine):
    ring = KeyRing(engine, MASTER)
    for name in ("a", "b"):
        ring.sealer(KurumNo(name), now=START)
    with writing(engine) as tx:
        tx.execute(
            text("UPDATE data_key SET wrapped = (SELECT wrapped FROM data_key WHERE kurum_id = 'a' AND key_no = 1)")
        )

    with pytest.raises(Misconfigured):
        KeyRing(engine, MASTER).sealer(KurumNo("b"))


def test_an_unknown_customer_is_not_written_down_by_reading(engine):
    with pytest.raises(Misconfigured):
        KeyRing(engine, MASTER).sealer(KurumNo("nobody"))
    with reading(engine) as tx:
        assert tx.execute(select(kurum)).all() == []
