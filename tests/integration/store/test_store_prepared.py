import pytest
from sqlalchemy import bindparam, select, update
from sqlalchemy.exc import SQLAlchemyError

from integrator.domain.errors import Malformed
from integrator.store.engine import reading, writing
from integrator.store.prepared import Prepared
from integrator.store.tables import sorgu_no_counter, state_depth

ADDED = update(state_depth).where(state_depth.c.state == bindparam("of")).values(depth=bindparam("depth"))
DEPTHS = select(state_depth).where(state_depth.c.state == bindparam("of"))
TAKEN = (
    update(sorgu_no_counter).values(next=sorgu_no_counter.c.next + bindparam("many")).returning(sorgu_no_counter.c.next)
)


@pytest.fixture
def filled(engine):
    with writing(engine) as tx:
        tx.execute(state_depth.insert(), [{"state": "queued", "depth": 3}])
    return engine


def test_a_prepared_statement_reads_and_changes_as_any_other_does(filled):
    with writing(filled) as tx:
        assert Prepared(ADDED).run(tx, of="queued", depth=5) == 1
        assert Prepared(ADDED).run(tx, of="sent", depth=5) == 0
        before = tx.execute(select(sorgu_no_counter.c.next)).scalar_one()
        [[taken]] = Prepared(TAKEN).all(tx, many=2)
    with reading(filled) as tx:
        assert [(row.state, row.depth) for row in Prepared(DEPTHS).all(tx, of="queued")] == [("queued", 5)]
        assert Prepared(DEPTHS).all(tx, of="sent") == []
        assert tx.execute(select(sorgu_no_counter.c.next)).scalar_one() == taken == before + 2


def test_a_value_that_was_forgotten_is_no_null(filled):
    with pytest.raises(SQLAlchemyError), reading(filled) as tx:
        Prepared(DEPTHS).all(tx)


@pytest.mark.parametrize("odd", [2**63, "\ud800"])
def test_what_the_driver_cannot_send_is_malformed_and_the_connection_goes_on(filled, odd):
    of, depth = ("queued", odd) if isinstance(odd, int) else (odd, 1)
    with pytest.raises(Malformed), writing(filled) as tx:
        Prepared(ADDED).run(tx, of=of, depth=depth)
    with writing(filled) as tx:
        assert Prepared(ADDED).run(tx, of="queued", depth=4) == 1
