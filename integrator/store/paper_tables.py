"""The table of usage certificates (circular 6a): what each said when it was issued, and whether it was taken back."""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, String, Table

from integrator.store.tables import IsoDate, UtcDateTime, _key, _kurum, metadata

# Found by the digest of its code, which nobody can go back from: the code stands on the paper alone.
usage_certificate = Table(
    "usage_certificate",
    metadata,
    _kurum(),
    Column("usage_no", _key(16), primary_key=True),
    Column("code_digest", _key(64), nullable=False),
    Column("isyeri_index", _key(32), nullable=False),
    Column("since", IsoDate, nullable=False),
    Column("until", IsoDate, nullable=False),
    Column("sha256", String(64), nullable=False),  # of the file that was handed out
    Column("made_at", UtcDateTime, nullable=False),
    Column("made_by", String(64), nullable=False),
    Column("revoked_at", UtcDateTime),
    Column("body", LargeBinary, nullable=False),  # the workplace by first letters, and the counts
)

Index("usage_certificate_code", usage_certificate.c.code_digest, unique=True)
Index("usage_certificate_made", usage_certificate.c.kurum_id, usage_certificate.c.made_at)
