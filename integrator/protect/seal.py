"""AES-256-GCM envelopes in three layers: master key, data keys of a customer, content keys of single records.

A value under a data key is ``1 key_no(2) nonce(12) ciphertext+tag``; one under a record's content key is
``2 nonce(12) ciphertext+tag``, and that content key is itself such a value of the first kind: whatever is sealed
names, by itself or through its record, the data key that opens it. The associated data names the place the value
belongs to (table, kurum, number), so a blob moved to another row does not open. A content key that is destroyed takes
everything of its record with it (docs/decisions/0024, 0025).
"""

from __future__ import annotations

import hmac
import secrets
import stat
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from integrator.domain.errors import Erased, Misconfigured, Tampered

BY_DATA_KEY = b"\1"
"""How every value begins that was sealed by a data key."""

_CONTENT_HEAD = b"\2"
_HEAD = 3
_NONCE = 12
_TAG = 16
_GONE = b"\0"
KEY_BYTES = 32


class Seals(Protocol):
    """What seals and opens values: a customer's data key, or one record's content key."""

    def seal(self, value: bytes, place: bytes) -> bytes:
        """`value` encrypted so that it opens only with this key and only at `place`."""

    def open(self, sealed: bytes, place: bytes) -> bytes:
        """The value inside; raises Tampered when bytes, key or place do not fit."""


class Sealer:
    """Seals values of one customer with its current data key, and opens them with the one that they name.

    `index` are the 64 bytes of `index_of`, the same for ever; without them they come from this key, as they did when
    a customer had one. `another` gives the key of another number, or raises Tampered.
    """

    def __init__(
        self, key_no: int, key: bytes, *, index: bytes = b"", another: Callable[[int], bytes] | None = None
    ) -> None:
        self.key_no = key_no
        self._head = naming(key_no)
        self._aead = AESGCM(key)
        self._another = another or _no_other
        index = index or index_of(key)
        self._mac_key, self._index_key = index[:KEY_BYTES], index[KEY_BYTES:]

    def seal(self, value: bytes, place: bytes) -> bytes:
        """`value` encrypted so that it opens only with this key and only at `place`."""
        nonce = secrets.token_bytes(_NONCE)
        return self._head + nonce + self._aead.encrypt(nonce, value, self._head + place)

    def open(self, sealed: bytes, place: bytes) -> bytes:
        """The value inside; raises Tampered when bytes, key or place do not fit."""
        head = sealed[:_HEAD]
        if len(sealed) < _HEAD + _NONCE + _TAG or head[:1] != BY_DATA_KEY:
            raise Tampered("a sealed value is cut short, or was not sealed by a data key")
        aead = self._aead if head == self._head else AESGCM(self._another(key_no_of(sealed)))
        return _opened(aead, head, sealed[_HEAD:], place)

    def new_content(self, place: bytes) -> tuple[bytes, Content]:
        """A fresh content key: as it is stored at `place`, and ready to seal with."""
        key = new_key()
        return self.seal(key, place), Content(key, self)

    def content(self, stored: bytes | None, place: bytes) -> Seals:
        """What seals and opens a record's values; raises Erased when its key was destroyed, Tampered.

        None is a record from before there were content keys: the data key seals it.
        """
        if stored is None:
            return self
        erased = erased_of(stored)
        if erased:
            raise Erased(
                f"its content was erased on {erased['on']} under the class {erased['class']}; nothing opens it"
            )
        return Content(self.open(stored, place), self)

    def fingerprint(self, content: bytes) -> bytes:
        """Keyed digest of `content`: equal contents are recognised, and nothing can be guessed from it."""
        return hmac.digest(self._mac_key, content, "sha256")

    def blind_index(self, kind: str, value: str) -> str:
        """Sixteen bytes (hex) by which rows about `value` are found; another kind gives another index."""
        return hmac.digest(self._index_key, f"{kind}/{value}".encode(), "sha256")[:16].hex()


class Content:
    """Seals and opens the values of one record."""

    def __init__(self, key: bytes, sealer: Sealer) -> None:
        self._aead = AESGCM(key)
        self._sealer = sealer

    def seal(self, value: bytes, place: bytes) -> bytes:
        """`value` encrypted so that it opens only with this record's key and only at `place`."""
        nonce = secrets.token_bytes(_NONCE)
        return _CONTENT_HEAD + nonce + self._aead.encrypt(nonce, value, _CONTENT_HEAD + place)

    def open(self, sealed: bytes, place: bytes) -> bytes:
        """The value inside; raises Tampered when bytes, key or place do not fit."""
        if sealed[:1] != _CONTENT_HEAD:  # written by a worker that had claimed it before the record got its key
            return self._sealer.open(sealed, place)
        if len(sealed) < 1 + _NONCE + _TAG:
            raise Tampered("a sealed value is cut short")
        return _opened(self._aead, _CONTENT_HEAD, sealed[1:], place)


