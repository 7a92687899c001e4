from datetime import date

import pytest

from integrator.ministry.save import save
from integrator.ministry.versions import BadAnnouncement, Limits, NotInForce, Version, Versions

TODAY = date(2026, 11, 22)
SHIFTED = {
    "veri_seti": "egitim",
    "version": "N+1",
    "published_on": "2026-11-01",
    "in_force_from": "2026-12-01",
    "both_until": "2026-12-31",
}


def version(name, start, end=None, metot=("soap-g2",), limits=None):
    limits = limits or Limits()
    return Version("egitim", name, metot, date.fromisoformat(start), date.fromisoformat(end) if end else None, limits)


@pytest.fixture
def versions():
    return Versions([version("N", "2018-01-01", metot=("soap-g1",)), version("N+1", "2018-10-15")])


def taken(versions, generation, gun, today=TODAY):
    try:
        versions.limits("egitim", generation, date.fromisoformat(gun), today)
    except NotInForce:
        return False
    return True


@pytest.mark.parametrize(
    ("gun", "n", "n_plus_1"),
    [
        ("2026-11-30", True, False),
        ("2026-12-01", True, True),
        ("2026-12-31", True, True),
        ("2027-01-01", False, True),
    ],
)
def test_n_until_d_both_in_the_window_then_n_plus_1(versions, gun, n, n_plus_1):
    versions.change({"announcements": [SHIFTED]})

    assert (taken(versions, "soap-g1", gun), taken(versions, "soap-g2", gun)) == (n, n_plus_1)


def test_an_announcement_has_no_effect_before_it_is_published(versions):
    versions.change({"announcements": [SHIFTED]})

    assert taken(versions, "soap-g2", "2026-10-31", date(2026, 10, 31))
    assert not taken(versions, "soap-g2", "2026-10-31", date(2026, 11, 1))


def test_thirty_calendar_days_from_publication_when_no_end_is_told(versions):
    versions.change({"announcements": [{"veri_seti": "egitim", "version": "N+1", "published_on": "2026-11-01"}]})

    assert taken(versions, "soap-g1", "2026-12-01")
    assert not taken(versions, "soap-g1", "2026-12-02")


def test_a_refusal_names_what_came_and_what_is_taken(versions):
    versions.change({"announcements": [SHIFTED]})

    with pytest.raises(NotInForce) as refused:
        versions.limits("egitim", "soap-g1", date(2027, 1, 1), TODAY)
    assert str(refused.value) == "egitim N sürümü 01-01-2027 günü için geçerli değildir; geçerli sürüm: N+1"


def test_what_is_announced_next_is_served_from_now_on_when_asked_for(versions):
    versions.change({"announcements": [SHIFTED], "schema": "next"})

    assert (taken(versions, "soap-g1", "2026-11-20"), taken(versions, "soap-g2", "2026-11-20")) == (False, True)


def test_a_new_version_takes_over_what_the_announcement_does_not_tell(versions):
    new = SHIFTED | {"version": "N+2", "limits": {"calisan": 50, "egitim": 5}}
    versions.change({"announcements": [new]})
    limits = [versions.limits("egitim", "soap-g2", date(2026, month, 15), TODAY) for month in (11, 12)]
    after = versions.limits("egitim", "soap-g2", date(2027, 1, 1), TODAY)

    assert (*limits, after) == (Limits(100, 10), Limits(100, 10), Limits(50, 5))


def test_by_arrival_the_day_on_which_it_comes_is_what_counts(versions):
    versions.change({"announcements": [SHIFTED], "counted": "by_arrival"})

    assert taken(versions, "soap-g1", "2026-11-01", date(2026, 12, 31))
    assert not taken(versions, "soap-g1", "2026-11-01", date(2027, 1, 1))


def test_any_day_is_taken_when_nothing_is_counted(versions):
    versions.change({"announcements": [SHIFTED], "counted": "any"})

    assert taken(versions, "soap-g1", "2030-01-01")


