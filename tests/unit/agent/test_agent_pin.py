from __future__ import annotations

import os
from functools import partial

import pytest

from integrator.agent import pin
from integrator.domain.errors import Malformed, Misconfigured


@pytest.fixture
def file_with(tmp_path):
    def write(content):
        (tmp_path / "pin").write_bytes(content)
        return tmp_path / "pin"

    return write


@pytest.mark.parametrize("content", [b"123456", b"123456\n", b"123456\r\n", b"123456\nmore\n"])
def test_a_pin_is_the_first_line_without_its_end(file_with, content):
    assert pin.from_file(file_with(content)) == bytearray(b"123456")


@pytest.mark.parametrize("content", [b"", b"\n", b"\r\n", b"1" * 256, b"1" * 10_000])
def test_no_pin_or_an_endless_one_is_refused_without_being_told(file_with, content):
    with pytest.raises(Malformed) as refused:
        pin.from_file(file_with(content))

    assert "111" not in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(Misconfigured, match="absent"):
        pin.from_file(tmp_path / "absent")


def test_the_pin_is_overwritten_after_use_and_after_a_failure(file_with):
    kept = []
    for trouble in (None, ValueError("bug")):
        try:
            with pin.held(partial(pin.from_file, file_with(b"123456"))) as taken:
                kept.append(taken)
                assert taken == b"123456"
                if trouble:
                    raise trouble
        except ValueError:
            pass

    assert kept == [bytearray(6), bytearray(6)]


def test_standard_input_gives_one_line_each_time(monkeypatch):
    read, write = os.pipe()
    os.write(write, b"1111\n2222\n")
    os.close(write)
    kept = os.dup(0)
    os.dup2(read, 0)
    try:
        taken = [pin.from_stdin(), pin.from_stdin()]
    finally:
        os.dup2(kept, 0)
        os.close(kept)
        os.close(read)

    assert taken == [bytearray(b"1111"), bytearray(b"2222")]
