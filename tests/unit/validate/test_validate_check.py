import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from integrator.catalogue.catalogue import read_catalogue
from integrator.catalogue.published import published
from integrator.domain.findings import Severity
from integrator.domain.identifiers import PLACEHOLDERS
from integrator.sign.canonical import split
from integrator.validate.check import check
from integrator.validate.fields import MAX_FINDINGS
from integrator.validate.xsd import check_xsd
from tests.factories import PROFESSIONAL, SGK, codes_of, definition, record, submitted, tckn, values, workers
from tests.fakes import START


@pytest.mark.parametrize(
    ("day", "version", "chosen"),
    [
        ("2018-01-01", None, "2018-07"),
        ("2018-10-14", None, "2018-07"),
        ("2018-10-15", None, "2018-10"),
        ("2018-10-15", "2018-07", "2018-07"),
        ("2018-11-14", None, "2018-10"),
        ("2018-11-14", "2018-07", "2018-07"),
        ("2018-11-15", None, "2018-10"),
        ("2018-11-15", "2018-10", "2018-10"),
    ],
)
def test_the_day_of_the_event_chooses_the_version(judge, day, version, chosen):
    found = judge(record(egitimTarihi=day, version=version))

    assert found.findings == ()
    assert (found.kayit.version, found.definition.version) == (chosen, chosen)


@pytest.mark.parametrize(
    ("day", "version"),
    [("2017-12-31", None), ("2018-10-14", "2018-10"), ("2018-11-15", "2018-07"), ("2025-10-23", "2099-01")],
)
def test_a_version_out_of_force_is_told_at_the_day(judge, day, version):
    found = judge(record(egitimTarihi=day, version=version))

    assert [(each.code, each.path) for each in found.findings] == [("INT-VAL-005", "egitimTarihi")]
    assert found.kayit is None


def test_a_version_that_cannot_be_delivered_is_told(judge):
    found = judge(record(egitimTarihi="2018-10-14"), metot="soap-g2")

    assert [each.code for each in found.findings] == ["INT-VAL-006"]


def test_of_two_versions_in_force_the_deliverable_one_is_taken(judge):
    assert judge(record(egitimTarihi="2018-11-01"), metot="soap-g2").kayit.version == "2018-10"


def test_an_unknown_veri_seti_is_told_without_its_fields(judge):
    assert codes_of(judge(record(veriSeti="yok")).findings) == ["INT-CAT-001"]


def test_an_identity_number_in_the_place_of_the_veri_seti_is_never_shown(judge):
    [finding] = judge(record(veriSeti="80000000132")).findings

    assert "80000000132" not in json.dumps(finding.as_json())


def test_four_faults_are_told_at_once(judge):
    found = judge(record(calisan=["80000000131"], egitimYer=7, egitimTarihi="2026-03-03", egiticiTckNo=None))

    assert sorted((each.code, each.path) for each in found.findings) == [
        ("INT-VAL-001", "egiticiTckNo"),
        ("INT-VAL-010", "calisan[0]"),
        ("INT-VAL-013", "egitimYer"),
        ("INT-VAL-030", "egitimTarihi"),
    ]


def test_a_warning_does_not_stop_a_record(judge):
    found = judge(record(sgkTescilNo="29999010100001230069995000"))

    assert [(each.code, each.severity) for each in found.findings] == [("INT-VAL-031", Severity.WARNING)]
    assert found.kayit is not None


