"""What people do: causes by workplace and professional, forms in quarantine, and corrections."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def key(length: int) -> sa.String:
    """Text ordered by its bytes."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Rows from before carry empty indexes; they form one cause for each code."""
    for name in ("isyeri_index", "profesyonel_index"):
        op.add_column("bildirim", sa.Column(name, sa.String(32), nullable=False, server_default=""))
    op.create_table(
        "quarantine",
        sa.Column("veri_seti", key(64), primary_key=True),
        sa.Column("version", key(16), primary_key=True),
        sa.Column("metot", key(16), primary_key=True),
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("reason", sa.String(64), nullable=False),
        sa.Column("since", sa.BigInteger()),
        sa.Column("lifted_at", sa.BigInteger()),
    )
    op.create_table(
        "correction",
        sa.Column("kurum_id", key(64), primary_key=True),
        sa.Column("kayit_no", key(128), primary_key=True),
        sa.Column("corrects", key(128), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("correction_corrects", "correction", ["kurum_id", "corrects"], unique=True)
