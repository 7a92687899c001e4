"""Generation 1 (`soap-g1`): one worker and one training in each message. The only WSDL that is known exactly.

What the answer says about the message it says about its only pair; nothing else is listed.
"""

from __future__ import annotations

from collections.abc import Sequence

from integrator.deliver.dvo import Dvo
from integrator.deliver.generation import Credentials, Exchange
from integrator.deliver.soap_service import SaveForm, SoapService, number_in, read_answer, single_specimen
from integrator.deliver.wire import Wire
from integrator.deliver.zeep_door import ZeepDoor
from integrator.domain.identifiers import SorguNo
from integrator.domain.outcomes import SUCCESS, Outcome, Reply, Sonuc

SAVE = "egitimBildirimKaydet"
_ORDER = (
    "belgeTipi",
    "calisanTckNo",
    "egiticiTckNo",
    "egitimKoduId",
    "egitimSuresi",
    "egitimTarihi",
    "egitimTur",
    "egitimYer",
    "firmaKodu",
    "imzaliDeger",
    "isgProfTckNo",
    "sgkTescilNo",
    "sorguNo",
)
FORM = SaveForm("soap-g1", SAVE, _ORDER, *single_specimen())


class SoapG1(SoapService):
    """The single record over SOAP 1.1."""

    metot = "soap-g1"

    def __init__(self, wire: Wire, door: ZeepDoor, credentials: Credentials) -> None:
        super().__init__(FORM, wire, door, credentials)

    def send(self, sorgu_no: SorguNo, dvo: Dvo, cms: bytes) -> Exchange[Reply]:
        """Save one message; every way this can end is a Reply or an Outcome."""

        def read(body: bytes) -> Reply | Outcome:
            number, code, message = read_answer(body, self.namespace, SAVE)
            parts = tuple(Sonuc(pair, SUCCESS) for pair in dvo.pairs) if code == SUCCESS else ()
            return Reply(number_in(number), code, message, parts)

        return self.save(sorgu_no, dvo, cms, read)

    def ask(self, sorgu_no: SorguNo, dvo: Dvo) -> Exchange[Sequence[Sonuc]]:
        """The row of the only pair, none when the number is unknown."""
        return self.ask_for_rows(sorgu_no, dvo)
