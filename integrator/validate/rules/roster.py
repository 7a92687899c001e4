"""212 foreseen: the workers on the workplace's roster (SGK 4A list) on the day, as far as it was imported.

Workers of other standing (4B, 4C, apprentices) never stand on that list, and a copy grows old, so nothing here stops a
record (domain 1.1, INT-1f; docs/decisions/0021). Where no roster was imported, nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from integrator.domain.findings import Finding, Severity, seen
from integrator.domain.workplaces import CalisanListesi
from integrator.validate.context import Context, rule
from integrator.validate.fields import MAX_FINDINGS

FRESH = timedelta(days=30)
SETS = ("egitim", "muayene")


@rule(cites="domain 1.7; contract 8.1: 212 when the worker is not connected at workplace level", only=SETS)
def workers_stand_on_the_roster(context: Context) -> Iterator[Finding]:
    """Every worker of the record was employed at the workplace on the event's day."""
    roster, day = _roster(context), context.event_date
    if roster is None or day is None:
        return
    missing = [(path, worker) for path, worker in _workers(context) if not roster.holds(worker, day)]
    for path, worker in missing[:MAX_FINDINGS]:
        if roster.holds(worker, roster.refreshed_on):  # there now, not on that day
            yield Finding("INT-VAL-055", path, seen(worker), day.isoformat(), Severity.WARNING)
        else:
            yield Finding("INT-VAL-054", path, seen(worker), roster.refreshed_on.isoformat(), Severity.WARNING)


@rule(cites="domain 1.7: the 4A list is refreshed by hand; issue 5: older than 30 days", only=SETS)
def roster_is_fresh(context: Context) -> Iterator[Finding]:
    """The roster was refreshed within thirty days; told once of a record."""
    roster = _roster(context)
    if roster and context.today - roster.refreshed_on > FRESH:
        oldest = (context.today - FRESH).isoformat()
        yield Finding("INT-VAL-056", "sgkTescilNo", roster.refreshed_on.isoformat(), f">= {oldest}", Severity.WARNING)


def _roster(context: Context) -> CalisanListesi | None:
    return context.known.calisan_listesi(context.workplace) if context.workplace else None


def _workers(context: Context) -> Iterator[tuple[str, str]]:
    """(path, number) of everybody the record is about and whose number could be read."""
    alone = context.values.get("calisanTcKimlikNo")
    if alone:
        yield "calisanTcKimlikNo", alone
    for at, entry in enumerate(context.values.get("calisan", ())):
        if entry.get("calisanTckNo"):
            yield f"calisan[{at}]", entry["calisanTckNo"]
