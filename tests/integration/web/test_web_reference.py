import io
import zipfile

import pytest
from lxml import etree

from integrator import acts
from tests.factories import SINGLE

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_version_is_told_with_its_fields_and_differences_in_words(call):
    told = call("GET", "/veri-seti/egitim/2018-10").json()
    changes = call("GET", "/veri-seti/egitim/2018-10/differences?since=2018-07").json()["changes"]

    assert {each["path"] for each in told["fields"]} >= {"belgeTipi", "calisan", "calisan.calisanTckNo"}
    assert told["limits"] == {"calisan": 100, "egitim": 10}
    assert changes
    assert all(each["tr"] and each["en"] for each in changes)


def test_the_xsd_comes_with_what_it_includes_and_validates(call, tmp_path):
    answer = call("GET", "/veri-seti/egitim/2018-07/xsd")
    zipfile.ZipFile(io.BytesIO(answer.content)).extractall(tmp_path)
    schema = etree.XMLSchema(etree.parse(tmp_path / "2018-07" / "imzali.xsd"))

    assert schema.validate(etree.fromstring(SINGLE))


def test_the_json_schema_is_told_as_one(call):
    answer = call("GET", "/veri-seti/muayene/2023-03/json-schema")

    assert answer.headers["content-type"] == "application/schema+json"
    assert answer.json()["$id"] == "urn:ibys:veri-seti:muayene:2023-03"


def test_codes_have_a_history_and_changes_a_clock(call, gateway):
    acts.load_list(gateway, "egitim_kodu", [("240", "Temel", True)])
    history = call("GET", "/kod/egitim_kodu/history?code=240").json()["history"]

    assert [(each["code"], each["text"]) for each in history] == [("240", "Temel")]
    assert {each["state"] for each in call("GET", "/change-register").json()["changes"]}


@pytest.mark.parametrize(
    "path",
    ["/veri-seti/x/1", "/veri-seti/egitim/1", "/veri-seti/egitim/2018-10/differences?since=1", "/veri-seti/x/1/xsd",
     "/veri-seti/x/1/json-schema", "/kod/nothing/history"],
)  # fmt: skip
def test_what_is_not_published_is_not_found(call, path):
    answer = call("GET", path)

    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
