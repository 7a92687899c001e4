"""kill -9 at the k-th fault point, for every k until a run passes no k-th point; then a restart, then the count.

A run is what a customer and a worker do: the file is handed in, everything is sent and asked about, the log's head
is signed into a file. The killed run is begun anew as after a power cut: the customer hands the same file in again.
With `second`, the restarted run is killed too, at its own j-th point.
"""

from __future__ import annotations

import itertools
import mmap
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bench.torture.forked import Ended, Tell, forked
from bench.torture.grounds import Grounds
from bench.torture.judge import COUNTS, FAULTS, judge
from integrator import acts, pipeline
from integrator.audit.checkpoint import write_checkpoint_file
from integrator.audit.verify import verify
from integrator.domain import fault_points
from integrator.domain.identifiers import KurumNo
from integrator.domain.states import State
from integrator.gateway import Gateway
from integrator.intake.read_json import read_file
from integrator.settings import Settings, StoreSettings
from integrator.store.engine import reading
from integrator.store.tables import bildirim
from integrator.trial.run import Trial, deliver_all
from integrator.wiring import caps, create_home, has_home, open_gateway

PATIENCE = timedelta(seconds=45)
NEVER = 1 << 40
NAME_BYTES = 96


class Executioner:
    """Counts the fault points that a child passes and ends it at the k-th; what it knew outlives it."""

    def __init__(self, k: int) -> None:
        self._k = k
        self._count = itertools.count(1)  # one step of it is whole even among threads
        self._memory = mmap.mmap(-1, 8 + NAME_BYTES)

    def __call__(self, point: str) -> None:
        """A point was passed."""
        number = next(self._count)
        self._memory[:8] = number.to_bytes(8, "big")
        if number == self._k:
            self._memory[8:] = _label(point).encode()[:NAME_BYTES].ljust(NAME_BYTES, b"\0")
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(60)  # the signal is on its way; nothing else may happen in this thread

    @property
    def passed(self) -> int:
        """How many points were passed."""
        return int.from_bytes(self._memory[:8], "big")

    @property
    def point(self) -> str:
        """Where the child was ended; empty when it was not."""
        return self._memory[8:].rstrip(b"\0").decode()


def _label(point: str) -> str:
    """A commit's point with the function whose commit it is."""
    if not point.startswith("commit."):
        return point
    frame = sys._getframe(2)
    while frame and ("contextlib" in frame.f_code.co_filename or frame.f_code.co_name in ("passing", "writing")):
        frame = frame.f_back  # type: ignore[assignment]  # None ends it
    return f"{point} {frame.f_code.co_name}" if frame else point


@dataclass
class Tally:
    """What all trials came to."""

    name: str
    trials: int = 0
    blows: Counter[str] = field(default_factory=Counter)  # what was done to it, and how often
    second_kills: int = 0
    points: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    def take(self, what: str, verdict: dict[str, Any], faults: list[str]) -> None:
        """One trial's verdict."""
        self.trials += 1
        self.counts.update({name: verdict[name] for name in COUNTS})
        if faults:
            self.failures.append(f"{what}: {', '.join(faults)}; states {verdict['states']}")

    def as_json(self) -> dict[str, Any]:
        """The figures."""
        return {
            "name": self.name, "trials": self.trials, "points": self.points, "blows": self.blows.total(),
            "second_kills": self.second_kills, "blows_by_kind": dict(sorted(self.blows.items())),
            **{name: self.counts[name] for name in ("messages", "shown_to_a_person", *FAULTS)},
            "failures": self.failures, "notes": self.notes, "seconds": round(self.seconds, 1),
        }  # fmt: skip


def walk(grounds: Grounds, settings: Settings, tell: Tell, act: fault_points.Act | None = None) -> Gateway:
    """Hand the file in, send and ask until nothing is left to do, sign the head."""
    fault_points.arm(act)
    gateway = open_gateway(settings)
    for answer in pipeline.accept(gateway, grounds.kurum, read_file(grounds.input_file, caps(settings))):
        tell({"answered": answer.kayit_no, "status": answer.status})
    _sign_head(gateway, settings)
    trial = Trial(settings, grounds.template.town, grounds.seed, "")
    deliver_all(gateway, trial, lambda *_: None, patience=PATIENCE)
    _sign_head(gateway, settings)
    fault_points.arm(None)
    return gateway


def _sign_head(gateway: Gateway, settings: Settings) -> None:
    made = acts.checkpoint(gateway)
    if made:
        write_checkpoint_file(settings.home / "checkpoints", *made)


def finish(grounds: Grounds, settings: Settings, tell: Tell, answered: list[str], *, clocks_agree: bool = True) -> None:
    """The last run: nothing kills it; a person releases what is held; then everything is counted."""
    gateway = walk(grounds, settings, tell)
    for _ in range(5):
        if not _release_held(gateway, grounds):
            break
        deliver_all(gateway, Trial(settings, grounds.template.town, 0, ""), lambda *_: None, patience=PATIENCE)
    ledger = grounds.ministry.control("GET", "/ledger")
    verdict = judge(
        gateway, grounds.kurum, settings.home / grounds.input_file.name, ledger, answered, clocks_agree=clocks_agree
    )
    tell({"verdict": verdict.as_json(), "faults": verdict.faults})


