"""The smaller walks beside the main one: recovery, people's hands, checkpoints, code lists.

Each is one short transaction with its audit entry in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from integrator.audit.checkpoint import make_checkpoint
from integrator.audit.trail import Entry, moved_entry
from integrator.catalogue import codes as code_lists
from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.domain.records import Moved
from integrator.gateway import Gateway
from integrator.log import logger
from integrator.queue import bodies, copies, outbox, readings
from integrator.sign.canonical import signer_of
from integrator.sign.verify import require_valid
from integrator.store.engine import reading, writing

RECOVER_AT_ONCE = 10_000
TRAINING_CODES = "egitim_kodu"


def recover(gateway: Gateway) -> int:
    """Messages whose worker went silent past its lease become uncertain; returns how many."""
    now = gateway.clock.now()
    with writing(gateway.database) as tx:
        moved = outbox.expire(tx, now=now, limit=RECOVER_AT_ONCE)
        gateway.record_moves(tx, moved, now)
    if moved:
        logger().warning("queue.expired", count=len(moved))
    return len(moved)


def attach(gateway: Gateway, kurum: KurumNo, sorgu_no: SorguNo, cms: bytes) -> None:
    """A professional's own signature over the frozen bytes arrives; raises BadSignature, NotFound, IllegalMove."""
    now = gateway.clock.now()
    sealer = gateway.keyring.sealer(kurum, now=now)
    with reading(gateway.database) as tx:
        sealed = readings.read_one(tx, kurum, sorgu_no)["body"]["canonical"]
    salt, canonical = bodies.open_canonical(sealer, kurum, sorgu_no, sealed)
    # outside any transaction: an authority may be asked, and the bytes are frozen since prepare
    signature = gateway.signature(cms, canonical, signer_of(canonical, gateway.catalogue.signers), now)
    require_valid(signature)
    with writing(gateway.database) as tx:
        kept = copies.keep_answers(tx, [(each.source, each.response) for each in signature.answers], now=now)
        moved = outbox.attach(tx, kurum, sorgu_no, bodies.seal_cms(sealer, kurum, sorgu_no, cms), now=now)
        facts = {**bodies.commitments(salt, cms=cms), **({"revocation": kept} if kept else {})}
        gateway.record(tx, [moved_entry(moved, gateway.actor).with_facts(facts)], now)


def release(gateway: Gateway, kurum: KurumNo, sorgu_no: SorguNo, *, reason: str) -> None:
    """A person sends a held or quarantined message again, with a reason that the audit log keeps."""
    _by_hand(gateway, partial(outbox.release, kurum=kurum, sorgu_no=sorgu_no, reason=reason))


def cancel(gateway: Gateway, kurum: KurumNo, sorgu_no: SorguNo, *, reason: str) -> None:
    """The owner takes a message back that is not on its way."""
    _by_hand(gateway, partial(outbox.cancel, kurum=kurum, sorgu_no=sorgu_no, reason=reason))


def _by_hand(gateway: Gateway, act: Callable[..., Moved]) -> None:
    now = gateway.clock.now()
    with writing(gateway.database) as tx:
        gateway.record_moves(tx, [act(tx, now=now)], now)


def read_canonical(gateway: Gateway, kurum: KurumNo, sorgu_no: SorguNo) -> bytes:
    """The frozen bytes of one message, to be shown to and signed by the professional."""
    with reading(gateway.database) as tx:
        sealed = readings.read_one(tx, kurum, sorgu_no)["body"]["canonical"]
    return bodies.open_canonical(gateway.keyring.sealer(kurum), kurum, sorgu_no, sealed)[1]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that awaits the signature of `professional`, a whole identity number: to be masked when shown."""

    sorgu_no: SorguNo
    since: datetime
    professional: str = field(repr=False)
    canonical: bytes = field(repr=False)


def read_waiting(gateway: Gateway, kurum: KurumNo) -> list[Waiting]:
    """Every message whose signature is awaited, oldest first, with its frozen bytes."""
    with reading(gateway.database) as tx:
        rows = readings.awaiting(tx, kurum)
    sealer = gateway.keyring.sealer(kurum) if rows else None
    found = []
    for sorgu_no, since, sealed in rows:
        assert sealer is not None
        _, canonical = bodies.open_canonical(sealer, kurum, sorgu_no, sealed)
        found.append(Waiting(sorgu_no, since, signer_of(canonical, gateway.catalogue.signers), canonical))
    return found


def checkpoint(gateway: Gateway) -> tuple[int, str] | None:
    """Sign the log's present head: (size, note), or None when nothing was written since the last time."""
    with writing(gateway.database) as tx:
        return make_checkpoint(tx, gateway.checkpoint_key, now=gateway.clock.now())


def refresh_codes(gateway: Gateway) -> int:
    """Fetch the training code list from the ministry; returns how many codes the list has. Raises Unavailable."""
    served = gateway.ministry().fetch_training_codes()
    now = gateway.clock.now()
    with writing(gateway.database) as tx:
        count = code_lists.refresh(tx, TRAINING_CODES, served, now=now)
        gateway.record(tx, [Entry("codes.refreshed", gateway.actor, {"list": TRAINING_CODES, "codes": count})], now)
    load_codes(gateway)
    return count


def codes_are_older_than(gateway: Gateway, age: timedelta) -> bool:
    """Whether the training codes were last served longer ago than `age`, or never."""
    with reading(gateway.database) as tx:
        served_at = code_lists.last_served_at(tx, TRAINING_CODES)
    return served_at is None or gateway.clock.now() - served_at > age


def load_codes(gateway: Gateway) -> None:
    """Bring the refreshed lists into use in this process."""
    with reading(gateway.database) as tx:
        listed = code_lists.load_refreshed(tx, TRAINING_CODES)
    gateway.catalogue.refreshed = {TRAINING_CODES: listed} if listed else {}
