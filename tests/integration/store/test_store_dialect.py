import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest
import sqlalchemy as sa
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError

from integrator.domain.errors import Malformed, Misconfigured, Unavailable
from integrator.domain.records import Settlement
from integrator.domain.states import State
from integrator.queue import copies, line, outbox, readings
from integrator.queue.line_row import ensure_line, lock_line, write_line
from integrator.store import dialect
from integrator.store.dialect import hold, insert_new
from integrator.store.engine import Conflict, open_engine, reading, write_anew, writing
from integrator.store.tables import bildirim, deneme, evidence_copy, kod, kurum, meta, revocation_answer
from integrator.trial.postgres import PASSWORD
from tests.factories import KURUM, WORKER
from tests.fakes import START


@pytest.fixture
def pg(postgres):
    opened = open_engine(postgres.swept())
    yield opened
    opened.dispose()


@pytest.fixture
def opening():
    """Opens an address for the length of the test."""
    opened = []

    def open_it(url, **options):
        opened.append(open_engine(url, **options))
        return opened[-1]

    yield open_it
    for each in opened:
        each.dispose()


def first_of(engine):
    with reading(engine) as tx:
        return tx.execute(text("SELECT 1")).scalar_one()


# -- what a PostgreSQL server must promise ------------------------------------------------------------------------


def test_a_connection_has_its_limits_and_the_isolation_the_code_is_written_for(pg):
    with writing(pg) as tx:
        told = [tx.execute(text(f"SHOW {name}")).scalar_one() for name in _SHOWN]
    with reading(pg) as tx:
        isolation = tx.execute(text("SHOW transaction_isolation")).scalar_one()

    assert told == ["read committed", "off", "1min", "30s", "1min", "ibys"]
    assert isolation == "repeatable read"


_SHOWN = [
    "transaction_isolation",
    "transaction_read_only",
    "statement_timeout",
    "lock_timeout",
    "idle_in_transaction_session_timeout",
    "application_name",
]


def test_a_server_that_forgets_what_it_committed_is_refused(postgres, opening):
    url = postgres.fresh()
    name = sa.make_url(url).database
    postgres.sql(f"ALTER DATABASE {name} SET synchronous_commit = off")

    with pytest.raises(Misconfigured, match="synchronous_commit"):
        first_of(opening(url))


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN5"])
def test_a_database_that_does_not_keep_every_letter_is_refused(postgres, opening, encoding):
    postgres.sql(f"CREATE DATABASE odd OWNER ibys TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C'")
    with pytest.raises(Misconfigured, match="UTF8"):
        first_of(opening(postgres.url("odd")))
    postgres.drop_database("odd")


def test_a_reader_cannot_write(engine, pg):
    with pytest.raises(Unavailable, match="read-only"), reading(pg) as tx:
        tx.execute(insert(meta).values(name="x", value="1"))


# -- what leaves the store as which error -------------------------------------------------------------------------


def test_a_lock_that_is_not_given_in_time_is_unavailable(postgres, opening):
    one, two = (opening(postgres.swept(), waits=0.2) for _ in range(2))
    first_of(one)
    with writing(one) as tx:
        hold(tx, "x")
        with pytest.raises(Unavailable, match="lock timeout"), writing(two) as other:
            hold(other, "x")


def test_a_statement_that_runs_too_long_is_unavailable(postgres, opening, monkeypatch):
    monkeypatch.setitem(dialect._LIMITS, "statement_timeout", 0.2)
    slow = opening(postgres.swept())
    with pytest.raises(Unavailable, match="statement timeout"), writing(slow) as tx:
        tx.execute(text("SELECT pg_sleep(5)"))


