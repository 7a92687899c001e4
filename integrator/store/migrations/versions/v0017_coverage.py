"""What coverage is read from. Empty: it is made from the change feed."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def key(name: str, length: int) -> sa.Column[str]:
    """A text column of a key, ordered by its bytes."""
    kind = sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
    return sa.Column(name, kind, primary_key=True)


def upgrade() -> None:
    """Nothing is followed yet."""
    op.create_table(
        "coverage",
        key("kurum_id", 64),
        key("calisan_index", 32),
        key("veri_seti", 64),
        sa.Column("isyeri_index", key("", 32).type, nullable=False),
        sa.Column("latest_on", sa.String(10)),
        sa.Column("latest_no", sa.BigInteger()),
        sa.Column("accepted_on", sa.String(10)),
        sa.Column("accepted_no", sa.BigInteger()),
        sa.Column("accepted_until", sa.String(10)),
    )
    op.create_index("coverage_isyeri", "coverage", ["kurum_id", "isyeri_index"])
    op.create_table(
        "coverage_count",
        key("kurum_id", 64),
        key("isyeri_index", 32),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("counted_on", sa.String(10), nullable=False),
        sa.Column("is_stale", sa.SmallInteger(), nullable=False),
    )
    op.create_table("coverage_cursor", key("kurum_id", 64), sa.Column("followed", sa.BigInteger(), nullable=False))
