"""All pages of the desk under one address."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response

from integrator.access import Principal
from integrator.domain.roles import Right
from integrator.web.desk import (
    account,
    bildirim,
    coverage,
    duyuru,
    entering,
    isyeri,
    message,
    morning,
    paper,
    profesyonel,
    registry,
    registry_duyuru,
    sheet,
    static_files,
    verify,
)
from integrator.web.desk.pages import DESK, go
from integrator.web.guard import needs

router = APIRouter(prefix=DESK, include_in_schema=False)


@router.get("")
def show_first(principal: Annotated[Principal, needs(Right.OPEN)]) -> Response:
    """The page that whoever came in works with."""
    if principal.may(Right.FOLLOW):
        return go(f"{DESK}/morning")
    return go(f"{DESK}/registry" if principal.may(Right.KEEP_REGISTRY) else f"{DESK}/account")


for part in (
    entering, static_files, account, duyuru, morning, bildirim, message, coverage, isyeri, profesyonel, paper, sheet,
    verify, registry_duyuru, registry,
):  # fmt: skip
    router.include_router(part.router)
