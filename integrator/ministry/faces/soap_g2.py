"""Generation 2, the list form over SOAP: five operations as in schemas/soap-g2/ibys.wsdl.

Reads a call, asks the gate for the firm, hands the fields to the operation and writes the answer in the
types of the WSDL. The save answer is written by hand, because it is where the time goes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from lxml import etree

from integrator.ministry import answers, questions
from integrator.ministry.answers import Answer
from integrator.ministry.bildirim import Dvo, Unreadable
from integrator.ministry.fault_plan import OTHER, QUERY, SAVE
from integrator.ministry.faults import FAULTS, Exchange
from integrator.ministry.ministry import Ministry
from integrator.ministry.published import read_wsdl
from integrator.ministry.save import save
from integrator.ministry.shapes import Shapes, text_of
from integrator.ministry.signed_xml import java_double
from integrator.ministry.soap import (
    SOAP_11,
    SOAP_12,
    Call,
    SoapFault,
    read_call,
    version_of,
)
from integrator.ministry.wire import Reply, Request, Send, Steps, Wait, plain

GENERATION = "soap-g2"
_FIRMA_YOK = Answer(answers.FIRMA_YOK, "Bu kod ve parola ile aktif firma bulunamadı")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the port type: the parameter it takes, the type it returns, who answers it."""

    kind: str
    parameter: str
    cevap: str
    ask: Callable[[Ministry, str, Dvo], Answer] | None  # None: the save, which has a way of its own


OPERATIONS = {
    "cokluEgitimBildirimKaydet": Operation(SAVE, "egitim", "cokluEgitimCevapDVO", None),
    "egitimBildirimSorgula": Operation(
        QUERY, "EgitimBildirimSorguDVO", "egitimBildirimSorgulaCevapDVO", questions.stored_pairs
    ),
    "isyeriBilgisi": Operation(OTHER, "isyeriDVO", "isyeriCevapDVO", questions.workplace),
    "profYetkilimiSorgula": Operation(
        OTHER, "ProfesyonelYetkilimiDVO", "profesyonelYetkilimiCevapDVO", questions.authorisation
    ),
    "EgitimKoduBilgisi": Operation(OTHER, "", "egitimKoduListesi", questions.training_codes),
}


