import json
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrator.catalogue.regulation import (
    DISTANCE,
    FACE_TO_FACE,
    LIVE_DISTANCE,
    Assignment,
    examination_period,
    required_minutes,
    training_rule,
    years_later,
)
from integrator.domain.workplaces import TehlikeSinifi, read_tehlike_sinifi
from tests.factories import VECTORS

AZ, TEHLIKELI, COK = TehlikeSinifi.AZ, TehlikeSinifi.TEHLIKELI, TehlikeSinifi.COK
BOUNDARIES = [date.fromisoformat(each) for each in json.loads(VECTORS.read_text())["training_rule_boundaries"]]
TEXTS = {
    date(2018, 5, 23): "28648", date(2018, 5, 24): "30430", date(2025, 3, 4): "30430", date(2025, 3, 5): "32832",
    date(2026, 4, 1): "32832", date(2026, 4, 2): "33212",
}  # fmt: skip
ALL, LIVE, FACE = {FACE_TO_FACE, DISTANCE, LIVE_DISTANCE}, {FACE_TO_FACE, LIVE_DISTANCE}, {FACE_TO_FACE}


def test_the_vectors_name_the_days_that_are_tested():
    assert set(TEXTS) == set(BOUNDARIES)


@pytest.mark.parametrize("day", BOUNDARIES)
def test_a_training_goes_by_the_text_of_its_day(day):
    assert training_rule(day, AZ, "temel").text == TEXTS[day]


@pytest.mark.parametrize("day", BOUNDARIES)
@pytest.mark.parametrize("off", [-1, 1])
def test_a_day_beside_a_boundary_goes_by_its_own_text(day, off):
    beside = day + timedelta(days=off)
    firsts = {
        date(2013, 5, 15): "28648",
        date(2018, 5, 24): "30430",
        date(2025, 3, 5): "32832",
        date(2026, 4, 2): "33212",
    }
    expected = firsts[max(first for first in firsts if first <= beside)]

    assert training_rule(beside, AZ, "temel").text == expected


# (day, class, kind, lessons, heading 4, by distance for a private workplace of forty)
ASKED = [
    ("2018-05-23", AZ, "temel", 8, 0, ALL), ("2018-05-24", AZ, "temel", 8, 0, FACE),
    ("2018-05-23", COK, "tekrar", 16, 0, ALL), ("2018-05-24", COK, "tekrar", 16, 0, ALL),
    ("2018-05-23", TEHLIKELI, "isebaslama", 0, 0, FACE), ("2018-05-24", TEHLIKELI, "isebaslama", 2, 0, FACE),
    ("2025-03-04", AZ, "temel", 8, 0, FACE), ("2025-03-05", AZ, "temel", 8, 0, FACE),
    ("2025-03-04", AZ, "tekrar", 8, 0, ALL), ("2025-03-05", AZ, "tekrar", 8, 0, LIVE),
    ("2025-03-05", TEHLIKELI, "tekrar", 12, 0, LIVE), ("2025-03-05", COK, "temel", 16, 0, FACE),
    ("2026-04-01", TEHLIKELI, "tekrar", 12, 0, LIVE), ("2026-04-02", TEHLIKELI, "tekrar", 8, 3, ALL),
    ("2026-04-01", COK, "tekrar", 16, 0, LIVE), ("2026-04-02", COK, "tekrar", 8, 4, ALL),
    ("2026-04-02", AZ, "temel", 8, 2, ALL), ("2026-04-02", COK, "temel", 16, 4, ALL),
    ("2026-04-01", COK, "isebaslama", 2, 0, FACE), ("2026-04-02", COK, "isebaslama", 2, 0, FACE),
]  # fmt: skip


@pytest.mark.parametrize(("day", "sinif", "kind", "lessons", "specific", "modes"), ASKED)
def test_what_the_text_of_the_day_asks(day, sinif, kind, lessons, specific, modes):
    found = training_rule(date.fromisoformat(day), sinif, kind, workplace_size=40, public=False)

    assert (found.min_lessons, found.min_specific, set(found.modes)) == (lessons, specific, modes)


@pytest.mark.parametrize(
    ("size", "public", "modes"),
    [(9, False, ALL), (10, False, FACE), (10, True, ALL), (None, False, ALL), (10, None, ALL), (None, None, ALL)],
)
def test_a_less_dangerous_workplace_may_teach_remotely_by_its_size_and_standing(size, public, modes):
    assert set(training_rule(date(2025, 3, 5), AZ, "temel", size, public).modes) == modes


