"""What a gateway may learn of its own firm under /firma: standing, changes, announcements, audit requests.

JSON and HTTP Basic with firma kodu and parola. Nothing like it is public: the paths and shapes are ours, after what
the circular says an integrator is told (2-5, 3-0b, 3d-1, 7e). A passive firm gets 401 here as everywhere.
"""

import json
import re
from collections.abc import Callable
from typing import Any

from integrator.ministry import strict_json
from integrator.ministry.faces.json_g4 import credentials
from integrator.ministry.firm.dossier import AuditRequest, Dossier, plain_of
from integrator.ministry.firm.reading import BadFirm
from integrator.ministry.ministry import Ministry
from integrator.ministry.wire import Reply, Request, plain

JSON = "application/json;charset=utf-8"
CHALLENGE = ("WWW-Authenticate", 'Basic realm="ibys"')
NOT_KNOWN = plain(401, "Bu kod ve parola ile aktif firma bulunamadı", CHALLENGE)
_NUMBERED = re.compile(r"/(duyurular|denetim-talepleri)/([^/]+)/(alindilar|yanit)\Z")


class FirmaFace:
    """The feeds under /firma."""

    path = "/firma"

    def __init__(self, ministry: Ministry, origin: str) -> None:
        self._ministry = ministry
        self._told: dict[str, Callable[[str], Any]] = {
            "/durum": self._standing,
            "/degisiklikler": self._changes,
            "/duyurular": self._announcements,
            "/denetim-talepleri": self._audit_requests,
        }

    def respond(self, request: Request) -> Reply:
        """The public list to anybody, the rest to an active firm; receipts and answers are posted."""
        path = request.path.removeprefix(self.path)
        if path == "/liste":
            return _only("GET", request) or _json(self._public_list())
        firma_kodu, parola = credentials(request)
        if not self._ministry.admits(firma_kodu, parola, request.peer):
            return NOT_KNOWN
        if path in self._told:
            return _only("GET", request) or _json(self._told[path](firma_kodu))
        numbered = _NUMBERED.match(path)
        if numbered is None:
            there = ", ".join(("/liste", *self._told, "/duyurular/NO/alindilar", "/denetim-talepleri/NO/yanit"))
            return plain(404, f"there are under {self.path}: {there}")
        return _only("POST", request) or self._post(request, firma_kodu, numbered[1], numbered[2])

    def _public_list(self) -> Any:
        """Accepted firms by their names, and since when the passive ones are (2-0, 2-5); no firma kodu."""
        today = self._ministry.today()
        rows = [self._listed(one) for one in self._ministry.firms.dossiers.values() if one.unvan]
        return {"gun": today.isoformat(), "firmalar": [row for row in rows if row is not None]}

    def _listed(self, dossier: Dossier) -> Any:
        today = self._ministry.today()
        if dossier.basvuru is not None and not dossier.basvuru.is_accepted_on(today):
            return None
        firma = self._ministry.register.firmalar.get(dossier.firma_kodu)
        reasons = self._ministry.firms.reasons(dossier.firma_kodu, today)
        is_active = not reasons and firma is not None and firma.aktif
        since = min((one.since for one in reasons if one.since), default=None)
        durum = "aktif" if is_active else "pasif"
        return {"unvan": dossier.unvan, "durum": durum, "pasif_baslangic": since.isoformat() if since else None}

    def _standing(self, firma_kodu: str) -> Any:
        """What the firm owes, and until when."""
        dossier, today = self._ministry.firms.dossiers.get(firma_kodu), self._ministry.today()
        if dossier is None:
            return {"gun": today.isoformat(), "yukumlulukler": [], "iso27001": [], "yenilenecek_evrak": []}
        owed = tuple(one for one in dossier.yukumlulukler if one.is_open_on(today))
        stale = dossier.basvuru.to_be_refreshed_on(today) if dossier.basvuru else []
        return {
            "gun": today.isoformat(),
            "yukumlulukler": plain_of(owed),
            "iso27001": plain_of(dossier.iso27001),
            "yenilenecek_evrak": stale,
        }

    def _changes(self, firma_kodu: str) -> Any:
        """Versions announced until today (3-0b)."""
        today = self._ministry.today()
        announced = self._ministry.versions.announcements
        return {"degisiklikler": [one.as_json() for one in announced if one.published_on <= today]}

    def _announcements(self, firma_kodu: str) -> Any:
        return {"duyurular": [plain_of(one) for one in self._ministry.firms.published(self._ministry.today())]}

    def _audit_requests(self, firma_kodu: str) -> Any:
        return {"denetim_talepleri": plain_of(tuple(self._asked(firma_kodu)))}

    def _asked(self, firma_kodu: str) -> list[AuditRequest]:
        dossier, today = self._ministry.firms.dossiers.get(firma_kodu), self._ministry.today()
        return [one for one in dossier.denetim_talepleri if one.istendi <= today] if dossier else []

    def _post(self, request: Request, firma_kodu: str, feed: str, no: str) -> Reply:
        """A receipt for an announcement, or the answer to an audit request; 404 for what was never told."""
        firms, today = self._ministry.firms, self._ministry.today()
        is_receipt = feed == "duyurular"
        known = firms.published(today) if is_receipt else self._asked(firma_kodu)
        if no not in {one.no for one in known} or request.path.endswith("/yanit") == is_receipt:
            return plain(404, f"{feed}: bu numara bilinmiyor; this number is not known")
        try:
            content = strict_json.read(request.body)
            if is_receipt:
                return _json({"alindi": firms.acknowledge(firma_kodu, no, content)})
            firms.answer_audit(firma_kodu, no, content, self._ministry.now())
        except (BadFirm, strict_json.NotStrictJson) as error:
            return plain(400, str(error))
        return _json({"alindi": 1})


def _only(method: str, request: Request) -> Reply | None:
    if request.method == method:
        return None
    return plain(405, f"{method} it", ("Allow", method))


def _json(content: Any) -> Reply:
    return Reply(200, JSON, json.dumps(content, ensure_ascii=False).encode())
