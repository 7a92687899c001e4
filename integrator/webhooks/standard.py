"""The form of a message, its secret and its signature, after the Standard Webhooks specification (version 1).

The body is ``{"type", "timestamp", "data"}``; what is signed is ``id.timestamp.body``, HMAC-SHA256, one signature for
each secret that is good at the moment: two while a secret is being rotated. Nothing here is content: numbers, states,
codes.
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from integrator.audit.trail import stamp_of
from integrator.feed import Change, tell_change

PREFIX = "whsec_"
TEST = "webhook.test"
_SECRET_BYTES = 32
_NOT_TOLD = {"at", "cause"}  # it is the `timestamp`; and the cause may be another one at the next attempt


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one endpoint. The same change gives the same id and the same body at every attempt."""

    message_id: str
    type: str
    body: bytes = field(repr=False)


def new_secret() -> str:
    """A secret as receivers keep it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def type_of(change: Change) -> str:
    """What happened, as filters name it: ``bildirim.<state>``, or the event itself."""
    return f"bildirim.{change.state}" if change.event == "bildirim.moved" else change.event


def message_of(kurum: str, webhook_no: str, change: Change) -> Message:
    """The message that tells `change`. Its id holds a piece of the log, so another history never has the same."""
    told = {name: value for name, value in tell_change(change).items() if name not in _NOT_TOLD}
    message_id = f"msg_{webhook_no}_{change.cursor}_{change.mark}"
    return _message(message_id, type_of(change), change.at, {"kurum": kurum, **told})


def trial_message(kurum: str, webhook_no: str, *, now: datetime) -> Message:
    """What the test button sends; it stands for no change."""
    told = {"kurum": kurum, "webhook_no": webhook_no}
    return _message(f"msg_{webhook_no}_test_{secrets.token_hex(4)}", TEST, now, told)


def _message(message_id: str, kind: str, at: datetime, told: Mapping[str, Any]) -> Message:
    body = {"type": kind, "timestamp": stamp_of(at), "data": told}
    return Message(message_id, kind, json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode())


def signed_headers(message: Message, keys: Sequence[str], *, now: datetime) -> dict[str, str]:
    """The headers of one attempt: the time is the attempt's, so that an old one cannot be passed off as new."""
    stamp = str(int(now.timestamp()))
    signed = b".".join((message.message_id.encode(), stamp.encode(), message.body))
    return {
        "Content-Type": "application/json",
        "User-Agent": "ibys-webhook/1",
        "webhook-id": message.message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(_signature(each, signed) for each in keys),
    }


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
