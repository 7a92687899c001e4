"""The training regulation's text of the day, where the kind of training and the hazard class are known.

Neither is a field of the veri seti: the sender tells the kind under ``yerel``, the class comes from there or from a
look-up. A text that we have from one secondary source only warns.
"""

from __future__ import annotations

from collections.abc import Iterator

from integrator.catalogue.regulation import ISEBASLAMA, TrainingRule, training_rule
from integrator.domain.findings import Finding, Severity
from integrator.domain.workplaces import TehlikeSinifi
from integrator.validate.context import Context, rule

REMOTE = "0"


@rule(cites="domain 3.1: distance or face to face, by the text of the day", only=("egitim",))
def method_is_allowed(context: Context) -> Iterator[Finding]:
    """A remote training is one that may be given remotely, in whole or in part."""
    text = _text(context) if context.values.get("egitimTur") == REMOTE else None
    if text is None:
        return
    wanted = f"{text.source}, {context.local['egitimCesidi']}"
    if not text.by_distance:
        severity = Severity.ERROR if text.confidence == "H" else Severity.WARNING
        yield Finding("INT-VAL-035", "egitimTur", REMOTE, wanted, severity)
    elif text.distance_headings or text.face_to_face_headings or "uzaktan" not in text.modes:
        yield Finding("INT-VAL-043", "egitimTur", REMOTE, wanted, Severity.WARNING)


@rule(cites="domain 3.1: hours by class and kind; whether the ministry counts breaks is open (Q7)", only=("egitim",))
def minutes_are_enough(context: Context) -> Iterator[Finding]:
    """A whole course is as long as the text asks; a piece of one is told apart by nobody, so it only warns."""
    text, minutes = _text(context), _minutes(context)
    if text is None or minutes is None:
        return
    if minutes < text.min_minutes:
        wanted = f">= {text.min_minutes} ({text.min_lessons} x {text.lesson_minutes}; {text.source})"
        yield Finding("INT-VAL-036", "egitim", f"{minutes:g}", wanted, Severity.WARNING)
    piece = text.piece_minutes if context.local["egitimCesidi"] != ISEBASLAMA else 0
    if piece and minutes < piece:
        yield Finding("INT-VAL-038", "egitim", f"{minutes:g}", f">= {piece} ({text.source})", Severity.WARNING)


def _text(context: Context) -> TrainingRule | None:
    kind, day = context.local.get("egitimCesidi"), context.event_date
    if kind is None or day is None:
        return None
    isyeri = context.isyeri
    sinif = isyeri.tehlike_sinifi
    if sinif is None:
        # start-of-work training is measured alike in every class; the others cannot be judged without one
        sinif = TehlikeSinifi.AZ if kind == ISEBASLAMA else None
    return training_rule(day, sinif, kind, isyeri.calisan_sayisi, isyeri.kamu) if sinif else None


def _minutes(context: Context) -> float | None:
    entries = context.values.get("egitim", ())
    held = [entry.get("egitimSuresi") for entry in entries]
    return None if None in held or not held else float(sum(held))
