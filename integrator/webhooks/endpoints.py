"""The rows of webhooks: put, read, claimed for one turn, settled after it.

"Claimed" means: `due_at` is the lease's end, and `fence` is the claim's. A person's change raises the fence as well, so
that a turn that was under way meanwhile moves nothing; its attempts are written down all the same.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, exists, func, insert, select, update

from integrator.audit.bound import told_now
from integrator.domain.errors import NotFound
from integrator.domain.identifiers import KurumNo
from integrator.protect.seal import Sealer
from integrator.store.rows import insert_rows
from integrator.store.tables import audit_entry, from_ms, to_ms
from integrator.store.webhook_tables import webhook, webhook_delivery

OPEN, DISABLED = "open", "disabled"
KEPT = 200
"""Attempts of each endpoint that can be looked at."""

_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Secret:
    """One secret; `until` is when a rotated one ends."""

    value: str = field(repr=False)
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Inside:
    """What is sealed: where the messages go, and the secrets that sign them, the newest first."""

    address: str = field(repr=False)
    secrets: tuple[Secret, ...]

    def good(self, now: datetime) -> list[str]:
        """The secrets that sign now."""
        return [each.value for each in self.secrets if each.until is None or now < each.until]


@dataclass(frozen=True, slots=True)
class Webhook:
    """One endpoint of a customer. Empty `events`: all of them; `reason` says why it is disabled."""

    kurum_id: KurumNo
    webhook_no: str
    name: str
    body: bytes = field(repr=False)
    events: tuple[str, ...]
    state: str
    reason: str
    cursor: int
    due_at: datetime
    claimed_by: str | None
    fence: int
    failures: int
    failing_since: datetime | None
    taken_at: datetime | None
    deliveries: int
    created_at: datetime

    @property
    def key(self) -> tuple[KurumNo, str]:
        """What finds it."""
        return self.kurum_id, self.webhook_no

    def wants(self, event: str) -> bool:
        """Whether its filter lets `event` through."""
        return not self.events or event in self.events


@dataclass(frozen=True, slots=True)
class Attempt:
    """One POST and what became of it. `status` 0: no answer came, and `code` says why; "" says that it was taken."""

    message_id: str
    type: str
    began_at: datetime
    elapsed_ms: int
    status: int
    code: str


def new_number() -> str:
    """A number for a new endpoint."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(8))


def seal(sealer: Sealer, kurum: KurumNo, webhook_no: str, inside: Inside) -> bytes:
    """`inside`, as the row keeps it."""
    kept = [[each.value, to_ms(each.until) if each.until else None] for each in inside.secrets]
    plain = json.dumps({"address": inside.address, "secrets": kept}).encode()
    return sealer.seal(plain, _place(kurum, webhook_no))


def unseal(sealer: Sealer, found: Webhook) -> Inside:
    """Address and secrets of a row; raises Tampered."""
    told = json.loads(sealer.open(found.body, _place(*found.key)))
    kept = tuple(Secret(value, from_ms(until) if until else None) for value, until in told["secrets"])
    return Inside(told["address"], kept)


def _place(kurum: KurumNo, webhook_no: str) -> bytes:
    return f"{webhook.name}/{kurum}/{webhook_no}".encode()


def put(tx: Connection, made: Webhook) -> None:
    """Write a new row."""
    tx.execute(insert(webhook).values(_as_row(asdict(made))))


def change(tx: Connection, found: Webhook, **values: Any) -> None:
    """A person's change; a turn that is under way moves nothing any more. The row is locked by the caller."""
    tx.execute(update(webhook).where(*_is(*found.key)).values({**_as_row(values), "fence": found.fence + 1}))


def remove(tx: Connection, found: Webhook) -> None:
    """Take it away with its attempts."""
    for table in (webhook, webhook_delivery):
        mine = (table.c.kurum_id == found.kurum_id, table.c.webhook_no == found.webhook_no)
        tx.execute(delete(table).where(*mine))


def told(tx: Connection, sealer: Sealer, found: Webhook) -> dict[str, Any]:
    """What the entry of an act says of the row, as it stands after the act."""
    return told_now(tx, sealer, found.kurum_id, {webhook: [(found.webhook_no,)]})


def read_one(tx: Connection, kurum: KurumNo, webhook_no: str, *, lock: bool = False) -> Webhook:
    """One of a customer's; raises NotFound."""
    query = select(webhook).where(*_is(kurum, webhook_no))
    row = tx.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound(f"no webhook {webhook_no!r} of this customer")
    return _of(row)


