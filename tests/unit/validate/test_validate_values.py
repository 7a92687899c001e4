from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrator.catalogue.definitions import Field
from integrator.validate.values import MAX_MINUTES, READERS, parse_date

FIELD = Field("x", "x", required=True)
anything = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers(), max_size=2)


def read(kind, value):
    return READERS[kind](FIELD, value, "x")


def is_refused(kind, value):
    found, finding = read(kind, value)
    return found is None and finding is not None


@pytest.mark.parametrize("value", [True, False, 1.0, None, [], {}, "", " 80000000132", 80000000131, -80000000132, 8e10])
def test_what_is_no_identity_number_is_refused(value):
    assert is_refused("tckn", value)


def test_an_identity_number_may_come_as_a_json_number():
    assert read("tckn", 80000000132) == ("80000000132", None)


@pytest.mark.parametrize("value", [29999010100001230069994000, "2999901010000123006999400", True, None, 2.9e25])
def test_a_workplace_number_that_is_no_text_of_26_digits_is_refused(value):
    assert is_refused("sgk_tescil_no", value)


@pytest.mark.parametrize(
    "value", [True, False, 1.0, -1, "-1", "01", "", " 1", "1.0", "１", "1" * 19, 10**18, None, "+1", "1_0"]
)
def test_what_is_no_plain_whole_number_is_no_code(value):
    assert is_refused("code", value)


@pytest.mark.parametrize(
    ("value", "code"), [(0, "0"), ("0", "0"), (240, "240"), ("240", "240"), (10**18 - 1, "9" * 18)]
)
def test_a_code_is_kept_as_text(value, code):
    assert read("code", value) == (code, None)


@pytest.mark.parametrize(
    "value", [True, "40", 0, 0.0, -1, 0.001, 40.001, 1440.01, 1441, float("nan"), float("inf"), None, [40]]
)
def test_what_is_no_duration_is_refused(value):
    assert is_refused("minutes", value)


@pytest.mark.parametrize("value", [10**400, -(10**400), 10**30, 1e308])
def test_a_duration_of_more_digits_than_any_clock_is_refused(value):
    assert is_refused("minutes", value)


@pytest.mark.parametrize(
    ("value", "minutes"), [(40, 40.0), (0.01, 0.01), (37.5, 37.5), (90.25, 90.25), (MAX_MINUTES, 1440.0)]
)
def test_a_duration_becomes_a_float(value, minutes):
    found, finding = read("minutes", value)

    assert (found, type(found), finding) == (minutes, float, None)


@given(st.integers(1, MAX_MINUTES * 100))
def test_every_duration_of_two_decimals_is_taken(hundredths):
    assert read("minutes", hundredths / 100) == (hundredths / 100, None)


@given(st.dates())
def test_three_ways_to_write_a_day_are_read_alike(day):
    written = [day.strftime(form) for form in (f"{day.year:04}-%m-%d", f"%d-%m-{day.year:04}", f"%d.%m.{day.year:04}")]

    assert [parse_date(each) for each in written] == [day] * 3


@pytest.mark.parametrize(
    "value",
    ["2025-02-29", "31.04.2025", "2025/10/23", "23-10-25", "1-1-2025", "2025-10-23 ", "2025-10-23T00:00", "0000-01-01",
     "２０２５-10-23", "20251023", 20251023, None, True, date(2025, 1, 1), "", "23-10.2025x"],
)  # fmt: skip
def test_what_is_no_day_is_refused(value):
    assert is_refused("date", value)


@given(st.sampled_from(sorted(READERS)), anything)
def test_no_reader_raises_and_each_says_what_is_wanted(kind, value):
    found, finding = read(kind, value)

    assert (found is None) == (finding is not None)
    assert finding is None or finding.wanted
