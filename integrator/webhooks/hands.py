"""What people and programs do with a customer's webhooks; each change has its audit entry, in the same transaction.

Entries name the endpoint by its number and host; path, query and secrets stand in the sealed body only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from integrator.audit.trail import Entry
from integrator.domain.errors import Malformed, RefusedAddress, RefusedReplay, TooManyWebhooks
from integrator.domain.hands import Hand
from integrator.domain.identifiers import KurumNo
from integrator.domain.states import State
from integrator.feed import end_of, find_cursor, read_changes
from integrator.gateway import Gateway
from integrator.log import logger
from integrator.store.dialect import hold
from integrator.store.engine import Tx, reading, write_anew, writing
from integrator.webhooks import endpoints
from integrator.webhooks.carrying import Answer, Carrier, Terms
from integrator.webhooks.endpoints import DISABLED, OPEN, Inside, Secret, Webhook
from integrator.webhooks.guard import NotResolved
from integrator.webhooks.standard import new_secret, trial_message

KINDS = frozenset({f"bildirim.{state}" for state in State} | {"kayit.corrected", "webhook.disabled", "glass.broken"})
"""What a filter may name."""

BY_HAND = "by_hand"
SECRETS_AT_MOST = 3
REPLAYED_AT_MOST = 100_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """An endpoint as somebody wants it; None leaves a thing as it is."""

    name: str | None = None
    address: str | None = None
    events: Sequence[str] | None = None


def make_webhook(gateway: Gateway, terms: Terms, kurum: KurumNo, wanted: Wanted, *, by: str) -> tuple[Webhook, str]:
    """A new endpoint, told of what happens from now on, and its secret, told once.

    Raises RefusedAddress, TooManyWebhooks, Malformed for a filter that names no event, BadReason for a name.
    """
    name, now = _name(wanted.name or ""), gateway.clock.now()
    address, events = _checked(terms, wanted.address or ""), _filter(wanted.events or ())
    secret, number = new_secret(), endpoints.new_number()
    gateway.keyring.sealer(kurum, now=now)

    def act(tx: Tx) -> Webhook:
        hold(tx, f"webhook/{kurum}")  # of two at the same time one is the last that may be
        if endpoints.count(tx, kurum) >= terms.at_most:
            raise TooManyWebhooks(f"{terms.at_most} of {terms.at_most}")
        body = _sealed(gateway, tx, kurum, number, Inside(address, (Secret(secret),)))
        cursor = find_cursor(tx, kurum, end_of(tx, kurum))
        made = Webhook(kurum, number, name, body, events, OPEN, "", cursor, now, None, 0, 0, None, None, 0, now)
        endpoints.put(tx, made)
        _record(gateway, tx, made, event="webhook.made", hand=Hand(by, name), host=_host(address), events=list(events))
        return made

    return write_anew(gateway.database, act), secret


def change_webhook(
    gateway: Gateway, terms: Terms, kurum: KurumNo, webhook_no: str, wanted: Wanted, *, by: str
) -> Webhook:
    """Another name, address or filter. Raises what `make_webhook` raises, and NotFound; Malformed for none of them."""
    if wanted == Wanted():
        raise Malformed("nothing is named that should change: name, address or events is wanted")
    address = None if wanted.address is None else _checked(terms, wanted.address)
    events = None if wanted.events is None else _filter(wanted.events)

    def turn(tx: Tx, found: Webhook) -> tuple[dict[str, Any], dict[str, Any]]:
        values: dict[str, Any] = {} if events is None else {"events": events}
        if wanted.name is not None:
            values["name"] = _name(wanted.name)
        if address is not None:
            inside = replace(_opened(gateway, found), address=address)
            values["body"] = _sealed(gateway, tx, kurum, webhook_no, inside)
        told = {} if address is None else {"host": _host(address)}
        return values, {"changed": sorted({"address" if each == "body" else each for each in values}), **told}

    return _turn(gateway, kurum, webhook_no, turn, event="webhook.changed", hand=Hand(by, wanted.name or "changed"))


def rotate_secret(
    gateway: Gateway, kurum: KurumNo, webhook_no: str, *, overlap: timedelta, by: str
) -> tuple[Webhook, str]:
    """A new secret, told once; those before it sign beside it until `overlap` is over."""
    secret = new_secret()

    def turn(tx: Tx, found: Webhook) -> tuple[dict[str, Any], dict[str, Any]]:
        now, inside = gateway.clock.now(), _opened(gateway, found)
        ends = now + overlap
        old = [Secret(each.value, min(each.until or ends, ends)) for each in inside.secrets]
        kept = [each for each in old if each.until is not None and each.until > now][: SECRETS_AT_MOST - 1]
        body = _sealed(gateway, tx, kurum, webhook_no, Inside(inside.address, (Secret(secret), *kept)))
        return {"body": body}, {"overlap_seconds": round(overlap.total_seconds())}

    return _turn(gateway, kurum, webhook_no, turn, event="webhook.rotated", hand=Hand(by, "new secret")), secret


def disable_webhook(gateway: Gateway, kurum: KurumNo, webhook_no: str, *, reason: str, by: str) -> Webhook:
    """Nothing goes there until it is enabled; the feed is kept for it."""

    def turn(_tx: Tx, _found: Webhook) -> tuple[dict[str, Any], dict[str, Any]]:
        return {"state": DISABLED, "reason": BY_HAND}, {"code": BY_HAND}

    return _turn(gateway, kurum, webhook_no, turn, event="webhook.disabled", hand=Hand(by, reason))


def enable_webhook(gateway: Gateway, kurum: KurumNo, webhook_no: str, *, reason: str, by: str) -> Webhook:
    """It goes on where it stood: what happened meanwhile is delivered first."""

    def turn(_tx: Tx, _found: Webhook) -> tuple[dict[str, Any], dict[str, Any]]:
        return _fresh(gateway), {}

    return _turn(gateway, kurum, webhook_no, turn, event="webhook.enabled", hand=Hand(by, reason))


def replay(
    gateway: Gateway, kurum: KurumNo, webhook_no: str, *, since: str | datetime, reason: str, by: str
) -> Webhook:
    """Deliver anew what lies behind a told cursor, or what happened since a time: in order, under the same ids.

    Raises NoSuchCursor, and RefusedReplay for a cursor that would skip something or lead too far back.
    """

    def turn(tx: Tx, found: Webhook) -> tuple[dict[str, Any], dict[str, Any]]:
        told = isinstance(since, str)
        cursor = find_cursor(tx, kurum, since) if isinstance(since, str) else _cursor_at(tx, found, since)
        if cursor > found.cursor:
            raise RefusedReplay("the cursor lies behind what was delivered: a replay goes back and skips nothing")
        again = endpoints.count_changes(tx, kurum, cursor, found.cursor, limit=REPLAYED_AT_MOST + 1)
        if again > REPLAYED_AT_MOST:
            raise RefusedReplay(f"more than {REPLAYED_AT_MOST} changes lie there; GET /v1/change reads them")
        return {"cursor": cursor, **_fresh(gateway)}, {"again": again, "by_cursor": told}

    return _turn(gateway, kurum, webhook_no, turn, event="webhook.replayed", hand=Hand(by, reason))


def _cursor_at(tx: Tx, found: Webhook, since: datetime) -> int:
    """The cursor before the first change that is not older than `since`, or where the endpoint stands."""
    low, high = 0, found.cursor
    while low < high:
        middle = (low + high) // 2
        change = next(iter(read_changes(tx, found.kurum_id, after=middle, limit=1)), None)
        if change is None or change.at >= since:
            high = middle
        else:
            low = change.cursor
    return min(low, found.cursor)


def delete_webhook(gateway: Gateway, kurum: KurumNo, webhook_no: str, *, by: str) -> None:
    """Take it away, with its secret and its attempts. Raises NotFound."""
    with writing(gateway.database) as tx:
        found = endpoints.read_one(tx, kurum, webhook_no, lock=True)
        endpoints.remove(tx, found)
        _record(gateway, tx, found, event="webhook.deleted", hand=Hand(by, "deleted"))


def try_webhook(gateway: Gateway, terms: Terms, kurum: KurumNo, webhook_no: str) -> Answer:
    """Send a test message now, whatever the endpoint's state, and tell what came of it. Raises NotFound."""
    with reading(gateway.database) as tx:
        found = endpoints.read_one(tx, kurum, webhook_no)
    inside, now = _opened(gateway, found), gateway.clock.now()
    carrier = Carrier(terms, inside.address, gateway.clock)
    try:
        answer = carrier.carry(trial_message(kurum, webhook_no, now=now), inside.good(now))
    finally:
        carrier.close()
    with writing(gateway.database) as tx:
        endpoints.note_attempts(tx, endpoints.read_one(tx, kurum, webhook_no, lock=True), [answer.attempt])
    logger().info("webhook.tried", kurum_id=kurum, webhook_no=webhook_no, status=answer.attempt.status)
    return answer


