"""Generation 4, JSON over HTTP: five paths, HTTP Basic, {"sonuc", "aciklama"}; schemas/json-g4/openapi.json.

No number, no query, no signature. Paths and three bodies are seen in third-party code, the rest is assumed:
`sonuc` is "1" on success and else the result code that the SOAP generations give for the same cause.
"""

import base64
import binascii
import json
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from integrator.ministry import answers, notices, questions
from integrator.ministry.answers import Answer
from integrator.ministry.bildirim import Dvo, Unreadable
from integrator.ministry.dress import DRESSES, Dress
from integrator.ministry.fault_plan import OTHER, SAVE
from integrator.ministry.fault_table import FAULTS, Exchange, encounter
from integrator.ministry.json_shapes import JsonShapes, NotJson, parse
from integrator.ministry.ministry import Ministry
from integrator.ministry.published import read_openapi
from integrator.ministry.save import Form, save
from integrator.ministry.wire import Reply, Request, Steps, plain

FORM = Form(notices.GENERATION, None, is_whole=True)
SUCCESS = "1"
JSON = "application/json;charset=utf-8"
NAMES = {  # what the SOAP generations call it -> what this one calls it
    "belgeTipi": "sertifikaTipi",
    "isgProfTckNo": "isgProfTcKNo",
    "egitimYer": "egitimYeri",
    "egitimTur": "egitimYontemi",
    "egiticiTckNo": "egiticiTcKNo",
    "sgkTescilNo": "isyeriSgkSicilNo",
    "calisanTckNo": "calisanTcKNo",
    "egitimKoduId": "egitimKodu",
}
_GARBAGE = Reply(200, JSON, b'{"sonuc": "1", "aciklama": \xff\xfe', (("Connection", "close"),)).encode()


@dataclass(frozen=True, slots=True)
class Operation:
    """One path: whether it saves, the schema of its body, who answers it, and what tells one message from another."""

    kind: str
    schema: str
    ask: Callable[[Ministry, str, Dvo], Answer]
    identity: tuple[str, ...]


def training(ministry: Ministry, firma_kodu: str, dvo: Dvo) -> Answer:
    """egitimBilgisiBildir: the checks of every other generation but number and signature; counted by the save."""
    answer = save(ministry, firma_kodu, lambda: as_lists(dvo), FORM)
    return replace(answer, message=re.sub(r"\w+", lambda word: NAMES.get(word[0], word[0]), answer.message))


def as_lists(dvo: Dvo) -> Dvo:
    """The same message in the names and the list form of the other generations; the date with hyphens."""
    renamed = {soap: dvo[name] for soap, name in NAMES.items()}
    egitim = {"egitimKoduId": int(dvo["egitimKodu"]), "egitimSuresi": float(dvo["egitimSuresi"])}
    lists = {"calisan": [{"calisanTckNo": dvo["calisanTcKNo"]}], "egitim": [egitim]}
    day = dvo["egitimTarihi"].replace(".", "-")
    return {**renamed, **lists, "egitimTarihi": day, "imzalayanKimlikNo": dvo["imzalayanKimlikNo"]}


OPERATIONS = {
    "/egitimBilgisiIslemleri/egitimBilgisiBildir": Operation(
        SAVE, "EgitimBilgisi", training, ("calisanTcKNo", "egitimKodu", "egitimTarihi", "isyeriSgkSicilNo")
    ),
    "/muayeneBilgisiIslemleri/muayeneBilgisiBildir": Operation(
        SAVE, "MuayeneBilgisi", notices.examination, ("calisanTcKNo", "muayeneRaporTarihi", "isyeriSgkSicilNo")
    ),
    "/hizmetVerilenIsyeriIslemleri/hizmetVerilenIsyeriBildir": Operation(
        SAVE, "HizmetVerilenIsyeri", notices.served_workplace, ("sgkSicilNo", "hizmetBaslangicTarih")
    ),
    "/isgProfesyoneliIslemleri/isgProfesyoneliDogrula": Operation(
        OTHER, "IsgProfesyoneli", questions.professional, ("isgProfTcKNo", "isyeriSgkSicilNo")
    ),
    "/calisanSigortalilikIslemleri/calisanSigortalilikKontrolu": Operation(
        OTHER, "CalisanSigortalilik", questions.insurance, ("calisanTcKNo", "isyeriSgkSicilNo")
    ),
}


