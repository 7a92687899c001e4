"""What fsck compares beside messages: customers and their keys, corrections, quarantines, code lists; then what others
tell (``told_rows.py``) and the gateway's own state (``state_rows.py``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import select

from integrator.audit.trail import stamp_of
from integrator.audit.verify import Broken
from integrator.catalogue.codes import digest_of_history, digest_of_list
from integrator.domain.errors import IntegratorError, Unavailable
from integrator.domain.identifiers import KurumNo
from integrator.evidence.registry_rows import check_registry
from integrator.evidence.state_rows import check_state_rows
from integrator.evidence.told_rows import check_told_rows
from integrator.gateway import Gateway
from integrator.store.engine import Tx
from integrator.store.keyring import FIRST_NO, GENERAL, INDEX_NO, PURPOSES
from integrator.store.tables import audit_entry, correction, data_key, kod, kurum, quarantine


def check_registers(tx: Tx, gateway: Gateway) -> None:
    """Raise Broken for the first row that does not say what the log says."""
    numbered = list(_entries(tx))
    entries = [fact for _, fact in numbered]
    _check_keys(tx, gateway, entries)
    _check_corrections(tx, entries)
    _check_quarantines(tx, entries)
    _check_lists(tx, entries)
    check_told_rows(tx, gateway, numbered)
    check_state_rows(tx, gateway, numbered)
    check_registry(tx, gateway, numbered)


def _entries(tx: Tx) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """(index, entry) of everything that is about no message and no record's acceptance."""
    rows = select(audit_entry.c.i, audit_entry.c.leaf).where(audit_entry.c.sorgu_no.is_(None))
    for row in tx.execute(rows.order_by(audit_entry.c.i).execution_options(yield_per=5000)):
        fact = json.loads(row.leaf)
        if fact["event"] != "kayit.accepted":
            yield row.i, fact


def _check_keys(tx: Tx, gateway: Gateway, entries: list[Mapping[str, Any]]) -> None:
    made = {(each["kurum"], each["key_no"]): each["at"] for each in entries if each["event"] == "key.made"}
    for each in entries:
        if each["event"] == "data_key.retired":
            made.pop((each["kurum"], each["key_no"]), None)
    renewed = {(each["kurum"], each["new"]): each for each in entries if each["event"] == "data_key.replaced"}
    ended = {(each["kurum"], each["old"]): each for each in entries if each["event"] == "data_key.replaced"}
    _check_purposes(tx)
    known = {row.kurum_id: stamp_of(row.created_at) for row in tx.execute(select(kurum))}
    for row in tx.execute(select(data_key)):
        where = f"data_key {row.kurum_id}/{row.key_no}"
        try:
            gateway.keyring.sealer(KurumNo(row.kurum_id))
        except Unavailable:  # away is not altered
            raise
        except IntegratorError as error:
            raise Broken("row", f"{where}: {error.detail}") from error
        key = (row.kurum_id, row.key_no)
        if key in renewed and (renewed[key]["at"], renewed[key]["purpose"]) != (stamp_of(row.created_at), row.purpose):
            raise Broken("row", f"{where}: its created_at or purpose is not what the log says")
        if (stamp_of(row.replaced_at) if row.replaced_at else None) != (ended[key]["at"] if key in ended else None):
            raise Broken("row", f"{where}: its replaced_at is not what the log says")
        at = made.pop(key, None)
        if row.kurum_id not in known:
            raise Broken("row", f"kurum {row.kurum_id}: its row is gone")
        is_first = row.key_no in (INDEX_NO, FIRST_NO)  # the one of indexes is never retired
        if at and (at != stamp_of(row.created_at) or (is_first and at != known[row.kurum_id])):
            raise Broken("row", f"{where}: its created_at is not what the log says")
    for name, number in made:
        raise Broken("row", f"data_key {name}/{number}: the log speaks of it, its row is gone")


def _check_purposes(tx: Tx) -> None:
    """Before any key is opened: the key ring would make a key that is missing."""
    current: dict[str, set[str]] = {}
    for row in tx.execute(select(data_key)):
        current.setdefault(row.kurum_id, set()).update([row.purpose] if row.replaced_at is None else [])
    for name, purposes in current.items():
        if purposes not in (PURPOSES, {GENERAL}):  # a home of the first release had one key
            raise Broken("row", f"data_key {name}: its keys are not one for each purpose")


def _check_corrections(tx: Tx, entries: list[Mapping[str, Any]]) -> None:
    told = {
        (each["kurum"], each["corrected_by"], each["kayit_no"], each["at"])
        for each in entries
        if each["event"] == "kayit.corrected"
    }
    rows = tx.execute(select(correction))
    stored = {(row.kurum_id, row.kayit_no, row.corrects, stamp_of(row.made_at)) for row in rows}
    for _, new, old, _ in sorted(told ^ stored):
        raise Broken("row", f"correction of {old} by {new}: it stands in the table or in the log, not in both")


def _check_quarantines(tx: Tx, entries: list[Mapping[str, Any]]) -> None:
    told: dict[tuple[str, str, str], list[str | None]] = {}
    causes: dict[tuple[str, str, str], tuple[str, str]] = {}
    for each in entries:
        if each["event"].startswith("quarantine."):
            form = (each["veri_seti"], each["version"], each["metot"])
            began = told.setdefault(form, [None, None])
            if each["event"] == "quarantine.began":
                began[:] = [each["at"], None]
                causes |= {form: (each.get("code", ""), each["because"])} if "because" in each else {}
            else:
                began[1] = each["at"]
    for row in tx.execute(select(quarantine)):
        times = [stamp_of(at) if at else None for at in (row.since, row.lifted_at)]
        key = (row.veri_seti, row.version, row.metot)
        if told.pop(key, [None, None]) != times:
            raise Broken("row", f"quarantine {' '.join(key)}: its times are not what the log says")
        if causes.get(key, (row.code, row.reason)) != (row.code, row.reason):
            raise Broken("row", f"quarantine {' '.join(key)}: its cause is not what the log says")
    for key in told:
        raise Broken("row", f"quarantine {' '.join(key)}: the log speaks of it, its row is gone")


def _check_lists(tx: Tx, entries: list[Mapping[str, Any]]) -> None:
    refreshed = [each for each in entries if each["event"] == "codes.refreshed" and "digest" in each]
    told = {each["list"]: each["digest"] for each in refreshed}
    history = {each["list"]: each["history"] for each in refreshed if "history" in each}
    stored = set(tx.execute(select(kod.c.list_name).distinct()).scalars())
    for name in sorted(told.keys() | stored):
        if name in told and digest_of_list(tx, name) != told[name]:
            raise Broken("row", f"kod {name}: the list is not the one that the log speaks of")
        if name in history and digest_of_history(tx, name) != history[name]:
            raise Broken("row", f"kod_history {name}: it is not the one that the log speaks of")
        if name not in told and entries and any(each["event"] == "codes.refreshed" for each in entries):
            raise Broken("row", f"kod {name}: the log does not speak of such a list")
