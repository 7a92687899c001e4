import re
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, select, text

from integrator import acts, pipeline
from integrator.audit.verify import verify
from integrator.domain.errors import Misconfigured
from integrator.queue import readings
from integrator.store import schema
from integrator.store.engine import open_engine, reading, sqlite_url, writing
from integrator.store.keyring import KeyRing
from integrator.store.schema import FOLDER, create_schema, migrate, newest_step, read_meta, step_of
from integrator.store.tables import metadata
from tests.conftest import MASTER
from tests.factories import KURUM, record, submitted

FIRST_RELEASE = Path(__file__).parent / "first_release.sql"


@pytest.fixture
def old_home(tmp_path):
    """A home as the first release left it: made by that release's code, three records in it."""
    path = tmp_path / "old.sqlite3"
    made = sqlite3.connect(path)
    made.executescript(FIRST_RELEASE.read_text())
    made.close()
    opened = open_engine(sqlite_url(path))
    yield opened
    opened.dispose()


def shape(engine):
    """Table -> columns, keys and indexes, as the database tells them."""
    found = inspect(engine)
    return {
        name: (
            [(c["name"], str(c["type"]), c["nullable"]) for c in found.get_columns(name)],
            found.get_pk_constraint(name)["constrained_columns"],
            sorted((i["name"], i["column_names"], i["unique"]) for i in found.get_indexes(name)),
        )
        for name in found.get_table_names()
    }


def test_the_steps_lead_to_the_tables_the_code_speaks_of(engine):
    with reading(engine) as tx:
        assert compare_metadata(MigrationContext.configure(tx), metadata) == []
        assert step_of(tx) == newest_step()


def test_the_steps_are_numbered_as_their_files_and_form_one_line():
    steps = list(ScriptDirectory(str(FOLDER)).walk_revisions())
    numbers = [each.revision for each in reversed(steps)]

    assert numbers == [f"{number:04}" for number in range(1, len(steps) + 1)]
    assert all(Path(each.path).name.startswith(f"v{each.revision}_") for each in steps)
    assert newest_step() == numbers[-1]


def test_every_step_can_be_shipped_in_a_wheel():
    assert FOLDER.is_relative_to(Path(schema.__file__).parent)
    assert all(re.fullmatch(r"v\d{4}_[a-z_]+\.py", path.name) for path in (FOLDER / "versions").glob("*.py"))


def test_a_home_of_the_first_release_is_not_opened_before_it_is_migrated(old_home):
    with pytest.raises(Misconfigured, match="ibys migrate"):
        read_meta(old_home)


def test_a_home_of_the_first_release_is_brought_to_the_shape_of_a_new_one(old_home, tmp_path):
    new = open_engine(sqlite_url(tmp_path / "new.sqlite3"))
    create_schema(new, gateway_name="test", sorgu_no_start=1)
    done = migrate(old_home)

    assert (done.before, done.after) == ("0001", newest_step())
    assert shape(old_home) == shape(new)
    assert read_meta(old_home) == read_meta(new)
    new.dispose()


def test_the_rows_of_a_migrated_home_are_as_they_were(old_home):
    def rows():
        with reading(old_home) as tx:
            return {
                name: tx.execute(text(f"SELECT {', '.join(columns)} FROM {name}")).all()
                for name, columns in before_columns.items()
            }

    before_columns = {
        name: [c[0] for c in columns]
        for name, (columns, *_) in shape(old_home).items()
        if name not in ("meta", "ministry_line")  # the line starts anew
    }
    before = rows()
    migrate(old_home)

    assert rows() == before


def test_a_migrated_home_verifies_opens_its_bodies_and_works_on(old_home, gateway, checkpoint_key):
    migrate(old_home)
    from dataclasses import replace

    walking = replace(gateway, database=old_home, keyring=KeyRing(old_home, MASTER))
    [answer] = pipeline.accept(walking, KURUM, submitted(record("K-4")))
    with reading(old_home) as tx:
        first = readings.read_one(tx, KURUM, 10_000_000_001)["row"]["state"]
        report = verify(tx, checkpoint_key.public, "test")

    assert (answer.status, first) == ("accepted", "accepted")
    assert acts.read_canonical(walking, KURUM, 10_000_000_003).startswith(b"<?xml")
    assert (report.broken, report.checkpoints) == (None, 1)


def test_a_column_a_trigger_or_a_missing_index_is_a_fault_of_the_schema(engine):
    told = []
    for statement in ("SELECT 1", "ALTER TABLE legal_hold ADD COLUMN more INTEGER", "DROP INDEX audit_entry_sorgu_no"):
        with engine.connect() as tx:
            tx.execute(text(statement))
            told.append(schema.fault_of_schema(tx) or "")
            tx.rollback()

    assert told[0] == ""
    assert all(each.startswith("schema: ") for each in told[1:])


ODD = {
    "sqlite": ("CREATE TRIGGER odd AFTER INSERT ON kayit BEGIN SELECT 1; END",),
    "postgresql": (
        "CREATE FUNCTION odd() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE TRIGGER odd AFTER INSERT ON kayit EXECUTE FUNCTION odd()",
    ),
}


def test_a_trigger_that_somebody_laid_is_a_fault_of_the_schema(engine):
    with engine.connect() as tx:
        for statement in ODD[engine.dialect.name]:
            tx.execute(text(statement))
        told = schema.fault_of_schema(tx)
        tx.rollback()

    assert "trigger odd" in told


def test_migrating_again_changes_nothing(engine):
    done = migrate(engine)

    assert (done.before, done.after) == (newest_step(), newest_step())


def test_a_newer_home_is_not_migrated(engine):
    with writing(engine) as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(Misconfigured, match="newer"):
        migrate(engine)


def test_an_empty_database_is_not_migrated(tmp_path):
    opened = open_engine(sqlite_url(tmp_path / "empty.sqlite3"))
    with pytest.raises(Misconfigured, match="ibys init"):
        migrate(opened)
    opened.dispose()


def test_a_gateway_is_never_created_over_another(engine):
    before = shape(engine)
    with pytest.raises(Misconfigured, match="already"):
        create_schema(engine, gateway_name="other", sorgu_no_start=1)

    assert shape(engine) == before
    assert read_meta(engine)["gateway"] == "test"


def test_a_step_that_fails_leaves_the_database_as_it_was(old_home, monkeypatch):
    def fails(tx, **_):
        tx.execute(text("CREATE TABLE half (x INTEGER)"))
        raise ZeroDivisionError

    before = shape(old_home)
    monkeypatch.setattr(schema, "_run_steps", fails)
    with pytest.raises(ZeroDivisionError):
        migrate(old_home)

    assert shape(old_home) == before


def test_an_old_program_refuses_a_migrated_home(old_home):
    migrate(old_home)
    with reading(old_home) as tx:
        told = tx.execute(select(metadata.tables["meta"].c.value).filter_by(name="schema")).scalar_one()

    assert told != "1"  # what the first release asks for
