"""One row of an export as what it tells about parties: which rows of which registers it means, and what is odd in it.

The first of what a row tells is what the export is about; the others are what it says on the way, such as the name of
the workplace in a list of contracts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from integrator.domain.findings import Finding, Severity, seen, seen_number
from integrator.domain.workplaces import SozlesmeDurumu
from integrator.parties.isgkatip import ROLES, STATES, Kind, read_role, read_tur, worst
from integrator.parties.register import (
    CALISAN,
    ISYERI,
    PROFESYONEL,
    SOZLESME,
    Told,
    calisan_index,
    isyeri_index,
    profesyonel_index,
)
from integrator.protect.seal import Sealer

Values = Mapping[str, Any]
_DAYS = ("baslangic", "bitis", "onay_tarihi", "silinme_tarihi")


@dataclass(frozen=True, slots=True)
class Teller:
    """Turns rows of one export into what they tell. `roles` are belge_tipi by kind of contract, beyond the known."""

    kind: Kind
    sealer: Sealer = field(repr=False)
    roles: Mapping[str, str] = field(default_factory=dict)

    def tell(self, values: Values) -> tuple[list[Told], list[Finding]]:
        """What the row tells, and what is wrong with it as a whole; an error leaves nothing told."""
        told, findings = {
            Kind.CONTRACTS: self._contract,
            Kind.ROSTER: self._worker,
            Kind.WORKPLACES: self._workplace,
            Kind.PROFESSIONALS: self._professional,
        }[self.kind](values)
        stops = any(each.severity is Severity.ERROR for each in findings)
        return ([] if stops else told), findings

    def _contract(self, values: Values) -> tuple[list[Told], list[Finding]]:
        sgk, tckn = values["sgk_tescil_no"], values["tckn"]
        told = [values[name] for name in STATES if values.get(name)]
        states = [each if isinstance(each, SozlesmeDurumu) else SozlesmeDurumu.SILINDI for each in told]  # or a day
        if not states:
            return [], [Finding("INT-PTY-012", "durum", "", "")]
        if values.get("baslangic") and values.get("bitis") and values["bitis"] < values["baslangic"]:
            return [], [Finding("INT-PTY-005", "bitis", f"{values['bitis']}", f">= {values['baslangic']}")]
        role, finding = self._role(values)
        ref = _reference(values)
        tur = values.get("tur_kodu") or read_tur(values.get("gorev_turu") or "")
        facts = {
            "isyeri_index": isyeri_index(self.sealer, sgk),
            "profesyonel_index": profesyonel_index(self.sealer, tckn),
            "durum": str(worst(states)),
            "sgk_tescil_no": sgk,
            "tckn": tckn,
            **_given(values, *_DAYS, "minutes_per_month"),
            **_filled(ref=ref, tur_kodu=tur, belge_tipi=role),
        }
        named = ref or f"{tckn}/{sgk}/{tur or role or ''}/{values.get('baslangic') or ''}"
        contract = Told(SOZLESME, self.sealer.blind_index("sozlesme", named), facts)
        card = _given(values, "ad_unvan", "nace_kodu", "tehlike_sinifi", "calisan_sayisi")
        return [contract, self._card(sgk, card), self._person(tckn, _name(values))], finding

    def _role(self, values: Values) -> tuple[str, list[Finding]]:
        """belge_tipi by the kind of contract and by the words beside it; two that differ are a fault."""
        tur = values.get("tur_kodu") or read_tur(values.get("gorev_turu") or "") or ""
        by_kind = self.roles.get(tur) or ROLES.get(tur)
        worded = [read_role(values.get(name) or "") for name in ("kategori", "gorev_turu")]
        found = {each for each in (by_kind, *worded) if each}
        if len(found) > 1:
            words = seen(f"{tur} {values.get('kategori') or values.get('gorev_turu') or ''}")
            return "", [Finding("INT-PTY-006", "kategori", words, " / ".join(sorted(found)))]
        if not found:
            return "", [Finding("INT-PTY-007", "tur_kodu", seen(tur or "-"), tur or "NNN", Severity.WARNING)]
        return found.pop(), []

    def _worker(self, values: Values) -> tuple[list[Told], list[Finding]]:
        sgk, tckn = values["sgk_tescil_no"], values["tckn"]
        days = _given(values, "hired_on", "left_on")
        if days.get("hired_on") and days.get("left_on") and days["left_on"] < days["hired_on"]:
            return [], [Finding("INT-PTY-005", "left_on", f"{days['left_on']}", f">= {days['hired_on']}")]
        place = {"isyeri_index": isyeri_index(self.sealer, sgk), "not_seen_since": None}
        facts = {**place, "tckn": tckn, **_name(values), **days}
        return [Told(CALISAN, calisan_index(self.sealer, sgk, tckn), facts), self._card(sgk, {})], []

    def _workplace(self, values: Values) -> tuple[list[Told], list[Finding]]:
        sgk, before = values["sgk_tescil_no"], values.get("previous_number")
        facts = {name: value for name, value in values.items() if name not in ("sgk_tescil_no", "previous_number")}
        told = [self._card(sgk, facts)]
        if before == sgk:
            return [], [Finding("INT-PTY-008", "previous_number", seen_number(before), "")]
        if before:
            told.append(self._card(before, {"replaced_by": sgk}))
        return told, []

    def _professional(self, values: Values) -> tuple[list[Told], list[Finding]]:
        facts = _given(values, "belge_no", "belge_sinifi", "belge_until")
        by_number = read_role(values.get("belge_no") or "")
        role = values.get("belge_tipi") or by_number
        if by_number and by_number != role:
            return [], [Finding("INT-PTY-006", "belge_no", seen(values["belge_no"]), f"{role}")]
        return [self._person(values["tckn"], {**_name(values), **facts, **_filled(belge_tipi=role)})], []

    def _card(self, sgk: str, facts: Mapping[str, Any]) -> Told:
        return Told(ISYERI, isyeri_index(self.sealer, sgk), {"sgk_tescil_no": sgk, **facts})

    def _person(self, tckn: str, facts: Mapping[str, Any]) -> Told:
        return Told(PROFESYONEL, profesyonel_index(self.sealer, tckn), {"tckn": tckn, **facts})


def _given(values: Values, *names: str) -> dict[str, Any]:
    """What the row says of these; a column it does not have says nothing."""
    return {name: values[name] for name in names if name in values}


def _filled(**facts: Any) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value}


def _name(values: Values) -> dict[str, Any]:
    whole = " ".join(values[name] for name in ("ad", "soyad") if values.get(name))
    return {"ad": whole} if whole else {}


def _reference(values: Values) -> str:
    """Görevlendirme ID of the old system or sözleşme id of the new one; the two count apart (domain 1.7)."""
    if values.get("sozlesme_id"):
        return f"sözleşme {values['sozlesme_id']}"
    return f"görevlendirme {values['gorevlendirme_id']}" if values.get("gorevlendirme_id") else ""
