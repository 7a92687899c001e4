"""Single records of many callers become one transaction: one fsync for all who wait, and nobody waits for company.

A thread takes whatever has arrived while the last group was being stored. The queue is bounded: beyond it the caller is
told to come again (503), which loses nothing because nothing was promised.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import timedelta
from queue import Empty, Full, Queue
from threading import Thread

from integrator import pipeline, tracing
from integrator.accepting import Answer
from integrator.domain.errors import Unavailable
from integrator.domain.identifiers import KurumNo
from integrator.domain.records import Submitted
from integrator.gateway import Gateway
from integrator.log import about, present
from integrator.web.draining import Busy

WAITING_AT_MOST = 1_000
PATIENCE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class _Asked:
    kurum: KurumNo
    submitted: Submitted
    request_id: str = ""
    answer: Future[Answer] = field(default_factory=Future)

    def is_begun(self) -> bool:
        """From here on it cannot be taken back; False when it was."""
        return self.answer.set_running_or_notify_cancel()


class Gathering:
    """Accepts single records in groups, on a thread of its own."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._queue: Queue[_Asked | None] = Queue(WAITING_AT_MOST)
        self._thread = Thread(target=self._walk, name="gathering", daemon=True)
        self._thread.start()

    async def accept(self, kurum: KurumNo, submitted: Submitted) -> Answer:
        """The answer for one record, once it is on disk; raises Busy when too many wait, or it waited too long.

        No thread waits with it. What was not begun after `PATIENCE` is taken back: nothing of it is stored.
        """
        asked = _Asked(kurum, replace(submitted, traceparent=tracing.present()), present("request_id") or "")
        try:
            self._queue.put_nowait(asked)
        except Full as error:
            raise Busy("too many records wait to be stored", retry_after=timedelta(seconds=1)) from error
        told = asyncio.wrap_future(asked.answer)
        done, _ = await asyncio.wait([told], timeout=PATIENCE.total_seconds())
        if not done and asked.answer.cancel():
            raise Busy("the record waited too long to be stored", retry_after=timedelta(seconds=5))
        return await told

    def close(self) -> None:
        """Store what has arrived, then end."""
        self._queue.put(None)
        self._thread.join()

    def _walk(self) -> None:
        while (first := self._queue.get()) is not None:
            several, is_last = self._company(first)
            several = [each for each in several if each.is_begun()]
            for kurum in dict.fromkeys(each.kurum for each in several):
                _accept(self._gateway, kurum, [each for each in several if each.kurum == kurum])
            if is_last:
                return

    def _company(self, first: _Asked) -> tuple[list[_Asked], bool]:
        several = [first]
        while len(several) < self._gateway.pace.group:
            try:
                each = self._queue.get_nowait()
            except Empty:
                break
            if each is None:
                return several, True
            several.append(each)
        return several, False


def _accept(gateway: Gateway, kurum: KurumNo, several: list[_Asked]) -> None:
    """One group. What goes wrong is told to its callers; a bug that one record meets is told to that one only."""
    try:
        with about(request_id=" ".join(each.request_id for each in several)):  # many calls, one unit of work
            answers = list(pipeline.accept(gateway, kurum, [each.submitted for each in several]))
    except Exception as error:  # noqa: BLE001 - the callers wait in other threads: it is raised there
        if len(several) > 1 and not isinstance(error, Unavailable):
            for each in several:
                _accept(gateway, kurum, [each])
            return
        for each in several:
            each.answer.set_exception(error)
        return
    for each, answer in zip(several, answers, strict=True):
        each.answer.set_result(answer)
