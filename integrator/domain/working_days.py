"""Counting working days from an event (domain 3.7). Holidays are given: they are published, not computed."""

from __future__ import annotations

from collections.abc import Set
from datetime import date, timedelta

SATURDAY = 5


def working_days_later(event: date, days: int, holidays: Set[date]) -> date:
    """The last of `days` working days after `event`; the day after the event is the first that may count."""
    day = event
    while days > 0:
        day += timedelta(days=1)
        days -= day.weekday() < SATURDAY and day not in holidays
    return day
