"""The control port: JSON to fill the register, read the ledger, set faults. No part of the ministry.

Bad JSON is answered 400 with a text. Routes and shapes: README.
"""

import json
from collections.abc import Callable
from typing import Any

from cryptography import x509

from integrator.ministry import export, ledger_query, strict_json
from integrator.ministry.clock import BadClock
from integrator.ministry.fault_plan import BadPlan
from integrator.ministry.firm.dossier import plain_of
from integrator.ministry.firm.firms import Firms
from integrator.ministry.firm.reading import BadFirm
from integrator.ministry.isgkatip import control as isgkatip
from integrator.ministry.isgkatip.workplaces import Refused
from integrator.ministry.ministry import Ministry
from integrator.ministry.page import page
from integrator.ministry.personality import BadPersonality, change_traits, traits_of
from integrator.ministry.processing import settle
from integrator.ministry.register import BadParties, Register
from integrator.ministry.versions import BadAnnouncement, Versions
from integrator.ministry.wire import BANNER, Reply, Request, plain

Json = Any


class BadControl(Exception):
    """What was asked of the control port cannot be done; the text says why."""


REFUSALS = (
    BadControl,
    BadParties,
    BadPlan,
    BadClock,
    BadAnnouncement,
    BadFirm,
    BadPersonality,
    ledger_query.BadQuery,
    export.BadExport,
    strict_json.NotStrictJson,
)


