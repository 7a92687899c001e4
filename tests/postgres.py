"""PostgreSQL for the tests: one server per session, one database emptied for each test, others made on demand."""

from __future__ import annotations

import atexit
import os
import tempfile
from pathlib import Path

from sqlalchemy import Engine, text

from integrator.store import tables
from integrator.store.engine import open_engine
from integrator.store.schema import create_schema, newest_step
from integrator.trial.postgres import TEMPLATE, PostgresServer, start_server
from tests.factories import FIRST_NUMBER

__all__ = ["SuiteServer", "start_server"]

SUITE = "ibys_suite"
_CLEAN = "; ".join(
    [
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{SUITE}' AND pid <> pg_backend_pid()",
        *(f"DELETE FROM {table.name}" for table in tables.metadata.sorted_tables),  # far quicker than TRUNCATE
        f"UPDATE alembic_version SET version_num = '{newest_step()}'",
        "INSERT INTO meta VALUES ('schema', '2'), ('gateway', 'test')",
        f"INSERT INTO sorgu_no_counter VALUES (1, {FIRST_NUMBER})",
    ]
)


class SuiteServer(PostgresServer):
    """A server with a migrated template. fsync stays on: what the tests say about durability is said of it."""

    def __init__(self) -> None:
        self._home = tempfile.TemporaryDirectory(prefix="ibys-pg-")
        os.chmod(self._home.name, 0o755)
        super().__init__(Path(self._home.name) / "pg")
        atexit.register(self.stop)
        made = open_engine(self.create_database(TEMPLATE))
        create_schema(made, gateway_name="test", sorgu_no_start=FIRST_NUMBER)
        made.dispose()
        self.create_database(SUITE, template=TEMPLATE)
        self._sweeper: Engine = open_engine(self.url(SUITE, role="postgres"))

    def swept(self) -> str:
        """The address of the suite's database, emptied: what an earlier test left open is cut off."""
        with self._sweeper.begin() as tx:
            tx.execute(text(_CLEAN))
        return self.url(SUITE)

    def fresh(self) -> str:
        """The address of another migrated database."""
        return self.create_database(template=TEMPLATE)

    def restart(self, *, immediate: bool = True) -> None:
        """As the base; the sweeper's connections go too."""
        super().restart(immediate=immediate)
        self._sweeper.dispose()

    def stop(self) -> None:
        """End the server; a second call does nothing."""
        atexit.unregister(self.stop)
        self._sweeper.dispose()
        super().stop()
        self._home.cleanup()
