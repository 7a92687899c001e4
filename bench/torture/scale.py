"""Runs of scale: many workers killed for minutes, the drain after an outage of a day, the first send after a kill.

Records are small (two workers, one training) and accepted in the ordinary way, by two processes where the engine has
room for two. The count is the ministry's summary (each message once, no pair twice), our rows, and the audit log.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from bench.figures import percentile
from bench.torture import forked
from bench.torture.databases import databases
from bench.torture.grounds import Grounds, grounds
from bench.torture.kill import Tally
from bench.world import today
from integrator import pipeline
from integrator.audit.verify import verify
from integrator.domain.identifiers import KurumNo
from integrator.intake.read_json import Caps, read_file
from integrator.queue import readings
from integrator.settings import MinistrySettings, QueueSettings, Settings, WorkerSettings
from integrator.store.engine import reading
from integrator.store.tables import bildirim, deneme
from integrator.trial.people import Town
from integrator.trial.run import write_settings_file
from integrator.wiring import open_gateway

PLACES_PER = 20_000
WORKERS = 4
GAP = 5.0
FIRST_SEND = 10.0
INTERACTIVE = 1.0
CAP = 40.0
IBYS = [sys.executable, "-c", "from integrator.cli import main; main()"]


def measure(order: Any, folder: Path, engine: str) -> Iterator[Tally]:
    """All three, one after the other; what the first leaves queued, the killed workers deliver."""
    with (
        databases(engine, folder) as base,
        grounds(folder / "scale", base, records=PLACES_PER, seed=order.seed, faults="none") as ground,
    ):
        began = time.perf_counter()
        settings = _filled(ground, order.messages)
        yield recovery(ground, settings, order.messages, began)
        if engine == "postgresql":
            yield workers_killed(ground, settings, order.messages, order.seconds)
        ground.forget(settings)
        yield outage(ground, order.outage, order.seconds)


def recovery(ground: Grounds, settings: Settings, count: int, began: float) -> Tally:
    """SIGKILL with `count` queued: how long until the first message leaves again."""
    tally, taken = Tally(f"first send after a kill, {ground.databases.name}"), []
    for _ in range(3):
        with _worker(settings) as worker:
            _until(lambda: _saves(ground) > 0, 60)
            worker.kill()
            worker.wait()
        before, killed = _saves(ground), time.perf_counter()
        with _worker(settings):
            _until(lambda before=before: _saves(ground) > before, 60)  # type: ignore[misc]  # no type for a lambda with a default
            taken.append(time.perf_counter() - killed)
        ground.ministry.control("GET", "/health")
    tally.trials, tally.blows["kill -9"] = 1, 3
    tally.counts["messages"] = count
    tally.notes = {"queued": count, "seconds to the first send": [round(each, 2) for each in taken]}
    if max(taken) > FIRST_SEND:
        tally.failures.append(f"the first send came after {max(taken):.1f} s")
    tally.seconds = time.perf_counter() - began
    return tally


def workers_killed(ground: Grounds, settings: Settings, count: int, seconds: float) -> Tally:
    """`WORKERS` workers, one of them killed -9 every five seconds and replaced; at the end each message once."""
    tally, began = (
        Tally(f"{WORKERS} workers, one killed every {GAP:.0f} s, {ground.databases.name}"),
        time.perf_counter(),
    )
    dice = random.Random(ground.seed)
    started = time.perf_counter()
    workers = [_start(settings) for _ in range(WORKERS)]
    try:
        while time.perf_counter() - started < seconds and _open(settings):
            time.sleep(GAP)
            place = dice.randrange(WORKERS)
            workers[place].kill()
            workers[place].wait()
            workers[place] = _start(settings)
            tally.blows["kill -9"] += 1
        _until(lambda: not _open(settings), max(600.0, count / 20))
        tally.notes = {"messages/s": round(count / (time.perf_counter() - started))}
    finally:
        for each in workers:
            _stop(each)
    _count(ground, settings, tally, count)
    tally.seconds = time.perf_counter() - began
    return tally


def outage(ground: Grounds, count: int, seconds: float) -> Tally:
    """`count` queued when the ministry comes back and takes `CAP` calls a second: how it drains, with what memory, and
    who comes in meanwhile.
    """
    tally, began = Tally(f"drain after an outage, {ground.databases.name}"), time.perf_counter()
    settings = _filled(ground, count, rate=CAP)
    gateway = open_gateway(settings, sending=False)
    person, memory, ends = KurumNo("etkilesimli"), [], time.monotonic() + seconds
    with _worker(settings) as worker:
        _until(lambda: _saves(ground) > 0, 60)
        saves, started = _saves(ground), time.monotonic()
        for number in range(10_000):
            if time.monotonic() > ends:
                break
            one = _file(ground, settings.home / "one.ndjson", [count + number], "ETK")
            list(pipeline.accept(gateway, person, read_file(one, Caps())))
            memory.append(_rss_mb(worker.pid))
            time.sleep(1.0)
        drained = (_saves(ground) - saves) / (time.monotonic() - started)
        time.sleep(INTERACTIVE)
    waits = _waits(settings, person)
    third = len(memory) // 3
    parts = (memory[:third], memory[third : 2 * third], memory[2 * third :])
    tally.trials, tally.counts["messages"] = 1, count + len(waits)
    p50, p99 = percentile(waits, 0.5), percentile(waits, 0.99)
    tally.notes = {
        "queued": count, "cap/s": CAP, "drained/s": round(drained, 1), "watched s": round(seconds),
        "worker MB": [round(percentile(part, 0.5)) for part in parts],
        "interactive records": len(waits), "their queue time p50, p99 s": [round(p50, 2), round(p99, 2)],
    }  # fmt: skip
    if not 0.9 * CAP <= drained <= 1.05 * CAP:
        tally.failures.append(f"it drained at {drained:.1f} a second under a cap of {CAP}")
    if p99 > INTERACTIVE:
        tally.failures.append(f"an interactive customer waited {p99:.1f} s behind the backlog (p99)")
    grown = percentile(parts[2], 0.5) - percentile(parts[1], 0.5)
    if grown > 20:
        tally.failures.append(f"the worker grew by {grown:.0f} MB from the second third to the last")
    gateway.database.dispose()
    _clear(ground, settings, tally, began)
    return tally


def _filled(ground: Grounds, count: int, *, rate: float = 0.0) -> Settings:
    """A home with production's waits and `count` queued messages."""
    settings = ground.fresh()
    queue = QueueSettings(lease_seconds=10.0, ask_base_seconds=0.2, resend_base_seconds=0.2)
    ministry = MinistrySettings(
        address=ground.ministry.address, silence_seconds=4.0, total_seconds=5.0, rate_per_second=rate
    )
    worker = WorkerSettings(dispatch_seconds=0.2, inquire_seconds=0.5)
    settings = replace(settings, queue=queue, ministry=ministry, worker=worker)
    write_settings_file(settings)
    shares = 2 if settings.store.database_url else 1
    files = [
        _file(ground, settings.home / f"bulk-{share}.ndjson", range(share, count, shares), "TOPLU")
        for share in range(shares)
    ]
    began = [forked.start(_accepting(ground, settings, file)) for file in files]
    for each in began:
        forked.finish(*each)
    return settings


