"""The flat-memory reading: a long NDJSON stream, made as it is read, and long sheets from files, through intake."""

from __future__ import annotations

import io
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import xlsxwriter

from bench.figures import Row, Scale, Void
from bench.machine import resident_bytes
from bench.world import today, uniform_records
from integrator.catalogue.catalogue import read_catalogue
from integrator.intake.read_json import Caps, read_ndjson
from integrator.intake.recognise import read_records
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
    yield from _sheets(scale)


def _sheets(scale: Scale) -> Iterator[Row]:
    """The same for CSV and XLSX: rows of 50 workers a record, from a file, both walks."""
    count = scale.stream // 2000
    with tempfile.TemporaryDirectory(prefix="ibys-bench-") as folder:
        for name, write in (("CSV", _write_csv), ("XLSX", _write_xlsx)):
            path = Path(folder) / f"rows.{name.lower()}"
            write(path, count)
            at_first, began, most, read = resident_bytes(), time.perf_counter(), 0, 0
            for submitted in read_records(path, Caps(), read_catalogue()):
                if submitted.fault or submitted.remarks:
                    raise Void(f"{submitted.where}: {submitted.fault or submitted.remarks}")
                read += len(submitted.fields["calisan"])
                most = max(most, resident_bytes() - at_first) if read % 1000 == 0 else most
            took = time.perf_counter() - began
            if read != count:
                raise Void(f"{read} rows of {count} were read from {path.name}")
            yield Row(
                f"memory gained over {count:,} rows of {name}", most / 1e6, "MB", target=LIMIT_MB, at_most=True,
                note=f"{count / took:,.0f} rows/s",
            )  # fmt: skip


def _rows(count: int) -> Iterator[list[str]]:
    yield ["Kayıt No", *_FIELDS, "Çalışan TC"]
    for number in range(count):
        yield [f"S-{number // 50:08}", *_FIELDS.values(), f"{80_000_000_000 + number}"]


_FIELDS = {
    "belgeTipi": "2", "isgProfTckNo": "81234567804", "egitimTarihi": "23.10.2025", "egitimYer": "1", "egitimTur": "1",
    "sgkTescilNo": "29999010100001230069994000", "egiticiTckNo": "81234567804", "egitimKoduId": "240",
    "egitimSuresi": "40",
}  # fmt: skip


def _write_csv(path: Path, count: int) -> None:
    path.write_text("".join(";".join(row) + "\n" for row in _rows(count)), encoding="utf-8")


def _write_xlsx(path: Path, count: int) -> None:
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    sheet = book.add_worksheet("Kayıtlar")
    for number, row in enumerate(_rows(count)):
        for at, text in enumerate(row):
            sheet.write_string(number, at, text)
    book.close()


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

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed has no such buffer
        """The next bytes, always ending with a whole line in sight."""
        while self._left > 0 and len(self._held) < len(buffer):
            self._number += 1
            line = f'{{"id": "S-{self._number:08}", {self._rest}\n'.encode()
            self._held += line
            self._left -= len(line)
        piece, self._held = self._held[: len(buffer)], self._held[len(buffer) :]
        buffer[: len(piece)] = piece
        return len(piece)
