import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

import integrator.ministry
from integrator.ministry.clock import BadClock, Clock
from integrator.ministry.fault_plan import FaultPlan
from integrator.ministry.ministry import Ministry

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


class Ticks:
    def __init__(self):
        self.seconds = 100.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def ticks():
    return Ticks()


@pytest.fixture
def clock(ticks):
    made = Clock(ticks)
    made.change({"at": NOON.isoformat()})
    return made


def test_a_clock_that_nobody_put_shows_the_machines_time():
    assert abs(Clock().now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_clock_that_was_put_runs_on(clock, ticks):
    ticks.seconds += 90

    assert clock.now() == NOON + timedelta(seconds=90)


def test_an_hour_passes_in_a_second_at_factor_3600(clock, ticks):
    clock.change({"factor": 3600})
    ticks.seconds += 2

    assert clock.now() == NOON + timedelta(hours=2)


def test_a_change_of_factor_does_not_make_the_clock_jump(clock, ticks):
    clock.change({"factor": 3600})
    ticks.seconds += 1
    clock.change({"factor": 0})
    ticks.seconds += 500

    assert clock.now() == NOON + timedelta(hours=1)


def test_advance_goes_on_from_the_present(clock, ticks):
    ticks.seconds += 1
    clock.change({"advance_seconds": 59})

    assert clock.now() == NOON + timedelta(minutes=1)


def test_a_clock_can_be_put_back(clock):
    clock.change({"at": "2018-01-01T00:00:00+00:00"})

    assert clock.now().year == 2018


def test_a_moment_without_offset_is_meant_in_turkey(clock):
    clock.change({"at": "2026-12-01T00:00:00", "factor": 0})

    assert clock.now() == datetime(2026, 11, 30, 21, tzinfo=UTC)


def test_the_day_changes_at_midnight_in_turkey(clock):
    clock.change({"at": "2026-11-30T20:59:59.999+00:00", "factor": 0})
    before = clock.today()
    clock.change({"at": "2026-11-30T21:00:00+00:00"})

    assert (before, clock.today()) == (date(2026, 11, 30), date(2026, 12, 1))


def test_a_clock_that_runs_too_far_stands_still(clock, ticks):
    clock.change({"factor": 1_000_000})
    ticks.seconds += 1e12

    assert clock.now().year == 2200


def test_back_to_real(clock):
    clock.change({"real": True})

    assert clock.as_json()["real"] is True
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)


@pytest.mark.parametrize(
    "wanted",
    [
        None,
        [],
        {},
        {"at": 5},
        {"at": "soon"},
        {"at": "1999-01-01"},
        {"at": "0001-01-01T00:00:00+14:00"},
        {"at": "9999-12-31T23:59:59-14:00"},
        {"factor": -1},
        {"factor": True},
        {"factor": float("nan")},
        {"factor": 1e9},
        {"advance_seconds": "1"},
        {"advance_seconds": 1e300},
        {"advance_seconds": 6e9},
        {"real": False},
        {"real": True, "factor": 2},
        {"when": 1},
    ],
)
def test_what_is_no_time_changes_nothing(clock, wanted):
    with pytest.raises(BadClock, match=r"expected|stands alone"):
        clock.change(wanted)

    assert clock.now() == NOON


def test_a_spell_of_401_passes_by_this_clock(ticks):
    ministry = Ministry(FaultPlan(seed=1), Clock(ticks))
    ministry.clock.change({"at": NOON.isoformat()})
    ministry.plan.begin_401_spell(3600)
    during = ministry.plan.is_in_401_spell()
    ministry.clock.change({"advance_seconds": 3600})

    assert (during, ministry.plan.is_in_401_spell()) == (True, False)


def test_nothing_else_in_the_stub_reads_a_clock():
    root = Path(integrator.ministry.__path__[0])
    reads = re.compile(r"datetime\.now\(|time\.time\(|utcnow\(|time\.monotonic|date\.today\(")

    assert [path.name for path in root.rglob("*.py") if reads.search(path.read_text())] == ["clock.py"]
