"""Databases for trials: one is prepared, every trial gets a copy. A SQLite file is copied with its home."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from sqlalchemy.engine import make_url

from integrator.trial.postgres import PostgresServer, start_server


class Databases(Protocol):
    """One kind of engine."""

    name: str

    def template(self) -> str:
        """The address of the database to prepare; empty for the file in the home."""

    def freeze(self) -> None:
        """The template is prepared and closed."""

    def copy(self, number: int) -> str:
        """The address of a copy of the template."""

    def empty(self, number: int) -> str:
        """The address of a database without anything in it."""

    def drop(self, url: str) -> None:
        """Remove a copy."""


class SqliteFiles:
    """The file in the home: whoever copies the home has copied it."""

    name = "sqlite"

    def template(self) -> str:
        """The file in the home."""
        return ""

    def freeze(self) -> None:
        """Nothing: the last connection that closes leaves one file."""

    def copy(self, number: int) -> str:
        """The file in the home."""
        del number
        return ""

    def empty(self, number: int) -> str:
        """The file in the home."""
        return self.copy(number)

    def drop(self, url: str) -> None:
        """Nothing: it goes with the home."""


class PostgresDatabases:
    """Databases of one server; a copy is made by the server itself. Trials come in by the server's own socket."""

    name = "postgresql"

    def __init__(self, server: PostgresServer) -> None:
        self.server = server
        self.prefix = "torture"

    def template(self) -> str:
        """A new database."""
        return self.server.create_database(f"{self.prefix}_template")

    def freeze(self) -> None:
        """Nobody may be in it while it is copied."""

    def copy(self, number: int) -> str:
        """A copy, made by the server."""
        return self.server.create_database(f"{self.prefix}_{number}", template=f"{self.prefix}_template")

    def empty(self, number: int) -> str:
        """A new database."""
        return self.server.create_database(f"{self.prefix}_empty_{number}")

    def drop(self, url: str) -> None:
        """Remove a copy, whoever is in it."""
        self.server.drop_database(str(make_url(url).database))


@contextmanager
def databases(engine: str, folder: Path) -> Iterator[Databases]:
    """One of the two kinds; `folder` must be open to others, because the server runs as a user of its own."""
    if engine == "sqlite":
        yield SqliteFiles()
        return
    with start_server(folder / "postgresql") as server:
        yield PostgresDatabases(server)