class Control:
    """Answers the control port of one ministry. A page of somebody else's may not change it through a browser."""

    def __init__(self, ministry: Ministry) -> None:
        self._ministry = ministry
        self._routes: dict[tuple[str, str], Callable[[Request], Json]] = {
            ("GET", "/"): self._page,
            ("GET", "/health"): self._health,
            ("GET", "/parties"): lambda request: ministry.register.as_json(),
            ("PUT", "/parties"): self._merge_parties,
            ("POST", "/parties"): self._merge_parties,
            ("PUT", "/firma"): self._change_firma,
            ("GET", "/clock"): lambda request: ministry.clock.as_json(),
            ("PUT", "/clock"): self._change_clock,
            ("GET", "/firma"): self._firms,
            ("PUT", "/firma/dosyalar"): self._change_dossiers,
            ("PUT", "/firma/duyurular"): self._announce,
            ("GET", "/versions"): self._versions,
            ("PUT", "/versions"): self._change_versions,
            ("GET", "/ledger"): self._effects,
            ("GET", "/ledger/summary"): self._summary,
            ("POST", "/ledger/query"): self._query,
            ("GET", "/ledger/counts"): self._counts,
            ("GET", "/faults"): lambda request: ministry.plan.as_json(),
            ("PUT", "/faults"): self._change_faults,
            ("PUT", "/trust"): self._change_trust,
            ("GET", "/personality"): lambda request: traits_of(ministry),
            ("PUT", "/personality"): self._change_personality,
            ("POST", "/reset"): self._reset,
            ("GET", "/export"): self._export,
            ("PUT", "/export"): self._import,
            ("GET", "/tls"): lambda request: self._tls,
        }
        self._routes |= {route: _of_fields(act) for route, act in isgkatip.routes(ministry).items()}
        self._tls: Json = {}

    def tells_tls(self, told: Json) -> None:
        """What `GET /tls` answers: the authority's certificate and the addresses that begin with https."""
        self._tls = told

    def respond(self, request: Request) -> Reply:
        """Route one request; every answer but a refusal and the page is JSON."""
        route = self._routes.get((request.method, request.path))
        if route is None:
            return plain(404, "there are: " + ", ".join(f"{method} {path}" for method, path in self._routes))
        if _is_foreign(request):
            return plain(403, "başka bir sayfadan gelen istek; a request that another site's page made")
        try:
            content = route(request)
        except REFUSALS as error:
            return plain(400, str(error))
        except Refused as error:
            return plain(error.status, str(error))
        if isinstance(content, Reply):
            return content
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
            "sozlesmeler": len(register.sozlesmeler),
            "egitim_kodlari": len(register.egitim_kodlari),
        }

    def _change_firma(self, request: Request) -> Json:
        wanted = _object(request)
        firma = self._ministry.register.firmalar.get(str(wanted.get("firma_kodu")))
        if firma is None or not isinstance(wanted.get("aktif"), bool):
            raise BadControl("firma_kodu of a known firm and aktif true or false are expected")
        firma.aktif = wanted["aktif"]
        return {"firma_kodu": firma.firma_kodu, "aktif": firma.aktif}

    def _change_clock(self, request: Request) -> Json:
        self._ministry.clock.change(_json(request))
        return self._ministry.clock.as_json()

    def _firms(self, request: Request) -> Json:
        """Dossiers, announcements and receipts; of each dossier why the firm may not act today."""
        firms, today = self._ministry.firms, self._ministry.today()
        nedenler = {one: plain_of(tuple(firms.reasons(one, today))) for one in firms.dossiers}
        return {**firms.as_json(), "nedenler": nedenler}

    def _change_dossiers(self, request: Request) -> Json:
        self._ministry.firms.change_dossiers(_json(request), self._ministry.today())
        return self._firms(request)

    def _announce(self, request: Request) -> Json:
        self._ministry.firms.announce(_json(request), self._ministry.today())
        return self._firms(request)

    def _versions(self, request: Request) -> Json:
        versions = self._ministry.versions
        return {"in_force": [one.as_json() for one in versions.known_on(self._ministry.today())], **versions.as_json()}

    def _change_versions(self, request: Request) -> Json:
        self._ministry.versions.change(_json(request))
        return self._versions(request)

    def _effects(self, request: Request) -> Json:
        wanted = request.query.get("sorgu_no", [""])[0]
        if wanted and not (wanted.isascii() and wanted.isdecimal() and len(wanted) <= 11):
            raise BadControl("sorgu_no: up to eleven digits are expected")
        settle(self._ministry)
        return {"effects": self._ministry.ledger.effects(int(wanted) if wanted else None)}

    def _summary(self, request: Request) -> Json:
        settle(self._ministry)
        return self._ministry.ledger.summary()

    def _query(self, request: Request) -> Json:
        settle(self._ministry)
        return ledger_query.query(self._ministry.ledger, _json(request))

    def _counts(self, request: Request) -> Json:
        settle(self._ministry)
        return ledger_query.counts(self._ministry.ledger, self._ministry.register)

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

    def _change_personality(self, request: Request) -> Json:
        change_traits(self._ministry, _json(request))
        return traits_of(self._ministry)

    def _page(self, request: Request) -> Json:
        settle(self._ministry)
        return page(self._ministry)

    def _export(self, request: Request) -> Json:
        settle(self._ministry)
        return export.write(self._ministry)

    def _import(self, request: Request) -> Json:
        export.load(self._ministry, _json(request))
        return self._summary(request)

    def _reset(self, request: Request) -> Json:
        wanted = _object(request) if request.body.strip() else {}
        self._ministry.forget()
        if wanted.get("parties") is True:
            self._ministry.register = Register()
            self._ministry.anchors = []
            self._ministry.versions = Versions()
            self._ministry.firms = Firms()
            self._ministry.clock.change({"real": True})
        return {"reset": True}


def _of_fields(act: isgkatip.Route) -> Callable[[Request], Json]:
    return lambda request: act(isgkatip.fields_of_address(request) if request.method == "GET" else _object(request))


def _is_foreign(request: Request) -> bool:
    """A browser tells where a page came from that sends something; programs tell nothing."""
    origin = request.headers.get("origin")
    return origin is not None and origin.partition("://")[2] != request.headers.get("host")


def _json(request: Request) -> Json:
    return strict_json.read(request.body)


def _object(request: Request) -> dict[str, Any]:
    content = _json(request)
    if not isinstance(content, dict):
        raise BadControl("a JSON object is expected")
    return content
