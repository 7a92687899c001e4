"""A month's report on paper: the numbers as tables, and beside them as charts that read in black and white."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from integrator.coverage.standing import COVERED, Standing
from integrator.coverage.subjects import KINDS
from integrator.desk.deadlines import Deadline
from integrator.domain.advice import word
from integrator.domain.texts import Language
from integrator.paper import pages
from integrator.paper.charts import Columns, Series, Tone
from integrator.paper.report import Report
from integrator.paper.words import heading, say, value_word

MOST_PLACES, MOST_DEADLINES = 40, 60


def render_report(report: Report, language: Language) -> bytes:
    """The report as PDF."""
    title = say("report", language, month=f"{report.month:%m.%Y}")
    return pages.set_pages(title, _told(report, title, language), language, made_at=report.made_at)


def _told(report: Report, title: str, language: Language) -> Iterator[Any]:
    yield pages.paragraph(title, "title")
    yield pages.gap(2)
    yield from _about(report, language)
    yield from _coverage(report, language)
    yield pages.chart(months_chart(report, language))
    yield from _tallies(report, language)
    yield from _causes(report, language)
    yield from _deadlines(report, language)
    if report.place is None:
        yield from _places(report, language)
    yield pages.gap(4)
    yield pages.paragraph(say("report_foot", language), "small")


def _about(report: Report, language: Language) -> Iterator[Any]:
    place = report.place
    if place:
        yield pages.paragraph(say("of_place", language, title=place.ad_unvan or "-"))
        yield pages.paragraph(say("of_sgk", language, sgk=place.sgk_tescil_no))
    else:
        yield pages.paragraph(say("of_kurum", language, kurum=report.kurum, count=len(report.coverages)))
    yield pages.paragraph(say("by_gateway", language, gateway=report.gateway, at=pages.moment(report.made_at)))


def _coverage(report: Report, language: Language) -> Iterator[Any]:
    yield pages.paragraph(say("coverage_head", language, count=report.roster), "head")
    if not report.roster:
        yield pages.paragraph(say("no_roster", language))
        return
    shown = [each for each in Standing if any(report.standing[name].get(each, 0) for name in KINDS)]
    headings = [heading("state", language), *(value_word(name, language) for name in KINDS)]
    rows = [[value_word(each, language), *(report.standing[name].get(each, 0) for name in KINDS)] for each in shown]
    yield pages.table(headings, [*rows, [say("covered", language), *_shares(report, language)]], (3, 1, 1))


def _shares(report: Report, language: Language) -> list[str]:
    covered = [sum(report.standing[name].get(each, 0) for each in COVERED) for name in KINDS]
    return [f"{each} / {report.roster} ({say('percent', language, n=100 * each // report.roster)})" for each in covered]


def months_chart(report: Report, language: Language) -> Columns:
    """Messages of twelve months: taken, on their way, stopped."""
    labels = tuple(f"{each.month[5:]}.{each.month[:4]}" for each in report.months)
    parts = (
        ("accepted", Tone.GOOD, tuple(each.accepted for each in report.months)),
        ("on_its_way", Tone.ON_ITS_WAY, tuple(each.on_its_way for each in report.months)),
        ("stopped", Tone.STOPPED, tuple(each.stopped for each in report.months)),
    )
    series = tuple(Series(say(name, language), tone, values) for name, tone, values in parts)
    return Columns(say("months_head", language), say("months_told", language), labels, series)


def _tallies(report: Report, language: Language) -> Iterator[Any]:
    yield pages.paragraph(say("tallies_head", language, month=f"{report.month:%m.%Y}"), "head")
    headings = [
        heading("veri_seti", language),
        *(say(e, language) for e in ("notified", "accepted", "stopped", "parts")),
    ]
    rows = [
        [value_word(each.veri_seti, language), each.notified, each.accepted, each.stopped, each.parts_accepted]
        for each in report.tallies
    ]
    yield pages.table(headings, rows, (3, 1, 1, 1, 1.4)) if rows else pages.paragraph(say("nothing", language))


def _causes(report: Report, language: Language) -> Iterator[Any]:
    yield pages.paragraph(say("causes_head", language, month=f"{report.month:%m.%Y}"), "head")
    rows = [
        [
            each.count,
            f"{word(each.state, language)} {each.code}",
            each.advice.happened[language],
            each.advice.who[language],
        ]
        for each in report.causes
    ]
    headings = [heading(each, language) for each in ("count", "state", "happened", "who")]
    yield pages.table(headings, rows, (0.7, 1.6, 4, 3)) if rows else pages.paragraph(say("nothing_stopped", language))


def _deadlines(report: Report, language: Language) -> Iterator[Any]:
    yield pages.paragraph(say("deadlines_head", language), "head")
    rows = [
        [
            value_word(each.within, language),
            f"{each.due_on:%d.%m.%Y}" if each.due_on else "-",
            value_word(each.duty, language),
            each.count,
            _whose(report, each),
        ]
        for each in report.deadlines[:MOST_DEADLINES]
    ]
    headings = [heading(each, language) for each in ("within", "due_on", "duty", "count", "about")]
    yield pages.table(headings, rows, (1, 1.2, 1.8, 0.8, 4)) if rows else pages.paragraph(say("no_deadlines", language))
    yield from _more(len(report.deadlines), MOST_DEADLINES, "deadlines", language)


def _whose(report: Report, each: Deadline) -> str:
    place = report.names.place(each.isyeri_index).ad_unvan if report.place is None else ""
    return ", ".join(filter(None, (place, report.names.professional(each.profesyonel_index)))) or "-"


def _places(report: Report, language: Language) -> Iterator[Any]:
    yield pages.paragraph(say("places_head", language), "head")
    rows = [
        [each.place.ad_unvan or "-", each.place.sgk_tescil_no, each.roster, *(each.covered[name] for name in KINDS)]
        for each in report.coverages[:MOST_PLACES]
    ]
    headings = [
        heading(each, language) for each in ("ad_unvan", "sgk_tescil_no", "roster", "egitim_covered", "muayene_covered")
    ]
    yield pages.table(headings, rows, (4, 3.4, 1.2, 1.3, 1.7)) if rows else pages.paragraph(say("nothing", language))
    yield from _more(len(report.coverages), MOST_PLACES, "coverage", language)


def _more(count: int, most: int, name: str, language: Language) -> Iterator[Any]:
    if count > most:
        yield pages.paragraph(
            say("more", language, count=count, most=most, name=say(f"list_{name}", language)), "small"
        )
