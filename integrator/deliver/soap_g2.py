"""Generation 2 (`soap-g2`): many trainings x many workers in one message, answered pair by pair.

Operation and type names that are assumed are rows of docs/divergences.md.
"""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from integrator.deliver.dvo import Dvo
from integrator.deliver.generation import Credentials, Exchange
from integrator.deliver.soap import Unreadable, children, read_returns, text_in
from integrator.deliver.soap_service import LIST_ORDER, SaveForm, SoapService, list_specimen, number_in
from integrator.deliver.wire import Wire
from integrator.deliver.zeep_door import ZeepDoor
from integrator.domain.identifiers import SorguNo
from integrator.domain.outcomes import Reply, Sonuc

SAVE = "cokluEgitimBildirimKaydet"
FORM = SaveForm("soap-g2", SAVE, LIST_ORDER, *list_specimen())

_PARTS = frozenset({"basariliKayitBilgisi"})
_PART_FIELDS = ("calisanTckNo", "egitimKoduId", "status", "message")


class SoapG2(SoapService):
    """The list form over SOAP 1.1."""

    metot = "soap-g2"

    def __init__(self, wire: Wire, door: ZeepDoor, credentials: Credentials) -> None:
        super().__init__(FORM, wire, door, credentials)

    def send(self, sorgu_no: SorguNo, dvo: Dvo, cms: bytes) -> Exchange[Reply]:
        """Save one message; every way this can end is a Reply or an Outcome."""
        return self.save(sorgu_no, dvo, cms, lambda body: read_save(body, self.namespace))

    def ask(self, sorgu_no: SorguNo, dvo: Dvo) -> Exchange[Sequence[Sonuc]]:
        """One row for each pair that is stored, or was refused, under the number."""
        return self.ask_for_rows(sorgu_no, dvo)


def read_save(body: bytes, namespace: str) -> Reply:
    """CokluEgitimCevapDVO as a Reply; raises Unreadable or ValueError for anything else."""
    returns = read_returns(body, namespace, SAVE)
    if len(returns) != 1:
        raise Unreadable(f"{len(returns)} return elements")
    answer = returns[0]
    found = children(answer, _PARTS)
    parts = tuple(_read_part(row) for row in answer.iterchildren(*_PARTS))
    message = found["message"].text or "" if "message" in found else ""  # not stripped: a 214 is compared by bytes
    return Reply(number_in(text_in(found, "sorguNo")), text_in(found, "status"), message, parts)


def _read_part(row: etree._Element) -> Sonuc:
    """One kayitBilgisi, in one pass over its elements: a message has up to 1,000 of them."""
    found: dict[str, str] = {}
    for each in row.iter(*_PART_FIELDS):
        if each.tag in found:
            raise Unreadable(f"{each.tag} stands twice in one part")
        found[each.tag] = each.text or ""
    worker, code, status, message = (found.get(name, "") for name in _PART_FIELDS)
    return Sonuc((worker, code), status, message)
