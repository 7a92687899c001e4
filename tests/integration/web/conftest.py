from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from integrator import access
from integrator.domain.identifiers import Tckn
from integrator.domain.roles import Role
from integrator.intake.read_json import Caps
from integrator.web.app import create_app
from integrator.web.bounds import Bounds
from tests.factories import KURUM, PROFESSIONAL
from tests.integration.web.people import CHEAP, made


@pytest.fixture
def bounds():
    return Bounds()


@pytest.fixture
def app(gateway, tmp_path, bounds):
    return create_app(gateway, Caps(record_bytes=20_000, file_bytes=2_000_000), tmp_path, CHEAP, bounds=bounds)


@pytest.fixture
def door(app):
    """Calls without a key; an error of ours is an answer, never an exception."""
    with TestClient(app, raise_server_exceptions=False, client=("127.0.0.1", 50_000)) as client:
        yield client


@pytest.fixture
def house(app):
    return app.state.house


@pytest.fixture
def person(door, house):
    """Makes somebody of a role, set up and in."""

    def make(role=Role.MANAGER, **facts):
        return made(door, house, role, **facts)

    return make


@pytest.fixture
def token_of(gateway):
    def make(role=Role.SYSTEM, kurum=KURUM, **facts):
        told = {"professional": Tckn(PROFESSIONAL)} if role is Role.PROFESSIONAL else {}
        told |= {"lives": timedelta(days=1), **facts}
        return access.make_api_key(gateway, kurum, role, "test", **told)[1]

    return make


@pytest.fixture
def call(door, token_of):
    """Calls as a program of the customer; `role` and `kurum` may be others."""
    tokens = {}

    def make(method, path, *, role=Role.SYSTEM, kurum=KURUM, **facts):
        if (role, kurum) not in tokens:
            tokens[role, kurum] = token_of(role, kurum)
        headers = {"Authorization": f"Bearer {tokens[role, kurum]}", **facts.pop("headers", {})}
        return door.request(method, f"/v1{path}", headers=headers, **facts)

    return make
