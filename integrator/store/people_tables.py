"""The tables of people: who may log in, their sessions, what slows a guesser down, and every broken glass.

They stand on the metadata of ``tables.py``, which loads them. A session and a set-up code are kept as digests only.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, SmallInteger, String, Table

from integrator.store.tables import UtcDateTime, _key, metadata

# Found by login before the customer is known, so the tenant does not lead here. `body` is sealed with the customer's
# data key: the login (an e-mail address) and the secrets of the second step.
kullanici = Table(
    "kullanici",
    metadata,
    Column("kullanici_no", _key(12), primary_key=True),
    Column("kurum_id", _key(64), nullable=False),
    Column("role", String(16), nullable=False),
    Column("login_index", _key(32), nullable=False),
    Column("oidc_index", _key(32)),
    Column("profesyonel_index", String(32), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("password", String(200)),
    Column("totp_step", BigInteger, nullable=False),  # the newest step that was used: no code is good twice
    Column("setup_digest", LargeBinary),
    Column("setup_until", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("locked_at", UtcDateTime),
    Column("entered_at", UtcDateTime),
)

Index("kullanici_login", kullanici.c.login_index, unique=True)
Index("kullanici_oidc", kullanici.c.oidc_index, unique=True)
Index("kullanici_kurum", kullanici.c.kurum_id, kullanici.c.created_at)

oturum = Table(
    "oturum",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("oturum_no", _key(12), nullable=False),
    Column("kullanici_no", _key(12), nullable=False),
    Column("level", String(16), nullable=False),
    Column("tries", SmallInteger, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime, nullable=False),
)

Index("oturum_kullanici", oturum.c.kullanici_no, oturum.c.created_at)
Index("oturum_ends", oturum.c.ends_at)

recovery_code = Table(
    "recovery_code",
    metadata,
    Column("kullanici_no", _key(12), primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
)

# One row for a name, a device or an address at which something failed of late; names are blind indexes.
login_brake = Table(
    "login_brake",
    metadata,
    Column("name", _key(48), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    Column("until_at", UtcDateTime, nullable=False),
)

Index("login_brake_last", login_brake.c.last_at)

# The integrator's staff looks at a customer's content: for a reason, for a time; the customer sees each row.
broken_glass = Table(
    "broken_glass",
    metadata,
    Column("kurum_id", _key(64), primary_key=True),
    Column("glass_no", _key(12), primary_key=True),
    Column("kullanici_no", _key(12), nullable=False),
    Column("reason", String(500), nullable=False),
    Column("broken_at", UtcDateTime, nullable=False),
    Column("until_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
)
