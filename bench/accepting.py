"""Measures 2 and 5: accepting a file in bulk, beside the raw signature alone; and one record at a time."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from itertools import count
from pathlib import Path

from bench.figures import Row, Scale, Void, compared, in_turn, percentile
from bench.signing import raw_rsa_rate
from bench.world import World, a_gateway, a_worker, kurum_of
from integrator import pipeline
from integrator.domain.records import Submitted
from integrator.gateway import Gateway
from integrator.intake.read_json import Caps, read_document, read_file
from integrator.queue import line, line_row
from integrator.settings import Settings
from integrator.store.engine import writing

WARM = 64


def accept_all(gateway: Gateway, settings: Settings, submitted: Iterable[Submitted], wanted: int) -> None:
    """Accept every record; raises Void when one is not accepted or is not one signed message."""
    answers = list(pipeline.accept(gateway, kurum_of(settings), submitted))
    good = sum(each.status == "accepted" and len(each.sorgu_no) == 1 and not each.findings for each in answers)
    if good != wanted:
        raise Void(f"{good} of {wanted} records were accepted without a word")


def measure_bulk(scale: Scale, world: World) -> Iterator[Row]:
    """Parse, validate, canonical bytes, sign, check, seal, queue, audit; SQLite FULL; one process, one core."""
    settings, numbers = world.home(), count()
    with a_gateway(settings) as gateway:

        def accept(records: int) -> float:
            path = world.file_of(records, f"BULK{next(numbers)}")
            began = time.perf_counter()
            accept_all(gateway, settings, read_file(path, Caps()), records)
            return records / (time.perf_counter() - began)

        accept(WARM)
        ours, raw = in_turn(scale.rounds, lambda: accept(scale.accepted), raw_rsa_rate(scale.seconds * 2))
    yield compared(
        "bulk accept, one core", ours, "raw RSA-2048", raw, unit="messages/s", target=0.50,
        note="parse ... audit, SQLite FULL",
    )  # fmt: skip


def measure_single(scale: Scale, world: World) -> Iterator[Row]:
    """One record, one answer, again and again; beside an idle worker, and beside one that delivers them."""
    for name, is_idle in (("idle", True), ("delivering", False)):
        settings = world.home()
        path = world.file_of(scale.single, f"ONE-{name}")
        with a_gateway(settings) as gateway, a_worker(settings):
            if is_idle:
                _rest(gateway)
            taken = sorted(_accept_singly(gateway, settings, path))
        median_ms, p99_ms = percentile(taken, 0.50) * 1000, percentile(taken, 0.99) * 1000
        yield Row(
            f"one record, worker {name}, p99", p99_ms, "ms", target=50.0, at_most=True, note=f"p50 {median_ms:.1f} ms"
        )


def _accept_singly(gateway: Gateway, settings: Settings, path: Path) -> Iterator[float]:
    for text in path.read_bytes().splitlines():
        began = time.perf_counter()
        accept_all(gateway, settings, read_document(BytesIO(text), Caps()), 1)
        yield time.perf_counter() - began


def _rest(gateway: Gateway) -> None:
    """The line to the ministry is passive for an hour: the worker ticks and has nothing to send."""
    now = gateway.clock.now()
    with writing(gateway.database) as tx:
        found = line_row.read_line(tx, gateway.address)
        line_row.write_line(tx, found, replace(found, state=line.PASSIVE, probe_at=now + timedelta(hours=1)))