@pytest.mark.parametrize(("day", "lesson"), [("2026-04-01", 60), ("2026-04-02", 45)])
def test_a_lesson_is_as_long_as_its_text_says(day, lesson):
    found = training_rule(date.fromisoformat(day), COK, "temel")

    assert (found.lesson_minutes, found.min_minutes) == (lesson, 16 * lesson)


@pytest.mark.parametrize(("sinif", "years"), [(AZ, 3), (TEHLIKELI, 2), (COK, 1)])
@pytest.mark.parametrize("day", BOUNDARIES)
def test_a_training_is_renewed_by_class_in_every_text(day, sinif, years):
    assert training_rule(day, sinif, "temel").renewal_of(date(2024, 2, 29)) == date(2024 + years, 2, 28)


def test_heading_four_is_face_to_face_at_dangerous_workplaces():
    assert training_rule(date(2026, 4, 2), COK, "temel").face_to_face_headings == {"ozel"}
    assert training_rule(date(2026, 4, 2), AZ, "temel").face_to_face_headings == set()
    assert training_rule(date(2018, 5, 23), AZ, "temel").distance_headings == {"genel"}


def test_before_the_first_text_nothing_is_asked():
    assert training_rule(date(2013, 5, 14), AZ, "temel") is None
    assert training_rule(date(2013, 5, 15), AZ, "temel") is not None


@given(
    st.dates(date(2013, 5, 15), date(2040, 1, 1)),
    st.sampled_from(list(TehlikeSinifi)),
    st.sampled_from(["temel", "tekrar", "isebaslama"]),
)
def test_every_day_has_one_text_and_face_to_face_is_always_allowed(day, sinif, kind):
    assert FACE_TO_FACE in training_rule(day, sinif, kind).modes


@given(
    st.dates(date(2013, 5, 15), date(2040, 1, 1)),
    st.sampled_from(list(TehlikeSinifi)),
    st.sampled_from(["temel", "tekrar"]),
    st.integers(1, 500),
    st.booleans(),
)
def test_not_knowing_never_forbids_what_knowing_allows(day, sinif, kind, size, public):
    assert training_rule(day, sinif, kind, size, public).modes <= training_rule(day, sinif, kind).modes


@pytest.mark.parametrize(("sinif", "years"), [(AZ, 5), (TEHLIKELI, 3), (COK, 1), (None, 5)])
def test_an_examination_is_good_for_the_period_of_its_class(sinif, years):
    assert examination_period(sinif) == years


def test_the_last_of_february_stays_in_february():
    assert years_later(date(2024, 2, 29), 1) == date(2025, 2, 28)
    assert years_later(date(2024, 2, 29), 4) == date(2028, 2, 29)


@pytest.mark.parametrize(
    ("text", "sinif"),
    [
        ("Az Tehlikeli", AZ),
        ("TEHLİKELİ", TEHLIKELI),
        ("tehlıkelı", TEHLIKELI),
        ("ÇOK  TEHLİKELİ", COK),
        ("cok tehlikeli", COK),
        ("?", None),
        ("", None),
    ],
)
def test_a_class_is_read_in_whatever_case_it_is_written(text, sinif):
    assert read_tehlike_sinifi(text) is sinif


VECTOR = json.loads(VECTORS.read_text())["minutes"]


@pytest.mark.parametrize("role", ["IGU", "IH", "DSP"])
@pytest.mark.parametrize("row", VECTOR, ids=lambda row: f"{row['tehlike_sinifi']} {row['workers']}")
def test_the_minutes_of_a_workplace_are_those_of_the_vectors(row, role):
    sinif = read_tehlike_sinifi(row["tehlike_sinifi"])

    assert required_minutes(sinif, row["workers"], role) == Assignment(0, row[role])


@pytest.mark.parametrize(
    ("sinif", "workers", "role", "full_time", "minutes"),
    [
        (COK, 249, "IGU", 0, 9960), (COK, 250, "IGU", 1, 0), (COK, 251, "IGU", 1, 40), (TEHLIKELI, 1000, "IGU", 2, 0),
        (COK, 749, "IH", 0, 11235), (COK, 750, "IH", 1, 0), (AZ, 2001, "IH", 1, 5),
        (COK, 9, "DSP", 0, 0), (COK, 10, "DSP", 0, 100), (COK, 49, "DSP", 0, 490), (COK, 50, "DSP", 0, 750),
        (COK, 250, "DSP", 0, 5000), (COK, 750, "DSP", 0, 0), (TEHLIKELI, 400, "DSP", 0, 0),
    ],
)  # fmt: skip
def test_from_the_block_on_full_time_professionals_are_counted(sinif, workers, role, full_time, minutes):
    assert required_minutes(sinif, workers, role) == Assignment(full_time, minutes)
