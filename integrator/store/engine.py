"""Opens the database and gives out transactions.

SQLite: WAL, ``synchronous=FULL`` (a commit survives a power cut), ``BEGIN IMMEDIATE`` for writers, because a
deferred transaction that turns writer fails at once with SQLITE_BUSY whatever the busy timeout says.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, insert, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, IntegrityError, OperationalError

from integrator.domain.errors import Misconfigured, Unavailable
from integrator.domain.fault_points import passing
from integrator.store import tables

Database = Engine
"""An open database, for those above the store who only hand it on."""

Tx = Connection
"""A running transaction, for those above the store who only hand it on."""

SCHEMA_VERSION = "1"
BUSY_SECONDS = 30


def open_engine(url: str) -> Engine:
    """An engine for `url`; raises Misconfigured for an address we do not know how to keep safe."""
    try:
        backend = make_url(url).get_backend_name()
    except ArgumentError as error:
        raise Misconfigured("store.database_url is not a database address") from error
    if backend != "sqlite":
        raise Misconfigured(f"store.database_url names {backend!r}; this version keeps its outbox in SQLite")
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def sqlite_url(path: Path) -> str:
    """The address of a SQLite file."""
    return f"sqlite:///{path}"


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy's begin event decides, not the driver
    # A value spoilt on disk must reach the check that names it, not stop the whole query it stands in.
    connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-65536"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


class Conflict(Exception):
    """A row with this key was written by somebody else meanwhile; read again and decide anew."""


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One short writing transaction: committed when the block ends, rolled back when it raises.

    Raises Conflict when a key is taken, Unavailable when the database does not take the transaction.
    """
    try:
        with engine.begin() as tx:
            yield tx
            passing("commit.before")
        passing("commit.after")
    except IntegrityError as error:
        raise Conflict from error
    except OperationalError as error:
        raise Unavailable(f"the database did not take the transaction ({error.orig})") from error


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One snapshot for reading; it holds no writer up. Raises Unavailable when the database cannot be read."""
    try:
        with engine.connect().execution_options(reading=True) as connection, connection.begin():
            yield connection
    except OperationalError as error:
        raise Unavailable(f"the database could not be read ({error.orig})") from error


def create_schema(engine: Engine, *, gateway_name: str, sorgu_no_start: int) -> None:
    """Create all tables of an empty home and write its fixed facts."""
    with writing(engine) as tx:
        tables.metadata.create_all(tx)
        tx.execute(
            insert(tables.meta),
            [{"name": "schema", "value": SCHEMA_VERSION}, {"name": "gateway", "value": gateway_name}],
        )
        tx.execute(insert(tables.sorgu_no_counter).values(counter_id=1, next=sorgu_no_start))


def read_meta(engine: Engine) -> dict[str, str]:
    """The fixed facts of a home; raises Misconfigured when there is no home, or one of another schema."""
    try:
        with reading(engine) as tx:
            rows = tx.execute(select(tables.meta.c.name, tables.meta.c.value))
            facts = {row.name: row.value for row in rows}
    except Unavailable as error:
        raise Misconfigured(f"there is no gateway in this home yet: run `ibys init` ({error.detail})") from error
    if facts.get("schema") != SCHEMA_VERSION:
        raise Misconfigured(f"this home has schema {facts.get('schema')}, this program wants {SCHEMA_VERSION}")
    return facts
