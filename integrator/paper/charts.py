"""Charts as plain marks: boxes, lines and words at places. Paper and pages draw the same ones, each in its own way.

Every total is written beside its mark, every part says what it is, and tones differ in brightness: a chart reads in
black and white, and without seeing colours at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import ceil, log10

WIDTH = 640.0
_LEFT, _TOP, _BOTTOM, _PLOT = 44.0, 26.0, 22.0, 150.0
_ROW, _NAMES, _CELL = 22.0, 210.0, 34.0
_LETTER = 5.2  # points of a letter at the size of labels, on the wide side
MOST_COLUMNS, MOST_ROWS = 60, 60


class Tone(StrEnum):
    """From light to dark: good is light, what wants somebody is dark. `NONE` is an empty place."""

    NONE = "none"
    GOOD = "good"
    ON_ITS_WAY = "on-its-way"
    STOPPED = "stopped"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Series:
    """One part of every column: what it is called, its tone, a number for each column."""

    name: str
    tone: Tone
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns by month, or by whatever `labels` name; several series stand on one another.

    `links` lead from a column to its list: addresses on this site, one for each column, or none.
    """

    title: str
    told: str
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    links: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= len(self.labels) <= MOST_COLUMNS or not self.series:
            raise ValueError(f"1 to {MOST_COLUMNS} columns and a series are wanted")
        if any(len(each.values) != len(self.labels) for each in self.series):
            raise ValueError("every series has a number for every column")
        if any(value < 0 for each in self.series for value in each.values):
            raise ValueError("a column does not go below nothing")
        _check_links(self.links, len(self.labels))


@dataclass(frozen=True, slots=True)
class HeatRow:
    """One row of a heat map: percents (0 to 100), None where there is nothing to tell; `link` leads to its list."""

    name: str
    percents: tuple[int | None, ...]
    link: str = ""


@dataclass(frozen=True, slots=True)
class Heat:
    """Rows by columns, such as workplaces by months."""

    title: str
    told: str
    labels: tuple[str, ...]
    rows: tuple[HeatRow, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.labels) <= MOST_COLUMNS or not 1 <= len(self.rows) <= MOST_ROWS:
            raise ValueError(f"1 to {MOST_COLUMNS} columns and 1 to {MOST_ROWS} rows are wanted")
        if any(len(each.percents) != len(self.labels) for each in self.rows):
            raise ValueError("every row has a cell for every column")
        if any(cell is not None and not 0 <= cell <= 100 for each in self.rows for cell in each.percents):
            raise ValueError("a cell is a percent")
        _check_links(tuple(each.link for each in self.rows if each.link), 0)


def _check_links(links: Sequence[str], wanted: int) -> None:
    if links and wanted and len(links) != wanted:
        raise ValueError("a link for every column, or none")
    if any(not each.startswith("/") or each.startswith(("//", "/\\")) for each in links):
        raise ValueError("links lead to this site only (circular 7d)")


