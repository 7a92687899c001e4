"""Flip bytes of a small home's SQLite file: each flip is found by `fsck`, or changes nothing that evidence is made of.

`python -m bench.torture.flips [--every N]` flips every Nth byte of a home that it makes (default: every one; hours).
A test samples. Each flip is made in a copy; the file is never written to otherwise.
"""

from __future__ import annotations

import argparse
import shutil
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from integrator import acts, pipeline
from integrator.domain.errors import IntegratorError
from integrator.domain.identifiers import KurumNo
from integrator.evidence.fsck import WORKING, WORKING_TABLES, fsck
from integrator.gateway import Gateway
from integrator.intake.read_json import read_file
from integrator.log import set_up_log
from integrator.protect.seal import read_key_file
from integrator.store.engine import open_engine, sqlite_url
from integrator.store.keyring import KeyRing
from integrator.store.tables import metadata
from integrator.trial.ministry_process import MinistryProcess
from integrator.trial.run import prepare
from integrator.wiring import DATABASE_FILE, caps, open_gateway

BESIDE = WORKING_TABLES | {"meta"}


@dataclass(frozen=True, slots=True)
class Flip:
    """What came of one: `found` is the place that fsck named, empty when nothing that counts had changed."""

    offset: int
    found: str
    missed: bool


class Ground:
    """One file, and what its evidence says while nothing is flipped."""

    def __init__(self, gateway: Gateway, master: bytes, path: Path, folder: Path) -> None:
        self._gateway, self._master, self._copy = gateway, master, folder / "flipped.sqlite3"
        self.content = path.read_bytes()
        self._before = told_by(path)

    def flip(self, offset: int, mask: int = 0x01) -> Flip:
        """Flip the bits of `mask` in one byte."""
        changed = bytearray(self.content)
        changed[offset] ^= mask
        self._copy.write_bytes(changed)
        found = self._found()
        return Flip(offset, found, not found and told_by(self._copy) != self._before)

    def _found(self) -> str:
        database = open_engine(sqlite_url(self._copy))
        try:
            gateway = replace(self._gateway, database=database, keyring=KeyRing(database, self._master))
            return fsck(gateway).broken or ""
        except IntegratorError as error:  # the file does not even open: the command says so
            return error.detail
        finally:
            database.dispose()
            for suffix in ("-wal", "-shm"):
                self._copy.with_name(self._copy.name + suffix).unlink(missing_ok=True)


def told_by(path: Path) -> list[object] | str:
    """Everything in the file that evidence is made of: every column that is no working column."""
    try:
        with sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True) as raw:
            raw.text_factory = bytes
            return [
                row
                for name, columns in _evidence()
                for row in raw.execute(f"SELECT {columns} FROM {name} ORDER BY 1, 2")
            ]
    except sqlite3.DatabaseError as error:
        return str(error)


def _evidence() -> Iterator[tuple[str, str]]:
    for table in metadata.sorted_tables:
        kept = [each.name for each in table.columns if each.name not in WORKING.get(table.name, ())]
        if kept and table.name not in BESIDE:
            yield table.name, ", ".join([*kept, "1"] if len(kept) == 1 else kept)


def sampled(size: int, page: int, each: int) -> list[int]:
    """Offsets in every region of every page: its header, its cell pointers, and `each` places evenly in its rest."""
    heads = [0, 3, 5, 8, 9]
    rest = [12 + (page - 13) * number // each for number in range(each)]
    return [start + at for start in range(0, size, page) for at in (*heads, *rest) if start + at < size]


def main() -> int:
    """Make a home, flip, count."""
    parser = argparse.ArgumentParser(prog="python -m bench.torture.flips")
    parser.add_argument("--every", type=int, default=1)
    options = parser.parse_args()
    set_up_log(level="ERROR")
    with (
        tempfile.TemporaryDirectory(prefix="ibys-flips-") as folder,
        MinistryProcess(faults="none", seed=1) as ministry,
    ):
        ground = _ground(Path(folder), ministry)
        tally: Counter[str] = Counter()
        for offset in range(0, len(ground.content), options.every):
            flip = ground.flip(offset, 1 << offset % 8)
            kind = "MISSED" if flip.missed else (flip.found.split(" ")[0].rstrip(":") if flip.found else "irrelevant")
            tally[kind] += 1
            if flip.missed:
                print(f"missed: byte {offset}", file=sys.stderr)
    print(f"{sum(tally.values())} of {len(ground.content)} bytes flipped: {dict(tally.most_common())}")
    return 1 if tally["MISSED"] else 0


def _ground(folder: Path, ministry: MinistryProcess) -> Ground:
    trial = prepare(folder / "home", ministry, records=3, seed=1, faults="none", key="p-256")
    gateway = open_gateway(trial.settings)
    acts.refresh_codes(gateway)
    list(pipeline.accept(gateway, KurumNo(trial.kurum), read_file(trial.input_file, caps(trial.settings))))
    pipeline.dispatch(gateway)
    acts.checkpoint(gateway)
    gateway.database.dispose()
    path = folder / "small.sqlite3"
    shutil.copyfile(trial.settings.home / DATABASE_FILE, path)
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA journal_mode=DELETE")
        raw.execute("PRAGMA page_size=1024")
        raw.execute("VACUUM")
    return Ground(gateway, read_key_file(trial.settings.path(trial.settings.keys.master_key_file)), path, folder)


if __name__ == "__main__":
    sys.exit(main())
