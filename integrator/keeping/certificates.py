"""The certificate of destruction: what went, by whom and why, what stays and for what reason. It names nobody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integrator.domain.clock import ISTANBUL
from integrator.domain.hands import Hand
from integrator.domain.identifiers import KurumNo
from integrator.keeping.classes import RetentionClass

HELD, OTHERS, NOT_ENDED, TIME = "legal_hold", "about_others_too", "not_ended", "time_not_over"
"""Why something stays."""

_WORDS: Mapping[str, tuple[str, str]] = {
    HELD: ("yasal saklama var (ibys retention hold)", "a legal hold keeps it (ibys retention hold)"),
    OTHERS: (
        "başka kişileri de anlatıyor, parçası yok edilemez",
        "it is about others too and goes whole or not at all",
    ),
    NOT_ENDED: ("bildirimi sonuçlanmadı", "its notification has not ended"),
    TIME: ("saklama süresi dolmadı ya da başlamadı", "its time is not over, or has not begun"),
    "calisan": ("çalışan listesi satırı", "row(s) of rosters"),
    "sozlesme": ("sözleşme", "contract(s)"),
    "profesyonel": ("profesyonel kaydı", "professional(s)"),
    "isyeri_karti": ("işyeri kartındaki irtibat kişisi", "contact person(s) in workplace cards"),
}

_METHOD_TR = (
    "Kaydın AES-256 içerik anahtarı yok edildi, onunla mühürlenen hiçbir şey artık açılmaz; kayıt defterlerinin "
    "satırları silindi ve veritabanının elverdiği yerde üzerine yazıldı."
)
_LEFT_TR = (
    "Numaralar, günler, durumlar, kodlar, denetim kaydındaki tuzlu özetler, okunamayan mühürlü baytlar ve silinen "
    "kişinin bir dosyada yeniden geçtiğini tanımaya yarayan anahtarlı bir iz. Önceki yedekler, kendileri yok edilene "
    "kadar içeriği taşır; geri yüklenen bir yedeğe bu tutanak verilmelidir (ibys restore --destroyed)."
)
METHOD = (
    "a record's AES-256 content key was destroyed, and nothing sealed by it opens any more; "
    "rows of registers were deleted and overwritten where the database can"
)
LEFT = (
    "numbers, days, states, codes, salted digests in the audit log, unreadable sealed bytes, and a keyed mark by which "
    "an erased person is known when an export names them again; a backup made before holds the content until it is "
    "destroyed itself, and a restored one must be given this certificate"
)


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was destroyed and what stays, as it is kept and handed out; no identity number stands in it."""

    number: int
    document: dict[str, Any]

    @property
    def text(self) -> str:
        """One page for people, Turkish and English."""
        return "\n".join(self.lines()) + "\n"

    def lines(self) -> Iterator[str]:
        """The page, line by line."""
        told = self.document
        yield f"İMHA TUTANAĞI / CERTIFICATE OF DESTRUCTION No {self.number}"
        yield f"Kurum: {told['kurum']}   Sınıf / class: {told['class']} ({told['years']} yıl / years)"
        yield f"Dayanak / ground: {told['source']}"
        at = datetime.fromisoformat(told["at"]).astimezone(ISTANBUL)
        yield f"Tarih / date: {at:%d.%m.%Y %H:%M}   Yapan / by: {told['by']}"
        yield f"Gerekçe / reason: {told['reason']}"
        yield from (f"Yöntem: {_METHOD_TR}", f"Method: {told['method']}")
        yield from ("", "Yok edilenler / destroyed:")
        yield from list(_destroyed(told)) or ["  hiçbir şey / nothing"]
        yield from ("", "Kalanlar / what stays:")
        yield from list(_staying(told)) or ["  hiçbir şey / nothing"]
        yield from ("", f"Geride kalan: {_LEFT_TR}", f"What is left of it: {told['left']}")


def _destroyed(told: Mapping[str, Any]) -> Iterator[str]:
    for each in told["records"]:
        yield f"  {each['kayit_no']}  {', '.join(map(str, each['sorgu_no']))}".rstrip()
    for each in told["registers"]:
        if each["destroyed"]:
            yield f"  {each['destroyed']} {_both(each['register'])}"


def _staying(told: Mapping[str, Any]) -> Iterator[str]:
    for each in told["stays"]:
        yield f"  {each['kayit_no']}: {_both(each['why'])}"
    for each in told["registers"]:
        for why, count in each["stays"].items():
            yield f"  {count} {_both(each['register'])}: {_both(why)}"


def _both(name: str) -> str:
    return " / ".join(_WORDS[name])


@dataclass(frozen=True, slots=True)
class Ground:
    """Of whom, under which class, by whom and why."""

    kurum: KurumNo
    kind: RetentionClass
    hand: Hand


def write_certificate(
    number: int, ground: Ground, at: datetime, done: list[dict[str, Any]], kept: list[tuple[str, str]]
) -> dict[str, Any]:
    """The document, as it is kept and as `ibys restore --destroyed` takes it."""
    return {
        "certificate": number,
        "kurum": ground.kurum,
        "class": ground.kind.name,
        "years": ground.kind.years,
        "starts": ground.kind.starts,
        "source": ground.kind.source,
        "at": at.isoformat(),
        **ground.hand.facts,
        "method": METHOD,
        "left": LEFT,
        "records": done,
        "stays": [{"kayit_no": each, "why": why} for each, why in kept],
    }
