"""Webhooks: the addresses to which a customer's change feed is pushed, and the last attempts of each."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def key(length: int) -> sa.String:
    """Text ordered by its bytes."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Nobody has one yet."""
    op.create_table(
        "webhook",
        sa.Column("kurum_id", key(64), primary_key=True),
        sa.Column("webhook_no", key(8), primary_key=True),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("events", sa.String(1000), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("reason", sa.String(64), nullable=False),
        sa.Column("cursor", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("claimed_by", sa.String(64)),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", sa.BigInteger()),
        sa.Column("taken_at", sa.BigInteger()),
        sa.Column("deliveries", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("webhook_due", "webhook", ["state", "due_at"])
    op.create_table(
        "webhook_delivery",
        sa.Column("kurum_id", key(64), primary_key=True),
        sa.Column("webhook_no", key(8), primary_key=True),
        sa.Column("delivery_no", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("message_id", sa.String(64), nullable=False),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("elapsed_ms", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(32), nullable=False),
    )
