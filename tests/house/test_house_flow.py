from __future__ import annotations

import re
from pathlib import Path

import integrator
from integrator import pipeline
from integrator.domain.states import MOVES

ROOT = Path(integrator.__file__).parent.parent
ROOMS = ["intake", "validate", "sign", "queue", "deliver", "receipt", "audit"]


def test_the_package_the_pipeline_and_the_flow_page_name_the_same_rooms_in_the_same_order():
    package = re.findall(r"^\d\. (\w+) ", integrator.__doc__ or "", re.MULTILINE)
    page = re.findall(r"^\d\. \*\*(\w+)\*\*", (ROOT / "docs" / "flow.md").read_text(), re.MULTILINE)
    walk = dict(re.findall(r"(\d) (\w+)", pipeline.__doc__ or ""))

    assert package == page == ROOMS
    assert [walk[str(number)] for number in range(1, 8)] == ROOMS


def test_every_room_is_a_package_that_says_which_room_it_is():
    for number, room in enumerate(ROOMS, 1):
        said = (ROOT / "integrator" / room / "__init__.py").read_text()
        assert said.startswith(f'"""Room {number}. ')


def test_the_flow_page_draws_every_move_of_the_table_and_no_other():
    drawn = re.search(r"```\n(.*?)```", (ROOT / "docs" / "flow.md").read_text(), re.DOTALL)
    assert drawn is not None
    arrows = set()
    start = ""
    for line in drawn[1].splitlines():
        for match in re.finditer(r"([a-z_| ]*?) -([a-z])-> ((?:[a-z_]+)(?: \| [a-z_]+)*)", line):
            start = match[1].strip() or start
            arrows |= {(match[2], a.strip(), b) for a in start.split("|") for b in match[3].split(" | ")}
            start = match[3].split(" | ")[-1] if " | " not in match[3] else start

    table = {(letter, str(a), str(b)) for letter, rows in MOVES.items() for a, ends in rows.items() for b in ends}
    assert {letter for letter, _, _ in arrows} == set(MOVES)
    assert {(letter, b) for letter, _, b in arrows} == {(letter, b) for letter, _, b in table}
