"""Single records of many callers and customers become one transaction: one fsync for all who wait.

A group is whatever has arrived since the last one began, and groups begin `APART` at least: one costs as much as four
records, so groups of one would leave the process no time for the calls themselves. On an idle line nobody waits. How
many may wait is bounded: beyond it the caller is told to come again (503), which loses nothing because nothing was
promised.

A group may hold records of many customers, and of each as many as of the others: nobody stands behind another's
thousand. Whose keys are not in memory yet waits apart until they are (docs/decisions/0045).

Beside an embedded database a small group is stored where it is, on the event loop: handing it to a thread and hearing
of its end costs a call half of its time (docs/decisions/0044). Whatever might keep it there goes by a thread: a large
record, a lock, a key that is elsewhere, and for a while all of them when the disk is slow.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import Context
from dataclasses import dataclass, replace
from datetime import timedelta
from operator import itemgetter

from integrator import pipeline, tracing
from integrator.accepting import Answer
from integrator.domain.errors import Unavailable
from integrator.domain.haste import WouldWait, in_haste, require_time
from integrator.domain.identifiers import KurumNo
from integrator.domain.records import Submitted
from integrator.gateway import Gateway
from integrator.log import about, present
from integrator.store.engine import DatabaseAway, is_embedded
from integrator.web.draining import Busy

WAITING_AT_MOST = 1_000
FOR_KEYS_AT_MOST = 64
"""Of one customer: a KMS that is away must not fill the server with those who wait for it."""
PATIENCE = timedelta(seconds=10)
APART = timedelta(milliseconds=10)
HEARS_FOR = timedelta(milliseconds=10)
QUIET_ROUNDS = 3
"""Rounds of the event loop that a call takes from its socket to here."""
STILL_AT_MOST = timedelta(milliseconds=20)
"""Whoever holds the database's lock may keep a group for seconds; calls are taken meanwhile."""
RECORDS_ON_THE_LOOP = 32
BYTES_ON_THE_LOOP = 32 << 10
"""What is stored within some 30 ms."""
WAITS_ON_THE_LOOP = timedelta(milliseconds=10)
WAITS_OVER = 16
"""A disk that keeps groups longer than this, taken over about so many, keeps a thread and not the loop."""


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    kurum: KurumNo
    submitted: Submitted
    request_id: str
    answer: asyncio.Future[Answer]


