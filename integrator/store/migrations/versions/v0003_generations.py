"""The ministry's own number of a message, and what it answered when it was asked about places and people."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def key(length: int) -> sa.String:
    """Text ordered by its bytes."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """One column, and one table for each kind of look-up."""
    op.add_column("bildirim", sa.Column("ministry_no", sa.String(64), nullable=True))
    is_numbered = sa.text("ministry_no IS NOT NULL")
    op.create_index(
        "bildirim_ministry_no", "bildirim", ["ministry_no"], sqlite_where=is_numbered, postgresql_where=is_numbered
    )
    for name in ("isyeri", "profesyonel_yetki", "calisan_sigorta"):
        op.create_table(
            name,
            sa.Column("kurum_id", key(64), primary_key=True),
            sa.Column("blind_index", key(64), primary_key=True),
            sa.Column("holds", sa.SmallInteger(), nullable=False),
            sa.Column("body", sa.LargeBinary(), nullable=False),
            sa.Column("source", sa.String(16), nullable=False),
            sa.Column("seen_at", sa.BigInteger(), nullable=False),
        )
        op.create_index(f"{name}_seen", name, ["kurum_id", "holds", "seen_at"])
