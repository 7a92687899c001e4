"""What the desk reads: messages by state, day, workplace, professional and worker, their counts, and names of workers.

Coverage is made anew from the feed, because its new tables are filled on the same walk.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def text_key(length: int) -> sa.String:
    """Text that is ordered by its bytes."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def key(name: str, length: int) -> sa.Column[str]:
    """A text column of a key."""
    return sa.Column(name, text_key(length), primary_key=True)


def number(name: str) -> sa.Column[int]:
    """A number that is counted or referred to."""
    return sa.Column(name, sa.BigInteger(), nullable=False)


def upgrade() -> None:
    """Nothing is followed yet."""
    op.create_index("bildirim_desk", "bildirim", ["kurum_id", "state", "sorgu_no"])
    op.add_column("calisan", sa.Column("body", sa.LargeBinary()))
    op.create_table(
        "coverage_message",
        key("kurum_id", 64),
        sa.Column("sorgu_no", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("veri_seti", text_key(64), nullable=False),
        sa.Column("state", text_key(20), nullable=False),
        sa.Column("event_date", sa.String(10), nullable=False),
        sa.Column("isyeri_index", text_key(32), nullable=False),
        sa.Column("profesyonel_index", text_key(32), nullable=False),
    )
    for name in ("event_date", "isyeri_index", "profesyonel_index"):
        op.create_index(f"coverage_message_{name}", "coverage_message", ["kurum_id", name, "sorgu_no"])
    in_a_set = ["kurum_id", "veri_seti", "event_date", "sorgu_no"]
    op.create_index("coverage_message_veri_seti", "coverage_message", in_a_set)
    op.create_table(
        "coverage_worker",
        key("kurum_id", 64),
        key("worker_index", 32),
        sa.Column("sorgu_no", sa.BigInteger(), primary_key=True, autoincrement=False),
    )
    op.create_index("coverage_worker_sorgu_no", "coverage_worker", ["kurum_id", "sorgu_no"])
    op.create_table("coverage_depth", key("kurum_id", 64), key("state", 20), number("depth"))
    op.create_table(
        "coverage_month",
        key("kurum_id", 64),
        key("isyeri_index", 32),
        key("month", 7),
        key("veri_seti", 64),
        number("notified"),
        number("accepted"),
    )
    for name in ("coverage", "coverage_count", "coverage_cursor"):
        op.execute(sa.text(f"DELETE FROM {name}"))  # noqa: S608 - names of ours
