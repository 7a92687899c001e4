"""Identity numbers beyond their check digits, and who may stand in which place."""

from __future__ import annotations

from collections.abc import Iterator

from integrator.domain.findings import Finding, Severity, seen
from integrator.domain.identifiers import PLACEHOLDERS
from integrator.domain.parties import Sigorta, Yetki
from integrator.validate.context import Context, rule

PHYSICIAN = "1"


@rule(cites="domain 2.1, 2.3: numbers that only fill a form are refused")
def numbers_are_no_placeholders(context: Context) -> Iterator[Finding]:
    """Nobody is 11111111110, though its check digits fit."""
    for name, member in context.definition.identity_fields:
        held = context.values.get(name)
        if held is None:
            continue
        numbers = [entry.get(member) for entry in held] if member else [held]
        if PLACEHOLDERS.isdisjoint(numbers):
            continue
        for place, number in enumerate(numbers):
            if number in PLACEHOLDERS:
                path = f"{name}[{place}].{member}" if member else name
                yield Finding("INT-VAL-018", path, seen(number), "11 x 0-9")


@rule(cites="domain 3.3: a training has a trainer and those who are trained", only=("egitim",))
def trainer_is_not_trained(context: Context) -> Iterator[Finding]:
    """The trainer is not among the workers of the same session."""
    trainer = context.values.get("egiticiTckNo")
    numbers = [entry.get("calisanTckNo") for entry in context.values.get("calisan", ())]
    if trainer is not None and trainer in numbers:
        where = f"calisan[{numbers.index(trainer)}]"
        yield Finding("INT-VAL-037", where, seen(trainer), "egiticiTckNo", Severity.WARNING)


@rule(cites="domain 3.4: the examination is a physician's, of somebody else", only=("muayene",))
def physician_examines_another(context: Context) -> Iterator[Finding]:
    """The physician is not the examined worker."""
    physician, worker = context.values.get("isyeriHekimiTcKimlikNo"), context.values.get("calisanTcKimlikNo")
    if physician and physician == worker:
        yield Finding("INT-VAL-037", "calisanTcKimlikNo", seen(worker), "isyeriHekimiTcKimlikNo", Severity.WARNING)


@rule(cites="domain 3.4, INT-3.4c: only a physician reports an examination", only=("muayene",))
def examination_is_a_physicians(context: Context) -> Iterator[Finding]:
    """Where it is known what the signer is, the signer is a workplace physician."""
    signer = context.values.get("isyeriHekimiTcKimlikNo")
    kind = context.known.belge_tipi(signer) if signer else None
    if kind is not None and kind != PHYSICIAN:
        yield Finding("INT-VAL-045", "isyeriHekimiTcKimlikNo", seen(signer), "1")


@rule(cites="contract 7.1: belgeTipi says what the reporting professional is", only=("egitim",))
def certificate_kind_is_the_professionals(context: Context) -> Iterator[Finding]:
    """Where it is known what the professional is, belgeTipi says the same."""
    signer, told = context.values.get("isgProfTckNo"), context.values.get("belgeTipi")
    kind = context.known.belge_tipi(signer) if signer and told else None
    if kind is not None and kind != told:
        yield Finding("INT-VAL-042", "belgeTipi", seen(told), kind, Severity.WARNING)


@rule(cites="domain INT-B2; contract 8.1: 213 when the professional is not assigned to the workplace", only=("egitim",))
def professional_is_authorised(context: Context) -> Iterator[Finding]:
    """The ministry did not say within the last day that the professional may not act there in that role."""
    named = [context.values.get(name) for name in ("isgProfTckNo", "sgkTescilNo", "belgeTipi")]
    if all(named) and context.doubts.about(Yetki(*map(str, named))):
        yield Finding("INT-VAL-040", context.definition.signer, seen(named[0]), str(named[1]), Severity.WARNING)


@rule(cites="domain INT-B2; contract 8.1: 212 when the worker is not connected at workplace level", only=("egitim",))
def workers_are_insured(context: Context) -> Iterator[Finding]:
    """The ministry did not say within the last day that a worker is not insured at the workplace."""
    place = context.values.get("sgkTescilNo")
    if not place or not context.doubts.indexes:
        return
    for at, entry in enumerate(context.values.get("calisan", ())):
        worker = entry.get("calisanTckNo")
        if worker and context.doubts.about(Sigorta(worker, place)):
            yield Finding("INT-VAL-041", f"calisan[{at}]", seen(worker), place, Severity.WARNING)