def key_no_of(sealed: bytes) -> int:
    """The number of the data key that a value names; 0 when it names none."""
    return int.from_bytes(sealed[1:_HEAD], "big") if sealed[:1] == BY_DATA_KEY else 0


def naming(key_no: int) -> bytes:
    """How every value begins that names this data key."""
    return BY_DATA_KEY + key_no.to_bytes(2, "big")


def gone(day: str, named: str) -> bytes:
    """What stands where a destroyed content key stood: the day, and the class whose time was over."""
    return _GONE + f"{day}/{named}".encode()


def is_gone(stored: bytes | None) -> bool:
    """Whether a content key was destroyed."""
    return stored is not None and stored[:1] == _GONE


def erased_of(stored: bytes | None) -> dict[str, str] | None:
    """When a content key was destroyed and under which class; None for one that stands."""
    if stored is None or not is_gone(stored):
        return None
    on, _, named = stored[1:].decode("utf-8", "replace").partition("/")
    return {"on": on, "class": named}


def index_of(key: bytes) -> bytes:
    """64 bytes: the key of fingerprints and the key of blind indexes, made from `key` and saying nothing about it."""
    return b"".join(hmac.digest(key, b"ibys/" + word + b"/v1", "sha256") for word in (b"fingerprint", b"blind-index"))


def _opened(aead: AESGCM, head: bytes, rest: bytes, place: bytes) -> bytes:
    try:
        return aead.decrypt(rest[:_NONCE], rest[_NONCE:], head + place)
    except InvalidTag as error:
        raise Tampered("a sealed value does not open: it was changed, or moved from another row") from error


def _no_other(key_no: int) -> bytes:
    raise Tampered(f"a sealed value names the data key {key_no}, which is not this customer's")


def commitment(salt: bytes, *parts: bytes) -> str:
    """Salted commitment (hex) to `parts`, length-prefixed. Without the salt it says nothing about them."""
    digest = sha256(b"ibys/commitment/v1\0" + salt)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))  # so that ("ab", "c") and ("a", "bc") differ
        digest.update(part)
    return digest.hexdigest()


def commitment_prefix(salt: bytes, part: bytes) -> bytes:
    """What SHA-256 reads before `part` in the commitment to it alone: with it, who has `part` needs nothing of ours."""
    return b"ibys/commitment/v1\0" + salt + len(part).to_bytes(8, "big")


def new_salt() -> bytes:
    """Sixteen random bytes."""
    return secrets.token_bytes(16)


def wrap_key(master: bytes, key: bytes, place: bytes) -> bytes:
    """A data key encrypted under the master key."""
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(master).encrypt(nonce, key, place)


def unwrap_key(master: bytes, wrapped: bytes, place: bytes) -> bytes:
    """The data key inside; raises Misconfigured when this is not the master key it was wrapped with."""
    try:
        return AESGCM(master).decrypt(wrapped[:_NONCE], wrapped[_NONCE:], place)
    except InvalidTag as error:
        raise Misconfigured(
            "the master key does not open this home's data keys: set keys.master_key_file to the key of this home"
        ) from error


def new_key() -> bytes:
    """A fresh 256-bit key."""
    return AESGCM.generate_key(256)


_NOT_FOR_OTHERS = stat.S_IWGRP | stat.S_IRWXO
"""A group may read (secrets of a container are laid down so); nobody else, and nobody but the owner writes."""


def read_key_file(path: Path) -> bytes:
    """The 32 bytes of a key file (hex text); raises Misconfigured with what is wrong, never with the value."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise Misconfigured(f"{path}: a file with 64 hex digits is wanted ({type(error).__name__})") from error
    if len(key) != KEY_BYTES:
        raise Misconfigured(f"{path}: 64 hex digits are wanted, {2 * len(key)} were found")
    if mode & _NOT_FOR_OTHERS:
        told = f"{path}: others on this machine can read or replace it (mode {mode:04o})"
        raise Misconfigured(f"{told}: chmod 600 {path.name}, and a new key if somebody else may have read it")
    return key
