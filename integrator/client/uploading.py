"""Uploads that get through bad lines: what was not answered is sent again, and nothing is stored twice for it.

Records and NDJSON go in parts: as many lines as a part takes are kept until each is answered, so a generator can be
uploaded too, in flat memory. A part shrinks when the line breaks and grows again. Files of other kinds go whole, with
`skip` set to the records that were answered.
"""

from __future__ import annotations

import http.client
import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from integrator.client.answers import Answer
from integrator.client.problems import Busy, GatewayError, Unreachable
from integrator.client.wire import NDJSON, OCTETS, Wire

PART_LINES, LEAST_LINES = 5_000, 50
PART_BYTES = 8 << 20
PATH = "/kayit/upload"
LINES = (".ndjson", ".jsonl")


def upload_records(wire: Wire, records: Iterable[Mapping[str, Any]]) -> Iterator[Answer]:
    """An answer for each record, in their order, as each is stored. Raises Unreachable when patience is at its end."""
    lines = (json.dumps(each, ensure_ascii=False, separators=(",", ":")).encode() for each in records)
    for answer in upload_lines(wire, enumerate(lines, 1)):
        yield replace(answer, where=f"record {answer.place}")


def upload_file(wire: Wire, path: Path, veri_seti: str = "") -> Iterator[Answer]:
    """An answer for each record of a file: NDJSON in parts, any other kind (XLSX, CSV, XML, JSON) whole."""
    if path.suffix.lower() not in LINES:
        yield from _upload_whole(wire, path, veri_seti)
        return
    with path.open("rb") as stream:
        yield from upload_lines(wire, ((number, line) for number, line in enumerate(stream, 1) if line.strip()))


def upload_lines(wire: Wire, numbered: Iterable[tuple[int, bytes]]) -> Iterator[Answer]:
    """(line number, line) in, answers out; a line leaves the part when its answer has come."""
    coming, part = iter(numbered), deque[tuple[int, bytes]]()
    size, place, failed = PART_LINES, 0, 0
    while _fill(part, coming, size):
        sent = list(islice(part, size))
        try:
            for told in _answers(wire, b"".join(line.rstrip(b"\r\n") + b"\n" for _, line in sent)):
                number, _ = part.popleft()
                place, failed = place + 1, 0
                yield Answer.of(told, place=place, where=f"line {number}")
            size = min(PART_LINES, size * 2)
        except _BREAKS as error:
            size, failed = max(LEAST_LINES, size // 2), failed + 1
            wire.patience.wait(failed, _named(error))


def _fill(part: deque[tuple[int, bytes]], coming: Iterator[tuple[int, bytes]], size: int) -> bool:
    """Take lines until the part is full, by count or by bytes; False when there is none left."""
    weight = sum(len(line) for _, line in part)
    while len(part) < size and weight < PART_BYTES and (each := next(coming, None)):
        part.append(each)
        weight += len(each[1])
    return bool(part)


def _upload_whole(wire: Wire, path: Path, veri_seti: str) -> Iterator[Answer]:
    place = failed = 0
    with path.open("rb") as stream:
        while True:
            stream.seek(0)
            try:
                for told in _answers(wire, stream, skip=place, veri_seti=veri_seti):
                    place, failed = place + 1, 0
                    yield Answer.of(told, place=place)
                return
            except _BREAKS as error:
                failed += 1
                wire.patience.wait(failed, _named(error))


_BREAKS = (OSError, http.client.HTTPException, Busy)


def _answers(wire: Wire, body: Any, **query: Any) -> Iterator[dict[str, Any]]:
    """The lines of one try but the last, which must say that it is done. Raises what `_BREAKS` names otherwise."""
    kind = NDJSON if isinstance(body, bytes) else OCTETS
    for line in wire.stream(PATH, query=query, body=body, kind=kind):
        told = json.loads(line)
        if told.get("done") is True:
            return
        if "done" in told:  # the server's own trouble, in the middle
            raise Busy("the server stopped in the middle", told=told)
        yield told
    raise http.client.IncompleteRead(b"")


def _named(error: Exception) -> GatewayError:
    if isinstance(error, GatewayError):
        return error
    named = Unreachable(f"{type(error).__name__}: {error}")
    named.__cause__ = error
    return named
