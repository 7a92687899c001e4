import json
import re
from datetime import date, timedelta

import pytest

from integrator.catalogue.catalogue import read_catalogue
from integrator.domain.working_days import working_days_later
from integrator.sign.canonical import split
from integrator.validate.check import check
from tests.factories import VECTORS, record, submitted

TODAY = date(2026, 11, 21)
SHARED = VECTORS.read_text(encoding="utf-8")

# A day of the vectors -> the text of the regulation on the day before, on the day, and on the day after.
TEXTS = {
    "2018-05-23": ("28648", "28648", "30430"),
    "2018-05-24": ("28648", "30430", "30430"),
    "2025-03-04": ("30430", "30430", "32832"),
    "2025-03-05": ("30430", "32832", "32832"),
    "2025-10-23": ("32832", "32832", "32832"),  # the training whose signed bytes are a vector
    "2026-04-01": ("32832", "32832", "33212"),
    "2026-04-02": ("32832", "33212", "33212"),
}
# A day of the vectors -> three working days after the day before, the day, and the day after.
WORKING_DAYS = {
    "2026-04-22": ("2026-04-27", "2026-04-28", "2026-04-28"),
    "2026-04-23": ("2026-04-28", "2026-04-28", "2026-04-29"),
    "2026-04-28": ("2026-04-30", "2026-05-01", "2026-05-04"),
}
HOLIDAYS = {date(2026, 4, 23)}


def beside(days):
    return [
        (date.fromisoformat(day) + timedelta(days=off), expected[off + 1])
        for day, expected in days.items()
        for off in (-1, 0, 1)
    ]


def judged(day):
    short = record(
        egitimTarihi=str(day),
        egitim=[{"egitimKoduId": 240, "egitimSuresi": 30}],
        yerel={"egitimCesidi": "temel", "tehlikeSinifi": "az"},
    )
    return check(submitted(short)[0], read_catalogue(), today=TODAY)


def test_every_date_of_the_vectors_has_its_boundary_tests():
    iso = re.findall(r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}\b", SHARED)
    wire = [f"{each[6:]}-{each[3:5]}-{each[:2]}" for each in re.findall(r"\b[0-9]{2}-[0-9]{2}-[0-9]{4}\b", SHARED)]

    assert set(iso) | set(wire) == set(TEXTS) | set(WORKING_DAYS)
    assert set(json.loads(SHARED)["training_rule_boundaries"]) <= set(TEXTS)


@pytest.mark.parametrize(("day", "text"), beside(TEXTS))
def test_a_training_that_is_too_short_is_told_by_the_text_of_its_day(day, text):
    wanted = [each.wanted for each in judged(day).findings if each.code == "INT-VAL-036"]

    assert [re.findall(r"no ([0-9]{5})", each) for each in wanted] == [[text]]


@pytest.mark.parametrize(("day", "_"), beside(TEXTS))
def test_the_day_is_signed_as_it_was_given(day, _):
    found = judged(day)

    for message in split(found.kayit, found.definition):
        assert f"<egitimTarihi>{day:%d-%m-%Y}</egitimTarihi>".encode() in message.canonical


@pytest.mark.parametrize(("day", "due"), beside(WORKING_DAYS))
def test_three_working_days_pass_over_the_weekend_and_the_holiday(day, due):
    assert str(working_days_later(day, 3, HOLIDAYS)) == due


@pytest.mark.parametrize("vector", json.loads(SHARED)["working_days"], ids=lambda each: each["event"])
def test_the_vector_of_working_days(vector):
    holidays = {date.fromisoformat(each) for each in vector["holidays"]}

    assert str(working_days_later(date.fromisoformat(vector["event"]), vector["days"], holidays)) == vector["due"]
