"""Staff of the integrator looks at a customer's content: for a reason, for a time, and the customer is told.

What was broken, each call behind it and its end stand in the audit log; the row is the notice that the customer reads.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from integrator.access import Principal
from integrator.audit.bound import told_now
from integrator.audit.trail import Entry
from integrator.domain.errors import NotKnown
from integrator.domain.hands import Hand
from integrator.domain.identifiers import KurumNo
from integrator.parties import glass as rows
from integrator.parties.glass import Glass
from integrator.parties.people import new_number
from integrator.people.house import House
from integrator.store.engine import Tx, reading, write_anew
from integrator.store.people_tables import broken_glass

LONGEST = timedelta(hours=4)


def break_glass(house: House, by: Principal, kurum: KurumNo, *, reason: str, lasts: timedelta) -> Glass:
    """From now on, for `LONGEST` at most. Raises BadReason, NotKnown."""
    hand, now = Hand(by.name, reason), house.now()
    glass = Glass(kurum, new_number(), by.kullanici_no, hand.reason.strip(), now, now + min(lasts, LONGEST))

    def act(tx: Tx) -> None:
        rows.put_glass(tx, glass)
        _record(house, tx, "glass.broken", glass, **hand.facts, until=glass.until_at.isoformat())

    write_anew(house.gateway.database, act)
    return glass


def look_through(house: House, by: Principal, glass_no: str, *, call: str, about: list[int]) -> Glass | None:
    """The open glass, after this look stands in the log; None for one that is over, or was never theirs."""
    with reading(house.gateway.database) as tx:
        found = rows.find_glass(tx, by.kullanici_no, glass_no)
    if found is None or not found.is_open(house.now()):
        return None
    facts: dict[str, Any] = {"by": by.name, "call": call, **({"messages": about} if about else {})}
    write_anew(house.gateway.database, lambda tx: _record(house, tx, "glass.looked", found, **facts))
    return found


def end_glass(house: House, by: Principal, glass_no: str) -> None:
    """It shows nothing from now on; said twice it is no fault. Raises NotKnown."""

    def act(tx: Tx) -> None:
        glass = rows.find_glass(tx, by.kullanici_no, glass_no)
        if glass is None:
            raise NotKnown("no such glass of yours")
        if glass.is_open(house.now()):
            rows.end_glass(tx, glass, at=house.now())
            _record(house, tx, "glass.ended", glass, by=by.name)

    write_anew(house.gateway.database, act)


def read_glasses(house: House, kurum: KurumNo) -> list[Glass]:
    """Every glass of a customer that was broken, the newest first."""
    with reading(house.gateway.database) as tx:
        return rows.read_glasses(tx, kurum)


def _record(house: House, tx: Tx, event: str, glass: Glass, **facts: Any) -> None:
    told = {"kurum": glass.kurum_id, "glass": glass.glass_no, **facts}
    if event != "glass.looked":  # a look changes nothing, and so says nothing of the row
        sealer = house.gateway.keyring.sealer(glass.kurum_id)
        told |= told_now(tx, sealer, glass.kurum_id, {broken_glass: [(glass.glass_no,)]})
    house.gateway.record(tx, [Entry(event, house.gateway.actor, told)], house.now())
