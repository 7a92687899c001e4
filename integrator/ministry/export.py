"""Everything the stub holds as one JSON, and back again: what is written is read whole or not at all.

Not in it: what is on the wire at this moment, a running 401 spell, and how often each number has arrived (the dice of
the faults begin anew). A clock that was put is written where it stands.
"""

import json
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date, datetime
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from integrator.ministry.acceptances import Acceptance, Acceptances
from integrator.ministry.answers import Answer, Pair
from integrator.ministry.bildirim import Bildirim, Egitim
from integrator.ministry.clock import BadClock
from integrator.ministry.fault_plan import BadPlan, FaultPlan
from integrator.ministry.firm.reading import BadFirm
from integrator.ministry.ledger import Ledger, Notice, Stored
from integrator.ministry.ministry import Ministry
from integrator.ministry.personality import BadPersonality, change_traits, traits_of
from integrator.ministry.register import BadParties
from integrator.ministry.versions import BadAnnouncement

FORM = 1
KEPT = ("plan", "clock")  # changed where they are: others hold them
_COUNTS = ("saves", "queries", "repeated_numbers")
_STORED = {"firma_kodu": str, "isg_prof_tck_no": int, "sgk_tescil_no": str, "gun": str, "at": str, "generation": str}
_ANSWER = {"status": int, "message": str, "sorgu_no": int, "told": str}
_PAIR = (int, int, (int, float), int, str, int, str)
_NOTICE = {"veri_seti": str, "generation": str, "at": str}
_ACCEPTANCE = {"firma_kodu": str, "told": str, "at": (int, float)}
_BILDIRIM = {
    **dict.fromkeys(("belge_tipi", "isg_prof_tck_no", "egitim_yer", "egitim_tur", "egitici_tck_no", "sorgu_no"), int),
    **dict.fromkeys(("egitim_tarihi", "gun", "sgk_tescil_no", "imzali_deger"), str),
    "imzalayan_kimlik_no": int,
}
Json = Any
Shape = Mapping[str, Any]


class BadExport(Exception):
    """This is no export of a stub; the text says where it is wrong."""


class Part(NamedTuple):
    """One part of the whole: how it is written, and how it is read into a ministry that holds nothing yet."""

    write: Callable[[Ministry], Json]
    read: Callable[[Ministry, Json], None]


def write(ministry: Ministry) -> Json:
    """All parts under their names."""
    return {"form": FORM} | {name: part.write(ministry) for name, part in PARTS.items()}


def load(ministry: Ministry, wanted: Json) -> None:
    """Put what `write` gave in the place of what the ministry holds; BadExport leaves everything as it was."""
    if not isinstance(wanted, dict) or set(wanted) != {"form", *PARTS} or wanted["form"] != FORM:
        raise BadExport(f"an object with form {FORM}, {', '.join(PARTS)} is expected")
    fresh = Ministry(FaultPlan(seed=0))
    for name, part in PARTS.items():
        _read_part(fresh, name, part, wanted[name])
    for field in fields(Ministry):
        if field.name not in KEPT:
            setattr(ministry, field.name, getattr(fresh, field.name))
    ministry.clock.change(wanted["clock"])
    ministry.plan.forget()
    _read_faults(ministry, wanted["faults"])


def _read_part(fresh: Ministry, name: str, part: Part, content: Json) -> None:
    try:
        part.read(fresh, content)
    except (BadExport, BadParties, BadFirm, BadAnnouncement, BadPersonality, BadPlan, BadClock) as error:
        raise BadExport(f"{name}: {error}") from error


def _write_clock(ministry: Ministry) -> Json:
    told = ministry.clock.as_json()
    return {"real": True} if told["real"] else {"at": ministry.clock.now().isoformat(), "factor": told["factor"]}


def _write_trust(ministry: Ministry) -> Json:
    return "".join(one.public_bytes(Encoding.PEM).decode() for one in ministry.anchors)


def _read_trust(fresh: Ministry, content: Json) -> None:
    try:
        fresh.anchors = x509.load_pem_x509_certificates(content.encode()) if content else []
    except (AttributeError, ValueError) as error:
        raise BadExport("certificates in PEM are expected") from error


def _read_faults(fresh: Ministry, content: Json) -> None:
    fresh.plan.change({"set": "none", **content} if isinstance(content, dict) else content)


def _write_ledger(ministry: Ministry) -> Json:
    ledger = ministry.ledger
    return {
        "messages": [_stored_json(one) for one in ledger.messages()],
        "notices": [_notice_json(key, one) for key, one in ledger.keyed_notices()],
        "codes": {str(code): count for code, count in ledger.codes.items()},
        "faults": dict(ledger.faults),
        **{name: getattr(ledger, name) for name in _COUNTS},
    }


def _read_ledger(fresh: Ministry, content: Json) -> None:
    row = _typed(
        content, {"messages": list, "notices": list, "codes": dict, "faults": dict, **dict.fromkeys(_COUNTS, int)}
    )
    ledger = Ledger()
    for one in row["messages"]:
        ledger.put(_stored(one))
    for one in row["notices"]:
        _put_notice(ledger, one)
    ledger.codes = Counter({_code(code): count for code, count in _counted(row["codes"]).items()})
    ledger.faults = Counter(_counted(row["faults"]))
    for name in _COUNTS:
        setattr(ledger, name, row[name])
    fresh.ledger = ledger


def _stored_json(one: Stored) -> Json:
    return {**_plain(one, _STORED), "answer": _answer_json(one.answer)}


