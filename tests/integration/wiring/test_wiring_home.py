import shutil
import stat
from dataclasses import replace

import pytest

from integrator import wiring
from integrator.domain.clock import SystemClock
from integrator.domain.errors import Misconfigured, Unavailable
from integrator.domain.identifiers import KurumNo
from integrator.domain.outcomes import Kind
from integrator.pipeline import accept, dispatch
from integrator.protect.files import write_secret, write_whole
from integrator.protect.seal import new_key
from integrator.settings import GatewaySettings, KeysSettings, MinistrySettings, Settings, StoreSettings, read_settings
from integrator.sign.trial_pki import write_test_pki
from integrator.store.schema import read_meta
from integrator.trial.postgres import PASSWORD
from integrator.wiring import UNFINISHED, create_home, has_home, leaving, open_gateway, open_store
from tests.factories import PROFESSIONAL, record, submitted
from tests.fakes import START


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request, tmp_path):
    """Settings of a home that is not there yet, on each kind of database."""
    url = request.getfixturevalue("postgres").create_database() if request.param == "postgresql" else ""
    store = StoreSettings(database_url=url)
    return Settings(home=tmp_path / "home", gateway=GatewaySettings(name="gw"), store=store)


@pytest.fixture
def settings(empty):
    create_home(empty)
    return empty


@pytest.fixture
def on_postgresql(postgres, tmp_path):
    store = StoreSettings(database_url=postgres.create_database())
    return Settings(home=tmp_path / "home", gateway=GatewaySettings(name="gw"), store=store)


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


def test_a_home_whose_database_is_away_is_not_half_made(on_postgresql):
    away = replace(on_postgresql, store=StoreSettings(database_url="postgresql://ibys@127.0.0.1:1/ibys"))
    with pytest.raises(Unavailable):
        create_home(away)
    assert not away.home.exists()

    create_home(on_postgresql)
    assert has_home(on_postgresql)


def test_a_home_whose_database_does_not_commit_keeps_no_keys(empty, monkeypatch):
    def fails(tx, **_):
        raise Unavailable("gone")

    monkeypatch.setattr(wiring, "put_schema", fails)
    with pytest.raises(Unavailable):
        create_home(empty)
    assert not list(empty.home.glob("keys/*"))

    monkeypatch.undo()
    create_home(empty)


def test_a_database_that_holds_a_gateway_is_not_taken_by_another_home(on_postgresql, tmp_path):
    create_home(on_postgresql)
    other = replace(on_postgresql, home=tmp_path / "other", gateway=GatewaySettings(name="other"))
    with pytest.raises(Misconfigured, match="already"):
        create_home(other)

    assert not other.home.exists()
    assert not has_home(other)
    open_store(on_postgresql).dispose()


def test_another_host_with_the_same_keys_is_the_same_gateway(on_postgresql, tmp_path):
    create_home(on_postgresql)
    shutil.copytree(on_postgresql.home, tmp_path / "second")
    gateways = [open_gateway(replace(on_postgresql, home=home)) for home in (on_postgresql.home, tmp_path / "second")]
    told = [next(iter(accept(each, KurumNo("a"), submitted(record())))).status for each in gateways]
    for each in gateways:
        each.database.dispose()

    assert told == ["accepted", "known"]
    assert len({each.actor for each in gateways}) == 2


def test_a_database_that_is_away_is_unavailable_and_not_missing(on_postgresql):
    away = replace(on_postgresql, store=StoreSettings(database_url="postgresql://ibys@127.0.0.1:1/ibys"))
    with pytest.raises(Unavailable):
        open_store(away)


def test_a_password_file_is_looked_for_in_the_home(on_postgresql, postgres):
    create_home(on_postgresql)
    name = on_postgresql.store.database_url.partition("@/")[2].partition("?")[0]
    store = StoreSettings(postgres.tcp_url(name), password_file="keys/database_password")
    on_postgresql.path("keys/database_password").write_text(PASSWORD)

    open_store(replace(on_postgresql, store=store)).dispose()


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


def test_an_init_that_was_killed_among_its_keys_is_finished_by_the_next(empty):
    write_whole(empty.home / UNFINISHED, b"")
    write_secret(empty.path(empty.keys.master_key_file), b"00" * 32)
    assert not has_home(empty)

    create_home(empty)

    assert has_home(empty)
    assert not (empty.home / UNFINISHED).exists()
    assert empty.path(empty.keys.master_key_file).read_bytes() != b"00" * 32
    open_gateway(empty).database.dispose()


def test_an_init_whose_database_committed_without_saying_so_keeps_its_keys(empty, monkeypatch):
    really = wiring._create_database

    def answer_lost(settings):
        really(settings)
        raise Unavailable("the connection was lost in the middle of the commit")

    monkeypatch.setattr(wiring, "_create_database", answer_lost)
    with pytest.raises(Unavailable):
        create_home(empty)
    kept = empty.path(empty.keys.master_key_file).read_bytes()

    create_home(empty)

    assert has_home(empty)
    assert empty.path(empty.keys.master_key_file).read_bytes() == kept
    open_gateway(empty).database.dispose()
