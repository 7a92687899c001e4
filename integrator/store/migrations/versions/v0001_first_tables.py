"""The tables of the first release, as its homes have them (``meta.schema`` 1)."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def key(length: int) -> sa.String:
    """Text ordered by its bytes."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def of(name: str, kind: sa.types.TypeEngine[Any], *, null: bool = False) -> sa.Column[Any]:
    """An ordinary column."""
    return sa.Column(name, kind, nullable=null)


def pk(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    """A column of the primary key."""
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def number() -> tuple[sa.Column[Any], sa.Column[Any]]:
    """The key of a message."""
    return pk("kurum_id", key(64)), pk("sorgu_no", sa.BigInteger())


def upgrade() -> None:
    """Customers and records, messages, the ministry and its answers, the audit log."""
    records()
    messages()
    ministry()
    audit()


def records() -> None:
    """Customers, their keys, and what they handed in."""
    op.create_table("kurum", pk("kurum_id", key(64)), of("created_at", sa.BigInteger()))
    op.create_table(
        "data_key",
        pk("kurum_id", key(64)),
        pk("key_no", sa.Integer()),
        of("wrapped", sa.LargeBinary()),
        of("created_at", sa.BigInteger()),
    )
    op.create_table(
        "kayit",
        pk("kurum_id", key(64)),
        pk("kayit_no", key(128)),
        of("fingerprint", sa.LargeBinary()),
        of("veri_seti", sa.String(64)),
        of("version", sa.String(16)),
        of("event_date", sa.String(10)),
        of("received_at", sa.BigInteger()),
        of("body", sa.LargeBinary()),
    )


def messages() -> None:
    """Messages, what is kept beside them, and their attempts."""
    op.create_table(
        "bildirim",
        *number(),
        of("kayit_no", key(128)),
        of("part", sa.SmallInteger()),
        of("veri_seti", sa.String(64)),
        of("version", sa.String(16)),
        of("metot", sa.String(16)),
        of("state", sa.String(20)),
        of("due_at", sa.BigInteger()),
        of("claimed_by", sa.String(64), null=True),
        *(of(name, sa.Integer()) for name in ("fence", "attempt", "asks", "deneme_no")),
        of("reason", sa.String(64)),
        of("last_code", sa.String(32)),
        of("parts_total", sa.Integer()),
        of("parts_accepted", sa.Integer()),
        of("created_at", sa.BigInteger()),
        of("changed_at", sa.BigInteger()),
        of("uncertain_since", sa.BigInteger(), null=True),
    )
    op.create_index("bildirim_due", "bildirim", ["state", "due_at"])
    op.create_index("bildirim_kayit", "bildirim", ["kurum_id", "kayit_no"])
    op.create_index("bildirim_sorgu_no", "bildirim", ["sorgu_no"], unique=True)
    op.create_table(
        "bildirim_body",
        *number(),
        of("canonical", sa.LargeBinary()),
        of("cms", sa.LargeBinary(), null=True),
    )
    op.create_table("sonuc", *number(), of("refused_parts", sa.LargeBinary()))
    op.create_table(
        "evidence_copy",
        *number(),
        of("level", sa.String(4)),
        of("body", sa.LargeBinary(), null=True),
        of("changed_at", sa.BigInteger()),
    )
    op.create_index("evidence_copy_level", "evidence_copy", ["level", "kurum_id", "sorgu_no"])
    op.create_table(
        "deneme",
        *number(),
        pk("deneme_no", sa.Integer()),
        of("act", sa.String(8)),
        of("started_at", sa.BigInteger()),
        of("ended_at", sa.BigInteger(), null=True),
        of("outcome", sa.String(20), null=True),
        of("code", sa.String(32), null=True),
        of("request", sa.LargeBinary(), null=True),
        of("reply", sa.LargeBinary(), null=True),
    )


def ministry() -> None:
    """What the gateway remembers of the ministry and of authorities, and its own fixed facts."""
    op.create_table(
        "revocation_answer",
        pk("digest", key(64)),
        of("source", sa.String(8)),
        of("response", sa.LargeBinary()),
        of("seen_at", sa.BigInteger()),
    )
    op.create_table("sorgu_no_counter", pk("counter_id", sa.Integer()), of("next", sa.BigInteger()))
    op.create_table(
        "kod",
        pk("list_name", key(64)),
        pk("code", key(32)),
        of("text_tr", sa.Text()),
        of("active", sa.SmallInteger()),
        of("source", sa.String(32)),
        of("seen_at", sa.BigInteger()),
    )
    op.create_table(
        "ministry_line",
        pk("line_id", sa.Integer()),
        of("state", sa.String(16)),
        of("reason", sa.String(64)),
        of("probe_at", sa.BigInteger(), null=True),
        of("changed_at", sa.BigInteger()),
    )
    op.create_table("meta", pk("name", key(32)), of("value", sa.Text()))


def audit() -> None:
    """The Merkle log and its checkpoints."""
    op.create_table(
        "audit_entry",
        pk("i", sa.BigInteger()),
        of("leaf", sa.LargeBinary()),
        of("hash", sa.LargeBinary()),
        of("sorgu_no", sa.BigInteger(), null=True),
        of("nodes", sa.LargeBinary()),
    )
    op.create_index("audit_entry_sorgu_no", "audit_entry", ["sorgu_no"])
    op.create_table(
        "audit_checkpoint", pk("size", sa.BigInteger()), of("note", sa.Text()), of("made_at", sa.BigInteger())
    )
