"""Generation 2 (`soap-g2`): many trainings x many workers in one message, answered pair by pair.

Saves, the hot path, send prepared bytes through a pooled HTTP client. zeep reads the WSDL at start, proves that
those bytes are the ones it would write itself, and makes the rare calls (docs/decisions/0010). Operation and type
names that are assumed are rows of docs/divergences.md.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from typing import Any

from lxml import etree

from integrator.deliver.dvo import Dvo
from integrator.deliver.generation import Credentials, Exchange
from integrator.deliver.soap import (
    HEADERS,
    Unreadable,
    children,
    element,
    envelope,
    outcome_of_status,
    read_returns,
    text_in,
)
from integrator.deliver.wire import NoAnswer, NotSent, Wire
from integrator.deliver.zeep_door import BAD_WSDL, ZeepDoor
from integrator.domain.errors import Misconfigured, Unavailable
from integrator.domain.identifiers import SorguNo
from integrator.domain.outcomes import Kind, Outcome, Reply, Sonuc
from integrator.protect.safe_xml import xml_parser

SAVE = "cokluEgitimBildirimKaydet"
ASK = "egitimBildirimSorgula"
CODES = "EgitimKoduBilgisi"

_PARTS = frozenset({"basariliKayitBilgisi"})
_PART_FIELDS = ("calisanTckNo", "egitimKoduId", "status", "message")
_SORGU_NO = re.compile(r"[0-9]{1,11}")

# The ministry's schema order. firmaKodu, imzaliDeger and sorguNo are not signed; isyeriId stays unset.
_ORDER = (
    "belgeTipi",
    "calisan",
    "egiticiTckNo",
    "egitim",
    "egitimTarihi",
    "egitimTur",
    "egitimYer",
    "firmaKodu",
    "imzaliDeger",
    "isgProfTckNo",
    "sgkTescilNo",
    "sorguNo",
)


class SoapG2:
    """The list form over SOAP 1.1."""

    metot = "soap-g2"

    def __init__(self, wire: Wire, door: ZeepDoor, credentials: Credentials) -> None:
        self._wire = wire
        self._door = door
        self._namespace = door.namespace
        self._credentials = credentials
        self._blanks = [
            (element(name, value).encode(), element(name, "***").encode())
            for name, value in (("firmaKodu", credentials.firma_kodu), ("parola", credentials.parola))
        ]
        prove_agreement(door)

    def send(self, sorgu_no: SorguNo, dvo: Dvo, cms: bytes) -> Exchange[Reply]:
        """Save one message; every way this can end is a Reply or an Outcome."""
        signed = base64.b64encode(cms).decode("ascii")
        request = save_request(self._namespace, sorgu_no, dvo, signed, self._credentials)
        said, reply = self._call(request)
        return Exchange(said, self._blanked(request), reply)

    def _blanked(self, request: bytes) -> bytes:
        """The request as it may be kept: the credentials' elements blanked."""
        for shown, blank in self._blanks:
            request = request.replace(shown, blank)
        return request

    def _call(self, request: bytes) -> tuple[Reply | Outcome, bytes]:
        try:
            answer = self._wire.post(request, HEADERS)
        except NotSent as error:
            return Outcome(Kind.NOT_ARRIVED, str(error)), b""
        except NoAnswer as error:
            return Outcome(Kind.UNCERTAIN, str(error)), b""
        judged = outcome_of_status(answer)
        return judged or _read_save(answer.body, self._namespace), answer.body

    def ask(self, sorgu_no: SorguNo, dvo: Dvo) -> Exchange[Sequence[Sonuc]]:
        """The rows under our number. Filters: the number and the professional; 0 stands for any worker (assumed)."""
        question = {"calisanTckNo": 0, "isgProfTckNo": int(dvo.professional), "sorguNo": sorgu_no}
        said, reply = self._door.call(
            ASK,
            EgitimBildirimSorguDVO=question,
            firmaKodu=self._credentials.firma_kodu,
            parola=self._credentials.parola,
        )
        shown = self._door.write(ASK, EgitimBildirimSorguDVO=question, firmaKodu="***", parola="***")
        rows = said if isinstance(said, Outcome) else _read_rows(said, sorgu_no)
        return Exchange(rows, etree.tostring(shown), reply)

    def fetch_training_codes(self) -> list[tuple[str, str, bool]]:
        """The list as served now; raises Unavailable."""
        said, _ = self._door.call(CODES)
        if isinstance(said, Outcome) or said is None or said.status != 200:
            raise Unavailable("the ministry did not serve the training code list")
        return [(str(row.kodu), row.aciklama or "", bool(row.aktif)) for row in said.egitimListesi or []]


def save_request(namespace: str, sorgu_no: int, dvo: Dvo, signed: str, credentials: Credentials) -> bytes:
    """The envelope of one save: the signed fields as they were cut, and what goes beside them."""
    beside = {
        "firmaKodu": element("firmaKodu", credentials.firma_kodu),
        "imzaliDeger": f"<imzaliDeger>{signed}</imzaliDeger>",
        "sorguNo": f"<sorguNo>{sorgu_no}</sorguNo>",
    }
    body = "".join(beside.get(name) or dvo.elements[name] for name in _ORDER)
    keys = beside["firmaKodu"] + element("parola", credentials.parola)
    return envelope(namespace, SAVE, f"<egitim>{body}</egitim>{keys}")


