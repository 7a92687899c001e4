"""Hooks for the fuzzers of the API: who calls, and half of the calls are good ones about something that is there.

What is there comes from `tests.planting`: by `use` in this process, from the folder that FOLDER names in another, where
it also leaves what each operation answered.
"""

from __future__ import annotations

import atexit
import json
import os
import random
import re
from base64 import b64decode
from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import schemathesis
from schemathesis.core.parameters import ParameterLocation
from schemathesis.transport.serialization import Binary

from integrator.domain.clock import Clock, SystemClock
from integrator.parties.sessions import Level, Session, begin_session, csrf_of
from integrator.protect import totp
from integrator.store.engine import open_engine, writing
from integrator.web.api.changes import LONGEST_WAIT
from integrator.web.api.parties import XLSX
from tests.factories import PROFESSIONAL, SGK, WORKER, record
from tests.integration.pipeline.exports import NEW, contract
from tests.planting import DAYS, GOOD_PASSWORD, RULES, Own, Planted

HOOKS, FOLDER, PLANTED, ANSWERS = "tests.fuzzing", "IBYS_FUZZ_FOLDER", "planted.json", "answers.json"
COOKIE = "__Host-ibys"
_NUMBERS = count(1)
_JSON, _ONCE = "application/json", "Idempotency-Key"


@dataclass
class _Standing:
    """What is there, and the way to a session of somebody who is."""

    planted: Planted
    clock: Clock

    def __post_init__(self) -> None:
        self.database = open_engine(self.planted.database)

    def session(self, kullanici_no: str, level: Level) -> tuple[Session, str]:
        """A fresh one: that a call ends it harms no other call."""
        now = self.clock.now()
        with writing(self.database) as tx:
            return begin_session(tx, kullanici_no, level, now=now, ends_at=now + RULES.lives)

    def code(self, own: Own) -> str:
        """Six digits that are good now; each is once, so any of the three is taken."""
        step = int(self.clock.now().timestamp()) // totp.STEP_SECONDS + random.randint(-totp.WINDOW, totp.WINDOW)
        return totp.code_at(bytes.fromhex(own.secret), step)


_here: list[_Standing] = []


def use(planted: Planted, clock: Clock) -> None:
    """From now on calls are about these."""
    leave()
    _here.append(_Standing(planted, clock))


def leave() -> None:
    """Nothing is there any more."""
    while _here:
        _here.pop().database.dispose()


answers: defaultdict[str, Counter[int]] = defaultdict(Counter)
"""What each operation answered, by status, to calls of its own address."""


def _in_folder(folder: Path) -> None:
    use(Planted.read((folder / PLANTED).read_text()), SystemClock())
    atexit.register(lambda: (folder / ANSWERS).write_text(json.dumps(answers)))


if FOLDER in os.environ:
    _in_folder(Path(os.environ[FOLDER]))


_PACKED = "in base64: "
"""Before good bytes: schemathesis judges what a hook gives by the schema, which calls bytes a string."""


@schemathesis.serializer("application/zip", "application/x-ndjson", "application/pkcs7-signature", "text/csv", XLSX)
def as_bytes(_context, value):
    if isinstance(value, Binary):
        return value.data
    told = str(value)
    return b64decode(told[len(_PACKED) :]) if told.startswith(_PACKED) else told.encode("utf-8", "replace")


@schemathesis.auth(refresh_interval=None)
class Calling:
    """A program by its key; a person by a session of their own where no key opens; nobody where anybody may."""

    def get(self, case, _context):
        told = case.operation.definition.raw
        if not told.get("security"):
            return None
        if {"key": []} in told["security"]:
            return {"Authorization": f"Bearer {_here[-1].planted.token}"}, {}
        people = _here[-1].planted.people
        several = next(people[role] for role in told["x-roles"] if role in people)
        return _as_person(several[next(_NUMBERS) % len(several)])  # chance is hypothesis's own here

    def set(self, case, given, _context):
        headers, cookies = given
        case.headers = {**(case.headers or {}), **headers}
        if cookies:
            case.cookies = {**(case.cookies or {}), **cookies}


def _as_person(own: Own, level: Level = Level.OPEN) -> tuple[dict[str, str], dict[str, str]]:
    _, token = _here[-1].session(own.kullanici_no, level)
    return {"X-CSRF-Token": csrf_of(token)}, {COOKIE: token}


