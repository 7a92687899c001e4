import re
from dataclasses import replace
from datetime import date
from itertools import product

import pytest

from integrator.catalogue.catalogue import read_catalogue
from integrator.catalogue.codes import Code
from integrator.catalogue.definitions import Field, Limit, SignedForm, Wire
from integrator.catalogue.differences import differences
from integrator.domain.texts import catalogue as texts
from tests.factories import definition

LIST, SINGLE = definition("2018-10"), definition("2018-07")


def told(before, after):
    return [(each.code, each.path) for each in differences(before, after)]


def codes(before, after):
    return [code for code, _ in told(before, after)]


def with_field(name, **changes):
    fields = tuple(replace(each, **changes) if each.name == name else each for each in LIST.fields)
    return replace(LIST, fields=fields)


def with_signed(**changes):
    return replace(LIST, signed=replace(LIST.signed, **changes))


def with_carried(limits=None, **changes):
    """As json-g4 carries it, which has limits and a signed form of its own."""
    own_limits, own_form = LIST.carried["json-g4"]
    return replace(LIST, carried={"json-g4": (limits or own_limits, replace(own_form, **changes))})


def listed(**entries):
    return replace(LIST, code_lists={**LIST.code_lists, "egitim_yer": entries})


YER = dict(LIST.code_lists["egitim_yer"])
NEW = Field("yeni", "text", required=True, max=20, tr="Yeni", en="New")

CASES = [
    (replace(LIST, status="official"), "INT-CHG-004"),
    (replace(LIST, fields=(*LIST.fields, NEW)), "INT-CHG-010"),
    (replace(LIST, fields=(*LIST.fields, replace(NEW, required=False))), "INT-CHG-011"),
    (replace(LIST, fields=LIST.fields[:-1]), "INT-CHG-012"),
    (with_field("egitimYer", required=False), "INT-CHG-014"),
    (with_field("egitimYer", kind="flag", code_list="egitim_yer"), "INT-CHG-015"),
    (with_field("calisan", max=500), "INT-CHG-016"),
    (with_field("egitimYer", unit="m"), "INT-CHG-017"),
    (with_field("egitimYer", code_list="egitim_tur"), "INT-CHG-018"),
    (with_field("egitimYer", wire={"soap-g2": Wire("egitimYeri", "int")}), "INT-CHG-019"),
    (replace(LIST, fields=(*LIST.fields[1:], LIST.fields[0])), "INT-CHG-020"),
    (listed(**{"0": YER["0"]}), "INT-CHG-030"),
    (listed(**{"0": YER["0"], "1": replace(YER["1"], valid_until=date(2026, 12, 31))}), "INT-CHG-030"),
    (listed(**YER, **{"2": Code("2", "Araçta", "In a vehicle", date(2026, 1, 1), None)}), "INT-CHG-031"),
    (listed(**{"0": YER["0"], "1": replace(YER["1"], tr="İçeride")}), "INT-CHG-032"),
    (replace(LIST, limits={**LIST.limits, "egitim": Limit(20, "216", "217", "220")}), "INT-CHG-040"),
    (replace(LIST, limits={**LIST.limits, "egitim": Limit(5, "216", "217", "220")}), "INT-CHG-041"),
    (replace(LIST, limits={"calisan": LIST.limits["calisan"]}), "INT-CHG-043"),
    (replace(LIST, limits={**LIST.limits, "egitim": Limit(10, "216", "217", "230")}), "INT-CHG-044"),
    (replace(LIST, signed=None), "INT-CHG-051"),
    (with_signed(root="egitimDVO"), "INT-CHG-052"),
    (with_signed(order=(*LIST.signed.order[:-1],)), "INT-CHG-059"),
    (with_signed(order=(LIST.signed.order[1], LIST.signed.order[0], *LIST.signed.order[2:])), "INT-CHG-054"),
    (with_signed(minutes="40"), "INT-CHG-055"),
    (replace(LIST, signer="egiticiTckNo"), "INT-CHG-057"),
    (replace(LIST, metot=(*LIST.metot, "json-g5")), "INT-CHG-060"),
    (replace(LIST, metot=()), "INT-CHG-061"),
    (with_carried(limits={"calisan": Limit(5), "egitim": Limit(1)}), "INT-CHG-040"),
    (with_carried(order=LIST.signed.order), "INT-CHG-053"),
    (with_carried(minutes="40"), "INT-CHG-055"),
]


