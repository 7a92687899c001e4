"""The integrator's own registers. Empty: nothing is known of forms, agreements and deadlines yet."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def key(name: str, length: int) -> sa.Column[str]:
    """A text column of a key, ordered by its bytes."""
    kind = sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
    return sa.Column(name, kind, primary_key=True)


def upgrade() -> None:
    """One table for all of them."""
    op.create_table(
        "registry_entry",
        key("register", 24),
        key("entry_no", 64),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("due_on", sa.String(10)),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
    )
