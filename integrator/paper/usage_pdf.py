"""The usage certificate on paper: what was counted, what that proves and what it does not, and the code to verify it.

It is the workplace's own document, so its name, its number and its professionals stand in it in full. No worker does,
no identity number, and never the firma kodu.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from reportlab.lib.units import mm

from integrator.domain.findings import seen
from integrator.domain.identifiers import KurumNo
from integrator.domain.texts import Language
from integrator.evidence.receipt_pdf import qr_drawing
from integrator.paper import pages
from integrator.paper.tallies import Tally
from integrator.paper.words import heading, say, value_word

FORMAT = "ibys-kullanim-belgesi/1"
MOST_PROFESSIONALS = 30
_QR = 34 * mm


@dataclass(frozen=True, slots=True)
class Professional:
    """Somebody under an approved contract there in the period."""

    ad: str = field(repr=False)
    belge_tipi: str


@dataclass(frozen=True, slots=True)
class Statement:
    """Everything that stands on the paper but its code. `is_trial`: of a gateway that is no production one."""

    gateway: str
    kurum: KurumNo
    is_trial: bool
    title: str
    sgk_tescil_no: str
    hides_sgk: bool
    since: date
    until: date
    tallies: Sequence[Tally]
    professionals: Sequence[Professional]
    made_at: datetime
    language: Language


def render_usage(told: Statement, code: str, usage_no: str) -> bytes:
    """The certificate as PDF."""
    title = say("usage_title", told.language)
    return pages.set_pages(title, _told(told, title, code, usage_no), told.language, made_at=told.made_at)


def qr_text(gateway: str, code: str) -> str:
    """What the QR says: of what form, whose, and the code."""
    return f"{FORMAT} {gateway} {code}"


def _told(told: Statement, title: str, code: str, usage_no: str) -> Iterator[Any]:
    language = told.language
    if told.is_trial:
        yield pages.paragraph(say("usage_trial", language), "head")
    yield pages.paragraph(title, "title")
    yield pages.paragraph(say("usage_law", language))
    yield pages.gap(2)
    yield pages.table(("", ""), _facts(told, usage_no), (1.3, 3))
    yield pages.paragraph(say("usage_counts", language), "head")
    headings = [heading("veri_seti", language), *(say(each, language) for each in ("notified", "accepted", "last"))]
    yield pages.table(headings, [_counted(each, language) for each in told.tallies], (2.4, 1, 1, 1.6))
    yield from _professionals(told)
    for part in ("proves", "proves_not"):
        yield pages.paragraph(say(f"usage_{part}_head", language), "head")
        yield pages.paragraph(say(f"usage_{part}", language, gateway=told.gateway))
    yield pages.together(
        pages.paragraph(say("usage_verify_head", language), "head"),
        pages.paragraph(code, "code"),
        pages.paragraph(say("usage_verify", language, gateway=told.gateway)),
        qr_drawing(qr_text(told.gateway, code), _QR),
    )


def _facts(told: Statement, usage_no: str) -> list[tuple[str, str]]:
    sgk = seen(told.sgk_tescil_no) if told.hides_sgk else told.sgk_tescil_no
    shown = {
        "usage_no": usage_no, "place": told.title, "sgk": sgk,
        "period": f"{told.since:%d.%m.%Y} - {told.until:%d.%m.%Y}", "software": told.gateway, "kurum": told.kurum,
        "made": pages.moment(told.made_at),
    }  # fmt: skip
    return [(say(f"usage_{name}", told.language), value) for name, value in shown.items()]


def _counted(each: Tally, language: Language) -> tuple[object, ...]:
    last = pages.moment(each.last_accepted_at) if each.last_accepted_at else "-"
    return value_word(each.veri_seti, language), each.notified, each.accepted, last


def _professionals(told: Statement) -> Iterator[Any]:
    language = told.language
    yield pages.paragraph(say("usage_people", language), "head")
    rows = [(each.ad, _role(each, language)) for each in told.professionals[:MOST_PROFESSIONALS]]
    headings = (heading("professional", language), heading("role", language))
    yield pages.table(headings, rows, (1, 1)) if rows else pages.paragraph(say("usage_nobody", language))
    if len(told.professionals) > MOST_PROFESSIONALS:
        more = len(told.professionals) - MOST_PROFESSIONALS
        yield pages.paragraph(say("usage_more_people", language, count=more), "small")


def _role(each: Professional, language: Language) -> str:
    return say(f"belge_tipi_{each.belge_tipi}", language) if each.belge_tipi in ("1", "2", "3") else "-"