def _stored(content: Json) -> Stored:
    row = _typed(content, {**_STORED, "answer": dict})
    return Stored(**row | {"gun": _day(row["gun"]), "at": _moment(row["at"]), "answer": _answer(row["answer"])})


def _answer_json(one: Answer) -> Json:
    return {**_plain(one, _ANSWER), "pairs": [list(pair) for pair in one.pairs]}


def _answer(content: Json) -> Answer:
    row = _typed(content, {**_ANSWER, "pairs": list})
    return Answer(**row | {"pairs": tuple(_pair(one) for one in row["pairs"])})


def _pair(content: Json) -> Pair:
    if not isinstance(content, list) or len(content) != len(_PAIR) or not all(map(_is_a, content, _PAIR)):
        raise BadExport("a pair is a list of seven values")
    return Pair(*content)


def _notice_json(key: tuple[str, ...], one: Notice) -> Json:
    return {**_plain(one, _NOTICE), "key": list(key), "fields": one.fields}


def _put_notice(ledger: Ledger, content: Json) -> None:
    row = _typed(content, {**_NOTICE, "key": list, "fields": dict})
    key = tuple(row.pop("key"))
    if not key or not all(isinstance(one, str) for one in (*key, *row["fields"], *row["fields"].values())):
        raise BadExport("key and fields of a notice are texts")
    if not ledger.put_notice(key, Notice(**row | {"at": _moment(row["at"])})):
        raise BadExport("a notice stands here twice")


def _write_acceptances(ministry: Ministry) -> Json:
    return [_acceptance_json(one) for one in ministry.acceptances.everything()]


def _acceptance_json(one: Acceptance) -> Json:
    bildirim = _plain(one.bildirim, _BILDIRIM) | {
        "calisan": list(one.bildirim.calisan),
        "egitim": [list(each) for each in one.bildirim.egitim],
    }
    decided = None if one.decided is None else _answer_json(one.decided)
    return {**_plain(one, _ACCEPTANCE), "bildirim": bildirim, "decided": decided}


def _read_acceptances(fresh: Ministry, content: Json) -> None:
    if not isinstance(content, list):
        raise BadExport("a list is expected")
    fresh.acceptances = Acceptances()
    for one in content:
        fresh.acceptances.put(_acceptance(one))
    undecided = (one for one in fresh.acceptances.everything() if one.decided is None)
    fresh.acceptances.waiting = deque(undecided)


def _acceptance(content: Json) -> Acceptance:
    row = _typed(content, {**_ACCEPTANCE, "bildirim": dict, "decided": (dict, type(None))})
    decided = None if row["decided"] is None else _answer(row["decided"])
    return Acceptance(**row | {"bildirim": _bildirim(row["bildirim"]), "decided": decided})


def _bildirim(content: Json) -> Bildirim:
    row = _typed(content, {**_BILDIRIM, "calisan": list, "egitim": list})
    if not all(_is_a(one, int) for one in row["calisan"]) or not all(map(_is_egitim, row["egitim"])):
        raise BadExport("calisan are numbers, egitim pairs of numbers")
    egitim = tuple(Egitim(*one) for one in row["egitim"])
    return Bildirim(**row | {"calisan": tuple(row["calisan"]), "egitim": egitim, "gun": _day(row["gun"])})


def _is_egitim(content: Json) -> bool:
    return isinstance(content, list) and len(content) == 2 and all(map(_is_a, content, (int, (int, float))))


def _plain(one: Any, shape: Shape) -> Json:
    """The attributes that `shape` names; days and moments as text."""
    values = {name: getattr(one, name) for name in shape}
    return {name: one.isoformat() if isinstance(one, date) else one for name, one in values.items()}


def _typed(content: Json, shape: Shape) -> dict[str, Any]:
    """An object with exactly these keys, each of its kind."""
    if not isinstance(content, dict) or set(content) != set(shape):
        raise BadExport(f"an object with {', '.join(shape)} is expected")
    for name, kind in shape.items():
        if not _is_a(content[name], kind):
            raise BadExport(f"{name} is of another kind")
    return dict(content)


def _is_a(value: Any, kind: Any) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


def _counted(content: dict[str, Any]) -> dict[str, int]:
    if not all(_is_a(count, int) for count in content.values()):
        raise BadExport("counts are whole numbers")
    return content


def _code(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise BadExport("a result code is a number")
    return int(text)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadExport("a date like 2026-12-01 is expected") from error


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadExport("a moment like 2026-12-01T00:00:00+00:00 is expected") from error
    if moment.tzinfo is None:
        raise BadExport("a moment needs its offset from UTC")
    return moment


PARTS: dict[str, Part] = {
    "clock": Part(_write_clock, lambda fresh, content: fresh.clock.change(content)),
    "parties": Part(lambda ministry: ministry.register.as_json(), lambda fresh, content: fresh.register.merge(content)),
    "trust": Part(_write_trust, _read_trust),
    "versions": Part(
        lambda ministry: ministry.versions.as_json(), lambda fresh, content: fresh.versions.change(content)
    ),
    "firms": Part(
        lambda ministry: ministry.firms.as_json(), lambda fresh, content: fresh.firms.load(content, fresh.today())
    ),
    "personality": Part(traits_of, change_traits),
    "faults": Part(lambda ministry: ministry.plan.settings(), _read_faults),
    "ledger": Part(_write_ledger, _read_ledger),
    "acceptances": Part(_write_acceptances, _read_acceptances),
}


def encode(ministry: Ministry) -> bytes:
    """`write` as bytes, the same whenever the same is held."""
    return json.dumps(write(ministry), ensure_ascii=False, sort_keys=True).encode()