@pytest.mark.parametrize(
    ("generation", "gun", "is_taken"),
    [
        ("soap-g1", "2018-11-14", True),
        ("soap-g1", "2018-11-15", False),
        ("soap-g2", "2018-10-14", False),
        ("soap-g2", "2018-10-15", True),
        ("soap-g3", "2018-10-14", False),
        ("json-g4", "2018-01-01", True),
        ("json-g4", "2017-12-31", False),
    ],
)
def test_the_published_days_of_training_are_those_of_datasets(generation, gun, is_taken):
    assert taken(Versions(), generation, gun) == is_taken


def test_the_version_before_the_occupation_became_compulsory_is_carried_by_nothing():
    found = Versions()

    with pytest.raises(NotInForce, match="2023-03 sürümü 28-02-2023 günü"):
        found.limits("muayene", "json-g4", date(2023, 2, 28), TODAY)


@pytest.mark.parametrize(
    "wanted",
    [
        None,
        {},
        {"announcement": []},
        {"announcements": {}},
        {"announcements": [1]},
        {"announcements": [SHIFTED] * 101},
        {"schema": "old"},
        {"schema": ["next"]},
        {"counted": 1},
        *(
            {"announcements": [SHIFTED | change]}
            for change in (
                {"veri_seti": "nothing"},
                {"veri_seti": []},
                {"version": ""},
                {"version": "x" * 41},
                {"version": "a\nb"},
                {"published_on": None},
                {"published_on": "2026-12-02"},
                {"in_force_from": 20261201},
                {"both_until": "2026-11-29"},
                {"both_until": "9999-12-31"},
                {"metot": []},
                {"metot": ["soap-g9"]},
                {"metot": [["soap-g2"]]},
                {"limits": {"calisan": 0, "egitim": 1}},
                {"limits": {"calisan": True, "egitim": 1}},
                {"limits": {"calisan": 1}},
                {"when": 1},
            )
        ),
    ],
)
def test_what_cannot_be_announced_changes_nothing(versions, wanted):
    versions.change({"announcements": [SHIFTED], "counted": "by_arrival"})
    before = versions.as_json()

    with pytest.raises(BadAnnouncement, match="expected|follow"):  # noqa: RUF043 - either word
        versions.change(wanted)
    assert versions.as_json() == before


def test_what_was_announced_is_shown_in_the_shape_in_which_it_is_told(versions):
    wanted = {"announcements": [SHIFTED | {"metot": ["soap-g3"], "limits": {"calisan": 5, "egitim": 1}}]}
    wanted |= {"schema": "next", "counted": "any"}
    versions.change(wanted)

    assert versions.as_json() == wanted


def test_an_acceptance_whose_version_ended_before_its_decision_is_refused(ministry, toy):
    ministry.versions.change({"counted": "by_arrival"})
    fields = toy.signed(toy.dvo())
    assert save(ministry, toy.FIRMA_KODU, lambda: fields).status == 200

    ministry.versions.change({"announcements": [SHIFTED | {"version": "2018-10"}]})
    assert save(ministry, toy.FIRMA_KODU, lambda: fields | {"sorguNo": 2}).status == 210


def test_the_limits_of_the_version_are_those_of_the_answer(ministry, toy):
    limits = {"calisan": 1, "egitim": 1}
    announced = {"veri_seti": "egitim", "version": "next", "published_on": "2020-01-01", "limits": limits}
    ministry.versions.change({"announcements": [announced], "schema": "next"})
    trainings = [{"egitimKoduId": code, "egitimSuresi": 10.0} for code in (240, 241)]

    answer = save(ministry, toy.FIRMA_KODU, lambda: toy.dvo(egitim=trainings))

    assert (answer.status, answer.message) == (216, "Eğitim sayısı 1 değerinden fazla olamaz")
