"""The whole check of one record: version by event date, fields, rules, XSD. All findings at once."""

from __future__ import annotations

import json
from collections.abc import Set
from dataclasses import dataclass, field
from datetime import date

from integrator.catalogue.catalogue import Catalogue
from integrator.catalogue.definitions import STATUSES, Definition
from integrator.domain.errors import UnknownVeriSeti
from integrator.domain.findings import Finding, Severity, seen
from integrator.domain.records import Kayit, Submitted
from integrator.domain.workplaces import Known, NothingKnown
from integrator.parties.mirror import Doubts
from integrator.validate.context import NO_DOUBTS, Context
from integrator.validate.fields import kept_of, read_fields, veiled
from integrator.validate.rules import check_rules
from integrator.validate.values import parse_date
from integrator.validate.xsd import check_xsd


@dataclass(frozen=True, slots=True)
class Checked:
    """`kayit` is there when nothing stops the record; `findings` may still hold warnings then.

    `content` is what may be stored: the submitted bytes, of a health record without what is no field of it.
    """

    kayit: Kayit | None
    definition: Definition | None
    findings: tuple[Finding, ...]
    content: bytes = field(default=b"", repr=False)


def check(
    submitted: Submitted,
    catalogue: Catalogue,
    *,
    today: date,
    metot: str | None = None,
    split: bool = True,
    leaving: Set[str] = frozenset(STATUSES),
    known: Known | None = None,
    doubts: Doubts = NO_DOUBTS,
    codes_on: date | None = None,
) -> Checked:
    """Judge one record. With `metot` given, the version must be deliverable by it; its status must be in `leaving`.

    `doubts` only warn. `codes_on` is the day on which codes must be good when an announced version is tried on older
    events.
    """
    if submitted.fault:
        return Checked(None, None, (submitted.fault, *submitted.remarks))
    # 1. which version governs: by the day of the event, never by today
    definition, findings = _choose(submitted, catalogue, metot)
    if definition is None:
        return Checked(None, None, (*submitted.remarks, *findings))
    findings = [*(veiled(definition, each) for each in submitted.remarks), *findings]
    if definition.status not in leaving:
        findings.append(Finding("INT-VAL-007", "veriSeti", f"{definition.veri_seti} {definition.version}", "official"))
    # 2. every field, by the definition
    values, of_fields = read_fields(definition, submitted.fields)
    # 3. every rule, over what could be read
    context = Context(definition, values, catalogue, today, split, known or NothingKnown(), doubts, codes_on)
    of_rules = check_rules(context)
    findings = [*findings, *_not_told(submitted.remarks, [*of_fields, *of_rules])]
    # 4. the XSD, as the net under all that
    if not _stops(findings):
        findings += check_xsd(definition, values)
    if _stops(findings):
        return Checked(None, definition, tuple(findings))
    day = values[definition.event_date]
    kayit = Kayit(submitted.kayit_no, definition.veri_seti, definition.version, day, values)
    return Checked(kayit, definition, tuple(findings), _content(submitted, definition))


def _content(submitted: Submitted, definition: Definition) -> bytes:
    kept = kept_of(definition, submitted.fields) if definition.health else None
    if kept is None:
        return submitted.content
    text = json.dumps(kept, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return f"{submitted.veri_seti}/{submitted.version}/{text}".encode("utf-8", "surrogatepass")


def _not_told(remarks: tuple[Finding, ...], findings: list[Finding]) -> list[Finding]:
    """Without those about a value that was left out because its cell was told already."""
    if not remarks:
        return findings
    told = {remark.path for remark in remarks} | {remark.path.partition("#")[0] for remark in remarks} - {""}
    return [finding for finding in findings if finding.path not in told]


def _stops(findings: list[Finding]) -> bool:
    return any(finding.severity is Severity.ERROR for finding in findings)


def _choose(submitted: Submitted, catalogue: Catalogue, metot: str | None) -> tuple[Definition | None, list[Finding]]:
    """The version in force on the event's day; the newest when the day cannot be read (so findings still come)."""
    try:
        newest = catalogue.newest(submitted.veri_seti)
    except UnknownVeriSeti:
        known = sorted({each.veri_seti for each in catalogue.definitions})
        return None, [Finding("INT-CAT-001", "veriSeti", seen(submitted.veri_seti), ", ".join(known))]
    raw = submitted.fields.get(newest.event_date)
    day = parse_date(raw)
    if day is None:
        return newest, []
    usable = catalogue.in_force(submitted.veri_seti, day, version=submitted.version, metot=metot)
    if not usable:
        wanted = ", ".join(each.version for each in catalogue.in_force(submitted.veri_seti, day)) or "-"
        return newest, [Finding("INT-VAL-005", newest.event_date, seen(f"{raw} / {submitted.version or '-'}"), wanted)]
    deliverable = next((each for each in usable if metot is None or metot in each.metot), None)
    if deliverable is None:
        return usable[0], [Finding("INT-VAL-006", newest.event_date, f"{raw} / {usable[0].version}", metot or "")]
    return deliverable.carried_by(metot), []
