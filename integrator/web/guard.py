"""Who is calling, and may they? Every route asks for one right through `needs`; a test walks the routes for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, Request

from integrator.access import Principal, recognise
from integrator.domain.roles import Right
from integrator.gateway import Gateway
from integrator.limiting import Limiter, TooManyCalls
from integrator.web.problems import Forbidden, Unknown
from integrator.web.strangers import Strangers

ASKS_FOR = "asks_for"
_BEARER = "bearer "


def gateway_of(request: Request) -> Gateway:
    """The gateway that this process holds."""
    gateway: Gateway = request.app.state.gateway
    return gateway


GatewayHere = Annotated[Gateway, Depends(gateway_of)]


def needs(right: Right) -> Any:
    """A dependency that gives the Principal, or ends the call with 401 or 403."""

    def enter(request: Request, gateway: GatewayHere) -> Principal:
        told = request.headers.get("authorization", "")
        token = told[len(_BEARER) :].strip() if told[: len(_BEARER)].lower() == _BEARER else ""
        address = request.client.host if request.client else ""
        strangers: Strangers = request.app.state.strangers
        strangers.require_patience(address, token)
        principal = recognise(gateway, token, address=address) if token else None
        if principal is None:
            strangers.note_failure(address, token)
            raise Unknown("")
        strangers.note_guest(token)
        let_in(request, principal)
        if not principal.may(right):
            raise Forbidden(f"{principal.role}: {right}")
        return principal

    setattr(enter, ASKS_FOR, right)
    return Depends(enter)


def let_in(request: Request, principal: Principal) -> None:
    """Take one call of the principal's rate and remember who is calling; raises TooManyCalls."""
    limiter: Limiter = request.app.state.limiter
    request.state.kurum = principal.kurum
    try:
        request.state.standings = limiter.enter(principal.kurum, principal.name)
    except TooManyCalls as error:
        request.state.standings = [error.standing] if error.standing else []
        raise


def right_of(dependency: Callable[..., Any] | None) -> Right | None:
    """The right that a dependency of a route asks for; None for any other dependency."""
    return getattr(dependency, ASKS_FOR, None)
