"""The change feed, pushed: a worker's part in it. What is due is a query, a turn is claimed, carried and settled.

1. *claim*: a row's lease, so that one worker has the endpoint; the changes behind its cursor are read.
2. *carry*: one message after the other, in the feed's order, until one is not taken or the turn is over.
3. *settle*: cursor, attempts and what comes next, in one transaction.

A worker that dies in between leaves a lease that ends, and the same changes go again under the same ids. Endpoints have
their threads: a slow one holds its own; those that fail, and those of one customer, never have all of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from typing import Any

from integrator.audit.trail import Entry
from integrator.domain.identifiers import KurumNo
from integrator.feed import Change, read_changes
from integrator.gateway import Gateway
from integrator.log import logger
from integrator.queue import restored
from integrator.store.engine import reading, writing
from integrator.webhooks import endpoints
from integrator.webhooks.carrying import Answer, Carrier, Terms
from integrator.webhooks.endpoints import DISABLED, Attempt, Inside, Webhook
from integrator.webhooks.standard import message_of, type_of

PAGE = 100
LOOK_AT = 1_000
FAILING, GONE = "failing", "gone"


class Pusher:
    """The threads of one worker. `push` starts what is due and does not wait for it."""

    def __init__(self, gateway: Gateway, terms: Terms, *, stop: Callable[[], bool] = lambda: False) -> None:
        self._gateway = gateway
        self._terms = terms
        self._stop = stop
        self._threads = ThreadPoolExecutor(terms.concurrency, thread_name_prefix="webhook")
        self._under_way: dict[tuple[KurumNo, str], tuple[bool, Future[None]]] = {}

    def push(self) -> int:
        """Start a turn of every endpoint that is due and has room; returns how many."""
        self._under_way = {key: each for key, each in self._under_way.items() if not each[1].done()}
        started = 0
        for found in self._due():
            if self._has_room(found):
                work = self._threads.submit(self._guarded, found)
                self._under_way[found.key] = (found.failures > 0, work)
                started += 1
        return started

    def close(self) -> None:
        """Wait for the turns under way; each ends soon after `stop` says so."""
        self._threads.shutdown(wait=True)

    def _due(self) -> list[Webhook]:
        with reading(self._gateway.database) as tx:
            if restored.is_open(tx) is False:
                return []  # a copy out of a backup tells nobody anything
            return endpoints.read_due(tx, now=self._gateway.clock.now(), limit=LOOK_AT)

    def _has_room(self, found: Webhook) -> bool:
        """Failing endpoints have half of the threads at most, and so has one customer."""
        half = max(1, self._terms.concurrency // 2)
        if found.key in self._under_way or len(self._under_way) >= self._terms.concurrency:
            return False
        failing = sum(was_failing for was_failing, _ in self._under_way.values())
        same = sum(kurum == found.kurum_id for kurum, _ in self._under_way)
        return same < half and (not found.failures or failing < half)

    def _guarded(self, found: Webhook) -> None:
        """A thread's outermost call: what goes wrong is logged; the lease ends, and the turn comes again."""
        try:
            push_one(self._gateway, self._terms, found, stop=self._stop)
        except Exception as error:  # noqa: BLE001 - the outermost call of a thread
            logger().error("webhook.failed", webhook_no=found.webhook_no, error=type(error).__name__)


def push_one(
    gateway: Gateway, terms: Terms, found: Webhook, *, stop: Callable[[], bool] = lambda: False
) -> Turn | None:
    """One turn of one endpoint; None when somebody else has it."""
    with writing(gateway.database) as tx:
        claimed = endpoints.claim(tx, found, gateway.actor, now=gateway.clock.now(), lease=terms.lease)
    if claimed is None:
        return None
    turn = Turn(gateway, terms, claimed)
    turn.carry(stop)
    turn.settle()
    return turn