def test_a_session_that_sleeps_in_a_transaction_loses_its_locks(postgres, opening, monkeypatch):
    monkeypatch.setitem(dialect._LIMITS, "idle_in_transaction_session_timeout", 0.2)
    url = postgres.swept()
    sleeper, other = opening(url), opening(url)

    def sleep(tx):
        hold(tx, "x")
        with writing(other) as waiting:
            hold(waiting, "x")  # waits until the sleeper is cut off
        tx.execute(text("SELECT 1"))

    with pytest.raises(Unavailable), writing(sleeper) as tx:
        sleep(tx)


def test_of_two_that_wait_for_one_another_one_is_told_to_decide_anew(pg):
    with writing(pg) as tx:
        tx.execute(insert(kurum), [{"kurum_id": each, "created_at": START} for each in "ab"])
    meeting = Barrier(2)

    def cross(first, second):
        tries = []

        def act(tx):
            tries.append(1)
            for name in (first, second):
                tx.execute(update(kurum).where(kurum.c.kurum_id == name).values(created_at=START))
                if len(tries) == 1 and name == first:
                    meeting.wait(10)

        write_anew(pg, act)
        return len(tries)

    with ThreadPoolExecutor(2) as pool:
        tries = list(pool.map(cross, "ab", "ba"))

    assert min(tries) == 1
    assert max(tries) > 1


def test_a_conflict_that_does_not_end_is_told_as_unavailable(engine):
    def act(tx):
        tx.execute(insert(meta).values(name="gateway", value="x"))

    with pytest.raises(Unavailable) as caught:
        write_anew(engine, act)
    assert isinstance(caught.value, Conflict)


def test_a_statement_of_ours_that_is_wrong_is_a_bug_and_no_conflict(engine):
    with pytest.raises(DBAPIError), writing(engine) as tx:
        tx.execute(insert(meta).values(name="x", value=None))


def test_no_value_stands_in_the_words_of_an_error(engine):
    with pytest.raises(DBAPIError) as caught, writing(engine) as tx:
        tx.execute(text("INSERT INTO meta (name, wrong) VALUES (:name, 1)"), {"name": WORKER})

    assert WORKER not in "".join(traceback.format_exception(caught.value))


# -- passwords ----------------------------------------------------------------------------------------------------


def test_a_password_comes_from_its_file_and_a_changed_one_needs_no_restart(postgres, opening, tmp_path):
    file = tmp_path / "password"
    file.write_text("wrong")
    engine = opening(postgres.tcp_url("ibys_suite"), password_file=file)
    with pytest.raises(Unavailable, match="password"):
        first_of(engine)
    file.write_text(PASSWORD + "\n")

    assert first_of(engine) == 1


def test_a_missing_password_file_is_the_operators_to_mend(postgres, opening, tmp_path):
    engine = opening(postgres.tcp_url("ibys_suite"), password_file=tmp_path / "none")
    with pytest.raises(Misconfigured, match="none"):
        first_of(engine)


@pytest.mark.parametrize("place", ["127.0.0.1:1", "127.0.0.1:{port}", "[::1]:1", "127.0.0.1:1,127.0.0.2:1"])
def test_a_password_stands_in_no_error_and_no_repr(postgres, opening, place):
    with pytest.raises((Unavailable, Misconfigured)) as caught:
        first_of(opening(f"postgresql://ibys:{SECRET}%40@{place.format(port=postgres.port)}/db"))

    assert SECRET not in "".join(traceback.format_exception(caught.value)) + caught.value.detail


def test_a_password_stands_in_no_repr_of_an_open_database(opening):
    engine = opening(f"postgresql://ibys:{SECRET}@127.0.0.1:1/db")

    assert SECRET not in repr(engine) + str(engine.url) + repr(engine.url)


SECRET = "hunter" + "2"  # so that the source line in a traceback does not hold it


def test_an_option_that_libpq_does_not_know_is_told_without_the_password(opening):
    engine = opening("postgresql://ibys:hunter2@127.0.0.1:1/db?sslmod=require")
    with pytest.raises(Misconfigured) as caught:
        first_of(engine)

    assert "sslmod" in caught.value.detail and "hunter2" not in caught.value.detail


