import stat
from dataclasses import replace

import pytest

from integrator.domain.clock import SystemClock
from integrator.domain.errors import Misconfigured
from integrator.domain.identifiers import KurumNo
from integrator.domain.outcomes import Kind
from integrator.pipeline import accept, dispatch
from integrator.protect.seal import new_key
from integrator.settings import GatewaySettings, KeysSettings, MinistrySettings, Settings, read_settings
from integrator.sign.trial_pki import write_test_pki
from integrator.store.engine import read_meta
from integrator.wiring import create_home, leaving, open_gateway, open_store
from tests.factories import PROFESSIONAL, record, submitted
from tests.fakes import START


@pytest.fixture
def settings(tmp_path):
    made = Settings(home=tmp_path / "home", gateway=GatewaySettings(name="gw"))
    create_home(made)
    return made


def test_a_new_home_has_its_keys_for_its_owner_only(settings):
    for name in (settings.keys.master_key_file, settings.keys.checkpoint_key_file):
        assert stat.S_IMODE(settings.path(name).stat().st_mode) == 0o600


def test_a_new_home_is_read_back_as_it_was_made(settings):
    assert read_settings(settings.home, {}).gateway.name == "gw"
    store = open_store(settings)
    assert read_meta(store)["gateway"] == "gw"
    store.dispose()


def test_a_home_is_never_made_over_another(settings):
    before = settings.path(settings.keys.master_key_file).read_bytes()
    with pytest.raises(Misconfigured, match="already"):
        create_home(settings)

    assert settings.path(settings.keys.master_key_file).read_bytes() == before


def test_a_gateway_does_not_open_the_home_of_another(settings):
    with pytest.raises(Misconfigured, match="belongs to"):
        open_gateway(replace(settings, gateway=GatewaySettings(name="other")))


def test_a_gateway_without_an_address_accepts_and_does_not_send(settings):
    gateway = open_gateway(settings)
    [answer] = accept(gateway, KurumNo("a"), submitted(record()))
    with pytest.raises(Misconfigured):
        dispatch(gateway)
    gateway.database.dispose()

    assert answer.status == "accepted"


def test_a_wrong_master_key_is_told_at_start(settings):
    gateway = open_gateway(settings)
    list(accept(gateway, KurumNo("a"), submitted(record())))
    gateway.database.dispose()
    settings.path(settings.keys.master_key_file).write_text(new_key().hex())

    with pytest.raises(Misconfigured, match="master key"):
        open_gateway(settings)


@pytest.mark.parametrize("name", ["firma_kodu", "parola"])
def test_a_missing_or_empty_credential_is_told_by_its_file(settings, name):
    for each in ("firma_kodu", "parola"):
        settings.path(f"keys/{each}").write_text("x")
    settings.path(f"keys/{name}").write_text(" \n")
    sending = replace(settings, ministry=MinistrySettings(address="http://127.0.0.1:9/x"))
    with pytest.raises(Misconfigured, match=name):
        open_gateway(sending)
    settings.path(f"keys/{name}").unlink()
    with pytest.raises(Misconfigured, match=name):
        open_gateway(sending)


def test_a_gateway_whose_ministry_is_away_keeps_its_messages(settings):
    write_test_pki(settings.home / "pki", [PROFESSIONAL], now=SystemClock().now(), key="p-256")
    for each in ("firma_kodu", "parola"):
        settings.path(f"keys/{each}").write_text("x")
    gateway = open_gateway(
        replace(
            settings,
            keys=KeysSettings(signers_dir="pki/signers", trust_dir="pki/trust"),
            ministry=MinistrySettings(address="http://127.0.0.1:9/x"),
        )
    )
    [answer] = accept(gateway, KurumNo("a"), submitted(record()))
    tally = dispatch(gateway)
    gateway.database.dispose()

    assert (answer.status, tally) == ("accepted", {str(Kind.NOT_ARRIVED): 1})


def test_production_refuses_keys_in_files(settings):
    write_test_pki(settings.home / "pki", [PROFESSIONAL], now=START, key="p-256")
    production = replace(
        settings,
        gateway=GatewaySettings(name="gw", environment="production"),
        keys=KeysSettings(signers_dir="pki/signers", trust_dir="pki/trust"),
    )

    with pytest.raises(Misconfigured, match="card"):
        open_gateway(production)


@pytest.mark.parametrize(
    ("environment", "allowed", "statuses"),
    [
        ("test", False, {"official", "assumed", "draft"}),
        ("production", False, {"official"}),
        ("production", True, {"official", "assumed"}),
    ],
)
def test_what_may_leave_goes_by_environment_and_switch(settings, environment, allowed, statuses):
    ministry = replace(settings.ministry, allow_assumed=allowed)
    asked = replace(settings, gateway=GatewaySettings(environment=environment), ministry=ministry)

    assert leaving(asked) == statuses
