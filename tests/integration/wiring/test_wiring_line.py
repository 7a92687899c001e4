import json

import pytest
from click.testing import CliRunner

from integrator.cli import ibys
from integrator.domain.errors import Misconfigured
from integrator.settings import read_settings
from integrator.wiring import create_home

ADDRESS = "http://user-less.example:8090/soap"


@pytest.fixture
def home(tmp_path):
    settings = read_settings(tmp_path / "home", {"IBYS_MINISTRY_ADDRESS": ADDRESS})
    create_home(settings)
    return settings.home


@pytest.fixture
def run(home, monkeypatch):
    monkeypatch.setenv("IBYS_MINISTRY_ADDRESS", ADDRESS)

    def run_it(*arguments, language="en"):
        monkeypatch.setenv("IBYS_LANG", language)
        done = CliRunner().invoke(ibys, [*arguments, "--home", str(home)], standalone_mode=False)
        if done.exception:
            raise done.exception
        return done.output

    return run_it


def test_a_line_is_shown_stopped_and_resumed(run):
    assert json.loads(run("line", "show", "--json"))["state"] == "ACTIVE"

    stopped = json.loads(run("line", "stop", "--reason", "they asked", "--json"))
    assert (stopped["state"], stopped["reason"], stopped["changed"]) == ("STOPPED", "they asked", True)
    assert not json.loads(run("line", "stop", "--reason", "again", "--json"))["changed"]

    resumed = json.loads(run("line", "resume", "--reason", "done", "--json"))
    assert (resumed["state"], resumed["changed"]) == ("ACTIVE", True)


@pytest.mark.parametrize(
    ("language", "said", "advice"),
    [("tr", "elle durduruldu: they asked", "ibys line resume"), ("en", "stopped by hand", "ibys line resume")],
)
def test_status_tells_a_tired_person_what_to_do(run, language, said, advice):
    run("line", "stop", "--reason", "they asked")
    told = run("status", language=language)

    assert "STOPPED" in told
    assert said in told
    assert advice in told


def test_status_for_machines_has_the_state_and_the_facts(run):
    facts = json.loads(run("status", "--json"))

    assert (facts["line"], facts["line_facts"]["breaker"], facts["line_facts"]["address"]) == (
        "ACTIVE",
        "closed",
        ADDRESS,
    )


def test_without_an_address_there_is_no_line_to_stop(run, monkeypatch):
    monkeypatch.delenv("IBYS_MINISTRY_ADDRESS")

    with pytest.raises(Misconfigured):
        run("line", "stop", "--reason", "x")


@pytest.mark.parametrize(
    ("environment", "given", "rate"),
    [("test", None, 0.0), ("production", None, 2.0), ("production", "0", 0.0), ("test", "7.5", 7.5)],
)
def test_production_is_gentle_unless_told_otherwise(tmp_path, environment, given, rate):
    variables = {"IBYS_GATEWAY_ENVIRONMENT": environment, "IBYS_KEYS_TRUST_DIR": "trust"}
    variables |= {"IBYS_MINISTRY_RATE_PER_SECOND": given} if given else {}

    assert read_settings(tmp_path, variables).rate_per_second == rate


def test_a_rate_that_would_never_send_is_refused(tmp_path):
    with pytest.raises(Misconfigured, match="rate_per_second"):
        read_settings(tmp_path, {"IBYS_MINISTRY_RATE_PER_SECOND": "0.00001"})
