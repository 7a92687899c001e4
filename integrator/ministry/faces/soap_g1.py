"""Generation 1, the single record over SOAP: one worker and one training in each message, one code for both.

The only generation whose WSDL is known from a generator (label W). Its message had no signature before
10.07.2018; the personality `g1_unsigned` takes such a message too.
"""

from collections.abc import Callable, Mapping
from typing import ClassVar

from integrator.ministry import questions, signed_xml
from integrator.ministry.answers import Answer
from integrator.ministry.bildirim import Dvo
from integrator.ministry.faces.soap_face import Operation, SoapFace
from integrator.ministry.fault_plan import OTHER, QUERY, SAVE
from integrator.ministry.save import Form, save

LISTED = {"calisan": ("calisanTckNo",), "egitim": ("egitimKoduId", "egitimSuresi")}
SHARED_OPERATIONS = {
    "isyeriBilgisi": Operation(OTHER, "isyeriDVO", "isyeriCevapDVO", questions.workplace),
    "profYetkilimiSorgula": Operation(
        OTHER, "ProfesyonelYetkilimiDVO", "profesyonelYetkilimiCevapDVO", questions.authorisation
    ),
    "EgitimKoduBilgisi": Operation(OTHER, "", "egitimKoduListesi", questions.training_codes),
}
PAIR_QUERY = Operation(QUERY, "EgitimBildirimSorguDVO", "egitimBildirimSorgulaCevapDVO", questions.stored_pairs)
FORM = Form("soap-g1", signed_xml.render_single, is_whole=True, began_unsigned=True)


class SoapG1(SoapFace):
    """The face under /soap-g1."""

    form = FORM
    operations: ClassVar[Mapping[str, Operation]] = {
        "egitimBildirimKaydet": Operation(SAVE, "egitim", "egitimCevapDVO", None),
        "egitimBildirimSorgula": PAIR_QUERY,
        **SHARED_OPERATIONS,
    }

    def _save(self, firma_kodu: str, read_dvo: Callable[[], Dvo]) -> Answer:
        return save(self._ministry, firma_kodu, lambda: as_lists(read_dvo()), FORM)

    def _in_list_form(self, dvo: Dvo) -> Dvo:
        return as_lists(dvo)


def as_lists(dvo: Dvo) -> Dvo:
    """The same message in the form of the later generations: a list of one worker, a list of one training."""
    lists = {name: [{field: dvo[field] for field in fields if field in dvo}] for name, fields in LISTED.items()}
    return {**dvo, **lists}
