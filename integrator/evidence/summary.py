"""The page of a pack that people read, Turkish and English: numbers, times, codes. No person, no health content."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from integrator.domain.advice import word
from integrator.domain.clock import ISTANBUL
from integrator.evidence.dossier import Dossier
from integrator.gateway import Gateway

_HEADINGS = (
    ("Sorgu no", "Sorgu no"), ("Veri seti", "Veri seti"), ("Olay tarihi", "Event date"), ("Kabul", "Taken in"),
    ("Son yanıt", "Last answer"), ("Kod", "Code"), ("Durum", "State"), ("Kabul edilen", "Stored parts"),
    ("İmza kanıtı", "Evidence of signature"),
)  # fmt: skip
_PAGE = """<!doctype html>
<html lang="tr"><meta charset="utf-8"><title>Kanıt paketi / Evidence pack</title>
<style>body{{font:14px sans-serif;margin:2em}}table{{border-collapse:collapse}}
td,th{{border:1px solid #999;padding:4px 8px;text-align:left}}small{{color:#555}}</style>
<h1>Kanıt paketi <small>Evidence pack</small></h1>
<p>{origin}, {made_at}. {count} bildirim <small>messages</small>.</p>
<p>Doğrulamak için Python 3.11 ve <code>cryptography</code> kurulu herhangi bir bilgisayarda:
<code>python verify.py PAKET.zip --trust SERTİFİKALAR --checkpoint MÜHÜR</code>. verify.py bu paketin içindedir;
güvenmek istemeyen onu başka yerden alıp karşılaştırır.<br>
<small>To verify, on any computer with Python 3.11 and <code>cryptography</code>:
<code>python verify.py PACK.zip --trust CERTIFICATES --checkpoint CHECKPOINT</code>. verify.py lies in this pack;
whoever would rather not trust it compares it with one from elsewhere.</small></p>
{health}<table><tr>{headings}</tr>
{rows}
</table></html>
"""
_HEALTH = {
    True: (
        "{count} bildirimin sağlık verisi yalnızca hekime açık ayrı bölümdedir.",
        "The health content of {count} message(s) lies in the part sealed for the physician.",
    ),
    False: (
        "{count} bildirimin sağlık verisi bu pakette yoktur.",
        "The health content of {count} message(s) is not in this pack.",
    ),
}


def render_summary(gateway: Gateway, dossiers: Sequence[Dossier], *, sealed: bool) -> str:
    """One HTML page that loads nothing."""
    health = sum(each.is_health for each in dossiers)
    return _PAGE.format(
        origin=escape(gateway.checkpoint_key.origin),
        made_at=gateway.clock.now().astimezone(ISTANBUL).strftime("%d.%m.%Y %H:%M"),
        count=len(dossiers),
        health=_told_of_health(health, sealed=sealed) if health else "",
        headings="".join(f"<th>{tr}<br><small>{en}</small></th>" for tr, en in _HEADINGS),
        rows="\n".join(f"<tr>{''.join(_cells(each))}</tr>" for each in dossiers),
    )


def _told_of_health(count: int, *, sealed: bool) -> str:
    tr, en = (text.format(count=count) for text in _HEALTH[sealed])
    return f"<p>{tr}<br><small>{en}</small></p>\n"


def _cells(each: Dossier) -> Iterator[str]:
    row, state = each.row, str(each.state)
    last: Mapping[str, Any] = next((one for one in reversed(each.facts) if one.get("outcome")), {})
    level = f"CAdES-{each.level}" if each.level else ("CAdES-BES" if each.cms else "-")
    told = (
        str(each.sorgu_no), f"{row['veri_seti']} {row['version']}", f"{each.event_date:%d.%m.%Y}",
        each.facts[0]["at"], last.get("at", "-"), last.get("code") or "-",
        f"{word(state, 'tr')} / {word(state, 'en')}", f"{row['parts_accepted']}/{row['parts_total']}", level,
    )  # fmt: skip
    yield from (f"<td>{escape(text)}</td>" for text in told)
