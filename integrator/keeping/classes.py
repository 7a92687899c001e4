"""Retention classes: which records are kept how long, from which day (``retention.toml``, domain 5.5). Pure."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from integrator.domain.errors import NotFound
from integrator.domain.identifiers import is_tckn

EVENT_DATE = "event_date"
PARTIES = "parties"
"""The class of the registers' rows."""
EVENTS = ("leaving", "exposure", "exposure_end")
"""What may be told of a worker."""

Told = Mapping[str, Mapping[str, date]]
"""Worker's blind index -> event -> its day."""


@dataclass(frozen=True, slots=True)
class RetentionClass:
    """One class; see the head of the file."""

    name: str
    veri_seti: tuple[str, ...]
    persons: tuple[str, ...]
    starts: str
    years: int
    source: str
    instead_of: str = ""
    when: str = ""

    def ends_on(self, event_date: date, told: Iterable[Mapping[str, date]]) -> date | None:
        """The first day on which a record may be destroyed; None while the start is not known of every worker."""
        if self.starts == EVENT_DATE:
            return _years_after(event_date, self.years)
        days = [each.get(self.starts) for each in told]
        known = [max(each, event_date) for each in days if each]
        return _years_after(max(known), self.years) if known and len(known) == len(days) else None

    def is_over(self, started_on: date | None, today: date) -> bool:
        """Whether the time of what is counted from `started_on` is over; None: it has not started."""
        return started_on is not None and _years_after(started_on, self.years) <= today


@cache
def classes() -> Mapping[str, RetentionClass]:
    """Every class by its name."""
    raw = tomllib.loads(files("integrator.keeping").joinpath("retention.toml").read_text(encoding="utf-8"))
    return {name: _class(name, **told) for name, told in raw.items()}


def _class(name: str, *, veri_seti: list[str], persons: list[str], **rest: Any) -> RetentionClass:
    return RetentionClass(name, tuple(veri_seti), tuple(persons), **rest)


def class_named(name: str) -> RetentionClass:
    """Raises NotFound for a name that is no class."""
    if name not in classes():
        raise NotFound(f"no retention class {name!r}; there are {', '.join(classes())}")
    return classes()[name]


def class_of(veri_seti: str, told: Iterable[Mapping[str, date]]) -> RetentionClass:
    """The class of a record by its set and by what was told of its workers."""
    fitting = [each for each in classes().values() if veri_seti in each.veri_seti]
    several = list(told)
    for each in fitting:
        if each.when and any(each.when in of or each.starts in of for of in several):
            return each
    return next(each for each in fitting if not each.instead_of)


def workers_of(content: bytes, persons: Iterable[str]) -> frozenset[str]:
    """The identity numbers of the workers whom a record, as it was submitted, is about."""
    fields = json.loads(content.split(b"/", 2)[2].decode("utf-8", "surrogatepass"))
    return frozenset(each for name in persons for each in _numbers(fields.get(name)))


def _numbers(value: Any) -> Iterable[str]:
    if isinstance(value, dict):
        for each in value.values():
            yield from _numbers(each)
    elif isinstance(value, list):
        for each in value:
            yield from _numbers(each)
    elif is_tckn(str(value)):
        yield str(value)


def _years_after(day: date, years: int) -> date:
    """The same day `years` later; 29 February becomes 1 March."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)
