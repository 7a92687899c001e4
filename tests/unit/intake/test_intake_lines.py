import io
import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from integrator.intake import lines
from integrator.intake.lines import CHUNK, capped_lines
from integrator.intake.read_json import Caps, read_ndjson

MEGABYTE = 1 << 20


class Endless(io.RawIOBase):
    """A stream made while it is read: `before`, then `length` bytes of `x`, then `after`."""

    def __init__(self, before, length, after):
        self.parts = [before, after]
        self.left = length

    def read(self, size=-1):
        if self.parts[0]:
            piece, self.parts[0] = self.parts[0], b""
            return piece
        if self.left:
            piece = b"x" * min(size, self.left)
            self.left -= len(piece)
            return piece
        piece, self.parts[1] = self.parts[1], b""
        return piece


class Dripping(io.RawIOBase):
    """Gives its content in pieces of the sizes told, as a pipe does."""

    def __init__(self, content, sizes):
        self.content, self.sizes = content, list(sizes)

    def read(self, size=-1):
        take = self.sizes.pop(0) if self.sizes else size
        piece, self.content = self.content[:take], self.content[take:]
        return piece


def naive(content, limit):
    pieces = content.split(b"\n")
    listed = pieces[:-1] if pieces[-1] == b"" else pieces
    return [(number, piece if len(piece) <= limit else None) for number, piece in enumerate(listed, 1)]


@given(
    st.binary(max_size=60).map(lambda raw: raw.replace(b"\0", b"\n")), st.integers(0, 12), st.lists(st.integers(1, 7))
)
def test_capped_lines_are_those_of_naive_splitting(content, limit, sizes):
    assert list(capped_lines(Dripping(content, sizes), limit)) == naive(content, limit)


@given(st.lists(st.integers(0, 9), max_size=12), st.integers(1, 9), st.integers(0, 9))
def test_the_place_of_a_chunk_boundary_changes_nothing(lengths, chunk, limit):
    content = b"\n".join(b"y" * length for length in lengths)
    before = lines.CHUNK
    lines.CHUNK = chunk
    try:
        found = list(capped_lines(io.BytesIO(content), limit))
    finally:
        lines.CHUNK = before

    assert found == naive(content, limit)


def test_lines_that_end_at_a_chunk_are_whole():
    content = b"a" * (CHUNK - 1) + b"\n" + b"b" * CHUNK + b"\nc"

    assert [len(line) for _, line in capped_lines(io.BytesIO(content), 1 << 20)] == [CHUNK - 1, CHUNK, 1]


def test_a_line_of_exactly_the_limit_is_kept():
    assert list(capped_lines(io.BytesIO(b"1234\n12345\n1234"), 4)) == [(1, b"1234"), (2, None), (3, b"1234")]


def test_a_line_of_200_megabytes_is_read_in_flat_memory():
    stream = Endless(b'{"id":"a"}\n', 200 * MEGABYTE, b'\n{"id":"b"}\n')
    tracemalloc.start()
    try:
        found = [(each.where, each.kayit_no) for each in read_ndjson(stream, Caps())]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert found == [("line 1", "a"), ("line 2", ""), ("line 3", "b")]
    assert peak < 8 * MEGABYTE


def test_a_skipped_last_line_without_an_end_is_told():
    assert list(capped_lines(Endless(b"a\n", 10 * MEGABYTE, b""), MEGABYTE)) == [(1, b"a"), (2, None)]
