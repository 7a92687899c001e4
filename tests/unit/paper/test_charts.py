import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrator.evidence.receipt_pdf import put_fonts
from integrator.paper.charts import WIDTH, Box, Columns, Heat, HeatRow, Series, Tone, heat_of, plan_of
from integrator.paper.drawing import draw_chart
from integrator.paper.svg import render_svg

HOSTILE = "<script>alert('x')</script>\" onload=x &amp; Işık"
SVG = "{http://www.w3.org/2000/svg}"


def columns(*series, labels=("01.2026", "02.2026"), **facts):
    several = tuple(Series(name, tone, values) for name, tone, values in series)
    return Columns(HOSTILE, "Aylar", labels, several, **facts)


GOOD, BAD = ("kabul", Tone.GOOD, (3, 40)), ("durdu", Tone.STOPPED, (0, 10))
MAP = Heat(
    "Harita", HOSTILE, ("01.2026", "02.2026"), (HeatRow(HOSTILE, (None, 100), "/isyeri/1"), HeatRow("B", (0, 49)))
)
COLUMNS = columns(GOOD, BAD, links=("/list?month=2026-01&state=held", "/list?month=2026-02"))


@pytest.mark.parametrize("chart", [COLUMNS, MAP])
def test_what_others_wrote_is_escaped_and_nothing_is_inline(chart):
    text = render_svg(chart, "months")
    tree = ElementTree.fromstring(text)

    assert {each.tag.removeprefix(SVG) for each in tree.iter()} <= {
        "svg", "title", "desc", "rect", "line", "text", "a"
    }  # fmt: skip
    names = {name for each in tree.iter() for name in each.attrib}
    assert not {name for name in names if name == "style" or name.startswith("on")}
    assert all(each.get("href").startswith("/") for each in tree.iter(f"{SVG}a"))


def test_a_chart_is_heard_by_its_title_its_description_and_its_marks():
    tree = ElementTree.fromstring(render_svg(columns(GOOD, BAD), "months"))
    heard = [each.text for each in tree.iter(f"{SVG}title")]

    assert (tree.get("role"), tree.get("aria-labelledby")) == ("img", "months-title months-told")
    assert heard == [HOSTILE, "01.2026, kabul: 3", "02.2026, kabul: 40", "02.2026, durdu: 10"]
    assert ElementTree.fromstring(render_svg(COLUMNS, "months")).get("role") == "group"


@pytest.mark.parametrize("name", ["", "A", "x y", 'x"', "1x"])
def test_a_name_that_is_no_name_is_refused(name):
    with pytest.raises(ValueError, match="name"):
        render_svg(MAP, name)


@pytest.mark.parametrize("link", ["https://x.test/", "//x.test", "/\\x.test", "javascript:alert(1)", "list"])
def test_a_link_that_leaves_this_site_is_refused(link):
    with pytest.raises(ValueError, match="site"):
        columns(GOOD, links=(link, "/"))
    with pytest.raises(ValueError, match="site"):
        Heat("x", "x", ("1",), (HeatRow("A", (1,), link),))


@pytest.mark.parametrize(
    "make",
    [
        lambda: columns(("a", Tone.GOOD, (1,))),
        lambda: columns(("a", Tone.GOOD, (1, -1))),
        columns,
        lambda: columns(("a", Tone.GOOD, ()), labels=()),
        lambda: Heat("x", "x", ("1",), (HeatRow("A", (101,)),)),
        lambda: Heat("x", "x", ("1",), ()),
        lambda: Heat("x", "x", ("1", "2"), (HeatRow("A", (1,)),)),
    ],
)
def test_numbers_that_do_not_fit_are_refused(make):
    with pytest.raises(ValueError, match=r"wanted|column|cell"):
        make()


@given(
    st.integers(1, 60).flatmap(
        lambda n: st.lists(st.lists(st.integers(0, 10**7), min_size=n, max_size=n), min_size=1, max_size=4)
    )
)
def test_every_mark_stays_on_the_sheet_whatever_the_numbers(several):
    labels = tuple(f"{at:02}.2026" for at in range(len(several[0])))
    plan = plan_of(columns(*((f"s{at}", Tone.GOOD, tuple(each)) for at, each in enumerate(several)), labels=labels))

    for each in plan.marks:
        if isinstance(each, Box):
            assert each.x >= 0 and each.x + each.width <= WIDTH + 0.01
            assert each.y >= -0.01 and each.y + each.height <= plan.height
        else:
            assert 0 <= each.y <= plan.height


def test_the_same_marks_are_drawn_on_paper():
    put_fonts()
    drawing = draw_chart(COLUMNS, width=320)
    [group] = drawing.contents

    assert len(group.contents) == len(plan_of(COLUMNS).marks)
    assert drawing.width == 320
    assert re.search("heat-0.*heat-0", render_svg(MAP, "m"))


def test_the_darkest_cell_is_the_lowest():
    assert [heat_of(each) for each in (0, 49, 50, 84, 85, 99, 100)] == [0, 0, 1, 2, 3, 3, 4]
