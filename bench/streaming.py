"""The flat-memory reading: a long NDJSON stream, made as it is read, through intake."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator

from bench.figures import Row, Scale, Void
from bench.machine import resident_bytes
from bench.world import today, uniform_records
from integrator.intake.read_json import Caps, read_ndjson
from integrator.trial.people import Town

LOOK_EVERY = 5000
LIMIT_MB = 200.0


def measure(scale: Scale) -> Iterator[Row]:
    """Memory gained while the stream passes, and how fast it passes."""
    stream = _Endless(scale.stream)
    began, at_first, most, count = time.perf_counter(), resident_bytes(), 0, 0
    for submitted in read_ndjson(io.BufferedReader(stream), Caps()):
        count += 1
        if submitted.fault:
            raise Void(f"{submitted.where}: {submitted.fault}")
        if count % LOOK_EVERY == 0:
            most = max(most, resident_bytes() - at_first)
    took = time.perf_counter() - began
    size = f"{scale.stream / 1e6:.0f} MB"
    yield Row(
        f"memory gained over {size} NDJSON", most / 1e6, "MB", target=LIMIT_MB, at_most=True,
        note=f"{count:,} records, {count / took:,.0f}/s parsed",
    )  # fmt: skip


class _Endless(io.RawIOBase):
    """Records with fresh ids until `size` bytes were given."""

    def __init__(self, size: int) -> None:
        (record,) = uniform_records(Town(records=1, seed=1, today=today()), 1)
        self._rest = json.dumps({name: value for name, value in record.items() if name != "id"})[1:]
        self._left = size
        self._number = 0
        self._held = b""

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """The next bytes, always ending with a whole line in sight."""
        while self._left > 0 and len(self._held) < len(buffer):
            self._number += 1
            line = f'{{"id": "S-{self._number:08}", {self._rest}\n'.encode()
            self._held += line
            self._left -= len(line)
        piece, self._held = self._held[: len(buffer)], self._held[len(buffer) :]
        buffer[: len(piece)] = piece
        return len(piece)
