"""The customer of every audit entry that stands in a change feed; calls that carry an Idempotency-Key."""

import json
from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

AT_ONCE = 5_000
FEED = ("bildirim.moved", "kayit.corrected")
_ENTRY = sa.table("audit_entry", sa.column("i"), sa.column("leaf"), sa.column("kurum_id"))


def key(length: int) -> sa.String:
    """Text ordered by its bytes."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Entries that were written before are told apart by their text, then found by the index."""
    op.add_column("audit_entry", sa.Column("kurum_id", key(64)))
    mark_changes(op.get_bind())
    is_told = sa.text("kurum_id IS NOT NULL")
    columns = ["kurum_id", "i"]
    op.create_index("audit_entry_feed", "audit_entry", columns, sqlite_where=is_told, postgresql_where=is_told)
    op.create_table(
        "api_call",
        sa.Column("kurum_id", key(64), primary_key=True),
        sa.Column("call_id", key(32), primary_key=True),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("acted", sa.SmallInteger(), nullable=False),
        sa.Column("until_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.LargeBinary()),
    )
    op.create_index("api_call_ends", "api_call", ["kurum_id", "ends_at"])


def mark_changes(tx: sa.Connection) -> None:
    """Write the customer to every entry that is a change."""
    told = sa.update(_ENTRY).where(_ENTRY.c.i == sa.bindparam("at")).values(kurum_id=sa.bindparam("kurum"))
    for rows in _changes(tx):
        tx.execute(told, rows)


def _changes(tx: sa.Connection) -> Iterator[list[dict[str, object]]]:
    """What to write, page by page. An entry that cannot be read stays as it is: `ibys audit verify` names it."""
    after = -1
    while True:
        page = sa.select(_ENTRY.c.i, _ENTRY.c.leaf).where(_ENTRY.c.i > after).order_by(_ENTRY.c.i).limit(AT_ONCE)
        rows = tx.execute(page).all()
        if not rows:
            return
        after = rows[-1].i
        if found := [{"at": row.i, "kurum": kurum} for row in rows if (kurum := _kurum_of(row.leaf))]:
            yield found


def _kurum_of(leaf: bytes) -> str | None:
    try:
        fact = json.loads(bytes(leaf))
        return fact["kurum"] if fact["event"] in FEED else None
    except (ValueError, KeyError, TypeError):
        return None
