import pytest

from integrator.domain.errors import Misconfigured
from integrator.settings import read_settings
from integrator.wiring import people_rules


@pytest.mark.parametrize(
    "environment",
    [
        {"IBYS_PEOPLE_ARGON2_MEMORY_KIB": "19455"},
        {"IBYS_PEOPLE_ARGON2_PASSES": "1"},
        {"IBYS_PEOPLE_ARGON2_MEMORY_KIB": "2000000"},
        {"IBYS_PEOPLE_SESSION_HOURS": "25"},
        {"IBYS_PEOPLE_IDLE_MINUTES": "721"},
        {"IBYS_PEOPLE_SECURE_COOKIES": "false", "IBYS_WEB_HOST": "0.0.0.0"},
        {"IBYS_PEOPLE_SECURE_COOKIES": "false", "IBYS_GATEWAY_ENVIRONMENT": "production"},
        {"IBYS_PEOPLE_PAUSE_CEILING_SECONDS": "0"},
    ],
)
def test_what_would_weaken_logging_in_is_refused_at_start(tmp_path, environment):
    with pytest.raises(Misconfigured, match=r"people\."):
        read_settings(tmp_path, environment)


def test_cookies_without_tls_are_for_a_trial_on_the_loopback(tmp_path):
    rules = people_rules(read_settings(tmp_path, {"IBYS_PEOPLE_SECURE_COOKIES": "false"}))

    assert (rules.secure_cookies, rules.passwords.memory_kib, rules.providers) == (False, 65_536, {})


def test_a_file_of_providers_that_is_not_there_is_told(tmp_path):
    with pytest.raises(Misconfigured, match="oidc_file"):
        people_rules(read_settings(tmp_path, {"IBYS_PEOPLE_OIDC_FILE": "oidc.toml"}))
