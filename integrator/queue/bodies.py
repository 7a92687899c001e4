"""Sealing and opening what belongs to a message: canonical bytes, signature, requests, replies, refusals.

Every sealed value is tied to its place, so it cannot be moved to another row. The salt of the audit log's
commitments travels with the canonical bytes: destroy the one and the other says nothing any more.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.domain.outcomes import SUCCESS, Outcome, Sonuc
from integrator.domain.records import Bildirim, Claimed
from integrator.domain.states import State
from integrator.protect.seal import Sealer, commitment

SALT_BYTES = 16


def seal_body(sealer: Sealer, row: Bildirim) -> tuple[bytes, bytes | None]:
    """(canonical, cms) as they are stored; cms is None while the signature is awaited."""
    canonical = sealer.seal(row.salt + row.canonical, _place(row.kurum, row.sorgu_no, "canonical"))
    return canonical, seal_cms(sealer, row.kurum, row.sorgu_no, row.cms) if row.cms else None


def seal_cms(sealer: Sealer, kurum: KurumNo, sorgu_no: SorguNo, cms: bytes) -> bytes:
    """A signature as it is stored."""
    return sealer.seal(cms, _place(kurum, sorgu_no, "cms"))


def open_cms(sealer: Sealer, kurum: KurumNo, sorgu_no: SorguNo, sealed: bytes) -> bytes:
    """A signature as it was sent; raises Tampered."""
    return sealer.open(sealed, _place(kurum, sorgu_no, "cms"))


def seal_evidence(sealer: Sealer, kurum: KurumNo, sorgu_no: SorguNo, evidence: bytes) -> bytes:
    """An evidence copy as it is stored."""
    return sealer.seal(evidence, _place(kurum, sorgu_no, "evidence"))


def open_evidence(sealer: Sealer, kurum: KurumNo, sorgu_no: SorguNo, sealed: bytes) -> bytes:
    """An evidence copy; raises Tampered."""
    return sealer.open(sealed, _place(kurum, sorgu_no, "evidence"))


def open_canonical(sealer: Sealer, kurum: KurumNo, sorgu_no: SorguNo, sealed: bytes) -> tuple[bytes, bytes]:
    """(salt, canonical bytes); raises Tampered."""
    salted = sealer.open(sealed, _place(kurum, sorgu_no, "canonical"))
    return salted[:SALT_BYTES], salted[SALT_BYTES:]


def open_claimed(sealer: Sealer, claimed: Claimed) -> tuple[bytes, bytes, bytes]:
    """(salt, canonical bytes, cms) of a claimed message; raises Tampered."""
    salt, canonical = open_canonical(sealer, claimed.kurum, claimed.sorgu_no, claimed.canonical)
    return salt, canonical, sealer.open(claimed.cms, _place(claimed.kurum, claimed.sorgu_no, "cms"))


def seal_record(sealer: Sealer, kurum: KurumNo, kayit_no: str, content: bytes) -> bytes:
    """A record as submitted."""
    return sealer.seal(content, f"kayit/{kurum}/{kayit_no}".encode())


def open_record(sealer: Sealer, kurum: KurumNo, kayit_no: str, sealed: bytes) -> bytes:
    """A record as it was submitted, ``veri_seti/version/`` before its JSON; raises Tampered."""
    return sealer.open(sealed, f"kayit/{kurum}/{kayit_no}".encode())


def seal_exchange(sealer: Sealer, claimed: Claimed, request: bytes, reply: bytes) -> tuple[bytes, bytes]:
    """(request, reply) of one attempt; an empty reply stays empty."""
    deneme = f"deneme/{claimed.kurum}/{claimed.sorgu_no}/{claimed.deneme_no}"
    return (
        sealer.seal(request, f"{deneme}/request".encode()),
        sealer.seal(reply, f"{deneme}/reply".encode()) if reply else b"",
    )


def open_exchange(
    sealer: Sealer, kurum: KurumNo, sorgu_no: SorguNo, deneme_no: int, *, request: bytes | None, reply: bytes | None
) -> tuple[bytes, bytes]:
    """(request without its credentials, reply) of one attempt, each empty when there was none; raises Tampered."""
    deneme = f"deneme/{kurum}/{sorgu_no}/{deneme_no}"
    return (
        sealer.open(request, f"{deneme}/request".encode()) if request else b"",
        sealer.open(reply, f"{deneme}/reply".encode()) if reply else b"",
    )


def seal_refused(
    sealer: Sealer, claimed: Claimed, outcome: Outcome, explanation: Mapping[str, Any] | None = None
) -> bytes | None:
    """The parts the ministry did not store, and why it said 214; None when there is neither.

    One sealed value holds both, so the tables of a home that exists need no change; a bare list is parts only.
    """
    if outcome.end not in (State.PARTIAL, State.REFUSED):
        return None
    listed = [[*part.pair, part.code, part.message] for part in outcome.parts if part.code != SUCCESS]
    if not listed and not explanation:
        return None
    told = {"parts": listed, "explanation": explanation} if explanation else listed
    content = json.dumps(told, ensure_ascii=False).encode()
    return sealer.seal(content, _place(claimed.kurum, claimed.sorgu_no, "sonuc"))


def open_refused(sealer: Sealer, kurum: KurumNo, sorgu_no: SorguNo, sealed: bytes) -> Sequence[Sonuc]:
    """The refused parts of a message."""
    told = json.loads(sealer.open(sealed, _place(kurum, sorgu_no, "sonuc")))
    listed = told["parts"] if isinstance(told, dict) else told
    return [Sonuc((worker, code), status, message) for worker, code, status, message in listed]


def open_explanation(sealer: Sealer, kurum: KurumNo, sorgu_no: SorguNo, sealed: bytes) -> dict[str, Any] | None:
    """Why the ministry said 214, as it was found then; None when it did not."""
    told = json.loads(sealer.open(sealed, _place(kurum, sorgu_no, "sonuc")))
    return told["explanation"] if isinstance(told, dict) else None


def commitments(salt: bytes, **told: bytes) -> dict[str, str]:
    """What the audit log keeps of canonical, cms, request and reply: a salted commitment to each that is not empty."""
    return {name: commitment(salt, value) for name, value in told.items() if value}


def index_bytes(isyeri_index: str, profesyonel_index: str) -> bytes:
    """The blind indexes of a message as they are committed to."""
    return f"{isyeri_index}/{profesyonel_index}".encode()


def _place(kurum: KurumNo, sorgu_no: SorguNo, part: str) -> bytes:
    return f"bildirim/{kurum}/{sorgu_no}/{part}".encode()
