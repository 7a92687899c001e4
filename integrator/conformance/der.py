"""The little of DER that a CMS container needs, written and read (ITU-T X.690). Definite lengths only."""

from __future__ import annotations

from dataclasses import dataclass

SEQUENCE, SET, INTEGER, OCTET_STRING, OID, NULL, UTC_TIME = 0x30, 0x31, 0x02, 0x04, 0x06, 0x05, 0x17
CONTEXT_0 = 0xA0


class NotDer(ValueError):
    """The octets are no DER of the expected form."""


def tlv(tag: int, *parts: bytes) -> bytes:
    """One element."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def oid(dotted: str) -> bytes:
    """An object identifier, encoded."""
    first, second, *rest = map(int, dotted.split("."))
    octets = bytearray()
    for arc in (first * 40 + second, *rest):
        chunk = [arc & 0x7F]
        while arc := arc >> 7:
            chunk.append(0x80 | arc & 0x7F)
        octets += bytes(reversed(chunk))
    return tlv(OID, bytes(octets))


@dataclass(frozen=True, slots=True)
class Element:
    """A tag, what is in it, and the octets of both."""

    tag: int
    content: bytes
    whole: bytes

    def children(self) -> list[Element]:
        """The elements inside; raises NotDer."""
        return read_all(self.content)

    def child(self, number: int) -> Element:
        """The number-th element inside, from 0."""
        found = self.children()
        if number >= len(found):
            raise NotDer(f"an element with {len(found)} parts where part {number + 1} is wanted")
        return found[number]


def read_all(octets: bytes) -> list[Element]:
    """The elements that stand one after another in `octets`."""
    found, at = [], 0
    while at < len(octets):
        start, end = _extent(octets, at)
        found.append(Element(octets[at], octets[start:end], octets[at:end]))
        at = end
    return found


def _extent(octets: bytes, at: int) -> tuple[int, int]:
    """Where the content of the element at `at` begins and ends."""
    head = octets[at : at + 2]
    if len(head) < 2:
        raise NotDer("the octets end inside an element")
    start, size = at + 2, head[1]
    if size & 0x80:
        count = size & 0x7F
        if not 1 <= count <= 4:
            raise NotDer("an indefinite or endless length")
        start, size = start + count, int.from_bytes(octets[start : start + count], "big")
    if start + size > len(octets):
        raise NotDer("the octets end inside an element")
    return start, start + size
