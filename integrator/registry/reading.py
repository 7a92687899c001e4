"""What pages and commands ask the registers: every customer with the state of its form, and how the firm stands."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from integrator.domain.identifiers import KurumNo
from integrator.domain.states import State
from integrator.parties.people import OWN
from integrator.queue.standing import FIRMA, FORM
from integrator.registry import rows
from integrator.registry.books import BOOKS
from integrator.registry.rows import Kept
from integrator.store.engine import Tx
from integrator.store.tables import bildirim, kurum

NO_FORM = "none"


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer and its form. `is_here`: it has been used here; `queued` messages wait to be sent for it."""

    kurum: KurumNo
    is_here: bool
    form: Kept | None
    queued: int

    @property
    def state(self) -> str:
        """Of its form; ``none`` when there is none."""
        return self.form.state if self.form else NO_FORM


def read_customers(tx: Tx) -> list[Customer]:
    """Every customer that was used here or has a form, by name."""
    here = set(tx.execute(select(kurum.c.kurum_id).where(kurum.c.kurum_id != OWN)).scalars())
    forms = {each.entry_no: each for each in rows.read_all(tx, FORM)}
    waiting = select(bildirim.c.kurum_id, func.count()).where(bildirim.c.state == State.QUEUED.value)
    queued: dict[str, int] = {row[0]: row[1] for row in tx.execute(waiting.group_by(bildirim.c.kurum_id))}
    return [Customer(KurumNo(n), n in here, forms.get(n), queued.get(n, 0)) for n in sorted(here | forms.keys())]


def state_of_firm(tx: Tx) -> str:
    """As it was last recorded; at first ``test``: nobody is authorised before the ministry has announced it."""
    kept = rows.read_one(tx, FIRMA, FIRMA)
    return kept.state if kept else BOOKS[FIRMA].states[0]
