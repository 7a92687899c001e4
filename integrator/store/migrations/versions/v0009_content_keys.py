"""Data keys by purpose, and a content key for each record."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def key(length: int) -> sa.String:
    """Text ordered by its bytes."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Records from before keep the data key until `ibys keys rotate --data` gives each its own."""
    op.add_column("data_key", sa.Column("purpose", sa.String(8), nullable=False, server_default="general"))
    op.add_column("data_key", sa.Column("replaced_at", sa.BigInteger()))
    op.create_table(
        "content_key",
        sa.Column("kurum_id", key(64), primary_key=True),
        sa.Column("kayit_no", key(128), primary_key=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "legal_hold",
        sa.Column("kurum_id", key(64), primary_key=True),
        sa.Column("kayit_no", key(128), primary_key=True),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("placed_at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "retention_event",
        sa.Column("kurum_id", key(64), primary_key=True),
        sa.Column("person", key(32), primary_key=True),
        sa.Column("event", key(16), primary_key=True),
        sa.Column("happened_on", sa.String(10), nullable=False),
    )
    op.create_table(
        "destruction",
        sa.Column("certificate_no", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("kurum_id", key(64), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
    )
