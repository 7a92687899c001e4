"""The clock jumps by minutes and hours, forwards and back, while a worker is at it; in the end it is right again."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from bench.torture.forked import Tell, forked
from bench.torture.grounds import Grounds
from bench.torture.kill import Tally, accepted_of, finish
from integrator import acts, pipeline
from integrator.domain import fault_points
from integrator.domain.clock import SystemClock
from integrator.intake.read_json import read_file
from integrator.settings import Settings
from integrator.wiring import caps, open_gateway

JUMPS = [timedelta(minutes=10), -timedelta(minutes=10), timedelta(hours=5), -timedelta(hours=5), timedelta(hours=80)]
ROUNDS = 30


class JumpingClock(SystemClock):
    """The machine's clock, and an offset that a fault point changes now and then."""

    def __init__(self, seed: int, every: int) -> None:
        self._dice = random.Random(seed)
        self._every = every
        self._passed = itertools.count(1)
        self.offset = timedelta(0)
        self.jumps = 0

    def now(self) -> datetime:
        """The time that the gateway believes."""
        return super().now() + self.offset

    def __call__(self, _point: str) -> None:
        """A fault point was passed."""
        if next(self._passed) % self._every == 0:
            self.offset = self._dice.choice([*JUMPS, timedelta(0)])
            self.jumps += 1


def jumping(grounds: Grounds, trials: int = 4) -> Tally:
    """`trials` homes, each with other jumps."""
    tally = Tally(f"clock jumps, {grounds.databases.name}")
    began = time.perf_counter()
    for number in range(trials):
        settings = grounds.fresh()
        ended = forked(_walking(grounds, settings, number))
        answered = accepted_of(ended)
        said = forked(lambda tell: finish(grounds, settings, tell, answered, clocks_agree=False)).told[-1]  # noqa: B023
        tally.blows["jumps"] += ended.told[-1]["jumps"]
        tally.take(f"jumps {number}", said["verdict"], said["faults"])
        if not said["faults"]:
            grounds.forget(settings)
    tally.seconds = time.perf_counter() - began
    return tally


def _walking(grounds: Grounds, settings: Settings, number: int) -> Callable[[Tell], None]:
    def step(tell: Tell) -> None:
        clock = JumpingClock(grounds.seed + number, every=3 + number)
        fault_points.arm(clock)
        gateway = replace(open_gateway(settings), clock=clock)
        for answer in pipeline.accept(gateway, grounds.kurum, read_file(grounds.input_file, caps(settings))):
            tell({"answered": answer.kayit_no, "status": answer.status})
        for _ in range(ROUNDS):
            acts.recover(gateway)
            pipeline.dispatch(gateway)
            pipeline.inquire(gateway)
            acts.checkpoint(gateway)
        gateway.database.dispose()
        tell({"jumps": clock.jumps})

    return step
