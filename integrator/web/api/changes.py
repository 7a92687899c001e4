"""The change feed: what became of every message, in order, from a cursor on; a caller who waits polls no rows."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool

from integrator import feed
from integrator.access import Principal
from integrator.audit.checkpoint import tree_size
from integrator.domain.identifiers import KurumNo
from integrator.domain.roles import Right
from integrator.gateway import Gateway
from integrator.store.engine import reading
from integrator.web.draining import Drain
from integrator.web.guard import GatewayHere, needs
from integrator.web.tide import Tide

router = APIRouter(tags=["change"])
LONGEST_WAIT = 20.0
NOW = "now"

After = Annotated[
    str, Query(max_length=32, pattern=r"^(now|[0-9]{1,18}(-[0-9a-f]{8})?)$", description="a `cursor` or `next`; `now`")
]


@router.get("/change")
async def read_list(
    request: Request,
    *,
    gateway: GatewayHere,
    principal: Annotated[Principal, needs(Right.FOLLOW)],
    after: After = "0",
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    wait: Annotated[float, Query(ge=0, le=LONGEST_WAIT, description="seconds to wait for a change")] = 0,
) -> dict[str, Any]:
    """Every change of your messages behind `after`, oldest first: at least once, in order, without a gap.

    Ask on with `next`, which is always given. Without `after` the feed begins at its beginning, with `after=now` behind
    its end. With `wait` an empty answer comes after so many seconds, or as the server ends. A cursor stays good for as
    long as the gateway lives; one that the feed does not have is told (INT-API-070): it was put back from a backup.
    """
    tide: Tide = request.app.state.tide
    drain: Drain = request.app.state.drain
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + wait
    while True:
        told, size = await run_in_threadpool(_read, gateway, principal.kurum, after, limit)
        if told["changes"] or loop.time() >= ends_at or drain.is_begun:
            return told
        after = told["next"]
        await tide.rises(principal.kurum, size, seconds=ends_at - loop.time())


def _read(gateway: Gateway, kurum: KurumNo, after: str, limit: int) -> tuple[dict[str, Any], int]:
    """The answer, and the size of the log that it was read from."""
    with reading(gateway.database) as tx:
        told = feed.end_of(tx, kurum) if after == NOW else after
        changes = feed.read_changes(tx, kurum, after=feed.find_cursor(tx, kurum, told), limit=limit)
        size = tree_size(tx)
    return {
        "changes": [feed.tell_change(each) for each in changes],
        "next": changes[-1].told_cursor if changes else told,
    }, size
