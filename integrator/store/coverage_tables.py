"""What coverage is read from (docs/decisions/0035): made from the change feed, and made anew when thrown away."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, SmallInteger, Table, Text

from integrator.store.tables import IsoDate, _key, _kurum, metadata

# One worker at one workplace, for trainings and for examinations: the newest message and the newest accepted one.
coverage = Table(
    "coverage",
    metadata,
    _kurum(),
    Column("calisan_index", _key(32), primary_key=True),
    Column("veri_seti", _key(64), primary_key=True),
    Column("isyeri_index", _key(32), nullable=False),
    Column("latest_on", IsoDate),
    Column("latest_no", BigInteger),
    Column("accepted_on", IsoDate),
    Column("accepted_no", BigInteger),
    Column("accepted_until", IsoDate),  # only where the message itself says so
)

Index("coverage_isyeri", coverage.c.kurum_id, coverage.c.isyeri_index)

# A workplace's counts as they were on `counted_on`; `is_stale` since something of it changed.
coverage_count = Table(
    "coverage_count",
    metadata,
    _kurum(),
    Column("isyeri_index", _key(32), primary_key=True),
    Column("counts", Text, nullable=False),
    Column("counted_on", IsoDate, nullable=False),
    Column("is_stale", SmallInteger, nullable=False),
)

coverage_cursor = Table(
    "coverage_cursor",
    metadata,
    _kurum(),
    Column("followed", BigInteger, nullable=False),  # how far in the feed
)

# One row for each message, as it stood when it was followed last: what the desk finds messages by. Written beside the
# way of a message, so that neither accepting nor sending pays for these indexes (docs/decisions/0039).
coverage_message = Table(
    "coverage_message",
    metadata,
    _kurum(),
    Column("sorgu_no", BigInteger, primary_key=True, autoincrement=False),
    Column("veri_seti", _key(64), nullable=False),
    Column("state", _key(20), nullable=False),
    Column("event_date", IsoDate, nullable=False),
    Column("isyeri_index", _key(32), nullable=False),
    Column("profesyonel_index", _key(32), nullable=False),
)

for _name in ("event_date", "isyeri_index", "profesyonel_index"):
    Index(
        f"coverage_message_{_name}",
        coverage_message.c.kurum_id,
        coverage_message.c[_name],
        coverage_message.c.sorgu_no,
    )

Index(
    "coverage_message_veri_seti",
    coverage_message.c.kurum_id,
    coverage_message.c.veri_seti,
    coverage_message.c.event_date,
    coverage_message.c.sorgu_no,
)

# Which messages are about a worker at one workplace; at another the same worker has another index.
coverage_worker = Table(
    "coverage_worker",
    metadata,
    _kurum(),
    Column("worker_index", _key(32), primary_key=True),
    Column("sorgu_no", BigInteger, primary_key=True, autoincrement=False),
)

Index("coverage_worker_sorgu_no", coverage_worker.c.kurum_id, coverage_worker.c.sorgu_no)

# How many of a customer's messages stood in each state when they were followed last.
coverage_depth = Table(
    "coverage_depth",
    metadata,
    _kurum(),
    Column("state", _key(20), primary_key=True),
    Column("depth", BigInteger, nullable=False),
)

# Messages of a workplace by the month of their event: those that were not withdrawn, and of these the accepted ones.
coverage_month = Table(
    "coverage_month",
    metadata,
    _kurum(),
    Column("isyeri_index", _key(32), primary_key=True),
    Column("month", _key(7), primary_key=True),
    Column("veri_seti", _key(64), primary_key=True),
    Column("notified", BigInteger, nullable=False),
    Column("accepted", BigInteger, nullable=False),
)
