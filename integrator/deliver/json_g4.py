"""Generation 4 (`json-g4`): JSON over HTTPS with HTTP Basic, one worker and one training in each message.

Seen in third-party code only, never proven live. A request carries no number of ours and there is no query, so an
answer is about whatever was asked on that connection, and after a lost one nobody can be asked: the message waits for
a person, unless the operator lets the same body go again (`ministry.ask_by_repeating`; that the ministry then answers
211 and stores nothing is assumed). The signature is not sent: no source shows where it would go (docs/divergences.md).
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from integrator.deliver.dvo import Dvo
from integrator.deliver.generation import Credentials, Exchange
from integrator.deliver.openapi import OpenApi
from integrator.deliver.soap import outcome_of_status
from integrator.deliver.wire import HttpReply, NoAnswer, NotSent, Wire
from integrator.domain.errors import Misconfigured, Unavailable
from integrator.domain.identifiers import SorguNo
from integrator.domain.outcomes import SUCCESS, Kind, Outcome, Reply, Sonuc
from integrator.domain.parties import Sigorta, Yetki

TRAINING = "/egitimBilgisiIslemleri/egitimBilgisiBildir"
PROFESSIONAL = "/isgProfesyoneliIslemleri/isgProfesyoneliDogrula"
WORKER = "/calisanSigortalilikIslemleri/calisanSigortalilikKontrolu"
NO_FIRM = "401"
_SUCCESS = "1"
_SIGNING_TIME = re.compile(  # OID 1.2.840.113549.1.9.5, a set of one, and a UTCTime or a GeneralizedTime in it
    rb"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x05\x31.(?:\x17\x0d([0-9]{12})Z|\x18\x0f([0-9]{14})Z)", re.DOTALL
)


class JsonG4:
    """The JSON service at one address."""

    metot = "json-g4"

    def __init__(
        self, make_wire: Callable[[str], Wire], address: str, credentials: Credentials, *, may_repeat: bool
    ) -> None:
        if ":" in credentials.firma_kodu:
            raise Misconfigured("the firma kodu holds a colon, which HTTP Basic cannot carry")
        self.may_repeat = may_repeat
        self._make_wire = make_wire
        self._address = address.rstrip("/")
        self._wires: dict[str, Wire] = {}
        keys = base64.b64encode(f"{credentials.firma_kodu}:{credentials.parola}".encode()).decode("ascii")
        self._headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Authorization": f"Basic {keys}",
        }

    def send(self, sorgu_no: SorguNo, dvo: Dvo, cms: bytes) -> Exchange[Reply]:
        """Notify one training of one worker; what is kept of the request is its body, which holds no credentials."""
        stamp = time_stamp(cms)
        if stamp is None:
            return Exchange(Outcome(Kind.BROKEN, "no_signing_time"), b"", b"")
        said, request, reply = self.post(TRAINING, training_body(dvo, stamp))
        if isinstance(said, Outcome):
            return Exchange(said, request, reply)
        code, message = said
        parts = tuple(Sonuc(pair, SUCCESS) for pair in dvo.pairs) if code == SUCCESS else ()
        return Exchange(Reply(sorgu_no, code, message, parts), request, reply)

    def post(self, path: str, body: dict[str, Any]) -> tuple[tuple[str, str] | Outcome, bytes, bytes]:
        """((code, words) or an Outcome, the request's body, the reply's). "1" is told as 200; other codes stay."""
        request = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        wire = self._wires.get(path) or self._wires.setdefault(path, self._make_wire(self._address + path))
        try:
            reply = wire.post(request, self._headers)
        except NotSent as error:
            return Outcome(Kind.NOT_ARRIVED, str(error)), request, b""
        except NoAnswer as error:
            return Outcome(Kind.UNCERTAIN, str(error)), request, b""
        return _read(reply), request, reply.body

    def look_up_professional(self, asked: Yetki) -> bool:
        """In that role (isgProfesyoneliDogrula); 213 is "no". Raises Unavailable."""
        return self._look_up(PROFESSIONAL, professional_body(asked), no="213")

    def look_up_worker(self, asked: Sigorta) -> bool:
        """At that workplace (calisanSigortalilikKontrolu); 212 is "no". Raises Unavailable."""
        return self._look_up(WORKER, worker_body(asked), no="212")

    def _look_up(self, path: str, body: dict[str, Any], *, no: str) -> bool:
        said, _, _ = self.post(path, body)
        code = said.code if isinstance(said, Outcome) else said[0]
        if code not in (SUCCESS, no):
            raise Unavailable(f"the ministry answered the look-up with {code if len(code) <= 16 else 'no code'}")
        return code == SUCCESS


def professional_body(asked: Yetki) -> dict[str, Any]:
    """No source shows this body: the names are those of the training's (docs/divergences.md)."""
    return {
        "sertifikaTipi": int(asked.belge_tipi),
        "isgProfTcKNo": int(asked.professional),
        "isyeriSgkSicilNo": asked.sgk_tescil_no,
    }


