"""Flip every byte of a small home's SQLite file: each flip is found by `fsck`, or provably changes nothing.

`python -m bench.torture.flips [--every N [--first M]] [--processes P] [--out FILE]`. The home has lived (``lived.py``):
no table is without a row, pages have 512 bytes. A flip is one bit, another one from byte to byte, in a copy in memory:

1. *Irrelevant* when SQLite finds nothing wrong and reads the same: every row of every table with its rowid, every
   index (the integrity check compares them), the text of the schema. Such bytes are free space.
2. Else `fsck` itself judges the copy, and what it names is the verdict. Flips of the first page, which tells how to
   open the file, are judged as a real file.
3. *Working* when it names nothing and only columns or tables differ of which no evidence is made
   (`evidence/working.py` says which and why); *erased* when only sealed values of a record differ whose key was
   destroyed: they open for nobody.
4. Whatever is left was missed. A flip that ends the command in a traceback is missed as well.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import NullPool

from bench import machine
from bench.torture.lived import MASTER, a_lived_gateway
from integrator.domain.errors import IntegratorError
from integrator.evidence.fsck import fsck
from integrator.evidence.working import ERASED, TABLES, WORKING
from integrator.gateway import Gateway
from integrator.log import set_up_log
from integrator.store.dialect import plain_sql, prepared
from integrator.store.engine import open_engine, sqlite_url
from integrator.store.keyring import KeyRing

RESULTS = Path(__file__).parents[1] / "results" / "flips.json"
PAGE = 512
SAME, WORKS, GONE, MISSED, CRASHED = "irrelevant", "working", "erased", "MISSED", "CRASHED"

Dump = dict[str, list[tuple[Any, ...]]]
"""Table -> its rows as SQLite stores them, rowid first; `sqlite_schema` -> the schema's text."""


@dataclass(frozen=True, slots=True)
class Flip:
    """What came of one: the verdict (`Break.what`, or one of the above) and the words that name the place."""

    offset: int
    verdict: str
    words: str = ""


class Ground:
    """One file, and what is read in it while nothing is flipped."""

    def __init__(self, gateway: Gateway, content: bytes, folder: Path) -> None:
        self.content, self._now, self._copy = content, content, folder / "flipped.sqlite3"
        self._gateway = gateway
        self._memory = prepared("sqlite://", creator=self._connect, poolclass=NullPool)
        self._before = self._dump()
        self.names = columns_of(content)
        self._erased = erased_in(content)

    def flip(self, offset: int, mask: int = 0x01) -> Flip:
        """Flip the bits of `mask` in one byte."""
        changed = bytearray(self.content)
        changed[offset] ^= mask
        self._now = bytes(changed)
        after = self._dump()
        if after is not None and after == self._before:
            return Flip(offset, SAME)
        try:
            found = self._judge(as_file=offset < PAGE)
        except Exception as error:  # noqa: BLE001 - a traceback is a verdict here, and a bad one
            return Flip(offset, CRASHED, f"{type(error).__name__}: {error}"[:200])
        if found:
            return Flip(offset, *found)
        differing = differences(self._before, after, self.names)
        verdicts = {_verdict(*each, self._erased) for each in differing} or {MISSED}
        verdict = MISSED if MISSED in verdicts else max(verdicts)
        return Flip(offset, verdict, ", ".join(sorted({f"{table}.{column}" for table, column, _ in differing})))

    def _judge(self, *, as_file: bool) -> tuple[str, str] | None:
        database = self._memory
        if as_file:
            self._copy.write_bytes(self._now)
            database = open_engine(sqlite_url(self._copy))
        try:
            found = fsck(replace(self._gateway, database=database, keyring=KeyRing(database, MASTER))).found
        except IntegratorError as error:  # the file does not even open: the command says so
            return "storage", error.detail
        finally:
            database.dispose()
            for each in self._copy.parent.glob(f"{self._copy.name}*"):
                each.unlink()
        return (found.what, found.words) if found else None

    def _connect(self) -> sqlite3.Connection:
        return in_memory(self._now)

    def _dump(self) -> Dump | None:
        """Everything that can be read; None when SQLite itself finds a fault."""
        try:
            raw = self._connect()
        except sqlite3.Error:
            return None
        try:
            return read_all(raw)
        except (sqlite3.Error, UnicodeDecodeError):
            return None
        finally:
            raw.close()


