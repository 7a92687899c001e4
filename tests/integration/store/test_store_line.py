from datetime import timedelta

import pytest

from integrator.queue import line
from integrator.store.engine import reading, writing
from tests.fakes import START

GAP = timedelta(minutes=1)


@pytest.fixture
def passive(engine):
    with writing(engine) as tx:
        line.set_line(tx, line.PASSIVE, reason="401", probe_at=START + GAP, now=START)
    return engine


def room(engine, now, wanted=64):
    with writing(engine) as tx:
        return line.room_on_line(tx, wanted, now=now)


def test_a_line_nobody_wrote_about_is_active(engine):
    with reading(engine) as tx:
        assert line.read_line(tx).state == line.ACTIVE

    assert room(engine, START) == 64


def test_a_passive_line_lets_nothing_through_before_its_probe(passive):
    assert room(passive, START + GAP - timedelta(milliseconds=1)) == 0


def test_a_passive_line_lets_one_probe_through_at_its_time(passive):
    assert room(passive, START + GAP) == 1


def test_a_reopened_line_has_all_its_room(passive):
    with writing(passive) as tx:
        assert line.set_line(tx, line.ACTIVE, reason="", probe_at=None, now=START)

    assert room(passive, START) == 64


def test_writing_the_same_state_again_is_no_change(passive):
    with writing(passive) as tx:
        assert not line.set_line(tx, line.PASSIVE, reason="401", probe_at=START, now=START)