def _read_save(body: bytes, namespace: str) -> Reply | Outcome:
    """CokluEgitimCevapDVO as a Reply; anything else leaves the outcome unknown."""
    try:
        returns = read_returns(body, namespace, SAVE)
        if len(returns) != 1:
            raise Unreadable(f"{len(returns)} return elements")
        answer = returns[0]
        found = children(answer, _PARTS)
        number = text_in(found, "sorguNo")
        parts = tuple(_read_part(row) for row in answer.iterchildren(*_PARTS))
        message = found["message"].text or "" if "message" in found else ""  # not stripped: a 214 is compared by bytes
        return Reply(_number(number), text_in(found, "status"), message, parts)
    except (Unreadable, ValueError):
        return Outcome(Kind.UNCERTAIN, "unreadable_reply")


def _number(text: str) -> SorguNo | None:
    """The number in an answer; raises Unreadable for anything but one to eleven ASCII digits."""
    if not text:
        return None
    if not _SORGU_NO.fullmatch(text):
        raise Unreadable("sorguNo is no number of ours")
    return SorguNo(int(text))


def _read_part(row: etree._Element) -> Sonuc:
    """One kayitBilgisi, in one pass over its elements: a message has up to 1,000 of them."""
    found: dict[str, str] = {}
    for each in row.iter(*_PART_FIELDS):
        if each.tag in found:
            raise Unreadable(f"{each.tag} stands twice in one part")
        found[each.tag] = each.text or ""
    worker, code, status, message = (found.get(name, "") for name in _PART_FIELDS)
    return Sonuc((worker, code), status, message)


def _read_rows(rows: list[Any] | None, sorgu_no: SorguNo) -> Sequence[Sonuc] | Outcome:
    """A row without a worker speaks about the call itself (a 401, say); its pair is empty."""
    listed = rows or []
    if any(row.sorguNo != sorgu_no for row in listed if row.calisanTcNo is not None):
        return Outcome(Kind.UNCERTAIN, "foreign_number")
    return [Sonuc(_pair_of(row), str(row.status), row.message or "") for row in listed]


def _pair_of(row: Any) -> tuple[str, str]:
    return ("", "") if row.calisanTcNo is None else (str(row.calisanTcNo), str(row.egitimKoduId))


def prove_agreement(door: ZeepDoor) -> None:
    """Compare our bytes with what zeep writes from the WSDL; raises Misconfigured when they differ in meaning.

    Runs at start-up, so that an edited WSDL stops the gateway and not the first customer's message.
    """
    dvo = _SPECIMEN
    signed = base64.b64encode(b"specimen").decode()
    ours = save_request(door.namespace, 10_000_000_001, dvo, signed, Credentials("F&K", "P<W"))
    fields = {
        "belgeTipi": 2,
        "calisan": [{"calisanTckNo": int(worker)} for worker in dvo.workers],
        "egiticiTckNo": int(dvo.professional),
        "egitim": [{"egitimKoduId": int(code), "egitimSuresi": 40.0} for code in dvo.codes],
        "egitimTarihi": "23-10-2025",
        "egitimTur": 1,
        "egitimYer": 1,
        "firmaKodu": "F&K",
        "imzaliDeger": signed,
        "isgProfTckNo": int(dvo.professional),
        "sgkTescilNo": "29999010100001230069994000",
        "sorguNo": 10_000_000_001,
    }
    try:
        theirs = door.write(SAVE, egitim=fields, firmaKodu="F&K", parola="P<W")
    except BAD_WSDL as error:
        raise Misconfigured(
            f"schemas/soap-g2/ibys.wsdl does not describe the call this program makes: {error}"
        ) from error
    if etree.tostring(etree.fromstring(ours, xml_parser()), method="c14n") != etree.tostring(theirs, method="c14n"):
        raise Misconfigured("schemas/soap-g2/ibys.wsdl and the envelope this program writes no longer agree")


def _specimen() -> Dvo:
    workers, codes, professional = ("80000000132", "81234567804"), ("24", "240"), "81234567804"
    elements = {
        "belgeTipi": "<belgeTipi>2</belgeTipi>",
        "calisan": "".join(f"<calisan><calisanTckNo>{worker}</calisanTckNo></calisan>" for worker in workers),
        "egiticiTckNo": f"<egiticiTckNo>{professional}</egiticiTckNo>",
        "egitim": "".join(
            f"<egitim><egitimKoduId>{code}</egitimKoduId><egitimSuresi>40.0</egitimSuresi></egitim>" for code in codes
        ),
        "egitimTarihi": "<egitimTarihi>23-10-2025</egitimTarihi>",
        "egitimTur": "<egitimTur>1</egitimTur>",
        "egitimYer": "<egitimYer>1</egitimYer>",
        "isgProfTckNo": f"<isgProfTckNo>{professional}</isgProfTckNo>",
        "sgkTescilNo": "<sgkTescilNo>29999010100001230069994000</sgkTescilNo>",
    }
    return Dvo(elements, workers, codes, professional)


_SPECIMEN = _specimen()
