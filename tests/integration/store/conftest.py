import pytest

from integrator.queue import outbox
from integrator.store.engine import writing
from tests.factories import bildirim
from tests.fakes import START


@pytest.fixture
def engine(database):
    """An empty home on each kind of database."""
    return database


@pytest.fixture
def put(engine):
    """Stores messages, signed unless told otherwise; returns their numbers."""

    def put_them(count=1, *, cms=b"sealed cms", now=START, **changes):
        with writing(engine) as tx:
            rows = [bildirim(number, **changes) for number in outbox.take_numbers(tx, count)]
            outbox.put(tx, rows, [(b"sealed canonical", cms)] * count, now=now)
        return [row.sorgu_no for row in rows]

    return put_them
