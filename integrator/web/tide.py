"""Waits for a customer's feed to grow: one look at the log for all who wait in this process, whoever wrote it."""

from __future__ import annotations

import asyncio

from starlette.concurrency import run_in_threadpool

from integrator.audit.checkpoint import tree_size
from integrator.audit.trail import feeds_grown
from integrator.domain.identifiers import KurumNo
from integrator.gateway import Gateway
from integrator.store.engine import reading
from integrator.web.draining import Drain

LOOKS_EVERY = 0.25
ENTRIES_AT_MOST = 5_000
"""Of one look; behind more, everybody is told to read."""


class Tide:
    """Up to where each customer's feed is known to reach; those who wait share the looks."""

    def __init__(self, gateway: Gateway, drain: Drain) -> None:
        self._gateway = gateway
        self._drain = drain
        self._look: asyncio.Task[None] | None = None
        self._size = self._everybody = 0
        self._newest: dict[str, int] = {}

    async def rises(self, kurum: KurumNo, above: int, *, seconds: float) -> None:
        """Return once there may be a change of `kurum` behind the first `above` entries, or after `seconds`.

        Whoever waits while the process ends is let go at the next look.
        """
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + seconds
        while max(self._newest.get(kurum, 0), self._everybody) <= above and loop.time() < ends_at:
            if self._drain.is_begun:
                return
            await self._next_look()

    async def _next_look(self) -> None:
        if self._look is None or self._look.done():
            self._look = asyncio.create_task(self._read())
        await asyncio.shield(self._look)

    async def _read(self) -> None:
        await asyncio.sleep(LOOKS_EVERY)
        self._size, grown = await run_in_threadpool(self._looked, self._size)
        if grown is None:
            self._everybody = self._size
        else:
            self._newest |= grown

    def _looked(self, since: int) -> tuple[int, dict[str, int] | None]:
        with reading(self._gateway.database) as tx:
            size = tree_size(tx)
            return size, feeds_grown(tx, since) if size - since <= ENTRIES_AT_MOST else None
