"""What the SOAP generations share: the save as prepared bytes, its proof against the WSDL, the rare calls by zeep.

A generation says in a `SaveForm` what its save is called and in which order its fields stand; everything else that
differs is a method of its own file. Decision 0010 says why saves are bytes of ours, decision 0015 how plug-ins are cut.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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
from integrator.domain.outcomes import SUCCESS, Kind, Outcome, Reply, Sonuc
from integrator.domain.parties import Isyeri, Yetki
from integrator.protect.safe_xml import xml_parser

ASK = "egitimBildirimSorgula"
CODES = "EgitimKoduBilgisi"

_SORGU_NO = re.compile(r"[0-9]{1,11}")
_SPECIMEN_KEYS = Credentials("F&K", "P<W")
_SPECIMEN_NO = 10_000_000_001
_SIGNED = base64.b64encode(b"specimen").decode()


@dataclass(frozen=True)
class SaveForm:
    """One generation's save: its WSDL's folder, its operation, the schema order of what we write, and a specimen.

    firmaKodu, imzaliDeger and sorguNo in `order` are not signed; every other name is cut out of the signed bytes.
    `fields` is the specimen as zeep takes it.
    """

    folder: str
    operation: str
    order: tuple[str, ...]
    specimen: Dvo
    fields: Mapping[str, Any]


class SoapService:
    """One SOAP generation at one address: posts, keeps what was said without credentials, asks, fetches."""

    may_repeat = False

    def __init__(self, form: SaveForm, wire: Wire, door: ZeepDoor, credentials: Credentials) -> None:
        self._form = form
        self._wire = wire
        self._door = door
        self._credentials = credentials
        self._blanks = [
            (element(name, value).encode(), element(name, "***").encode())
            for name, value in (("firmaKodu", credentials.firma_kodu), ("parola", credentials.parola))
        ]
        prove_agreement(form, door)

    @property
    def namespace(self) -> str:
        """Of operations and types, as the WSDL says."""
        return self._door.namespace

    @property
    def keys(self) -> dict[str, str]:
        """The parameters that go with every call but the code list's."""
        return {"firmaKodu": self._credentials.firma_kodu, "parola": self._credentials.parola}

    def save(
        self, sorgu_no: SorguNo, dvo: Dvo, cms: bytes, read: Callable[[bytes], Reply | Outcome]
    ) -> Exchange[Reply]:
        """Save one message; every way this can end is a Reply or an Outcome."""
        signed = base64.b64encode(cms).decode("ascii")
        keys = self._credentials
        return self.post(save_request(self._form, self.namespace, sorgu_no, dvo, signed=signed, credentials=keys), read)

    def post(self, request: bytes, read: Callable[[bytes], Any | Outcome]) -> Exchange[Any]:
        """One call with ready bytes; `read` sees the body of a 200 and may raise Unreadable or ValueError."""
        said, reply = self._call(request, read)
        return Exchange(said, self._blanked(request), reply)

    def _blanked(self, request: bytes) -> bytes:
        """The request as it may be kept: the credentials' elements blanked."""
        for shown, blank in self._blanks:
            request = request.replace(shown, blank)
        return request

    def _call(self, request: bytes, read: Callable[[bytes], Any | Outcome]) -> tuple[Any | Outcome, bytes]:
        try:
            answer = self._wire.post(request, HEADERS)
        except NotSent as error:
            return Outcome(Kind.NOT_ARRIVED, str(error)), b""
        except NoAnswer as error:
            return Outcome(Kind.UNCERTAIN, str(error)), b""
        judged = outcome_of_status(answer)
        if judged:
            return judged, answer.body
        try:
            return read(answer.body), answer.body
        except (Unreadable, ValueError):
            return Outcome(Kind.UNCERTAIN, "unreadable_reply"), answer.body

    def ask_for_rows(self, sorgu_no: SorguNo, dvo: Dvo) -> Exchange[Sequence[Sonuc]]:
        """The rows under our number (generations 1 and 2): filtered by it and the professional; 0 is any worker."""
        question = {"calisanTckNo": 0, "isgProfTckNo": int(dvo.professional), "sorguNo": sorgu_no}
        said, reply = self._door.call(ASK, EgitimBildirimSorguDVO=question, **self.keys)
        shown = self._door.write(ASK, EgitimBildirimSorguDVO=question, firmaKodu="***", parola="***")
        rows = said if isinstance(said, Outcome) else _read_rows(said, sorgu_no)
        return Exchange(rows, etree.tostring(shown), reply)

    def fetch_training_codes(self) -> list[tuple[str, str, bool]]:
        """The list as served now; raises Unavailable."""
        said, _ = self._door.call(CODES)
        if isinstance(said, Outcome) or said is None or said.status != 200:
            raise Unavailable("the ministry did not serve the training code list")
        return [(str(row.kodu), row.aciklama or "", bool(row.aktif)) for row in said.egitimListesi or []]

    def look_up_workplace(self, sgk_tescil_no: str) -> Isyeri | None:
        """By its SGK number alone (isyeriBilgisi); None for 213. Raises Unavailable."""
        asked = {"isyeriSgkNo": sgk_tescil_no, "sorguNo": LOOKUP_NO}
        said, _ = self._door.call("isyeriBilgisi", isyeriDVO=asked, **self.keys)
        if not _is_yes(said):
            return None
        name = getattr(said, "adUnvan", None) or ""  # generation 3 only
        return Isyeri(sgk_tescil_no, said.naceKodu or "", said.tehlikeSinifi or "", said.calisanSayisi or 0, name)

    def look_up_professional(self, asked: Yetki) -> bool:
        """In that role (profYetkilimiSorgula); 213 is "no". Raises Unavailable."""
        question = {
            "isProfesyonel": int(asked.belge_tipi),
            "isgProfTc": int(asked.professional),
            "isyeriSgkNo": asked.sgk_tescil_no,
            "sorguNo": LOOKUP_NO,
        }
        said, _ = self._door.call("profYetkilimiSorgula", ProfesyonelYetkilimiDVO=question, **self.keys)
        return _is_yes(said) and bool(said.yetkilimiBoolean)


