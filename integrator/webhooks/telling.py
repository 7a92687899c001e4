"""What those who keep a webhook are told of it: the same for programs and for the command line. Never a secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from integrator.gateway import Gateway
from integrator.webhooks.endpoints import Attempt, Webhook, unseal

NOT_SHOWN = frozenset({"kurum_id", "body", "claimed_by", "fence", "cursor"})


def tell_webhook(gateway: Gateway, found: Webhook) -> dict[str, Any]:
    """One endpoint; times as ISO text. `secrets` says until when each secret signs (null: until it is rotated)."""
    inside = unseal(gateway.keyring.sealer(found.kurum_id), found)
    shown = {name: value for name, value in asdict(found).items() if name not in NOT_SHOWN}
    until = [each.until.isoformat() if each.until else None for each in inside.secrets]
    return {**_plain(shown), "kurum": found.kurum_id, "address": inside.address, "secrets": until}


def tell_attempt(attempt: Attempt) -> dict[str, Any]:
    """One attempt; times as ISO text."""
    return _plain(asdict(attempt))


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in values.items()}
