"""Which versions of a veri seti are taken on which day: the published ones, and what was announced since.

A version is known by the generation that carries it and by how much fits into one message. An announcement says
"version V, published on P, in force from F, the version before it accepted beside it until U"; it has effect from P,
at midnight in Turkey. Reads `datasets/` for itself.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from integrator.ministry.published import published_folder

BY_EVENT, BY_ARRIVAL, ANY = "by_event", "by_arrival", "any"
CURRENT, NEXT = "current", "next"
TRAITS = {"schema": (CURRENT, NEXT), "counted": (BY_EVENT, BY_ARRIVAL, ANY)}
WINDOW = timedelta(days=30)  # calendar days to adapt (circular 3)
KEYS = ("veri_seti", "version", "published_on", "in_force_from", "both_until", "metot", "limits")
LISTS = ("calisan", "egitim")
GENERATIONS = ("soap-g1", "soap-g2", "soap-g3", "json-g4")
ANNOUNCEMENT_LIMIT, CACHE_LIMIT = 100, 10_000
_Key = tuple[str, str, date, date]


class BadAnnouncement(Exception):
    """What was announced cannot be taken; the text says why."""


class NotInForce(Exception):
    """No version in this form is taken for that day; the text names versions, in Turkish."""


class Limits(NamedTuple):
    """The most workers and trainings of one message."""

    calisan: int = 100
    egitim: int = 10


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a veri seti; `by_choice`: another road beside the others, neither following nor followed."""

    veri_seti: str
    version: str
    metot: tuple[str, ...]
    in_force_from: date
    in_force_until: date | None
    limits: Limits = DEFAULT_LIMITS
    by_choice: bool = False

    def is_in_force_on(self, gun: date) -> bool:
        """Both ends included."""
        return self.in_force_from <= gun and (self.in_force_until is None or gun <= self.in_force_until)

    def as_json(self) -> dict[str, Any]:
        """As the control port shows it."""
        until = self.in_force_until.isoformat() if self.in_force_until else None
        days = {"in_force_from": self.in_force_from.isoformat(), "in_force_until": until}
        return {"veri_seti": self.veri_seti, "version": self.version, "metot": list(self.metot), **days}


@dataclass(frozen=True, slots=True)
class Announcement:
    """A version to come; `metot` and `limits` are None where they are those it has or takes over."""

    veri_seti: str
    version: str
    published_on: date
    in_force_from: date
    both_until: date
    metot: tuple[str, ...] | None = None
    limits: Limits | None = None

    def as_json(self) -> dict[str, Any]:
        """In the shape in which it is announced."""
        return {
            "veri_seti": self.veri_seti,
            "version": self.version,
            "published_on": self.published_on.isoformat(),
            "in_force_from": self.in_force_from.isoformat(),
            "both_until": self.both_until.isoformat(),
            **({} if self.metot is None else {"metot": list(self.metot)}),
            **({} if self.limits is None else {"limits": self.limits._asdict()}),
        }


class Versions:
    """The versions of all sets. `schema` next serves what is announced as if it were in force already.

    `counted`: is the day of the event what must lie in a version's time, or the day on which the message arrives, or
    is nothing counted at all?
    """

    def __init__(self, published: Iterable[Version] | None = None) -> None:
        self._published = tuple(read_published(published_folder()) if published is None else published)
        self.announcements: tuple[Announcement, ...] = ()
        self.schema = CURRENT
        self.counted = BY_EVENT
        self._found: dict[_Key, Limits | str] = {}

    def limits(self, veri_seti: str, generation: str, gun: date, today: date) -> Limits:
        """What fits into a message about `gun` in this generation that comes today; raises NotInForce.

        While two versions are taken side by side, the more generous one is told.
        """
        found = self._found.get((veri_seti, generation, gun, today))
        if found is None:
            found = self._look_up(veri_seti, generation, gun, today)
            if len(self._found) >= CACHE_LIMIT:
                self._found.clear()
            self._found[veri_seti, generation, gun, today] = found
        if isinstance(found, str):
            raise NotInForce(found)
        return found

    def _look_up(self, veri_seti: str, generation: str, gun: date, today: date) -> Limits | str:
        of_set = self.known_on(today, veri_seti)
        carried = [one for one in of_set if generation in one.metot]
        if self.counted == ANY or not of_set:
            taken = carried
        else:
            day = today if self.counted == BY_ARRIVAL else gun
            taken = [one for one in carried if one.is_in_force_on(day)]
            if not taken:
                return _refused([one for one in of_set if one.is_in_force_on(day)], carried, veri_seti, day)
        most = [one.limits for one in taken] or [DEFAULT_LIMITS]
        return Limits(max(one.calisan for one in most), max(one.egitim for one in most))

    def known_on(self, today: date, veri_seti: str = "") -> list[Version]:
        """The versions of one set, or all, as what is published until today has them."""
        known = list(self._published)
        for one in self.announcements:
            if one.published_on <= today:
                known = _announced(known, one)
        if self.schema == NEXT:
            known = _only_newest(known)
        return [one for one in known if veri_seti in ("", one.veri_seti)]

    def change(self, wanted: Any) -> None:
        """Any of announcements (they replace all), schema and counted; all or, with BadAnnouncement, none."""
        if not isinstance(wanted, dict) or not wanted or not set(wanted) <= {"announcements", *TRAITS}:
            raise BadAnnouncement(f"an object with announcements, {' or '.join(TRAITS)} is expected")
        for name, allowed in TRAITS.items():
            if wanted.get(name, allowed[0]) not in allowed:
                raise BadAnnouncement(f"{name}: {', '.join(allowed)} is expected")
        if "announcements" in wanted:
            sets = {one.veri_seti for one in self._published if not one.by_choice}
            announced = read_announcements(wanted["announcements"], sets)
            self.announcements = tuple(sorted(announced, key=lambda one: one.published_on))
        self.schema, self.counted = wanted.get("schema", self.schema), wanted.get("counted", self.counted)
        self._found.clear()

    def as_json(self) -> dict[str, Any]:
        """What was changed, in the shape in which it is."""
        announcements = [one.as_json() for one in self.announcements]
        return {"announcements": announcements, "schema": self.schema, "counted": self.counted}