KNOWN = {"veri_seti": "egitim", "version": "2018-10", "list_name": "egitim_kodu", "duyuru_no": "D-1",
         "month": "2025-10"}  # fmt: skip
"""What is public: half of the addresses name it, or what was planted, or everything would end at 404."""

FIELDS = {
    "reason": "fuzz", "name": "fuzz", "role": "secretary", "rights": [], "addresses": [], "events": [], "physician": "",
    "sgk_tescil_no": SGK, "professional": PROFESSIONAL, "worker": WORKER, "kurum": "osgb-1",
    "since": DAYS[0].isoformat(), "until": DAYS[1].isoformat(),
}  # fmt: skip
"""What a form may say and its schema does not tell: a half of the forms that have such a field say this."""


ENDING = {
    "DELETE /v1/pack/{pack_no}", "DELETE /v1/webhook/{webhook_no}", "POST /v1/api-key/{key_no}/revoke",
    "POST /v1/cause/{cause_id}/release", "POST /v1/kullanici/{kullanici_no}/lock",
}  # fmt: skip
"""After these nothing else can be done with a thing: they have every second of its kind, the others the rest."""
_SHARED = {name for label in ENDING for name in re.findall(r"{(\w+)}", label)}


def _pick(several):
    return random.choice(list(several))


def _people(name):
    return _pick(_here[-1].planted.people[name])


def _of_own(name, level, facts):
    """A call of somebody about their own account: with a session of theirs, and what `facts` makes of them."""
    own = _people(name)
    return {"body": facts(own), "by": _as_person(own, level)}


def _one_session():
    own = _people("manager")
    session, _ = _here[-1].session(own.kullanici_no, Level.OPEN)
    return {"path": {"oturum_no": session.oturum_no}, "by": _as_person(own)}


def _signature():
    number = _pick(_here[-1].planted.signatures)
    body = _PACKED + _here[-1].planted.signatures[number]
    return {"path": {"sorgu_no": int(number)}, "body": body, "kind": "application/pkcs7-signature"}


def _signatures():
    number = _pick(_here[-1].planted.signatures)
    line = {"sorgu_no": int(number), "cms": _here[-1].planted.signatures[number]}
    return {"body": json.dumps(line), "kind": "application/x-ndjson"}


def _mended():
    """A correction of a record that was refused."""
    body = record(f"M-{next(_NUMBERS)}", egitimTarihi="2025-10-22")
    return {
        "path": {"kayit_no": _pick(_here[-1].planted.messages["refused"])},
        "query": {"reason": "fuzz"},
        "body": body,
    }


def _export():
    rows = [NEW, contract(f"{next(_NUMBERS)}")]
    return {"query": {"kind": "contracts"}, "body": "\n".join(map(";".join, rows)), "kind": "text/csv"}


def _message(what):
    return lambda: {"path": {"sorgu_no": int(_pick(_here[-1].planted.messages[what]))}, "body": {"reason": "fuzz"}}


def _code(own):
    return {"code": _here[-1].code(own)}


def _records(count):
    return [record(f"F-{next(_NUMBERS)}") for _ in range(count)]


