"""Who is calling, and may they? Every route asks for one right through `needs`; a test walks the routes for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, Request

from integrator.access import Principal, recognise
from integrator.domain.roles import Right
from integrator.gateway import Gateway
from integrator.web.problems import Forbidden, Unknown

ASKS_FOR = "asks_for"
_BEARER = "bearer "


def gateway_of(request: Request) -> Gateway:
    """The gateway that this process holds."""
    gateway: Gateway = request.app.state.gateway
    return gateway


GatewayHere = Annotated[Gateway, Depends(gateway_of)]


def caller_of(request: Request, gateway: Gateway) -> Principal | None:
    """Who calls; None for whoever shows no key that opens."""
    told = request.headers.get("authorization", "")
    token = told[len(_BEARER) :].strip() if told[: len(_BEARER)].lower() == _BEARER else ""
    address = request.client.host if request.client else ""
    return recognise(gateway, token, address=address) if token else None


def needs(right: Right) -> Any:
    """A dependency that gives the Principal, or ends the call with 401 or 403."""

    def enter(request: Request, gateway: GatewayHere) -> Principal:
        principal = caller_of(request, gateway)
        if principal is None:
            raise Unknown("")
        if not principal.may(right):
            raise Forbidden(f"{principal.role}: {right}")
        return principal

    setattr(enter, ASKS_FOR, right)
    return Depends(enter)


def right_of(dependency: Callable[..., Any] | None) -> Right | None:
    """The right that a dependency of a route asks for; None for any other dependency."""
    return getattr(dependency, ASKS_FOR, None)