@pytest.mark.parametrize(("after", "code"), CASES, ids=[code for _, code in CASES])
def test_one_change_is_one_sentence(after, code):
    assert codes(LIST, after) == [code]


@pytest.mark.parametrize(
    ("after", "code"),
    [
        (with_field("egitimYer", required=False), "INT-CHG-013"),
        (replace(LIST, limits={"calisan": LIST.limits["calisan"]}), "INT-CHG-042"),
        (replace(LIST, signed=None), "INT-CHG-050"),
        (with_signed(order=(*LIST.signed.order[:-1],)), "INT-CHG-058"),
    ],
)
def test_the_way_back_has_its_own_sentence(after, code):
    assert codes(after, LIST) == [code]


def test_a_version_is_like_itself():
    assert differences(LIST, LIST) == []


def test_what_changes_for_one_road_names_it():
    [found] = differences(LIST, with_carried(limits={"calisan": Limit(1), "egitim": Limit(3)}))

    assert found.path == "carried.json-g4.egitim"
    assert found.en == "json-g4: Trainings (egitim): one message now takes 3; it took 1 before."


def test_a_road_that_gets_a_form_of_its_own_is_compared_with_the_form_it_had():
    assert told(replace(LIST, carried={}), LIST) == [
        ("INT-CHG-041", "carried.json-g4.calisan"),
        ("INT-CHG-041", "carried.json-g4.egitim"),
        ("INT-CHG-053", "carried.json-g4.order"),
    ]


def test_what_changes_for_all_roads_is_told_once():
    everywhere = replace(LIST, signer="egiticiTckNo")

    assert told(LIST, everywhere) == [("INT-CHG-057", "signer")]


def test_a_new_road_with_a_form_of_its_own_is_told_with_what_it_takes():
    without = replace(LIST, metot=("soap-g2", "soap-g3"), carried={})

    assert told(without, LIST) == [("INT-CHG-060", "metot"), ("INT-CHG-062", "carried.json-g4")]
    assert "calisan <= 1, egitim <= 1" in differences(without, LIST)[1].tr


def test_from_the_single_form_to_the_list_form():
    found = [
        each for each in told(SINGLE, LIST) if each[1] not in ("metot", "carried.json-g4")
    ]  # which roads are built is another matter

    assert found == [
        ("INT-CHG-001", "in_force_from"),
        ("INT-CHG-002", "in_force_until"),
        ("INT-CHG-004", "status"),
        ("INT-CHG-040", "calisan"),
        ("INT-CHG-044", "calisan"),
        ("INT-CHG-040", "egitim"),
        ("INT-CHG-044", "egitim"),
        ("INT-CHG-053", "order"),
        ("INT-CHG-056", "calisan"),
        ("INT-CHG-056", "egitim"),
    ]


def test_the_sentences_name_days_and_numbers_as_people_write_them():
    tr = " ".join(each.tr for each in differences(SINGLE, LIST))
    en = " ".join(each.en for each in differences(SINGLE, LIST))

    assert "14.11.2018 tarihine kadar" in tr
    assert "bir iletiye artık 100 tane sığıyor; önce 1 sığıyordu" in tr
    assert "until 14 November 2018" in en
    assert "side by side for 31 days" in en


def test_the_compulsory_occupation_reads_so():
    catalogue = read_catalogue()
    found = differences(catalogue.definition("muayene", "2022-02"), catalogue.definition("muayene", "2023-03"))

    assert "Çalışanın mesleği (calisanMeslegi) artık zorunlu. Boş bırakılan kayıtlar alınmaz." in [
        each.tr for each in found
    ]


def test_no_pair_of_versions_leaves_a_hole_in_a_sentence():
    for before, after in product(read_catalogue().definitions, repeat=2):
        for each in differences(before, after):
            assert not re.search(r"[{}]|None|  ", each.tr + each.en), each


def test_every_sentence_about_a_change_is_spoken_by_some_case():
    spoken = {code for _, code in CASES} | {"INT-CHG-013", "INT-CHG-042", "INT-CHG-050", "INT-CHG-058", "INT-CHG-003"}
    spoken |= set(codes(SINGLE, LIST))

    assert {code for code in texts() if code.startswith("INT-CHG")} == spoken


def test_a_signed_form_is_compared_with_its_wrappers():
    form = SignedForm("A", "b", ("w/calisan", "w/egitim"), {})

    assert form.names == {"calisan", "egitim"}
