"""Keys by which programs of customers call the API."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def key(length: int) -> sa.String:
    """Text ordered by its bytes."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Nobody has a key yet."""
    op.create_table(
        "api_key",
        sa.Column("key_no", key(8), primary_key=True),
        sa.Column("kurum_id", key(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger()),
        sa.Column("revoked_at", sa.BigInteger()),
        sa.Column("addresses", sa.String(500), nullable=False),
    )
    op.create_index("api_key_kurum", "api_key", ["kurum_id", "created_at"])
