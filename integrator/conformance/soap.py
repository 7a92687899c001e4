"""SOAP as the suite speaks and reads it, 1.1 and 1.2; written from the published WSDL, without the gateway's code."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree

from integrator.conformance.canonical import wire_day
from integrator.conformance.published import wsdl_of

_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
ENVELOPES = {
    "1.1": ("http://schemas.xmlsoap.org/soap/envelope/", "text/xml; charset=utf-8"),
    "1.2": ("http://www.w3.org/2003/05/soap-envelope", "application/soap+xml; charset=utf-8"),
}
SAVES = {
    "soap-g1": "egitimBildirimKaydet",
    "soap-g2": "cokluEgitimBildirimKaydet",
    "soap-g3": "egitimBildirimKaydet",
}
_LISTS = ("calisan", "egitim")


class Unreadable(ValueError):
    """What came is no SOAP of the expected form."""


@cache
def namespace_of(generation: str) -> str:
    """The namespace of the operations, as the published WSDL has it."""
    found = re.search(rb'targetNamespace="([^"]+)"', wsdl_of(generation))
    if found is None:
        raise Unreadable(f"{generation}: the WSDL names no namespace")
    return found[1].decode()


@dataclass(frozen=True, slots=True)
class Save:
    """One save as it stood on the wire: the fields, who called, and the signature as text."""

    sorgu_no: str
    fields: Mapping[str, Any]
    imzali_deger: str
    firma_kodu: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One `return` element: its children's texts, and its pairs as (worker, code, status)."""

    fields: Mapping[str, str]
    pairs: tuple[tuple[str, str, int], ...]

    @property
    def status(self) -> int:
        """The result code; 0 when there is none."""
        told = self.fields.get("status", "")
        return int(told) if told.isdecimal() else 0


def envelope(operation: str, version: str = "1.1") -> bytes:
    """`operation` in an envelope."""
    return f'<S:Envelope xmlns:S="{ENVELOPES[version][0]}"><S:Body>{operation}</S:Body></S:Envelope>'.encode()


