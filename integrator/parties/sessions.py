"""Rows of sessions. A token is 256 random bits; of it only a digest is kept. Every step up makes a new token."""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from integrator.parties.people import digest, new_number
from integrator.store.people_tables import oturum

TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
NOTED_EVERY = timedelta(minutes=1)


class Level(StrEnum):
    """How far somebody has come."""

    PASSWORD = "password"  # noqa: S105 - a level: the second step is wanted
    ENROL = "enrol"  # the person has no second step yet and must take one
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Session:
    """One session, without its token."""

    oturum_no: str
    kullanici_no: str
    level: Level
    created_at: datetime
    seen_at: datetime
    ends_at: datetime
    tries: int = 0
    digest: bytes = field(default=b"", repr=False)


def begin_session(
    tx: Connection, kullanici_no: str, level: Level, *, now: datetime, ends_at: datetime
) -> tuple[Session, str]:
    """A new session and its token, which nobody can read again."""
    token = secrets.token_urlsafe(32)
    session = Session(new_number(), kullanici_no, level, now, now, ends_at, digest=digest(token))
    row = {name: getattr(session, name) for name in Session.__dataclass_fields__}
    tx.execute(insert(oturum).values({**row, "level": level.value}))
    return session, token


def find_session(tx: Connection, token: str, *, now: datetime, idle: timedelta) -> Session | None:
    """The session that `token` opens; None when it never was, ended, or was idle for too long."""
    if not TOKEN.fullmatch(token):
        return None
    row = tx.execute(select(oturum).where(oturum.c.digest == digest(token))).mappings().one_or_none()
    found = _of(row) if row else None
    return found if found and now < found.ends_at and now - found.seen_at < idle else None


def read_sessions(tx: Connection, kullanici_no: str, *, now: datetime, idle: timedelta) -> list[Session]:
    """A person's sessions that open something, the newest first."""
    query = select(oturum).where(oturum.c.kullanici_no == kullanici_no, oturum.c.ends_at > now)
    rows = tx.execute(query.where(oturum.c.seen_at > now - idle).order_by(oturum.c.created_at.desc())).mappings()
    return [_of(row) for row in rows]


def note_seen(tx: Connection, session: Session, *, now: datetime) -> None:
    """It was used now; to the minute, for a call must not cost a write."""
    tx.execute(update(oturum).where(oturum.c.digest == session.digest).values(seen_at=now))


def note_try(tx: Connection, session: Session) -> int:
    """One more code was tried in it; returns how many by now, 0 when it ended meanwhile."""
    this = update(oturum).where(oturum.c.digest == session.digest).values(tries=oturum.c.tries + 1)
    return tx.execute(this.returning(oturum.c.tries)).scalar_one_or_none() or 0


def end_session(tx: Connection, kullanici_no: str, oturum_no: str) -> bool:
    """End one of a person's sessions; False when it is none of theirs."""
    mine = (oturum.c.kullanici_no == kullanici_no, oturum.c.oturum_no == oturum_no)
    return bool(tx.execute(delete(oturum).where(*mine)).rowcount)


def sweep_sessions(tx: Connection, *, now: datetime) -> None:
    """Forget those that are over."""
    tx.execute(delete(oturum).where(oturum.c.ends_at <= now))


def csrf_of(token: str) -> str:
    """What a page sends beside the cookie: made from the token, so nothing is kept and nothing of it can be guessed."""
    return hmac.new(token.encode(), b"ibys/csrf/v1", sha256).hexdigest()


def _of(row: RowMapping) -> Session:
    return Session(**{**row, "level": Level(row["level"])})
