"""The makbuz as one page: Turkish with English beside it, embedded fonts, a QR of the digest."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import reportlab
from reportlab.graphics import renderPDF
from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from integrator.domain.advice import word
from integrator.domain.clock import ISTANBUL
from integrator.evidence.receipt import Receipt, qr_text

_FONTS = Path(reportlab.__file__).parent / "fonts"
PLAIN, BOLD = "Vera", "VeraBd"  # Bitstream Vera has the Turkish letters, and reportlab brings it
_LEFT, _VALUES, _RIGHT = 20 * mm, 78 * mm, 190 * mm
_QR = 42 * mm


def render_receipt(receipt: Receipt) -> bytes:
    """One A4 page as PDF; the same receipt gives the same bytes."""
    put_fonts()
    out = io.BytesIO()
    page = Canvas(out, pagesize=A4, invariant=1)
    page.setTitle(f"Makbuz {receipt['sorgu_no']}")
    page.setFont(BOLD, 18)
    page.drawString(_LEFT, 270 * mm, "Bildirim makbuzu")
    page.setFont(PLAIN, 9)
    page.drawString(_LEFT, 264 * mm, f"Receipt of a notification · {receipt['gateway']}")
    _draw_qr(page, qr_text(receipt))
    _draw_rows(page, receipt)
    _draw_foot(page, receipt)
    page.showPage()
    page.save()
    return out.getvalue()


def put_fonts() -> None:
    """Make `PLAIN` and `BOLD` known to reportlab."""
    for name in (PLAIN, BOLD):
        pdfmetrics.registerFont(TTFont(name, str(_FONTS / f"{name}.ttf")))
    pdfmetrics.registerFontFamily(PLAIN, normal=PLAIN, bold=BOLD, italic=PLAIN, boldItalic=BOLD)


def _draw_qr(page: Canvas, text: str) -> None:
    renderPDF.draw(qr_drawing(text, _QR), page, _RIGHT - _QR, 236 * mm)


def qr_drawing(text: str, side: float) -> Drawing:
    """The QR of a text, `side` points wide and high."""
    widget = QrCodeWidget(text, barLevel="M")
    left, bottom, right, top = widget.getBounds()
    drawing = Drawing(side, side, transform=(side / (right - left), 0, 0, side / (top - bottom), 0, 0))
    drawing.add(widget)
    return drawing


def _draw_rows(page: Canvas, receipt: Receipt) -> None:
    height = 228 * mm
    for tr, en, value in _rows(receipt):
        page.setFont(BOLD, 9)
        page.drawString(_LEFT, height, tr)
        page.setFont(PLAIN, 7)
        page.drawString(_LEFT, height - 3.4 * mm, en)
        page.setFont(PLAIN, 9)
        for line in _lines(value):
            page.setFont(PLAIN, 9 if len(line) <= 48 else 7.5)
            page.drawString(_VALUES, height, line)
            height -= 4.2 * mm
        height -= 4.6 * mm


def _rows(receipt: Receipt) -> Iterator[tuple[str, str, str]]:
    times, parts, digests = receipt["times"], receipt["parts"], receipt["digests"]
    yield "Sorgu no", "Number", str(receipt["sorgu_no"])
    yield "Kayıt no", "Record", f"{receipt['kayit_no']} / {receipt['part']}"
    if receipt["ministry_no"]:
        yield "Bakanlık no", "Ministry's number", receipt["ministry_no"]
    yield "Veri seti", "Version, way", f"{receipt['veri_seti']} {receipt['version']}, {receipt['metot']}"
    yield "Olay tarihi", "Date of the event", receipt["event_date"]
    yield "İSG profesyoneli", "Professional (masked)", receipt["professional"]
    yield "Durum", "State", f"{word(receipt['state'], 'tr')} / {word(receipt['state'], 'en')}"
    yield "Sonuç kodu", "Code of the ministry", receipt["code"] or "-"
    yield "Kabul edilen", "Stored parts", f"{parts['accepted']} / {parts['total']}"
    yield "Alındı", "Taken in", _local(times["taken_in"])
    yield "Gönderildi", "First sent", _local(times["sent"])
    yield "Yanıtlandı", "Last answer", _local(times["answered"])
    yield "İmza", "Signature", receipt["signature"] or "-"
    kind = "SHA-256" if digests["kind"] == "sha256" else "SHA-256, tuzlu taahhüt (salted commitment)"
    yield "İmzalanan baytlar", "Bytes that were signed", f"{kind}\n{digests['canonical']}"
    if "cms" in digests:
        yield "İmza özeti", "Signature file", digests["cms"]
    origin, size, root = receipt["checkpoint"].split("\n")[:3]
    newest = receipt["entries"][-1]
    yield "Denetim kaydı", "Entry of the audit log", f"{newest['index']} ({len(newest['proof'])} düğümlü kanıt / nodes)"
    yield "Mühür", "Checkpoint", f"{origin}, {size} kayıt / entries\n{root}"


def _lines(value: str) -> Iterator[str]:
    for line in value.split("\n"):
        yield from (line[at : at + 64] for at in range(0, max(len(line), 1), 64))


def _local(at: str | None) -> str:
    if at is None:
        return "-"
    return datetime.fromisoformat(at).astimezone(ISTANBUL).strftime("%d.%m.%Y %H:%M:%S")


def _draw_foot(page: Canvas, receipt: Receipt) -> None:
    page.setFont(PLAIN, 7)
    number = receipt["sorgu_no"]
    page.drawString(
        _LEFT, 22 * mm, "Bu sayfa bir özettir. Kanıtın tamamı: ibys receipt --json; başkasının doğrulayacağı paket:"
    )
    page.drawString(
        _LEFT, 18.5 * mm, f"ibys evidence pack --sorgu-no {number}. Kimlik numarası ve sağlık verisi içermez."
    )
    page.drawString(
        _LEFT,
        15 * mm,
        "A summary; the whole proof is in the JSON form, and in the evidence pack that a stranger verifies.",
    )
