"""Working days by a written table of holidays: ``datasets/mevzuat/tatiller.toml`` (domain 3.7; no official list)."""

from __future__ import annotations

import tomllib
from datetime import date, timedelta
from functools import cache

from integrator.catalogue.published import published
from integrator.domain.errors import Misconfigured

_A_DAY = timedelta(days=1)
_SATURDAY = 5


def is_working_day(day: date) -> bool:
    """Neither a week-end nor an official holiday; raises Misconfigured for a year of which no table was written."""
    return day.weekday() < _SATURDAY and day not in _holidays(day.year)


def working_days_after(day: date, count: int) -> date:
    """The count-th working day after `day`, which itself is not counted (domain 3.7)."""
    while count > 0:
        day += _A_DAY
        count -= is_working_day(day)
    return day


@cache
def _holidays(year: int) -> frozenset[date]:
    with published("datasets", "mevzuat", "tatiller.toml").open("rb") as file:
        told = tomllib.load(file)
    row = next((each for each in told["yil"] if each["yil"] == year), None)
    if row is None:
        raise Misconfigured(f"datasets/mevzuat/tatiller.toml: the holidays of {year} are not written there yet")
    fixed = {date.fromisoformat(f"{year}-{each}") for each in told["every_year"]}
    return frozenset(fixed | set(row["dini"]))
