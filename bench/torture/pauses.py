"""A worker that sleeps past its lease (SIGSTOP), while another takes over; then it wakes (SIGCONT) and goes on.

It must not settle what it no longer holds, and what it still sends must have no second effect. It is stopped at a
fault point by itself, so the place is exact. Another of its threads may stand in a transaction at that moment: then it
holds the writer's lock in its sleep, the other worker is told Unavailable, and that is counted as `held up`.
"""

from __future__ import annotations

import itertools
import os
import signal
import time
from collections.abc import Sequence

from bench.torture import forked
from bench.torture.grounds import Grounds
from bench.torture.kill import Tally, accepted_of, finish, walk
from integrator.domain.errors import Unavailable
from integrator.settings import Settings

AWAKE_AGAIN = 0.3
PLACES = (("send.before", 1), ("send.after", 3), ("receive.after", 5), ("commit.after", 6), ("send.before", 9))


class Sleeper:
    """Stops its own process when a point is passed for the n-th time."""

    def __init__(self, point: str, nth: int) -> None:
        self._point = point
        self._nth = nth
        self._count = itertools.count(1)

    def __call__(self, point: str) -> None:
        """A point was passed."""
        if point == self._point and next(self._count) == self._nth:
            os.kill(os.getpid(), signal.SIGSTOP)


def sleepers(grounds: Grounds, places: Sequence[tuple[str, int]] = PLACES) -> Tally:
    """One home for each place."""
    tally = Tally(f"asleep past the lease, {grounds.databases.name}")
    began = time.perf_counter()
    for point, nth in places:
        settings = grounds.fresh()
        sleeper = Sleeper(point, nth)
        child, pipe = forked.start(lambda tell: walk(grounds, settings, tell, sleeper).database.dispose())  # noqa: B023
        _, status = os.waitpid(child, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            raise forked.Failed(f"the worker did not come to {point} for the {nth}. time")
        time.sleep(settings.queue.lease_seconds + AWAKE_AGAIN)
        try:
            other = forked.forked(lambda tell: _walk_or_be_held_up(grounds, settings, tell))  # noqa: B023
        finally:  # never leave a stopped process behind
            os.kill(child, signal.SIGCONT)
        tally.blows["held up"] += sum("held up" in each for each in other.told)
        slept = forked.finish(child, pipe)
        answered = accepted_of(other) + accepted_of(slept)
        said = forked.forked(lambda tell: finish(grounds, settings, tell, answered)).told[-1]  # noqa: B023
        tally.blows[f"asleep at {point}"] += 1
        tally.take(f"asleep at {point} {nth}", said["verdict"], said["faults"])
        if not said["faults"]:
            grounds.forget(settings)
    tally.seconds = time.perf_counter() - began
    return tally


def _walk_or_be_held_up(grounds: Grounds, settings: Settings, tell: forked.Tell) -> None:
    try:
        walk(grounds, settings, tell).database.dispose()
    except Unavailable as error:
        tell({"held up": error.detail})
