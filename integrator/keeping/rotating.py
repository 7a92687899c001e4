"""Replacing keys while everything runs (docs/decisions/0024).

A data key is replaced in one short transaction: from its commit on every writer seals with the new key. What stands
under the old one is sealed anew in small groups, by one worker at a time, resumable because what is left stands in
the rows; when nothing names the old key any more, it is destroyed. A new master key wraps all data keys at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from integrator.audit.trail import Entry
from integrator.domain.errors import Misconfigured
from integrator.domain.hands import Hand
from integrator.domain.identifiers import KurumNo
from integrator.gateway import Gateway
from integrator.protect.master import MasterKey
from integrator.protect.seal import Sealer
from integrator.queue import resealing
from integrator.queue.leases import TickLease, is_held
from integrator.store.engine import Tx, reading, write_anew, writing

AT_ONCE = 500
RECORDS_AT_ONCE = 50
LEASES_TO_WAIT = 2
"""A worker that claimed before the change settles within its lease; after two, nobody writes with the old key."""


@dataclass(frozen=True, slots=True)
class Resealed:
    """What one run did: values sealed anew, keys destroyed, and how many old keys are left."""

    values: int = 0
    retired: int = 0
    left: int = 0


def replace_data_keys(gateway: Gateway, *, reason: str, by: str = "") -> int:
    """New data keys for every customer, general and health; returns how many. Old values follow by `reseal`."""
    hand, count = Hand(by or gateway.actor, reason), 0
    for kurum in gateway.keyring.kurum_list():
        gateway.keyring.sealer(kurum)  # one from before this release gets its health and index keys first

        def act(tx: Tx, kurum: KurumNo = kurum) -> list[tuple[str, int, int]]:
            now = gateway.clock.now()
            made = gateway.keyring.replace(tx, kurum, now=now)
            gateway.record(
                tx,
                [
                    Entry(
                        "data_key.replaced",
                        gateway.actor,
                        {"kurum": kurum, "purpose": purpose, "old": old, "new": new, **hand.facts},
                    )
                    for purpose, old, new in made
                ],
                now,
            )
            return made

        count += len(write_anew(gateway.database, act))
        gateway.keyring.forget(kurum)
    return count


def reseal(gateway: Gateway, lease: TickLease | None = None, *, stop: Callable[[], bool] = lambda: False) -> Resealed:
    """Go on with what stands under replaced keys, and destroy those that nothing names any more.

    With `lease`, every group asks whether it still stands. Running it again goes on where it was.
    """
    values = retired = left = 0
    for kurum, rows in gateway.keyring.replaced().items():
        gateway.keyring.forget(kurum)
        work = _Customer(gateway, kurum, rows, lease)
        while not stop() and (done := work.one_group()):
            values += done
        if stop():
            return Resealed(values, retired, len(rows))
        gone = sum(work.retire(row) for row in rows)
        retired, left = retired + gone, left + len(rows) - gone
    return Resealed(values, retired, left)


class _Customer:
    """The work left for one customer; every step is a transaction of its own."""

    def __init__(self, gateway: Gateway, kurum: KurumNo, rows: list[Any], lease: TickLease | None) -> None:
        self._gateway = gateway
        self._kurum = kurum
        self._lease = lease
        self._purposes = {row.key_no: row.purpose for row in rows}

    def _sealer(self, *, health: bool) -> Sealer:
        return self._gateway.keyring.sealer(self._kurum, health=health)

    def _choose(self, key_no: int) -> Sealer:
        return self._sealer(health=self._purposes.get(key_no) == "health")

    def one_group(self) -> int:
        """Seal one group anew; 0 when nothing is left, or somebody else has the lease by now."""
        return write_anew(self._gateway.database, self._one_group)

    def _one_group(self, tx: Tx) -> int:
        if not self._may(tx):
            return 0
        for health in (False, True):
            self._gateway.keyring.hold(tx, self._kurum, self._sealer(health=health))
        old = list(self._purposes)
        keys = resealing.content_keys_under(tx, self._kurum, old, limit=AT_ONCE)
        resealing.reseal_content_keys(tx, self._kurum, keys, self._choose)
        done = len(keys) + resealing.reseal_parties(tx, self._kurum, old, self._choose, limit=AT_ONCE)
        return done or self._older_records(tx)

    def _older_records(self, tx: Tx) -> int:
        records = resealing.records_under_data_key(tx, self._kurum, limit=RECORDS_AT_ONCE)
        for kayit_no, veri_seti in records:
            health = self._gateway.catalogue.is_health(veri_seti)
            resealing.give_content_key(tx, self._kurum, kayit_no, self._sealer(health=health))
        return len(records)

    def _may(self, tx: Tx) -> bool:
        return self._lease is None or is_held(tx, self._lease, now=self._gateway.clock.now())

    def retire(self, row: Any) -> bool:
        """Destroy one replaced key, when its time has come and nothing names it."""
        gateway, now = self._gateway, self._gateway.clock.now()
        if now < row.replaced_at + LEASES_TO_WAIT * gateway.pace.lease:
            return False
        with reading(gateway.database) as tx:
            if resealing.is_named(tx, self._kurum, row.key_no):
                return False
        facts = {"kurum": self._kurum, "purpose": row.purpose, "key_no": row.key_no}
        with writing(gateway.database) as tx:
            if not self._may(tx):
                return False
            gateway.keyring.retire(tx, self._kurum, row.key_no)
            gateway.record(tx, [Entry("data_key.retired", gateway.actor, facts)], now)
        gateway.keyring.forget(self._kurum)
        return True


def replace_master(gateway: Gateway, *, reason: str, by: str = "", old: MasterKey | None = None) -> int:
    """Wrap every data key by the next master key; returns how many. Running processes go on without a pause.

    `old` is where the keys were wrapped so far, when that is another place than the settings name now: then the keys
    only move there. After a run that ended early the same command does the rest.
    """
    hand, keyring = Hand(by or gateway.actor, reason), gateway.keyring
    new = keyring.master.ready() if old else keyring.master.successor()
    ready = keyring.wrapped_anew(old or keyring.master, new)

    def act(tx: Tx) -> int:
        now = gateway.clock.now()
        count = keyring.rewrap(tx, old or keyring.master, new, ready)
        if count:
            gateway.record(tx, [Entry("master_key.replaced", gateway.actor, {"data_keys": count, **hand.facts})], now)
        return count

    count = write_anew(gateway.database, act)
    if old is None:
        before = keyring.master.held()
        keyring.master.enthrone(gateway.clock.now().date())
        with writing(gateway.database) as tx:  # what another process wrapped in between, by the key that was
            count += keyring.rewrap(tx, before, new, {}) if new is not before else 0
    keyring.check_master()
    if not count and old is not None:
        raise Misconfigured("no data key was wrapped by the old master key; nothing was changed")
    return count
