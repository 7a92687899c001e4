"""How near a deadline is, as people are told: overdue, within 7, 30, 60 or 90 days, or later. Calendar days."""

from __future__ import annotations

from datetime import date

OVERDUE, LATER = "overdue", "later"
HORIZONS = (7, 30, 60, 90)
"""Days ahead; a deadline stands in the nearest one it fits."""


def within_of(due_on: date, today: date) -> str:
    """The horizon a day falls into; the day itself is not overdue yet."""
    left = (due_on - today).days
    if left < 0:
        return OVERDUE
    return next((str(days) for days in HORIZONS if left <= days), LATER)