GOOD: dict[str, Any] = {
    "POST /v1/kayit": lambda: {"body": _records(1)[0]},
    "POST /v1/kayit/check": lambda: {"body": record()},
    "POST /v1/kayit/batch": lambda: {"body": _records(2)},
    "POST /v1/kayit/upload": lambda: {
        "body": "\n".join(map(json.dumps, _records(2))), "kind": "application/x-ndjson",
    },
    "PUT /v1/kayit/{kayit_no}": _mended,
    "PUT /v1/bildirim/{sorgu_no}/signature": _signature,
    "POST /v1/imza": _signatures,
    "POST /v1/bildirim/{sorgu_no}/release": _message("held"),
    "POST /v1/bildirim/{sorgu_no}/cancel": _message("queued"),
    "POST /v1/bildirim/{sorgu_no}/retry": _message("late"),
    "POST /v1/belge/verify": lambda: {"body": {"code": _pick(_here[-1].planted.usage_codes)}},
    "POST /v1/parties/import": _export,
    "POST /v1/webhook": lambda: {"body": {"name": "fuzz", "address": _here[-1].planted.hook}},
    "PATCH /v1/webhook/{webhook_no}": lambda: {"body": {"name": "other", "address": _here[-1].planted.hook}},
    "POST /v1/webhook/{webhook_no}/replay": lambda: {"body": {"after": "0", "reason": "fuzz"}},
    "POST /v1/kullanici": lambda: {"body": {"login": f"f{next(_NUMBERS)}@b.test", "role": "secretary"}},
    "POST /v1/oturum": lambda: {"body": {"login": _people("manager").login, "password": GOOD_PASSWORD}},
    "POST /v1/oturum/set-up": lambda: {
        "body": {"login": (own := _people("invited")).login, "code": own.code, "password": GOOD_PASSWORD},
    },
    "POST /v1/oturum/second-step": lambda: _of_own("manager", Level.PASSWORD, _code),
    "PUT /v1/oturum/password": lambda: _of_own(
        "manager", Level.OPEN, lambda _: {"old": GOOD_PASSWORD, "new": GOOD_PASSWORD}
    ),
    "POST /v1/oturum/totp": lambda: _of_own("new", Level.ENROL, lambda _: {}),
    "PUT /v1/oturum/totp": lambda: _of_own("enrolling", Level.ENROL, _code),
    "POST /v1/oturum/recovery-codes": lambda: _of_own("manager", Level.OPEN, _code),
    "DELETE /v1/oturum/list/{oturum_no}": _one_session,
}  # fmt: skip
"""Operation -> a good call, where a schema and the tables above hardly ever give one."""


@schemathesis.hook
def before_call(context, case, kwargs):
    """Half of what is sent is about something that is there, and half of the forms are good ones."""
    path = case.path_parameters or {}
    if path.get("key_no") and path["key_no"] in _here[-1].planted.token:
        path["key_no"] = "0" * 8  # the fuzzer's own: without it nothing more would be tried
    if case.path == "/v1/change" and _is_patience((case.query or {}).get("wait")):
        case.query["wait"] = 0  # for a change that nobody makes meanwhile
    if not case.meta or random.random() < 0.5:
        return
    is_led = case.meta.phase.name.value == "stateful"  # by a link to what another call made
    if not is_led and not case.meta.is_negative_at(ParameterLocation.PATH):
        _lead(case)  # what is wrong elsewhere is told to what is there, too
    if case.meta.generation.mode.is_positive:
        _fill(case)
        if case.operation.label in GOOD and not (is_led and case.path_parameters):
            _make_good(case, **GOOD[case.operation.label]())


@schemathesis.hook
def after_call(context, case, response):
    """Count it; an address that was spoiled may be another operation's."""
    if not (case.meta and case.meta.is_negative_at(ParameterLocation.PATH)):
        answers[f"{case.method.upper()} {case.path}"][response.status_code] += 1


def _lead(case):
    for name in case.path_parameters or {}:
        if name in _here[-1].planted.ids:
            several = _here[-1].planted.ids[name]
            if name in _SHARED:
                several = several[case.operation.label in ENDING :: 2]
            told = _pick(several)
            case.path_parameters[name] = int(told) if name == "sorgu_no" else told
        elif name in KNOWN:
            case.path_parameters[name] = KNOWN[name]


def _fill(case):
    if case.path.endswith("/differences"):
        case.query["since"] = "2018-07"
    if isinstance(case.body, dict):
        case.body |= {name: value for name, value in FIELDS.items() if name in case.body}


def _make_good(case, *, path=(), query=(), body=None, kind=_JSON, by=None):
    for name, value in dict(path).items():
        case.path_parameters[name] = value
    for name, value in dict(query).items():
        case.query[name] = value
    if body is not None:
        case.body, case.media_type = body, kind
    if by:
        Calling().set(case, by, None)
    if _ONCE in (case.headers or {}):
        case.headers[_ONCE] = f"fuzz-{next(_NUMBERS)}"  # no two good calls are the same


def _is_patience(told):
    """Whether these are seconds that the API would wait; what breaks the schema is left as it is."""
    try:
        return 0 <= float(told) <= LONGEST_WAIT
    except (TypeError, ValueError):
        return False
