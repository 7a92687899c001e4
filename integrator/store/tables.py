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
    literal_column,
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


class Told(TypeDecorator[str]):
    """A word that somebody else told us. It is cut to `length`, and what no text column takes becomes a mark.

    SQLite keeps any length and sign, PostgreSQL refuses the statement: no answer of the ministry, however odd, may
    keep its message from being settled.
    """

    impl = String
    cache_ok = True

    def __init__(self, length: int | None = None) -> None:
        super().__init__(length)
        self.length = length

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        """At most `length` characters, none of them NUL or half a character."""
        return None if value is None else as_told(value, self.length)


def as_told(value: str, length: int | None = None) -> str:
    """The text as a `Told` column keeps it."""
    return value[:length].encode("utf-8", "replace").decode().replace("\0", "\ufffd")


class ToldText(Told):
    """The same of any length."""

    impl = Text
    cache_ok = True


def _key(length: int) -> String:
    """Text that is compared and ordered by its bytes, on every server and in every country."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


def _kurum() -> Column[str]:
    return Column("kurum_id", _key(64), primary_key=True)


kurum = Table(
    "kurum",
    metadata,
    _kurum(),
    Column("created_at", UtcDateTime, nullable=False),
    Column("tur", String(16)),  # circular 1n: what kind of institution it is
    Column("follows_served", SmallInteger),  # 1: a workplace without an accepted notification counts as not notified
)

data_key = Table(
    "data_key",
    metadata,
    _kurum(),
    Column("key_no", Integer, primary_key=True, autoincrement=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("purpose", String(8), nullable=False, server_default="general"),  # or health, or index
    Column("replaced_at", UtcDateTime),  # since then nothing new is sealed with it
)

# One key for each record, sealed by a data key; whatever belongs to the record is sealed by it (docs/decisions/0024).
# Where it was destroyed, the row says when and under which class.
content_key = Table(
    "content_key",
    metadata,
    _kurum(),
    Column("kayit_no", _key(128), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)

# What must not be erased whatever its time, by record or (an empty kayit_no) by customer.
legal_hold = Table(
    "legal_hold",
    metadata,
    _kurum(),
    Column("kayit_no", _key(128), primary_key=True),
    Column("reason", String(500), nullable=False),
    Column("placed_at", UtcDateTime, nullable=False),
)

# From which day a worker's records are counted; the worker is a blind index.
retention_event = Table(
    "retention_event",
    metadata,
    _kurum(),
    Column("person", _key(32), primary_key=True),
    Column("event", _key(16), primary_key=True),
    Column("happened_on", IsoDate, nullable=False),
)

destruction = Table(
    "destruction",
    metadata,
    Column("certificate_no", Integer, primary_key=True, autoincrement=False),
    Column("kurum_id", _key(64), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("document", Text, nullable=False),
)

kayit = Table(
    "kayit",
    metadata,
    _kurum(),
    Column("kayit_no", _key(128), primary_key=True),
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
    Column("kayit_no", _key(128), nullable=False),
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
    Column("reason", Told(64), nullable=False),
    Column("last_code", Told(32), nullable=False),
    Column("parts_total", Integer, nullable=False),
    Column("parts_accepted", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("uncertain_since", UtcDateTime),  # or taken for processing since: how long its fate is open
    Column("ministry_no", Told(64)),  # the ministry's own number, in generations that follow messages by it
    # Keyed fingerprints of the workplace's and the professional's number (docs/decisions/0016), or empty.
    Column("isyeri_index", String(32), nullable=False, server_default=""),
    Column("profesyonel_index", String(32), nullable=False, server_default=""),
)

Index("bildirim_due", bildirim.c.state, bildirim.c.due_at)
# The fair claim steps from customer to customer over this one, and takes each one's longest due.
Index("bildirim_fair", bildirim.c.state, bildirim.c.metot, bildirim.c.kurum_id, bildirim.c.due_at, bildirim.c.sorgu_no)
Index("bildirim_kayit", bildirim.c.kurum_id, bildirim.c.kayit_no)
# What the desk lists and counts: one customer's messages of one state, in the order of their numbers.
Index("bildirim_desk", bildirim.c.kurum_id, bildirim.c.state, bildirim.c.sorgu_no)
_is_numbered = bildirim.c.ministry_no.is_not(None)
Index("bildirim_ministry_no", bildirim.c.ministry_no, sqlite_where=_is_numbered, postgresql_where=_is_numbered)
Index("bildirim_sorgu_no", bildirim.c.sorgu_no, unique=True)  # a number is never used twice, by any customer

# One row for every form that was ever sent; the form is in quarantine while `since` is set and `lifted_at` is not.
# Whoever puts a message into the queue holds the row in share, whoever stops the form holds it alone.
quarantine = Table(
    "quarantine",
    metadata,
    Column("veri_seti", _key(64), primary_key=True),
    Column("version", _key(16), primary_key=True),
    Column("metot", _key(16), primary_key=True),
    Column("code", Told(32), nullable=False),
    Column("reason", Told(64), nullable=False),
    Column("since", UtcDateTime),
    Column("lifted_at", UtcDateTime),
)

# Which record corrects which: one row is the link in both directions, and a record is corrected at most once.
correction = Table(
    "correction",
    metadata,
    _kurum(),
    Column("kayit_no", _key(128), primary_key=True),
    Column("corrects", _key(128), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
)

Index("correction_corrects", correction.c.kurum_id, correction.c.corrects, unique=True)

# Which workplaces a customer reported as served: few rows, looked up by every accepting group that follows them.
_is_served = bildirim.c.veri_seti == literal_column("'hizmet_verilen_isyeri'")
Index(
    "bildirim_served",
    bildirim.c.kurum_id,
    bildirim.c.isyeri_index,
    sqlite_where=_is_served,
    postgresql_where=_is_served,
)

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
    Column("digest", _key(64), primary_key=True),
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
    Column("code", Told(32)),
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
    Column("kurum_id", _key(64)),  # of an entry that stands in its customer's change feed; verify compares
)

Index("audit_entry_sorgu_no", audit_entry.c.sorgu_no)
_is_in_feed = audit_entry.c.kurum_id.is_not(None)
Index(
    "audit_entry_feed",
    audit_entry.c.kurum_id,
    audit_entry.c.i,
    sqlite_where=_is_in_feed,
    postgresql_where=_is_in_feed,
)

audit_checkpoint = Table(
    "audit_checkpoint",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("note", Text, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("token", LargeBinary),  # RFC 3161, over the note
)

# Who holds checkpoints besides us: the size of the newest one it was given, and why it has no newer one.
checkpoint_holder = Table(
    "checkpoint_holder",
    metadata,
    Column("name", _key(32), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("told", Told(200), nullable=False),
)

kod = Table(
    "kod",
    metadata,
    Column("list_name", _key(64), primary_key=True),
    Column("code", _key(32), primary_key=True),
    Column("text_tr", ToldText, nullable=False),
    Column("active", SmallInteger, nullable=False),
    Column("source", String(32), nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
)

# What became of each code of a served list, in order; `kod` is only its newest state.
kod_history = Table(
    "kod_history",
    metadata,
    Column("list_name", _key(64), primary_key=True),
    Column("code", _key(32), primary_key=True),
    Column("change_no", Integer, primary_key=True, autoincrement=False),
    Column("change", String(16), nullable=False),
    Column("text_tr", ToldText, nullable=False),
    Column("source", String(32), nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
)


def _lookup(name: str) -> Table:
    """Answers to one kind of look-up: found by a keyed digest, contents sealed; `holds` is yes (1) or no (0)."""
    table = Table(
        name,
        metadata,
        _kurum(),
        Column("blind_index", _key(64), primary_key=True),
        Column("holds", SmallInteger, nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("source", String(16), nullable=False),
        Column("seen_at", UtcDateTime, nullable=False),
    )
    Index(f"{name}_seen", table.c.kurum_id, table.c.holds, table.c.seen_at)
    return table


isyeri = _lookup("isyeri")
profesyonel_yetki = _lookup("profesyonel_yetki")
calisan_sigorta = _lookup("calisan_sigorta")

# What İSG-KATİP knows of a kurum's parties, as imported (docs/decisions/0020). Rows are found by blind indexes; names,
# identity numbers and contacts stand in the sealed `body`.
isyeri_karti = Table(
    "isyeri_karti",
    metadata,
    _kurum(),
    Column("isyeri_index", _key(32), primary_key=True),
    Column("nace_kodu", String(8)),
    Column("tehlike_sinifi", String(12)),
    Column("calisan_sayisi", Integer),
    Column("kamu", SmallInteger),
    Column("otomatik_guncelleme", SmallInteger),
    Column("otomatik_on", IsoDate),
    Column("ohs_duty_from", IsoDate),
    Column("provided_by_employer", SmallInteger),
    Column("served_from", IsoDate),
    Column("served_until", IsoDate),
    Column("contracts_on", IsoDate),  # set: all its contracts are known, as of that day
    Column("roster_on", IsoDate),  # the day on which İSG-KATİP was last told to refresh its roster
    Column("body", LargeBinary, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
)

profesyonel = Table(
    "profesyonel",
    metadata,
    _kurum(),
    Column("profesyonel_index", _key(32), primary_key=True),
    Column("belge_tipi", String(1)),
    Column("belge_sinifi", String(1)),
    Column("belge_until", IsoDate),
    Column("body", LargeBinary, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
)

sozlesme = Table(
    "sozlesme",
    metadata,
    _kurum(),
    Column("sozlesme_index", _key(32), primary_key=True),
    Column("isyeri_index", _key(32), nullable=False),
    Column("profesyonel_index", _key(32), nullable=False),
    Column("tur_kodu", String(3)),
    Column("belge_tipi", String(1)),
    Column("durum", String(16), nullable=False),
    Column("baslangic", IsoDate),
    Column("bitis", IsoDate),
    Column("onay_tarihi", IsoDate),
    Column("silinme_tarihi", IsoDate),
    Column("minutes_per_month", Integer),
    Column("body", LargeBinary, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
)

Index("sozlesme_isyeri", sozlesme.c.kurum_id, sozlesme.c.isyeri_index)

# A worker on a workplace's roster: one index for the pair, so that nobody can be followed from place to place.
calisan = Table(
    "calisan",
    metadata,
    _kurum(),
    Column("calisan_index", _key(32), primary_key=True),
    Column("isyeri_index", _key(32), nullable=False),
    Column("hired_on", IsoDate),
    Column("left_on", IsoDate),
    Column("not_seen_since", IsoDate),  # the first roster on which they no longer stood
    Column("changed_at", UtcDateTime, nullable=False),
    Column("body", LargeBinary),  # number and name; none in rows of an older release until an import tells them anew
)

Index("calisan_isyeri", calisan.c.kurum_id, calisan.c.isyeri_index)

# Who was erased from the registers, as blind indexes: an export that names them again is told, not taken.
erased_party = Table(
    "erased_party",
    metadata,
    _kurum(),
    Column("mark", _key(32), primary_key=True),
    Column("erased_on", IsoDate, nullable=False),
    Column("certificate_no", Integer, nullable=False),
)

# One row for each address of the ministry, shared by all workers (queue/line.py says what each column means).
ministry_line = Table(
    "ministry_line",
    metadata,
    Column("address", _key(255), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("reason", Told(200), nullable=False),
    Column("changed_at", UtcDateTime),
    Column("failures", Integer, nullable=False),
    Column("opened", Integer, nullable=False),
    Column("failing_kurum", _key(64)),
    Column("probe_at", UtcDateTime),
    Column("probe_by", String(40), nullable=False),
    Column("rest_until", UtcDateTime),
    Column("spent_until", BigInteger),  # microseconds since 1970: finer than UtcDateTime, or the rate would drift
    Column("tokens_left", BigInteger),  # thousandths of a token
    Column("tokens_at", UtcDateTime),
    Column("send_cursor", _key(64), nullable=False),
    Column("ask_cursor", _key(64), nullable=False),
)

# Which worker may run a tick that only one may run; `fence` rises with every new holder (docs/decisions/0013).
tick_lease = Table(
    "tick_lease",
    metadata,
    Column("name", _key(32), primary_key=True),
    Column("holder", String(64), nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("until_at", UtcDateTime, nullable=False),
)

# Found by the number before its customer is known, so the tenant does not lead here.
api_key = Table(
    "api_key",
    metadata,
    Column("key_no", _key(8), primary_key=True),
    Column("kurum_id", _key(64), nullable=False),
    Column("role", String(16), nullable=False),
    Column("name", String(64), nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("last_used_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
    Column("addresses", String(500), nullable=False),
    Column("rights", String(200), nullable=False, server_default=""),  # empty: all of its role
    Column("profesyonel_index", String(32), nullable=False, server_default=""),
)

Index("api_key_kurum", api_key.c.kurum_id, api_key.c.created_at)

# Calls with an Idempotency-Key (parties/calls.py); `answer` is sealed, and missing while the call is under way.
api_call = Table(
    "api_call",
    metadata,
    _kurum(),
    Column("call_id", _key(32), primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("acted", SmallInteger, nullable=False),
    Column("until_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime, nullable=False),
    Column("answer", LargeBinary),
)

Index("api_call_ends", api_call.c.kurum_id, api_call.c.ends_at)

# Up to which moment a customer's calls are spoken for (`name` is empty), and each of its keys' (limiting.py).
call_rate = Table(
    "call_rate",
    metadata,
    _kurum(),
    Column("name", _key(64), primary_key=True),
    Column("spent_until", BigInteger, nullable=False),  # microseconds since 1970
)

# What a customer has used of its quotas on one day in Turkey, or holds in some process to be used.
quota_use = Table(
    "quota_use",
    metadata,
    _kurum(),
    Column("counted", _key(16), primary_key=True),
    Column("day", IsoDate, nullable=False),
    Column("used", BigInteger, nullable=False),
)

# What one customer may do where it differs from the settings, as thousandths.
kurum_limit = Table(
    "kurum_limit",
    metadata,
    _kurum(),
    Column("name", _key(32), primary_key=True),
    Column("thousandths", BigInteger, nullable=False),
)

# How many messages stand in each state, kept by whoever holds the audit head: a scrape must not count them.
state_depth = Table(
    "state_depth",
    metadata,
    Column("state", _key(20), primary_key=True),
    Column("depth", BigInteger, nullable=False),
)

# The trace that a record came with, so that its sending goes on in it; only while traces are kept.
kayit_trace = Table(
    "kayit_trace",
    metadata,
    _kurum(),
    Column("kayit_no", _key(128), primary_key=True),
    Column("traceparent", _key(55), nullable=False),
)

meta = Table("meta", metadata, Column("name", _key(32), primary_key=True), Column("value", Text, nullable=False))

from integrator.store import (  # noqa: E402 - more tables on the same metadata
    coverage_tables,  # noqa: F401
    paper_tables,  # noqa: F401
    people_tables,  # noqa: F401
    registry_tables,  # noqa: F401
    webhook_tables,  # noqa: F401
)
