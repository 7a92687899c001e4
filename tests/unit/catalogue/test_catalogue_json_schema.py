import json

import jsonschema_rs
import pytest

from integrator.catalogue.catalogue import read_catalogue
from integrator.catalogue.json_schema import json_schema
from tests.factories import REPO, record

DEFINITIONS = read_catalogue().definitions
CASES = sorted(REPO.glob("datasets/*/*/ornekler/*/record.json"))


def validator_of(veri_seti, version):
    return jsonschema_rs.validator_for(json_schema(read_catalogue().definition(veri_seti, version)))


@pytest.mark.parametrize("case", [each for each in CASES if not each.parent.name.endswith("_fail")], ids=str)
def test_every_good_sample_fits_the_schema_of_its_version(case):
    sample = json.loads(case.read_text())

    assert list(validator_of(*case.parts[-5:-3]).iter_errors(sample)) == []


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda each: f"{each.veri_seti}-{each.version}")
def test_every_version_has_a_schema_with_its_fields_and_what_is_compulsory(definition):
    made = json_schema(definition)

    assert set(definition.field_by_name) < set(made["properties"])
    assert set(made["required"]) == {each.name for each in definition.fields if each.required}


@pytest.mark.parametrize(
    "change",
    [{"calisan": None}, {"egitimYer": 7.5}, {"calisan": ["1"]}, {"egitimTarihi": "23/10/2025"}, {"more": 1},
     {"egitim": [{"egitimKoduId": 1}]}, {"sgkTescilNo": 29999010100001230069994000}],
)  # fmt: skip
def test_what_is_of_another_form_does_not_fit(change):
    fits = validator_of("egitim", "2018-10")

    assert fits.is_valid(record())
    assert not fits.is_valid(record(**change))
