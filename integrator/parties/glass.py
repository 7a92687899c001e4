"""Rows of broken glasses: who of the integrator's staff looks at which customer, why, from when until when."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, insert, select, update

from integrator.domain.errors import NotKnown
from integrator.domain.identifiers import KurumNo
from integrator.store.people_tables import broken_glass
from integrator.store.tables import kurum


@dataclass(frozen=True, slots=True)
class Glass:
    """One look behind the glass of `kurum_id`, by the person of that number."""

    kurum_id: KurumNo
    glass_no: str
    kullanici_no: str
    reason: str
    broken_at: datetime
    until_at: datetime
    ended_at: datetime | None = None

    def is_open(self, now: datetime) -> bool:
        """Whether it still shows anything."""
        return self.ended_at is None and now < self.until_at


def put_glass(tx: Connection, glass: Glass) -> None:
    """Write it down; raises NotKnown for a customer that is none."""
    if tx.execute(select(kurum.c.kurum_id).where(kurum.c.kurum_id == glass.kurum_id)).one_or_none() is None:
        raise NotKnown("no such customer")
    tx.execute(insert(broken_glass).values(asdict(glass)))


def find_glass(tx: Connection, kullanici_no: str, glass_no: str) -> Glass | None:
    """The glass of this number, if this person broke it."""
    mine = (broken_glass.c.kullanici_no == kullanici_no, broken_glass.c.glass_no == glass_no)
    row = tx.execute(select(broken_glass).where(*mine)).mappings().one_or_none()
    return _of(row) if row else None


def end_glass(tx: Connection, glass: Glass, *, at: datetime) -> None:
    """It shows nothing any more."""
    this = (broken_glass.c.kurum_id == glass.kurum_id, broken_glass.c.glass_no == glass.glass_no)
    tx.execute(update(broken_glass).where(*this).values(ended_at=at))


def read_glasses(tx: Connection, kurum_no: KurumNo) -> list[Glass]:
    """Every glass of a customer that was broken, the newest first."""
    query = select(broken_glass).where(broken_glass.c.kurum_id == kurum_no)
    return [_of(row) for row in tx.execute(query.order_by(broken_glass.c.broken_at.desc())).mappings()]


def _of(row: RowMapping) -> Glass:
    return Glass(**{**row, "kurum_id": KurumNo(row["kurum_id"])})
