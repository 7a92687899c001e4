"""The gateway as a program sees it: the API's nouns as methods, answers as types, problems as exceptions."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

from integrator.client import uploading
from integrator.client.answers import Answer, Bildirim, Cause, Waiting
from integrator.client.following import NOW, START, Change, follow
from integrator.client.wire import JSON, OCTETS, Patience, Wire, new_key

BATCH = 1_000
PAGE = 1_000
Record = Mapping[str, Any]


class Gateway:
    """One server, one key. Safe to share between threads; nothing is kept but connections.

    `address` is https (plain http to this machine, or with `plain=True`); `context` says whom to trust.
    """

    def __init__(
        self,
        address: str,
        token: str,
        *,
        patience: Patience | None = None,
        context: ssl.SSLContext | None = None,
        plain: bool = False,
    ) -> None:
        self._wire = Wire(address, token, patience=patience, context=context, plain=plain)

    def submit(self, record: Record) -> Answer:
        """Hand over one record; raises Faulty with its findings, Conflict when its id has other content.

        Give it an `id`: that is what makes a lost answer harmless.
        """
        return Answer.of(self._wire.call("POST", "/kayit", body=_bytes(record)).json())

    def submit_many(self, records: Iterable[Record]) -> Iterator[Answer]:
        """Hand over records in batches; faulty ones are answers with findings and stop none of the others."""
        coming, place = iter(records), 0
        while several := list(islice(coming, BATCH)):
            told = self._wire.call("POST", "/kayit/batch", body=_bytes(several)).json()
            for place, each in enumerate(told["records"], place + 1):  # noqa: B020 - goes on where it stood
                yield Answer.of(each, place=place, where=f"record {place}")

    def upload(self, source: Path | Iterable[Record], *, veri_seti: str = "") -> Iterator[Answer]:
        """Hand over a file (NDJSON, JSON, XML, CSV, XLSX) or records of any number, answers as each is stored.

        Takes itself up again after a broken line or a restart of the server. Raises Unreachable when patience ends.
        """
        if isinstance(source, Path):
            return uploading.upload_file(self._wire, source, veri_seti)
        return uploading.upload_records(self._wire, source)

    def record(self, kayit_no: str) -> list[Bildirim]:
        """Where the messages of one record stand; raises NotFound."""
        told = self._wire.call("GET", f"/kayit/{quote(kayit_no)}").json()
        return [Bildirim.of(each) for each in told["bildirim"]]

    def bildirim(self, sorgu_no: int) -> Bildirim:
        """One message with its attempts, advice and refused parts in `told`; raises NotFound."""
        return Bildirim.of(self._wire.call("GET", f"/bildirim/{sorgu_no}").json())

    def bildirim_list(self, *, state: str = "", after: int = 0) -> Iterator[Bildirim]:
        """Messages in the order of their numbers, page by page. To learn what moves, read `changes` instead."""
        while True:
            asked = {"state": state, "after": after, "limit": PAGE}
            told = self._wire.call("GET", "/bildirim", query=asked).json()
            yield from (Bildirim.of(each) for each in told["bildirim"])
            if told["next"] is None:
                return
            after = told["next"]

    def changes(
        self, after: str = START, *, save: Callable[[str], None] | None = None, forever: bool = True
    ) -> Iterator[Change]:
        """Every move of your messages behind a cursor, at least once, in order; waits for more until you leave.

        `save` gets each change's cursor once the loop's body is through with it. Without `forever` it ends at the end.
        """
        return follow(self._wire, after, save, forever=forever)

    def feed_end(self) -> str:
        """The cursor behind the newest change: where to begin when what was before does not matter."""
        return str(self._wire.call("GET", "/change", query={"after": NOW}).json()["next"])

    def receipt(self, sorgu_no: int, *, pdf: bool = False) -> bytes:
        """The makbuz of one message: JSON, or one page of PDF. It names nobody in full."""
        kind = "application/pdf" if pdf else JSON
        return self._wire.call("GET", f"/bildirim/{sorgu_no}/makbuz", headers={"Accept": kind}).content

    def waiting(self) -> list[Waiting]:
        """Messages whose professional's signature is awaited, oldest first."""
        return [Waiting(**each) for each in self._wire.call("GET", "/bildirim/waiting").json()["waiting"]]

    def content(self, sorgu_no: int) -> bytes:
        """The exact bytes to sign. They hold identity numbers, and the server audits that they were read."""
        return self._wire.call("GET", f"/bildirim/{sorgu_no}/bytes").content

    def attach(self, sorgu_no: int, cms: bytes) -> str:
        """Attach the professional's CAdES-BES (DER, detached); returns the new state. Raises Faulty, Conflict."""
        told = self._act("PUT", f"/bildirim/{sorgu_no}/signature", cms, kind=OCTETS)
        return str(told["state"])

    def causes(self) -> list[Cause]:
        """What waits for a person, one row for each thing to mend, the largest first."""
        return [Cause.of(each) for each in self._wire.call("GET", "/cause").json()["causes"]]

    def release_cause(self, cause: str, reason: str, *, key: str = "") -> int:
        """Let every message go on that waits for this cause; returns how many."""
        return int(self._act("POST", f"/cause/{quote(cause, safe='')}/release", _why(reason), key=key)["count"])

    def release(self, sorgu_no: int, reason: str, *, key: str = "") -> str:
        """Let a held message go on; returns its new state. A `key` of one's own outlives this process."""
        return self._move(sorgu_no, "release", reason, key)

    def retry(self, sorgu_no: int, reason: str, *, key: str = "") -> str:
        """Bring the next send, or the next question, forward to now."""
        return self._move(sorgu_no, "retry", reason, key)

    def cancel(self, sorgu_no: int, reason: str, *, key: str = "") -> str:
        """Take a message back that never left."""
        return self._move(sorgu_no, "cancel", reason, key)

    def _move(self, sorgu_no: int, verb: str, reason: str, key: str) -> str:
        return str(self._act("POST", f"/bildirim/{sorgu_no}/{verb}", _why(reason), key=key)["state"])

    def _act(self, method: str, path: str, body: bytes, *, kind: str = JSON, key: str = "") -> Any:
        """One act of a person, with one key over all its tries."""
        headers = {"Idempotency-Key": key or new_key()}
        return self._wire.call(method, path, body=body, kind=kind, headers=headers).json()


def _bytes(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _why(reason: str) -> bytes:
    return _bytes({"reason": reason})
