"""The stub's memory in one file, when asked for: read at start, written atomically now and then and at the end.

For runs over days, not for rates: everything is written anew each time something has changed.
"""

import asyncio
import contextlib
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from integrator.ministry import export, strict_json
from integrator.ministry.export import BadExport
from integrator.ministry.ministry import Ministry

SECONDS = 5.0  # between two looks at what has changed


class StateFile:
    """One ministry and its file, which need not exist yet."""

    def __init__(self, path: Path, ministry: Ministry) -> None:
        self._path = path
        self._ministry = ministry
        self._written = b""

    def read(self) -> None:
        """Take up what the file holds; raises OSError, or BadExport when it is no whole export."""
        if not self._path.exists():
            self.write()
            return
        try:
            export.load(self._ministry, strict_json.read(self._path.read_bytes()))
        except strict_json.NotStrictJson as error:
            raise BadExport(str(error)) from error

    def write(self) -> None:
        """Replace the file by what is held now, if that has changed; whoever reads sees the old or the new."""
        octets = export.encode(self._ministry)
        if octets == self._written:
            return
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(octets)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self._path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        self._written = octets

    @contextlib.asynccontextmanager
    async def kept(self, seconds: float = SECONDS) -> AsyncIterator[None]:
        """While inside, the file follows what is held; it is written a last time at the end."""
        keeper = asyncio.create_task(self._keep(seconds))
        try:
            yield
        finally:
            keeper.cancel()
            self.write()

    async def _keep(self, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                self.write()
            except OSError as error:  # tried again at the next look
                print(f"{self._path}: not written: {error}", file=sys.stderr)
