"""The smaller walks beside the main one: recovery, people's hands, checkpoints, code lists.

Each is one short transaction with its audit entry in it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from integrator.audit.checkpoint import make_checkpoint
from integrator.audit.trail import Entry, moved_entry
from integrator.catalogue import codes as code_lists
from integrator.domain.errors import Malformed
from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.domain.records import Moved, Submitted
from integrator.gateway import Gateway
from integrator.log import logger
from integrator.queue import bodies, copies, outbox, readings, records
from integrator.sign.canonical import signer_of
from integrator.sign.verify import require_valid
from integrator.store.engine import reading, writing

RECOVER_AT_ONCE = 10_000
RECORDS_AT_ONCE = 1000
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
    """Fetch the training code list from the ministry; returns how many codes the list has. Raises Unavailable.

    The operations that serve the other lists are not public (contract 11.2): `load_list` takes them from a file.
    """
    return _put_list(gateway, TRAINING_CODES, gateway.ministry().fetch_training_codes(), "ministry").codes


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
        facts = {"list": list_name, "codes": found.codes, **({"changes": found.changes} if found.changes else {})}
        gateway.record(tx, [Entry("codes.refreshed", gateway.actor, facts)], now)
    load_codes(gateway)
    return found


def codes_are_older_than(gateway: Gateway, age: timedelta) -> bool:
    """Whether the training codes were last served longer ago than `age`, or never."""
    with reading(gateway.database) as tx:
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
            sealer = gateway.keyring.sealer(KurumNo(row.kurum_id))
            content = bodies.open_record(sealer, KurumNo(row.kurum_id), row.kayit_no, row.body)
            text = content.split(b"/", 2)[2]
            fields = json.loads(text.decode("utf-8", "surrogatepass"))
            yield KurumNo(row.kurum_id), Submitted(row.kayit_no, veri_seti, None, fields, content)
        if len(page) < RECORDS_AT_ONCE:
            return
        after = (page[-1].kurum_id, page[-1].kayit_no)
