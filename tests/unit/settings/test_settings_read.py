import pytest

from integrator.deliver.generation import Credentials
from integrator.domain.errors import Misconfigured
from integrator.settings import Settings, default_home, read_settings


def settings_of(home, toml="", **environment):
    (home / "ibys.toml").write_text(toml, encoding="utf-8")
    return read_settings(home, environment)


def problems_of(home, toml="", **environment):
    with pytest.raises(Misconfigured) as caught:
        settings_of(home, toml, **environment)
    return caught.value.detail


def test_an_empty_home_has_safe_defaults(tmp_path):
    settings = read_settings(tmp_path, {})

    assert settings == Settings(home=tmp_path)
    assert not settings.production and not settings.ministry.allow_assumed


def test_the_file_sets_and_the_environment_sets_over_it(tmp_path):
    toml = "[queue]\nwindow = 7\nmax_attempts = 3\n"
    settings = settings_of(tmp_path, toml, IBYS_QUEUE_WINDOW="9", IBYS_GATEWAY_NAME="gw", OTHER="x")

    assert (settings.queue.window, settings.queue.max_attempts, settings.gateway.name) == (9, 3, "gw")


def test_the_short_name_of_the_database_is_known(tmp_path):
    assert settings_of(tmp_path, IBYS_DATABASE_URL="sqlite:///x").store.database_url == "sqlite:///x"


def test_the_home_the_language_and_the_published_folder_are_no_settings(tmp_path):
    settings_of(tmp_path, IBYS_HOME="x", IBYS_LANG="tr", IBYS_PUBLISHED_DIR="y")


def test_every_wrong_key_is_listed_at_once_with_its_place(tmp_path):
    toml = "[queue]\nwindows = 7\n[gate]\nname = 'x'\n"
    told = problems_of(tmp_path, toml, IBYS_QUEUE_WIDNOW="1", IBYS_NOTHING="1", IBYS_QUEUE="1")

    for place in ("[queue] windows", "[gate] name", "IBYS_QUEUE_WIDNOW", "IBYS_NOTHING", "IBYS_QUEUE:"):
        assert place in told


@pytest.mark.parametrize(
    "toml",
    ["[queue]\nwindow = true", "[queue]\nwindow = 'many'", "[queue]\nwindow = []", "[gateway]\nname = 7",
     "[ministry]\nallow_assumed = 'yes'", "[ministry]\nallow_assumed = 1", "[queue]\nlease_seconds = 'soon'",
     "[queue]\nwindow = 1.5", "[queue]\nwindow = inf", "[queue]\nlease_seconds = nan", "[queue]\nlease_seconds = inf",
     "queue = 7", "[queue", "[log]\nlevel = 'LOUD'", "[gateway]\nenvironment = 'prod'", "[gateway]\nname = 'a b'",
     "[gateway]\nname = ''", "[queue]\nwindow = 0", "[queue]\nlease_seconds = -1", "[ministry]\nmetot = 'soap-g9'"],
)  # fmt: skip
def test_a_value_that_cannot_be_is_told(tmp_path, toml):
    assert problems_of(tmp_path, toml)


@pytest.mark.parametrize("text", ["nan", "inf", "1e999", "-1", "", "1,5"])
def test_no_wait_is_endless_or_no_number(tmp_path, text):
    assert "LEASE_SECONDS" in problems_of(tmp_path, IBYS_QUEUE_LEASE_SECONDS=text).upper().replace("QUEUE.", "QUEUE_")


def test_several_wrong_values_are_told_at_once(tmp_path):
    told = problems_of(tmp_path, "[queue]\nwindow = 0\n[log]\nlevel = 'x'\n[gateway]\nname = ''\n")

    assert told.count(";") == 2


@pytest.mark.parametrize(
    "address",
    ["ftp://h/x", "http://", "h:80/x", "http://user:pw@h/x", "http://[::1/x", "http://h:99999/x", "http://h:port/x"],
)
def test_an_address_that_cannot_be_is_told(tmp_path, address):
    assert "ministry.address" in problems_of(tmp_path, f"[ministry]\naddress = '{address}'\n")


@pytest.mark.parametrize("metot", ["soap-g1", "soap-g2", "soap-g3", "json-g4"])
def test_every_metot_is_known_and_production_wants_a_yes_to_what_is_assumed_in_it(tmp_path, metot):
    toml = production(metot=metot, address="https://h/x")

    assert metot in problems_of(tmp_path, toml)
    assert settings_of(tmp_path, toml + "allow_assumed = true\n").ministry.metot == metot