class SoapG2:
    """The face under /soap-g2. `origin` is scheme, host and port, for the address in the WSDL."""

    path = f"/{GENERATION}"

    def __init__(self, ministry: Ministry, origin: str) -> None:
        wsdl = read_wsdl(GENERATION)
        self._ministry = ministry
        self._namespace = wsdl.namespace
        self._shapes = Shapes(wsdl)
        self._wsdl = Reply(200, "text/xml; charset=utf-8", wsdl.at(origin + self.path))

    def respond(self, request: Request) -> Reply | Steps:
        """The WSDL to GET ?wsdl, an operation to POST."""
        if request.path != self.path:
            return plain(404, f"there is only {self.path}")
        if request.method == "GET" and "wsdl" in {name.lower() for name in request.query}:
            return self._wsdl
        if request.method != "POST":
            return plain(405, "POST a SOAP message, or GET ?wsdl", ("Allow", "GET, POST"))
        content_type = request.headers.get("content-type", "")
        if not content_type.lower().startswith((SOAP_11.media_type, SOAP_12.media_type)):
            version = version_of(content_type)
            return version.reply(version.fault(version.sender, "text/xml or application/soap+xml is expected"), 415)
        return self._respond_to_call(request, content_type)

    def _respond_to_call(self, request: Request, content_type: str) -> Reply | Steps:
        try:
            call = read_call(request.body, content_type, self._namespace)
            operation = OPERATIONS.get(call.operation)
            if operation is None:
                raise SoapFault(call.version, f"there is no operation {call.operation}")
        except SoapFault as fault:
            return fault.reply
        return self._meet(call, operation)

    def _meet(self, call: Call, operation: Operation) -> Reply | Steps:
        """Ask the fault plan what this call meets; the honest way is the short one."""
        number = _peek_sorgu_no(call.element, operation.parameter)
        self._count(operation.kind)
        decision = self._ministry.plan.decide(operation.kind, call.operation, number)
        if decision.fault is None and not decision.latency:
            return self._render(call, operation, self._answer(call, operation))
        exchange = self._exchange(call, operation, number)
        return self._steps(exchange, decision.fault, decision.latency)

    def _count(self, kind: str) -> None:
        self._ministry.ledger.saves += kind == SAVE
        self._ministry.ledger.queries += kind == QUERY

    def _steps(self, exchange: Exchange, name: str | None, latency: float) -> Steps:
        if latency:
            yield Wait(latency)
        if name is None:
            yield Send(exchange.honest().encode())
            return
        self._ministry.ledger.faults[name] += 1
        yield from FAULTS[name].act(exchange)

    def _exchange(self, call: Call, operation: Operation, number: int) -> Exchange:
        def another() -> Answer:
            stored = self._ministry.ledger.last_other_than(number)
            return stored.answer if stored else self._answer(call, operation).renumbered(number + 1)

        return Exchange(
            path=self.path,
            sorgu_no=number,
            slow_seconds=self._ministry.plan.slow_seconds,
            begin_401_spell=self._ministry.plan.begin_401_spell,
            answer=lambda: self._answer(call, operation),
            render=lambda answer: self._render(call, operation, answer),
            another=another,
            soap_fault=lambda text: call.version.reply(call.version.fault(call.version.receiver, text), 500),
        )

    def _answer(self, call: Call, operation: Operation) -> Answer:
        """The honest answer, and whatever it stores; it names the number that was asked for, if legible."""
        answer = self._checked(call, operation)
        if answer.sorgu_no:
            return answer
        return replace(answer, sorgu_no=_peek_sorgu_no(call.element, operation.parameter))

    def _checked(self, call: Call, operation: Operation) -> Answer:
        """The firm comes first, before any other field is read."""
        firma_kodu = _peek(call.element, "firmaKodu")
        if operation.parameter and not self._admits(call.element, operation, firma_kodu):
            return self._counted(operation, _FIRMA_YOK)
        if operation.ask is None:
            return save(self._ministry, firma_kodu, lambda: self._dvo(call, operation))
        try:
            return operation.ask(self._ministry, firma_kodu, self._dvo(call, operation))
        except Unreadable as error:
            return Answer(answers.ALAN_HATASI, f"Zorunlu alanlarda hata var: {error}")

    def _admits(self, element: etree._Element, operation: Operation, firma_kodu: str) -> bool:
        """An active firm with this password, which is also the firm named inside the DVO if one is named."""
        inner = _peek(element, operation.parameter, "firmaKodu")
        if self._ministry.plan.is_in_401_spell() or inner not in ("", firma_kodu):
            return False
        return self._ministry.register.has_active_firma(firma_kodu, _peek(element, "parola"))

    def _counted(self, operation: Operation, answer: Answer) -> Answer:
        if operation.kind == SAVE:
            self._ministry.ledger.codes[answer.status] += 1
        return answer

    def _dvo(self, call: Call, operation: Operation) -> Dvo:
        parameters = self._shapes.read(call.element, call.operation)
        if not operation.parameter:
            return {}
        dvo: Mapping[str, Any] | None = parameters.get(operation.parameter)
        if dvo is None:
            raise Unreadable(f"{operation.parameter} alanı zorunludur")
        return dvo

    def _render(self, call: Call, operation: Operation, answer: Answer) -> Reply:
        if operation.kind == SAVE:
            returned = f"<return>{_saved(answer)}</return>"
        elif operation.kind == QUERY:
            returned = "".join(self._returned(operation, row) for row in _rows(answer))
        else:
            returned = self._returned(operation, _outcome(answer) | answer.fields)
        name = f"ns2:{call.operation}Response"
        return call.version.reply(f'<{name} xmlns:ns2="{self._namespace}">{returned}</{name}>')

    def _returned(self, operation: Operation, values: Mapping[str, Any]) -> str:
        return f"<return>{self._shapes.write(operation.cevap, values)}</return>"


def _peek(element: etree._Element, *path: str) -> str:
    """The text at the end of `path`, empty when there is none; for what is needed before all else."""
    found: etree._Element | None = element
    for name in path:
        found = next(found.iterchildren(name), None) if found is not None else None
    return (found.text or "") if found is not None else ""


def _peek_sorgu_no(element: etree._Element, parameter: str) -> int:
    """The number as far as it can be made out, for the fault plan; 0 when it cannot."""
    text = _peek(element, parameter, "sorguNo").strip() if parameter else ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0


def _outcome(answer: Answer) -> dict[str, Any]:
    return {"status": answer.status, "message": answer.message, "sorguNo": answer.sorgu_no or None}


def _rows(answer: Answer) -> list[dict[str, Any]]:
    """One row for each pair; a refused query is one row with its code, and nothing known is no row at all."""
    if answer.status != answers.BASARILI:
        return [_outcome(answer)]
    return [
        {
            "calisanTcNo": pair.calisan_tck_no,
            "egitimKoduId": pair.egitim_kodu_id,
            "egitimSuresi": pair.egitim_suresi,
            "egitimTarihi": pair.egitim_tarihi,
            "message": pair.message,
            "sorguNo": pair.sorgu_no,
            "status": pair.status,
        }
        for pair in answer.pairs
    ]


def _saved(answer: Answer) -> str:
    """cokluEgitimCevapDVO: the pairs, each with its own status, then message, sorguNo, status."""
    listed = "".join(
        f"<basariliKayitBilgisi><calisan><calisanTckNo>{pair.calisan_tck_no}</calisanTckNo></calisan>"
        f"<egitim><egitimKoduId>{pair.egitim_kodu_id}</egitimKoduId>"
        f"<egitimSuresi>{java_double(pair.egitim_suresi)}</egitimSuresi></egitim>"
        f"<message>{pair.message}</message><status>{pair.status}</status></basariliKayitBilgisi>"
        for pair in answer.pairs
    )
    number = f"<sorguNo>{answer.sorgu_no}</sorguNo>" if answer.sorgu_no else ""
    return f"{listed}<message>{text_of(answer.message)}</message>{number}<status>{answer.status}</status>"
