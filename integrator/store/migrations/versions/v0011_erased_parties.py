"""Who was erased from the registers of parties, by which an export that names them again is known."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def key(length: int) -> sa.String:
    """Text ordered by its bytes."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Nobody was erased from them yet."""
    op.create_table(
        "erased_party",
        sa.Column("kurum_id", key(64), primary_key=True),
        sa.Column("mark", key(32), primary_key=True),
        sa.Column("erased_on", sa.String(10), nullable=False),
        sa.Column("certificate_no", sa.Integer(), nullable=False),
    )
