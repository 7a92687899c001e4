"""What İSG-KATİP knows of a kurum's parties: workplaces, professionals, contracts and rosters."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

SERVED = sa.text("veri_seti = 'hizmet_verilen_isyeri'")


def key(length: int) -> sa.String:
    """Text ordered by its bytes."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def table(name: str, index: str, *columns: sa.Column) -> None:  # type: ignore[type-arg]  # a step names no types
    """A table of one kind of party, found by its blind index."""
    op.create_table(
        name,
        sa.Column("kurum_id", key(64), primary_key=True),
        sa.Column(index, key(32), primary_key=True),
        *columns,
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
    )


def upgrade() -> None:
    """Nothing is known of anybody until something is imported."""
    op.add_column("kurum", sa.Column("tur", sa.String(16)))
    op.add_column("kurum", sa.Column("follows_served", sa.SmallInteger()))
    table(
        "isyeri_karti",
        "isyeri_index",
        sa.Column("nace_kodu", sa.String(8)),
        sa.Column("tehlike_sinifi", sa.String(12)),
        sa.Column("calisan_sayisi", sa.Integer()),
        sa.Column("kamu", sa.SmallInteger()),
        sa.Column("otomatik_guncelleme", sa.SmallInteger()),
        sa.Column("otomatik_on", sa.String(10)),
        sa.Column("ohs_duty_from", sa.String(10)),
        sa.Column("provided_by_employer", sa.SmallInteger()),
        sa.Column("served_from", sa.String(10)),
        sa.Column("served_until", sa.String(10)),
        sa.Column("contracts_on", sa.String(10)),
        sa.Column("roster_on", sa.String(10)),
        sa.Column("body", sa.LargeBinary(), nullable=False),
    )
    table(
        "profesyonel",
        "profesyonel_index",
        sa.Column("belge_tipi", sa.String(1)),
        sa.Column("belge_sinifi", sa.String(1)),
        sa.Column("belge_until", sa.String(10)),
        sa.Column("body", sa.LargeBinary(), nullable=False),
    )
    _contracts_and_rosters()
    op.create_index(
        "bildirim_served", "bildirim", ["kurum_id", "isyeri_index"], sqlite_where=SERVED, postgresql_where=SERVED
    )


def _contracts_and_rosters() -> None:
    table(
        "sozlesme",
        "sozlesme_index",
        sa.Column("isyeri_index", key(32), nullable=False),
        sa.Column("profesyonel_index", key(32), nullable=False),
        sa.Column("tur_kodu", sa.String(3)),
        sa.Column("belge_tipi", sa.String(1)),
        sa.Column("durum", sa.String(16), nullable=False),
        sa.Column("baslangic", sa.String(10)),
        sa.Column("bitis", sa.String(10)),
        sa.Column("onay_tarihi", sa.String(10)),
        sa.Column("silinme_tarihi", sa.String(10)),
        sa.Column("minutes_per_month", sa.Integer()),
        sa.Column("body", sa.LargeBinary(), nullable=False),
    )
    op.create_index("sozlesme_isyeri", "sozlesme", ["kurum_id", "isyeri_index"])
    table(
        "calisan",
        "calisan_index",
        sa.Column("isyeri_index", key(32), nullable=False),
        sa.Column("hired_on", sa.String(10)),
        sa.Column("left_on", sa.String(10)),
        sa.Column("not_seen_since", sa.String(10)),
    )
    op.create_index("calisan_isyeri", "calisan", ["kurum_id", "isyeri_index"])