class Turn:
    """One claimed turn: how far it got, and why it went no further (`refusal` None: nothing stopped it)."""

    def __init__(self, gateway: Gateway, terms: Terms, claimed: Webhook) -> None:
        self._gateway = gateway
        self._terms = terms
        self._claimed = claimed
        self.cursor = claimed.cursor
        self.attempts: list[Attempt] = []
        self.taken_at: datetime | None = None
        self.refusal: Answer | None = None

    def carry(self, stop: Callable[[], bool]) -> None:
        """Step 2."""
        ends = time.monotonic() + self._terms.turn.total_seconds()
        inside = endpoints.unseal(self._gateway.keyring.sealer(self._claimed.kurum_id), self._claimed)
        carrier = Carrier(self._terms, inside.address, self._gateway.clock)
        try:
            for change in self._behind():
                if stop() or time.monotonic() > ends:
                    break
                if self._claimed.wants(type_of(change)) and not self._is_taken(change, carrier, inside):
                    break
                self.cursor = change.cursor
        finally:
            carrier.close()

    def _behind(self) -> Iterator[Change]:
        """The changes behind the cursor, read page by page as they are wanted."""
        cursor: int | None = self._claimed.cursor
        while cursor is not None:
            with reading(self._gateway.database) as tx:
                page = read_changes(tx, self._claimed.kurum_id, after=cursor, limit=PAGE)
            yield from page
            cursor = page[-1].cursor if page else None

    def _is_taken(self, change: Change, carrier: Carrier, inside: Inside) -> bool:
        now = self._gateway.clock.now()
        answer = carrier.carry(message_of(*self._claimed.key, change), inside.good(now))
        self.attempts.append(answer.attempt)
        if answer.is_taken:
            self.taken_at = now
        else:
            self.refusal = answer
        return answer.is_taken

    def settle(self) -> None:
        """Step 3; nothing but the attempts is written when the claim does not stand any more."""
        now, claimed = self._gateway.clock.now(), self._claimed
        after = {"cursor": self.cursor, **self._next(now)}
        ends = after.get("state") == DISABLED
        with writing(self._gateway.database) as tx:
            stands = endpoints.settle(tx, claimed, self.attempts, **after)
            if stands and ends:
                facts = {"kurum": claimed.kurum_id, "webhook_no": claimed.webhook_no, "code": after["reason"]}
                facts |= endpoints.told(tx, self._gateway.keyring.sealer(claimed.kurum_id), claimed)
                self._gateway.record(tx, [Entry("webhook.disabled", self._gateway.actor, facts)], now)
        self._tell(after["reason"] if stands and ends else "")

    def _next(self, now: datetime) -> dict[str, Any]:
        """When the next turn is, and whether there is one."""
        taken = {"taken_at": self.taken_at, "failures": 0, "failing_since": None} if self.taken_at else {}
        if self.refusal is None:
            return {**taken, "due_at": now}
        before = (0, None) if self.taken_at else (self._claimed.failures, self._claimed.failing_since)
        failures, since = before[0] + 1, before[1] or self.refusal.attempt.began_at
        jitter, wait = self._gateway.jitter(), self.refusal.wait
        due_at = self._terms.backoff.next_at(failures, now=now, jitter=jitter, retry_after=wait)
        after = {**taken, "failures": failures, "failing_since": since, "due_at": due_at}
        if self.refusal.is_gone or now - since >= self._terms.disable_after:
            after |= {"state": DISABLED, "reason": GONE if self.refusal.is_gone else FAILING}
        return after

    def _tell(self, disabled: str) -> None:
        of = {"kurum_id": self._claimed.kurum_id, "webhook_no": self._claimed.webhook_no}
        taken = len(self.attempts) - (self.refusal is not None)
        why = {"status": self.refusal.attempt.status, "code": self.refusal.attempt.code} if self.refusal else {}
        logger().info("webhook.pushed", **of, taken=taken, **why)
        if disabled:
            logger().warning("webhook.disabled", **of, why=disabled)
