from __future__ import annotations

import shutil
import socket
import threading
import time
from datetime import timedelta

import pytest
import uvicorn

from integrator import access
from integrator.client import Gateway as Client
from integrator.client import Patience
from integrator.domain.roles import Role
from integrator.intake.read_json import Caps
from integrator.store.engine import sqlite_url
from integrator.web.app import create_app
from integrator.web.upgrades import DeafToUpgrades
from tests.factories import KURUM

HURRY = 20
HASTY = Patience(tries=4, first=0.01, ceiling=0.05, silence=20, sleep=lambda seconds: time.sleep(seconds / HURRY))
"""Its waits are as long as they are told, by a clock that runs ahead."""


class Served:
    """The API on a port, in a thread of this process."""

    def __init__(self, app):
        self.door = socket.create_server(("127.0.0.1", 0))
        self.port = self.door.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        config = uvicorn.Config(app, http=DeafToUpgrades, log_config=None, timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self.door]})
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)

    def stop(self):
        self._server.should_exit = True
        self._thread.join(30)


@pytest.fixture
def served(gateway, tmp_path):
    made = Served(create_app(gateway, Caps(record_bytes=20_000, file_bytes=20_000_000), tmp_path))
    yield made
    made.stop()


@pytest.fixture
def database_url(tmp_path, migrated_file):
    shutil.copyfile(migrated_file, tmp_path / "ibys.sqlite3")
    return sqlite_url(tmp_path / "ibys.sqlite3")


@pytest.fixture
def client_of(served, gateway):
    def make(role=Role.SYSTEM, *, address="", patience=HASTY):
        token = access.make_api_key(gateway, KURUM, role, "test", lives=timedelta(days=1))[1]
        return Client(address or served.address, token, patience=patience)

    return make


@pytest.fixture
def client(client_of):
    return client_of()
