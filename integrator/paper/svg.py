"""Charts as SVG inside a page: escaped, with title and description for those who hear it, and nothing inline.

A page's policy lets no style and no script stand in it, so marks have classes, and presentation attributes for pages
without our stylesheet and for paper.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

from integrator.paper.charts import Box, Chart, Plan, Rule, Tone, Words, plan_of

FILLS = {Tone.NONE: "#ffffff", Tone.GOOD: "#c9dfd3", Tone.ON_ITS_WAY: "#8fa9bf", Tone.STOPPED: "#5c1f1b"}
PLAIN_FILL, HEATS = "#8fa9bf", ("#5c1f1b", "#8a4a3a", "#d9b38c", "#d5e0c9", "#eef5ee")
OUTLINE, INK, PAPER = "#44505a", "#1b2329", "#ffffff"
FONT_SIZE = 9
_NAME = re.compile("[a-z][a-z0-9-]{0,40}")


def render_svg(chart: Chart, name: str) -> str:
    """The chart as one `svg` element. `name` is its own on the page: small letters, digits, hyphens."""
    if not _NAME.fullmatch(name):
        raise ValueError("name: small letters, digits and hyphens are wanted")
    plan = plan_of(chart)
    linked = any(isinstance(each, Box) and each.link for each in plan.marks)
    role = "group" if linked else "img"  # an image hides the links in it from those who hear the page
    opened = (
        f'<svg class="chart" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(plan.width)} {_n(plan.height)}" '
        f'role="{role}" aria-labelledby="{name}-title {name}-told" font-size="{FONT_SIZE}" font-family="sans-serif">'
    )
    heads = f'<title id="{name}-title">{escape(chart.title)}</title><desc id="{name}-told">{escape(chart.told)}</desc>'
    return opened + heads + "".join(_marks(plan)) + "</svg>"


def _marks(plan: Plan) -> Iterator[str]:
    for each in plan.marks:
        if isinstance(each, Box):
            yield _box(each)
        elif isinstance(each, Rule):
            end = _n(each.x + each.width)
            places = f'x1="{_n(each.x)}" x2="{end}" y1="{_n(each.y)}" y2="{_n(each.y)}"'
            yield f'<line class="chart-rule" {places} stroke="#c4ccd2" stroke-width="0.7"/>'
        else:
            yield _words(each)


def _box(box: Box) -> str:
    kind = f"heat-{box.heat}" if box.heat is not None else str(box.tone)
    sides = f'x="{_n(box.x)}" y="{_n(box.y)}" width="{_n(box.width)}" height="{_n(box.height)}"'
    says = f"<title>{escape(box.says)}</title>" if box.says else ""
    drawn = (
        f'<rect class="chart-box chart-{kind}" {sides} fill="{fill_of(box)}" stroke="{OUTLINE}" stroke-width="0.6">'
        f"{says}</rect>"
    )
    return f'<a href="{escape(box.link)}" aria-label="{escape(box.says)}">{drawn}</a>' if box.link else drawn


def _words(words: Words) -> str:
    ink = PAPER if words.on_dark else INK
    kind = "chart-words chart-words-on-dark" if words.on_dark else "chart-words"
    place = f'x="{_n(words.x)}" y="{_n(words.y)}" text-anchor="{words.anchor}"'
    return f'<text class="{kind}" {place} fill="{ink}">{escape(words.text)}</text>'


def fill_of(box: Box) -> str:
    """The colour of a box."""
    return HEATS[box.heat] if box.heat is not None else FILLS.get(box.tone, PLAIN_FILL)


def _n(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
