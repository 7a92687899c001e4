"""The smaller walks beside the main one: recovery, signatures from elsewhere, checkpoints, code lists.

Each is one short transaction with its audit entry in it. People's hands stand in ``hands.py`` and ``correcting.py``
and are reached from here, so that whoever calls the gateway finds every act in one place.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from integrator.audit.checkpoint import make_checkpoint, newest_checkpoint, tree_size
from integrator.audit.claim import require_claim, write_claim
from integrator.audit.trail import Entry, moved_entry
from integrator.catalogue import codes as code_lists
from integrator.correcting import correct
from integrator.deliver.generation import ServesCodes
from integrator.domain.errors import Malformed, Unavailable
from integrator.domain.hands import Hand
from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.domain.records import Submitted
from integrator.domain.states import State
from integrator.gateway import Gateway
from integrator.hands import (
    Evidence,
    cancel,
    cancel_cause,
    lift_form,
    quarantine,
    quarantine_form,
    read_causes,
    release,
    release_cause,
    release_for_evidence,
    retry,
)
from integrator.log import logger
from integrator.looks import EXPORT, looking
from integrator.queue import bodies, copies, line, outbox, quarantines, readings, records, restored, standing
from integrator.queue.hands import require_unchanged
from integrator.queue.leases import TickLease, is_held
from integrator.queue.line_row import ensure_line, lock_line, write_line
from integrator.sign.canonical import signer_of
from integrator.sign.verify import require_valid
from integrator.store.engine import reading, writing

RECOVER_AT_ONCE = 10_000
RECORDS_AT_ONCE = 1_000
TRAINING_CODES = "egitim_kodu"


def recover(gateway: Gateway, lease: TickLease | None = None) -> int:
    """Messages whose worker went silent past its lease become uncertain; returns how many.

    Here and below: with `lease`, nothing is done when somebody else has that tick by now.
    """
    now = gateway.clock.now()
    with writing(gateway.database) as tx:
        if lease and not is_held(tx, lease, now=now):
            return 0
        moved = outbox.expire(tx, now=now, limit=RECOVER_AT_ONCE)
        stopped = quarantines.sweep(tx, now=now, limit=RECOVER_AT_ONCE)
        gateway.record_moves(tx, [*moved, *stopped], now)
    if stopped:
        logger().warning("queue.swept", count=len(stopped))
    if moved:
        logger().warning("queue.expired", count=len(moved))
    return len(moved)


def attach(
    gateway: Gateway, kurum: KurumNo, sorgu_no: SorguNo, cms: bytes, *, signer: str | None = None, version: str = ""
) -> State:
    """A professional's own signature over the frozen bytes arrives; raises BadSignature, NotFound, IllegalMove.

    `signer` here and below: the blind index of the one professional whose messages there are; None is everybody's.
    Returns `queued`, `quarantined` when its form is stopped, or where it stands with this very signature already.
    """
    now = gateway.clock.now()
    with reading(gateway.database) as tx:
        found = readings.read_one(tx, kurum, sorgu_no, signer=signer)
    key = gateway.content(kurum, found["row"]["kayit_no"], found["content_key"])
    stored = found["body"]["cms"]
    if stored and bodies.open_cms(key, kurum, sorgu_no, stored) == cms:
        return State(found["row"]["state"])
    salt, canonical = bodies.open_canonical(key, kurum, sorgu_no, found["body"]["canonical"])
    # outside any transaction: an authority may be asked, and the bytes are frozen since prepare
    signature = gateway.signature(cms, canonical, signer_of(canonical, gateway.catalogue.signers), now)
    require_valid(signature)
    with writing(gateway.database) as tx:
        if version:
            require_unchanged(tx, kurum, sorgu_no, version)
        kept = copies.keep_answers(tx, [(each.source, each.response) for each in signature.answers], now=now)
        moved = outbox.attach(tx, kurum, sorgu_no, bodies.seal_cms(key, kurum, sorgu_no, cms), now=now)
        facts = {**bodies.commitments(salt, cms=cms), **({"revocation": kept} if kept else {})}
        stopped = quarantines.catch(tx, [moved], now=now)
        gateway.record(tx, [moved_entry(moved, gateway.actor).with_facts(facts)], now)
        gateway.record_moves(tx, stopped, now)
    return stopped[0].end if stopped else moved.end


def stop_line(gateway: Gateway, *, reason: str, by: str = "") -> bool:
    """An operator stops all sending, for every worker; False when it was stopped already."""
    hand = Hand(by or gateway.actor, reason)

    def stop(found: line.Line, now: datetime) -> line.Line:
        return found if found.state == line.STOPPED else line.stop(found, hand.reason, now=now)

    return _turn_line(gateway, stop, "line.stopped", hand)


def resume_line(gateway: Gateway, *, reason: str, by: str = "") -> bool:
    """An operator lets sending go on: ends STOPPED, PASSIVE, an open breaker and a rest; False when nothing ends."""
    hand = Hand(by or gateway.actor, reason)
    opened = _open_restored(gateway, hand)
    return _turn_line(gateway, lambda found, now: line.resume(found, now=now), "line.resumed", hand) or opened


def _open_restored(gateway: Gateway, hand: Hand) -> bool:
    """A home that came back from a backup may send from now on, and asks first."""
    with writing(gateway.database) as tx:
        if not restored.open_it(tx):
            return False
        gateway.record(tx, [Entry("gateway.opened", gateway.actor, hand.facts)], gateway.clock.now())
    return True


def _turn_line(gateway: Gateway, turn: Callable[[line.Line, datetime], line.Line], event: str, hand: Hand) -> bool:
    now = gateway.clock.now()
    ensure_line(gateway.database, gateway.address)
    with writing(gateway.database) as tx:
        before = lock_line(tx, gateway.address)
        after = turn(before, now)
        if after == before:
            return False
        write_line(tx, before, after)
        facts = {"address": gateway.address, "from": before.state, "to": after.state, **hand.facts}
        gateway.record(tx, [Entry(event, gateway.actor, facts)], now)
    return True


def read_canonical(gateway: Gateway, kurum: KurumNo, sorgu_no: SorguNo, *, signer: str | None = None) -> bytes:
    """The frozen bytes of one message, to be shown to and signed by the professional; raises NotFound."""
    with reading(gateway.database) as tx:
        found = readings.read_one(tx, kurum, sorgu_no, signer=signer)
    key = gateway.content(kurum, found["row"]["kayit_no"], found["content_key"])
    return bodies.open_canonical(key, kurum, sorgu_no, found["body"]["canonical"])[1]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that awaits the signature of `professional`, a whole identity number: to be masked when shown."""

    sorgu_no: SorguNo
    since: datetime
    professional: str = field(repr=False)
    canonical: bytes = field(repr=False)


