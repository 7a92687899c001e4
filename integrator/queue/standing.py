"""What the integrator's own registers say about sending: whose form was delivered, and whether the firm is passive.

Nothing is sent for a customer before its Yazılım Hizmet Alım Formu was delivered by KEP (circular 1m), nor for anybody
while the ministry has made the firm passive (circular 2-4). Both are looked up whenever messages are claimed; records
are accepted and kept all the while (docs/decisions/0040).
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import ColumnElement, Connection, and_, bindparam, exists, func, or_, select

from integrator.domain.errors import FirmClosed, FirmPassive, FormNotDelivered
from integrator.domain.identifiers import KurumNo
from integrator.domain.states import State
from integrator.queue.line import PASSIVE as LINE_PASSIVE
from integrator.queue.line import Line
from integrator.queue.line_row import read_line
from integrator.store.prepared import Prepared
from integrator.store.registry_tables import registry_entry
from integrator.store.tables import bildirim

FORM, FIRMA = "hizmet_alim_formu", "firma"
DELIVERED, PASSIVE, CLOSED = "delivered", "passive", "closed"
"""States: of a customer's form; of the firm; and of a passive firm whose operator takes no new records either."""
NOT_DELIVERED, FIRM_PASSIVE = "form_not_delivered", "firm_passive"
"""Why queued messages stay, as causes name it."""

_ROW = registry_entry.c
_TOLD = Prepared(
    select(_ROW.register, _ROW.state).where(
        or_(and_(_ROW.register == FORM, _ROW.entry_no == bindparam("kurum")), _ROW.register == FIRMA)
    )
)


def is_passive(tx: Connection) -> bool:
    """Whether the ministry made the firm passive: then nothing is sent and nothing asked."""
    return tx.execute(select(_ROW.state).where(_ROW.register == FIRMA)).scalar_one_or_none() in (PASSIVE, CLOSED)


def may_leave(kurum: ColumnElement[str], *, needs_form: bool) -> tuple[ColumnElement[bool], ...]:
    """Conditions under which messages of the customer in this column may go."""
    mine = (_ROW.register == FORM, _ROW.entry_no == kurum, _ROW.state == DELIVERED)
    delivered = select(_ROW.entry_no).where(*mine).correlate_except(registry_entry)
    return (exists(delivered),) if needs_form else ()


def told_line(tx: Connection, address: str) -> Line:
    """The line as people are told it: of a passive firm it is PASSIVE, whatever was last heard over it."""
    found = read_line(tx, address)
    return replace(found, state=LINE_PASSIVE, reason=FIRM_PASSIVE) if is_passive(tx) else found


def count_without_form(tx: Connection) -> tuple[int, int]:
    """(queued messages, customers) for whom no form was delivered."""
    delivered = may_leave(bildirim.c.kurum_id, needs_form=True)
    query = select(func.count(), func.count(bildirim.c.kurum_id.distinct()))
    messages, customers = tx.execute(query.where(bildirim.c.state == State.QUEUED.value, ~and_(*delivered))).one()
    return messages, customers


def keeps_back(tx: Connection, kurum: KurumNo, *, needs_form: bool) -> str:
    """Why nothing is sent for this customer now; empty when nothing stands in the way."""
    return _why(_read(tx, kurum), needs_form)


def require_takes(tx: Connection, kurum: KurumNo, *, needs_form: bool) -> str:
    """The same for who is about to accept records; raises FirmClosed when a passive firm takes none."""
    found = _read(tx, kurum)
    if found.get(FIRMA) == CLOSED:
        raise FirmClosed("the firm is passive, and its operator takes no new records")
    return _why(found, needs_form)


def require_may_ask(tx: Connection, kurum: KurumNo, *, needs_form: bool) -> None:
    """Raise FirmPassive or FormNotDelivered where the ministry may not be asked anything for this customer."""
    why = keeps_back(tx, kurum, needs_form=needs_form)
    if why == FIRM_PASSIVE:
        raise FirmPassive("the firm is passive: the ministry is asked nothing")
    if why == NOT_DELIVERED:
        raise FormNotDelivered(f"the form of {kurum} was not delivered to the ministry by KEP yet")


def _read(tx: Connection, kurum: KurumNo) -> dict[str, str]:
    return {row.register: row.state for row in _TOLD.all(tx, kurum=kurum)}


def _why(found: dict[str, str], needs_form: bool) -> str:
    if found.get(FIRMA) in (PASSIVE, CLOSED):
        return FIRM_PASSIVE
    return NOT_DELIVERED if needs_form and found.get(FORM) != DELIVERED else ""