def read_all(tx: Connection, kurum: KurumNo) -> list[Webhook]:
    """A customer's, the oldest first."""
    query = select(webhook).where(webhook.c.kurum_id == kurum)
    return [_of(row) for row in tx.execute(query.order_by(webhook.c.created_at, webhook.c.webhook_no))]


def read_due(tx: Connection, *, now: datetime, limit: int) -> list[Webhook]:
    """Open ones whose time has come and whose customer's feed has something behind their cursor; longest due first."""
    mine = (audit_entry.c.kurum_id == webhook.c.kurum_id, audit_entry.c.i >= webhook.c.cursor)
    query = select(webhook).where(webhook.c.state == OPEN, webhook.c.due_at <= now, exists().where(*mine))
    return [_of(row) for row in tx.execute(query.order_by(webhook.c.due_at, webhook.c.webhook_no).limit(limit))]


def claim(tx: Connection, found: Webhook, by: str, *, now: datetime, lease: timedelta) -> Webhook | None:
    """Have it for one turn, as it stands now; None when it is not due any more: somebody else was first."""
    is_due = (webhook.c.state == OPEN, webhook.c.due_at <= now)
    values = {"claimed_by": by, "fence": webhook.c.fence + 1, "due_at": now + lease}
    taken = update(webhook).where(*_is(*found.key), *is_due).values(values).returning(webhook)
    row = tx.execute(taken).one_or_none()
    return _of(row) if row else None


def settle(tx: Connection, claimed: Webhook, attempts: Sequence[Attempt], **values: Any) -> bool:
    """The end of a turn: its attempts, and `values` if the claim still stands; returns whether it does."""
    row = tx.execute(select(webhook).where(*_is(*claimed.key)).with_for_update()).one_or_none()
    if row is None:
        return False
    note_attempts(tx, _of(row), attempts)
    stands = bool(row.fence == claimed.fence)
    if stands:
        tx.execute(update(webhook).where(*_is(*claimed.key)).values({**_as_row(values), "claimed_by": None}))
    return stands


def note_attempts(tx: Connection, found: Webhook, attempts: Sequence[Attempt]) -> None:
    """Write attempts down, and let those go that are older than the newest `KEPT`. The row is locked by the caller."""
    last = found.deliveries + len(attempts)
    of = {"kurum_id": found.kurum_id, "webhook_no": found.webhook_no}
    numbered = list(enumerate(attempts, found.deliveries + 1))[-KEPT:]
    insert_rows(tx, webhook_delivery, [{**of, "delivery_no": number, **asdict(each)} for number, each in numbered])
    mine = (webhook_delivery.c.kurum_id == found.kurum_id, webhook_delivery.c.webhook_no == found.webhook_no)
    tx.execute(delete(webhook_delivery).where(*mine, webhook_delivery.c.delivery_no <= last - KEPT))
    tx.execute(update(webhook).where(*_is(*found.key)).values(deliveries=last))


def read_attempts(tx: Connection, kurum: KurumNo, webhook_no: str, *, limit: int) -> list[Attempt]:
    """The last attempts, the newest first."""
    names = [webhook_delivery.c[each.name] for each in fields(Attempt)]
    query = select(*names).where(webhook_delivery.c.kurum_id == kurum, webhook_delivery.c.webhook_no == webhook_no)
    rows = tx.execute(query.order_by(webhook_delivery.c.delivery_no.desc()).limit(limit))
    return [Attempt(**row._mapping) for row in rows]


def count(tx: Connection, kurum: KurumNo) -> int:
    """How many a customer has."""
    return int(tx.execute(select(func.count()).where(webhook.c.kurum_id == kurum)).scalar_one())


def count_changes(tx: Connection, kurum: KurumNo, after: int, until: int, *, limit: int) -> int:
    """How many of a customer's changes lie behind `after` and not behind `until`; counted up to `limit`."""
    mine = (audit_entry.c.kurum_id == kurum, audit_entry.c.i >= after, audit_entry.c.i < until)
    some = select(audit_entry.c.i).where(*mine).limit(limit).subquery()
    return int(tx.execute(select(func.count()).select_from(some)).scalar_one())


def _is(kurum: KurumNo, webhook_no: str) -> tuple[Any, Any]:
    return webhook.c.kurum_id == kurum, webhook.c.webhook_no == webhook_no


def _as_row(values: Mapping[str, Any]) -> dict[str, Any]:
    events = {"events": " ".join(values["events"])} if "events" in values else {}
    return {**values, **events}


def _of(row: Any) -> Webhook:
    return Webhook(**{**row._mapping, "events": tuple(row.events.split())})
