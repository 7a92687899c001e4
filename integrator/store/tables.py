"""The tables. The tenant (`kurum_id`) leads every key; bodies are sealed; no plain column holds an identity number.

`bildirim` is small and changes, `bildirim_body` is large and is written once: a move never rewrites the bytes
that were signed.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
)
from sqlalchemy.types import TypeDecorator

metadata = MetaData()


class UtcDateTime(TypeDecorator[datetime]):
    """UTC with whole milliseconds, stored as an integer: both engines then order and compare alike."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:
        """Milliseconds since the epoch."""
        return None if value is None else to_ms(value)

    def process_result_value(self, value: int | None, dialect: Any) -> datetime | None:
        """An aware datetime in UTC."""
        return None if value is None else from_ms(value)


class IsoDate(TypeDecorator[date]):
    """A day, stored as ISO text."""

    impl = String(10)
    cache_ok = True

    def process_bind_param(self, value: date | None, dialect: Any) -> str | None:
        """``YYYY-MM-DD``."""
        return None if value is None else value.isoformat()

    def process_result_value(self, value: str | None, dialect: Any) -> date | None:
        """A date."""
        return None if value is None else date.fromisoformat(value)


def to_ms(at: datetime) -> int:
    """Milliseconds since the epoch of an aware datetime."""
    return round(at.timestamp() * 1000)


def from_ms(ms: int) -> datetime:
    """The aware UTC datetime of `ms`."""
    return datetime.fromtimestamp(ms / 1000, UTC)


def _kurum() -> Column[str]:
    return Column("kurum_id", String(64), primary_key=True)


kurum = Table("kurum", metadata, _kurum(), Column("created_at", UtcDateTime, nullable=False))

data_key = Table(
    "data_key",
    metadata,
    _kurum(),
    Column("key_no", Integer, primary_key=True, autoincrement=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

kayit = Table(
    "kayit",
    metadata,
    _kurum(),
    Column("kayit_no", String(128), primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("veri_seti", String(64), nullable=False),
    Column("version", String(16), nullable=False),
    Column("event_date", IsoDate, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

bildirim = Table(
    "bildirim",
    metadata,
    _kurum(),
    Column("sorgu_no", BigInteger, primary_key=True, autoincrement=False),
    Column("kayit_no", String(128), nullable=False),
    Column("part", SmallInteger, nullable=False),
    Column("veri_seti", String(64), nullable=False),
    Column("version", String(16), nullable=False),
    Column("metot", String(16), nullable=False),
    Column("state", String(20), nullable=False),
    # When somebody may act on this row next: the send, the question, or, while a worker holds it, the lease's end.
    Column("due_at", UtcDateTime, nullable=False),
    Column("claimed_by", String(64)),
    Column("fence", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("asks", Integer, nullable=False),
    Column("deneme_no", Integer, nullable=False),
    Column("reason", String(64), nullable=False),
    Column("last_code", String(32), nullable=False),
    Column("parts_total", Integer, nullable=False),
    Column("parts_accepted", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("uncertain_since", UtcDateTime),
)

Index("bildirim_due", bildirim.c.state, bildirim.c.due_at)
Index("bildirim_kayit", bildirim.c.kurum_id, bildirim.c.kayit_no)
Index("bildirim_sorgu_no", bildirim.c.sorgu_no, unique=True)  # a number is never used twice, by any customer

bildirim_body = Table(
    "bildirim_body",
    metadata,
    _kurum(),
    Column("sorgu_no", BigInteger, primary_key=True, autoincrement=False),
    Column("canonical", LargeBinary, nullable=False),
    Column("cms", LargeBinary),
)

sonuc = Table(
    "sonuc",
    metadata,
    _kurum(),
    Column("sorgu_no", BigInteger, primary_key=True, autoincrement=False),
    Column("refused_parts", LargeBinary, nullable=False),
)

evidence_copy = Table(
    "evidence_copy",
    metadata,
    _kurum(),
    Column("sorgu_no", BigInteger, primary_key=True, autoincrement=False),
    Column("level", String(4), nullable=False),
    Column("body", LargeBinary),
    Column("changed_at", UtcDateTime, nullable=False),
)

Index("evidence_copy_level", evidence_copy.c.level, evidence_copy.c.kurum_id, evidence_copy.c.sorgu_no)

# OCSP responses and CRLs that a decision relied on; public data, one row however many signatures it spoke for.
revocation_answer = Table(
    "revocation_answer",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("source", String(8), nullable=False),
    Column("response", LargeBinary, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
)

deneme = Table(
    "deneme",
    metadata,
    _kurum(),
    Column("sorgu_no", BigInteger, primary_key=True, autoincrement=False),
    Column("deneme_no", Integer, primary_key=True, autoincrement=False),
    Column("act", String(8), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("outcome", String(20)),
    Column("code", String(32)),
    Column("request", LargeBinary),
    Column("reply", LargeBinary),
)

sorgu_no_counter = Table(
    "sorgu_no_counter",
    metadata,
    Column("counter_id", Integer, primary_key=True, autoincrement=False),
    Column("next", BigInteger, nullable=False),
)

audit_entry = Table(
    "audit_entry",
    metadata,
    Column("i", BigInteger, primary_key=True, autoincrement=False),
    Column("leaf", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("sorgu_no", BigInteger),  # of the message the entry speaks about, so that a proof finds it; verify compares
    # The subtrees that this leaf completes, level 1 upwards, 32 bytes each (docs/decisions/0007).
    Column("nodes", LargeBinary, nullable=False),
)

Index("audit_entry_sorgu_no", audit_entry.c.sorgu_no)

audit_checkpoint = Table(
    "audit_checkpoint",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("note", Text, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
)

kod = Table(
    "kod",
    metadata,
    Column("list_name", String(64), primary_key=True),
    Column("code", String(32), primary_key=True),
    Column("text_tr", Text, nullable=False),
    Column("active", SmallInteger, nullable=False),
    Column("source", String(32), nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
)

# What became of each code of a served list, in order; `kod` is only its newest state.
kod_history = Table(
    "kod_history",
    metadata,
    Column("list_name", String(64), primary_key=True),
    Column("code", String(32), primary_key=True),
    Column("change_no", Integer, primary_key=True, autoincrement=False),
    Column("change", String(16), nullable=False),
    Column("text_tr", Text, nullable=False),
    Column("source", String(32), nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
)

ministry_line = Table(
    "ministry_line",
    metadata,
    Column("line_id", Integer, primary_key=True, autoincrement=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(64), nullable=False),
    Column("probe_at", UtcDateTime),
    Column("changed_at", UtcDateTime, nullable=False),
)

meta = Table("meta", metadata, Column("name", String(32), primary_key=True), Column("value", Text, nullable=False))
