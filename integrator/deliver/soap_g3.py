"""Generation 3 (`soap-g3`): the list form in a newer namespace, taken for processing first and decided later.

A save is answered with the ministry's own number; what became of the message is asked by arrays of such numbers.
Operation names and the meaning of codes in both answers are assumed (docs/divergences.md). Questions are our own
bytes as well: a row that cannot be read must not spoil the rows of others, and zeep would refuse the whole answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from lxml import etree

from integrator.deliver.dvo import Dvo
from integrator.deliver.generation import Credentials, Exchange
from integrator.deliver.soap import Unreadable, element, envelope, read_returns
from integrator.deliver.soap_service import (
    ASK,
    LIST_ORDER,
    SaveForm,
    SoapService,
    answer_of,
    list_specimen,
    prove_same,
    read_answer,
)
from integrator.deliver.wire import Wire
from integrator.deliver.zeep_door import ZeepDoor
from integrator.domain.identifiers import SorguNo
from integrator.domain.outcomes import Kind, Outcome, Reply

SAVE = "egitimBildirimKaydet"
FORM = SaveForm("soap-g3", SAVE, LIST_ORDER, *list_specimen())
_NUMBER = re.compile(r"[0-9A-Za-z._-]{1,64}")
_Rows = dict[str, list[tuple[Reply, bytes]]]


class SoapG3(SoapService):
    """The list form, accepted for processing."""

    metot = "soap-g3"
    may_repeat = True  # under our number: 211 is the service page's own word for a number that was used

    def __init__(self, wire: Wire, door: ZeepDoor, credentials: Credentials) -> None:
        super().__init__(FORM, wire, door, credentials)
        ours = ask_request(door.namespace, ["a1", "b2"], Credentials("F&K", "P<W"))
        prove_same(FORM.folder, door, ours, ASK, sorguNo=["a1", "b2"], firmaKodu="F&K", parola="P<W")

    def send(self, sorgu_no: SorguNo, dvo: Dvo, cms: bytes) -> Exchange[Reply]:
        """Hand in one message; the Reply names the ministry's number of it. Under a used number it is 211's."""
        return self.save(sorgu_no, dvo, cms, self._read_save)

    def _read_save(self, body: bytes) -> Reply:
        number, code, message = read_answer(body, self.namespace, SAVE)
        if number and not _NUMBER.fullmatch(number):
            raise Unreadable("sorguNo has no form of a number")
        return Reply(None, code, message, ministry_no=number)

    def learn(self, numbers: Sequence[str]) -> list[Exchange[Reply]]:
        """What became of each; every message keeps its own question and its own row only."""
        request = ask_request(self.namespace, numbers, self._credentials)
        whole: Exchange[_Rows] = self.post(request, self._read_rows)
        return [self._exchange_of(number, whole) for number in numbers]

    def _read_rows(self, body: bytes) -> _Rows:
        """Rows by number; one that says two things at once says nothing. Raises Unreadable for no answer at all."""
        rows: _Rows = {}
        for row in read_returns(body, self.namespace, ASK):
            try:
                number, code, message = answer_of(row)
            except Unreadable:
                continue
            rows.setdefault(number, []).append((Reply(None, code, message, ministry_no=number), etree.tostring(row)))
        return rows

    def _exchange_of(self, number: str, whole: Exchange[_Rows]) -> Exchange[Reply]:
        asked = ask_request(self.namespace, [number], Credentials("***", "***"))
        if isinstance(whole.said, Outcome):
            return Exchange(whole.said, asked, whole.reply)
        about = whole.said.get(number) or whole.said.get("", [])
        kept = b"".join(row for _, row in about)
        if not about:
            return Exchange(Outcome(Kind.UNCERTAIN, "no_row"), asked, kept)
        if len({reply.code for reply, _ in about}) > 1:
            return Exchange(Outcome(Kind.UNCERTAIN, "rows_differ"), asked, kept)
        return Exchange(about[0][0], asked, kept)


def ask_request(namespace: str, numbers: Sequence[str], credentials: Credentials) -> bytes:
    """The envelope of one question about `numbers`."""
    listed = "".join(element("sorguNo", number) for number in numbers)
    keys = element("firmaKodu", credentials.firma_kodu) + element("parola", credentials.parola)
    return envelope(namespace, ASK, listed + keys)
