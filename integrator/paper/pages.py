"""A4 pages that are set, not drawn: headings, tables, charts, with page numbers and the moment of making below."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import KeepTogether, LongTable, Paragraph, SimpleDocTemplate, Spacer, TableStyle

from integrator.domain.clock import ISTANBUL
from integrator.domain.texts import Language
from integrator.evidence.receipt_pdf import BOLD, PLAIN, put_fonts
from integrator.paper.charts import Chart
from integrator.paper.drawing import draw_chart
from integrator.paper.words import say

WIDTH = A4[0] - 40 * mm
_RULE = HexColor("#9aa4ac")
_STYLES = {
    "title": ParagraphStyle("title", fontName=BOLD, fontSize=16, leading=20),
    "head": ParagraphStyle("head", fontName=BOLD, fontSize=11, leading=14, spaceBefore=10, spaceAfter=4),
    "text": ParagraphStyle("text", fontName=PLAIN, fontSize=9, leading=12.5, spaceAfter=3),
    "code": ParagraphStyle("code", fontName=BOLD, fontSize=13, leading=20),
    "small": ParagraphStyle("small", fontName=PLAIN, fontSize=7.5, leading=10),
    "cell": ParagraphStyle("cell", fontName=PLAIN, fontSize=8, leading=10),
    "column": ParagraphStyle("column", fontName=BOLD, fontSize=8, leading=10),
}


def paragraph(text: str, style: str = "text") -> Any:
    """A text of ours or of others; nothing in it is read as markup."""
    return Paragraph(escape(text, quote=False), _STYLES[style])


def gap(millimetres: float) -> Any:
    """Empty space."""
    return Spacer(0, millimetres * mm)


def together(*several: Any) -> Any:
    """What stands on one page where it fits on one."""
    return KeepTogether(list(several))


def chart(drawn: Chart) -> Any:
    """A chart over the whole width, under its title."""
    return together(paragraph(drawn.title, "head"), draw_chart(drawn, width=WIDTH))


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], shares: Sequence[float]) -> Any:
    """A table over the whole width; `shares` are the widths of its columns among one another."""
    cells = [[paragraph(each, "column") for each in headings]]
    cells += [[paragraph(str(each), "cell") for each in row] for row in rows]
    widths = [WIDTH * each / sum(shares) for each in shares]
    made = LongTable(cells, colWidths=widths, repeatRows=1, hAlign="LEFT")
    lines = [("LINEBELOW", (0, 0), (-1, 0), 0.8, _RULE), ("LINEBELOW", (0, 1), (-1, -1), 0.3, _RULE)]
    tight = [("TOPPADDING", (0, 0), (-1, -1), 2), ("BOTTOMPADDING", (0, 0), (-1, -1), 2)]
    made.setStyle(
        TableStyle([*lines, *tight, ("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (0, -1), 0)])
    )
    return made


def set_pages(title: str, told: Iterable[Any], language: Language, *, made_at: datetime) -> bytes:
    """The PDF; the same content gives the same bytes. `told` is made while it is set: its texts need the fonts."""
    put_fonts()
    out = io.BytesIO()
    margins = {"leftMargin": 20 * mm, "rightMargin": 20 * mm, "topMargin": 18 * mm, "bottomMargin": 22 * mm}
    document = SimpleDocTemplate(out, pagesize=A4, title=title, lang=language, invariant=1, **margins)
    foot = say("foot", language, title=title, at=moment(made_at))

    def numbered(*given: Any, **facts: Any) -> Canvas:
        return _Numbered(*given, foot=foot, language=language, **facts)

    document.build(list(told), canvasmaker=numbered)
    return out.getvalue()


class _Numbered(Canvas):  # type: ignore[misc]  # reportlab has no types
    """Writes ``3 / 7`` below each page, once it is known how many there are."""

    def __init__(self, *given: Any, foot: str, language: Language, **facts: Any) -> None:
        super().__init__(*given, **facts)
        self._foot, self._language, self._states = foot, language, list[dict[str, Any]]()

    def showPage(self) -> None:  # noqa: N802 - reportlab's name
        """Keep the page until all are there."""
        self._states.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        """Number the pages and write them."""
        for number, state in enumerate(self._states, 1):
            self.__dict__.update(state)
            self.setFont(PLAIN, 7)
            self.drawString(20 * mm, 12 * mm, self._foot)
            self.drawRightString(A4[0] - 20 * mm, 12 * mm, f"{number} / {len(self._states)}")
            super().showPage()
        super().save()


def moment(at: datetime) -> str:
    """As people in Turkey read it, to the minute."""
    return at.astimezone(ISTANBUL).strftime("%d.%m.%Y %H:%M")
