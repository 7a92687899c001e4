"""A small strict reader of DER (X.690): definite, shortest lengths, one-byte tags. For this stub only.

The gateway reads CMS by another library, on purpose: two readings of one signature find what one would not.
"""

from typing import NamedTuple

INTEGER, OCTET_STRING, OBJECT_IDENTIFIER = 0x02, 0x04, 0x06
SEQUENCE, SET = 0x30, 0x31
CONTEXT_0, CONTEXT_1 = 0xA0, 0xA1  # constructed


class NotDer(Exception):
    """These bytes are not the DER that was expected; the text says what is wrong and where."""


class Element(NamedTuple):
    """One value: its tag, and where its header, its content and its end lie in `source`."""

    source: bytes
    tag: int
    start: int
    content_at: int
    end: int

    @property
    def content(self) -> bytes:
        """The content octets, without tag and length."""
        return self.source[self.content_at : self.end]

    @property
    def encoded(self) -> bytes:
        """The whole value as it stands: tag, length and content."""
        return self.source[self.start : self.end]

    def expect(self, tag: int) -> "Element":
        """This element, which must carry `tag`."""
        if self.tag != tag:
            raise NotDer(f"tag 0x{self.tag:02x} at octet {self.start}, 0x{tag:02x} expected")
        return self

    def children(self) -> list["Element"]:
        """The values inside a constructed one, which they must fill exactly."""
        if not self.tag & 0x20:
            raise NotDer(f"tag 0x{self.tag:02x} at octet {self.start} is not constructed")
        found, at = [], self.content_at
        while at < self.end:
            child = read(self.source, at, self.end)
            found.append(child)
            at = child.end
        return found


def read(source: bytes, at: int, end: int) -> Element:
    """The value that begins at octet `at` and must not reach beyond `end`; raises NotDer."""
    if at + 2 > end:
        raise NotDer(f"cut off at octet {at}")
    tag, length, content_at = source[at], source[at + 1], at + 2
    if tag & 0x1F == 0x1F:
        raise NotDer(f"a tag of several octets at {at}")
    if length >= 0x80:
        length, content_at = _long_length(source, at, end)
    if content_at + length > end:
        raise NotDer(f"the value at octet {at} is longer than what holds it")
    return Element(source, tag, at, content_at, content_at + length)


def read_whole(source: bytes) -> Element:
    """The one value that `source` is; anything after it is refused."""
    element = read(source, 0, len(source))
    if element.end != len(source):
        raise NotDer(f"{len(source) - element.end} octets after the end")
    return element


def _long_length(source: bytes, at: int, end: int) -> tuple[int, int]:
    size = source[at + 1] & 0x7F
    content_at = at + 2 + size
    if not 1 <= size <= 4 or content_at > end:
        raise NotDer(f"an indefinite or oversized length at octet {at}")
    length = int.from_bytes(source[at + 2 : content_at], "big")
    if length < 0x80 or source[at + 2] == 0:
        raise NotDer(f"a length not in its shortest form at octet {at}")
    return length, content_at
