"""Leases of the ticks that only one worker runs. A program of the first release refuses a home from here on."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def key(length: int) -> sa.String:
    """Text ordered by its bytes."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """One new table; `meta.schema` 2 means: ask alembic_version."""
    op.create_table(
        "tick_lease",
        sa.Column("name", key(32), primary_key=True),
        sa.Column("holder", sa.String(64), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("until_at", sa.BigInteger(), nullable=False),
    )
    op.execute("UPDATE meta SET value = '2' WHERE name = 'schema'")
