import pytest
from sqlalchemy import bindparam, select, update
from sqlalchemy.exc import SQLAlchemyError

from integrator.domain.errors import Malformed, Unavailable
from integrator.store.engine import Conflict, Glances, reading, writing
from integrator.store.prepared import Prepared
from integrator.store.rows import insert_rows
from integrator.store.tables import bildirim, sorgu_no_counter
from tests.fakes import START

_MINE = select(bildirim.c.sorgu_no, bildirim.c.state, bildirim.c.due_at).where(
    bildirim.c.sorgu_no == bindparam("number"), bildirim.c.due_at <= bindparam("by")
)
MINE = Prepared(_MINE)
RENAME = Prepared(update(bildirim).where(bildirim.c.sorgu_no == bindparam("number")).values(reason=bindparam("why")))
COUNT = Prepared(
    update(sorgu_no_counter)
    .where(sorgu_no_counter.c.counter_id == 1)
    .values(next=sorgu_no_counter.c.next + bindparam("count"))
    .returning(sorgu_no_counter.c.next)
)


AMONG = Prepared(select(bildirim.c.sorgu_no).where(bildirim.c.kayit_no.in_(bindparam("several", expanding=True))))


def spoil(engine):
    with reading(engine) as tx:
        path = tx.exec_driver_sql("PRAGMA database_list").one()[2]
    engine.dispose()
    with open(path, "r+b") as file:
        file.write(b"\xff" * 4096)


def test_a_list_of_names_is_one_value(engine, put):
    one, other, _ = put(3)
    wanted = [f"K-{other}", f"K-{one}", f"K-{one}", 'a"b\\']

    with reading(engine) as tx:
        assert {each.sorgu_no for each in AMONG.all(tx, several=wanted)} == {one, other}
        assert AMONG.all(tx, several=[]) == []


def test_rows_are_those_of_the_statement_with_times_as_times(engine, put):
    [number, _] = put(2)

    with reading(engine) as tx:
        [row] = MINE.all(tx, number=number, by=START)
        [same] = tx.execute(_MINE, {"number": number, "by": START})

    assert (row.sorgu_no, row.state, row.due_at) == (same.sorgu_no, same.state, same.due_at) == tuple(row)
    assert row._asdict() == same._asdict()


def test_what_a_statement_changes_is_counted_and_what_it_returns_is_told(engine, put):
    [number] = put()

    with writing(engine) as tx:
        assert (RENAME.run(tx, number=number, why="x"), RENAME.run(tx, number=1, why="x")) == (1, 0)
        [[first]] = COUNT.all(tx, count=1)
        [[then]] = COUNT.all(tx, count=5)

    assert then - first == 5


def test_what_was_changed_is_gone_with_its_transaction(engine, put):
    [number] = put()

    with pytest.raises(ZeroDivisionError), writing(engine) as tx:
        1 / (RENAME.run(tx, number=number, why="x") - 1)

    with reading(engine) as tx:
        assert tx.execute(select(bildirim.c.reason)).scalar_one() == ""


def test_a_taken_key_is_a_conflict_as_everywhere(engine, put):
    put()
    with reading(engine) as tx:
        row = dict(tx.execute(select(bildirim)).mappings().one())

    with pytest.raises(Conflict), writing(engine) as tx:
        insert_rows(tx, bildirim, [row])


def test_a_value_that_was_forgotten_is_no_null(engine):
    with pytest.raises(SQLAlchemyError), reading(engine) as tx:
        MINE.all(tx, number=1)


@pytest.mark.parametrize("odd", [1 << 70, -(1 << 70)])
def test_a_number_that_no_database_keeps_is_refused_in_words(engine, odd):
    with pytest.raises(Malformed), writing(engine) as tx:
        MINE.all(tx, number=odd, by=START)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_file_that_is_no_database_any_more_is_unavailable(engine, put):
    [number] = put()
    spoil(engine)

    with pytest.raises(Unavailable), reading(engine) as tx:
        MINE.all(tx, number=number, by=START)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_glance_sees_what_was_committed_last_and_takes_no_connection_from_others(engine, put):
    [number] = put()
    glances = Glances(engine)

    def seen():
        with glances.reading() as tx:
            return [each.state for each in MINE.all(tx, number=number, by=START)]

    before = seen()
    with writing(engine) as tx:
        tx.execute(update(bildirim).values(state="held"))
        assert seen() == before
    assert (before, seen()) == (["queued"], ["held"])
    assert engine.pool.checkedout() == 1

    glances.close()
    assert engine.pool.checkedout() == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_glance_that_failed_leaves_no_connection_behind_and_the_next_is_good(engine, put):
    [number] = put()
    glances = Glances(engine)
    with writing(engine) as tx:
        tx.exec_driver_sql("ALTER TABLE bildirim RENAME TO away")
    with pytest.raises(SQLAlchemyError), glances.reading() as tx:
        MINE.all(tx, number=number, by=START)
    assert engine.pool.checkedout() == 0

    with writing(engine) as tx:
        tx.exec_driver_sql("ALTER TABLE away RENAME TO bildirim")
    with glances.reading() as tx:
        assert len(MINE.all(tx, number=number, by=START)) == 1
    glances.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_glance_at_a_file_that_is_no_database_is_unavailable(engine, put):
    [number] = put()
    spoil(engine)

    with pytest.raises(Unavailable), Glances(engine).reading() as tx:
        MINE.all(tx, number=number, by=START)


def test_a_glance_never_waits_for_a_connection(engine):
    is_here = engine.dialect.name == "sqlite"
    fresh, used = Glances(engine), Glances(engine)
    if is_here:
        with used.reading():
            pass
    assert fresh.would_wait() is used.would_wait() is not is_here

    held = [engine.connect() for _ in range(engine.pool.size() - is_here)]
    assert fresh.would_wait()
    assert used.would_wait() is not is_here
    for each in held:
        each.close()
    used.close()
