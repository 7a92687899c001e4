"""`python -m bench.torture [--only NAME] [--engine NAME] [--short] [--json]`: tries everything, counts, writes a table.

Exit 1 when anything was lost, doubled or does not verify. Everything runs on the loopback, in one temporary folder;
homes of failed trials are kept and named. `--short` is what `make test` runs; it writes no result file.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import machine
from bench.torture import clocks, disk, kill, network, pauses, scale, servers, singles, storm, uploads
from bench.torture.databases import databases
from bench.torture.grounds import grounds
from bench.torture.kill import Tally
from bench.torture.table import write
from integrator.domain.errors import Misconfigured
from integrator.log import set_up_log

Run = Callable[["Order", Path, str], Iterator[Tally]]
ENGINES = ("sqlite", "postgresql")
SHORT_UPLOAD, SHORT_SINGLES = 2_000, 800


class Order(argparse.Namespace):
    """What was asked for."""

    only: list[str]
    engine: list[str]
    short: bool
    json: bool
    seed: int
    passes: int
    records: int
    runs: int
    steps: int
    messages: int
    lines: int
    singles: int
    outage: int
    seconds: int
    folder: Path | None


def _kills(order: Order, folder: Path, engine: str) -> Iterator[Tally]:
    with databases(engine, folder) as base:
        for number in range(1 if order.short else order.passes):
            place = folder / f"kill-{number}"
            with grounds(place, _renamed(base, number), records=order.records, seed=order.seed + number) as ground:
                yield kill.some_points(ground, 8) if order.short else kill.every_point(ground, _progress)
                if number == 0 and not order.short:
                    yield kill.init_points(ground)


def _trials(order: Order, folder: Path, engine: str) -> Iterator[Tally]:
    with databases(engine, folder) as base, grounds(folder / "pauses", base, records=12, seed=order.seed) as ground:
        yield pauses.sleepers(ground, pauses.PLACES[:2] if order.short else pauses.PLACES)
        yield clocks.jumping(ground, 1 if order.short else 12)
        if engine == "sqlite":
            yield disk.full_disk(ground, scenes=1 if order.short else 3)


def _networks(order: Order, folder: Path, engine: str) -> Iterator[Tally]:
    with databases(engine, folder) as base:
        ground_of = grounds(folder / "network", base, records=24, seed=order.seed, faults="none")
        with ground_of as ground:
            yield network.each_toxic(ground, network.ONE if order.short else network.TOXICS)


def _pulls(order: Order, folder: Path, engine: str) -> Iterator[Tally]:
    if engine == "postgresql":
        with databases(engine, folder) as base, grounds(folder / "pulls", base, records=24, seed=order.seed) as ground:
            yield servers.pulled(ground, short=order.short)


def _storms(order: Order, folder: Path, engine: str) -> Iterator[Tally]:
    if not order.short:  # `make test` runs it by itself
        yield storm.storms(engine, folder, runs=order.runs, steps=order.steps, seed=order.seed)


def _scales(order: Order, folder: Path, engine: str) -> Iterator[Tally]:
    if not order.short:
        yield from scale.measure(order, folder, engine)


def _uploads(order: Order, folder: Path, engine: str) -> Iterator[Tally]:
    if engine == "sqlite":
        lines, kills = (SHORT_UPLOAD, 3) if order.short else (order.lines, 12)
        yield uploads.uploads(folder, lines=lines, kills=kills, seed=order.seed)


def _singles(order: Order, folder: Path, engine: str) -> Iterator[Tally]:
    if engine == "sqlite":  # only beside an embedded database are they stored on the loop
        records, kills = (SHORT_SINGLES, 2) if order.short else (order.singles, 60)
        yield singles.singles(folder, records=records, kills=kills, seed=order.seed)


RUNS: dict[str, Run] = {
    "kill": _kills, "trials": _trials, "network": _networks, "database": _pulls, "upload": _uploads,
    "singles": _singles, "storm": _storms, "scale": _scales,
}  # fmt: skip


def main() -> int:
    """Try, count, print, write."""
    parser = argparse.ArgumentParser(prog="python -m bench.torture", description=__doc__)
    parser.add_argument("--only", action="append", choices=RUNS, help="one kind of trial; may be given again")
    parser.add_argument("--engine", action="append", choices=ENGINES, help="one engine; may be given again")
    parser.add_argument("--short", action="store_true", help="some seconds for each engine; writes no result")
    parser.add_argument("--json", action="store_true", help="the figures on stdout")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--passes", type=int, default=1, help="towns that every k is tried with")
    parser.add_argument("--records", type=int, default=12, help="in a town of the kill trials")
    parser.add_argument("--runs", type=int, default=10_000, help="of the storm, on each engine")
    parser.add_argument("--steps", type=int, default=100, help="of one storm")
    parser.add_argument("--messages", type=int, default=100_000, help="of the runs of scale")
    parser.add_argument("--lines", type=int, default=100_000, help="of the upload whose server is killed")
    parser.add_argument("--singles", type=int, default=20_000, help="of the records that come one by one")
    parser.add_argument("--outage", type=int, default=330_000, help="queued when the ministry comes back")
    parser.add_argument("--seconds", type=int, default=300, help="how long workers are killed, and a drain is watched")
    parser.add_argument("--folder", type=Path, help="where to work; kept. A temporary folder by default")
    order = parser.parse_args(namespace=Order())
    set_up_log(level="CRITICAL")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    began, tallies = time.monotonic(), []
    with tempfile.TemporaryDirectory(prefix="ibys-torture-") if not order.folder else _Kept(order.folder) as name:
        os.chmod(name, 0o755)  # the database server runs as a user of its own
        for tally in _all(order, Path(name)):
            tallies.append(tally.as_json())
            _progress(_line(tallies[-1]))
            if not order.short:  # at once, because a later one may be ended
                write(_figures(order, began, tallies))
    if order.json:
        print(json.dumps(_figures(order, began, tallies), indent=2))
    return 1 if any(tally["failures"] for tally in tallies) else 0


def _figures(order: Order, began: float, tallies: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "machine": machine.describe(), "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "asked": {name: value for name, value in vars(order).items() if name not in ("json", "folder") and value},
        "seconds": round(time.monotonic() - began), "trials": tallies,
    }  # fmt: skip


class _Kept:
    """A folder that stays."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> str:
        self._folder.mkdir(parents=True, exist_ok=True)
        return str(self._folder)

    def __exit__(self, *_: object) -> None:
        return


def _all(order: Order, folder: Path) -> Iterator[Tally]:
    for name in order.only or RUNS:
        for engine in order.engine or ENGINES:
            place = folder / f"{name}-{engine}"
            place.mkdir(parents=True)
            try:
                yield from RUNS[name](order, place, engine)
            except Misconfigured as error:
                print(f"NOTICE: {name} was NOT tried on {engine}: {error.detail}", file=sys.stderr)


def _renamed(base: Any, number: int) -> Any:
    if hasattr(base, "prefix"):
        base.prefix = f"torture_{number}"
    return base


def _line(tally: dict[str, Any]) -> str:
    bad = f"FAILED {tally['failures']}" if tally["failures"] else "ok"
    return (
        f"{tally['name']}: {tally['trials']} trials, {tally['blows']} blows, {tally['messages']} messages, "
        f"lost {tally['lost']}, duplicates {tally['duplicates']}, {tally['seconds']} s: {bad}"
    )


def _progress(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
