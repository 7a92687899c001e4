"""Fixtures of the gateway's own tests. Puts the checkout on the path, so that `tests.fakes` can be imported."""

from __future__ import annotations

import shutil
import sys
from copy import copy
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import settings

from integrator.audit.checkpoint import CheckpointKey
from integrator.audit.trail import Trail
from integrator.catalogue.catalogue import read_catalogue
from integrator.domain.errors import IntegratorError
from integrator.gateway import Gateway, Pace
from integrator.sign.keys import KeyCupboard
from integrator.sign.trial_pki import issue_signer, make_root
from integrator.store.engine import open_engine, sqlite_url
from integrator.store.keyring import KeyRing
from integrator.store.schema import create_schema
from tests.factories import FIRST_NUMBER, FOREIGNER, PROFESSIONAL, Pki
from tests.fakes import START, FakeClock, FakeMinistry
from tests.postgres import SuiteServer

settings.register_profile("house", derandomize=True, max_examples=60, deadline=None, database=None)
settings.load_profile("house")

pytest_plugins = ["tests.leaks"]

MASTER = bytes(range(32))


@pytest.fixture(scope="session")
def pki() -> Pki:
    root = make_root(now=START)
    return Pki(
        root,
        issue_signer(root, PROFESSIONAL, now=START, key="p-256"),
        issue_signer(root, FOREIGNER, now=START, key="p-256"),
    )


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def ministry():
    return FakeMinistry()


@pytest.fixture(scope="session")
def postgres():
    """The session's PostgreSQL server. Where none can run, its tests are skipped, and the summary says so."""
    try:
        server = SuiteServer()
    except IntegratorError as error:
        pytest.skip(f"NOTICE: no PostgreSQL here, so this was NOT tried on it: {error.detail}")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory):
    """A SQLite file with the newest schema, to be copied."""
    path = tmp_path_factory.mktemp("template") / "ibys.sqlite3"
    engine = open_engine(sqlite_url(path))
    create_schema(engine, gateway_name="test", sorgu_no_start=FIRST_NUMBER)
    engine.dispose()  # the last connection: nothing stays behind in the WAL
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request, tmp_path):
    """The address of an empty home on each kind of database: whoever uses it runs once on each."""
    if request.param == "postgresql":
        return request.getfixturevalue("postgres").swept()
    path = tmp_path / "ibys.sqlite3"
    shutil.copyfile(request.getfixturevalue("migrated_file"), path)
    return sqlite_url(path)


@pytest.fixture
def open_database(database_url):
    """Opens the same database again and again, each time as another process would."""
    opened = []

    def open_it():
        opened.append(open_engine(database_url))
        return opened[-1]

    yield open_it
    for each in opened:
        each.dispose()


@pytest.fixture
def database(open_database):
    return open_database()


@pytest.fixture
def checkpoint_key():
    return CheckpointKey("test", Ed25519PrivateKey.from_private_bytes(b"\7" * 32))


@pytest.fixture
def gateway(database, clock, ministry, pki, checkpoint_key):
    return Gateway(
        database=database,
        clock=clock,
        jitter=lambda: 0.5,
        catalogue=copy(read_catalogue()),  # lists that a test refreshes are its own
        keyring=KeyRing(database, MASTER),
        cupboard=KeyCupboard([pki.signer()]),
        trust=pki.trust,
        generation=ministry,
        metot="soap-g2",
        trail=Trail(),
        checkpoint_key=checkpoint_key,
        actor="test:1",
        pace=Pace(concurrency=2),
    )


@pytest.fixture
def another_worker(gateway, open_database):
    """A second process on the same home: own connections, own memory of keys and of the log's head."""

    def make(**changes):
        database = open_database()
        facts = {"database": database, "keyring": KeyRing(database, MASTER), "trail": Trail(), "actor": "test:2"}
        return replace(gateway, **{**facts, **changes})

    return make
