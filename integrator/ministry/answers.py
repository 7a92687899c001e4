"""What the ministry says to one call, before a generation of the wire gives it a form; the result codes."""

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

BASARILI = 200
BASARISIZ = 204
ALAN_HATASI = 210
SORGU_NO_KULLANILMIS = 211
CALISAN_ILISKISI_YOK = 212
PROFESYONEL_YOK = 213
IMZALI_ICERIK = 214
IMZA_SAHIBI = 215
FIRMA_YOK = 401
SISTEM_HATASI = 1111
SQL_HATASI = 2222

BASARILI_MESAJI = "İşlem başarılı"


class Pair(NamedTuple):
    """One worker with one training: what became of it, and under which number and day."""

    calisan_tck_no: int
    egitim_kodu_id: int
    egitim_suresi: float
    status: int
    message: str
    sorgu_no: int
    egitim_tarihi: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: overall result code, text, the pairs it lists, and what only some operations return.

    `fields` are elements beside status, message and sorguNo, in wire spelling; `sorgu_no` 0 is not written.
    """

    status: int
    message: str
    sorgu_no: int = 0
    pairs: tuple[Pair, ...] = ()
    fields: dict[str, Any] = field(default_factory=dict)

    def renumbered(self, sorgu_no: int) -> "Answer":
        """The same answer as if it belonged to another number."""
        pairs = tuple(pair._replace(sorgu_no=sorgu_no) for pair in self.pairs)
        return replace(self, sorgu_no=sorgu_no, pairs=pairs)
