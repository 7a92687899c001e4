"""The pace: one row for each address of the ministry, and the index by which customers take turns."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def key(length: int) -> sa.String:
    """Text ordered by its bytes."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """The line starts anew: what stopped it is heard again with the next call."""
    op.create_index("bildirim_fair", "bildirim", ["state", "metot", "kurum_id", "due_at", "sorgu_no"])
    op.drop_table("ministry_line")
    op.create_table(
        "ministry_line",
        sa.Column("address", key(255), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("changed_at", sa.BigInteger()),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("opened", sa.Integer(), nullable=False),
        sa.Column("failing_kurum", key(64)),
        sa.Column("probe_at", sa.BigInteger()),
        sa.Column("probe_by", sa.String(40), nullable=False),
        sa.Column("rest_until", sa.BigInteger()),
        sa.Column("spent_until", sa.BigInteger()),
        sa.Column("tokens_left", sa.BigInteger()),
        sa.Column("tokens_at", sa.BigInteger()),
        sa.Column("send_cursor", key(64), nullable=False),
        sa.Column("ask_cursor", key(64), nullable=False),
    )
