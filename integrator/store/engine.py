"""Opens the database and gives out transactions; whatever the driver says leaves here as Conflict or Unavailable."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy.engine import ExceptionContext, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import QueuePool

from integrator.domain.errors import Malformed, Misconfigured, Unavailable
from integrator.domain.fault_points import passing
from integrator.domain.haste import is_in_haste, require_time
from integrator.metrics import count_database_error
from integrator.store.dialect import TOO_ODD, Meaning, dialect_named, dialect_of

Database = Engine
"""An open database, for those above the store who only hand it on."""

Tx = Connection
"""A running transaction, for those above the store who only hand it on."""

CONFLICTS_AT_MOST = 10
T = TypeVar("T")


class DatabaseAway(Unavailable):
    """The database did not do it: whoever asks, whatever for, would hear the same now."""


class Conflict(DatabaseAway):
    """Another transaction was first: a key is taken, or a lock could not be had in turn. Read again, decide anew."""


def open_engine(url: str, *, password_file: Path | None = None, waits: float | None = None) -> Engine:
    """An engine for `url`; raises Misconfigured for an address we do not know how to keep safe.

    Nothing is connected yet. The password of PostgreSQL is read from `password_file` at every new connection. Past
    `waits` seconds (None: as usual) for another one's lock, or for a connection of this process, it is Unavailable.
    """
    address = _parse(url)
    engine = dialect_named(address.get_backend_name()).open(address, password_file, waits=waits)
    event.listen(engine, "handle_error", _refuse_value)
    return engine


def _refuse_value(context: ExceptionContext) -> None:
    """What a driver cannot even send: a number of more than 64 bits, half a character."""
    if isinstance(context.original_exception, (OverflowError, UnicodeEncodeError)):
        raise Malformed(TOO_ODD) from None


def _parse(url: str) -> URL:
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        # not `from error`: a piece of a password may stand in its words
        raise Misconfigured("store.database_url is not a database address") from None
    if address.get_backend_name() != "sqlite" and "@" in f"{address.host}{address.database}":
        raise Misconfigured("store.database_url: a sign of the password is not escaped (@ is %40, / is %2F)")
    return address


def sqlite_url(path: Path) -> str:
    """The address of a SQLite file."""
    return f"sqlite:///{path}"


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One short writing transaction: committed when the block ends, rolled back when it raises.

    Raises Conflict when another transaction was first, Unavailable when the database does not take it.
    """
    with _translating(engine, "the database did not take the transaction"):
        _require_connection(engine)
        with dialect_of(engine).turn(engine), engine.begin() as tx:
            yield tx
            passing("commit.before")
        passing("commit.after")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One snapshot for reading; it holds no writer up. Raises Unavailable when the database cannot be read."""
    options = dialect_of(engine).reading
    _require_connection(engine)
    with (
        _translating(engine, "the database could not be read"),
        engine.connect().execution_options(**options) as connection,
        connection.begin(),
    ):
        yield connection


def _require_connection(engine: Engine) -> None:
    if is_in_haste() and not _has_connection(engine):
        require_time("a connection to the database")


def _has_connection(engine: Engine) -> bool:
    """Whether nobody in this process need give one back first."""
    return isinstance(engine.pool, QueuePool) and engine.pool.checkedout() < engine.pool.size()


def is_embedded(engine: Engine) -> bool:
    """Whether the database works in this process: its work is our processor's, and a reader waits for no writer."""
    return dialect_of(engine).is_embedded


class Glances:
    """Single statements of an embedded database, by one connection that stays: each sees a snapshot of its own.

    Belongs to one thread. To borrow a connection for each of them costs ten times what SQLite takes for one.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._kept: Connection | None = None

    def would_wait(self) -> bool:
        """Whether `reading` would wait for a connection, or the database is elsewhere."""
        return not (is_embedded(self._engine) and (self._kept is not None or _has_connection(self._engine)))

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """The connection, outside of any transaction: for `Prepared` alone. Raises Unavailable; the next is anew."""
        try:
            with _translating(self._engine, "the database could not be read"):
                if self._kept is None:
                    self._kept = self._engine.connect()
                yield self._kept
        except BaseException:
            if self._kept:
                self._kept.invalidate()
            self.close()
            raise

    def close(self) -> None:
        """Give the connection back."""
        kept, self._kept = self._kept, None
        if kept:
            kept.close()


@contextmanager
def _translating(engine: Engine, what: str) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        dialect = dialect_of(engine)
        meaning = dialect.meaning(error)
        count_database_error(meaning.name.lower())
        if meaning is Meaning.BUG:
            raise
        if meaning is Meaning.INPUT:
            raise Malformed(TOO_ODD) from error
        if meaning is Meaning.ADDRESS:
            raise Misconfigured(f"store.database_url: {dialect.words(error)}") from error
        kind = Conflict if meaning is Meaning.CONFLICT else DatabaseAway
        raise kind(f"{what} ({dialect.words(error)})") from error
    except UnicodeDecodeError as error:  # SQLite quotes a broken schema in its error, byte for byte
        raise DatabaseAway(f"{what} (its file is broken: put back a backup)") from error
    except PoolTimeoutError as error:
        raise DatabaseAway(f"{what} (every connection of this process is in use)") from error


def write_anew(engine: Engine, act: Callable[[Connection], T]) -> T:
    """`act` in a writing transaction of its own, decided anew as long as others are first; at last raises Conflict."""
    for _ in range(CONFLICTS_AT_MOST - 1):
        try:
            with writing(engine) as tx:
                return act(tx)
        except Conflict:
            continue
    with writing(engine) as tx:
        return act(tx)