def test_today_is_not_the_future(judge):
    assert judge(record(egitimTarihi=START.date().isoformat())).kayit is not None


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        ({"belgeTipi": True}, "INT-VAL-003", "belgeTipi"),
        ({"belgeTipi": 2.0}, "INT-VAL-003", "belgeTipi"),
        ({"belgeTipi": [2]}, "INT-VAL-003", "belgeTipi"),
        ({"belgeTipi": 4}, "INT-VAL-013", "belgeTipi"),
        ({"egitimYer": "2"}, "INT-VAL-013", "egitimYer"),
        ({"isgProfTckNo": 8.1234567804}, "INT-VAL-010", "isgProfTckNo"),
        ({"egitim": [{"egitimKoduId": 240, "egitimSuresi": "40"}]}, "INT-VAL-014", "egitim[0].egitimSuresi"),
        ({"egitim": [{"egitimKoduId": 240, "egitimSuresi": True}]}, "INT-VAL-014", "egitim[0].egitimSuresi"),
        ({"egitim": [{"egitimKoduId": 240, "egitimSuresi": 10**400}]}, "INT-VAL-014", "egitim[0].egitimSuresi"),
        ({"egitim": [{"egitimKoduId": 240}]}, "INT-VAL-001", "egitim[0].egitimSuresi"),
        ({"egitim": [{"egitimKoduId": 241, "egitimSuresi": 1}]}, "INT-VAL-013", "egitim[0].egitimKoduId"),
        ({"egitim": [240]}, "INT-VAL-003", "egitim[0]"),
        ({"calisan": [{"calisanTckNo": "80000000132", "ad": "A"}]}, "INT-VAL-002", "calisan[0].ad"),
        ({"calisan": [["80000000132"]]}, "INT-VAL-010", "calisan[0]"),
        ({"calisan": []}, "INT-VAL-020", "calisan"),
        ({"calisan": None}, "INT-VAL-001", "calisan"),
        ({"calisan": "80000000132"}, "INT-VAL-003", "calisan"),
        ({"calisan": {"calisanTckNo": "80000000132"}}, "INT-VAL-003", "calisan"),
        ({"calisan": workers(1001)}, "INT-VAL-004", "calisan"),
        ({"calisan": ["80000000132", 80000000132]}, "INT-VAL-021", "calisan[1]"),
        ({"firmaKodu": "x"}, "INT-VAL-002", "firmaKodu"),
        ({"sgkTescilNo": int(SGK)}, "INT-VAL-011", "sgkTescilNo"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_one_fault_is_one_finding_at_its_path(judge, change, code, path):
    assert [(each.code, each.path) for each in judge(record(**change)).findings] == [(code, path)]


@pytest.mark.parametrize("name", sorted(definition().field_by_name))
def test_every_field_is_compulsory(judge, name):
    assert ("INT-VAL-001", name) in [(each.code, each.path) for each in judge(record(**{name: None})).findings]


@pytest.mark.parametrize(("split_allowed", "codes"), [(True, []), (False, ["INT-VAL-022", "INT-VAL-022"])])
def test_a_long_list_stops_a_record_only_when_splitting_is_off(judge, split_allowed, codes):
    long = record(calisan=workers(101), egitim=[{"egitimKoduId": code, "egitimSuresi": 1} for code in range(1, 12)])
    found = judge(long, split=split_allowed)

    assert [code for code in codes_of(found.findings) if code != "INT-VAL-013"] == codes


def test_a_thousand_bad_lines_give_no_thousand_sentences(judge):
    assert len(judge(record(calisan=["x"] * 1000)).findings) <= MAX_FINDINGS


def test_no_finding_shows_a_whole_identity_number(judge):
    wrong = record(
        calisan=["80000000132", "80000000132", "80000000131"], egitimYer="80000000132", sgkTescilNo="80000000132"
    )
    shown = [json.dumps(each.as_json(), ensure_ascii=False) for each in judge({**wrong, "80000000132": 1}).findings]

    assert shown
    assert not any("80000000132" in each or "80000000131" in each for each in shown)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["calisanTckNo", "x"]), inner, max_size=2)
    ),
    max_leaves=4,
)


@given(st.sampled_from([*sorted(definition().field_by_name), "x"]), json_values)
def test_no_value_makes_the_check_raise(name, value):
    found = check(submitted({**record(), name: value})[0], read_catalogue(), today=START.date())

    assert found.kayit is not None or found.findings


people = st.integers(100_000_002, 999_999_998).map(tckn).filter(lambda number: number not in PLACEHOLDERS)
trainings = st.lists(st.sampled_from([24, 240, 390]), min_size=1, max_size=3, unique=True).flatmap(
    lambda codes: st.tuples(*(st.tuples(st.just(code), st.integers(1, 144_000)) for code in codes))
)
good = st.builds(
    lambda prof, names, subjects, day, place, kind, way: record(
        isgProfTckNo=prof,
        calisan=names,
        egitim=[{"egitimKoduId": code, "egitimSuresi": hundredths / 100} for code, hundredths in subjects],
        egitimTarihi=day.isoformat(),
        egitimYer=place,
        belgeTipi=kind,
        egitimTur=way,
    ),
    people,
    st.lists(people.filter(lambda number: number != PROFESSIONAL), min_size=1, max_size=5, unique=True),
    trainings,
    st.dates(date(2018, 1, 1), START.date()),
    st.sampled_from([0, 1]),
    st.sampled_from([1, 2, 3]),
    st.sampled_from([0, 1]),
)


@given(good)
def test_the_rules_and_both_schemas_agree_about_good_records(raw):
    found = check(submitted(raw)[0], read_catalogue(), today=START.date())
    assert found.findings == ()
    version = found.definition.version
    schema = etree.XMLSchema(etree.parse(published("schemas", "egitim", version, "imzali.xsd")))

    for message in split(found.kayit, found.definition):
        assert schema.validate(etree.fromstring(message.canonical)), schema.error_log


@pytest.mark.parametrize(
    "change",
    [
        {"belgeTipi": "9"},
        {"egitimYer": "2"},
        {"isgProfTckNo": "1"},
        {"sgkTescilNo": "1"},
        {"calisan": []},
        {"egitim": [{"egitimKoduId": "0", "egitimSuresi": 40.0}]},
        {"egitim": [{"egitimKoduId": "24", "egitimSuresi": 4e9}]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_schema_is_a_net_under_the_rules(change):
    assert {each.code for each in check_xsd(definition(), values(**change))} == {"INT-VAL-090"}


@pytest.mark.parametrize("version", ["2018-07", "2018-10"])
@pytest.mark.parametrize("name", ["belge_tipi", "egitim_yer", "egitim_tur", "egitim_kodu"])
def test_the_schema_takes_every_code_of_the_published_lists(version, name):
    field = next(each for top in definition(version).fields for each in (top, *top.members) if each.code_list == name)
    for code in definition(version).code_lists[name]:
        if field.name == "egitimKoduId":
            changed = values(egitim=[{"egitimKoduId": code, "egitimSuresi": 1.0}])
        else:
            changed = values(**{field.name: code})
        assert check_xsd(definition(version), changed) == []