def read_waiting(
    gateway: Gateway, kurum: KurumNo, *, after: int = 0, limit: int | None = None, signer: str | None = None
) -> list[Waiting]:
    """Every message behind number `after` whose signature is awaited, in their order, with its frozen bytes."""
    with reading(gateway.database) as tx:
        rows = readings.awaiting(tx, kurum, after=after, limit=limit, signer=signer)
    found = []
    for sorgu_no, since, sealed, kayit_no, stored in rows:
        _, canonical = bodies.open_canonical(gateway.content(kurum, kayit_no, stored), kurum, sorgu_no, sealed)
        found.append(Waiting(sorgu_no, since, signer_of(canonical, gateway.catalogue.signers), canonical))
    return found


@contextmanager
def exporting(gateway: Gateway, kurum: KurumNo, numbers: Sequence[SorguNo], *, by: str = "") -> Iterator[None]:
    """Around writing frozen bytes out of the gateway: they hold identity numbers, so intent and outcome are audited.

    An intent without an outcome means that the files may be there. Raises BadReason for a name the log must not keep.
    """
    if not numbers:
        yield
        return
    with looking(gateway, kurum, EXPORT, numbers, by=by):
        yield


def checkpoint(gateway: Gateway, lease: TickLease | None = None) -> tuple[int, str] | None:
    """Sign the log's present head: (size, note), or None when nothing was written since the last time."""
    now, key = gateway.clock.now(), gateway.checkpoint_key
    with writing(gateway.database) as tx:
        if lease and not is_held(tx, lease, now=now):
            return None
        require_claim(tx, key)
        made = make_checkpoint(tx, key, now=now)
    if made:
        with reading(gateway.database) as tx:
            write_claim(tx, key, made[0])
    return made


def checkpoint_is_due(gateway: Gateway, *, every: timedelta, entries: int) -> bool:
    """Whether the newest checkpoint is older than `every`, or `entries` have come since; one is due at first."""
    with reading(gateway.database) as tx:
        size, made_at = newest_checkpoint(tx)
        grown = tree_size(tx) - size
    return grown > 0 and (made_at is None or gateway.clock.now() - made_at >= every or grown >= entries)


