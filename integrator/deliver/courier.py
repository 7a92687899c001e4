"""Carries many calls at once with a bounded number of threads and hands results back as they come in.

Knows nothing of databases: the pipeline claims before and settles after, in its own thread.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import timedelta
from typing import Generic, TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")


class Courier(Generic[Job, Result]):
    """Runs `carry` over jobs. A bug in it surfaces in `collect`, it is not swallowed."""

    def __init__(self, carry: Callable[[Job], Result], *, concurrency: int) -> None:
        self._carry = carry
        self._pool = ThreadPoolExecutor(concurrency, thread_name_prefix="courier")
        self._under_way: dict[Future[Result], Job] = {}

    def __len__(self) -> int:
        return len(self._under_way)

    def take(self, job: Job) -> None:
        """Put a job on the road."""
        self._under_way[self._pool.submit(self._carry, job)] = job

    def collect(self, patience: timedelta, gather: timedelta) -> list[Result]:
        """Results that are there: waits up to `patience` for the first, then `gather` for company."""
        if not self._under_way:
            return []
        wait(self._under_way, timeout=patience.total_seconds(), return_when=FIRST_COMPLETED)
        if len(self._under_way) > 1:
            wait(self._under_way, timeout=gather.total_seconds())
        done = [future for future in self._under_way if future.done()]
        results = [future.result() for future in done]
        for future in done:
            del self._under_way[future]
        return results

    def recall(self) -> list[Job]:
        """Take back jobs that no thread has begun."""
        back = [(future, job) for future, job in self._under_way.items() if future.cancel()]
        for future, _ in back:
            del self._under_way[future]
        return [job for _, job in back]

    def close(self) -> None:
        """Let the threads go; jobs under way are finished first."""
        self._pool.shutdown(wait=True)
