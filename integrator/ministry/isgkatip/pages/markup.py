"""HTML in which everything that is filled in is escaped, unless it is Html already; and the frame of every page."""

import html
from collections.abc import Iterable
from typing import Any

from integrator.ministry.wire import BANNER

PREFIX = "/isg-katip"


class Html(str):
    """Text that may stand in a page as it is."""

    __slots__ = ()


def fill(template: str, /, *values: Any, **named: Any) -> Html:
    """`template` with `{}` and `{name}` filled in, escaped; a list of Html is put there piece by piece."""
    return Html(template.format(*map(_safe, values), **{name: _safe(value) for name, value in named.items()}))


def _safe(value: Any) -> str:
    if isinstance(value, Html):
        return value
    if isinstance(value, list):
        return "".join(map(_safe, value))
    return html.escape("" if value is None else str(value), quote=True)


def page(title: str, menu: Html, note: str, main: Html) -> Html:
    """A whole page; the banner stands before everything else."""
    told = fill('<p class="note" role="status">{}</p>', note) if note else Html()
    return fill(
        '<!DOCTYPE html><html lang="tr"><head><meta charset="utf-8"><title>{title} - İSG-KATİP (deneme)</title>'
        '<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="{prefix}/bicim.css"></head>'
        '<body><p class="banner"><strong>Burası Bakanlık değildir.</strong> Deneme ortamıdır; gerçek kimlik ya da '
        'parola girmeyiniz. <span lang="en">{banner}</span></p>{menu}<main><h1>{title}</h1>{told}{main}</main>'
        "</body></html>",
        title=title,
        prefix=PREFIX,
        banner=BANNER,
        menu=menu,
        told=told,
        main=main,
    )


def table(caption: str, headings: Iterable[str], rows: list[Html]) -> Html:
    """A table with its caption, or one line when it has no rows."""
    if not rows:
        return fill("<p>{}: kayıt yok.</p>", caption)
    return fill(
        "<table><caption>{}</caption><thead><tr>{}</tr></thead><tbody>{}</tbody></table>",
        caption,
        [fill('<th scope="col">{}</th>', one) for one in headings],
        rows,
    )


def row(*cells: Any, is_waiting: bool = False) -> Html:
    """One row; green when it waits for an approval."""
    return fill(
        "<tr{}>{}</tr>", Html(' class="bekliyor"' if is_waiting else ""), [fill("<td>{}</td>", c) for c in cells]
    )


def link(path: str, text: str) -> Html:
    """A link to a page of this site."""
    return fill('<a href="{}{}">{}</a>', PREFIX, path, text)


STYLE = b"""body{font:16px/1.5 sans-serif;margin:0;color:#1b1b1b;background:#fff}
.banner{background:#7a0019;color:#fff;margin:0;padding:.6rem 1rem}
nav{background:#e8eef5;padding:.5rem 1rem;display:flex;flex-wrap:wrap;gap:.3rem 1rem;align-items:center}
main{max-width:75rem;margin:0 auto;padding:1rem}
table{border-collapse:collapse;width:100%;margin:1rem 0}caption{text-align:left;font-weight:bold}
th,td{border:1px solid #888;padding:.3rem .5rem;text-align:left;vertical-align:top}th{background:#f0f0f0}
tr.bekliyor td{background:#c9efc9}
label{display:block;margin:.6rem 0 .2rem}label.secim{display:flex;gap:.5rem;align-items:center}
input,select,button{font:inherit;padding:.3rem .5rem}button{background:#0b4f8a;color:#fff;border:0;cursor:pointer}
main form{margin:.6rem 0}td form{display:inline-block;margin:0 .3rem .3rem 0}td a{margin-right:.6rem}
.note{border-left:.4rem solid #0b4f8a;background:#eef5fb;padding:.5rem 1rem}.uyari{color:#8a1c00;font-weight:bold}
.sahne{border:.2rem dashed #7a0019;padding:1rem}a:focus,button:focus,input:focus,select:focus{outline:.2rem solid #c60}
"""
