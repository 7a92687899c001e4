import os
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from starlette.testclient import TestClient

from integrator import access
from integrator.domain.roles import NEVER_A_KEYS, RIGHTS, Right, Role
from integrator.intake.read_json import Caps
from integrator.web import description
from integrator.web.app import create_app
from tests import fuzzing
from tests.factories import KURUM, REPO

EXAMPLES = int(os.environ.get("IBYS_API_EXAMPLES", "2"))
CONFIG = schemathesis.config.SchemathesisConfig.from_path(REPO / "bench" / "schemathesis.toml")
SHORT = settings(
    max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
    suppress_health_check=list(HealthCheck), stateful_step_count=6,
)  # fmt: skip


@pytest.fixture
def key_of_all(monkeypatch):
    """A key that holds every right."""
    monkeypatch.setitem(RIGHTS, Role.SYSTEM, frozenset(Right))
    for each in (access, description):
        monkeypatch.setattr(each, "NEVER_A_KEYS", NEVER_A_KEYS - {Right.KEEP_ACCESS})

    def make(gateway):
        _, token = access.make_api_key(gateway, KURUM, Role.SYSTEM, "fuzz", lives=timedelta(days=400))
        return {"Authorization": f"Bearer {token}"}

    return make


@pytest.fixture
def api(tmp_path, key_of_all):
    """(schema, headers) of a served application."""
    gateway = fuzzing.make_gateway(Path(tmp_path))
    app = create_app(gateway, Caps(record_bytes=100_000, file_bytes=2_000_000), tmp_path, bounds=fuzzing.UNBOUND)
    with TestClient(app):
        schema = schemathesis.openapi.from_asgi("/v1/openapi.json", app, config=CONFIG)
        yield schema.exclude(path="/health/ready"), key_of_all(gateway)  # the clock of these tests stands still
    gateway.database.dispose()


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
def test_every_address_answers_as_it_is_described(api, mode):
    schema, headers = api
    tried = set()

    for found in schema.get_all_operations():

        @given(case=found.ok().as_strategy(generation_mode=mode))
        @SHORT
        def holds(case):
            tried.add(case.operation.label)
            case.call_and_validate(headers=headers)

        with suppress(Unsatisfiable):  # nothing about an address without parameters can be wrong
            holds()

    assert len(tried) >= (54 if mode is schemathesis.GenerationMode.POSITIVE else 35)


def test_links_lead_from_a_record_to_its_receipt(api):
    schema, headers = api
    reached = set()

    class Walk(schema.as_state_machine()):
        def get_call_kwargs(self, case):
            return {"headers": headers}

        def after_call(self, response, case):
            reached.add((case.operation.label, response.status_code))

    Walk.run(settings=settings(SHORT, max_examples=max(EXAMPLES, 30)))

    assert ("POST /v1/kayit", 201) in reached
    assert ("GET /v1/bildirim/{sorgu_no}/makbuz", 200) in reached
