"""What a call costs its customer's quotas of the day: taken before the work, given back for what was not used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from integrator.domain.errors import IntegratorError, Unavailable
from integrator.domain.identifiers import KurumNo
from integrator.domain.limits import Counted
from integrator.domain.records import Submitted
from integrator.limiting import Limiter
from integrator.web.draining import Drain


async def spend(request: Request, counted: Counted, amount: int) -> None:
    """Take `amount` of the caller's quota; raises QuotaSpent. Before anybody is known nothing is taken."""
    limiter: Limiter = request.app.state.limiter
    kurum = _kurum_of(request)
    if kurum is not None and not limiter.spend_held(kurum, counted, amount):
        await run_in_threadpool(limiter.spend, kurum, counted, amount)


async def give_back(request: Request, counted: Counted, amount: int) -> None:
    """What was taken and not used."""
    limiter: Limiter = request.app.state.limiter
    kurum = _kurum_of(request)
    if kurum is not None and amount and not limiter.give_back(kurum, counted, amount, waits=False):
        await run_in_threadpool(limiter.give_back, kurum, counted, amount)


def _kurum_of(request: Request) -> KurumNo | None:
    kurum: KurumNo | None = getattr(request.state, "kurum", None)
    return kurum


@dataclass(slots=True)
class PaidRecords:
    """Records of an upload, each paid for as it is taken up; they end early, between two of them, when they must.

    `stopped` is then why: the quota is used up, or the server is ending.
    """

    limiter: Limiter
    kurum: KurumNo
    drain: Drain
    records: Iterator[Submitted]
    stopped: IntegratorError | None = field(default=None, init=False)

    def __iter__(self) -> Iterator[Submitted]:
        for each in self.records:
            try:
                self.drain.require_open()
                self.limiter.spend(self.kurum, Counted.RECORDS, 1)
            except Unavailable as error:  # told in the upload's last line, after what was taken up is stored
                self.stopped = error
                return
            yield each

    def give_back(self) -> None:
        """For one that was not stored."""
        self.limiter.give_back(self.kurum, Counted.RECORDS, 1)
