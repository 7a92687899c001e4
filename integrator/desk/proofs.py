"""What proves one message: its signature judged once more, its digests, its place in the log; and its bytes, by right.

Judging opens the bytes and shows nothing of them, so it is no look; showing them is one, and is audited.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from integrator.audit.prove import Head, newest_head, prove_bildirim
from integrator.audit.trail import read_about
from integrator.domain.errors import NotFound
from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.domain.roles import Right
from integrator.gateway import Gateway
from integrator.looks import OPEN, looking, withhold
from integrator.queue import bodies, readings
from integrator.sign.canonical import signer_of
from integrator.sign.verify import Signature, Verdict, judge
from integrator.store.engine import Tx, reading


@dataclass(frozen=True, slots=True)
class Signed:
    """What was signed, without the bytes. `verdicts` are empty while the signature is awaited.

    `digests` are SHA-256 (hex); of a health message the log's salted commitments, because a digest of what can be
    guessed tells it. `attached_at` is when the signature came, and the moment it is judged at.
    """

    canonical_bytes: int
    cms_bytes: int
    is_commitment: bool
    digests: dict[str, str]
    attached_at: datetime | None
    verdicts: Sequence[Verdict]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the log about the message, and how many hashes prove it."""

    index: int
    at: datetime
    event: str
    hashes: int


@dataclass(frozen=True, slots=True)
class Proof:
    """The entries below the newest checkpoint, each checked to lead to its root; `waiting` stand above it.

    `size` is how many entries the checkpoint speaks of; 0 and no entries: none was made yet.
    """

    size: int
    root: str
    entries: Sequence[Entry]
    waiting: int


def read_signed(tx: Tx, gateway: Gateway, kurum: KurumNo, sorgu_no: SorguNo, *, signer: str | None = None) -> Signed:
    """Sizes, digests and the verdicts of the checks, no authority asked; raises NotFound, Erased, Tampered."""
    found = readings.read_one(tx, kurum, sorgu_no, signer=signer)
    row, body = found["row"], found["body"]
    key = gateway.content(kurum, row["kayit_no"], found["content_key"])
    canonical = bodies.open_canonical(key, kurum, sorgu_no, body["canonical"])[1]
    cms = bodies.open_cms(key, kurum, sorgu_no, body["cms"]) if body["cms"] else b""
    entries, is_health = read_about(tx, sorgu_no), gateway.catalogue.is_health(row["veri_seti"])
    at = next((datetime.fromisoformat(each["at"]) for each in reversed(entries) if "cms" in each), None)
    content: dict[str, bytes] = {"canonical": canonical, "cms": cms}
    plain = {name: sha256(value).hexdigest() for name, value in content.items() if value}
    salted: dict[str, str] = {
        name: str(each[name]) for each in entries for name in ("canonical", "cms") if name in each
    }
    professional = signer_of(canonical, gateway.catalogue.signers)
    signature = Signature(cms, canonical, at or gateway.clock.now(), gateway.trust, professional, gateway.policy)
    return Signed(
        canonical_bytes=len(canonical),
        cms_bytes=len(cms),
        is_commitment=is_health,
        digests=salted if is_health else plain,
        attached_at=at,
        verdicts=judge(signature) if cms else [],
    )


def read_proof(tx: Tx, kurum: KurumNo, sorgu_no: SorguNo, *, signer: str | None = None) -> Proof:
    """Where the log holds the message; raises NotFound, Tampered when a proof does not lead to the root."""
    readings.read_one(tx, kurum, sorgu_no, signer=signer)
    head, count = _head(tx), len(read_about(tx, sorgu_no))
    entries = [_entry(each) for each in prove_bildirim(tx, sorgu_no, head)["entries"]] if head.size else []
    return Proof(head.size, head.root.hex(), entries, count - len(entries))


def _head(tx: Tx) -> Head:
    try:
        return newest_head(tx)
    except NotFound:
        return Head(0, b"", "")


def _entry(proven: dict[str, Any]) -> Entry:
    fact = json.loads(proven["leaf"])
    return Entry(proven["index"], datetime.fromisoformat(fact["at"]), fact["event"], len(proven["proof"]))


@dataclass(frozen=True, slots=True)
class Content:
    """The exact bytes that are signed, and the signature over them; empty while it is awaited."""

    canonical: bytes = field(repr=False)
    cms: bytes = field(repr=False)


def read_content(
    gateway: Gateway,
    kurum: KurumNo,
    sorgu_no: SorguNo,
    *,
    rights: AbstractSet[Right],
    by: str,
    signer: str | None = None,
) -> Content:
    """The bytes themselves, for a person who may read content; the look is audited.

    Raises ContentWithheld for whoever may not, and audits that too; NotFound, Erased.
    """
    with reading(gateway.database) as tx:
        found = readings.read_one(tx, kurum, sorgu_no, signer=signer)
    if Right.READ_CONTENT not in rights:
        raise withhold(gateway, kurum, sorgu_no, by=by, what="canonical")
    key = gateway.content(kurum, found["row"]["kayit_no"], found["content_key"])
    with looking(gateway, kurum, OPEN, [sorgu_no], by=by, facts={"what": "canonical"}):
        canonical = bodies.open_canonical(key, kurum, sorgu_no, found["body"]["canonical"])[1]
        sealed = found["body"]["cms"]
        return Content(canonical, bodies.open_cms(key, kurum, sorgu_no, sealed) if sealed else b"")
