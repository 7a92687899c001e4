"""Everything in which SQLite and PostgreSQL differ. No other file asks which of the two it speaks to.

SQLite has one writer: `BEGIN IMMEDIATE` is its only lock. PostgreSQL runs READ COMMITTED, so whoever decides by what
it read locks those rows first, and takes the head of the audit log last (docs/decisions/0013).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from enum import Enum
from functools import lru_cache, partial
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import psycopg
from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError, ProgrammingError

from integrator.domain.errors import Malformed, Misconfigured, Unavailable
from integrator.domain.haste import WouldWait, is_in_haste, patience, require_time

BUSY_SECONDS = 30.0
"""How long a transaction waits for another one's lock before it is Unavailable."""

SLOW_SECONDS = 60
"""How long one statement may run, and how long a session may hold a transaction open without a word."""

KEPT = 16
"""Connections that a process keeps to its SQLite file: opening one costs more than most of what is read through it."""

CONNECT_SECONDS = 5
OLDEST_POSTGRESQL = 13


class Meaning(Enum):
    """What an error of the driver asks of us."""

    CONFLICT = "another transaction was first: read again and decide anew"
    AWAY = "the database is not there, busy, full or broken: the same act may succeed later"
    ADDRESS = "the address asks for something that the driver does not know"
    INPUT = "a value is larger, longer or odder than the database keeps"
    BUG = "our statement or our values are wrong"


Names = tuple[str, ...]
"""Columns of a table of ours, in the order in which values come."""


Direct = Callable[[Connection, str, Any], tuple[list[Any], int]]
"""(transaction, text, values of a row or a list of such) -> (its rows, how many it changed)."""
TOO_ODD = "a value is larger, longer or odder than the database keeps"


