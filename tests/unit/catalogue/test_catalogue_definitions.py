import shutil
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrator.catalogue.catalogue import read_catalogue
from integrator.catalogue.codes import Code
from integrator.catalogue.definitions import read_definition
from integrator.catalogue.published import published
from integrator.domain.errors import Misconfigured, UnknownVeriSeti
from tests.factories import REPO


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(REPO / "datasets/egitim/2018-10", tmp_path / "2018-10")
    return tmp_path / "2018-10"


def edit(folder, before, after):
    path = folder / "veri_seti.toml"
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('status = "assumed"', 'status = "sure"'),
        ('kind = "tckn"', 'kind = "tc"'),
        ('code_list = "egitim_yer"', 'code_list = "egitim_yeri"'),
        ('"calisan", "egitim",\n', '"calisan", "egitim", "tani",\n'),
        ('signer = "isgProfTckNo"\n', ""),
        ("published_on = 2018-10-15", "published_on = "),
        ("[limits.calisan]\n", "[limits.calisan]\nmost = 3\n"),
    ],
)
def test_a_mistake_in_a_definition_is_told_with_its_file(folder, before, after):
    edit(folder, before, after)

    with pytest.raises(Misconfigured, match=r"veri_seti\.toml"):
        read_definition(folder)


@pytest.mark.parametrize("veri_seti", ["muayeneler", "", "../x", "EGITIM"])
def test_an_unknown_veri_seti_is_the_senders_fault(veri_seti):
    for ask in (
        lambda: read_catalogue().in_force(veri_seti, date(2020, 1, 1)),
        lambda: read_catalogue().newest(veri_seti),
    ):
        with pytest.raises(UnknownVeriSeti):
            ask()


@given(st.dates(date(2018, 1, 1), date(2030, 1, 1)))
def test_some_version_is_in_force_on_every_day_since_the_first(day):
    found = read_catalogue().in_force("egitim", day)

    assert 1 <= len(found) <= 2
    assert [each.version for each in found] == sorted((each.version for each in found), reverse=True)


def test_both_versions_live_side_by_side_for_thirty_calendar_days():
    days = [date(2018, 1, 1) + timedelta(n) for n in range(400)]
    overlap = [day for day in days if len(read_catalogue().in_force("egitim", day)) == 2]

    assert (overlap[0], overlap[-1]) == (date(2018, 10, 15), date(2018, 11, 14))


@pytest.mark.parametrize(
    ("day", "usable"),
    [(date(2019, 12, 31), False), (date(2020, 1, 1), True), (date(2020, 6, 30), True), (date(2020, 7, 1), False)],
)
def test_a_code_is_usable_from_its_first_to_its_last_day(day, usable):
    assert Code("1", "", "", date(2020, 1, 1), date(2020, 6, 30)).usable_on(day) is usable


def test_a_withdrawn_code_is_usable_on_no_day():
    assert not Code("1", "", "", date(2020, 1, 1), None, active=False).usable_on(date(2020, 1, 1))


def test_a_published_file_that_is_not_there_is_the_operators_to_mend(monkeypatch, tmp_path):
    monkeypatch.setenv("IBYS_PUBLISHED_DIR", str(tmp_path))

    with pytest.raises(Misconfigured, match="datasets"):
        published("datasets")


def test_another_folder_of_published_files_may_be_named(monkeypatch, tmp_path):
    (tmp_path / "x").write_text("")
    monkeypatch.setenv("IBYS_PUBLISHED_DIR", str(tmp_path))

    assert published("x") == tmp_path / "x"


def test_a_metot_may_carry_less_in_a_message_and_sign_another_form():
    whole, single = read_catalogue().definition("egitim", "2018-10"), read_catalogue().definition("egitim", "2018-07")
    carried = whole.carried_by("json-g4")

    assert whole.carried_by("soap-g2") is whole and whole.carried_by(None) is whole
    assert (carried.limits["calisan"].max, carried.limits["egitim"].max) == (1, 1)
    assert (carried.signed, carried.version) == (single.signed, "2018-10")


def test_a_form_for_a_metot_that_does_not_carry_the_version_is_a_mistake(folder):
    edit(folder, '"soap-g3", "json-g4"]', '"soap-g3"]')

    with pytest.raises(Misconfigured, match="carried"):
        read_definition(folder)
