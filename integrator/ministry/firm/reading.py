"""Dossiers, announcements and receipts out of JSON, each checked whole before anything of it is taken.

Complaints are BadFirm with a text for whoever wrote the JSON.
"""

import ipaddress
import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, TypeVar

from integrator.ministry.firm.announcements import Alindi, Duyuru, Target
from integrator.ministry.firm.dossier import (
    DUE,
    Application,
    AuditRequest,
    Certificate,
    Document,
    Dossier,
    Duty,
)

ROW_LIMIT, TEXT_LIMIT = 1000, 4000
ROLES = ("IH", "IGU", "DSP", "ISV")  # physician, specialist, other health staff, employer
_NO = re.compile(r"[0-9A-Za-z_.-]{1,40}\Z")
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")
T = TypeVar("T")
Row = dict[str, Any]


class BadFirm(Exception):
    """What was told of a firm cannot be taken; the text says why."""


def rows(value: Any, name: str, read: Callable[[Row], T], limit: int = ROW_LIMIT) -> tuple[T, ...]:
    """A list of objects, each read by `read`."""
    if not isinstance(value, list) or len(value) > limit or not all(isinstance(row, dict) for row in value):
        raise BadFirm(f"{name}: a list of at most {limit} objects is expected")
    return tuple(read(row) for row in value)


def only_list(wanted: Any, name: str) -> Any:
    """What stands under `name`, the only key."""
    if not isinstance(wanted, dict) or set(wanted) != {name}:
        raise BadFirm(f'{{"{name}": [...]}} is expected')
    return wanted[name]


def firma_kodu_of(row: Row) -> str:
    """Whose dossier it is."""
    return _text(row, "firma_kodu", limit=64, required=True)


def changes_of(row: Row, today: date) -> dict[str, Any]:
    """The parts of a dossier that `row` tells; days that it leaves out are today."""
    readers: dict[str, Callable[[Any], Any]] = {
        "firma_kodu": lambda value: firma_kodu_of(row),
        "unvan": lambda value: _text(row, "unvan", limit=200),
        "kayitli_adres": _address,
        "basvuru": lambda value: None if value is None else _application(value, today),
        "iso27001": lambda value: rows(value, "iso27001", _certificate),
        "yukumlulukler": lambda value: rows(value, "yukumlulukler", lambda one: _duty(one, today)),
        "denetim_talepleri": lambda value: rows(value, "denetim_talepleri", lambda one: _audit_request(one, today)),
        "musteriler": _customers,
    }
    _only(row, tuple(readers))
    return {name: readers[name](value) for name, value in row.items()}


def duyuru(row: Row, today: date) -> Duyuru:
    """One announcement to persons."""
    _only(row, Duyuru._fields)
    target = row.get("hedef", {})
    if not isinstance(target, dict) or not isinstance(row.get("onay_gerekir", False), bool):
        raise BadFirm("hedef: an object, and onay_gerekir true or false are expected")
    return Duyuru(
        _no(row),
        _text(row, "baslik", limit=200, required=True),
        _text(row, "metin"),
        _day(row, "yayimlandi", today),
        _target(target),
        row.get("onay_gerekir", False),
    )


def alindi(row: Row) -> Alindi:
    """One person's receipt."""
    _only(row, Alindi._fields)
    kisi = row.get("kisi")
    if not isinstance(kisi, str) or not _NO.match(kisi) or (kisi.isdecimal() and len(kisi) == 11):
        raise BadFirm("kisi: a name of your own of at most 40 letters and digits is expected, no identity number")
    rol, il = row.get("rol", ""), row.get("il", 0)
    if rol not in ("", *ROLES) or not _is_number(il, 0, 81):
        raise BadFirm(f"rol: one of {', '.join(ROLES)}, and il: 1 to 81 are expected")
    return Alindi(kisi, rol, il, _moment(row, "goruldu"), _moment(row, "onaylandi"))


def audit_answer(row: Any) -> tuple[str, str]:
    """Digest and text of an answer to an audit request."""
    if not isinstance(row, dict) or not set(row) <= {"ozet", "aciklama"}:
        raise BadFirm("an object with ozet and aciklama is expected")
    ozet = row.get("ozet")
    if not isinstance(ozet, str) or not _DIGEST.match(ozet):
        raise BadFirm("ozet: the SHA-256 of what is handed over, 64 hexadecimal digits, is expected")
    return ozet, _text(row, "aciklama")


def _application(value: Any, today: date) -> Application:
    row = value if isinstance(value, dict) else {"": value}
    _only(row, Application._fields)
    return Application(
        _day(row, "acildi", today), _day_or_none(row, "kabul"), rows(row.get("evrak", []), "evrak", _document)
    )


def _document(row: Row) -> Document:
    _only(row, Document._fields)
    return Document(_text(row, "ad", limit=200, required=True), _day_or_none(row, "geldi"))


