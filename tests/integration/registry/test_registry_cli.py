import json

import pytest

from integrator import wiring
from integrator.cli import main
from integrator.settings import GatewaySettings, MinistrySettings, RegistrySettings, Settings
from tests.factories import WORKER

HAND = ("--reason", "letter 12", "--as", "ayse")
DELIVERED = ("delivered_on=2026-03-01", "kep_reference=KEP-4711", "--state", "delivered")


@pytest.fixture
def ibys(tmp_path, capsys, monkeypatch):
    """A home that wants forms; each command is run in this process."""
    home = tmp_path / "home"
    monkeypatch.setenv("IBYS_HOME", str(home))
    monkeypatch.setenv("IBYS_GATEWAY_KURUM", "osgb-1")
    monkeypatch.setenv("IBYS_REGISTRY_REQUIRE_FORM", "true")
    monkeypatch.setenv("IBYS_MINISTRY_ADDRESS", "http://127.0.0.1:1/soap-g2")
    wiring.create_home(Settings(home=home, gateway=GatewaySettings(name="ibys-gateway")))

    def run(*arguments, language="tr"):
        monkeypatch.setenv("IBYS_LANG", language)
        with pytest.raises(SystemExit) as ended:
            main([*arguments])
        told = capsys.readouterr()
        return ended.value.code, told.out + told.err

    return run


def test_the_first_look_tells_what_is_missing_in_both_languages(ibys):
    code, told = ibys("registry", "list")
    _, english = ibys("registry", "list", language="en")

    assert code == 0
    assert "hiç kaydedilmemiş" in told
    assert "never recorded" in english
    assert "deneme" in told


def test_a_delivery_is_recorded_listed_and_shown(ibys):
    code, told = ibys("registry", "record", "hizmet_alim_formu", "osgb-1", *DELIVERED, *HAND)
    listed = json.loads(ibys("registry", "list", "hizmet_alim_formu", "--json")[1])
    _, shown = ibys("registry", "show", "hizmet_alim_formu", "osgb-1")

    assert (code, "Yazıldı." in told) == (0, True)
    [customer] = listed["customers"]
    assert (customer["kurum"], customer["state"], customer["delivered_on"]) == ("osgb-1", "delivered", "2026-03-01")
    assert all(each in shown for each in ("bakanlığa ulaştı", "KEP-4711", "ayse (letter 12)"))


def test_bad_input_is_told_in_words_and_nothing_is_written(ibys):
    code, told = ibys("registry", "record", "finding", "1", "severity=huge", f"subject={WORKER}", *HAND)
    as_json = json.loads(ibys("registry", "record", "finding", "1", "--json", *HAND)[1])
    english = ibys("registry", "record", "finding", "1", "severity", *HAND, language="en")

    assert code == 2
    assert "Hiçbir şey yazılmadı." in told
    assert WORKER not in told
    assert {each["path"] for each in as_json["findings"]} == {"severity", "opened_on", "subject"}
    assert english[0] == 2
    assert "NAME=VALUE is wanted" in english[1]
    assert ibys("registry", "show", "finding", "1")[0] == 2
    assert json.loads(ibys("registry", "list", "finding", "--json")[1])["entries"] == []


def test_a_passive_firm_is_told_by_status_and_line_with_what_to_do(ibys):
    _, told = ibys("registry", "record", "firma", "firma", "--state", "passive", "since=2026-03-01", *HAND)
    status = json.loads(ibys("status", "--json")[1])

    assert "Hiçbir şey gönderilmiyor" in told
    assert (status["line"], status["line_facts"]["reason"]) == ("PASSIVE", "firm_passive")
    assert "registry record firma firma --state active" in ibys("line", "show")[1]


def test_production_wants_forms_whatever_the_setting_says(tmp_path):
    production = Settings(home=tmp_path, gateway=GatewaySettings(environment="production"))

    assert production.needs_form
    assert Settings(home=tmp_path, registry=RegistrySettings(require_form=True)).needs_form
    assert not Settings(home=tmp_path, ministry=MinistrySettings()).needs_form
