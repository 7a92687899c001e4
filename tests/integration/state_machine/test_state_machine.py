import os
import shutil
import sys
from copy import copy
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import delete, event, insert

from integrator.audit.trail import Trail
from integrator.catalogue.catalogue import read_catalogue
from integrator.gateway import Gateway, Pace
from integrator.log import set_up_log
from integrator.sign.keys import KeyCupboard
from integrator.store import tables
from integrator.store.engine import open_engine, sqlite_url, writing
from integrator.store.keyring import KeyRing
from tests.conftest import MASTER
from tests.factories import FIRST_NUMBER
from tests.fakes import FakeClock
from tests.integration.state_machine import world
from tests.integration.state_machine.machine import LEASE, Storm
from tests.postgres import SUITE
from tests.sizes import size

# `make torture` asks for more by these; they are no settings of the gateway.
STEPS = int(os.environ.get("TORTURE_STEPS", "50"))
BY_ITSELF = {"sqlite": 40, "postgresql": 12}  # a step costs three times as much across a socket
SEED = os.environ.get("TORTURE_SEED")
PHASES = (Phase.generate, Phase.shrink) if os.environ.get("TORTURE_SHRINK", "1") == "1" else (Phase.generate,)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request, tmp_path):
    """Empties a database again and again. Commits do not wait for the disk: whether they last is not asked here."""
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres")
        made = open_engine(server.url(SUITE))
        event.listen(made, "connect", lambda connection, _: _hurry(connection))

        def empty():
            made.dispose()
            server.swept()
            return made
    else:
        made = open_engine(sqlite_url(tmp_path / "storm.sqlite3"))
        event.listen(made, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
        shutil.copyfile(request.getfixturevalue("migrated_file"), tmp_path / "storm.sqlite3")

        def empty():
            with writing(made) as tx:
                for table in tables.metadata.sorted_tables:
                    tx.execute(delete(table))
                tx.execute(
                    insert(tables.meta), [{"name": "schema", "value": "2"}, {"name": "gateway", "value": "test"}]
                )
                tx.execute(insert(tables.sorgu_no_counter).values(counter_id=1, next=FIRST_NUMBER))
            return made

    yield empty
    made.dispose()


def _hurry(connection):
    connection.autocommit = True
    connection.execute("SET synchronous_commit = off")
    connection.autocommit = False


@pytest.mark.timeout(0)
def test_no_storm_loses_doubles_or_misjudges_a_message(request, pki, checkpoint_key, empty_database):
    catalogue = copy(read_catalogue())

    def open_gateway():
        database = empty_database()
        return Gateway(
            database=database,
            clock=FakeClock(),
            jitter=lambda: 0.5,
            catalogue=catalogue,
            keyring=KeyRing(database, MASTER),
            cupboard=KeyCupboard([pki.signer()]),
            trust=pki.trust,
            generation=None,
            metot="soap-g2",
            trail=Trail(),
            checkpoint_key=checkpoint_key,
            actor="test:0",
            pace=Pace(lease=LEASE, concurrency=1, gather=timedelta(0)),
        )

    kind = request.node.callspec.params["empty_database"]
    runs = size("TORTURE_RUNS", BY_ITSELF[kind], 10_000, f"storms on {kind}")
    weather = settings(
        max_examples=runs, stateful_step_count=STEPS, deadline=None, database=None, derandomize=SEED is None,
        suppress_health_check=list(HealthCheck), phases=PHASES,
    )  # fmt: skip
    set_up_log(level="CRITICAL")
    world.arm()
    try:
        storm = lambda: Storm(open_gateway)  # noqa: E731 - hypothesis wants a callable without arguments
        run_state_machine_as_test(seed(int(SEED))(storm) if SEED else storm, settings=weather)
    finally:
        world.disarm()
    told = " ".join(f"{name}={Storm.total[name]}" for name in ("runs", "steps", "messages", "effects"))
    sys.stdout.write(f"STORM {told}\n")
