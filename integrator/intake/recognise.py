"""Which reader a file wants, by what stands in it; its name decides only what content leaves open."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

from integrator.catalogue.catalogue import Catalogue
from integrator.domain.findings import Finding
from integrator.domain.records import Submitted
from integrator.intake.archive import OLE, refuse_ole
from integrator.intake.lines import capped_lines
from integrator.intake.read_csv import open_csv
from integrator.intake.read_json import Caps, Unreadable, faulty, read_document, read_ndjson
from integrator.intake.read_xml import read_xml
from integrator.intake.tables import read_tables
from integrator.intake.workbook import open_workbook

_LINES = (".ndjson", ".jsonl")
_JSON = (*_LINES, ".json")
_PDF = b"%PDF"
_LOOKED_AT = 4096


def kind_of(path: Path, suffix: str = "") -> str:
    """``xlsx``, ``xml``, ``json``, ``ndjson`` or ``csv``; raises Unreadable for what is none of them.

    `suffix` is for a file without a name, whose sender said what it is.
    """
    with path.open("rb") as stream:
        head = stream.read(_LOOKED_AT)
    if head.startswith(OLE):
        raise refuse_ole(path)
    if head.startswith(b"PK\x03\x04"):
        return "xlsx"
    if head.startswith((_PDF, b"\x1f\x8b", b"\x89PNG")):
        raise Unreadable("INT-INT-011", path.suffix[:10] or "?", ".xlsx", "#file")
    suffix = suffix or path.suffix.lower()
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # of sheets only; the other readers refuse it
        head = head.decode("utf-16", "ignore").encode()
    text = head.removeprefix(codecs.BOM_UTF8).lstrip(b" \t\r\n")
    if text.startswith(b"<"):
        return "xml"
    if suffix in _LINES:
        return "ndjson"
    if suffix == ".json" or text.startswith((b"{", b"[")) or not text:
        return "ndjson" if text.startswith(b"{") and _is_lines(path) else "json"
    return "csv"


def _is_lines(path: Path) -> bool:
    """Whether the first two lines that are not empty are each a whole object."""
    found = []
    with path.open("rb") as stream:
        for _, line in capped_lines(stream, 1 << 20):
            plain = (line or b"").removeprefix(codecs.BOM_UTF8).strip()
            if plain or line is None:
                found.append(plain.startswith(b"{") and plain.endswith(b"}"))
            if len(found) == 2:
                break
    return found == [True, True]


def read_records(
    path: Path, caps: Caps, catalogue: Catalogue, veri_seti: str | None = None, *, suffix: str = ""
) -> Iterator[Submitted]:
    """The records of a file of any kind we take, streamed. `veri_seti` is for sheets whose headings fit several."""
    try:
        kind = kind_of(path, suffix)
        if kind == "csv":
            table, notes = open_csv(path)
            yield from read_tables([table], notes, caps, catalogue, veri_seti)
        elif kind == "xlsx":
            yield from _read_workbook(path, caps, catalogue, veri_seti)
        else:
            yield from _read_text(path, kind, caps, catalogue)
    except Unreadable as error:
        yield faulty("file", error.finding)


def _read_workbook(path: Path, caps: Caps, catalogue: Catalogue, veri_seti: str | None) -> Iterator[Submitted]:
    size = path.stat().st_size
    if size > caps.file_bytes:
        yield faulty("file", Finding("INT-INT-003", "#file", str(size), f"<= {caps.file_bytes}"))
        return
    workbook = open_workbook(path)
    try:
        yield from read_tables(workbook.sheets, workbook.notes, caps, catalogue, veri_seti)
    finally:
        workbook.close()


def _read_text(path: Path, kind: str, caps: Caps, catalogue: Catalogue) -> Iterator[Submitted]:
    with path.open("rb") as stream:
        if kind == "xml":
            yield from read_xml(stream, caps, catalogue)
        elif kind == "ndjson":
            yield from read_ndjson(stream, caps)
        else:
            yield from read_document(stream, caps)
