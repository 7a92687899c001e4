"""Webhooks: addresses of the customer's own to which its changes are pushed, signed as Standard Webhooks has it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import BoundedSemaphore
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from integrator.access import Principal
from integrator.domain.errors import Unavailable
from integrator.domain.roles import Right
from integrator.gateway import Gateway
from integrator.store.engine import reading
from integrator.web.api.messages import Reason
from integrator.web.api.shapes import Moment, Overlap, plain
from integrator.web.guard import GatewayHere, needs
from integrator.web.problems import BadCall
from integrator.webhooks import endpoints, hands
from integrator.webhooks.carrying import Terms
from integrator.webhooks.endpoints import Webhook
from integrator.webhooks.hands import Wanted
from integrator.webhooks.telling import tell_attempt, tell_webhook

router = APIRouter(prefix="/webhook", tags=["webhook"])

Number = Annotated[str, Path(min_length=8, max_length=8, pattern="^[0-9a-z]{8}$", description="webhook_no")]
Name = Annotated[str, Field(min_length=1, max_length=64, description="what it is for; stands in the audit log")]
Address = Annotated[str, Field(min_length=1, max_length=2_048, description="https://host/path on a public address")]
Filter = Annotated[list[str], Field(max_length=64, description="types of messages; empty: all of them")]
Keeper = Annotated[Principal, needs(Right.KEEP_WEBHOOKS)]


async def terms_of(request: Request) -> Terms:
    """How this process carries messages."""
    terms: Terms = request.app.state.webhook_terms
    return terms


TermsHere = Annotated[Terms, Depends(terms_of)]

OUTWARD_AT_MOST = 4
_outward = BoundedSemaphore(OUTWARD_AT_MOST)


@contextmanager
def going_out() -> Iterator[None]:
    """Around what waits for somebody else's host: a few at a time, or slow hosts would have all of our threads."""
    if not _outward.acquire(blocking=False):
        raise Unavailable("other webhooks are being tried just now", retry_after=timedelta(seconds=5))
    try:
        yield
    finally:
        _outward.release()


class NewWebhook(BaseModel):
    """An endpoint to be made."""

    model_config = ConfigDict(extra="forbid")
    name: Name
    address: Address
    events: Filter = Field(default_factory=list)


