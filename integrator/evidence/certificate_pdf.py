"""The certificate of destruction on paper: its lines, a place to sign, and the digest of its JSON."""

from __future__ import annotations

import io
from collections.abc import Iterator
from hashlib import sha256
from itertools import islice

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.lib.utils import simpleSplit
from reportlab.pdfgen.canvas import Canvas

from integrator.evidence.receipt_pdf import BOLD, PLAIN, put_fonts
from integrator.keeping.certificates import Certificate

_LEFT, _TOP, _WIDTH, _STEP = 20 * mm, 272 * mm, 170 * mm, 4.6 * mm
_LINES = 50  # on one page


def render_certificate(certificate: Certificate, document: bytes) -> bytes:
    """As many A4 pages as its lines need, as PDF; the same certificate gives the same bytes."""
    put_fonts()
    out = io.BytesIO()
    pdf = Canvas(out, pagesize=A4, invariant=1)
    pdf.setTitle(f"İmha tutanağı {certificate.number}")
    head, *rest = certificate.lines()
    lines = _wrapped([*rest, "", f"JSON SHA-256: {sha256(document).hexdigest()}"])
    while page := list(islice(lines, _LINES)):
        _draw_page(pdf, head, page)
    pdf.save()
    return out.getvalue()


def _wrapped(lines: list[str]) -> Iterator[str]:
    for line in lines:
        yield from simpleSplit(line, PLAIN, 9, _WIDTH) or [""]


def _draw_page(pdf: Canvas, head: str, lines: list[str]) -> None:
    pdf.setFont(BOLD, 11)
    pdf.drawString(_LEFT, _TOP + 2 * _STEP, head)
    pdf.setFont(PLAIN, 9)
    for number, line in enumerate(lines):
        pdf.drawString(_LEFT, _TOP - number * _STEP, line)
    pdf.drawString(
        _LEFT, 18 * mm, "Ad, imza, tarih / name, signature, date: ..............................................."
    )
    pdf.drawRightString(_LEFT + _WIDTH, 12 * mm, str(pdf.getPageNumber()))
    pdf.showPage()