class Dialect(Protocol):
    """One kind of database. `reading` are the execution options of a reading transaction.

    `direct` gives a text and its values to the driver itself, raising DBAPIError; None where it is not worth it.
    `is_embedded`: it works in this process, on this machine's disk, and a reader waits for no writer.
    """

    direct: Direct | None
    is_embedded: bool
    reading: Mapping[str, Any]

    def open(self, url: URL, password_file: Path | None, *, waits: float | None) -> Engine:
        """An engine whose every connection is prepared and waits so long for another one's lock; None: as usual."""

    def turn(self, engine: Engine) -> AbstractContextManager[None]:
        """The wait for the other threads of this process that write; raises Unavailable when it is too long."""

    def insert_new(self, table: Table) -> Any:
        """An INSERT that leaves out rows whose key is taken, after waiting for whoever is taking it."""

    def insert_rows(self, tx: Connection, table: str, names: Names, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert rows of plain values in the order of `names`."""

    def update_rows(
        self, tx: Connection, table: str, names: Names, key: Names, rows: Sequence[tuple[Any, ...]]
    ) -> None:
        """Write `names` to the rows with `key`; each of `rows` holds the values of both, in this order."""

    def hold(self, tx: Connection, name: str) -> None:
        """Be the only one past this line with this `name` until the transaction ends."""

    def now(self, tx: Connection) -> datetime | None:
        """The time on the database's own clock; None where it is this machine's."""

    def in_index_order(self, tx: Connection) -> None:
        """Answer ordered queries of this transaction from an index that has their order, whatever statistics say."""

    def without_time_limit(self, tx: Connection) -> None:
        """Let the statements of this transaction run as long as they need (a migration)."""

    def overwriting(self, tx: Connection) -> None:
        """What this transaction deletes or shortens is overwritten in its place, where the database can."""

    def wipe(self, connection: Connection, table: str) -> None:
        """Let nothing be read any more of what rows of `table` held before; outside of any transaction."""

    def fault_of_storage(self, tx: Connection) -> str | None:
        """What the database itself finds wrong with its pages and indexes; None: nothing, or it has no such check."""

    def place_of_storage(self, tx: Connection) -> str:
        """What tells this storage from a copy of it; empty where nothing does."""

    def schema_texts(self, tx: Connection) -> dict[str, str] | None:
        """``table audit_entry`` -> its statement, without quotes and with single blanks; None: it keeps none."""

    def stranger(self, tx: Connection) -> str | None:
        """What lies beside our tables and acts on them, where `schema_texts` does not tell it."""

    def meaning(self, error: DBAPIError) -> Meaning:
        """What `error` asks of us."""

    def words(self, error: DBAPIError) -> str:
        """The driver's words in one line: no values, no statement, no password."""


def _patience(waits: float | None) -> float:
    return BUSY_SECONDS if waits is None else waits


def _direct(tx: Connection, text: str, values: Any) -> tuple[list[Any], int]:
    """(its rows, how many it changed); the rows are read here, for SQLite finds a spoilt page when it comes to it."""
    driver: Any = tx.connection.driver_connection
    try:
        done = driver.executemany(text, values) if isinstance(values, list) else driver.execute(text, values)
        return done.fetchall(), done.rowcount
    except sqlite3.Error as error:
        raise DBAPIError.instance(None, None, error, sqlite3.Error) from error
    except (OverflowError, UnicodeEncodeError):  # what the driver cannot even send
        raise Malformed(TOO_ODD) from None


class _Sqlite:
    direct: Direct | None = staticmethod(_direct)
    is_embedded = True
    reading: Mapping[str, Any] = {"reading": True}
    # BUSY, LOCKED, NOMEM, READONLY, INTERRUPT, IOERR, CORRUPT, FULL, CANTOPEN, PROTOCOL, NOTADB
    _away = frozenset({5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 26})
    _taken = frozenset({1555, 2067, 2579})  # CONSTRAINT_PRIMARYKEY, _UNIQUE, _ROWID

    def __init__(self) -> None:
        self._turns: WeakKeyDictionary[Engine, Lock] = WeakKeyDictionary()
        self._waits: WeakKeyDictionary[Engine, float | None] = WeakKeyDictionary()

    def open(self, url: URL, password_file: Path | None, *, waits: float | None) -> Engine:
        if password_file:
            raise Misconfigured("store.password_file is set, but a SQLite file has no password")
        arguments = {"timeout": _patience(waits), "check_same_thread": False}
        engine = prepared(url, connect_args=arguments, pool_size=KEPT, pool_use_lifo=True)
        self._waits[engine] = waits
        return engine

    @contextmanager
    def turn(self, engine: Engine) -> Iterator[None]:
        """SQLite lets nobody queue: who finds its one writer at work sleeps, longer each time, and looks again."""
        lock = self._turns.setdefault(engine, Lock())
        if not lock.acquire(timeout=patience(_patience(self._waits.get(engine)))):
            require_time("the database: this process is writing")
            raise Unavailable("the database did not take the transaction (this process is writing all the time)")
        try:
            yield
        finally:
            lock.release()

    def insert_new(self, table: Table) -> Any:
        return sqlite.insert(table).on_conflict_do_nothing()

    def insert_rows(self, tx: Connection, table: str, names: Names, rows: Sequence[tuple[Any, ...]]) -> None:
        _direct(tx, _insert(table, names), rows[0] if len(rows) == 1 else list(rows))

    def update_rows(
        self, tx: Connection, table: str, names: Names, key: Names, rows: Sequence[tuple[Any, ...]]
    ) -> None:
        _direct(tx, _update(table, names, key, "?"), list(rows))

    def hold(self, tx: Connection, name: str) -> None:
        """BEGIN IMMEDIATE holds everything already."""

    def now(self, tx: Connection) -> datetime | None:  # noqa: ARG002 - the protocol's
        return None

    def in_index_order(self, tx: Connection) -> None:
        """The planner has no statistics that grow old."""

    def without_time_limit(self, tx: Connection) -> None:
        """A statement has no time limit here."""

    def overwriting(self, tx: Connection) -> None:
        tx.exec_driver_sql("PRAGMA secure_delete=ON")

    def wipe(self, connection: Connection, table: str) -> None:  # noqa: ARG002 - the whole file has one log
        """Freed bytes are overwritten already; the log that still holds them is emptied."""
        driver: Any = connection.connection.driver_connection
        driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def fault_of_storage(self, tx: Connection) -> str | None:
        found = str(tx.exec_driver_sql("PRAGMA integrity_check(1)").scalar_one())
        return None if found == "ok" else " ".join(found.split())[:200]

    def place_of_storage(self, tx: Connection) -> str:
        """The file's inode: a copied file has another, on the same machine or on another."""
        path = str(tx.exec_driver_sql("PRAGMA database_list").first()[2])  # type: ignore[index]  # there is always one
        return f"inode {Path(path).stat().st_ino}" if path else ""

    def schema_texts(self, tx: Connection) -> dict[str, str] | None:
        rows = tx.exec_driver_sql("SELECT type || ' ' || name, tbl_name, sql FROM sqlite_schema")
        return {row[0]: plain_sql(f"{row[1]} {row[2]}") for row in rows}

    def stranger(self, tx: Connection) -> str | None:  # noqa: ARG002 - the protocol's
        """Told by `schema_texts`."""
        return None

    def meaning(self, error: DBAPIError) -> Meaning:
        code: int = getattr(error.orig, "sqlite_errorcode", 0)
        if code in self._taken:
            return Meaning.CONFLICT
        if "unsupported file format" in str(error.orig):  # the file's head was spoilt; SQLite has no code for it
            return Meaning.AWAY
        return Meaning.AWAY if code & 0xFF in self._away else Meaning.BUG

    def words(self, error: DBAPIError) -> str:
        return str(error.orig)


def plain_sql(statement: str) -> str:
    """A statement without quotes and with single blanks: releases of SQLite differ in these."""
    return " ".join(statement.replace('"', "").split())


@lru_cache(maxsize=256)
def _insert(table: str, names: Names) -> str:
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608 - names of ours


@lru_cache(maxsize=256)
def _update(table: str, names: Names, key: Names, mark: str) -> str:
    values = ", ".join(f"{name} = {mark}" for name in names)
    return f"UPDATE {table} SET {values} WHERE {' AND '.join(f'{name} = {mark}' for name in key)}"  # noqa: S608


def prepared(url: URL | str, **options: Any) -> Engine:
    """An engine on SQLite, each of whose connections is set as we want it."""
    engine = create_engine(url, hide_parameters=True, **options)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy's begin event decides, not the driver
    # A value spoilt on disk must reach the check that names it, not stop the whole query it stands in.
    connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-65536"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: Connection) -> None:
    if connection.get_execution_options().get("reading", False):
        _direct(connection, "BEGIN", ())
    elif is_in_haste():
        _begin_in_haste(connection)
    else:
        _direct(connection, "BEGIN IMMEDIATE", ())


def _begin_in_haste(connection: Connection) -> None:
    [(usual,)], _ = _direct(connection, "PRAGMA busy_timeout", ())
    _direct(connection, f"PRAGMA busy_timeout={round(patience(usual / 1000) * 1000)}", ())
    try:
        _direct(connection, "BEGIN IMMEDIATE", ())
    except DBAPIError as error:
        if getattr(error.orig, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
            raise WouldWait("the database: another process is writing") from error
        raise
    finally:
        _direct(connection, f"PRAGMA busy_timeout={usual}", ())


class _Postgresql:
    direct: Direct | None = None
    is_embedded = False
    # A snapshot for the whole transaction: in READ COMMITTED every statement would see another state.
    reading: Mapping[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    # lock_not_available, query_canceled (a time limit), read_only_sql_transaction (a standby answered)
    _away = frozenset({"55P03", "57014", "25006"})
    # connection, transaction timed out, no resources, operator intervention, system error
    _away_classes = ("08", "25P", "53", "57P", "58")
    _conflict = frozenset({"23505", "40001", "40P01"})  # unique_violation, serialization_failure, deadlock_detected

    def open(self, url: URL, password_file: Path | None, *, waits: float | None) -> Engine:
        if url.drivername not in ("postgresql", "postgresql+psycopg"):
            raise Misconfigured(f"store.database_url names the driver {url.drivername!r}; postgresql+psycopg is wanted")
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            connect_args={n: v for n, v in _CONNECT.items() if n not in url.query} | {"client_encoding": "utf8"},
            isolation_level="READ COMMITTED",  # whatever the server's default is
            pool_pre_ping=True,  # a server that was restarted is met again by the next transaction
            pool_size=10,
            max_overflow=20,
            pool_timeout=_patience(waits),
            hide_parameters=True,
        )
        if password_file:
            # Read at every new connection, so that a changed password needs no restart; never part of the address.
            event.listen(engine, "do_connect", lambda *given: given[3].update(password=_read_password(password_file)))
        limits = {**_LIMITS, "lock_timeout": _patience(waits)}
        event.listen(engine, "connect", partial(_prepare_postgresql, limits=limits))
        return engine

    def turn(self, engine: Engine) -> AbstractContextManager[None]:  # noqa: ARG002 - the protocol's
        """Many may write at once."""
        return nullcontext()

    def insert_new(self, table: Table) -> Any:
        return postgresql.insert(table).on_conflict_do_nothing()

    def insert_rows(self, tx: Connection, table: str, names: Names, rows: Sequence[tuple[Any, ...]]) -> None:
        """By COPY: half the time of one INSERT for each row."""
        statement = f"COPY {table} ({', '.join(names)}) FROM STDIN"
        try:
            driver: Any = tx.connection.driver_connection
            with driver.cursor() as cursor, cursor.copy(statement) as copy:
                for row in rows:
                    copy.write_row(row)
        except psycopg.Error as error:  # as SQLAlchemy would tell it, had it seen the call
            raise DBAPIError.instance(statement, None, error, psycopg.Error, hide_parameters=True) from error

    def update_rows(
        self, tx: Connection, table: str, names: Names, key: Names, rows: Sequence[tuple[Any, ...]]
    ) -> None:
        tx.exec_driver_sql(_update(table, names, key, "%s"), rows)

    def hold(self, tx: Connection, name: str) -> None:
        tx.execute(_HOLD, {"number": int.from_bytes(sha256(f"ibys/{name}".encode()).digest()[:8], "big", signed=True)})

    def now(self, tx: Connection) -> datetime | None:
        at: datetime = tx.execute(text("SELECT clock_timestamp()")).scalar_one()
        return at

    def in_index_order(self, tx: Connection) -> None:
        # A queue that was empty at the last ANALYZE and is long now: every index looks equally good, and sorting cheap.
        tx.execute(_NO_SORT)

    def overwriting(self, tx: Connection) -> None:
        """A row's new version stands elsewhere, and the old one until VACUUM."""

    def wipe(self, connection: Connection, table: str) -> None:
        """Old versions of rows go; their bytes lie in free space and in the WAL until the server writes over them."""
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql(f"VACUUM {table}")

    def without_time_limit(self, tx: Connection) -> None:
        tx.execute(text("SET LOCAL statement_timeout = 0"))

    def fault_of_storage(self, tx: Connection) -> str | None:  # noqa: ARG002 - the protocol's
        """Page checksums are the server's own: a page that fails one cannot be read, and that is told."""
        return None

    def place_of_storage(self, tx: Connection) -> str:  # noqa: ARG002 - the protocol's
        return ""

    def schema_texts(self, tx: Connection) -> dict[str, str] | None:  # noqa: ARG002 - the protocol's
        return None

    def stranger(self, tx: Connection) -> str | None:
        return tx.execute(_STRANGE).scalars().first()

    def meaning(self, error: DBAPIError) -> Meaning:
        state: str = getattr(error.orig, "sqlstate", None) or ""
        if state in self._conflict:
            return Meaning.CONFLICT
        if not state:  # the driver's own words: no connection, or one that ended in the middle
            return self._of_driver(error)
        if state.startswith("22"):  # data exception
            return Meaning.INPUT
        return Meaning.AWAY if state in self._away or state.startswith(self._away_classes) else Meaning.BUG

    @staticmethod
    def _of_driver(error: DBAPIError) -> Meaning:
        if isinstance(error, ProgrammingError) and "connection option" in str(error.orig):
            return Meaning.ADDRESS
        if isinstance(error, DataError):
            return Meaning.INPUT
        return Meaning.AWAY if isinstance(error, (OperationalError, InterfaceError)) else Meaning.BUG

    def words(self, error: DBAPIError) -> str:
        told = getattr(getattr(error.orig, "diag", None), "message_primary", None) or str(error.orig)
        return str(told).strip().split("\n")[0]


_CONNECT: Mapping[str, Any] = {
    "connect_timeout": CONNECT_SECONDS,
    "application_name": "ibys",
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
_NO_SORT = text(
    "SELECT set_config('enable_sort', 'off', true), set_config('enable_incremental_sort', 'off', true),"
    " set_config('enable_bitmapscan', 'off', true)"
)
_STRANGE = text(
    "SELECT 'schema: a trigger ' || tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
    " WHERE NOT tgisinternal AND relnamespace = current_schema()::regnamespace"
    " UNION ALL SELECT 'schema: a rule ' || rulename FROM pg_rules WHERE schemaname = current_schema()"
)
_HOLD = text("SELECT pg_advisory_xact_lock(:number)")
_LIMITS = {
    "statement_timeout": SLOW_SECONDS,
    "idle_in_transaction_session_timeout": SLOW_SECONDS,  # a worker that was frozen holds nobody up for ever
}
_FACTS = ("synchronous_commit", "fsync", "server_encoding", "server_version_num")


def _prepare_postgresql(connection: Any, _record: Any, *, limits: Mapping[str, float]) -> None:
    """Set the session's limits, and refuse a server that would not keep what it says it has committed."""
    connection.autocommit = True
    asked = [f"set_config('{name}', '{round(seconds * 1000)}', false)" for name, seconds in limits.items()]
    asked += [f"current_setting('{name}')" for name in _FACTS]
    row = connection.execute(f"SELECT {', '.join(asked)}").fetchone()
    connection.autocommit = False
    fault = _fault(dict(zip(_FACTS, row[len(limits) :], strict=True)))
    if fault:
        connection.close()
        raise Misconfigured(fault)


def _fault(facts: Mapping[str, str]) -> str | None:
    for name in ("synchronous_commit", "fsync"):
        if facts[name] == "off":
            return f"the database has {name}=off: what it commits would not survive a power cut"
    if facts["server_encoding"] != "UTF8":
        return f"the database has the encoding {facts['server_encoding']}; UTF8 is wanted"
    if int(facts["server_version_num"]) < OLDEST_POSTGRESQL * 10_000:
        return f"the database is older than PostgreSQL {OLDEST_POSTGRESQL}"
    return None


def _read_password(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, ValueError) as error:
        raise Misconfigured(f"{path}: cannot be read ({type(error).__name__})") from None


_DIALECTS: Mapping[str, Dialect] = {"sqlite": _Sqlite(), "postgresql": _Postgresql()}


def dialect_named(backend: str) -> Dialect:
    """The dialect of an address; raises Misconfigured for a database we do not know how to keep safe."""
    try:
        return _DIALECTS[backend]
    except KeyError:
        raise Misconfigured(f"store.database_url names {backend!r}; sqlite or postgresql is wanted") from None


def dialect_of(bound: Engine | Connection) -> Dialect:
    """The dialect of an open database."""
    return _DIALECTS[bound.dialect.name]


def insert_new(tx: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert those of `rows` whose key is not taken; whoever is writing one at this moment is waited for."""
    if rows:
        tx.execute(dialect_of(tx).insert_new(table), list(rows))


def overwriting(tx: Connection) -> None:
    """What this transaction deletes or shortens is overwritten in its place, where the database can."""
    dialect_of(tx).overwriting(tx)


def wipe(engine: Engine, table: str) -> None:
    """Let nothing be read any more of what rows of `table` held before, as far as this database can."""
    with engine.connect() as connection:
        dialect_of(engine).wipe(connection, table)


def in_index_order(tx: Connection) -> None:
    """Until this transaction ends, rows come in the order of an index where one has it, and are not sorted."""
    dialect_of(tx).in_index_order(tx)


def hold(tx: Connection, name: str) -> None:
    """Be the only transaction past this line with this `name`, until it ends."""
    dialect_of(tx).hold(tx, name)


def database_time(tx: Connection) -> datetime | None:
    """The time on the database's own clock; None where it is this machine's."""
    return dialect_of(tx).now(tx)


def place_of_storage(tx: Connection) -> str:
    """What tells the storage under `tx` from a copy of it; empty where nothing does."""
    return dialect_of(tx).place_of_storage(tx)


AUDIT_HEAD = "audit_head"
"""What whoever appends to the audit log holds until commit. Taken last, after every row lock."""
