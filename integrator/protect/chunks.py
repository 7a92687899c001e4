"""A file of sealed chunks: what is cut off, moved, left out or altered does not open, and neither does what was added.

``magic(8) salt(32) check(16)``, then chunks of ``length(4) ciphertext+tag``. The file's key comes from the backup key
and the salt (HKDF-SHA256); the nonce of a chunk is its number, and its associated data say whether it is the last one
(the STREAM construction), so every chunk is bound to its file, its place and the end.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from integrator.domain.errors import BrokenBackup, Malformed, Misconfigured

MAGIC = b"IBYSBK01"
CHUNK_BYTES = 1 << 20
_CHECK = 16
_SALT = 32
_TAG = 16
_LAST, _MORE = b"last", b"more"


class ChunkWriter:
    """Seals what is written into `file`; `close` writes the last chunk, without which nothing of it is believed."""

    def __init__(self, file: BinaryIO, key: bytes) -> None:
        salt = secrets.token_bytes(_SALT)
        self._file, self._number, self._left = file, 0, bytearray()
        self._aead, check = _keys(key, salt)
        self._head = MAGIC + salt + check
        file.write(self._head)

    def write(self, content: bytes) -> None:
        """Take `content`, of any length."""
        self._left += content
        while len(self._left) > CHUNK_BYTES:
            self._put(bytes(self._left[:CHUNK_BYTES]), _MORE)
            del self._left[:CHUNK_BYTES]

    def close(self) -> None:
        """The last chunk, which may be empty."""
        self._put(bytes(self._left), _LAST)
        self._left.clear()

    def _put(self, content: bytes, place: bytes) -> None:
        sealed = self._aead.encrypt(self._number.to_bytes(12, "big"), content, self._head + place)
        self._file.write(len(sealed).to_bytes(4, "big") + sealed)
        self._number += 1


def read_chunks(file: BinaryIO, key: bytes) -> Iterator[bytes]:
    """The content, chunk by chunk; raises Malformed, Misconfigured for another key, BrokenBackup.

    Nothing that was yielded is to be believed before the end was reached.
    """
    head = file.read(len(MAGIC) + _SALT + _CHECK)
    if head[: len(MAGIC)] != MAGIC or len(head) < len(MAGIC) + _SALT + _CHECK:
        told = "this is not a backup made by `ibys backup`, or only its first bytes"
        raise Malformed(f"{told}: take another copy; nothing was changed")
    aead, check = _keys(key, head[len(MAGIC) : -_CHECK])
    if not hmac.compare_digest(check, head[-_CHECK:]):
        raise Misconfigured("the backup was made with another backup key: name the right one with --backup-key")
    number, is_last = 0, False
    while not is_last:
        sealed = _sealed(file, number)
        content, is_last = _opened(aead, number, sealed, head)
        yield content
        number += 1
    if file.read(1):
        raise BrokenBackup("something stands behind the end of the backup: take another copy; nothing was changed")


def _sealed(file: BinaryIO, number: int) -> bytes:
    length = int.from_bytes(file.read(4), "big")
    sealed = file.read(length) if _TAG <= length <= CHUNK_BYTES + _TAG else b""
    if not sealed or len(sealed) < length:
        raise BrokenBackup(
            f"the backup is cut short or altered at chunk {number}: take another copy; nothing was changed"
        )
    return sealed


def _opened(aead: AESGCM, number: int, sealed: bytes, head: bytes) -> tuple[bytes, bool]:
    for place in (_MORE, _LAST):
        try:
            return aead.decrypt(number.to_bytes(12, "big"), sealed, head + place), place is _LAST
        except InvalidTag:
            continue
    raise BrokenBackup(f"the backup is altered at chunk {number}: take another copy; nothing was changed")


def _keys(key: bytes, salt: bytes) -> tuple[AESGCM, bytes]:
    made = HKDF(SHA256(), 32 + _CHECK, salt, b"ibys/backup/v1").derive(key)
    return AESGCM(made[:32]), made[32:]
