import pytest

from integrator.queue import outbox
from integrator.store.engine import create_schema, open_engine, sqlite_url, writing
from tests.factories import FIRST_NUMBER, bildirim
from tests.fakes import START


@pytest.fixture(params=["sqlite"])
def engine(request, tmp_path):
    """An empty home on each kind of database; PostgreSQL becomes a second parameter here."""
    opened = open_engine(sqlite_url(tmp_path / "engine.sqlite3"))
    create_schema(opened, gateway_name="test", sorgu_no_start=FIRST_NUMBER)
    yield opened
    opened.dispose()


@pytest.fixture
def put(engine):
    """Stores messages, signed unless told otherwise; returns their numbers."""

    def put_them(count=1, *, cms=b"sealed cms", now=START, **changes):
        with writing(engine) as tx:
            rows = [bildirim(number, **changes) for number in outbox.take_numbers(tx, count)]
            outbox.put(tx, rows, [(b"sealed canonical", cms)] * count, now=now)
        return [row.sorgu_no for row in rows]

    return put_them
