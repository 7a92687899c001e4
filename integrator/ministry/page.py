"""One page for the eye: clock, firms, faults, ledger. It shows and changes nothing, and works without script.

Everything that comes from outside is escaped. No identity number stands on it, and of a firma kodu only its end.
"""

import base64
from collections.abc import Iterable
from hashlib import sha256
from html import escape
from itertools import islice
from typing import Any

from integrator.ministry.ledger import Stored
from integrator.ministry.ministry import Ministry
from integrator.ministry.wire import BANNER, Reply

ROW_LIMIT = 50  # of the ledger and of the firms
STYLE = (
    "body{font:16px/1.5 sans-serif;margin:1.5rem;color:#111;background:#fff}table{border-collapse:collapse}"
    "th,td{border:1px solid #777;padding:.2rem .6rem;text-align:left}.banner{background:#fde68a;padding:.5rem}"
)
_HASH = base64.b64encode(sha256(STYLE.encode()).digest()).decode()
HEADERS = (
    (
        "Content-Security-Policy",
        f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
)
Cells = Iterable[Any]


def page(ministry: Ministry) -> Reply:
    """The page as it stands now."""
    parts = (_clock(ministry), _firms(ministry), _faults(ministry), _versions(ministry), _ledger(ministry))
    body = (
        '<!DOCTYPE html><html lang="tr"><head><meta charset="utf-8">'
        "<title>Bakanlık deneme ikizi / Ministry stub</title>"
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body>'
        f'<p class="banner" role="note">Bu bakanlık değildir; deneme amaçlıdır. / {escape(BANNER)}</p>'
        f'<h1>Bakanlık deneme ikizi / Ministry stub</h1><p><a href="/">Yenile / Refresh</a></p>{"".join(parts)}'
        "</body></html>"
    )
    return Reply(200, "text/html; charset=utf-8", body.encode(errors="replace"), HEADERS)


def _clock(ministry: Ministry) -> str:
    told = ministry.clock.as_json()
    kind = "gerçek / real" if told["real"] else f"ayarlı / set, x{told['factor']:g}"
    return _table("Saat / Clock", ("Türkiye / Turkey", "UTC", "Tür / Kind"), [(told["turkey"], told["now"], kind)])


def _firms(ministry: Ministry) -> str:
    today, register = ministry.today(), ministry.register
    rows = []
    for firma in islice(register.firmalar.values(), ROW_LIMIT):
        reasons = ministry.firms.reasons(firma.firma_kodu, today)
        why = ", ".join(f"{one.tur} {one.no}".strip() for one in reasons) or ("" if firma.aktif else "idari")
        state = "pasif / passive" if why else "aktif / active"
        dossier = ministry.firms.dossiers.get(firma.firma_kodu)
        rows.append((dossier.unvan if dossier else "", f"…{firma.firma_kodu[-3:]}", state, why))
    return _table("Firmalar / Firms", ("Unvan / Name", "Kod / Code", "Durum / State", "Neden / Reason"), rows)


def _faults(ministry: Ministry) -> str:
    plan, struck = ministry.plan.as_json(), ministry.ledger.faults
    names = sorted({*plan["rates"], *plan["query_rates"], *struck})
    rows = [(name, plan["rates"].get(name, 0), plan["query_rates"].get(name, 0), struck[name]) for name in names]
    head = ("Kusur / Fault", "Kayıtta / On saves", "Sorguda / On queries", "Olan / Struck")
    return _table(f"Kusurlar / Faults (seed {plan['seed']})", head, rows)


def _versions(ministry: Ministry) -> str:
    known = ministry.versions.known_on(ministry.today())
    rows = [
        (one.veri_seti, one.version, ", ".join(one.metot), one.in_force_from, one.in_force_until or "") for one in known
    ]
    head = ("Veri seti", "Sürüm / Version", "Metot", "Başlangıç / From", "Bitiş / Until")
    return _table("Veri setleri / Data sets", head, rows)


def _ledger(ministry: Ministry) -> str:
    summary, ledger = ministry.ledger.summary(), ministry.ledger
    counts = [(code, count) for code, count in summary["codes"].items()]
    head = ("Sorgu no", "Nesil / Generation", "İşyeri / Workplace", "Gün / Day", "Parça / Pairs", "An / At")
    rows = [_stored(one) for one in islice(ledger.youngest(), ROW_LIMIT)]
    title = f"Kayıtlar / Ledger: {summary['messages']} ({summary['effects']})"
    return _table("Sonuç kodları / Result codes", ("Kod / Code", "Sayı / Count"), counts) + _table(title, head, rows)


def _stored(one: Stored) -> Cells:
    at = one.at.isoformat(timespec="seconds")
    return one.answer.sorgu_no or "", one.generation, one.sgk_tescil_no, one.gun, sum(1 for _ in one.effects()), at


def _table(title: str, head: Cells, rows: Iterable[Cells]) -> str:
    """A heading and a table under it; every cell is escaped here."""
    columns = "".join(f'<th scope="col">{escape(str(one))}</th>' for one in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(one))}</td>" for one in row) + "</tr>" for row in rows)
    return f"<h2>{escape(title)}</h2><table><thead><tr>{columns}</tr></thead><tbody>{body}</tbody></table>"
