"""The schema a database stands at, and the way to the one this program wants. The steps are in ``migrations/``.

Alembic is loaded only when steps are run: every command asks where the database stands, and that is one query.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, Engine, StaticPool, insert, inspect, select, text

from integrator.domain.errors import Misconfigured
from integrator.store import tables, tables_of_doors  # noqa: F401 - the other tables stand on the same metadata
from integrator.store.dialect import dialect_of, hold, prepared
from integrator.store.engine import reading, writing

FOLDER = Path(__file__).parent / "migrations"
FIRST = "0001"
"""What a home of the first release stands at; it has no table that says so."""


@dataclass(frozen=True, slots=True)
class Migrated:
    """What `migrate` did: from which step to which."""

    before: str
    after: str


def newest_step() -> str:
    """The step this program wants, told by the names of the files."""
    return max(path.name[1:5] for path in (FOLDER / "versions").glob("v[0-9][0-9][0-9][0-9]_*.py"))


def step_of(tx: Connection) -> str | None:
    """The step the database stands at; None when it holds no gateway."""
    found = inspect(tx)
    if found.has_table("alembic_version"):
        return str(tx.execute(text("SELECT version_num FROM alembic_version")).scalar_one())
    return FIRST if found.has_table("meta") else None


def create_schema(engine: Engine, *, gateway_name: str, sorgu_no_start: int) -> None:
    """Create all tables of an empty database and write its fixed facts."""
    with writing(engine) as tx:
        put_schema(tx, gateway_name=gateway_name, sorgu_no_start=sorgu_no_start)


def put_schema(tx: Connection, *, gateway_name: str, sorgu_no_start: int) -> None:
    """The same in the caller's transaction; raises Misconfigured when a gateway is there already."""
    hold(tx, "schema")
    if step_of(tx) is not None:
        raise Misconfigured("the database holds a gateway already; nothing was changed")
    _run_steps(tx)
    tx.execute(insert(tables.meta), [{"name": "schema", "value": "2"}, {"name": "gateway", "value": gateway_name}])
    tx.execute(insert(tables.sorgu_no_counter).values(counter_id=1, next=sorgu_no_start))


def fault_of_schema(tx: Connection) -> str | None:
    """What differs between the database's tables and those this program makes; None: nothing.

    SQLite's own text of every table, index, trigger and view is compared; of PostgreSQL columns, keys and indexes as
    Alembic sees them, and that nobody laid a trigger or a rule there.
    """
    stored = dialect_of(tx).schema_texts(tx)
    if stored is None:
        return _fault_on_server(tx)
    wanted = _made_here()
    for name in sorted(stored.keys() | wanted.keys()):
        if stored.get(name) != wanted.get(name):
            return f"schema: {name} is not as this program makes it"
    return None


@cache
def _made_here() -> dict[str, str]:
    engine = prepared("sqlite://", poolclass=StaticPool)
    with writing(engine) as tx:
        _run_steps(tx)
        found = dialect_of(tx).schema_texts(tx)
    assert found is not None
    engine.dispose()
    return found


def _fault_on_server(tx: Connection) -> str | None:
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415 - see the module's first words
    from alembic.migration import MigrationContext  # noqa: PLC0415

    differing = compare_metadata(MigrationContext.configure(tx), tables.metadata)
    if differing:
        return f"schema: {differing[0]}"[:200]
    return dialect_of(tx).stranger(tx)


def put_empty_schema(tx: Connection) -> None:
    """Tables without a row, to be filled from a backup; raises Misconfigured when a gateway is there already."""
    hold(tx, "schema")
    if step_of(tx) is not None:
        raise Misconfigured("the database holds a gateway already; nothing was changed")
    dialect_of(tx).without_time_limit(tx)
    _run_steps(tx)


def migrate(engine: Engine, *, then: Callable[[Connection, Migrated], None] | None = None) -> Migrated:
    """Bring the database to the newest step, in one transaction; rows stay. Raises Misconfigured.

    `then` runs in the same transaction when a step was taken.
    """
    with writing(engine) as tx:
        hold(tx, "schema")
        before = step_of(tx)
        if before is None:
            raise Misconfigured("there is no gateway in this database yet: run `ibys init`")
        _refuse_newer(before)
        if before != newest_step():
            dialect_of(tx).without_time_limit(tx)
            _run_steps(tx, stamp=None if inspect(tx).has_table("alembic_version") else before)
            if then:
                then(tx, Migrated(before, newest_step()))
    return Migrated(before, newest_step())


def read_meta(engine: Engine) -> dict[str, str]:
    """The fixed facts of a home; raises Misconfigured when there is no home, or one of another schema."""
    with reading(engine) as tx:
        step = step_of(tx)
        if step is None:
            raise Misconfigured("there is no gateway in this home yet: run `ibys init`")
        _refuse_newer(step)
        if step != newest_step():
            wanted = f"this home has schema {step}, this program wants {newest_step()}"
            raise Misconfigured(f"{wanted}: stop all its processes, take a backup, then run `ibys migrate`")
        return {row.name: row.value for row in tx.execute(select(tables.meta.c.name, tables.meta.c.value))}


def _refuse_newer(step: str) -> None:
    if step > newest_step():
        raise Misconfigured(
            f"this home has schema {step}, newer than this program ({newest_step()}): update the program"
        )


def _run_steps(tx: Connection, *, stamp: str | None = None) -> None:
    from alembic import command  # noqa: PLC0415 - a third of a second that only this needs
    from alembic.config import Config  # noqa: PLC0415

    config = Config(attributes={"connection": tx})
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    if stamp:
        command.stamp(config, stamp)
    command.upgrade(config, "head")