def production(**ministry):
    lines = "".join(f"{key} = {value!r}\n".replace("True", "true") for key, value in ministry.items())
    return f"[gateway]\nenvironment = 'production'\n[keys]\ntrust_dir = 't'\nrevocation_dir = 'r'\n[ministry]\n{lines}"


def test_production_wants_https(tmp_path):
    assert "https" in problems_of(tmp_path, production(address="http://ibys.example/x", allow_assumed=True))


def test_production_does_not_send_by_an_assumed_form_unasked(tmp_path):
    assert "allow_assumed" in problems_of(tmp_path, production(address="https://ibys.example/x"))


@pytest.mark.parametrize("address", ["https://ibys.example/x", "http://127.0.0.1:8090/x", "http://localhost/x"])
def test_production_takes_https_and_this_machine(tmp_path, address):
    assert settings_of(tmp_path, production(address=address, allow_assumed=True)).production


def test_production_wants_a_word_on_revocation_before_it_sends(tmp_path):
    without = production(address="https://ibys.example/x", allow_assumed=True).replace("revocation_dir = 'r'\n", "")

    assert "keys.revocation_hosts" in problems_of(tmp_path, without)


def test_a_secret_is_no_setting(tmp_path):
    assert "no such setting" in problems_of(tmp_path, "[ministry]\nparola = 'hunter2'\n")


def test_a_refused_setting_does_not_show_its_value(tmp_path):
    assert "hunter2" not in problems_of(tmp_path, "[ministry]\nparola = 'hunter2'\n", IBYS_MINISTRY_PAROLA="hunter2")


def test_credentials_stay_out_of_their_repr():
    assert "hunter2" not in repr(Credentials("KOD12345678", "hunter2"))
    assert "KOD12345678" not in repr(Credentials("KOD12345678", "hunter2"))


def test_a_path_is_relative_to_the_home(tmp_path):
    settings = Settings(home=tmp_path)

    assert settings.path("keys/x") == tmp_path / "keys/x"
    assert str(settings.path("/abs/x")) == "/abs/x"


def test_the_home_comes_from_the_environment():
    assert str(default_home({"IBYS_HOME": "/srv/ibys"})) == "/srv/ibys"
    assert default_home({}).name == ".ibys"


def test_production_wants_a_trust_store(tmp_path):
    assert "trust_dir" in problems_of(tmp_path, "[gateway]\nenvironment = 'production'\n")


SECRET = "hunter2"
WITH_PASSWORD = [f"postgresql://ibys:{SECRET}@db/ibys", f"postgresql://ibys@db/ibys?password={SECRET}"]


@pytest.mark.parametrize("url", WITH_PASSWORD)
def test_a_password_in_the_address_is_refused_in_production_and_told_nowhere(tmp_path, url):
    toml = f'[gateway]\nenvironment = "production"\n[store]\ndatabase_url = "{url}"\n'
    told = problems_of(tmp_path, toml)

    assert "store.password_file" in told
    assert SECRET not in told


@pytest.mark.parametrize("url", WITH_PASSWORD)
def test_a_password_in_the_address_and_one_in_a_file_are_one_too_many(tmp_path, url):
    assert "names another" in problems_of(tmp_path, f'[store]\ndatabase_url = "{url}"\npassword_file = "x"\n')


def test_settings_do_not_show_the_address_of_the_database(tmp_path):
    assert SECRET not in repr(settings_of(tmp_path, IBYS_DATABASE_URL=WITH_PASSWORD[0]))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WEBHOOK_PORTS", "443,8443"),
        ("WEBHOOK_PORTS", "70000"),
        ("WEBHOOK_ALLOWED_NETWORKS", "10.0.0.1/8"),
        ("WEBHOOK_REFUSED_NETWORKS", "everybody"),
    ],
)
def test_networks_and_ports_of_webhooks_are_read_before_anything_is_pushed(tmp_path, name, value):
    with pytest.raises(Misconfigured, match=name.removeprefix("WEBHOOK_").lower()):
        read_settings(tmp_path, {f"IBYS_{name}": value})


def test_production_pushes_by_https_only(tmp_path):
    with pytest.raises(Misconfigured, match=r"webhook\.allow_http"):
        read_settings(tmp_path, {"IBYS_GATEWAY_ENVIRONMENT": "production", "IBYS_WEBHOOK_ALLOW_HTTP": "true"})
