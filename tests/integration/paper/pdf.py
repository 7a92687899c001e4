"""What a PDF says, read by a library that did not write it."""

import io

from pypdf import PdfReader


def pages_of(pdf):
    return [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]


def words_of(pdf):
    """Every page's text on one line: where lines break is no matter."""
    return " ".join(" ".join(pages_of(pdf)).split())