LOOKUP_NO = 1
"""sorguNo of a look-up: compulsory in the type, and nothing is followed up by it."""


def _is_yes(said: Any) -> bool:
    """Whether a look-up succeeded; False for "not known" (213). Raises Unavailable for anything else."""
    code = str(getattr(said, "status", None)) if said is not None else ""
    if isinstance(said, Outcome):
        raise Unavailable(f"the ministry was asked and did not answer ({said.code})")
    if code not in (SUCCESS, UNKNOWN_PARTY):
        raise Unavailable(f"the ministry answered the look-up with {code if len(code) <= 8 else 'no code'}")
    return code == SUCCESS


UNKNOWN_PARTY = "213"


def save_request(
    form: SaveForm, namespace: str, sorgu_no: int, dvo: Dvo, *, signed: str, credentials: Credentials
) -> bytes:
    """The envelope of one save: the signed fields as they were cut, and what goes beside them."""
    beside = {
        "firmaKodu": element("firmaKodu", credentials.firma_kodu),
        "imzaliDeger": f"<imzaliDeger>{signed}</imzaliDeger>",
        "sorguNo": f"<sorguNo>{sorgu_no}</sorguNo>",
    }
    body = "".join(beside.get(name) or dvo.elements[name] for name in form.order)
    keys = beside["firmaKodu"] + element("parola", credentials.parola)
    return envelope(namespace, form.operation, f"<egitim>{body}</egitim>{keys}")


def prove_agreement(form: SaveForm, door: ZeepDoor) -> None:
    """Compare our bytes with what zeep writes from the WSDL; raises Misconfigured when they differ in meaning.

    Runs at start-up, so that an edited WSDL stops the gateway and not the first customer's message.
    """
    ours = save_request(form, door.namespace, _SPECIMEN_NO, form.specimen, signed=_SIGNED, credentials=_SPECIMEN_KEYS)
    beside = {"firmaKodu": "F&K", "imzaliDeger": _SIGNED, "sorguNo": _SPECIMEN_NO}
    prove_same(form.folder, door, ours, form.operation, egitim={**form.fields, **beside}, firmaKodu="F&K", parola="P<W")


