"""What every SOAP face does: reads a call, asks for the firm, hands the fields to the operation, writes the answer.

Names, order and types come from the generation's WSDL in schemas/. A face says which operations it has, how it
saves, and where its answers differ from "one `return` with result code, text and what the operation asks for".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from integrator.ministry import answers
from integrator.ministry.answers import Answer
from integrator.ministry.bildirim import Dvo, Unreadable
from integrator.ministry.dress import DRESSES, Dress
from integrator.ministry.fault_plan import QUERY, SAVE
from integrator.ministry.fault_table import Exchange, encounter
from integrator.ministry.ministry import Ministry
from integrator.ministry.published import read_wsdl
from integrator.ministry.save import Form, read
from integrator.ministry.shapes import Shapes
from integrator.ministry.soap import (
    SOAP_11,
    SOAP_12,
    Call,
    SoapFault,
    peek,
    read_call,
    version_of,
)
from integrator.ministry.wire import Reply, Request, Steps, plain

Save = Callable[[str, Callable[[], Dvo]], Answer]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the port type: the parameter it takes, the type it returns, who answers it.

    Without a parameter it takes no credentials. `ask` None is the save, which has a way of its own.
    """

    kind: str
    parameter: str
    cevap: str
    ask: Callable[[Ministry, str, Dvo], Answer] | None