_Turned = Callable[[Tx, Webhook], tuple[dict[str, Any], dict[str, Any]]]
"""(transaction, row) -> (what changes in the row, what the entry tells)."""


def _turn(gateway: Gateway, kurum: KurumNo, webhook_no: str, turn: _Turned, *, event: str, hand: Hand) -> Webhook:
    def act(tx: Tx) -> Webhook:
        found = endpoints.read_one(tx, kurum, webhook_no, lock=True)
        values, facts = turn(tx, found)
        endpoints.change(tx, found, **values)
        _record(gateway, tx, found, event=event, hand=hand, **facts)
        return endpoints.read_one(tx, kurum, webhook_no)

    return write_anew(gateway.database, act)


def _record(gateway: Gateway, tx: Tx, found: Webhook, *, event: str, hand: Hand, **facts: Any) -> None:
    told = {"kurum": found.kurum_id, "webhook_no": found.webhook_no, **hand.facts, **facts}
    told |= endpoints.told(tx, gateway.keyring.sealer(found.kurum_id), found)
    gateway.record(tx, [Entry(event, gateway.actor, told)], gateway.clock.now())


def _fresh(gateway: Gateway) -> dict[str, Any]:
    now = gateway.clock.now()
    return {"state": OPEN, "reason": "", "failures": 0, "failing_since": None, "claimed_by": None, "due_at": now}


def _opened(gateway: Gateway, found: Webhook) -> Inside:
    return endpoints.unseal(gateway.keyring.sealer(found.kurum_id), found)


def _sealed(gateway: Gateway, tx: Tx, kurum: KurumNo, webhook_no: str, inside: Inside) -> bytes:
    sealer = gateway.keyring.sealer(kurum)
    gateway.keyring.hold(tx, kurum, sealer)
    return endpoints.seal(sealer, kurum, webhook_no, inside)


def _checked(terms: Terms, address: str) -> str:
    """The address, if a message could go there now."""
    target = terms.guard.read(address)
    try:
        terms.guard.reach(target)
    except NotResolved as error:
        raise RefusedAddress("its host has no address now") from error
    return target.address


def _host(address: str) -> str:
    return urlsplit(address).hostname or ""


def _name(name: str) -> str:
    return Hand(name, "name").by.strip()  # the same bounds as a person's: it stands in the log


def _filter(events: Sequence[str]) -> tuple[str, ...]:
    unknown = sorted(set(events) - KINDS)
    if unknown:
        raise Malformed(f"{len(unknown)} of the events are not known; known: {', '.join(sorted(KINDS))}")
    return tuple(sorted(set(events)))
