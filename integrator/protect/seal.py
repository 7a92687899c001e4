"""AES-256-GCM envelopes: one data key per kurum, wrapped by the master key that lives outside the database.

A sealed value is ``version(1) key_no(2) nonce(12) ciphertext+tag``. The associated data names the place the
value belongs to (table, kurum, number), so a blob moved to another row does not open.
"""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from integrator.domain.errors import Misconfigured, Tampered

_VERSION = 1
_HEAD = 3
_NONCE = 12
_TAG = 16
KEY_BYTES = 32


class Sealer:
    """Seals and opens values of one kurum with its current data key."""

    def __init__(self, key_no: int, key: bytes) -> None:
        self._head = bytes([_VERSION]) + key_no.to_bytes(2, "big")
        self._aead = AESGCM(key)
        self._mac_key = hmac.digest(key, b"ibys/fingerprint/v1", "sha256")
        self._index_key = hmac.digest(key, b"ibys/blind-index/v1", "sha256")

    def seal(self, value: bytes, place: bytes) -> bytes:
        """`value` encrypted so that it opens only with this key and only at `place`."""
        nonce = secrets.token_bytes(_NONCE)
        return self._head + nonce + self._aead.encrypt(nonce, value, self._head + place)

    def open(self, sealed: bytes, place: bytes) -> bytes:
        """The value inside; raises Tampered when bytes, key or place do not fit."""
        head, nonce, body = sealed[:_HEAD], sealed[_HEAD : _HEAD + _NONCE], sealed[_HEAD + _NONCE :]
        if head != self._head or len(nonce) != _NONCE or len(body) < _TAG:
            raise Tampered("a sealed value is cut short, or names a key that is not this customer's")
        try:
            return self._aead.decrypt(nonce, body, head + place)
        except InvalidTag as error:
            raise Tampered("a sealed value does not open: it was changed, or moved from another row") from error

    def fingerprint(self, content: bytes) -> bytes:
        """Keyed digest of `content`: equal contents are recognised, and nothing can be guessed from it."""
        return hmac.digest(self._mac_key, content, "sha256")

    def blind_index(self, kind: str, value: str) -> str:
        """Sixteen bytes (hex) by which rows about `value` are found; another kind gives another index."""
        return hmac.digest(self._index_key, f"{kind}/{value}".encode(), "sha256")[:16].hex()


def commitment(salt: bytes, *parts: bytes) -> str:
    """Salted commitment (hex) to `parts`, length-prefixed. Without the salt it says nothing about them."""
    digest = sha256(b"ibys/commitment/v1\0" + salt)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))  # so that ("ab", "c") and ("a", "bc") differ
        digest.update(part)
    return digest.hexdigest()


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


def read_key_file(path: Path) -> bytes:
    """The 32 bytes of a key file (hex text); raises Misconfigured with what is wrong, never with the value."""
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise Misconfigured(f"{path}: a file with 64 hex digits is wanted ({type(error).__name__})") from error
    if len(key) != KEY_BYTES:
        raise Misconfigured(f"{path}: 64 hex digits are wanted, {2 * len(key)} were found")
    return key
