"""Charts as vectors on paper: the same marks, drawn by reportlab."""

from __future__ import annotations

from typing import Any

from reportlab.graphics.shapes import Drawing, Group, Line, Rect, String
from reportlab.lib.colors import HexColor

from integrator.evidence.receipt_pdf import PLAIN
from integrator.paper.charts import Box, Chart, Rule, Words, plan_of
from integrator.paper.svg import FONT_SIZE, INK, OUTLINE, PAPER, fill_of


def draw_chart(chart: Chart, *, width: float) -> Drawing:
    """A drawing of this width in points; fonts are made known by `put_fonts`."""
    plan = plan_of(chart)
    scale = width / plan.width
    drawing, group = Drawing(width, plan.height * scale), Group()
    for each in plan.marks:
        group.add(_drawn(each, plan.height))
    group.scale(scale, scale)
    drawing.add(group)
    return drawing


def _drawn(mark: Box | Words | Rule, height: float) -> Any:
    if isinstance(mark, Box):
        fill, line = HexColor(fill_of(mark)), HexColor(OUTLINE)
        place = (mark.x, height - mark.y - mark.height, mark.width, mark.height)
        return Rect(*place, fillColor=fill, strokeColor=line, strokeWidth=0.6)
    if isinstance(mark, Rule):
        level = height - mark.y
        return Line(mark.x, level, mark.x + mark.width, level, strokeColor=HexColor("#c4ccd2"), strokeWidth=0.7)
    ink = HexColor(PAPER if mark.on_dark else INK)
    look = {"fontName": PLAIN, "fontSize": FONT_SIZE - 1, "fillColor": ink, "textAnchor": mark.anchor}
    return String(mark.x, height - mark.y, mark.text, **look)
