"""Generation 2, the list form over SOAP: many workers, many trainings, one code for each pair.

The save answer is written by hand, because it is where the time goes.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import ClassVar

from integrator.ministry.answers import Answer
from integrator.ministry.bildirim import Dvo
from integrator.ministry.faces.soap_face import Operation, SoapFace
from integrator.ministry.faces.soap_g1 import PAIR_QUERY, SHARED_OPERATIONS
from integrator.ministry.fault_plan import SAVE
from integrator.ministry.save import LIST_FORM, save
from integrator.ministry.shapes import text_of
from integrator.ministry.signed_xml import java_double

IN_PART = replace(LIST_FORM, is_in_part=True)


class SoapG2(SoapFace):
    """The face under /soap-g2."""

    form = LIST_FORM
    lists_pairs = True
    operations: ClassVar[Mapping[str, Operation]] = {
        "cokluEgitimBildirimKaydet": Operation(SAVE, "egitim", "cokluEgitimCevapDVO", None),
        "egitimBildirimSorgula": PAIR_QUERY,
        **SHARED_OPERATIONS,
    }

    def _save(self, firma_kodu: str, read_dvo: Callable[[], Dvo]) -> Answer:
        return save(self._ministry, firma_kodu, read_dvo)

    def _save_in_part(self, firma_kodu: str, read_dvo: Callable[[], Dvo]) -> Answer:
        return save(self._ministry, firma_kodu, read_dvo, IN_PART)

    def _returned(self, operation: Operation, answer: Answer) -> str:
        if operation.kind == SAVE:
            return f"<return>{_saved(answer)}</return>"
        return super()._returned(operation, answer)


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
