"""The columns of a sheet, from the veri seti's definition: a heading in two languages, aliases and a note for each.

Headings lie beside the definitions in ``datasets/<veri_seti>/sutunlar.toml``; a field without a row there is headed
by its wire name, so a new veri seti works before anybody wrote headings for it.
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from integrator.catalogue.definitions import LOCAL, Definition, Field
from integrator.catalogue.published import published
from integrator.domain.errors import Misconfigured

KAYIT_NO, VERI_SETI, VERSION = "id", "veriSeti", "version"


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One column: a field of the record, or with `inside` a member of that list. `field` is None for the envelope.

    What stays with us is named ``yerel.tehlikeSinifi``.
    """

    name: str
    inside: str
    field: Field | None
    tr: str
    en: str
    aliases: tuple[str, ...] = ()
    note_tr: str = ""
    note_en: str = ""

    @property
    def path(self) -> str:
        """``calisan.calisanTckNo``, ``egitimYer``, ``id``."""
        return f"{self.inside}.{self.name}" if self.inside else self.name

    @property
    def keys(self) -> frozenset[str]:
        """Every heading it answers to, folded."""
        bare = self.name.removeprefix(f"{LOCAL}.")
        return frozenset(map(fold, (self.tr, self.en, bare, self.path, *self.aliases)))


_ENVELOPE = (
    Column(
        KAYIT_NO,
        "",
        None,
        "Kayıt No",
        "Record no",
        ("Kayıt Numarası", "Oturum No"),
        "Sizin numaranız; aynı kaydın satırlarında aynı. Harf, rakam ve . _ : / - ; kimlik numarası olamaz.",
        "Your own number, the same in all rows of one record. Letters, digits and . _ : / - ; no identity number.",
    ),
    Column(VERI_SETI, "", None, "Veri Seti", "Veri seti"),
    Column(VERSION, "", None, "Sürüm", "Version"),
)


def fold(heading: str) -> str:
    """A heading without case, accents, space and signs. For headings and labels only, never for values we send."""
    plain = unicodedata.normalize("NFKD", heading.replace("ı", "i").replace("İ", "i").replace("I", "i")).lower()
    return "".join(sign for sign in plain if sign.isalnum())


def columns_of(definition: Definition) -> tuple[Column, ...]:
    """Every column a sheet of this veri seti may have: the envelope, the fields in their order, what stays with us."""
    told = _headings(definition.veri_seti)
    fields = (_column(told, field, inside) for field, inside in _flat(definition))
    return (*_ENVELOPE, *fields, *(_column(told, field, LOCAL) for field in definition.local))


def _flat(definition: Definition) -> Iterator[tuple[Field, str]]:
    for field in definition.fields:
        if field.members:
            yield from ((member, field.name) for member in field.members)
        else:
            yield field, ""


def _column(told: Mapping[str, Any], field: Field, inside: str) -> Column:
    row = told.get(f"{inside}.{field.name}" if inside else field.name, {})
    own_tr, own_en = getattr(field, "tr", ""), getattr(field, "en", "")  # of definitions that name their fields
    tr = row.get("tr") or own_tr or field.name
    aliases = (*row.get("aliases", ()), *filter(None, (own_tr, own_en)))
    notes = (row.get("note_tr", ""), row.get("note_en", ""))
    name, inside = (f"{LOCAL}.{field.name}", "") if inside == LOCAL else (field.name, inside)
    return Column(name, inside, field, tr, row.get("en") or own_en or tr, aliases, *notes)


@cache
def _headings(veri_seti: str) -> Mapping[str, Any]:
    try:
        path = published("datasets", veri_seti, "sutunlar.toml")
    except Misconfigured:  # none were written yet
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Misconfigured(f"{path}: {error}") from error