def _certificate(row: Row) -> Certificate:
    _only(row, Certificate._fields)
    return Certificate(_day(row, "baslangic"), _day(row, "bitis"))


def _duty(row: Row, today: date) -> Duty:
    _only(row, Duty._fields)
    tur = row.get("tur")
    if not isinstance(tur, str) or tur not in DUE:
        raise BadFirm(f"tur: one of {', '.join(DUE)} is expected")
    bildirildi = _day(row, "bildirildi", today)
    latest = DUE[tur](bildirildi)
    son_gun = _day(row, "son_gun", latest)
    if not bildirildi <= son_gun <= latest:
        raise BadFirm(f"son_gun: a day from {bildirildi} to {latest} is expected")
    return Duty(tur, _no(row), bildirildi, son_gun, _day_or_none(row, "giderildi"), _text(row, "aciklama"))


def _audit_request(row: Row, today: date) -> AuditRequest:
    _only(row, AuditRequest._fields)
    answer = [_text(row, name) for name in ("ozet", "aciklama", "yanitlandi")]
    konu = _text(row, "konu", required=True)
    return AuditRequest(_no(row), _day(row, "istendi", today), konu, _day_or_none(row, "son_gun"), *answer)


def _customers(value: Any) -> frozenset[str] | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) > 100_000 or not all(map(_is_customer, value)):
        raise BadFirm("musteriler: null, or a list of SGK numbers (26 digits) and identity numbers (11 digits)")
    return frozenset(value)


def _is_customer(value: Any) -> bool:
    return isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) in (11, 26)


def _target(row: Row) -> Target:
    _only(row, Target._fields)
    rol, kurum, il = (row.get(name, []) for name in Target._fields)
    if not all(isinstance(one, list) and len(one) <= ROW_LIMIT for one in (rol, kurum, il)):
        raise BadFirm(f"hedef: rol, kurum and il are lists of at most {ROW_LIMIT}")
    if not all(one in ROLES for one in rol) or not all(_is_number(one, 1, 81) for one in il):
        raise BadFirm(f"hedef: rol out of {', '.join(ROLES)} and il from 1 to 81 are expected")
    if not all(isinstance(one, str) and _NO.match(one) for one in kurum):
        raise BadFirm("hedef: kurum, names of at most 40 letters and digits, is expected")
    return Target(tuple(rol), tuple(kurum), tuple(il))


def _only(row: Row, known: tuple[str, ...]) -> None:
    if not set(row) <= set(known):
        raise BadFirm(f"an object with no other keys than {', '.join(known)} is expected")


def _is_number(value: Any, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _no(row: Row) -> str:
    value = row.get("no")
    if not isinstance(value, str) or not _NO.match(value):
        raise BadFirm("no: at most 40 letters, digits, dots and hyphens are expected")
    return value


def _text(row: Row, name: str, *, limit: int = TEXT_LIMIT, required: bool = False) -> str:
    value = row.get(name, "")
    if not isinstance(value, str) or len(value) > limit or (required and not value) or not _is_utf8(value):
        raise BadFirm(f"{name}: a text of at most {limit} letters is expected")
    return value


def _is_utf8(value: str) -> bool:
    """Half a surrogate could be read out of JSON and never be written again."""
    return not any("\ud800" <= letter <= "\udfff" for letter in value)


def _day_or_none(row: Row, name: str) -> date | None:
    return None if row.get(name) is None else _day(row, name)


def _day(row: Row, name: str, default: date | None = None) -> date:
    value = row.get(name)
    if value is None and default is not None:
        return default
    try:
        day = date.fromisoformat(value)  # type: ignore[arg-type]  # whatever it is, a TypeError says so
    except (TypeError, ValueError) as error:
        raise BadFirm(f"{name}: a date like 2026-12-01 is expected") from error
    if not 2000 <= day.year <= 2200:
        raise BadFirm(f"{name}: a year from 2000 to 2200 is expected")
    return day


def _moment(row: Row, name: str) -> str:
    value = row.get(name) or ""
    try:
        return datetime.fromisoformat(value).isoformat() if value else ""
    except (TypeError, ValueError) as error:
        raise BadFirm(f"{name}: a moment like 2026-12-01T09:00:00+03:00 is expected") from error


def _address(value: Any) -> str:
    try:
        return str(ipaddress.ip_address(value)) if isinstance(value, str) and value else ""
    except ValueError as error:
        raise BadFirm("kayitli_adres: one IP address, or an empty text, is expected") from error


def dossier_of(old: Dossier, changes: dict[str, Any]) -> Dossier:
    """The dossier with these parts replaced."""
    return Dossier(**{name: changes.get(name, getattr(old, name)) for name in Dossier.__slots__})