def refresh_codes(gateway: Gateway) -> int:
    """Fetch the training code list from the ministry; returns how many codes the list has. Raises Unavailable.

    The operations that serve the other lists are not public (contract 11.2): `load_list` takes them from a file.
    """
    generation = gateway.ministry()
    if not isinstance(generation, ServesCodes):
        raise Unavailable(f"{generation.metot} has no operation that serves the training codes")
    return _put_list(gateway, TRAINING_CODES, generation.fetch_training_codes(), "ministry").codes


def load_list(gateway: Gateway, list_name: str, rows: Iterable[tuple[str, str, bool]]) -> code_lists.Refreshed:
    """Take a list that came by another way, such as occupations; raises Malformed for a list no veri seti uses."""
    used = {name for each in gateway.catalogue.definitions for name in each.code_lists}
    if list_name not in used:
        raise Malformed(f"no veri seti uses a code list {list_name!r}; used: {', '.join(sorted(used))}")
    return _put_list(gateway, list_name, rows, "file")


def _put_list(
    gateway: Gateway, list_name: str, rows: Iterable[tuple[str, str, bool]], source: str
) -> code_lists.Refreshed:
    now = gateway.clock.now()
    with writing(gateway.database) as tx:
        found = code_lists.refresh(tx, list_name, rows, now=now, source=source)
        digest = code_lists.digest_of_list(tx, list_name)
        facts = {
            "list": list_name,
            "codes": found.codes,
            "digest": digest,
            "history": code_lists.digest_of_history(tx, list_name),
            **({"changes": found.changes} if found.changes else {}),
        }
        gateway.record(tx, [Entry("codes.refreshed", gateway.actor, facts)], now)
    load_codes(gateway)
    return found


def codes_are_due(gateway: Gateway, age: timedelta) -> bool:
    """Whether the training codes were last served longer ago than `age`, or never, by a ministry that serves them."""
    if not isinstance(gateway.ministry(), ServesCodes):
        return False
    with reading(gateway.database) as tx:
        if standing.is_passive(tx):
            return False
        served_at = code_lists.last_served_at(tx, TRAINING_CODES)
    return served_at is None or gateway.clock.now() - served_at > age


def load_codes(gateway: Gateway) -> None:
    """Bring the refreshed lists into use in this process."""
    with reading(gateway.database) as tx:
        listed = {name: code_lists.load_refreshed(tx, name) for name in code_lists.served_lists(tx)}
    gateway.catalogue.refreshed = listed


def stored_records(
    gateway: Gateway, veri_seti: str, since: datetime, kurum: KurumNo | None = None
) -> Iterator[tuple[KurumNo, Submitted]]:
    """Every record of a set that was received since, opened, customer by customer; pages of a thousand.

    A record whose customer has no key here any more raises Tampered: nothing is passed over in silence.
    """
    after: tuple[str, str] | None = None
    while True:
        with reading(gateway.database) as tx:
            page = records.stored_since(tx, veri_seti, since, kurum=kurum, after=after, limit=RECORDS_AT_ONCE)
        for row in page:
            key = gateway.content(KurumNo(row.kurum_id), row.kayit_no, row.content_key)
            content = bodies.open_record(key, KurumNo(row.kurum_id), row.kayit_no, row.body)
            text = content.split(b"/", 2)[2]
            fields = json.loads(text.decode("utf-8", "surrogatepass"))
            yield KurumNo(row.kurum_id), Submitted(row.kayit_no, veri_seti, None, fields, content)
        if len(page) < RECORDS_AT_ONCE:
            return
        after = (page[-1].kurum_id, page[-1].kayit_no)


__all__ = [
    "Evidence",
    "Waiting",
    "attach",
    "cancel",
    "cancel_cause",
    "checkpoint",
    "checkpoint_is_due",
    "codes_are_due",
    "correct",
    "exporting",
    "lift_form",
    "load_codes",
    "load_list",
    "quarantine",
    "quarantine_form",
    "read_canonical",
    "read_causes",
    "read_waiting",
    "recover",
    "refresh_codes",
    "release",
    "release_cause",
    "release_for_evidence",
    "resume_line",
    "retry",
    "stop_line",
    "stored_records",
]