class JsonG4:
    """The face under /json-g4. `origin` is scheme, host and port, for the address in the OpenAPI."""

    path = f"/{notices.GENERATION}"

    def __init__(self, ministry: Ministry, origin: str) -> None:
        document = read_openapi(notices.GENERATION)
        self._ministry = ministry
        self._shapes = JsonShapes(document)
        served = document | {"servers": [{"url": origin + self.path}]}
        self._openapi = Reply(200, JSON, json.dumps(served, ensure_ascii=False).encode())

    def respond(self, request: Request) -> Reply | Steps:
        """The OpenAPI to GET openapi.json, an operation to POST."""
        path = request.path.removeprefix(self.path)
        if path == "/openapi.json" and request.method == "GET":
            return self._openapi
        operation = OPERATIONS.get(path)
        if operation is None:
            return plain(404, f"there are under {self.path}: /openapi.json, " + ", ".join(OPERATIONS))
        if request.method != "POST":
            return plain(405, "POST a JSON object", ("Allow", "POST"))
        if not request.headers.get("content-type", "").lower().startswith("application/json"):
            return plain(415, "application/json is expected")
        return self._meet(request, operation, path.rpartition("/")[2])

    def _meet(self, request: Request, operation: Operation, name: str) -> Reply | Steps:
        """Ask the fault plan what this message meets; without a number, by what tells it from another."""
        try:
            content = parse(request.body)
        except NotJson as error:
            return replace(self._render(answers.unreadable(error)), status=400)
        told = [content.get(one) for one in operation.identity]
        key = zlib.crc32(repr([one for one in told if isinstance(one, str | int)]).encode())
        self._ministry.ledger.arrived(operation.kind)
        decision = self._ministry.plan.decide(operation.kind, name, key)
        fault = decision.fault if decision.fault and FAULTS[decision.fault].on_json else None
        if fault is None and not decision.latency:
            return self._render(self._answer(request, operation, content))
        exchange = self._exchange(lambda: self._answer(request, operation, content), request.path, key)
        return encounter(exchange, fault, decision.latency, self._ministry.ledger.faults)

    def _exchange(self, answer: Callable[[], Answer], path: str, key: int) -> Exchange:
        return Exchange(
            path=path,
            sorgu_no=key,
            slow_seconds=self._ministry.plan.slow_seconds,
            begin_401_spell=self._ministry.plan.begin_401_spell,
            begin_outage=self._ministry.begin_outage,
            close_port=self._ministry.plan.close_port,
            answer=answer,
            render=self._render,
            now=self._ministry.now,
            another=answer,
            partial=answer,
            signed_xml=str,
            thin=Answer.thinned,
            platform_error=lambda text: Reply(
                500, JSON, self._dress.json({"status": 500, "error": text, "path": path})
            ),
            garbage=_GARBAGE,
        )

    @property
    def _dress(self) -> Dress:
        return DRESSES[self._ministry.dress]

    def _render(self, answer: Answer) -> Reply:
        """HTTP 401 for the firm, else 200 whatever the outcome; `sonuc` tells it."""
        sonuc = SUCCESS if answer.status == answers.BASARILI else str(answer.status)
        reply = Reply(200, JSON, self._dress.json({"sonuc": sonuc, "aciklama": answer.message}))
        if answer.status != answers.FIRMA_YOK:
            return reply
        return replace(reply, status=401, headers=(("WWW-Authenticate", 'Basic realm="ibys"'),))

    def _answer(self, request: Request, operation: Operation, content: dict[str, Any]) -> Answer:
        """The firm comes first, then every field; training counts its own code."""
        firma_kodu, parola = credentials(request)
        if not self._ministry.admits(firma_kodu, parola, request.peer):
            return self._ministry.refused_firma(operation.kind)
        try:
            self._shapes.check(content, operation.schema)
            answer = operation.ask(self._ministry, firma_kodu, content)
        except Unreadable as error:
            answer = answers.unreadable(error)
            return self._ministry.ledger.counted(answer) if operation.kind == SAVE else answer
        is_counted = operation.kind == SAVE and operation.ask is not training
        return self._ministry.ledger.counted(answer) if is_counted else answer


def credentials(request: Request) -> tuple[str, str]:
    """Firma kodu and password out of HTTP Basic; empty when there are none that can be read."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    try:
        text = base64.b64decode(token, validate=True).decode() if scheme.lower() == "basic" else ""
    except (binascii.Error, ValueError):
        text = ""
    firma_kodu, _, parola = text.partition(":")
    return firma_kodu, parola