# -- a connection that is lost ------------------------------------------------------------------------------------


def test_a_server_that_was_restarted_is_met_again_by_the_next_transaction(postgres, pg):
    first_of(pg)
    postgres.restart(immediate=True)

    assert first_of(pg) == 1


def test_a_transaction_whose_connection_is_cut_is_unavailable_and_writes_nothing(postgres, pg):
    def write_and_lose(tx):
        tx.execute(insert(meta).values(name="x", value="1"))
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'ibys_suite' AND usename = 'ibys'"
        postgres.sql(cut)
        tx.execute(select(meta))

    with pytest.raises(Unavailable), writing(pg) as tx:
        write_and_lose(tx)
    with reading(pg) as tx:
        assert tx.execute(select(meta.c.name).where(meta.c.name == "x")).all() == []


def test_a_server_that_is_away_is_unavailable_and_its_return_is_noticed(postgres, pg):
    first_of(pg)
    postgres.halt()
    with pytest.raises(Unavailable):
        first_of(pg)
    postgres.start()

    assert first_of(pg) == 1


# -- values that the one keeps and the other refuses ----------------------------------------------------------------


ODD = ["x" * 500, "nul\0inside", "half \ud800 a character", "İşğüöç" * 20, ""]


@pytest.mark.parametrize("code", ODD)
def test_whatever_code_the_ministry_says_its_message_is_settled(engine, put, code):
    put()
    with writing(engine) as tx:
        [claimed] = outbox.claim(tx, outbox.Terms(START, "w", timedelta(minutes=2), 1, "soap-g2"))
        outbox.settle(tx, [Settlement(claimed, State.HELD, START, "unknown_code", code, cause=code)], now=START)
        write_line(tx, line.Line(""), replace(line.Line(""), state=line.PASSIVE, reason=code))
    with reading(engine) as tx:
        told = tx.execute(
            select(bildirim.c.last_code, deneme.c.code).join(deneme, bildirim.c.sorgu_no == deneme.c.sorgu_no)
        ).one()

    assert told[0] == told[1]
    assert len(told[0]) <= 32
    assert told[0][:3] == code[:3]


@pytest.mark.parametrize("number", [2**63, -(2**70), 10**40])
def test_a_number_no_column_holds_is_refused_as_input(engine, number):
    with pytest.raises(Malformed), reading(engine) as tx:
        readings.read_one(tx, KURUM, number)


def test_half_a_character_in_a_key_is_refused_as_input(engine):
    with pytest.raises(Malformed), reading(engine) as tx:
        readings.read_one(tx, "osgb-\udcff", 1)


def test_text_that_postgresql_does_not_keep_is_refused_as_input(pg):
    for name in ("nul\0", "x" * 65):
        with pytest.raises(Malformed), writing(pg) as tx:
            tx.execute(insert(kurum).values(kurum_id=name, created_at=START))


@pytest.mark.parametrize("body", [b"", b"\0", bytes(range(256)) * 4, b"\\x41", "ş".encode()])
def test_bytes_come_back_as_the_bytes_they_were(engine, body):
    with writing(engine) as tx:
        insert_new(tx, revocation_answer, [{"digest": "d", "source": "crl", "response": body, "seen_at": START}])
        [found] = tx.execute(select(revocation_answer.c.response)).scalars()

    assert type(found) is bytes
    assert found == body


@pytest.mark.parametrize("name", ["Ibys-1", "ibys_1", "İbys", "ibys 1", "ıbys", "a-b", "aB"])
def test_customers_are_ordered_by_their_bytes(engine, name):
    names = [name, "a", "B", "ab", "a_b", "z", "Z", "ç", "ş"]
    with writing(engine) as tx:
        tx.execute(insert(kurum), [{"kurum_id": each, "created_at": START} for each in names])
        ordered = list(tx.execute(select(kurum.c.kurum_id).order_by(kurum.c.kurum_id)).scalars())
        beyond = set(tx.execute(select(kurum.c.kurum_id).where(kurum.c.kurum_id > "a")).scalars())

    assert ordered == sorted(names, key=lambda each: each.encode())
    assert beyond == {each for each in names if each.encode() > b"a"}


