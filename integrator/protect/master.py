"""The master key: it wraps data keys and never leaves the place it is kept in.

Three places: a file apart from the database (here), a token behind PKCS#11, or whatever a command of the operator's
reaches (``master_elsewhere.py``). A wrapped key is bound to its place, so no customer's stands in another's row.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Protocol

from integrator.domain.errors import Misconfigured
from integrator.protect.files import write_secret
from integrator.protect.seal import new_key, read_key_file, unwrap_key, wrap_key


class MasterKey(Protocol):
    """Where data keys are wrapped. Every act may take as long as the place is away: it raises Unavailable then."""

    def wrap(self, key: bytes, place: bytes) -> bytes:
        """`key` encrypted for `place`."""

    def unwrap(self, wrapped: bytes, place: bytes) -> bytes:
        """The key inside; raises Misconfigured when it was wrapped elsewhere, or for another place."""

    def ready(self) -> MasterKey:
        """The key of this place, made when there is none yet: data keys move here from another place."""

    def successor(self) -> MasterKey:
        """The key that shall follow, made now or by a try before this one; it wraps, and is not yet this place's."""

    def enthrone(self, day: date) -> None:
        """Let the successor be this place's master key from now on."""

    def held(self) -> MasterKey:
        """The key as it is now, to be used after another was enthroned."""


class HeldMaster:
    """32 bytes in this process's memory."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def wrap(self, key: bytes, place: bytes) -> bytes:
        """`key` encrypted for `place`."""
        return wrap_key(self._key, key, place)

    def unwrap(self, wrapped: bytes, place: bytes) -> bytes:
        """The key inside; raises Misconfigured."""
        return unwrap_key(self._key, wrapped, place)

    def ready(self) -> MasterKey:
        """Itself."""
        return self

    def successor(self) -> MasterKey:
        """Memory has no next one."""
        raise Misconfigured("this master key cannot be replaced: it is not kept in a place of its own")

    def enthrone(self, day: date) -> None:
        """See `successor`."""
        raise Misconfigured(f"this master key cannot be replaced, not even on {day}")

    def held(self) -> MasterKey:
        """Itself."""
        return self


class FileMaster:
    """The key file, read whenever it is needed: a process that runs learns of a new key by itself.

    While the key is being replaced the next one lies beside it as ``NAME.next``; whichever fits opens.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._next = path.with_name(f"{path.name}.next")

    def wrap(self, key: bytes, place: bytes) -> bytes:
        """`key` encrypted for `place`."""
        return wrap_key(read_key_file(self._path), key, place)

    def unwrap(self, wrapped: bytes, place: bytes) -> bytes:
        """The key inside; raises Misconfigured."""
        for path in (self._path, self._next):
            try:
                return unwrap_key(read_key_file(path), wrapped, place)
            except Misconfigured:
                continue
        return unwrap_key(read_key_file(self._path), wrapped, place)  # the next one may have come here meanwhile

    def ready(self) -> MasterKey:
        """The file, made when it is not there."""
        if not self._path.exists():
            write_secret(self._path, new_key().hex().encode())
        return self

    def successor(self) -> MasterKey:
        """``NAME.next``; one that lies there already (from a try that ended early, or laid there by hand) is taken."""
        if not self._next.exists():
            write_secret(self._next, new_key().hex().encode())
        return HeldMaster(read_key_file(self._next))

    def enthrone(self, day: date) -> None:
        """The old file stays as ``NAME.until-DAY``: backups from before need it."""
        old = self._path.with_name(f"{self._path.name}.until-{day}")
        number = 1
        while old.exists():
            number += 1
            old = self._path.with_name(f"{self._path.name}.until-{day}.{number}")
        old.hardlink_to(self._path)
        self._next.replace(self._path)

    def held(self) -> MasterKey:
        """Its bytes in memory."""
        return HeldMaster(read_key_file(self._path))
