"""Cuts a stream into lines with a cap, in flat memory: a line of 200 MB is skipped, not held."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

CHUNK = 1 << 16


class Bytes(Protocol):
    """What can be read in pieces; empty at its end."""

    def read(self, size: int, /) -> bytes:
        """At most about `size` bytes."""


def capped_lines(stream: Bytes, limit: int) -> Iterator[tuple[int, bytes | None]]:
    """(line number, line without its end), or (line number, None) for a line longer than `limit` bytes.

    Never holds more than `limit` bytes and one chunk.
    """
    number, held, dropping = 1, b"", False
    while chunk := stream.read(CHUNK):
        *complete, rest = chunk.split(b"\n")
        for piece in complete:
            line = held + piece
            yield number, None if dropping or len(line) > limit else line
            number, held, dropping = number + 1, b"", False
        if dropping or len(held) + len(rest) > limit:
            held, dropping = b"", True
        else:
            held += rest
    if held or dropping:
        yield number, None if dropping else held
