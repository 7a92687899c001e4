"""`python -m bench.stub_day FACTOR`: the stub with a clock that runs FACTOR times as fast, for a day in a minute.

Everything else is as `python -m integrator.ministry serve --faults hostile` has it, with short waits and one hour kept.
"""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import datetime, timedelta

from integrator.ministry.fault_plan import FaultPlan
from integrator.ministry.ministry import Ministry
from integrator.ministry.server import Address, serve

SLOW_SECONDS, KEEP_HOURS, REMEMBERED = 0.02, 1.0, 2000


class FastMinistry(Ministry):
    """A ministry whose clock hurries."""

    def __init__(self, plan: FaultPlan, factor: float) -> None:
        super().__init__(plan)
        self.factor, self.began, self.began_at = factor, time.monotonic(), super().now()

    def now(self) -> datetime:
        """The hurried moment."""
        return self.began_at + timedelta(seconds=(time.monotonic() - self.began) * self.factor)


def main() -> None:
    """Serve until SIGTERM."""
    plan = FaultPlan(seed=7, slow_seconds=SLOW_SECONDS, spell_seconds=0.05, remembered=REMEMBERED)
    plan.use_set("hostile")
    ministry = FastMinistry(plan, float(sys.argv[1]))
    ministry.keep_for(KEEP_HOURS)
    asyncio.run(serve(ministry, Address("127.0.0.1", 0, 0), "hostile"))


if __name__ == "__main__":
    main()
