"""All firms' dossiers, the announcements to persons and their receipts: in memory, changed whole or not at all."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from integrator.ministry.firm import reading
from integrator.ministry.firm.announcements import Alindi, Duyuru
from integrator.ministry.firm.dossier import Dossier, Reason, plain_of
from integrator.ministry.firm.reading import BadFirm

RECEIPT_LIMIT = 1_000_000  # of all firms together; more are refused


class Firms:
    """`admits` costs a firm without a dossier one look into a dictionary."""

    def __init__(self) -> None:
        self.dossiers: dict[str, Dossier] = {}
        self.duyurular: dict[str, Duyuru] = {}
        self.alindilar: dict[tuple[str, str, str], Alindi] = {}
        self._judged: dict[str, tuple[date, list[Reason]]] = {}

    def admits(self, firma_kodu: str, peer: str, today: date) -> bool:
        """Is the firm active today, and does it call from its registered address, if there is one?"""
        dossier = self.dossiers.get(firma_kodu)
        if dossier is None:
            return True
        return dossier.kayitli_adres in ("", peer) and not self.reasons(firma_kodu, today)

    def reasons(self, firma_kodu: str, today: date) -> list[Reason]:
        """Why this firm is passive today; judged once a day."""
        day, found = self._judged.get(firma_kodu, (None, []))
        if day != today:
            dossier = self.dossiers.get(firma_kodu)
            found = dossier.reasons(today) if dossier else []
            self._judged[firma_kodu] = today, found
        return found

    def serves(self, firma_kodu: str, sgk_tescil_no: str, profesyonel: int) -> bool:
        """Is the workplace or the professional among the accepted customers, if there is such a list (1m)?"""
        dossier = self.dossiers.get(firma_kodu)
        if dossier is None or dossier.musteriler is None:
            return True
        return not dossier.musteriler.isdisjoint((sgk_tescil_no, str(profesyonel)))

    def change_dossiers(self, wanted: Any, today: date) -> None:
        """`{"dosyalar": [...]}`: the parts that are told replace those of each firm; raises BadFirm."""
        told = reading.rows(reading.only_list(wanted, "dosyalar"), "dosyalar", lambda row: row)
        new = dict(self.dossiers)
        for row in told:
            firma_kodu = reading.firma_kodu_of(row)
            old = new.get(firma_kodu, Dossier(firma_kodu))
            new[firma_kodu] = reading.dossier_of(old, reading.changes_of(row, today))
        self.dossiers = new
        self._judged.clear()

    def announce(self, wanted: Any, today: date) -> None:
        """`{"duyurular": [...]}` replaces all announcements; receipts stay. Raises BadFirm."""
        told = reading.rows(reading.only_list(wanted, "duyurular"), "duyurular", lambda row: reading.duyuru(row, today))
        if len({one.no for one in told}) < len(told):
            raise BadFirm("duyurular: no number twice")
        self.duyurular = {one.no: one for one in told}

    def published(self, today: date) -> list[Duyuru]:
        """What may be fetched today."""
        return [one for one in self.duyurular.values() if one.yayimlandi <= today]

    def acknowledge(self, firma_kodu: str, no: str, wanted: Any) -> int:
        """Keep receipts for one announcement, by person the last one told; how many were told."""
        told = reading.rows(reading.only_list(wanted, "alindilar"), "alindilar", reading.alindi)
        if len(self.alindilar) + len(told) > RECEIPT_LIMIT:
            raise BadFirm("no more receipts are kept")
        self.alindilar.update({(firma_kodu, no, one.kisi): one for one in told})
        return len(told)

    def answer_audit(self, firma_kodu: str, no: str, wanted: Any, now: datetime) -> None:
        """Keep the answer to an audit request that this firm has; raises BadFirm. The last answer counts."""
        ozet, aciklama = reading.audit_answer(wanted)
        dossier, at = self.dossiers[firma_kodu], now.isoformat(timespec="seconds")
        rows = tuple(
            one._replace(ozet=ozet, aciklama=aciklama, yanitlandi=at) if one.no == no else one
            for one in dossier.denetim_talepleri
        )
        self.dossiers = {**self.dossiers, firma_kodu: replace(dossier, denetim_talepleri=rows)}

    def load(self, wanted: Any, today: date) -> None:
        """What `as_json` gave, instead of what is here; raises BadFirm before anything is lost."""
        if not isinstance(wanted, dict) or set(wanted) != {"dosyalar", "duyurular", "alindilar"}:
            raise BadFirm("an object with dosyalar, duyurular and alindilar is expected")
        new = Firms()
        new.change_dossiers({"dosyalar": wanted["dosyalar"]}, today)
        new.announce({"duyurular": wanted["duyurular"]}, today)
        for row in reading.rows(wanted["alindilar"], "alindilar", dict, limit=RECEIPT_LIMIT):
            firma_kodu, no = str(row.pop("firma_kodu", "")), str(row.pop("no", ""))
            new.alindilar[firma_kodu, no, str(row.get("kisi"))] = reading.alindi(row)
        self.dossiers, self.duyurular, self.alindilar = new.dossiers, new.duyurular, new.alindilar
        self._judged.clear()

    def as_json(self) -> dict[str, Any]:
        """Everything, in the shapes in which it is told."""
        return {
            "dosyalar": [one.as_json() for one in self.dossiers.values()],
            "duyurular": [plain_of(one) for one in self.duyurular.values()],
            "alindilar": [
                {"firma_kodu": firma, "no": no, **plain_of(one)} for (firma, no, _), one in self.alindilar.items()
            ],
        }