class SoapFace:
    """One SOAP generation under its path. `origin` is scheme, host and port, for the address in the WSDL."""

    form: ClassVar[Form]
    operations: ClassVar[Mapping[str, Operation]]
    lists_pairs: ClassVar[bool] = False  # does the answer to a save list its pairs?

    def __init__(self, ministry: Ministry, origin: str) -> None:
        wsdl = read_wsdl(self.form.generation)
        self.path = f"/{self.form.generation}"
        self._ministry = ministry
        self._namespace = wsdl.namespace
        self._shapes = Shapes(wsdl)
        self._wsdl = Reply(200, "text/xml; charset=utf-8", wsdl.at(origin + self.path))

    @property
    def _dress(self) -> Dress:
        return DRESSES[self._ministry.dress]

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
            return version.fault(version.sender, "text/xml or application/soap+xml is expected", self._dress, 415)
        return self._respond_to_call(request, content_type)

    def _respond_to_call(self, request: Request, content_type: str) -> Reply | Steps:
        try:
            call = replace(read_call(request.body, content_type, self._namespace), peer=request.peer)
            operation = self.operations.get(call.operation)
            if operation is None:
                raise SoapFault(call.version, f"there is no operation {call.operation}")
        except SoapFault as fault:
            return fault.reply(self._dress)
        return self._meet(call, operation)

    def _meet(self, call: Call, operation: Operation) -> Reply | Steps:
        """Ask the fault plan what this call meets; the honest way is the short one."""
        number = self._number(call, operation)
        self._ministry.ledger.arrived(operation.kind)
        decision = self._ministry.plan.decide(operation.kind, call.operation, number)
        if decision.fault is None and not decision.latency:
            return self._render(call, operation, self._answer(call, operation))
        exchange = self._exchange(call, operation, number)
        return encounter(exchange, decision.fault, decision.latency, self._ministry.ledger.faults)

    def _exchange(self, call: Call, operation: Operation, number: int) -> Exchange:
        return Exchange(
            path=self.path,
            sorgu_no=number,
            slow_seconds=self._ministry.plan.slow_seconds,
            begin_401_spell=self._ministry.plan.begin_401_spell,
            begin_outage=self._ministry.begin_outage,
            close_port=self._ministry.plan.close_port,
            now=self._ministry.now,
            answer=lambda: self._answer(call, operation),
            partial=lambda: self._answer(call, operation, self._save_in_part),
            signed_xml=lambda: self._signed_xml(call, operation),
            render=lambda answer: self._render(call, operation, answer),
            another=lambda: self._another(call, operation, number),
            thin=lambda answer: self._thinned(operation, answer),
            platform_error=lambda text: call.version.fault(call.version.receiver, text, self._dress),
        )

    def _another(self, call: Call, operation: Operation, number: int) -> Answer:
        """The answer that belongs to another message; with none stored, this one's under the next number."""
        stored = self._ministry.ledger.last_other_than(number)
        return stored.answer if stored else self._answer(call, operation).renumbered(number + 1)

    def _thinned(self, operation: Operation, answer: Answer) -> Answer:
        """Every second thing it lists left out; the number, where a save's answer lists nothing else."""
        if operation.kind == SAVE and not self.lists_pairs:
            return replace(answer, sorgu_no=0, told="")
        return answer.thinned()

    def _answer(self, call: Call, operation: Operation, save: Save | None = None) -> Answer:
        """The honest answer, and whatever it stores; it names the number that was asked for, if legible."""
        answer = self._checked(call, operation, save or self._save)
        return answer if answer.sorgu_no else replace(answer, sorgu_no=self._number(call, operation))

    def _checked(self, call: Call, operation: Operation, save: Save) -> Answer:
        """The firm comes first, before any other field is read."""
        firma_kodu = peek(call.element, "firmaKodu")
        if operation.parameter and not self._admits(call, operation, firma_kodu):
            return self._ministry.refused_firma(operation.kind)
        if operation.ask is None:
            return save(firma_kodu, lambda: self._dvo(call, operation))
        try:
            return operation.ask(self._ministry, firma_kodu, self._dvo(call, operation))
        except Unreadable as error:
            return answers.unreadable(error)

    def _admits(self, call: Call, operation: Operation, firma_kodu: str) -> bool:
        """An active firm with this password, which is also the firm named inside the DVO if one is named."""
        inner = peek(call.element, operation.parameter, "firmaKodu")
        return inner in ("", firma_kodu) and self._ministry.admits(firma_kodu, peek(call.element, "parola"), call.peer)

    def _dvo(self, call: Call, operation: Operation) -> Dvo:
        """The fields of the parameter; of the call itself where the parameter is a plain list."""
        parameters = self._shapes.read(call.element, call.operation)
        if not operation.parameter:
            return {}
        dvo = parameters.get(operation.parameter)
        if dvo is None:
            raise Unreadable(f"{operation.parameter} alanı zorunludur")
        return dvo if isinstance(dvo, Mapping) else parameters

    def _render(self, call: Call, operation: Operation, answer: Answer) -> Reply:
        dress, returned = self._dress, self._returned(operation, answer)
        return call.version.reply(dress.wrapper(f"{call.operation}Response", self._namespace, returned), dress)

    def _returned(self, operation: Operation, answer: Answer) -> str:
        """The `return` elements of an answer."""
        rows = self._rows(operation, answer)
        return "".join(f"<return>{self._shapes.write(operation.cevap, row)}</return>" for row in rows)

    # What a face says for itself.

    def _save(self, firma_kodu: str, read_dvo: Callable[[], Dvo]) -> Answer:
        """Check one message of an admitted firm and store what can be stored."""
        raise NotImplementedError  # each face fills this in

    def _save_in_part(self, firma_kodu: str, read_dvo: Callable[[], Dvo]) -> Answer:
        """The same for every second worker only, where an answer can say so."""
        return self._save(firma_kodu, read_dvo)

    def _signed_xml(self, call: Call, operation: Operation) -> str:
        """What the signature of this save must be over; an empty root when it cannot be read."""
        try:
            bildirim = read(self._ministry, lambda: self._in_list_form(self._dvo(call, operation)), self.form)
        except Unreadable:
            return "<EgitimDVO/>"
        return self.form.render(bildirim) if self.form.render else ""

    def _in_list_form(self, dvo: Dvo) -> Dvo:
        return dvo

    def _number(self, call: Call, operation: Operation) -> int:
        """The number as far as it can be made out, for the fault plan; 0 when it cannot."""
        text = peek(call.element, operation.parameter, "sorguNo").strip() if operation.parameter else ""
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0

    def _rows(self, operation: Operation, answer: Answer) -> list[dict[str, Any]]:
        """The values of each `return`: for a query its pairs, else the outcome alone."""
        if operation.kind == QUERY and answer.status == answers.BASARILI:
            return [pair_row(pair) for pair in answer.pairs]
        return [outcome(answer) | answer.fields]


def outcome(answer: Answer) -> dict[str, Any]:
    """What every answer carries, in wire spelling."""
    return {"status": answer.status, "message": answer.message, "sorguNo": answer.sorgu_no or None}


def pair_row(pair: answers.Pair) -> dict[str, Any]:
    """One pair as a query of generations 1 and 2 returns it."""
    return {
        "calisanTcNo": pair.calisan_tck_no,
        "egitimKoduId": pair.egitim_kodu_id,
        "egitimSuresi": pair.egitim_suresi,
        "egitimTarihi": pair.egitim_tarihi,
        "message": pair.message,
        "sorguNo": pair.sorgu_no or None,
        "status": pair.status,
    }
