"""Foreign BER made DER: the slow path for containers that are CMS, but not written as DER writes it (X.690 8 to 11).

Turns indefinite and long-winded lengths, constructed strings and unsorted SETs of a detached SignedData into the one
DER encoding. What somebody else signed - certificates, CRLs, time-stamps - is carried over as it stands. Depth, number
of values and size are capped first, because nothing here is known to be friendly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

MAX_BER_BYTES = 65_536
MAX_DEPTH = 24
MAX_VALUES = 4096

CONSTRUCTED, SEQUENCE, SET = 0x20, 0x30, 0x31
BOOLEAN, OCTET_STRING = 0x01, 0x04
_CONTEXT_0, _CONTEXT_1 = 0xA0, 0xA1
_STRINGS = frozenset({0x04, 0x0C, *range(0x12, 0x1F)})  # BIT STRING is left out: none lies where we rebuild
_END = b"\0\0"


class NotBer(ValueError):
    """The bytes are not the BER of anything this module may rebuild."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value: its tag, its whole encoding, and what is inside when it is constructed."""

    tag: int
    encoding: bytes
    content: bytes
    inside: tuple[Value, ...] | None
    indefinite: bool  # here or anywhere below


def to_der(ber: bytes) -> bytes:
    """`ber`, a ContentInfo with SignedData, as DER; raises NotBer. DER goes in and comes out unchanged."""
    kind, content = _children(read(ber), SEQUENCE, 2)
    (signed_data,) = _children(content, _CONTEXT_0, 1)
    return _tlv(SEQUENCE, [_plain(kind), _tlv(_CONTEXT_0, [_signed_data(signed_data)])])


def read(ber: bytes) -> Value:
    """The one value that `ber` is; raises NotBer when it is none, more than one, or beyond the caps."""
    if len(ber) > MAX_BER_BYTES:
        raise NotBer(f"{len(ber)} bytes; at most {MAX_BER_BYTES} are read")
    value, end = _Reader(ber).read(0, len(ber), 0)
    if end != len(ber):
        raise NotBer(f"{len(ber) - end} bytes behind the end")
    return value


class _Reader:
    """Reads values out of `source`, counting them."""

    def __init__(self, source: bytes) -> None:
        self._source = source
        self._left = MAX_VALUES

    def read(self, at: int, end: int, depth: int) -> tuple[Value, int]:
        """The value at `at`, which must not reach beyond `end`, and where it ends."""
        self._left -= 1
        if depth > MAX_DEPTH or self._left < 0:
            raise NotBer("deeper, or made of more values, than any real signature")
        tag, begin, length = self._header(at, end)
        if length is None:
            return self._indefinite(tag, at, begin, end, depth)
        stop = begin + length
        content = self._source[begin:stop]
        if not tag & CONSTRUCTED:
            return Value(tag, self._source[at:stop], content, None, indefinite=False), stop
        inside = tuple(self._several(begin, stop, depth))
        return Value(tag, self._source[at:stop], content, inside, any(each.indefinite for each in inside)), stop

    def _header(self, at: int, end: int) -> tuple[int, int, int | None]:
        """Tag, where the content begins, and its length; None for an indefinite one."""
        if at + 2 > end:
            raise NotBer(f"cut off at {at}")
        tag, first = self._source[at], self._source[at + 1]
        if tag & 0x1F == 0x1F:
            raise NotBer(f"a tag of several bytes at {at}")
        if first == 0x80:
            return tag, at + 2, None
        count = first & 0x7F if first & 0x80 else 0
        begin = at + 2 + count
        length = int.from_bytes(self._source[at + 2 : begin], "big") if count else first
        if begin + length > end:
            raise NotBer(f"the value at {at} is longer than what holds it")
        return tag, begin, length

    def _several(self, at: int, end: int, depth: int) -> list[Value]:
        found: list[Value] = []
        while at < end:
            value, at = self.read(at, end, depth + 1)
            found.append(value)
        return found

    def _indefinite(self, tag: int, at: int, begin: int, end: int, depth: int) -> tuple[Value, int]:
        """A value that ends with two zero bytes (X.690 8.1.3.6)."""
        if not tag & CONSTRUCTED:
            raise NotBer(f"an indefinite length of a primitive value at {at}")
        found, place = [], begin
        while self._source[place : place + 2] != _END:
            value, place = self.read(place, end, depth + 1)
            found.append(value)
        if place + 2 > end:
            raise NotBer(f"cut off at {place}")
        stop = place + 2
        return Value(tag, self._source[at:stop], self._source[begin:place], tuple(found), indefinite=True), stop


def _signed_data(value: Value) -> bytes:
    """RFC 5652 5.1: certificates [0] and crls [1] as they stand, signerInfos rebuilt."""
    *head, signer_infos = _children(value, SEQUENCE)
    parts = [_set(each, _verbatim) if each.tag in (_CONTEXT_0, _CONTEXT_1) else _plain(each) for each in head]
    return _tlv(SEQUENCE, [*parts, _set(signer_infos, _signer_info)])


def _signer_info(value: Value) -> bytes:
    """RFC 5652 5.3: signed attributes [0] rebuilt whole, unsigned attributes [1] with their values as they stand."""
    version, sid, *rest = _children(value, SEQUENCE)
    parts = [_plain(version), _plain(sid, tag=0x80) if sid.tag == _CONTEXT_0 else _verbatim(sid)]
    for each in rest:
        if each.tag in (_CONTEXT_0, _CONTEXT_1):
            parts.append(_set(each, _plain if each.tag == _CONTEXT_0 else _verbatim))
        else:
            parts.append(_plain(each))
    return _tlv(SEQUENCE, parts)


def _children(value: Value, tag: int, count: int | None = None) -> tuple[Value, ...]:
    """What is inside `value`, which must carry `tag` and hold `count` values, or at least two."""
    inside = value.inside or ()
    if value.tag != tag or (len(inside) != count if count else len(inside) < 2):
        raise NotBer("not the form of SignedData")
    return inside


def _verbatim(value: Value) -> bytes:
    """As it stands, for others signed it; rebuilt only when its lengths are indefinite."""
    return _plain(value) if value.indefinite else value.encoding


def _plain(value: Value, *, tag: int | None = None) -> bytes:
    """DER of one value and all below it; `tag` forces a primitive string of that tag."""
    if value.inside is None:
        truth = value.tag == BOOLEAN and len(value.content) == 1 and value.content != b"\0"
        return _tlv(tag or value.tag, [b"\xff" if truth else value.content])
    if tag or value.tag & ~CONSTRUCTED in _STRINGS:
        return _tlv(tag or value.tag & ~CONSTRUCTED, [_pieces(value)])
    if value.tag == SET:
        return _set(value, _plain)
    return _tlv(value.tag, [_plain(each) for each in value.inside])


def _pieces(value: Value) -> bytes:
    """The bytes of a constructed string, put together (X.690 8.7.3)."""
    if value.inside is None:
        return value.content
    if any(each.tag & ~CONSTRUCTED not in _STRINGS for each in value.inside):
        raise NotBer("a string made of other things than strings")
    return b"".join(_pieces(each) for each in value.inside)


def _set(value: Value, rebuild: Callable[[Value], bytes]) -> bytes:
    """A SET OF in the order of DER (X.690 11.6)."""
    if value.inside is None:
        raise NotBer("a set that is not constructed")
    return _tlv(value.tag, sorted(rebuild(each) for each in value.inside))


def _tlv(tag: int, parts: list[bytes]) -> bytes:
    content = b"".join(parts)
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(size))) + size + content