def _accepting(ground: Grounds, settings: Settings, file: Path) -> forked.Step:
    def step(_tell: forked.Tell) -> None:
        gateway = open_gateway(settings, sending=False)
        for answer in pipeline.accept(gateway, ground.kurum, read_file(file, Caps(file_bytes=1 << 40))):
            assert answer.status == "accepted", answer

    return step


def _file(ground: Grounds, path: Path, numbers: Any, prefix: str) -> Path:
    with path.open("w") as file:
        file.writelines(json.dumps(_record(ground.template.town, number, prefix)) + "\n" for number in numbers)
    return path


def _record(town: Town, number: int, prefix: str) -> dict[str, Any]:
    places = [each for each in town.workplaces if each.approved]
    place = places[number % len(places)]
    return {
        "id": f"{prefix}-{number:07}",
        "belgeTipi": 2,
        "isgProfTckNo": place.professional,
        "calisan": list(place.roster[:2]),
        "egitim": [{"egitimKoduId": 24, "egitimSuresi": 60}],
        "egitimTarihi": (today() - timedelta(days=1 + number // len(places))).isoformat(),
        "egitimYer": 1,
        "egitimTur": 1,
        "sgkTescilNo": place.sgk,
        "egiticiTckNo": place.professional,
    }


@contextmanager
def _worker(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    process = _start(settings)
    try:
        yield process
    finally:
        _stop(process)


def _start(settings: Settings) -> subprocess.Popen[bytes]:
    log = (settings.home / "worker.log").open("ab")
    command = [*IBYS, "worker", "--home", str(settings.home)]
    return subprocess.Popen(command, stdout=log, stderr=log)


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _saves(ground: Grounds) -> int:
    return int(ground.ministry.control("GET", "/ledger/summary")["saves"])


def _open(settings: Settings) -> bool:
    """Whether the gateway has something left to do."""
    ended = forked.forked(lambda tell: tell(_read(settings, readings.next_due) is not None))
    return bool(ended.told[0])


def _read(settings: Settings, query: Callable[[Any], Any]) -> Any:
    gateway = open_gateway(settings, sending=False)
    with reading(gateway.database) as tx:
        return query(tx)


def _waits(settings: Settings, kurum: KurumNo) -> list[float]:
    """Seconds from accepting to the first attempt, of every message of this customer; one not begun counts till now."""
    gateway = open_gateway(settings, sending=False)
    now = gateway.clock.now()
    same = (deneme.c.kurum_id == bildirim.c.kurum_id) & (deneme.c.sorgu_no == bildirim.c.sorgu_no)
    first = func.min(deneme.c.started_at).label("first")
    query = select(bildirim.c.created_at, first).outerjoin(deneme, same).where(bildirim.c.kurum_id == kurum)
    with reading(gateway.database) as tx:
        rows = tx.execute(query.group_by(bildirim.c.sorgu_no, bildirim.c.created_at)).all()
    gateway.database.dispose()
    return [((row.first or now) - row.created_at).total_seconds() for row in rows]


def _count(ground: Grounds, settings: Settings, tally: Tally, count: int) -> None:
    tally.trials += 1
    tally.counts["messages"] = count
    held = ground.ministry.control("GET", "/ledger/summary")
    tally.counts["lost"] = count - held["messages"]
    tally.counts["duplicates"] = held["duplicate_pairs"] + held["numbers_with_two_effects"]
    gateway = open_gateway(settings, sending=False)
    with reading(gateway.database) as tx:
        states = readings.count_states(tx)
        broken = verify(tx, gateway.checkpoint_key.public, gateway.checkpoint_key.origin).broken
    gateway.database.dispose()
    tally.notes |= {"sent again under their number": held["repeated_numbers"]}
    if states != {"accepted": count} or broken or tally.counts["lost"] or tally.counts["duplicates"]:
        tally.failures.append(f"states {states}, audit {broken}, ministry {held}")


def _clear(ground: Grounds, settings: Settings, tally: Tally, began: float) -> None:
    tally.seconds = time.perf_counter() - began
    if not tally.failures:
        ground.forget(settings)


def _until(claim: Callable[[], bool], seconds: float) -> None:
    ends = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > ends:
            raise forked.Failed("waited in vain")
        time.sleep(0.02 if seconds < 100 else 0.5)


def _rss_mb(pid: int) -> float:
    fields = Path(f"/proc/{pid}/statm").read_text().split()
    return int(fields[1]) * os.sysconf("SC_PAGESIZE") / 1e6
