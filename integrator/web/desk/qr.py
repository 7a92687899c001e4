"""A QR code as inline SVG: one path, no style of its own."""

from __future__ import annotations

from markupsafe import Markup
from reportlab.graphics.barcode.qrencoder import QRCode, QRErrorCorrectLevel

QUIET = 4
"""Modules of white around (ISO/IEC 18004)."""


def qr_svg(text: str) -> Markup:
    """The picture of `text`; "" for no text. What it says stands beside it as letters, so it is hidden from readers."""
    if not text:
        return Markup("")
    code = QRCode(None, QRErrorCorrectLevel.M)
    code.addData(text)
    code.make()
    side = code.getModuleCount()
    dark = [(row, column) for row in range(side) for column in range(side) if code.isDark(row, column)]
    path = "".join(f"M{column + QUIET} {row + QUIET}h1v1h-1z" for row, column in dark)
    whole = side + 2 * QUIET
    return Markup(
        '<svg class="qr" viewBox="0 0 {0} {0}" aria-hidden="true"><path class="qr-paper" d="M0 0h{0}v{0}h-{0}z"/>'
        '<path class="qr-ink" d="{1}"/></svg>'
    ).format(whole, path)
