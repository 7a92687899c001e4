"""213 foreseen: the professional's contract at the workplace on the day, as far as İSG-KATİP was imported.

What no later import can undo stops the record: a deletion, and an approval that came after the day. All else may have
changed since the copy was made, so it warns (docs/decisions/0021). Where nothing was imported, nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from integrator.domain.findings import Finding, Severity, seen
from integrator.domain.workplaces import Sozlesme, SozlesmeDurumu
from integrator.validate.context import Context, rule
from integrator.validate.rules.people import PHYSICIAN


@rule(
    cites="domain 0.1 (10), 1.7; contract 8.1, 8.2: 213 without an approved contract at the workplace on the day",
    only=("egitim", "muayene"),
)
def professional_is_under_contract(context: Context) -> Iterator[Finding]:
    """An approved contract of the professional, in the role of the record, covers the event's day."""
    signer, day = context.values.get(context.definition.signer), context.event_date
    known = context.known.sozlesmeler(signer, context.workplace) if signer and day and context.workplace else None
    if known is None or day is None:
        return
    faults = [_fault(context, day, each) for each in _of_role(context, known)]
    if not known:
        yield _of_person(context, "INT-VAL-052", Severity.WARNING)
    elif not faults:
        kinds = ", ".join(sorted({each.belge_tipi for each in known}))
        yield Finding("INT-VAL-051", _role_path(context), _role(context), kinds, Severity.WARNING)
    else:
        yield from _mildest(faults)


def _mildest(faults: Sequence[Finding | None]) -> Iterator[Finding]:
    """Of several contracts one is enough; where none covers the day, the one that is nearest to it is told."""
    found = [each for each in faults if each is not None]
    if len(found) == len(faults):
        yield min(found, key=lambda each: (each.severity is Severity.ERROR, each.code))


def _fault(context: Context, day: date, contract: Sozlesme) -> Finding | None:
    """What keeps this contract from covering `day`; None when it does, as far as is known."""
    gone, approved = contract.silinme_tarihi, contract.onay_tarihi
    if contract.durum is SozlesmeDurumu.SILINDI and (gone is None or gone <= context.today):
        return _of_person(context, "INT-VAL-050", Severity.ERROR)
    if contract.durum is SozlesmeDurumu.TAMAMLANMADI:
        return _of_person(context, "INT-VAL-049", Severity.WARNING)
    if contract.durum is SozlesmeDurumu.ONAY_BEKLIYOR and approved is None:
        # still awaited on the day of the import: whenever it comes, it comes after an earlier day
        too_late = contract.told_on is not None and day < contract.told_on
        return _of_person(context, "INT-VAL-046", Severity.ERROR if too_late else Severity.WARNING)
    if approved and day < approved:
        return _of_day(context, "INT-VAL-047", f">= {approved.isoformat()}", Severity.ERROR)
    ended = contract.durum is SozlesmeDurumu.SONA_ERDI and contract.bitis is None
    if ended or not (contract.baslangic or date.min) <= day <= (contract.bitis or date.max):
        return _of_day(context, "INT-VAL-048", _span(contract), Severity.WARNING)
    return None


def _of_role(context: Context, known: Sequence[Sozlesme]) -> list[Sozlesme]:
    """The contracts whose role is the record's, or was not told; all of them where the record's cannot be read."""
    role = _role(context)
    return [each for each in known if not role or each.belge_tipi in ("", role)]


def _role(context: Context) -> str:
    return PHYSICIAN if context.definition.veri_seti == "muayene" else context.values.get("belgeTipi", "")


def _role_path(context: Context) -> str:
    return "belgeTipi" if "belgeTipi" in context.values else context.definition.signer


def _of_person(context: Context, code: str, severity: Severity) -> Finding:
    signer = context.definition.signer
    return Finding(code, signer, seen(context.values[signer]), context.values["sgkTescilNo"], severity)


def _of_day(context: Context, code: str, wanted: str, severity: Severity) -> Finding:
    path = context.definition.event_date
    return Finding(code, path, context.values[path].isoformat(), wanted, severity)


def _span(contract: Sozlesme) -> str:
    ends = "?" if contract.bitis is None else contract.bitis.isoformat()
    return f"{contract.baslangic.isoformat() if contract.baslangic else '?'} ... {ends}"
