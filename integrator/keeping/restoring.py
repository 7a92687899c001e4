"""A backup becomes a gateway again, which verifies and sends nothing until an operator says so.

The original went on after the backup: whatever waited to be sent may have been sent by it. So each such message gets an
attempt that nobody heard the end of (code ``restored``), and is asked about before anything is sent; and numbers go on
far above the newest, for the original used some that the backup does not know (docs/decisions/0025).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from integrator.audit.checkpoint import CheckpointKey, known_log_key
from integrator.audit.trail import Entry, Trail
from integrator.audit.verify import verify
from integrator.domain.errors import Misconfigured, Tampered
from integrator.domain.identifiers import KurumNo
from integrator.keeping.backup import read_head, read_lines
from integrator.keeping.erasing import facts_of, reapply
from integrator.queue import restored
from integrator.store.dump import load
from integrator.store.engine import Database, Tx, writing
from integrator.store.keyring import KeyRing
from integrator.store.schema import newest_step, put_empty_schema

NUMBERS_AHEAD = 10_000_000


@dataclass(frozen=True, slots=True)
class Restored:
    """What stands in the copy: when it was backed up, rows by table, audit entries, and what is asked about first."""

    made_at: datetime
    rows: dict[str, int]
    entries: int
    asked_first: int
    erased_again: int


def check_backup(path: Path, key: bytes) -> tuple[datetime, int]:
    """Read the whole file and change nothing: (when it was made, lines). Raises as `read_chunks` does."""
    head = read_head(path, key)
    return datetime.fromisoformat(head["made_at"]), sum(1 for _ in read_lines(path, key)) - 1


def restore(
    path: Path,
    key: bytes,
    database: Database,
    *,
    name: str,
    keyring: KeyRing,
    log_key: CheckpointKey,
    now: datetime,
    destroyed: Sequence[dict[str, Any]] = (),
) -> Restored:
    """Fill the empty `database` from the backup; one transaction, so that nothing is left of one that fails.

    1. The whole file is read once before anything is written.
    2. Rows come in, and the log is verified to its last checkpoint, with the rows it speaks of.
    3. The master key opens every data key.
    4. What the certificates `destroyed` name is destroyed again.
    5. The copy is marked: it sends nothing, and asks first.
    """
    made_at, _ = check_backup(path, key)  # 1.
    step = read_head(path, key)["step"]
    if step != newest_step():
        told = f"the backup has schema {step}, this program {newest_step()}"
        raise Misconfigured(f"{told}: restore with the release that made it, then migrate; nothing was changed")
    with writing(database) as tx:
        put_empty_schema(tx)
        rows = load(tx, islice(read_lines(path, key), 1, None))  # 2.
        entries = _verified(tx, log_key, name)
        keyring.check_all(tx)  # 3.
        sealers = {each["kurum"]: keyring.sealer_in(tx, KurumNo(each["kurum"])) for each in destroyed}
        erased = sum(reapply(tx, sealers[each["kurum"]], each, now=now) for each in destroyed)  # 4.
        waiting = restored.mark(tx, made_at=made_at, now=now, numbers_ahead=NUMBERS_AHEAD)  # 5.
        facts = {"backup_of": made_at.isoformat(), "entries": entries, "asked_first": waiting, "erased_again": erased}
        again = [
            Entry("content.erased_again", f"restore:{name}", facts_of(tx, sealers[each["kurum"]], each))
            for each in destroyed
        ]
        Trail().append(tx, [Entry("gateway.restored", f"restore:{name}", facts), *again], now=now)
    return Restored(made_at, rows, entries, waiting, erased)


def _verified(tx: Tx, log_key: CheckpointKey, name: str) -> int:
    if log_key.origin != name:
        raise Misconfigured(f"gateway.name is {name!r}, the log key speaks for {log_key.origin!r}")
    log_key.follow(known_log_key(tx))
    report = verify(tx, log_key.public, name)
    if report.broken:
        raise Tampered(f"the backup's log does not verify: {report.broken}; nothing was changed")
    return report.entries
