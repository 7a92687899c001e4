"""Generation 3, the list form accepted first and decided later: a save gets a number, a query asks by numbers.

One code speaks for the whole message. Which number an acceptance tells, the server's or ours, is the personality
`g3_numbers`; how long the decision takes is `processing_seconds`.
"""

import zlib
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from integrator.ministry import answers, processing
from integrator.ministry.answers import Answer
from integrator.ministry.bildirim import Dvo
from integrator.ministry.faces.soap_face import Operation, SoapFace, outcome
from integrator.ministry.faces.soap_g1 import SHARED_OPERATIONS
from integrator.ministry.fault_plan import OTHER, QUERY, SAVE
from integrator.ministry.soap import Call, peek


class SoapG3(SoapFace):
    """The face under /soap-g3."""

    form = processing.FORM
    operations: ClassVar[Mapping[str, Operation]] = {
        "egitimBildirimKaydet": Operation(SAVE, "egitim", "egitimCevapDVO", None),
        "egitimBildirimSorgula": Operation(QUERY, "sorguNo", "egitimCevapDVO", processing.what_became),
        **SHARED_OPERATIONS,
    }

    def _save(self, firma_kodu: str, read_dvo: Callable[[], Dvo]) -> Answer:
        return processing.accept(self._ministry, firma_kodu, read_dvo)

    def _number(self, call: Call, operation: Operation) -> int:
        """For a query: our number behind the first number asked for, so that a script can mean it."""
        if operation.kind != QUERY:
            return super()._number(call, operation)
        told = peek(call.element, "sorguNo")
        known = self._ministry.acceptances.told_as(peek(call.element, "firmaKodu"), told)
        return known.bildirim.sorgu_no if known else zlib.crc32(told.encode())

    def _another(self, call: Call, operation: Operation, number: int) -> Answer:
        other = self._ministry.acceptances.last_other_than(number)
        if other is None:
            return self._answer(call, operation).renumbered(number + 1)
        return other.accepted() if operation.kind == SAVE else processing.states([other])

    def _rows(self, operation: Operation, answer: Answer) -> list[dict[str, Any]]:
        """One row for each number asked; an error of the call itself is one row without a number."""
        if operation.kind == OTHER:
            return super()._rows(operation, answer)
        if operation.kind == QUERY and answer.status == answers.BASARILI:
            return [{"message": one.message, "sorguNo": one.sorgu_no, "status": one.status} for one in answer.durumlar]
        return [outcome(answer) | {"sorguNo": answer.told or None}]