class ChangedWebhook(BaseModel):
    """What is to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid")
    name: Name | None = None
    address: Address | None = None
    events: Filter | None = None


class Replayed(Reason):
    """From where: a `cursor` of the feed, or a time. One of the two."""

    after: Annotated[str, Field(max_length=32, pattern=r"^[0-9]{1,18}(-[0-9a-f]{8})?$")] | None = None
    since: Moment | None = None

    @property
    def place(self) -> str | datetime:
        """The one that was given; raises BadCall."""
        if (self.after is None) == (self.since is None):
            raise BadCall("one of after and since is wanted")
        return self.after if self.after is not None else self.since  # type: ignore[return-value]  # one is not None


@router.post("", status_code=201)
def make(
    wanted: NewWebhook, response: Response, gateway: GatewayHere, terms: TermsHere, principal: Keeper
) -> dict[str, Any]:
    """A new endpoint; it is told of what happens from now on. Its `secret` is shown once, here."""
    asked = Wanted(wanted.name, wanted.address, wanted.events)
    with going_out():
        made, secret = hands.make_webhook(gateway, terms, principal.kurum, asked, by=principal.name)
    return _shown(gateway, response, made, secret)


@router.get("")
def read_list(gateway: GatewayHere, principal: Keeper) -> dict[str, Any]:
    """Every endpoint: where it leads, how it stands, what it has taken last. No secrets."""
    with reading(gateway.database) as tx:
        found = endpoints.read_all(tx, principal.kurum)
    return {"webhooks": [tell_webhook(gateway, each) for each in found]}


@router.get("/{webhook_no}")
def read_one(webhook_no: Number, gateway: GatewayHere, principal: Keeper) -> dict[str, Any]:
    """One endpoint."""
    with reading(gateway.database) as tx:
        return tell_webhook(gateway, endpoints.read_one(tx, principal.kurum, webhook_no))


@router.patch("/{webhook_no}")
def change(
    webhook_no: Number, wanted: ChangedWebhook, gateway: GatewayHere, terms: TermsHere, principal: Keeper
) -> dict[str, Any]:
    """Another name, address or filter."""
    asked = Wanted(wanted.name, wanted.address, wanted.events)
    with going_out():
        changed = hands.change_webhook(gateway, terms, principal.kurum, webhook_no, asked, by=principal.name)
    return tell_webhook(gateway, changed)


@router.delete("/{webhook_no}", status_code=204, response_class=Response)
def delete(webhook_no: Number, gateway: GatewayHere, principal: Keeper) -> Response:
    """Take it away. What it was not told of stays in the feed."""
    hands.delete_webhook(gateway, principal.kurum, webhook_no, by=principal.name)
    return Response(status_code=204)


@router.post("/{webhook_no}/rotate")
def rotate(
    webhook_no: Number, told: Overlap, response: Response, gateway: GatewayHere, principal: Keeper
) -> dict[str, Any]:
    """A new secret, shown once, here. Until the overlap is over, messages carry the signatures of both."""
    overlap = timedelta(hours=told.overlap_hours)
    changed, secret = hands.rotate_secret(gateway, principal.kurum, webhook_no, overlap=overlap, by=principal.name)
    return _shown(gateway, response, changed, secret)


@router.post("/{webhook_no}/disable")
def disable(webhook_no: Number, why: Reason, gateway: GatewayHere, principal: Keeper) -> dict[str, Any]:
    """Push nothing there until it is enabled again."""
    found = hands.disable_webhook(gateway, principal.kurum, webhook_no, reason=why.reason, by=principal.name)
    return tell_webhook(gateway, found)


@router.post("/{webhook_no}/enable")
def enable(webhook_no: Number, why: Reason, gateway: GatewayHere, principal: Keeper) -> dict[str, Any]:
    """Go on where it stood, at once: what happened meanwhile is pushed first."""
    found = hands.enable_webhook(gateway, principal.kurum, webhook_no, reason=why.reason, by=principal.name)
    return tell_webhook(gateway, found)


@router.post("/{webhook_no}/replay")
def replay(webhook_no: Number, told: Replayed, gateway: GatewayHere, principal: Keeper) -> dict[str, Any]:
    """Push anew what lies behind `after`, or what happened since a time: in order, under the same ids."""
    kurum, by = principal.kurum, principal.name
    return tell_webhook(gateway, hands.replay(gateway, kurum, webhook_no, since=told.place, reason=told.reason, by=by))


@router.post("/{webhook_no}/test")
def test(webhook_no: Number, gateway: GatewayHere, terms: TermsHere, principal: Keeper) -> dict[str, Any]:
    """Send one message of type `webhook.test` now, and tell what came of it."""
    with going_out():
        answer = hands.try_webhook(gateway, terms, principal.kurum, webhook_no)
    return {"taken": answer.is_taken, **tell_attempt(answer.attempt)}


@router.get("/{webhook_no}/delivery")
def read_deliveries(
    webhook_no: Number,
    gateway: GatewayHere,
    principal: Keeper,
    limit: Annotated[int, Query(ge=1, le=endpoints.KEPT)] = 50,
) -> dict[str, Any]:
    """The last attempts, the newest first. Status 0: no answer came, and `code` says why."""
    with reading(gateway.database) as tx:
        endpoints.read_one(tx, principal.kurum, webhook_no)
        found = endpoints.read_attempts(tx, principal.kurum, webhook_no, limit=limit)
    return {"deliveries": plain([tell_attempt(each) for each in found])}


def _shown(gateway: Gateway, response: Response, webhook: Webhook, secret: str) -> dict[str, Any]:
    response.headers["Cache-Control"] = "no-store"
    return {**tell_webhook(gateway, webhook), "secret": secret}
