import os
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import event

from integrator.audit.trail import Trail
from integrator.store.engine import create_schema, open_engine, sqlite_url
from integrator.store.keyring import KeyRing
from tests.conftest import MASTER
from tests.factories import FIRST_NUMBER
from tests.integration.state_machine import world
from tests.integration.state_machine.machine import LEASE, Storm

# `make torture` asks for more by these; they are no settings of the gateway.
RUNS, STEPS = int(os.environ.get("TORTURE_RUNS", "200")), int(os.environ.get("TORTURE_STEPS", "50"))
SEED = os.environ.get("TORTURE_SEED")


@pytest.fixture
def quick_sqlite(tmp_path):
    """Makes empty databases: real files, but without waiting for the disk. Whether commits last is not asked here."""
    made = []

    def make():
        engine = open_engine(sqlite_url(tmp_path / f"storm-{len(made)}.sqlite3"))
        event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
        create_schema(engine, gateway_name="test", sorgu_no_start=FIRST_NUMBER)
        for each in made[-1:]:
            each.dispose()
        made.append(engine)
        return engine

    yield make
    for each in made[-1:]:
        each.dispose()


@pytest.mark.timeout(0)
def test_no_storm_loses_doubles_or_misjudges_a_message(gateway, quick_sqlite):
    pace = replace(gateway.pace, lease=LEASE, concurrency=1, gather=timedelta(0))

    def open_gateway():
        database = quick_sqlite()
        return replace(gateway, database=database, keyring=KeyRing(database, MASTER), trail=Trail(), pace=pace)

    weather = settings(
        max_examples=RUNS, stateful_step_count=STEPS, deadline=None, database=None, derandomize=SEED is None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    world.arm()
    try:
        storm = lambda: Storm(open_gateway)  # noqa: E731 - hypothesis wants a callable without arguments
        run_state_machine_as_test(seed(int(SEED))(storm) if SEED else storm, settings=weather)
    finally:
        world.disarm()
