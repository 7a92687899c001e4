"""What became of each code of a served list, in order."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def key(length: int) -> sa.String:
    """Text ordered by its bytes."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """The history begins with the first refresh after this step."""
    op.create_table(
        "kod_history",
        sa.Column("list_name", key(64), primary_key=True),
        sa.Column("code", key(32), primary_key=True),
        sa.Column("change_no", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("change", sa.String(16), nullable=False),
        sa.Column("text_tr", sa.Text(), nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
    )
