"""What a person must know to decide about one held message: what to check, and what release and cancel would do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrator.cli.output import local, say
from integrator.domain.states import State
from integrator.queue import outbox

_MENDERS = {
    "212": (
        "Çalışan bu işyerinin listesinde değil. İşyerinin e-Bildirge kullanıcısı işe girişi bildirir ya da listeyi "
        "düzeltir; sonra ibys release.",
        "The worker is not on this workplace's roster. The workplace's e-Bildirge user reports the employment or mends "
        "the list; then ibys release.",
    ),
    "213": (
        "İşyeri ile profesyonel ya da kurum arasında onaylı sözleşme yok. İşyerinin e-Bildirge kullanıcısı sözleşmeyi "
        "İSG-KATİP'te onaylar; sonra ibys release.",
        "There is no approved contract between the workplace and the professional or firm. The workplace's e-Bildirge "
        "user approves it in İSG-KATİP; then ibys release.",
    ),
}

_DECISIONS = {
    "asked_too_long": (
        "Bakanlıkta {no} numarasını sorun (İSG-KATİP ekranı ya da destek hattı): bu numarayla kayıt var mı?",
        "Ask the ministry about number {no} (İSG-KATİP screen or help desk): is there a record under it?",
    ),
    "unknown_code": (
        "Bakanlığa {no} numarasını ve {code} kodunun anlamını sorun.",
        "Ask the ministry about number {no} and what code {code} means.",
    ),
    "foreign": (
        "Bakanlıkta {no} numarası başkasının kaydına ait. Aynı firma kodu başka bir kurulumda mı kullanılıyor?",
        "At the ministry, number {no} belongs to another record. Is the firma kodu used by another installation?",
    ),
    "attempts_spent": (
        "Hiçbir deneme bakanlığa ulaşmadı. Hattı denetleyin: ibys line show.",
        "No attempt reached the ministry. Check the line: ibys line show.",
    ),
    "broken": (
        "Saklanan baytlar açılmıyor. Yedeği ve ana anahtarı denetleyin.",
        "The stored bytes do not open. Check the backup and the master key.",
    ),
}


def decision_of(shown: Mapping[str, Any]) -> list[str]:
    """What somebody must know to decide about a message that is held for them, line by line; nothing for others."""
    if shown["state"] != State.HELD:
        return []
    no, code, reason = shown["sorgu_no"], shown["last_code"], shown["reason"].partition(":")[0]
    lines = [say("Karar sizde:", "For you to decide:")]
    pair = _MENDERS.get(code) or _DECISIONS.get(reason)
    if pair:
        lines.append("  " + say(*pair).format(no=no, code=code))
    if shown["uncertain_since"]:
        since = local(shown["uncertain_since"])
        lines.append("  " + say(f"Durumu {since} tarihinden beri belirsiz.", f"Its fate is unknown since {since}."))
    return lines + [f"  {line}" for line in _choices(no, reason)]


def _choices(no: int, reason: str) -> list[str]:
    """What release and cancel would do."""
    release = (
        say(
            "önce numarasıyla yeniden sorar, körlemesine göndermez",
            "asks about its number again first, sends nothing blindly",
        )
        if reason in outbox.FATE_UNKNOWN
        else say("aynı baytları aynı numarayla yeniden gönderir", "sends the same bytes under the same number again")
    )
    cancel = (
        say(
            "kabul edilmez: ileti bakanlıkta saklanmış olabilir",
            "is refused: the message may be stored at the ministry",
        )
        if reason in outbox.MAY_BE_STORED
        else say("iletiyi geri alır; bir daha gönderilmez", "takes the message back; it is never sent")
    )
    return [f'ibys release {no} --reason "...": {release}', f'ibys cancel {no} --reason "...": {cancel}']
