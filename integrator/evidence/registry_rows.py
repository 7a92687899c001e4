"""What fsck compares of the integrator's own registers: each row is there, and is what its newest entry says."""

from __future__ import annotations

from integrator.audit.verify import Broken
from integrator.evidence.told_rows import Entries
from integrator.gateway import Gateway
from integrator.registry import rows
from integrator.store.engine import Tx


def check_registry(tx: Tx, _gateway: Gateway, entries: Entries) -> None:
    """Raise Broken for the first row that was changed, put in or taken out."""
    told = {
        (fact["register"], fact["entry_no"]): (index, fact["mark"])
        for index, fact in entries
        if fact["event"] == "registry.recorded"
    }
    for kept in rows.read_all(tx):
        where = f"registry_entry {kept.register}/{kept.entry_no}"
        index, mark = told.pop((kept.register, kept.entry_no), (None, ""))
        if index is None:
            raise Broken("row", f"{where}: the log does not speak of it")
        if kept.mark != mark:
            raise Broken("row", f"{where}: it is not what entry {index} says")
    for (register, number), (index, _) in told.items():
        raise Broken("row", f"registry_entry {register}/{number}: entry {index} speaks of it, its row is gone")
