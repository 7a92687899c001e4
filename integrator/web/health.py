"""Is this process alive, and can it take a record now? Told without identity, numbers or addresses of anybody."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from integrator.domain.errors import IntegratorError
from integrator.gateway import Gateway
from integrator.queue.line_row import read_line
from integrator.store.engine import reading
from integrator.web.guard import GatewayHere, open_to_all

router = APIRouter(prefix="/health", tags=["health"])
FREE_BYTES = 256 << 20
"""Below this nothing is promised any more: the answers of what is under way still need room."""


@router.get("/live", dependencies=[open_to_all()])
def live() -> dict[str, bool]:
    """The process answers."""
    return {"ok": True}


@router.get("/ready", dependencies=[open_to_all()])
def ready(request: Request, gateway: GatewayHere) -> JSONResponse:
    """Every part that accepting needs. The ministry's state is told, and stops nothing: records are kept for it."""
    home: Path = request.app.state.home
    parts: dict[str, Callable[[], bool]] = {
        "database": lambda: _reads(gateway),
        "disk": lambda: shutil.disk_usage(home).free > FREE_BYTES,
        "keys": lambda: _opens(gateway),
    }
    told = {name: _is_well(part) for name, part in parts.items()}
    line = _line(gateway) if told["database"] else "unknown"
    is_ready = all(told.values())
    return JSONResponse({"ready": is_ready, **told, "line": line}, 200 if is_ready else 503)


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
        return read_line(tx, gateway.address).state