def save_operation(
    generation: str, fields: Mapping[str, Any], sorgu_no: Any, imzali_deger: str, pair: Credentials
) -> str:
    """The save in schema order (alphabetical); a field set to "-" is left out. `calisan` and `egitim` are lists."""
    single = generation == "soap-g1"
    wire: list[tuple[str, str]] = [(name, _plain(name, value)) for name, value in fields.items() if name not in _LISTS]
    wire += [("sorguNo", _plain("sorguNo", sorgu_no))]
    wire += [("imzaliDeger", _plain("imzaliDeger", imzali_deger))] if imzali_deger else []
    workers = [_plain("calisanTckNo", each) for each in fields.get("calisan", [])]
    trainings = [_plain("egitimKoduId", kod) + _plain("egitimSuresi", sure) for kod, sure in fields.get("egitim", [])]
    if single:
        wire += [("calisanTckNo", "".join(workers)), ("egitimKoduId", "".join(trainings))]
    else:
        wire += [("calisan", "".join(f"<calisan>{each}</calisan>" for each in workers))]
        wire += [("egitim", "".join(f"<egitim>{each}</egitim>" for each in trainings))]
    inside = "".join(text for _, text in sorted(wire))
    return _operation(generation, SAVES[generation], f"<egitim>{inside}</egitim>", pair)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Firma kodu and parola of one call."""

    firma_kodu: str
    parola: str

    @property
    def elements(self) -> str:
        """As they stand after the DVO."""
        return _plain("firmaKodu", self.firma_kodu) + _plain("parola", self.parola)


def query_operation(generation: str, numbers: Sequence[Any], pair: Credentials) -> str:
    """What became of these numbers; generations 1 and 2 take one."""
    if generation == "soap-g3":
        return _operation(
            generation, "egitimBildirimSorgula", "".join(_plain("sorguNo", each) for each in numbers), pair
        )
    asked = _plain("calisanTckNo", 0) + _plain("isgProfTckNo", 0) + _plain("sorguNo", numbers[0])
    return _operation(
        generation, "egitimBildirimSorgula", f"<EgitimBildirimSorguDVO>{asked}</EgitimBildirimSorguDVO>", pair
    )


def lookup_operation(generation: str, name: str, dvo: Mapping[str, Any], pair: Credentials) -> str:
    """A look-up: `dvo` is one element and its children; empty for the code list, which has no credentials."""
    if not dvo:
        return f'<n:{name} xmlns:n="{namespace_of(generation)}"/>'
    ((element, children),) = dvo.items()
    inside = "".join(_plain(key, value) for key, value in children.items())
    return _operation(generation, name, f"<{element}>{inside}</{element}>", pair)


def _operation(generation: str, name: str, inside: str, pair: Credentials) -> str:
    return f'<n:{name} xmlns:n="{namespace_of(generation)}">{inside}{pair.elements}</n:{name}>'


def _plain(name: str, value: Any) -> str:
    if value == "-":
        return ""
    text = wire_day(str(value)) if name == "egitimTarihi" else str(value)
    return f"<{name}>{escape(text)}</{name}>"


def read_body(octets: bytes) -> etree._Element:
    """What stands in the Body; raises Unreadable for what is no envelope with exactly one element."""
    try:
        root = etree.fromstring(octets, _PARSER)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Unreadable(f"no XML: {error}") from error
    body = next((each for each in root if etree.QName(each).localname == "Body"), None)
    if body is None or len(body) != 1:
        raise Unreadable("no Body with one element")
    return body[0]


def read_save(octets: bytes) -> Save:
    """A save that somebody sent; raises Unreadable."""
    operation = read_body(octets)
    dvo = operation.find("egitim")
    if dvo is None:
        raise Unreadable("no element egitim in the save")
    fields: dict[str, Any] = {each.tag: each.text or "" for each in dvo if len(each) == 0}
    workers, trainings = dvo.findall("calisan"), dvo.findall("egitim")
    fields["calisan"] = [_text(each, "calisanTckNo") for each in workers] or [fields.pop("calisanTckNo", "")]
    single = (fields.pop("egitimKoduId", "0"), fields.pop("egitimSuresi", "0"))
    several = [(_text(each, "egitimKoduId"), _text(each, "egitimSuresi")) for each in trainings]
    try:
        fields["egitim"] = [(int(kod), float(sure)) for kod, sure in several or [single]]
    except ValueError as error:
        raise Unreadable(f"a code or a duration is no number: {error}") from error
    return Save(fields.pop("sorguNo", ""), fields, fields.pop("imzaliDeger", ""), _text(operation, "firmaKodu"))


def read_answers(octets: bytes) -> list[Answer]:
    """The `return` elements of a reply; raises Unreadable, also for a fault, whose text it then tells."""
    response = read_body(octets)
    if etree.QName(response).localname == "Fault":
        raise Unreadable("fault: " + " ".join(str(response.xpath("string()")).split()))
    return [_answer(each) for each in response.findall("return")]


def is_fault(octets: bytes) -> bool:
    """Is this an envelope with a Fault?"""
    try:
        return etree.QName(read_body(octets)).localname == "Fault"
    except Unreadable:
        return False


def says(generation: str, request: bytes, code: int, *, message: str, with_pairs: bool) -> bytes:
    """A reply to the save in `request` that tells `code`, in the form of its generation and SOAP version."""
    save = read_save(request)
    version = "1.2" if ENVELOPES["1.2"][0].encode() in request[:400] else "1.1"
    listed = "".join(
        f"<basariliKayitBilgisi><calisan>{_plain('calisanTckNo', worker)}</calisan><egitim>"
        f"{_plain('egitimKoduId', kod)}{_plain('egitimSuresi', sure)}</egitim>{_plain('message', message)}"
        f"{_plain('status', code)}</basariliKayitBilgisi>"
        for worker in save.fields["calisan"]
        for kod, sure in save.fields["egitim"]
    )
    inside = listed if with_pairs and generation == "soap-g2" else ""
    inside += _plain("message", message) + _plain("sorguNo", save.sorgu_no) + _plain("status", code)
    name = f"{SAVES[generation]}Response"
    body = f'<n:{name} xmlns:n="{namespace_of(generation)}"><return>{inside}</return></n:{name}>'
    return envelope(body, version)


def _answer(element: etree._Element) -> Answer:
    pairs = tuple(
        (_text(each, "calisan/calisanTckNo"), _text(each, "egitim/egitimKoduId"), int(_text(each, "status") or 0))
        for each in element.findall("basariliKayitBilgisi")
    )
    return Answer({each.tag: each.text or "" for each in element if len(each) == 0}, pairs)


def _text(element: etree._Element, path: str) -> str:
    return element.findtext(path) or ""