def prove_same(folder: str, door: ZeepDoor, ours: bytes, operation: str, **arguments: Any) -> None:
    """Raise Misconfigured unless zeep writes `operation` with `arguments` as we did, in canonical XML."""
    named = f"schemas/{folder}/ibys.wsdl"
    try:
        theirs = door.write(operation, **arguments)
    except BAD_WSDL as error:
        raise Misconfigured(f"{named} does not describe the call this program makes: {error}") from error
    if etree.tostring(etree.fromstring(ours, xml_parser()), method="c14n") != etree.tostring(theirs, method="c14n"):
        raise Misconfigured(f"{named} and the envelope this program writes no longer agree")


def read_answer(body: bytes, namespace: str, operation: str) -> tuple[str, str, str]:
    """(sorguNo, status, message) of a plain egitimCevapDVO; raises Unreadable or ValueError for anything else."""
    returns = read_returns(body, namespace, operation)
    if len(returns) != 1:
        raise Unreadable(f"{len(returns)} return elements")
    return answer_of(returns[0])


def answer_of(row: etree._Element) -> tuple[str, str, str]:
    """(sorguNo, status, message) of one `return`; raises Unreadable when a name stands twice."""
    found = children(row)
    message = found["message"].text or "" if "message" in found else ""  # not stripped: a 214 is compared by bytes
    return text_in(found, "sorguNo"), text_in(found, "status"), message


def number_in(text: str) -> SorguNo | None:
    """The number in an answer; raises Unreadable for anything but one to eleven ASCII digits."""
    if not text:
        return None
    if not _SORGU_NO.fullmatch(text):
        raise Unreadable("sorguNo is no number of ours")
    return SorguNo(int(text))


def _read_rows(rows: list[Any] | None, sorgu_no: SorguNo) -> Sequence[Sonuc] | Outcome:
    """A row without a worker speaks about the call itself (a 401, say); its pair is empty."""
    listed = rows or []
    if any(row.sorguNo != sorgu_no for row in listed if row.calisanTcNo is not None):
        return Outcome(Kind.UNCERTAIN, "foreign_number")
    return [Sonuc(_pair_of(row), str(row.status), row.message or "") for row in listed]


def _pair_of(row: Any) -> tuple[str, str]:
    return ("", "") if row.calisanTcNo is None else (str(row.calisanTcNo), str(row.egitimKoduId))


_PERSON, _SGK = "81234567804", "29999010100001230069994000"
_SAME = {
    "belgeTipi": 2,
    "egiticiTckNo": int(_PERSON),
    "egitimTarihi": "23-10-2025",
    "egitimTur": 1,
    "egitimYer": 1,
    "isgProfTckNo": int(_PERSON),
    "sgkTescilNo": _SGK,
}


def single_specimen() -> tuple[Dvo, Mapping[str, Any]]:
    """A message of one worker and one training, as we cut it and as zeep takes it."""
    lone = {"calisanTckNo": "80000000132", "egitimKoduId": "240", "egitimSuresi": "40.0"}
    elements = {name: element(name, value) for name, value in lone.items()} | _same_elements()
    fields = {**_SAME, "calisanTckNo": 80000000132, "egitimKoduId": 240, "egitimSuresi": 40.0}
    return Dvo(elements, (lone["calisanTckNo"],), (lone["egitimKoduId"],), _PERSON), fields


def list_specimen() -> tuple[Dvo, Mapping[str, Any]]:
    """A message of two workers and two trainings, as we cut it and as zeep takes it."""
    workers, codes = ("80000000132", _PERSON), ("24", "240")
    lists = {
        "calisan": "".join(f"<calisan><calisanTckNo>{worker}</calisanTckNo></calisan>" for worker in workers),
        "egitim": "".join(
            f"<egitim><egitimKoduId>{code}</egitimKoduId><egitimSuresi>40.0</egitimSuresi></egitim>" for code in codes
        ),
    }
    fields = {
        **_SAME,
        "calisan": [{"calisanTckNo": int(worker)} for worker in workers],
        "egitim": [{"egitimKoduId": int(code), "egitimSuresi": 40.0} for code in codes],
    }
    return Dvo(lists | _same_elements(), workers, codes, _PERSON), fields


def _same_elements() -> dict[str, str]:
    return {name: element(name, str(value)) for name, value in _SAME.items()}


LIST_ORDER = (
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
"""The schema order of the list form (generations 2 and 3); isyeriId stays unset."""
