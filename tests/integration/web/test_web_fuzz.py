import os
from contextlib import suppress
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from starlette.testclient import TestClient

from bench.fuzz import NEVER_GOOD, tell
from integrator.domain.roles import RIGHTS, Right, Role
from tests import fuzzing
from tests.factories import REPO
from tests.planting import make_planted, terms_to
from tests.receiver import Receiver

EXAMPLES = int(os.environ.get("IBYS_API_EXAMPLES", "2"))
CONFIG = schemathesis.config.SchemathesisConfig.from_path(REPO / "bench" / "schemathesis.toml")
SHORT = settings(
    max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
    suppress_health_check=list(HealthCheck), stateful_step_count=6,
)  # fmt: skip


@pytest.fixture
def schema(tmp_path, monkeypatch):
    """Of a served application in which something of everything stands; its key holds every right that a key may."""
    monkeypatch.setitem(RIGHTS, Role.SYSTEM, frozenset(Right))
    hook = Receiver()
    app, gateway, planted = make_planted(Path(tmp_path), hook.address)
    fuzzing.use(planted, gateway.clock)
    with TestClient(app):
        found = schemathesis.openapi.from_asgi("/v1/openapi.json", app, config=CONFIG)
        yield found.exclude(path="/health/ready")  # the clock of these tests stands still
    fuzzing.leave()
    gateway.database.dispose()
    hook.close()


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
def test_every_address_answers_as_it_is_described(schema, mode):
    tried = set()

    for found in schema.get_all_operations():

        @given(case=found.ok().as_strategy(generation_mode=mode))
        @SHORT
        def holds(case):
            tried.add(case.operation.label)
            case.call_and_validate()

        with suppress(Unsatisfiable):  # nothing about an address without parameters can be wrong
            holds()

    assert len(tried) >= (54 if mode is schemathesis.GenerationMode.POSITIVE else 35)


def test_links_lead_from_a_record_to_its_receipt(schema):
    reached = set()

    # Elsewhere an answer hangs on what was called before, and hypothesis wants the same answer to the same steps.
    linked = schema.include(path_regex=r"^/v1/(kayit|kayit/{kayit_no}/findings|bildirim/{sorgu_no}(/makbuz)?)$")

    class Walk(linked.as_state_machine()):
        def after_call(self, response, case):
            reached.add((case.operation.label, response.status_code))

    Walk.run(settings=settings(SHORT, max_examples=max(EXAMPLES, 30)))

    assert ("POST /v1/kayit", 201) in reached
    assert ("GET /v1/bildirim/{sorgu_no}/makbuz", 200) in reached


def test_a_webhook_of_these_tests_leads_to_the_loopback_and_nowhere_else():
    guard = terms_to("http://127.0.0.1:8080/hook").guard

    assert guard.reach(guard.read("https://hook.example/in")) == ("127.0.0.1",)
    assert not any(map(guard.is_public, ("93.184.215.14", "10.0.0.1", "2600:1406::1", "::ffff:1.1.1.1", "::1")))


def test_a_run_fails_for_an_operation_that_never_met_a_2xx_unless_it_is_said_why(capsys):
    excepted = next(iter(NEVER_GOOD))
    good, never = {"GET /v1/line": {"200": 1, "401": 3}, "GET /v1/cause": {"404": 2}}, "GET /v1/cause"

    assert tell(good, ["GET /v1/line", excepted]) == 0
    assert tell(good, ["GET /v1/line", never]) == 1
    assert "GET /v1/cause: MUST BE REACHED" in capsys.readouterr().out
    assert tell({excepted: {"201": 1}}, [excepted]) == 1  # an exception that holds no more is to be taken out