def _refused(in_force: list[Version], carried: list[Version], veri_seti: str, day: date) -> str:
    """Names what came and what is wanted."""
    came = ", ".join(one.version for one in carried) or "bu biçim"
    wanted = ", ".join(one.version for one in in_force if not one.by_choice) or "yok"
    return f"{veri_seti} {came} sürümü {day:%d-%m-%Y} günü için geçerli değildir; geçerli sürüm: {wanted}"


def _announced(known: list[Version], one: Announcement) -> list[Version]:
    """The versions once `one` is published: it begins on its day, and the one before it ends on its own."""
    row = [each for each in known if each.veri_seti == one.veri_seti and not each.by_choice]
    names = [each.version for each in row]
    at = names.index(one.version) if one.version in names else len(row)
    model = row[at] if at < len(row) else replace(row[-1], version=one.version, in_force_until=None)
    new = replace(
        model, in_force_from=one.in_force_from, metot=one.metot or model.metot, limits=one.limits or model.limits
    )
    before = [replace(each, in_force_until=one.both_until) for each in row[at - 1 : at]] if at else []
    return [*(each for each in known if each not in row), *row[: max(at - 1, 0)], *before, new, *row[at + 1 :]]


def _only_newest(known: list[Version]) -> list[Version]:
    """The version that comes last in each set, for every day; what goes by choice stays."""
    newest = {one.veri_seti: one for one in known if not one.by_choice}
    always = [replace(one, in_force_from=date.min, in_force_until=None) for one in newest.values()]
    return always + [one for one in known if one.by_choice]


# Reading.


@cache
def read_published(folder: Path) -> tuple[Version, ...]:
    """Every version under `datasets/`, in the order in which they came into force."""
    files = sorted((folder / "datasets").glob("*/*/veri_seti.toml"))
    if not files:
        raise FileNotFoundError(f"no veri_seti.toml under {folder / 'datasets'}")
    found = [_published(tomllib.loads(one.read_text(encoding="utf-8"))) for one in files]
    return tuple(sorted(found, key=lambda one: (one.veri_seti, one.in_force_from, one.version)))


def _published(raw: dict[str, Any]) -> Version:
    most = {name: limit["max"] for name, limit in raw.get("limits", {}).items() if name in LISTS}
    return Version(
        veri_seti=raw["veri_seti"],
        version=raw["version"],
        metot=tuple(raw["metot"]),
        in_force_from=raw["in_force_from"],
        in_force_until=raw.get("in_force_until"),
        limits=Limits(**most),
        by_choice=raw.get("by_choice", False),
    )


def read_announcements(rows: Any, sets: set[str]) -> list[Announcement]:
    """A list of announcements, checked whole; raises BadAnnouncement."""
    if not isinstance(rows, list) or len(rows) > ANNOUNCEMENT_LIMIT:
        raise BadAnnouncement(f"announcements: a list of at most {ANNOUNCEMENT_LIMIT} is expected")
    return [_read_announcement(row, sets) for row in rows]


def _read_announcement(row: Any, sets: set[str]) -> Announcement:
    if not isinstance(row, dict) or not set(row) <= set(KEYS):
        raise BadAnnouncement(f"an object with no other keys than {', '.join(KEYS)} is expected")
    veri_seti, version = row.get("veri_seti"), row.get("version")
    if not isinstance(veri_seti, str) or veri_seti not in sets:
        raise BadAnnouncement(f"veri_seti: one of {', '.join(sorted(sets))} is expected")
    if not isinstance(version, str) or not 0 < len(version) <= 40 or not version.isprintable():
        raise BadAnnouncement("version: a name of at most 40 letters is expected")
    published_on = _day(row, "published_on")
    in_force_from = _day(row, "in_force_from", published_on)
    both_until = _day(row, "both_until", max(in_force_from, published_on + WINDOW))
    if not published_on <= in_force_from <= both_until + timedelta(days=1):
        raise BadAnnouncement("published_on, in_force_from and both_until follow one another")
    return Announcement(
        veri_seti,
        version,
        published_on,
        in_force_from,
        both_until,
        _metot(row.get("metot")),
        _limits(row.get("limits")),
    )


def _day(row: Mapping[str, Any], name: str, default: date | None = None) -> date:
    value = row.get(name)
    if value is None and default is not None:
        return default
    try:
        day = date.fromisoformat(value)  # type: ignore[arg-type]  # whatever it is, a TypeError says so
    except (TypeError, ValueError) as error:
        raise BadAnnouncement(f"{name}: a date like 2026-12-01 is expected") from error
    if not 2000 <= day.year <= 2200:
        raise BadAnnouncement(f"{name}: a year from 2000 to 2200 is expected")
    return day


def _metot(value: Any) -> tuple[str, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not value or not all(one in GENERATIONS for one in value):
        raise BadAnnouncement(f"metot: a list out of {', '.join(GENERATIONS)} is expected")
    return tuple(value)


def _limits(value: Any) -> Limits | None:
    if value is None:
        return None
    if not isinstance(value, dict) or set(value) != set(LISTS) or not all(map(_is_limit, value.values())):
        raise BadAnnouncement('limits: {"calisan": 1 to 1000, "egitim": 1 to 1000} is expected')
    return Limits(**value)


def _is_limit(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 1000
