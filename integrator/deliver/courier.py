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


class Courier(Generic[Job, Result]):
    """Runs `carry` over jobs. `carry` must not raise: it says what went wrong in its result."""

    def __init__(self, carry: Callable[[Job], Result], *, concurrency: int) -> None:
        self._carry = carry
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
        results += self._there()
        self._under_way -= len(results)
        return results

    def _there(self) -> list[Result]:
        found: list[Result] = []
        while not self._results.empty():
            found.append(self._results.get())
        return found

    def close(self) -> tuple[list[Job], list[Result]]:
        """Stop: (jobs that no thread had begun, results of those that were under way and were finished now)."""
        back: list[Job] = []
        while not self._jobs.empty():
            try:
                job = self._jobs.get_nowait()
            except Empty:  # a thread was quicker
                break
            if job is not None:
                back.append(job)
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()
        self._under_way = 0
        return back, self._there()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._results.put(self._carry(job))
