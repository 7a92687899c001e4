"""Usage certificates of workplaces (circular 6a), and how far a pack that is being made has come."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def key(length: int) -> sa.String:
    """Text ordered by its bytes."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """No certificate was issued yet; a pack under way starts to tell with its next step."""
    op.create_table(
        "usage_certificate",
        sa.Column("kurum_id", key(64), primary_key=True),
        sa.Column("usage_no", key(16), primary_key=True),
        sa.Column("code_digest", key(64), nullable=False),
        sa.Column("isyeri_index", key(32), nullable=False),
        sa.Column("since", sa.String(10), nullable=False),
        sa.Column("until", sa.String(10), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.Column("revoked_at", sa.BigInteger()),
        sa.Column("body", sa.LargeBinary(), nullable=False),
    )
    op.create_index("usage_certificate_code", "usage_certificate", ["code_digest"], unique=True)
    op.create_index("usage_certificate_made", "usage_certificate", ["kurum_id", "made_at"])
    op.add_column("pack_job", sa.Column("step", sa.String(8), nullable=False, server_default=""))
    op.add_column("pack_job", sa.Column("done", sa.Integer(), nullable=False, server_default="0"))
