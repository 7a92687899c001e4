"""The control port: JSON to fill the register, read the ledger, set faults. No part of the ministry.

Bad JSON is answered 400 with a text. Routes and shapes: README.
"""

import json
from collections.abc import Callable
from typing import Any

from cryptography import x509

from integrator.ministry.fault_plan import BadPlan
from integrator.ministry.ministry import Ministry
from integrator.ministry.personalities import PERSONALITIES, TRAITS, put_on
from integrator.ministry.processing import settle
from integrator.ministry.register import BadParties, Register
from integrator.ministry.wire import BANNER, Reply, Request, plain

Json = Any
NEVER = "never"


class BadControl(Exception):
    """What was asked of the control port cannot be done; the text says why."""


class Control:
    """Answers the control port of one ministry."""

    def __init__(self, ministry: Ministry) -> None:
        self._ministry = ministry
        self._routes: dict[tuple[str, str], Callable[[Request], Json]] = {
            ("GET", "/health"): self._health,
            ("GET", "/parties"): lambda request: ministry.register.as_json(),
            ("PUT", "/parties"): self._merge_parties,
            ("POST", "/parties"): self._merge_parties,
            ("PUT", "/firma"): self._change_firma,
            ("GET", "/ledger"): self._effects,
            ("GET", "/ledger/summary"): self._summary,
            ("GET", "/faults"): lambda request: ministry.plan.as_json(),
            ("PUT", "/faults"): self._change_faults,
            ("PUT", "/trust"): self._change_trust,
            ("GET", "/personality"): self._personality,
            ("PUT", "/personality"): self._change_personality,
            ("POST", "/reset"): self._reset,
            ("GET", "/tls"): lambda request: self._tls,
        }
        self._tls: Json = {}

    def tells_tls(self, told: Json) -> None:
        """What `GET /tls` answers: the authority's certificate and the addresses that begin with https."""
        self._tls = told

    def respond(self, request: Request) -> Reply:
        """Route one request; every answer but a refusal is JSON."""
        route = self._routes.get((request.method, request.path))
        if route is None:
            return plain(404, "there are: " + ", ".join(f"{method} {path}" for method, path in self._routes))
        try:
            content = route(request)
        except (BadControl, BadParties, BadPlan) as error:
            return plain(400, str(error))
        return Reply(200, "application/json", json.dumps(content, ensure_ascii=False).encode())

    def _health(self, request: Request) -> Json:
        return {"ok": True, "banner": BANNER, "seed": self._ministry.plan.seed}

    def _merge_parties(self, request: Request) -> Json:
        self._ministry.register.merge(_json(request))
        register = self._ministry.register
        return {
            "firmalar": len(register.firmalar),
            "isyerleri": len(register.isyerleri),
            "profesyoneller": len(register.profesyoneller),
            "sozlesmeler": sum(map(len, register.sozlesmeler.values())),
            "egitim_kodlari": len(register.egitim_kodlari),
        }

    def _change_firma(self, request: Request) -> Json:
        wanted = _object(request)
        firma = self._ministry.register.firmalar.get(str(wanted.get("firma_kodu")))
        if firma is None or not isinstance(wanted.get("aktif"), bool):
            raise BadControl("firma_kodu of a known firm and aktif true or false are expected")
        firma.aktif = wanted["aktif"]
        return {"firma_kodu": firma.firma_kodu, "aktif": firma.aktif}

    def _effects(self, request: Request) -> Json:
        wanted = request.query.get("sorgu_no", [""])[0]
        if wanted and not (wanted.isascii() and wanted.isdecimal() and len(wanted) <= 11):
            raise BadControl("sorgu_no: up to eleven digits are expected")
        settle(self._ministry)
        return {"effects": self._ministry.ledger.effects(int(wanted) if wanted else None)}

    def _summary(self, request: Request) -> Json:
        settle(self._ministry)
        return self._ministry.ledger.summary()

    def _change_faults(self, request: Request) -> Json:
        self._ministry.plan.change(_json(request))
        return self._ministry.plan.as_json()

    def _change_trust(self, request: Request) -> Json:
        """PEM certificates replace the anchors; an empty body takes them all away."""
        try:
            anchors = x509.load_pem_x509_certificates(request.body) if request.body.strip() else []
        except ValueError as error:
            raise BadControl("certificates in PEM are expected") from error
        self._ministry.anchors = anchors
        return {"anchors": [anchor.subject.rfc4514_string() for anchor in anchors]}

    def _personality(self, request: Request) -> Json:
        traits = {name: getattr(self._ministry, name) for name in TRAITS}
        seconds = self._ministry.processing_seconds
        return traits | {"processing_seconds": NEVER if seconds is None else seconds}

    def _change_personality(self, request: Request) -> Json:
        """A personality by its name, or any of the traits; all of them or, with a text, none."""
        wanted = _object(request)
        if wanted.get("personality") in list(PERSONALITIES) and len(wanted) == 1:
            put_on(self._ministry, wanted["personality"])
            return self._personality(request)
        if not wanted or not set(wanted) <= {*TRAITS, "processing_seconds"}:
            told = f"personality ({', '.join(PERSONALITIES)}) alone, or {', '.join(TRAITS)}, processing_seconds"
            raise BadControl(f"an object with {told} is expected")
        for name, allowed in TRAITS.items():
            if wanted.get(name, allowed[0]) not in allowed:
                raise BadControl(f"{name}: {' or '.join(allowed)} is expected")
        if "processing_seconds" in wanted:
            wanted["processing_seconds"] = _processing_seconds(wanted["processing_seconds"])
        for name, value in wanted.items():
            setattr(self._ministry, name, value)
        return self._personality(request)

    def _reset(self, request: Request) -> Json:
        wanted = _object(request) if request.body.strip() else {}
        self._ministry.forget()
        if wanted.get("parties") is True:
            self._ministry.register = Register()
            self._ministry.anchors = []
        return {"reset": True}


def _json(request: Request) -> Json:
    try:
        return json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise BadControl(f"not JSON: {error}") from error


def _processing_seconds(value: Json) -> float | None:
    if value == NEVER:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 3600:
        raise BadControl(f"processing_seconds: a number from 0 to 3600 or {NEVER} is expected")
    return float(value)


def _object(request: Request) -> dict[str, Any]:
    content = _json(request)
    if not isinstance(content, dict):
        raise BadControl("a JSON object is expected")
    return content
