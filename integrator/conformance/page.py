"""The report as a page that a ministry officer reads and prints: Turkish with English. No script, no link."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

_STYLE = Path(__file__).with_name("page.css")
_WORDS = Path(__file__).with_name("words.toml")
VERDICTS = {
    "passed": ("UYGUN", "conforms"),
    "failed": ("UYGUN DEĞİL", "does not conform"),
    "not_offered": ("SUNULMUYOR", "not offered"),
    "broken": ("DENENEMEDİ", "could not be tried"),
}
TIERS = {
    "format": ("Biçim", "format"),
    "flow": ("Akış", "flow"),
    "failure": ("Arıza", "failure"),
    "security": ("Güvenlik", "security"),
}
_HEADER = {
    "subject": ("Denenen", "tested"),
    "subject_version": ("Sürümü", "its version"),
    "ministry": ("Bakanlık tarafı", "ministry's side"),
    "suite": ("Uyumluluk takımı", "suite"),
    "scenarios_sha256": ("Senaryoların özeti", "digest of the scenarios"),
    "schemas_sha256": ("Şemaların özeti", "digest of schemas/"),
    "datasets_sha256": ("Veri setlerinin özeti", "digest of datasets/"),
    "python": ("Python", "Python"),
    "system": ("İşletim sistemi", "system"),
    "began_at": ("Başlangıç (UTC)", "began (UTC)"),
}


def write_page(report: Mapping[str, Any]) -> str:
    """The HTML of a whole report (the shape of ``report.json``)."""
    parts = [
        _opening(report), _summary(report), _clauses(report["scenarios"]),
        *(_tier(tier, report["scenarios"]) for tier in TIERS), _closing(),
    ]  # fmt: skip
    body = "\n".join(parts)
    return (
        f'<!DOCTYPE html>\n<html lang="tr"><head><meta charset="utf-8"><title>İBYS uyumluluk raporu</title>'
        f"<style>{_STYLE.read_text()}</style></head><body>\n{body}\n</body></html>\n"
    )


def _both(pair: tuple[str, str]) -> str:
    return f'{escape(pair[0])} <span class="en" lang="en">{escape(pair[1])}</span>'


def _opening(report: Mapping[str, Any]) -> str:
    rows = "".join(
        f'<tr><th scope="row">{_both(names)}</th><td class="{"hash" if key.endswith("sha256") else ""}">'
        f"{escape(str(report['header'].get(key, '-')))}</td></tr>"
        for key, names in _HEADER.items()
    )
    return (
        "<h1>İBYS entegratör yazılımı uyumluluk raporu</h1>"
        '<p class="en" lang="en">Conformance report of an İBYS integrator\'s software</p>'
        "<p>Bu rapor Bakanlıkça verilmiş bir belge değildir. Kişiler, işyerleri ve numaralar uydurmadır. "
        '<span class="en" lang="en">Not a document of the Ministry; people and numbers are invented.</span></p>'
        f"<table>{rows}</table>"
    )


def _summary(report: Mapping[str, Any]) -> str:
    counts = report["counts"]
    cells = "".join(
        f'<tr><td class="v {name}">{_both(VERDICTS[name])}</td><td>{count}</td></tr>' for name, count in counts.items()
    )
    tried = f"{report['executed']} senaryo yürütüldü, {report['seconds']} saniye sürdü."
    if not report["executed"]:
        tried = "HİÇBİR SENARYO YÜRÜTÜLMEDİ: bu rapor hiçbir şeyi göstermez. (Nothing was executed.)"
    return f"<h2>{_both(('Özet', 'summary'))}</h2><table>{cells}</table><p>{tried}</p>"


def _clauses(scenarios: Sequence[Mapping[str, Any]]) -> str:
    """One row for each clause: the worst verdict of its scenarios."""
    by_clause: dict[str, list[Mapping[str, Any]]] = {}
    for each in scenarios:
        by_clause.setdefault(each["clause"]["id"], []).append(each)
    rows = "".join(_clause_row(group) for _, group in sorted(by_clause.items()))
    head = "".join(
        f'<th scope="col">{_both(names)}</th>'
        for names in (
            ("Madde", "clause"),
            ("Gereklilik", "requirement"),
            ("Senaryo", "scenarios"),
            ("Hüküm", "verdict"),
        )
    )
    return f"<h2>{_both(('Maddelere göre hüküm', 'verdict per clause'))}</h2><table><tr>{head}</tr>{rows}</table>"


def _clause_row(group: Sequence[Mapping[str, Any]]) -> str:
    clause = group[0]["clause"]
    worst = next(
        name for name in ("broken", "failed", "not_offered", "passed") if any(e["verdict"] == name for e in group)
    )
    good = sum(each["verdict"] == "passed" for each in group)
    return (
        f"<tr><td>{escape(clause['source'])}<br><b>{escape(clause['number'])}</b></td>"
        f'<td>{escape(clause["tr"])}<br><span class="en" lang="en">{escape(clause["en"])}</span></td>'
        f'<td>{good}/{len(group)}</td><td class="v {worst}">{escape(VERDICTS[worst][0])}</td></tr>'
    )


def _tier(tier: str, scenarios: Sequence[Mapping[str, Any]]) -> str:
    mine = [each for each in scenarios if each["tier"] == tier]
    return f"<h2>{_both(TIERS[tier])}</h2>" + "".join(map(_article, mine)) if mine else ""


def _article(scenario: Mapping[str, Any]) -> str:
    clause, verdict = scenario["clause"], scenario["verdict"]
    declared = f"<p>Beyan edilmiş sapma: {escape(scenario['declared'])}</p>" if scenario["declared"] else ""
    why = _both(("Neden (görülen, beklenen)", "reason"))
    reason = f'<p class="{verdict}">{why}: {escape(scenario["reason"])}</p>' if scenario["reason"] else ""
    return (
        f'<article id="{escape(scenario["id"])}"><span class="verdict {verdict}">{escape(VERDICTS[verdict][0])}</span>'
        f"<h3>{escape(scenario['title']['tr'])}</h3>"
        f'<p class="en" lang="en">{escape(scenario["title"]["en"])} &middot; {escape(scenario["id"])} &middot; '
        f"{escape(scenario['metot'])}</p>"
        f"<blockquote>{escape(clause['source'])} <b>{escape(clause['number'])}</b> [{escape(clause['label'])}]: "
        f'{escape(clause["tr"])} <span class="en" lang="en">{escape(clause["en"])}</span></blockquote>'
        f"{reason}{declared}{_steps(scenario['steps'])}{_observed(scenario['observed'])}</article>"
    )


def _steps(steps: Sequence[Mapping[str, Any]]) -> str:
    words = tomllib.loads(_WORDS.read_text(encoding="utf-8"))
    lines = "".join(
        f"<li>{'&#10003;' if each['good'] else '<b class=failed>&#10007;</b>'} {escape(words[each['do']])} "
        f'<span class="en" lang="en">{escape(each["does"])} {escape(_told(each["told"]))}</span> '
        f"&rarr; {escape(each['seen'])}</li>"
        for each in steps
    )
    return f"<p>{_both(('Adımlar', 'steps'))}</p><ol>{lines}</ol>" if steps else ""


def _told(told: Mapping[str, Any]) -> str:
    text = json.dumps(told, ensure_ascii=False) if told else ""
    return text if len(text) < 300 else f"{text[:300]}..."


def _observed(observed: Sequence[Mapping[str, str]]) -> str:
    figures = "".join(
        f"<figure><figcaption>{escape(each['name'])}</figcaption><pre>{escape(each['text'])}</pre></figure>"
        for each in observed
    )
    return f"<p>{_both(('Gözlenen baytlar ve kanıt', 'observed bytes and evidence'))}</p>{figures}" if figures else ""


def _closing() -> str:
    return (
        "<h2>Notlar</h2><p>Maddeler kendi sözlerimizle özetlenmiştir. Köşeli ayraç içindeki harf kaynağın gücüdür: "
        "O resmî, W bakanlığın WSDL'inden üretilmiş, L bakanlık tiplerinin aktarımı, A incelenmiş dosya, "
        "C başkasının kodu, D ürün belgesi, I çıkarım. "
        '<span class="en" lang="en">Clauses are in our own words; the letter is the strength of the source.</span></p>'
    )
