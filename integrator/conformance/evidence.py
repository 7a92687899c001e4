"""Reads a gateway's evidence as a stranger would: a signed tree head and inclusion proofs (RFC 9162, C2SP signed-note).

The head's signature needs the gateway's public key, which is not asked for here; what is proved is that every entry
handed out lies under the one head handed out, and that the entries speak of the bytes that were sent.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any


class NotProved(Exception):
    """The evidence does not hold; the text says where it breaks."""


def prove(evidence: Mapping[str, Any]) -> int:
    """How many entries lie under the head; raises NotProved for the first that does not, and when there are none."""
    size, root = _head(str(evidence.get("checkpoint", "")))
    entries = evidence.get("entries") or []
    for entry in entries:
        leaf = hashlib.sha256(b"\x00" + str(entry["leaf"]).encode()).digest()
        path = [bytes.fromhex(each) for each in entry["proof"]]
        if _climb(leaf, int(entry["index"]), size, path) != root:
            raise NotProved(f"entry {entry['index']}: its proof does not lead to the head at {size}")
    if not entries:
        raise NotProved("no entries were handed out")
    return len(entries)


def _head(note: str) -> tuple[int, bytes]:
    lines = note.split("\n")
    try:
        return int(lines[1]), base64.b64decode(lines[2], validate=True)
    except (IndexError, ValueError, binascii.Error) as error:
        raise NotProved("the checkpoint has not the form: origin, size, root") from error


def _climb(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root above `leaf` (RFC 9162 2.1.3.2); None when the path has the wrong length."""
    last, here, rest = size - 1, leaf, list(path)
    if index > last:
        return None
    while last > 0:
        if not rest:
            return None
        if index % 2 or index == last:
            here = hashlib.sha256(b"\x01" + rest.pop(0) + here).digest()
            while index % 2 == 0 and index:
                index, last = index >> 1, last >> 1
        else:
            here = hashlib.sha256(b"\x01" + here + rest.pop(0)).digest()
        index, last = index >> 1, last >> 1
    return here if not rest else None
