"""Carries many calls at once with a bounded number of threads and hands results back as they come in.

Knows nothing of databases: the pipeline claims before and settles after, in its own thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Generic, TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")
Each = TypeVar("Each")


class Courier(Generic[Job, Result]):
    """Runs `carry` over jobs. `carry` must not raise: it says what went wrong in its result.

    Each thread asks `may_begin` before each job; a job that may not begin is turned away.
    """

    def __init__(
        self, carry: Callable[[Job], Result], *, concurrency: int, may_begin: Callable[[Job], bool] = lambda _: True
    ) -> None:
        self._carry = carry
        self._may_begin = may_begin
        self._turned_away: SimpleQueue[Job] = SimpleQueue()
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._results: SimpleQueue[Result] = SimpleQueue()
        self._under_way = 0
        self._threads = [Thread(target=self._work, name=f"courier-{n}", daemon=True) for n in range(concurrency)]
        for thread in self._threads:
            thread.start()

    def __len__(self) -> int:
        return self._under_way

    def take(self, job: Job) -> None:
        """Put a job on the road."""
        self._under_way += 1
        self._jobs.put(job)

    def collect(self, patience: timedelta, gather: timedelta) -> list[Result]:
        """Results that are there: waits up to `patience` for the first, then `gather` for company."""
        try:
            results = [self._results.get(timeout=patience.total_seconds())]
        except Empty:
            return []
        time.sleep(gather.total_seconds())
        results += _drained(self._results)
        self._under_way -= len(results)
        return results

    def turned_away(self) -> list[Job]:
        """Jobs that were not begun since the last time this was asked: they are no longer on the road."""
        back = _drained(self._turned_away)
        self._under_way -= len(back)
        return back

    def recall(self, count: int) -> list[Job]:
        """Take back up to `count` jobs that no thread has begun, the last ones first."""
        waiting = _drained(self._jobs) if count > 0 else []
        keep = max(0, len(waiting) - count)
        for job in waiting[:keep]:
            self._jobs.put(job)
        back = [job for job in waiting[keep:] if job is not None]
        self._under_way -= len(back)
        return back

    def close(self) -> tuple[list[Job], list[Result]]:
        """Stop: (jobs that no thread had begun, results of those that were under way and were finished now)."""
        back = [job for job in _drained(self._jobs) if job is not None]
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()
        self._under_way = 0
        return back + _drained(self._turned_away), _drained(self._results)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            if self._may_begin(job):
                self._results.put(self._carry(job))
            else:
                self._turned_away.put(job)


def _drained(queue: SimpleQueue[Each]) -> list[Each]:
    found: list[Each] = []
    while True:
        try:
            found.append(queue.get_nowait())
        except Empty:
            return found
