"""The tables of webhooks, on the same metadata. Address and secrets are sealed; no content is kept of what was sent."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table

from integrator.store.tables import Told, UtcDateTime, _key, _kurum, metadata

# `cursor` is the place in the change feed behind what was taken: the feed is pushed, and nothing is queued twice.
webhook = Table(
    "webhook",
    metadata,
    _kurum(),
    Column("webhook_no", _key(8), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("body", LargeBinary, nullable=False),  # address and secrets
    Column("events", String(1000), nullable=False),
    Column("state", String(8), nullable=False),
    Column("reason", Told(64), nullable=False),
    Column("cursor", BigInteger, nullable=False),
    # When somebody may act on this row next: the next turn, or, while a worker has one, the lease's end.
    Column("due_at", UtcDateTime, nullable=False),
    Column("claimed_by", String(64)),
    Column("fence", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("failing_since", UtcDateTime),
    Column("taken_at", UtcDateTime),
    Column("deliveries", BigInteger, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

Index("webhook_due", webhook.c.state, webhook.c.due_at)

# The last attempts of each: status 0 means that there was no answer, and the code says why.
webhook_delivery = Table(
    "webhook_delivery",
    metadata,
    _kurum(),
    Column("webhook_no", _key(8), primary_key=True),
    Column("delivery_no", BigInteger, primary_key=True, autoincrement=False),
    Column("message_id", String(64), nullable=False),
    Column("type", String(64), nullable=False),
    Column("began_at", UtcDateTime, nullable=False),
    Column("elapsed_ms", Integer, nullable=False),
    Column("status", Integer, nullable=False),
    Column("code", Told(32), nullable=False),
)
