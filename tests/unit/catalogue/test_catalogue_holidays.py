from datetime import date

import pytest

from integrator.catalogue.holidays import is_working_day, working_days_after
from integrator.domain.errors import Misconfigured


def test_the_day_itself_week_ends_and_holidays_are_not_counted():
    wednesday = date(2026, 4, 22)  # 23 April is a holiday (domain 3.7)

    assert [working_days_after(wednesday, n) for n in (1, 2, 3)] == [
        date(2026, 4, 24),
        date(2026, 4, 27),
        date(2026, 4, 28),
    ]
    assert working_days_after(wednesday, 0) == wednesday


@pytest.mark.parametrize("day", [date(2025, 1, 1), date(2025, 3, 31), date(2026, 5, 28), date(2026, 11, 22)])
def test_nobody_works_on_new_year_at_a_feast_or_on_a_sunday(day):
    assert not is_working_day(day)


def test_the_day_before_a_feast_counts_as_a_working_day():
    assert is_working_day(date(2026, 5, 26))


def test_a_year_without_a_table_is_refused_instead_of_guessed():
    with pytest.raises(Misconfigured, match="2031"):
        working_days_after(date(2030, 12, 31), 1)
