"""Who holds checkpoints besides us, how far each has come, and the time-stamp over a checkpoint."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def key(length: int) -> sa.String:
    """Text ordered by its bytes."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Nobody holds anything yet; checkpoints that exist have no token."""
    op.add_column("audit_checkpoint", sa.Column("token", sa.LargeBinary()))
    op.create_table(
        "checkpoint_holder",
        sa.Column("name", key(32), primary_key=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("told", sa.String(200), nullable=False),
    )
