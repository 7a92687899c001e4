"""Evidence packs that are asked for and made later; announcements to persons, and who saw them."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def key(length: int) -> sa.String:
    """Text ordered by its bytes."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Nobody asked for a pack yet, and nothing was announced."""
    op.create_table(
        "pack_job",
        sa.Column("kurum_id", key(64), primary_key=True),
        sa.Column("pack_no", key(16), primary_key=True),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("asked_by", sa.String(64), nullable=False),
        sa.Column("until_at", sa.BigInteger()),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("left_out", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
    )
    op.create_index("pack_job_state", "pack_job", ["state", "asked_at"])
    op.create_table(
        "duyuru",
        sa.Column("duyuru_no", key(64), primary_key=True),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("published_on", sa.String(10), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.Column("roles", sa.String(200), nullable=False),
        sa.Column("kurumlar", sa.Text(), nullable=False),
        sa.Column("iller", sa.String(400), nullable=False),
        sa.Column("must_acknowledge", sa.SmallInteger(), nullable=False),
    )
    op.create_table(
        "duyuru_alindi",
        sa.Column("kurum_id", key(64), primary_key=True),
        sa.Column("duyuru_no", key(64), primary_key=True),
        sa.Column("person", key(64), primary_key=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("acknowledged_at", sa.BigInteger()),
    )