def in_memory(content: bytes) -> sqlite3.Connection:
    """A database in memory that holds what a file with this content would."""
    raw = sqlite3.connect(":memory:", check_same_thread=False)
    raw.deserialize(content)
    return raw


def read_all(raw: sqlite3.Connection) -> Dump | None:
    """Every row of every table, and the schema; None when the integrity check finds a fault."""
    raw.text_factory = bytes
    if raw.execute("PRAGMA integrity_check(1)").fetchone() != (b"ok",):
        return None
    schema = raw.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema").fetchall()
    tables = [name.decode() for kind, name, *_ in schema if kind == b"table"]
    rows = {each: raw.execute(f'SELECT rowid, * FROM "{each}" ORDER BY rowid').fetchall() for each in tables}
    kinds = {name: [(*row, *map(type, row)) for row in several] for name, several in rows.items()}  # 1 is not 1.0
    texts = [(*row[:3], plain_sql(row[3].decode("utf-8", "replace")) if row[3] else row[3]) for row in schema]
    return {**kinds, "sqlite_schema": texts}


def columns_of(content: bytes) -> dict[str, list[str]]:
    """Table -> its columns, as they stand in the file."""
    raw = in_memory(content)
    tables = [name for (name,) in raw.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    found = {each: [row[1] for row in raw.execute(f'PRAGMA table_info("{each}")')] for each in tables}
    raw.close()
    return found


def erased_in(content: bytes) -> frozenset[object]:
    """Ids of erased records and numbers of their messages."""
    raw = in_memory(content)
    gone = [each for (each,) in raw.execute("SELECT kayit_no FROM content_key WHERE substr(sealed, 1, 1) = x'00'")]
    marks = ", ".join("?" * len(gone))
    numbers = raw.execute(f"SELECT sorgu_no FROM bildirim WHERE kayit_no IN ({marks})", gone).fetchall()
    raw.close()
    return frozenset([*(each.encode() for each in gone), *(each for (each,) in numbers)])


Difference = tuple[str, str, Mapping[str, Any]]
"""Table, column, and the row as it was; a row that came, went or moved counts as the column ``*``."""


def differences(before: Dump | None, after: Dump | None, names: dict[str, list[str]]) -> list[Difference]:
    """Every value that is not as it was."""
    if before is None or after is None:
        return [("file", "*", {})]
    found: list[Difference] = []
    for table in before.keys() | after.keys():
        old, new = before.get(table, []), after.get(table, [])
        if len(old) != len(new) or [row[0] for row in old] != [row[0] for row in new] or table not in names:
            found += [(table, "*", {})] if old != new else []
            continue
        for a, b in zip(old, new, strict=True):
            row = dict(zip(names[table], a[1:], strict=False))
            found += [(table, name, row) for at, name in enumerate(names[table]) if _differs(a, b, at)]
    return found


def _differs(old: tuple[Any, ...], new: tuple[Any, ...], at: int) -> bool:
    kind = len(old) // 2 + 1 + at
    return bool(old[at + 1] != new[at + 1] or old[kind] is not new[kind])


def _verdict(table: str, column: str, row: Mapping[str, Any], erased: frozenset[object]) -> str:
    if table in TABLES or column in WORKING.get(table, {}):
        return WORKS
    of_erased = row.get("kayit_no", row.get("sorgu_no")) in erased
    return GONE if of_erased and column in ERASED.get(table, ()) else MISSED


def a_ground(folder: Path) -> Ground:
    """A home that has lived, in one file of small pages."""
    database = open_engine(sqlite_url(folder / "home.sqlite3"))
    gateway = a_lived_gateway(database)
    database.dispose()
    return Ground(gateway, small_pages(folder / "home.sqlite3", folder / "small.sqlite3"), folder)


def small_pages(path: Path, small: Path) -> bytes:
    """The content of a copy of the file `path` with small pages, and nothing in its log."""
    raw = sqlite3.connect(path)
    for statement in ("PRAGMA journal_mode=DELETE", f"PRAGMA page_size={PAGE}", f"VACUUM INTO '{small}'"):
        raw.execute(statement)
    raw.close()
    return small.read_bytes()


def sampled(size: int, each: int) -> list[int]:
    """Offsets in every region of every page: its header, its cell pointers, and `each` places evenly in its rest."""
    heads = [0, 3, 5, 8, 9]
    rest = [12 + (PAGE - 13) * number // each for number in range(each)]
    return [start + at for start in range(0, size, PAGE) for at in (*heads, *rest) if start + at < size]


def main() -> int:
    """Make a home, flip, count, write down."""
    parser = argparse.ArgumentParser(prog="python -m bench.torture.flips")
    parser.add_argument("--every", type=int, default=1, help="only every Nth byte")
    parser.add_argument("--first", type=int, default=0, help="the first of them: a whole run in parts")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--out", type=Path, help=f"where the figures go; of a whole run {RESULTS.name} by itself")
    options = parser.parse_args()
    set_up_log(level="CRITICAL")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ibys-flips-") as folder:
        ground = a_ground(Path(folder))
        flips = list(_all(ground, options.first, options.every, options.processes, Path(folder)))
    told = _told(ground, flips, time.monotonic() - began)
    out = options.out or (RESULTS if options.every == 1 else None)
    if out:
        out.write_text(json.dumps(told, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    print(json.dumps({name: value for name, value in told.items() if name != "places"}, ensure_ascii=False, indent=2))
    for each in told["not_found"]:
        print(f"missed: {each}", file=sys.stderr)
    return 1 if told["not_found"] else 0


def _all(ground: Ground, first: int, every: int, processes: int, folder: Path) -> Iterator[Flip]:
    """Flips in several processes, each with a ground of its own."""
    offsets = range(first, len(ground.content), every)
    queue = multiprocessing.get_context("fork")
    with queue.Pool(processes, _own, (ground, folder)) as pool:
        for done, flip in enumerate(pool.imap_unordered(_flip, offsets, chunksize=64)):
            if sys.stderr.isatty() and done % 1000 == 0:
                print(f"{done} of {len(offsets)}", end="\r", file=sys.stderr)
            yield flip


_OWN: list[Ground] = []


def _own(ground: Ground, folder: Path) -> None:
    """At the start of a process: its ground, with a file of its own."""
    mine = folder / multiprocessing.current_process().name
    mine.mkdir()
    _OWN.append(Ground(ground._gateway, ground.content, mine))


def _flip(offset: int) -> Flip:
    return _OWN[0].flip(offset, 1 << offset % 8)


def _told(ground: Ground, flips: list[Flip], seconds: float) -> dict[str, Any]:
    verdicts = Counter(each.verdict for each in flips)
    places = Counter(f"{each.verdict}: {_place(each)}" for each in flips if each.verdict != SAME)
    bad = [each for each in flips if each.verdict in (MISSED, CRASHED)]
    return {
        "what": "one bit of each byte of a lived home's SQLite file is flipped",
        "machine": machine.describe(),
        "file_bytes": len(ground.content),
        "flipped": len(flips),
        "tables": len(ground.names),
        "verdicts": dict(verdicts.most_common()),
        "why": {
            "storage": "SQLite itself, by what fsck asks it",
            "entry, leaf, hash, node, checkpoint": "the audit log, by its own tree",
            "row": "a row against its entries, or a sealed value that does not open",
            SAME: "every row, index and the schema read as before: free space",
            WORKS: "only columns or tables differ of which no evidence is made (integrator/evidence/working.py)",
            GONE: "only sealed values differ whose record's key was destroyed: they open for nobody",
        },
        "places": dict(sorted(places.items(), key=lambda each: -each[1])),
        "not_found": [f"byte {each.offset}: {each.verdict} {each.words}" for each in bad],
        "seconds": round(seconds),
    }


def _place(flip: Flip) -> str:
    """The words without what differs from flip to flip: the table, and what of it."""
    if flip.verdict == "row":
        return flip.words.split(" ")[0].rstrip(":")
    return flip.words if flip.verdict in (WORKS, GONE) else flip.words.split(":")[0].split(" ")[0]


if __name__ == "__main__":
    sys.exit(main())
