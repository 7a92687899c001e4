import json
import shutil

import pytest
from sqlalchemy import select

from integrator import pipeline
from integrator.store.engine import reading, sqlite_url
from integrator.store.tables import audit_entry
from tests.factories import KURUM, submitted


@pytest.fixture
def database_url(tmp_path, migrated_file):
    """SQLite alone: what differs between the engines is tried in the store's own suite."""
    path = tmp_path / "ibys.sqlite3"
    shutil.copyfile(migrated_file, path)
    return sqlite_url(path)


@pytest.fixture
def accept(gateway):
    """Accept a record; returns the numbers of its messages."""

    def accept_it(record, using=None):
        [answer] = pipeline.accept(using or gateway, KURUM, submitted(record))
        assert answer.status == "accepted", answer.findings
        return list(answer.sorgu_no)

    return accept_it


@pytest.fixture
def entries(gateway):
    """Every entry of the log, or those of one event."""

    def read(event=None):
        with reading(gateway.database) as tx:
            leaves = tx.execute(select(audit_entry.c.leaf).order_by(audit_entry.c.i)).scalars()
            return [each for each in map(json.loads, leaves) if event in (None, each["event"])]

    return read
