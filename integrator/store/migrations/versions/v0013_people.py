"""People, their sessions, what slows guessing down, broken glasses; keys with fewer rights than their role."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def key(length: int) -> sa.String:
    """Text ordered by its bytes."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Nobody can log in yet; keys that exist keep all rights of their role."""
    op.add_column("api_key", sa.Column("rights", sa.String(200), nullable=False, server_default=""))
    op.add_column("api_key", sa.Column("profesyonel_index", sa.String(32), nullable=False, server_default=""))
    _people()
    _sessions()
    op.create_table(
        "broken_glass",
        sa.Column("kurum_id", key(64), primary_key=True),
        sa.Column("glass_no", key(12), primary_key=True),
        sa.Column("kullanici_no", key(12), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("broken_at", sa.BigInteger(), nullable=False),
        sa.Column("until_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
    )


def _people() -> None:
    op.create_table(
        "kullanici",
        sa.Column("kullanici_no", key(12), primary_key=True),
        sa.Column("kurum_id", key(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("login_index", key(32), nullable=False),
        sa.Column("oidc_index", key(32)),
        sa.Column("profesyonel_index", sa.String(32), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("password", sa.String(200)),
        sa.Column("totp_step", sa.BigInteger(), nullable=False),
        sa.Column("setup_digest", sa.LargeBinary()),
        sa.Column("setup_until", sa.BigInteger()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("locked_at", sa.BigInteger()),
        sa.Column("entered_at", sa.BigInteger()),
    )
    op.create_index("kullanici_login", "kullanici", ["login_index"], unique=True)
    op.create_index("kullanici_oidc", "kullanici", ["oidc_index"], unique=True)
    op.create_index("kullanici_kurum", "kullanici", ["kurum_id", "created_at"])


def _sessions() -> None:
    op.create_table(
        "oturum",
        sa.Column("digest", sa.LargeBinary(), primary_key=True),
        sa.Column("oturum_no", key(12), nullable=False),
        sa.Column("kullanici_no", key(12), nullable=False),
        sa.Column("level", sa.String(16), nullable=False),
        sa.Column("tries", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("oturum_kullanici", "oturum", ["kullanici_no", "created_at"])
    op.create_index("oturum_ends", "oturum", ["ends_at"])
    op.create_table(
        "recovery_code",
        sa.Column("kullanici_no", key(12), primary_key=True),
        sa.Column("digest", sa.LargeBinary(), primary_key=True),
    )
    op.create_table(
        "login_brake",
        sa.Column("name", key(48), primary_key=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("until_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("login_brake_last", "login_brake", ["last_at"])