def _release_held(gateway: Gateway, grounds: Grounds) -> int:
    with reading(gateway.database) as tx:
        held = tx.execute(select(bildirim.c.sorgu_no).where(bildirim.c.state == State.HELD.value)).scalars().all()
    for number in held:
        acts.release(gateway, grounds.kurum, number, reason="torture")
    return len(held)


def accepted_of(ended: Ended) -> list[str]:
    """The records that a run answered as accepted before it ended."""
    return [each["answered"] for each in ended.told if each.get("status") in ("accepted", "known")]


def trial(grounds: Grounds, tally: Tally, k: int, second: int | None = None) -> bool:
    """One home, killed at point `k` (and its restart at point `second`); False when there was no k-th point."""
    settings, executioner = grounds.fresh(), Executioner(k)
    first = forked(lambda tell: _walk_only(grounds, settings, tell, executioner))
    answered = accepted_of(first)
    what = f"{tally.name} k={k} {executioner.point}"
    if first.killed:
        tally.blows[executioner.point] += 1
    if first.killed and second is not None:
        again = Executioner(second)
        ended = forked(lambda tell: _walk_only(grounds, settings, tell, again))
        answered += accepted_of(ended)
        tally.second_kills += ended.killed
        what += f", then j={second} {again.point}"
    last = forked(lambda tell: finish(grounds, settings, tell, answered))
    said = last.told[-1]
    tally.take(what, said["verdict"], said["faults"])
    tally.points = max(tally.points, executioner.passed)
    if not said["faults"]:
        grounds.forget(settings)
    return first.killed


def _walk_only(grounds: Grounds, settings: Settings, tell: Tell, act: fault_points.Act) -> None:
    walk(grounds, settings, tell, act).database.dispose()


Progress = Callable[[str], None]


def every_point(grounds: Grounds, progress: Progress, *, second_share: float = 0.25) -> Tally:
    """Every k until a run passes no k-th point; a share of them with a second kill."""
    tally, dice = Tally(f"kill -9 at every point, {grounds.databases.name}"), random.Random(grounds.seed)
    began = time.perf_counter()
    for k in itertools.count(1):
        second = dice.randint(1, 120) if dice.random() < second_share else None
        if not trial(grounds, tally, k, second):
            break
        if k % 20 == 0:
            progress(f"{tally.name}: k={k}, failures {len(tally.failures)}, {time.perf_counter() - began:.0f} s")
    tally.seconds = time.perf_counter() - began
    return tally


def init_points(grounds: Grounds) -> Tally:
    """`ibys init` killed at every point and begun anew as `ibys init --if-needed`: in the end there is a whole home."""
    tally = Tally(f"kill -9 in init, {grounds.databases.name}")
    began = time.perf_counter()
    for k in itertools.count(1):
        url = grounds.databases.empty(k)
        home = grounds.folder / f"init-{k}"
        settings, executioner = Settings(home=home, store=StoreSettings(database_url=url)), Executioner(k)
        ended = forked(lambda _: _init(settings, executioner))  # noqa: B023 - called at once
        forked(lambda _: _init(settings, None))  # noqa: B023
        said = forked(lambda tell: tell(_stands(settings))).told[0]  # noqa: B023
        tally.trials += 1
        if said:
            tally.failures.append(f"k={k} {executioner.point}: {said}")
        if not ended.killed:
            break
        tally.blows[executioner.point] += 1
        tally.points = k
    tally.seconds = time.perf_counter() - began
    return tally


def _init(settings: Settings, act: fault_points.Act | None) -> None:
    fault_points.arm(act)
    if not has_home(settings):
        create_home(settings)


def _stands(settings: Settings) -> str:
    """What is wrong with a home; empty when it can be used."""
    gateway = open_gateway(settings, sending=False)
    gateway.keyring.sealer(KurumNo("ana"), now=gateway.clock.now())
    with reading(gateway.database) as tx:
        return verify(tx, gateway.checkpoint_key.public, gateway.checkpoint_key.origin).broken or ""


def some_points(grounds: Grounds, count: int) -> Tally:
    """`count` points spread over a run, every third with a second kill."""
    tally = Tally(f"kill -9 at some points, {grounds.databases.name}")
    began = time.perf_counter()
    trial(grounds, tally, NEVER)
    for number, k in enumerate(_spread(tally.points, count)):
        trial(grounds, tally, k, second=k % 40 + 1 if number % 3 == 2 else None)
    tally.seconds = time.perf_counter() - began
    return tally


def _spread(total: int, count: int) -> Iterator[int]:
    yield from sorted({1 + place * (total - 2) // max(count - 1, 1) for place in range(count)})


def leftover(folder: Path) -> list[Path]:
    """Homes of failed trials, kept to be looked at."""
    return sorted(folder.glob("home-*"))
