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


def unreadable(error: Exception) -> "Answer":
    """210 with what is wrong with which field."""
    return Answer(ALAN_HATASI, f"Zorunlu alanlarda hata var: {error}")


class Pair(NamedTuple):
    """One worker with one training: what became of it, and under which number and day."""

    calisan_tck_no: int
    egitim_kodu_id: int
    egitim_suresi: float
    status: int
    message: str
    sorgu_no: int
    egitim_tarihi: str


class Durum(NamedTuple):
    """What became of one number, as generation 3 is asked: a number may be any text."""

    sorgu_no: str
    status: int
    message: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: overall result code, text, the pairs it lists, and what only some operations return.

    `fields` are elements beside status, message and sorguNo, in wire spelling; `sorgu_no` 0 is not written. `told`
    is the number as generation 3 writes it, `durumlar` what it lists.
    """

    status: int
    message: str
    sorgu_no: int = 0
    pairs: tuple[Pair, ...] = ()
    fields: dict[str, Any] = field(default_factory=dict)
    told: str = ""
    durumlar: tuple[Durum, ...] = ()

    def renumbered(self, sorgu_no: int) -> "Answer":
        """The same answer as if it belonged to another number."""
        pairs = tuple(pair._replace(sorgu_no=sorgu_no) for pair in self.pairs)
        told = str(sorgu_no) if self.told else ""
        durumlar = tuple(one._replace(sorgu_no=str(sorgu_no + at)) for at, one in enumerate(self.durumlar))
        return replace(self, sorgu_no=sorgu_no, pairs=pairs, told=told, durumlar=durumlar)

    def thinned(self) -> "Answer":
        """The same answer with every second thing it lists left out (the only one, when there is one)."""
        return replace(self, pairs=self.pairs[1::2], durumlar=self.durumlar[1::2])
