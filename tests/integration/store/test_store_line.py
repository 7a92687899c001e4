from dataclasses import replace
from datetime import timedelta

import pytest

from integrator.queue.line import PASSIVE, Line
from integrator.queue.line_row import ensure_line, lock_line, read_line, write_line
from integrator.queue.pace import Tokens
from integrator.store.engine import reading, writing
from tests.fakes import START

HERE, THERE = "http://m:80/here", "http://m:80/there"
FULL = Line(
    HERE,
    PASSIVE,
    "401",
    START,
    3,
    2,
    "osgb-1",
    START + timedelta(minutes=1),
    "10000000001:7",
    START + timedelta(seconds=1),
    1_772_442_000_123_456,
    Tokens(-5_000, START),
    "a",
    "b",
)


def read(engine, address=HERE):
    with reading(engine) as tx:
        return read_line(tx, address)


def test_a_line_nobody_wrote_about_is_open(engine):
    assert read(engine) == Line(HERE)


@pytest.mark.parametrize("is_there", [True, False])
def test_what_is_written_is_read(engine, is_there):
    if is_there:
        ensure_line(engine, HERE)
    with writing(engine) as tx:
        write_line(tx, Line(HERE), FULL)

    assert read(engine) == FULL


def test_each_address_has_a_row_of_its_own(engine):
    with writing(engine) as tx:
        write_line(tx, Line(HERE), FULL)

    assert read(engine, THERE) == Line(THERE)


def test_the_row_is_made_once(engine):
    with writing(engine) as tx:
        write_line(tx, Line(HERE), FULL)
    ensure_line(engine, HERE)

    assert read(engine) == FULL


def test_a_locked_line_is_the_line_as_it_stands(engine):
    ensure_line(engine, HERE)
    with writing(engine) as tx:
        found = lock_line(tx, HERE)
        write_line(tx, found, replace(found, failures=1))

    assert read(engine).failures == 1
