"""Tables of the API's own capabilities: packs that are asked for and made later, announcements and who saw them."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, SmallInteger, String, Table, Text

from integrator.store.tables import IsoDate, UtcDateTime, _key, metadata

# One evidence pack that was asked for. `body` holds what is wanted, sealed, and later the finished pack, sealed.
pack_job = Table(
    "pack_job",
    metadata,
    Column("kurum_id", _key(64), primary_key=True),
    Column("pack_no", _key(16), primary_key=True),
    Column("state", String(8), nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("asked_by", String(64), nullable=False),
    Column("until_at", UtcDateTime),  # while it is made: when its maker counts as gone; finished: when it is dropped
    Column("tries", Integer, nullable=False),
    Column("code", String(16), nullable=False),
    Column("messages", Integer, nullable=False),
    Column("left_out", Integer, nullable=False),
    Column("size", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("step", String(8), nullable=False, server_default=""),  # what its maker is at
    Column("done", Integer, nullable=False, server_default="0"),  # of `messages`, in that step
)

Index("pack_job_state", pack_job.c.state, pack_job.c.asked_at)

# One announcement to persons (circular 7e), under the number its source gave it. Empty targets mean everybody; `iller`
# are provinces in which a customer has workplaces.
duyuru = Table(
    "duyuru",
    metadata,
    Column("duyuru_no", _key(64), primary_key=True),
    Column("title", String(200), nullable=False),
    Column("body", Text, nullable=False),
    Column("published_on", IsoDate, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("made_by", String(64), nullable=False),
    Column("roles", String(200), nullable=False),
    Column("kurumlar", Text, nullable=False),
    Column("iller", String(400), nullable=False),
    Column("must_acknowledge", SmallInteger, nullable=False),
)

# Who saw it, and who says so by name.
duyuru_alindi = Table(
    "duyuru_alindi",
    metadata,
    Column("kurum_id", _key(64), primary_key=True),
    Column("duyuru_no", _key(64), primary_key=True),
    Column("person", _key(64), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("acknowledged_at", UtcDateTime),
)