Chart = Columns | Heat


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle from its upper left corner. `says` is read out for it; `heat` is 0 to 4 where `tone` is no matter."""

    x: float
    y: float
    width: float
    height: float
    tone: Tone
    says: str = ""
    link: str = ""
    heat: int | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """A text on its baseline; `anchor` is start, middle or end; `on_dark` where a dark box is behind it."""

    x: float
    y: float
    text: str
    anchor: str = "start"
    on_dark: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across, at one height."""

    x: float
    y: float
    width: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What is drawn, in this order, on a sheet of this size; y grows downwards."""

    height: float
    marks: tuple[Box | Words | Rule, ...] = field(repr=False)
    width: float = WIDTH


def plan_of(chart: Chart) -> Plan:
    """Where everything of a chart stands."""
    return _plan_columns(chart) if isinstance(chart, Columns) else _plan_heat(chart)


def _plan_columns(chart: Columns) -> Plan:
    totals = [sum(values) for values in zip(*(each.values for each in chart.series), strict=True)]
    top = _round_up(max(totals))
    ground, step = _TOP + _PLOT, (WIDTH - _LEFT) / len(chart.labels)
    marks: list[Box | Words | Rule] = list(_legend(chart.series)) if len(chart.series) > 1 else []
    for part in (0, 0.5, 1):
        height = ground - part * _PLOT
        marks += [Rule(_LEFT, height, WIDTH - _LEFT), Words(_LEFT - 5, height + 3, _amount(top * part), "end")]
    for at, label in enumerate(chart.labels):
        left = _LEFT + at * step
        middle = left + step / 2
        marks += _stack(chart, at, left + step * 0.15, step * 0.7, _PLOT / top)
        marks.append(Words(middle, ground - totals[at] * _PLOT / top - 4, f"{totals[at]}", "middle"))
        if not at % ceil(len(label) * _LETTER / step):  # where labels would run into one another, some stay away
            marks.append(Words(middle, ground + 14, label, "middle"))
    return Plan(ground + _BOTTOM, tuple(marks))


def _stack(chart: Columns, at: int, left: float, width: float, scale: float) -> Iterator[Box | Words]:
    height, link = _TOP + _PLOT, chart.links[at] if chart.links else ""
    for each in chart.series:
        tall = each.values[at] * scale
        height -= tall
        if each.values[at]:
            says = f"{chart.labels[at]}, {each.name}: {each.values[at]}"
            yield Box(left, height, width, tall, each.tone, says, link)
        if len(chart.series) > 1 and tall > 11 and len(f"{each.values[at]}") * _LETTER < width:
            dark = each.tone is Tone.STOPPED
            yield Words(left + width / 2, height + tall / 2 + 3.5, f"{each.values[at]}", "middle", on_dark=dark)


def _legend(series: Sequence[Series]) -> Iterator[Box | Words]:
    left = _LEFT
    for each in series:
        yield Box(left, 2, 10, 10, each.tone)
        yield Words(left + 14, 11, each.name)
        left += 34 + len(each.name) * _LETTER


def _plan_heat(chart: Heat) -> Plan:
    width = min(_CELL * 2, (WIDTH - _NAMES) / len(chart.labels))
    marks: list[Box | Words | Rule] = [
        Words(_NAMES + (at + 0.5) * width, 14, label, "middle")
        for at, label in enumerate(chart.labels)
        if not at % ceil(len(label) * _LETTER / width)
    ]
    most = int(_NAMES / _LETTER) - 1
    for number, row in enumerate(chart.rows):
        top = 20 + number * _ROW
        marks.append(Words(0, top + 15, row.name if len(row.name) <= most else row.name[: most - 1] + "…"))
        for at, cell in enumerate(row.percents):
            says = f"{row.name}, {chart.labels[at]}: " + ("-" if cell is None else f"{cell} %")
            tone, heat = (Tone.NONE, None) if cell is None else (Tone.PLAIN, heat_of(cell))
            marks.append(Box(_NAMES + at * width + 1, top + 1, width - 2, _ROW - 2, tone, says, row.link, heat))
            shown = "-" if cell is None else f"{cell}"
            if len(shown) * _LETTER < width:
                dark = heat is not None and heat <= 1
                marks.append(Words(_NAMES + (at + 0.5) * width, top + 15, shown, "middle", on_dark=dark))
    return Plan(24 + len(chart.rows) * _ROW, tuple(marks))


def heat_of(percent: int) -> int:
    """0 (under a half) to 4 (all): the lower, the darker."""
    return next((level for level, below in enumerate((50, 70, 85, 100)) if percent < below), 4)


def _round_up(most: int) -> float:
    """1, 2 or 5 times a power of ten, or 10; at least 2, so that its half is a whole number."""
    if most <= 2:
        return 2
    power = 10 ** int(log10(most))
    return float(next(each * power for each in (1, 2, 4, 6, 8, 10) if each * power >= most))


def _amount(value: float) -> str:
    return f"{value:g}" if value < 10_000 else f"{value / 1000:g}k"