class Gathering:
    """Accepts single records in groups. Belongs to one event loop."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._waiting = deque[_Asked]()
        self._begins_at = 0.0
        self._walking: asyncio.Task[None] | None = None
        self._fetching: dict[KurumNo, asyncio.Task[None]] = {}
        self._thread = ThreadPoolExecutor(1, "gathering")
        self._keys = ThreadPoolExecutor(1, "gathering-keys")
        self._waits = 0.0  # seconds that a group on the loop waited of late
        self._groups = 0
        self._served: dict[KurumNo, int] = {}  # in which group a customer who waits was last

    async def accept(self, kurum: KurumNo, submitted: Submitted) -> Answer:
        """The answer for one record, once it is on disk; raises Busy when too many wait, or it waited too long.

        No thread waits with it. What was not begun after `PATIENCE` is sent away: nothing of it is stored.
        """
        if len(self._waiting) >= WAITING_AT_MOST:
            raise Busy("too many records wait to be stored", retry_after=timedelta(seconds=1))
        if kurum in self._fetching and sum(each.kurum == kurum for each in self._waiting) >= FOR_KEYS_AT_MOST:
            raise Busy("too many records wait for the customer's keys", retry_after=timedelta(seconds=1))
        loop = asyncio.get_running_loop()
        named = replace(submitted, traceparent=tracing.present())
        asked = _Asked(kurum, named, present("request_id") or "", loop.create_future())
        self._waiting.append(asked)
        if kurum not in self._fetching and not self._gateway.keyring.is_at_hand(kurum):
            self._fetching[kurum] = loop.create_task(self._fetch(kurum), context=Context())
        if kurum not in self._fetching:
            self._begin(loop)
        late = loop.call_later(PATIENCE.total_seconds(), self._send_away, asked)
        try:
            return await asked.answer
        finally:
            late.cancel()

    async def close(self) -> None:
        """Store what has arrived, then end."""
        while under_way := [each for each in (self._walking, *self._fetching.values()) if each and not each.done()]:
            await asyncio.wait(under_way)
        self._thread.shutdown()
        self._keys.shutdown()

    def _send_away(self, asked: _Asked) -> None:
        if asked in self._waiting:
            self._waiting.remove(asked)
            _tell(asked.answer, Busy("the record waited too long to be stored", retry_after=timedelta(seconds=5)))

    async def _fetch(self, kurum: KurumNo) -> None:
        """Bring a customer's keys; where that fails, all that wait for them are told."""
        try:
            fetching = self._keys.submit(self._gateway.keyring.sealer, kurum, now=self._gateway.clock.now())
            await asyncio.wrap_future(fetching)
        except Exception as error:  # noqa: BLE001 - raised to those who wait for it
            for asked in [each for each in self._waiting if each.kurum == kurum]:
                self._waiting.remove(asked)
                _tell(asked.answer, error)
        finally:
            del self._fetching[kurum]
        self._begin(asyncio.get_running_loop())

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._walking is None or self._walking.done():
            self._walking = loop.create_task(self._walk(), context=Context())  # not as the work of who came first

    async def _walk(self) -> None:
        loop = asyncio.get_running_loop()
        while any(each.kurum not in self._fetching for each in self._waiting):
            await asyncio.sleep(max(0.0, self._begins_at - loop.time()))
            await self._hear_out(loop)
            self._begins_at = loop.time() + APART.total_seconds()
            mine = self._take()
            for asked, told in zip(mine, await self._stored(mine) if mine else (), strict=True):
                _tell(asked.answer, told)
            await asyncio.sleep(0)  # whoever waits for something else has a turn between two groups

    async def _hear_out(self, loop: asyncio.AbstractEventLoop) -> None:
        """Calls that have come to their sockets already are of this group: to miss it costs them all of the next."""
        ends, quiet = loop.time() + HEARS_FOR.total_seconds(), 0
        while quiet < QUIET_ROUNDS and loop.time() < ends:
            before = len(self._waiting)
            await asyncio.sleep(0)
            quiet = 0 if len(self._waiting) > before else quiet + 1

    def _take(self) -> Sequence[_Asked]:
        """The next group: the first of each customer, then the second of each; who was served last comes last.

        The others may still be sent away.
        """
        most = self._gateway.pace.group  # one transaction: all of it is stored, or nothing
        most = min(most, RECORDS_ON_THE_LOOP) if self._is_quick() else most
        before, turns = Counter[KurumNo](), list[tuple[tuple[int, int], _Asked]]()
        for each in self._waiting:
            if each.kurum not in self._fetching:
                turns.append(((before[each.kurum], self._served.get(each.kurum, 0)), each))
                before[each.kurum] += 1
        mine = [each for _, each in sorted(turns, key=itemgetter(0))[:most]]
        taken = set(mine)
        self._waiting = deque(each for each in self._waiting if each not in taken)
        self._groups += 1
        self._served |= dict.fromkeys((each.kurum for each in mine), self._groups)
        still = {each.kurum for each in self._waiting}
        self._served = {kurum: group for kurum, group in self._served.items() if kurum in still}
        return [each for each in mine if not each.answer.done()]

    async def _stored(self, several: Sequence[_Asked]) -> Sequence[Answer | Exception]:
        """What `_store` gives, from here or from its thread."""
        stands_still = is_embedded(self._gateway.database)
        if self._is_for_the_loop(several):
            began, worked = time.perf_counter(), time.thread_time()
            try:
                with in_haste(STILL_AT_MOST):
                    return self._store(several)
            except WouldWait:  # nothing of it is stored
                stands_still = False  # it did so already
            finally:
                waited = time.perf_counter() - began - (time.thread_time() - worked)
                self._waits += (waited - self._waits) / WAITS_OVER
        return await self._stored_apart(several, stands_still=stands_still)

    def _is_quick(self) -> bool:
        return is_embedded(self._gateway.database) and self._waits < WAITS_ON_THE_LOOP.total_seconds()

    def _is_for_the_loop(self, several: Sequence[_Asked]) -> bool:
        self._waits *= 0.98  # by and by it is tried again
        is_small = sum(len(each.submitted.content) for each in several) <= BYTES_ON_THE_LOOP
        return is_small and len(several) <= RECORDS_ON_THE_LOOP and self._is_quick()

    async def _stored_apart(self, several: Sequence[_Asked], *, stands_still: bool) -> Sequence[Answer | Exception]:
        """What `_store` gives, from its thread; where no thread can be had, that is told: nobody waits for ever.

        Beside an embedded database the loop stands still for that long, a moment at most: one interpreter serves both
        threads, and while they take it from each other a group costs half as much again.
        """
        try:
            storing = self._thread.submit(self._store, several)
        except RuntimeError as error:
            return [error] * len(several)
        if stands_still:
            wait([storing], timeout=STILL_AT_MOST.total_seconds())
        return await asyncio.wrap_future(storing)

    def _store(self, several: Sequence[_Asked]) -> Sequence[Answer | Exception]:
        """What each is told. What the database does not do is told to all; what else goes wrong, to whom it concerns.

        So a group that failed is stored customer by customer, and one of those that fails by a bug record by record.
        """
        of = dict[KurumNo, list[Submitted]]()
        for each in several:
            of.setdefault(each.kurum, []).append(each.submitted)
        try:
            with about(request_id=" ".join(each.request_id for each in several)):  # many calls, one unit of work
                told = pipeline.accept_together(self._gateway, of)
            if any(len(told[kurum]) != len(mine) for kurum, mine in of.items()):
                raise RuntimeError(f"{len(several)} records were handed over, not all were answered")
            ahead = {kurum: iter(answers) for kurum, answers in told.items()}
            return [next(ahead[each.kurum]) for each in several]
        except WouldWait:
            raise
        except Exception as error:  # noqa: BLE001 - raised to those who wait for it
            parts = _parts(several, error)
            if len(parts) == 1:
                return [error] * len(several)
            require_time("a transaction for each")
            told_apart = {asked: told for part in parts for asked, told in zip(part, self._store(part), strict=True)}
            return [told_apart[each] for each in several]


def _parts(several: Sequence[_Asked], error: Exception) -> Sequence[Sequence[_Asked]]:
    """Who may fare better without the others, after this: one part where nobody would."""
    of = dict[KurumNo, list[_Asked]]()
    for each in several:
        of.setdefault(each.kurum, []).append(each)
    if isinstance(error, DatabaseAway):
        return [several]
    if len(of) > 1:
        return list(of.values())
    return [several] if isinstance(error, Unavailable) else [[each] for each in several]


def _tell(answer: asyncio.Future[Answer], told: Answer | Exception) -> None:
    if answer.done():  # whoever asked has gone
        return
    if isinstance(told, Exception):
        answer.set_exception(told)
    else:
        answer.set_result(told)
