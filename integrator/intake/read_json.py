"""Reads JSON and NDJSON into Submitted records.

A record is an object: the customer's ``id``, optionally ``veriSeti`` and ``version``, and the fields of the
veri seti. Nothing is judged here but form: caps, one value per key, plain numbers. What cannot be read becomes
a Submitted with a `fault`, so that one bad line never stops the others.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from integrator.domain.findings import Finding, seen
from integrator.domain.identifiers import holds_tckn
from integrator.domain.records import Submitted
from integrator.intake.lines import capped_lines

DEFAULT_VERI_SETI = "egitim"
_KAYIT_NO = re.compile(r"[A-Za-z0-9._:/-]{1,100}")
# Possessive, closing quote optional: a string always matches at its first quote, so the scan stays linear.
_BRACKET_OR_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[{\]}]', re.DOTALL)
_ENVELOPE = ("id", "veriSeti", "version")


@dataclass(frozen=True, slots=True)
class Caps:
    """Bounds on what comes from outside. Bytes, levels and records."""

    record_bytes: int = 1 << 20
    file_bytes: int = 256 << 20
    depth: int = 8


class Unreadable(ValueError):
    """Carries the code and facts of a finding out of a parser."""

    def __init__(self, code: str, shown: str, wanted: str, path: str = "") -> None:
        super().__init__(code)
        self.finding = Finding(code, path, shown, wanted)


def read_file(path: Path, caps: Caps) -> Iterator[Submitted]:
    """The records of a ``.json`` file (one object or an array of them) or an ``.ndjson`` / ``.jsonl`` file."""
    with path.open("rb") as stream:
        if path.suffix.lower() in (".ndjson", ".jsonl"):
            yield from read_ndjson(stream, caps)
        else:
            yield from read_document(stream, caps)


def read_ndjson(stream: BinaryIO, caps: Caps) -> Iterator[Submitted]:
    """One record per line, streamed in flat memory. Empty lines are passed over."""
    for number, line in capped_lines(stream, caps.record_bytes):
        where = f"line {number}"
        if line is None:
            yield faulty(where, Finding("INT-INT-003", "", f"> {caps.record_bytes}", f"<= {caps.record_bytes}"))
        elif line.strip():
            yield _read_one(line, where, caps)


def read_document(stream: BinaryIO, caps: Caps) -> Iterator[Submitted]:
    """One JSON document: an object, or an array of objects."""
    content = stream.read(caps.file_bytes + 1)
    if len(content) > caps.file_bytes:
        yield faulty("file", Finding("INT-INT-003", "", f"> {caps.file_bytes}", f"<= {caps.file_bytes}"))
        return
    try:
        value = parse(content, caps)
    except Unreadable as error:
        yield faulty("file", error.finding)
        return
    records: Iterable[Any] = value if isinstance(value, list) else [value]
    for number, record in enumerate(records, 1):
        yield submitted_of(record, f"record {number}", caps)


def parse(content: bytes, caps: Caps) -> Any:
    """A JSON value with unique keys, finite numbers and bounded depth; raises Unreadable otherwise."""
    try:
        text = content.decode("utf-8-sig")
        if _too_deep(text, caps.depth + 1):  # one more: an array may hold the records
            raise Unreadable("INT-INT-004", f"> {caps.depth}", f"<= {caps.depth}")
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise Unreadable("INT-INT-005", f"byte {error.start}", "UTF-8") from error
    except json.JSONDecodeError as error:
        raise Unreadable("INT-INT-001", f"{error.msg} (line {error.lineno}, column {error.colno})", "JSON") from error
    except ValueError as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable("INT-INT-001", "a number of too many digits", "JSON") from error


def _too_deep(text: str, limit: int) -> bool:
    """Whether brackets outside of strings nest deeper than `limit`. Cheap for the flat records we expect."""
    if text.count("[") + text.count("{") <= limit:
        return False
    depth = 0
    for token in _BRACKET_OR_STRING.finditer(text):
        first = token[0][0]
        depth += (first in "[{") - (first in "]}")
        if depth > limit:
            return True
    return False


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Unreadable("INT-INT-006", seen(twice), "1", seen(twice))
    return record


def _no_constant(name: str) -> Any:
    raise Unreadable("INT-INT-001", name, "JSON")


def _read_one(line: bytes, where: str, caps: Caps) -> Submitted:
    try:
        return submitted_of(parse(line, caps), where, caps)
    except Unreadable as error:
        return faulty(where, error.finding)


def submitted_of(value: Any, where: str, caps: Caps) -> Submitted:
    """The record that `value` is, of whatever format it came; what is wrong with its form is its fault."""
    if not isinstance(value, dict):
        return faulty(where, Finding("INT-INT-007", "", type(value).__name__, "object"))
    fields = {name: each for name, each in value.items() if name not in _ENVELOPE}
    content = json.dumps(fields, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", "surrogatepass"
    )
    if len(content) > caps.record_bytes:
        return faulty(where, Finding("INT-INT-003", "", f"{len(content)}", f"<= {caps.record_bytes}"))
    kayit_no = value.get("id", "")
    version = value.get("version")
    veri_seti = value.get("veriSeti", DEFAULT_VERI_SETI)
    fault = _envelope_fault(kayit_no, veri_seti, version)
    if fault:
        return faulty(where, fault)
    return Submitted(
        kayit_no,
        veri_seti,
        version,
        fields,
        f"{veri_seti}/{version}/".encode("utf-8", "surrogatepass") + content,
        where,
    )


def _envelope_fault(kayit_no: Any, veri_seti: Any, version: Any) -> Finding | None:
    if not isinstance(kayit_no, str) or (kayit_no and not _KAYIT_NO.fullmatch(kayit_no)) or holds_tckn(kayit_no):
        return Finding("INT-INT-008", "id", seen(kayit_no), "A-Z a-z 0-9 . _ : / -, 1-100")
    if not isinstance(veri_seti, str):
        return Finding("INT-INT-009", "veriSeti", seen(veri_seti), DEFAULT_VERI_SETI)
    if version is not None and not isinstance(version, str):
        return Finding("INT-INT-009", "version", seen(version), "2018-10")
    return None


def faulty(where: str, finding: Finding) -> Submitted:
    """What stands for something that could not be read."""
    return Submitted("", "", None, {}, b"", where, finding)
