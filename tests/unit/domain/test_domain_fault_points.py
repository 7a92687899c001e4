import re
import timeit
from pathlib import Path

import integrator
from integrator.domain import fault_points

SOURCES = sorted(Path(integrator.__file__).parent.rglob("*.py"))


def test_nothing_that_is_shipped_arms_a_fault_point():
    armers = [path.name for path in SOURCES if re.search(r"fault_points|\barm\(", path.read_text())]

    assert set(armers) == {path.name for path in SOURCES if "import passing" in path.read_text()} | {"fault_points.py"}
    assert [path.name for path in SOURCES if re.search(r"\barm\(", path.read_text())] == ["fault_points.py"]


def test_an_armed_point_tells_its_name_until_it_is_disarmed():
    passed = []
    fault_points.arm(passed.append)
    fault_points.passing("commit.before")
    fault_points.arm(None)
    fault_points.passing("commit.after")

    assert passed == ["commit.before"]


def test_a_point_that_is_not_armed_costs_next_to_nothing():
    seconds = min(timeit.repeat(lambda: fault_points.passing("commit.before"), number=10_000, repeat=5))

    assert seconds / 10_000 < 2e-6  # a commit costs a thousand times as much