def worker_body(asked: Sigorta) -> dict[str, Any]:
    """No source shows this body either."""
    return {"calisanTcKNo": int(asked.worker), "isyeriSgkSicilNo": asked.sgk_tescil_no}


def _read(reply: HttpReply) -> tuple[str, str] | Outcome:
    if reply.status == int(NO_FIRM):  # whatever its body says
        return NO_FIRM, ""
    judged = outcome_of_status(reply)
    if judged:
        return judged
    try:
        found = json.loads(reply.body.decode("utf-8"), object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        return Outcome(Kind.UNCERTAIN, "unreadable_reply")
    sonuc = found.get("sonuc") if isinstance(found, dict) else None
    words = found.get("aciklama", "") if isinstance(found, dict) else None
    if not isinstance(sonuc, str) or not isinstance(words, str) or not sonuc:
        return Outcome(Kind.UNCERTAIN, "unreadable_reply")
    return SUCCESS if sonuc == _SUCCESS else f"sonuc_{sonuc}" if sonuc == SUCCESS else sonuc, words


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def training_body(dvo: Dvo, stamp: str) -> dict[str, Any]:
    """The fields as they were signed, in this generation's names, order and JSON types (contract 2.4)."""
    text = {name: element[element.index(">") + 1 : element.rindex("<")] for name, element in dvo.elements.items()}
    return {
        "sertifikaTipi": int(text["belgeTipi"]),
        "isgProfTcKNo": int(text["isgProfTckNo"]),
        "egitimKodu": text["egitimKoduId"],
        "egitimSuresi": float(text["egitimSuresi"]),
        "egitimTarihi": text["egitimTarihi"].replace("-", "."),
        "egitimYeri": int(text["egitimYer"]),
        "egitimYontemi": int(text["egitimTur"]),
        "egiticiTcKNo": int(text["egiticiTckNo"]),
        "isyeriSgkSicilNo": text["sgkTescilNo"],
        "calisanTcKNo": int(text["calisanTckNo"]),
        "zamanDamgasi": stamp,
        "imzalayanKimlikNo": int(dvo.professional),
    }


def time_stamp(cms: bytes) -> str | None:
    """zamanDamgasi: the signature's own signingTime, so that every retry sends the same bytes; None without one."""
    found = _SIGNING_TIME.search(cms)
    if found is None:
        return None
    short, whole = found.groups()
    digits = (whole or (b"20" if short < b"5" else b"19") + short).decode("ascii")
    year, month, day, hour, minute, second = digits[:4], *(digits[place : place + 2] for place in range(4, 14, 2))
    return f"{year}-{month}-{day}T{hour}:{minute}:{second}.000"


def prove_bodies(document: Path) -> None:
    """Compare the bodies this program writes with the OpenAPI; raises Misconfigured where they disagree."""
    described = OpenApi(document)
    elements = {name: f"<{name}>{value}</{name}>" for name, value in _SPECIMEN.items()}
    dvo = Dvo(elements, (_SPECIMEN["calisanTckNo"],), (_SPECIMEN["egitimKoduId"],), _SPECIMEN["isgProfTckNo"])
    described.demand(TRAINING, training_body(dvo, "2025-10-23T07:30:00.000"))
    person, place = _SPECIMEN["isgProfTckNo"], _SPECIMEN["sgkTescilNo"]
    described.demand(PROFESSIONAL, professional_body(Yetki(person, place, "2")))
    described.demand(WORKER, worker_body(Sigorta(person, place)))


_SPECIMEN = {
    "belgeTipi": "2",
    "isgProfTckNo": "81234567804",
    "calisanTckNo": "80000000132",
    "egitimKoduId": "240",
    "egitimSuresi": "40.0",
    "egitimTarihi": "23-10-2025",
    "egitimYer": "1",
    "egitimTur": "1",
    "sgkTescilNo": "29999010100001230069994000",
    "egiticiTckNo": "81234567804",
}
