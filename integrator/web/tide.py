"""Waits for the log to grow: one look at its head for all who wait in this process, whoever wrote and wherever."""

from __future__ import annotations

import asyncio

from starlette.concurrency import run_in_threadpool

from integrator.audit.checkpoint import tree_size
from integrator.gateway import Gateway
from integrator.store.engine import reading

LOOKS_EVERY = 0.25


class Tide:
    """The size of the log as it was seen last; those who wait share the looks."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._look: asyncio.Task[int] | None = None

    async def size(self) -> int:
        """How many entries the log has now, or had up to LOOKS_EVERY seconds ago while others wait too."""
        if self._look is None or self._look.done():
            self._look = asyncio.create_task(self._read())
        return await asyncio.shield(self._look)

    async def rises(self, above: int, *, seconds: float) -> None:
        """Return once the log has more than `above` entries, or when `seconds` are over."""
        ends_at = asyncio.get_running_loop().time() + seconds
        while await self.size() <= above and asyncio.get_running_loop().time() < ends_at:
            pass

    async def _read(self) -> int:
        await asyncio.sleep(LOOKS_EVERY)
        return await run_in_threadpool(self._size)

    def _size(self) -> int:
        with reading(self._gateway.database) as tx:
            return tree_size(tx)
