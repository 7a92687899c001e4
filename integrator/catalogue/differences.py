"""What changed between two versions of a veri seti, as sentences a person can act on, in Turkish and English.

The texts are those of ``domain/texts.toml`` (``INT-CHG-...``): {path} what it is about, {seen} how it was, {wanted}
how it is now. Nothing here judges a record; ``validate/impact.py`` tells what a change would do to real ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from integrator.catalogue.codes import Code, CodeList
from integrator.catalogue.definitions import Definition, Field, SignedForm
from integrator.domain.texts import Language, text

MOST_CODES = 8
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
Words = Callable[[Language], str]


@dataclass(frozen=True, slots=True)
class Difference:
    """One change. `path` is the field or part in the definition's own words; the sentences say it in people's."""

    code: str
    path: str
    tr: str
    en: str

    def sentence(self, language: Language) -> str:
        """What changed, in `language`."""
        return self.tr if language == "tr" else self.en


def differences(before: Definition, after: Definition) -> list[Difference]:
    """Every change from `before` to `after`: dates, fields, codes, limits, signed form, roads and their own forms."""
    return [
        *_of_life(before, after),
        *_of_fields(before, after),
        *_of_codes(before, after),
        *_of_limits(before, after),
        *_of_signing(before, after),
        *_of_roads(before, after),
        *_of_carried(before, after),
    ]


def _told(code: str, path: str, name: Words | str = "", seen: Words | str = "", wanted: Words | str = "") -> Difference:
    def fill(language: Language) -> str:
        facts = {"path": name or path, "seen": seen, "wanted": wanted}
        return text(
            code, language, **{key: each if isinstance(each, str) else each(language) for key, each in facts.items()}
        )

    return Difference(code, path, fill("tr"), fill("en"))


def _of_life(before: Definition, after: Definition) -> Iterator[Difference]:
    if before.veri_seti == after.veri_seti and before.in_force_from != after.in_force_from:
        yield _told("INT-CHG-001", "in_force_from", after.version, _day(after.published_on), _day(after.in_force_from))
        until = before.in_force_until
        if until is None or until >= after.in_force_from:
            days = "" if until is None else str((until - after.in_force_from).days + 1)
            code = "INT-CHG-002" if days else "INT-CHG-003"
            yield _told(code, "in_force_until", before.version, _day(until) if until else "", days)
    if before.status != after.status:
        yield _told("INT-CHG-004", "status", "", _status(before.status), _status(after.status))


def _of_fields(before: Definition, after: Definition) -> Iterator[Difference]:
    old, new = dict(before.every_field), dict(after.every_field)
    for path, field in new.items():
        if path not in old:
            yield _told("INT-CHG-010" if field.required else "INT-CHG-011", path, _name(path, field), "", _form(field))
        else:
            yield from _of_field(path, old[path], field)
    for path, field in old.items():
        if path not in new:
            yield _told("INT-CHG-012", path, _name(path, field))
    kept = [path for path in old if path in new]
    if kept != [path for path in new if path in old]:
        yield _told("INT-CHG-020", "field", "", ", ".join(kept), ", ".join(path for path in new if path in old))


def _of_field(path: str, old: Field, new: Field) -> Iterator[Difference]:
    name = _name(path, new)
    if old.required != new.required:
        yield _told("INT-CHG-013" if new.required else "INT-CHG-014", path, name)
    if old.kind != new.kind:
        yield _told("INT-CHG-015", path, name, _form(old), _form(new))
    elif old.max != new.max:
        yield _told("INT-CHG-016", path, name, str(old.max), str(new.max))
    if old.unit != new.unit:
        yield _told("INT-CHG-017", path, name, old.unit or "-", new.unit or "-")
    if old.code_list != new.code_list:
        yield _told("INT-CHG-018", path, name, old.code_list or "-", new.code_list or "-")
    for generation in [each for each in new.wire if each in old.wire and old.wire[each] != new.wire[each]]:
        was, is_now = old.wire[generation], new.wire[generation]
        yield _told(
            "INT-CHG-019", path, f"{path} ({generation})", f"{was.name}: {was.type}", f"{is_now.name}: {is_now.type}"
        )


def _of_codes(before: Definition, after: Definition) -> Iterator[Difference]:
    for name in sorted(set(before.code_lists) & set(after.code_lists)):
        old, new = before.code_lists[name], after.code_lists[name]
        closed = [code for code in old if code not in new or _closes(old[code], new[code])]
        opened = [code for code in new if code not in old]
        renamed = [code for code in new if code in old and (old[code].tr, old[code].en) != (new[code].tr, new[code].en)]
        if closed:
            yield _told("INT-CHG-030", name, name, _codes(closed, old), _until(closed, new))
        if opened:
            yield _told("INT-CHG-031", name, name, "", _codes(opened, new))
        for code in renamed[:MOST_CODES]:
            yield _told("INT-CHG-032", name, f"{name} {code}", _label(old[code]), _label(new[code]))


def _of_limits(before: Definition, after: Definition) -> Iterator[Difference]:
    for name in sorted(set(before.limits) | set(after.limits)):
        old, new = before.limits.get(name), after.limits.get(name)
        field = after.field_by_name.get(name) or before.field_by_name[name]
        called = _name(name, field)
        if old and new and old.max != new.max:
            yield _told("INT-CHG-040" if new.max > old.max else "INT-CHG-041", name, called, str(old.max), str(new.max))
        if new and not old:
            yield _told("INT-CHG-042", name, called, "", str(new.max))
        if old and not new:
            yield _told("INT-CHG-043", name, called, str(old.max))
        answers = ", ".join(each for each in (new.above, new.below, new.twice) if each) if new else ""
        if new and answers and old and (old.above, old.below, old.twice) != (new.above, new.below, new.twice):
            yield _told("INT-CHG-044", name, called, "", answers)


def _of_signing(before: Definition, after: Definition) -> Iterator[Difference]:
    old, new = before.signed, after.signed
    if old is None or new is None:
        if old is not new:
            yield _told("INT-CHG-050" if new else "INT-CHG-051", "signed")
        return
    for label in ("root", "record"):
        if getattr(old, label) != getattr(new, label):
            yield _told("INT-CHG-052", label, label, f"<{getattr(old, label)}>", f"<{getattr(new, label)}>")
    yield from _of_order(old, new)
    if old.minutes != new.minutes:
        yield _told("INT-CHG-055", "minutes", "", old.minutes, new.minutes)
    for name in sorted(set(new.sort) - set(old.sort)):
        yield _told("INT-CHG-056", name, f"<{name}>", "", new.sort[name])
    if before.signer != after.signer:
        yield _told("INT-CHG-057", "signer", "", before.signer, after.signer)


def _of_order(old: SignedForm, new: SignedForm) -> Iterator[Difference]:
    gone = [path for path in old.order if path not in new.order]
    come = [path for path in new.order if path not in old.order]
    if gone and come:
        yield _told("INT-CHG-053", "order", "", _elements(gone), _elements(come))
    elif gone or come:
        yield _told("INT-CHG-058" if come else "INT-CHG-059", "order", "", _elements(gone), _elements(come))
    kept = [path for path in new.order if path in old.order]
    if [path for path in old.order if path in new.order] != kept:
        yield _told("INT-CHG-054", "order", "", "", _elements(kept))


def _of_roads(before: Definition, after: Definition) -> Iterator[Difference]:
    added = [each for each in after.metot if each not in before.metot]
    ended = [each for each in before.metot if each not in after.metot]
    if added:
        yield _told("INT-CHG-060", "metot", "", "", ", ".join(added))
    if ended:
        yield _told("INT-CHG-061", "metot", "", ", ".join(ended))


def _of_carried(before: Definition, after: Definition) -> Iterator[Difference]:
    """What changed where a metot has limits and a signed form of its own, beyond what changed for all."""
    for metot in after.metot:
        if metot not in before.metot:
            if metot in after.carried:
                yield _told("INT-CHG-062", f"carried.{metot}", metot, "", _limits(after.carried_by(metot)))
            continue
        old, new = before.carried_by(metot), after.carried_by(metot)
        for_all = [*_of_limits(before, after), *_of_signing(before, after)]
        for each in (*_of_limits(old, new), *_of_signing(old, new)):
            if each not in for_all:
                path = f"carried.{metot}.{each.path}"
                yield Difference(each.code, path, f"{metot}: {each.tr}", f"{metot}: {each.en}")


def _limits(definition: Definition) -> str:
    return ", ".join(f"{name} <= {limit.max}" for name, limit in definition.limits.items()) or "-"


def _name(path: str, field: Field) -> Words:
    return lambda language: f"{field.tr if language == 'tr' else field.en} ({path})" if field.tr else path


_FORMS: Mapping[str, tuple[str, str]] = {
    "text": ("metin", "text"),
    "whole number": ("tam sayı", "whole number"),
    "whole numbers": ("tam sayı listesi", "list of whole numbers"),
    "word": ("kelime", "word"),
    "0 or 1": ("0 ya da 1", "0 or 1"),
    "decimal": ("ondalık sayı", "decimal number"),
    "date": ("tarih", "date"),
    "list": ("liste", "list"),
}


def _form(field: Field) -> Words:
    what, length = field.form
    tr, en = _FORMS[what]
    return lambda language: f"{tr if language == 'tr' else en}{f' ({length})' if length else ''}"


def _status(status: str) -> Words:
    tr = {"official": "resmî", "assumed": "varsayım", "draft": "taslak"}
    return lambda language: tr[status] if language == "tr" else status


def _day(day: date) -> Words:
    return lambda language: (
        f"{day.day:02}.{day.month:02}.{day.year}"
        if language == "tr"
        else f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
    )


def _closes(old: Code, new: Code) -> bool:
    return new.valid_until is not None and (old.valid_until is None or new.valid_until < old.valid_until)


def _until(closed: list[str], new: CodeList) -> Words | str:
    days = {new[code].valid_until for code in closed if code in new}
    last = max((day for day in days if day), default=None)
    return _day(last) if last else "-"


def _codes(codes: list[str], listed: CodeList) -> Words:
    def say(language: Language) -> str:
        shown = [f"{code} ({listed[code].tr if language == 'tr' else listed[code].en})" for code in codes[:MOST_CODES]]
        return ", ".join(shown) + (" ..." if len(codes) > MOST_CODES else "")

    return say


def _label(code: Code) -> Words:
    return lambda language: code.tr if language == "tr" else code.en


def _elements(paths: list[str]) -> str:
    return ", ".join(f"<{path.rpartition('.')[2]}>" for path in paths)
