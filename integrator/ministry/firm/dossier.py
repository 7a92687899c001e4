"""One firm's file at the ministry, and what follows from it on a given day: may it act, since when not, and why.

Nothing is decided in advance: whoever asks gets the answer for the day that the clock shows. So a firm becomes passive
by itself when a deadline has passed, and is active again from the day on which the last thing is mended.
"""

from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

EKSIK_BELGE, SOZLESME, GUVENLIK_BULGUSU, BULGU = "eksik_belge", "sozlesme", "guvenlik_bulgusu", "bulgu"
BASVURU, ISO_27001, IDARI = "basvuru", "iso27001", "idari"


def three_months_after(day: date) -> date:
    """The same day three months later, or the last of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 + 3, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


DUE: dict[str, Callable[[date], date]] = {
    EKSIK_BELGE: three_months_after,  # 3a-2, 3a-3
    SOZLESME: lambda day: day + timedelta(days=30),  # 3b-2: calendar days
    GUVENLIK_BULGUSU: lambda day: day,  # 3d-2: at once
    BULGU: lambda day: day + timedelta(days=30),  # 3d-2: at most
}


class Duty(NamedTuple):
    """What a firm owes until the end of `son_gun`; `giderildi` is the day on which it was done."""

    tur: str
    no: str
    bildirildi: date
    son_gun: date
    giderildi: date | None = None
    aciklama: str = ""

    def is_open_on(self, today: date) -> bool:
        """Told already, and not done."""
        return self.bildirildi <= today and (self.giderildi is None or today < self.giderildi)

    def is_late_on(self, today: date) -> bool:
        """Still open when its last day is over."""
        return today > self.son_gun and self.is_open_on(today)


class Certificate(NamedTuple):
    """An ISO 27001 certificate; both days included."""

    baslangic: date
    bitis: date


class Document(NamedTuple):
    """One document of an application and the day on which it came."""

    ad: str
    geldi: date | None = None


class Application(NamedTuple):
    """An application: open until `kabul`, the day on which it was accepted."""

    acildi: date
    kabul: date | None = None
    evrak: tuple[Document, ...] = ()

    def is_accepted_on(self, today: date) -> bool:
        """The firm is on the list."""
        return self.kabul is not None and self.kabul <= today

    def to_be_refreshed_on(self, today: date) -> list[str]:
        """Documents that are older than three months while the application is still open (3a-3)."""
        if self.is_accepted_on(today):
            return []
        return [one.ad for one in self.evrak if one.geldi is not None and today > three_months_after(one.geldi)]


class AuditRequest(NamedTuple):
    """What the ministry wants to see, without giving a reason (3d-1), and the answer: a digest and a text."""

    no: str
    istendi: date
    konu: str
    son_gun: date | None = None
    ozet: str = ""
    aciklama: str = ""
    yanitlandi: str = ""


class Reason(NamedTuple):
    """Why a firm may not act, and the first day on which it might not; None where it never could."""

    tur: str
    no: str
    since: date | None


@dataclass(frozen=True, slots=True)
class Dossier:
    """`kayitli_adres` empty: any address. `musteriler` None: any customer (1m is off)."""

    firma_kodu: str
    unvan: str = ""
    kayitli_adres: str = ""
    basvuru: Application | None = None
    iso27001: tuple[Certificate, ...] = ()
    yukumlulukler: tuple[Duty, ...] = ()
    denetim_talepleri: tuple[AuditRequest, ...] = ()
    musteriler: frozenset[str] | None = None

    def reasons(self, today: date) -> list[Reason]:
        """Why this firm is not active on that day; empty when it is (2-4, 3d-3)."""
        return [*self._without_application(today), *self._without_certificate(today), *self._late(today)]

    def _without_application(self, today: date) -> Iterator[Reason]:
        if self.basvuru is not None and not self.basvuru.is_accepted_on(today):
            yield Reason(BASVURU, "", None)

    def _without_certificate(self, today: date) -> Iterator[Reason]:
        if self.iso27001 and not any(one.baslangic <= today <= one.bitis for one in self.iso27001):
            ended = [one.bitis for one in self.iso27001 if one.bitis < today]
            yield Reason(ISO_27001, "", max(ended) + timedelta(days=1) if ended else None)

    def _late(self, today: date) -> Iterator[Reason]:
        for one in self.yukumlulukler:
            if one.is_late_on(today):
                yield Reason(one.tur, one.no, one.son_gun + timedelta(days=1))

    def as_json(self) -> dict[str, Any]:
        """In the shape in which it is loaded."""
        return {
            "firma_kodu": self.firma_kodu,
            "unvan": self.unvan,
            "kayitli_adres": self.kayitli_adres,
            "basvuru": None if self.basvuru is None else plain_of(self.basvuru),
            "iso27001": plain_of(self.iso27001),
            "yukumlulukler": plain_of(self.yukumlulukler),
            "denetim_talepleri": plain_of(self.denetim_talepleri),
            "musteriler": None if self.musteriler is None else sorted(self.musteriler),
        }


def plain_of(value: Any) -> Any:
    """Named tuples as objects, other tuples as lists, days as text."""
    if isinstance(value, date):
        return value.isoformat()
    if hasattr(value, "_asdict"):
        return {name: plain_of(one) for name, one in value._asdict().items()}
    return [plain_of(one) for one in value] if isinstance(value, tuple) else value
