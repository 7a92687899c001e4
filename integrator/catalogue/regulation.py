"""The regulations' texts as data, by the day of the event: ``datasets/mevzuat/`` (docs/decisions/0017).

What a text asks for is returned as a value; whether a record keeps to it is a rule's business. None of this is an
official table: each text carries its source and how sure we are of it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from integrator.catalogue.published import published
from integrator.domain.errors import Misconfigured
from integrator.domain.workplaces import TehlikeSinifi

FACE_TO_FACE, DISTANCE, LIVE_DISTANCE = "yuz_yuze", "uzaktan", "uzaktan_canli"
ISEBASLAMA, TEMEL, TEKRAR = "isebaslama", "temel", "tekrar"


@dataclass(frozen=True, slots=True)
class TrainingRule:
    """What the text in force asks of one kind of training at one workplace.

    `min_lessons` of `lesson_minutes` each, `min_specific` of them job-specific (heading 4); `modes` that are allowed,
    the remote ones for `distance_headings` only when it names any, and never for `face_to_face_headings`.
    """

    text: str
    source: str
    confidence: str
    min_lessons: int
    min_specific: int
    lesson_minutes: int
    piece_minutes: int
    modes: frozenset[str]
    distance_headings: frozenset[str]
    face_to_face_headings: frozenset[str]
    renewal_years: int

    @property
    def min_minutes(self) -> int:
        """Minutes of teaching."""
        return self.min_lessons * self.lesson_minutes

    @property
    def by_distance(self) -> bool:
        """Whether any part of it may be taught remotely."""
        return bool(self.modes - {FACE_TO_FACE})

    def renewal_of(self, day: date) -> date:
        """The last day on which a training that ended on `day` counts."""
        return years_later(day, self.renewal_years)


def training_rule(
    day: date, sinif: TehlikeSinifi, kind: str, workplace_size: int | None = None, public: bool | None = None
) -> TrainingRule | None:
    """What governs a training of `kind` on `day`; None before the first text, or for a kind no text measures.

    A size or a standing that is not known never makes a mode forbidden: a rule that cannot know does not accuse.
    """
    text = next((each for each in _read("egitim")["metin"] if each["from"] <= day <= each.get("until", date.max)), None)
    if text is None or kind not in (ISEBASLAMA, TEMEL, TEKRAR):
        return None
    lessons = text[kind]
    return TrainingRule(
        text=text["no"],
        source=text["source"],
        confidence=text["confidence"],
        min_lessons=lessons[sinif] if isinstance(lessons, Mapping) else lessons,
        min_specific=text.get("specific", {}).get(sinif, 0) if kind != ISEBASLAMA else 0,
        lesson_minutes=text["lesson_minutes"],
        piece_minutes=text.get("piece_minutes", 0),
        modes=_modes(text["distance"][kind], sinif, workplace_size, public),
        distance_headings=frozenset(text.get("distance_headings", ())),
        face_to_face_headings=frozenset(text.get("face_to_face_headings", {}).get(sinif, ())),
        renewal_years=_read("egitim")["renewal_years"][sinif],
    )


def examination_period(sinif: TehlikeSinifi | None) -> int:
    """Years an examination may be valid at most; of the mildest class when the class is not known."""
    years: Mapping[str, int] = _read("muayene")["period_years"]
    return years[sinif] if sinif else max(years.values())


def night_period(calisma_zamani: str) -> int | None:
    """Years an examination of somebody who works at night may be valid; None when the working time is no such."""
    night = _read("muayene")["night"]
    years: int = night["years"]
    return years if calisma_zamani in night["calisma_zamani"] else None


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a workplace must have assigned of one role: `full_time` professionals, and `minutes` a month beside them."""

    full_time: int
    minutes: int


def required_minutes(sinif: TehlikeSinifi, workers: int, role: str) -> Assignment:
    """Of `role` IGU, IH or DSP for so many workers (domain 3.6). A table, not an official one."""
    table = _read("gorevlendirme")
    if role == "DSP":
        has_physician = required_minutes(sinif, workers, "IH").full_time > 0
        if sinif is not TehlikeSinifi.COK or has_physician:
            return Assignment(0, 0)
        rates = [step["minutes"] for step in table["DSP"]["steps"] if step["from"] <= workers]
        return Assignment(0, workers * rates[-1] if rates else 0)
    full_time, rest = divmod(workers, table[role]["block"][sinif])
    return Assignment(full_time, rest * table[role]["minutes"][sinif])


def years_later(day: date, years: int) -> date:
    """The same day so many years on; the 28th of February for the 29th."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def _modes(
    rows: list[dict[str, Any]], sinif: TehlikeSinifi, workplace_size: int | None, public: bool | None
) -> frozenset[str]:
    modes = {FACE_TO_FACE}
    for row in rows:
        fits = sinif in row.get("classes", (sinif,))
        fits = fits and ("public" not in row or public in (None, row["public"]))
        fits = fits and ("below" not in row or workplace_size is None or workplace_size < row["below"])
        if fits:
            modes |= {LIVE_DISTANCE} if row.get("live") else {DISTANCE, LIVE_DISTANCE}
    return frozenset(modes)


@cache
def _read(name: str) -> dict[str, Any]:
    path = published("datasets", "mevzuat", f"{name}.toml")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Misconfigured(f"{path}: {error}") from error
