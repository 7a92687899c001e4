"""Is this process alive, and can it take a record now? Told without identity, numbers or addresses of anybody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from integrator.domain.errors import IntegratorError
from integrator.gateway import Gateway
from integrator.queue.line_row import read_line
from integrator.queue.standing import told_line
from integrator.store.engine import reading
from integrator.web.admission import Room
from integrator.web.clock_watch import ClockWatch
from integrator.web.draining import Drain
from integrator.web.guard import open_to_all

router = APIRouter(prefix="/health", tags=["health"])
_THREADS = CapacityLimiter(2)  # of its own: health is told though every thread of the pool be busy


@router.get("/live", dependencies=[open_to_all()])
async def live() -> dict[str, bool]:
    """The process answers."""
    return {"ok": True}


@router.get("/ready", dependencies=[open_to_all()], responses={503: {"description": "Not ready; each part is told."}})
async def ready(request: Request) -> JSONResponse:
    """Every part that accepting needs. The ministry's state is told, and stops nothing: records are kept for it."""
    told = await to_thread.run_sync(_tell, request.app.state, limiter=_THREADS)
    return JSONResponse(told, 200 if told["ready"] else 503)


def _tell(state: Any) -> dict[str, Any]:
    gateway: Gateway = state.gateway
    drain: Drain = state.drain
    watch: ClockWatch = state.clock_watch
    parts: dict[str, Callable[[], bool]] = {
        "database": lambda: _reads(gateway),
        "disk": lambda: Room((state.home,)).look(),
        "keys": lambda: _opens(gateway),
        "clock": watch.is_well,
    }
    told = {name: _is_well(part) for name, part in parts.items()}
    line = _line(gateway) if told["database"] else "unknown"
    return {"ready": all(told.values()) and not drain.is_begun, **told, "ending": drain.is_begun, "line": line}


def _is_well(part: Callable[[], bool]) -> bool:
    try:
        return part()
    except (IntegratorError, OSError):
        return False


def _reads(gateway: Gateway) -> bool:
    with reading(gateway.database) as tx:
        return read_line(tx, gateway.address) is not None


def _opens(gateway: Gateway) -> bool:
    gateway.keyring.check_master()
    return True


def _line(gateway: Gateway) -> str:
    with reading(gateway.database) as tx:
        return told_line(tx, gateway.address).state
