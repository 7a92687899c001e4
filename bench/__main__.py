"""`python -m bench [--quick] [--only NAME]`: measures in order, one table, bench/results/latest.json.

Exit 0 when every figure could be taken (a missed target is shown, not hidden); 1 when a run was void.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import (
    accepting,
    auditing,
    end_to_end,
    engines,
    large,
    machine,
    serving,
    signing,
    streaming,
    stub,
    validating,
)
from bench.figures import QUICK, Row, Scale, Void
from bench.world import World, a_world
from integrator.log import set_up_log

RESULTS = Path(__file__).parent / "results" / "latest.json"
TOWN_RECORDS = 2000

MEASURES: dict[str, Callable[[Scale, World], Iterator[Row]]] = {
    "stream": lambda scale, _: streaming.measure(scale),  # first: later, freed memory would hide what is gained
    "stub": lambda scale, _: stub.measure(scale),
    "sign": lambda scale, _: signing.measure(scale),
    "check": lambda scale, _: validating.measure(scale),
    "accept": accepting.measure_bulk,
    "end-to-end": end_to_end.measure,
    "single": accepting.measure_single,
    "api": serving.measure,
    "large": large.measure,
    "audit": auditing.measure,
    "queue": engines.measure_queue,
    "workers": engines.measure_workers,
    "claims": engines.measure_claims,
}


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="What the gateway costs.")
    parser.add_argument("--quick", action="store_true", help="a fraction of the work: a first look, about 20 seconds")
    parser.add_argument("--only", choices=MEASURES, help="one measure; latest.json is then left as it is")
    options = parser.parse_args()
    set_up_log(level="ERROR")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that folders and processes are cleared away
    facts, began = machine.describe(), time.monotonic()
    try:
        rows = list(_rows(QUICK if options.quick else Scale(), options.only))
    except Void as void:
        print(f"void: {void}", file=sys.stderr)
        return 1
    seconds = time.monotonic() - began
    _print(rows, facts, seconds)
    if not options.only:
        _write(rows, {"machine": facts, "quick": options.quick, "seconds": round(seconds)})
    return 0


def _rows(scale: Scale, only: str | None) -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="ibys-bench-") as folder, a_world(Path(folder), TOWN_RECORDS) as world:
        for name, measure in MEASURES.items():
            if only in (None, name):
                print(f"measuring: {name}", file=sys.stderr)
                yield from measure(scale, world)


def _print(rows: list[Row], facts: dict[str, object], seconds: float) -> None:
    table = Table(title=f"{facts['cpu']}, {facts['cores']} cores, Python {facts['python']}, {facts['date']}")
    for heading, justify in (
        ("what", "left"), ("figure", "right"), ("beside", "left"), ("its figure", "right"), ("ratio", "right"),
        ("target", "right"), ("", "left"), ("note", "left"),
    ):  # fmt: skip
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]  # a literal of rich
    for row in rows:
        table.add_row(*_cells(row))
    Console(width=None if sys.stdout.isatty() else 170).print(table)
    print(f"{seconds:.0f} s; rates are medians, ratios are medians of pairs taken in turn; bench/README.md")


def _cells(row: Row) -> tuple[str, ...]:
    sign = "<=" if row.at_most else ">="
    return (
        row.name,
        f"{_figure(row.value)} {row.unit}",
        row.against,
        "" if row.against_value is None else f"{_figure(row.against_value)} {row.unit}",
        "" if row.ratio is None else f"{row.ratio:.2f}",
        "" if row.target is None else f"{sign} {row.target:g}",
        {True: "met", False: "MISSED", None: ""}[row.is_met],
        row.note,
    )


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _write(rows: list[Row], facts: dict[str, object]) -> None:
    RESULTS.parent.mkdir(exist_ok=True)
    content = {**facts, "rows": [row.as_json() for row in rows]}
    RESULTS.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
