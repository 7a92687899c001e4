"""Rates of calls, daily quotas, what was set for single customers; how many messages stand where; records' traces."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def key(length: int) -> sa.String:
    """Text ordered by its bytes."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Nobody has called yet; messages are counted once, here."""
    op.create_table(
        "call_rate",
        sa.Column("kurum_id", key(64), primary_key=True),
        sa.Column("name", key(64), primary_key=True),
        sa.Column("spent_until", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "quota_use",
        sa.Column("kurum_id", key(64), primary_key=True),
        sa.Column("counted", key(16), primary_key=True),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "kurum_limit",
        sa.Column("kurum_id", key(64), primary_key=True),
        sa.Column("name", key(32), primary_key=True),
        sa.Column("thousandths", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "state_depth",
        sa.Column("state", key(20), primary_key=True),
        sa.Column("depth", sa.BigInteger(), nullable=False),
    )
    op.execute("INSERT INTO state_depth (state, depth) SELECT state, count(*) FROM bildirim GROUP BY state")
    op.create_table(
        "kayit_trace",
        sa.Column("kurum_id", key(64), primary_key=True),
        sa.Column("kayit_no", key(128), primary_key=True),
        sa.Column("traceparent", key(55), nullable=False),
    )
