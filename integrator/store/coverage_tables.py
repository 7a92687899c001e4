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