def test_the_largest_numbers_are_kept(engine, put):
    [number] = put()
    with writing(engine) as tx:
        tx.execute(update(bildirim).values(fence=2**31 - 1, attempt=2**31 - 1))
        found = tx.execute(select(bildirim.c.sorgu_no, bildirim.c.fence)).one()

    assert found == (number, 2**31 - 1)


# -- races that one writer hides ------------------------------------------------------------------------------------


def test_a_row_another_process_is_just_writing_is_waited_for_and_left_as_it_is(engine):
    def keep(number):
        with writing(engine) as tx:
            return copies.keep_answers(tx, [("crl", b"one"), ("ocsp", b"two")], now=START + timedelta(seconds=number))

    with ThreadPoolExecutor(8) as pool:
        digests = list(pool.map(keep, range(24)))
    with reading(engine) as tx:
        rows = tx.execute(select(revocation_answer.c.digest)).scalars().all()

    assert {tuple(each) for each in digests} == {tuple(sorted(rows))}


def test_one_of_those_who_stop_the_line_at_once_is_the_one_who_stopped_it(engine):
    ensure_line(engine, "")

    def stop(_):
        with writing(engine) as tx:
            before = lock_line(tx, "")
            write_line(tx, before, line.stop(before, "x", now=START))
            return before.state != line.STOPPED

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(stop, range(16))) == [False] * 15 + [True]


def test_one_of_those_who_see_the_probes_time_come_sends_one(engine, put):
    put(20)
    ensure_line(engine, "")
    with writing(engine) as tx:
        write_line(tx, line.Line(""), replace(line.Line(""), state=line.PASSIVE, reason="401", probe_at=START))

    def probe(number):
        with writing(engine) as tx:
            found, lease = lock_line(tx, ""), timedelta(minutes=2)
            room = line.admit(found, 64, line.Rules(), now=START).limit
            claimed = outbox.claim(tx, outbox.Terms(START, f"w{number}", lease, room, "soap-g2")) if room else []
            write_line(tx, found, line.took(found, claimed, line.Rules(), now=START, lease=lease))
            return len(claimed)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(probe, range(16))) == 1


def test_a_code_list_refreshed_twice_at_once_is_whole(engine):
    from integrator.catalogue import codes

    def refresh(number):
        served = [(str(code), f"Konu {number}", True) for code in range(40)]
        with writing(engine) as tx:
            return codes.refresh(tx, "egitim_kodu", served[::-1] if number % 2 else served, now=START).codes

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(refresh, range(12))) == {40}
    with reading(engine) as tx:
        assert len(tx.execute(select(kod)).all()) == 40
        assert len(codes.history_of(tx, "egitim_kodu", "7")) == 12  # each change once, in one order


def test_a_code_longer_than_a_code_is_left_out_of_its_list(engine):
    from integrator.catalogue import codes

    with writing(engine) as tx:
        served = [("24", "Konu\0", True), ("x" * 33, "Konu", True)]
        assert codes.refresh(tx, "egitim_kodu", served, now=START).codes == 1
        assert not codes.refresh(tx, "egitim_kodu", served, now=START).changes


def test_an_evidence_copy_is_stored_by_one_of_two_processes(engine):
    copy = copies.Copy(KURUM, 1, b"cms", None)
    with writing(engine) as tx:
        row = {"kurum_id": KURUM, "sorgu_no": 1, "level": copies.OWED, "changed_at": START}
        tx.execute(insert(evidence_copy).values(**row))

    def store(_):
        with writing(engine) as tx:
            return copies.put_copy(tx, copy, copies.STAMPED, b"sealed", now=START)

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(store, range(8))) == [False] * 7 + [True]
