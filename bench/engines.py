"""Both engines side by side: the queue alone, the whole way with 1, 2 and 4 workers, and a claim out of a long queue.

SQLite is a file of the home; PostgreSQL is the server of the wheel, on the same disk, with its durable defaults
(fsync and synchronous_commit on). Workers are processes.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from statistics import median

from sqlalchemy import Table, TextClause, text

from bench.accepting import accept_all
from bench.end_to_end import await_end, require_accepted, run_plain
from bench.figures import Row, Scale, Void, compared, in_turn
from bench.large import CLAIM, FORM, claim_ms, fill
from bench.world import ENGINES, World, a_gateway, a_worker, kurum_of
from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.domain.records import Bildirim
from integrator.gateway import Gateway
from integrator.intake.read_json import Caps, read_file
from integrator.queue import outbox
from integrator.settings import Settings
from integrator.store.dialect import dialect_of
from integrator.store.engine import writing
from integrator.store.tables import bildirim, bildirim_body

WORKERS = (1, 2, 4)
BATCH = 256
QUEUE_TARGET = {"sqlite": 1000.0, "postgresql": 5000.0}
PLAIN_TARGET = 8.0
SMALL = 1000
COPIES_AT_ONCE = 500_000
CUSTOMERS = 100
_NUMBER = "CAST(:start AS BIGINT) + n"


def measure_queue(scale: Scale, world: World) -> Iterator[Row]:
    """Claims and settlements a second, each with its audit entry, by worker processes that do nothing else."""
    for engine in ENGINES:
        rates = {count: _queue_rate(scale, world, engine, count) for count in WORKERS}
        best = max(rates, key=rates.__getitem__)
        shown = "; ".join(f"{count}: {rate:,.0f}" for count, rate in rates.items())
        yield Row(
            f"claims + settles, {engine}", rates[best], "/s", target=QUEUE_TARGET[engine],
            note=f"batches of {BATCH}; by workers {shown}",
        )  # fmt: skip


def _queue_rate(scale: Scale, world: World, engine: str, workers: int) -> float:
    """Messages claimed and settled a second; void unless every one was, once."""
    count = scale.churned
    settings = world.home(engine)
    with a_gateway(settings) as gateway:
        fill(gateway, kurum_of(settings), count)
        with ExitStack() as stack:
            churners = [stack.enter_context(_a_churner(settings)) for _ in range(workers)]
            for each in churners:
                _ready(each)
            began = time.perf_counter()
            for each in churners:
                _say(each)
            done = [int(_hear(each)) for each in churners]
            took = time.perf_counter() - began
        require_accepted(gateway, count)
    if sum(done) != count:
        raise Void(f"{engine}: {done} were settled, {count} wanted")
    return 2 * count / took


def _a_churner(settings: Settings) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bench.churn", str(settings.home), str(BATCH)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _ready(churner: subprocess.Popen[str]) -> None:
    if _hear(churner) != "ready":
        raise Void("a churning worker did not come up")


def _say(churner: subprocess.Popen[str]) -> None:
    assert churner.stdin is not None
    churner.stdin.write("go\n")
    churner.stdin.flush()


def _hear(churner: subprocess.Popen[str]) -> str:
    assert churner.stdout is not None
    return churner.stdout.readline().strip()


def measure_workers(scale: Scale, world: World) -> Iterator[Row]:
    """A file of records until the last message is accepted: one process accepts, 1, 2 and 4 workers deliver."""
    runs = [(engine, count) for engine in ENGINES for count in WORKERS]
    plain, *ours = in_turn(
        max(2, scale.rounds // 2),
        lambda: run_plain(world, scale.plain),
        *(partial(_run_workers, world, scale.delivered, engine, count) for engine, count in runs),
    )
    for (engine, count), rates in zip(runs, ours, strict=True):
        yield compared(
            f"end to end, {engine}, {count} worker{'s' if count > 1 else ''}", rates, "plain pipeline", plain,
            unit="messages/s", target=PLAIN_TARGET if count == 1 else None,
        )  # fmt: skip


def _run_workers(world: World, count: int, engine: str, workers: int) -> float:
    settings, path = world.home(engine), world.file_of(count)
    world.forget()
    with a_gateway(settings) as gateway, ExitStack() as stack:
        for number in range(workers):
            stack.enter_context(a_worker(settings, number))
        began = time.perf_counter()
        accept_all(gateway, settings, read_file(path, Caps()), count)
        await_end(gateway, began)
        took = time.perf_counter() - began
        require_accepted(gateway, count)
    world.require_each_once(count)
    return count / took


def measure_claims(scale: Scale, world: World) -> Iterator[Row]:
    """One claim with its commit on a queue of millions of a hundred customers, and on one of a thousand messages."""
    for engine in ENGINES:
        few, many = world.home(engine), world.home(engine)
        with a_gateway(few) as short, a_gateway(many) as long:
            began = time.perf_counter()
            for gateway, settings, count in ((short, few, SMALL), (long, many, scale.millions)):
                _multiply(gateway, kurum_of(settings), count)
            filled = time.perf_counter() - began
            yield _claim_row(engine, scale, (short, long), filled)
        world.clear(many)


def _claim_row(engine: str, scale: Scale, homes: Sequence[Gateway], filled: float) -> Row:
    for gateway in homes:
        claim_ms(gateway)  # warm
    few, many = in_turn(scale.claims, *(partial(claim_ms, gateway) for gateway in homes))
    ratio = median(b / a for a, b in zip(few, many, strict=True))
    return Row(
        f"claim of {CLAIM} out of {scale.millions:,}, {engine}", median(many), "ms", f"out of {SMALL:,}", median(few),
        ratio, target=1.5, at_most=True, note=f"with commit; {CUSTOMERS} customers; filled in {filled:.0f} s",
    )  # fmt: skip


def _multiply(gateway: Gateway, kurum: KurumNo, wanted: int) -> None:
    """`wanted` queued messages of `CUSTOMERS` customers, copied by the database itself from one.

    Their bodies are a byte long: a claim finds them by key, their length is not what is measured.
    """
    with writing(gateway.database) as tx:
        [first] = outbox.take_numbers(tx, 1)
        row = Bildirim(SorguNo(first), kurum, "C", 1, FORM, 20, canonical=b"", cms=b"", salt=b"")
        outbox.put(tx, [row], [(b"\0", b"\0")], now=gateway.clock.now())
    for there in range(1, wanted, COPIES_AT_ONCE):
        with writing(gateway.database) as tx:
            dialect_of(tx).without_time_limit(tx)
            numbers = outbox.take_numbers(tx, min(COPIES_AT_ONCE, wanted - there))
            for table in (bildirim, bildirim_body):
                tx.execute(_copies(table), {"first": first, "start": numbers.start, "last": len(numbers) - 1})
    with gateway.database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")


def _copies(table: Table) -> TextClause:
    told = {"sorgu_no": _NUMBER, "kurum_id": f"'musteri-' || ({_NUMBER}) % {CUSTOMERS}"}
    columns = ", ".join(column.name for column in table.c)
    values = ", ".join(told.get(column.name, column.name) for column in table.c)
    return text(
        "WITH RECURSIVE step(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM step WHERE n < :last) "
        f"INSERT INTO {table.name} ({columns}) SELECT {values} FROM {table.name}, step WHERE sorgu_no = :first"
    )
