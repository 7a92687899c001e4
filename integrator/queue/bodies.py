"""Sealing and opening what belongs to a message: canonical bytes, signature, requests, replies, refusals.

`key` is the record's own (`content_place`, docs/decisions/0024). Every sealed value is tied to its place, so it cannot
be moved to another row. The salt of the audit log's
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
from integrator.protect.seal import Seals, commitment

SALT_BYTES = 16


def seal_body(key: Seals, row: Bildirim) -> tuple[bytes, bytes | None]:
    """(canonical, cms) as they are stored; cms is None while the signature is awaited."""
    canonical = key.seal(row.salt + row.canonical, place_of(row.kurum, row.sorgu_no, "canonical"))
    return canonical, seal_cms(key, row.kurum, row.sorgu_no, row.cms) if row.cms else None


def seal_cms(key: Seals, kurum: KurumNo, sorgu_no: SorguNo, cms: bytes) -> bytes:
    """A signature as it is stored."""
    return key.seal(cms, place_of(kurum, sorgu_no, "cms"))


def open_cms(key: Seals, kurum: KurumNo, sorgu_no: SorguNo, sealed: bytes) -> bytes:
    """A signature as it was sent; raises Tampered."""
    return key.open(sealed, place_of(kurum, sorgu_no, "cms"))


def seal_evidence(key: Seals, kurum: KurumNo, sorgu_no: SorguNo, evidence: bytes) -> bytes:
    """An evidence copy as it is stored."""
    return key.seal(evidence, place_of(kurum, sorgu_no, "evidence"))


def open_evidence(key: Seals, kurum: KurumNo, sorgu_no: SorguNo, sealed: bytes) -> bytes:
    """An evidence copy; raises Tampered."""
    return key.open(sealed, place_of(kurum, sorgu_no, "evidence"))


def open_canonical(key: Seals, kurum: KurumNo, sorgu_no: SorguNo, sealed: bytes) -> tuple[bytes, bytes]:
    """(salt, canonical bytes); raises Tampered."""
    salted = key.open(sealed, place_of(kurum, sorgu_no, "canonical"))
    return salted[:SALT_BYTES], salted[SALT_BYTES:]


def open_claimed(key: Seals, claimed: Claimed) -> tuple[bytes, bytes, bytes]:
    """(salt, canonical bytes, cms) of a claimed message; raises Tampered."""
    salt, canonical = open_canonical(key, claimed.kurum, claimed.sorgu_no, claimed.canonical)
    return salt, canonical, key.open(claimed.cms, place_of(claimed.kurum, claimed.sorgu_no, "cms"))


def seal_record(key: Seals, kurum: KurumNo, kayit_no: str, content: bytes) -> bytes:
    """A record as submitted."""
    return key.seal(content, f"kayit/{kurum}/{kayit_no}".encode())


def open_record(key: Seals, kurum: KurumNo, kayit_no: str, sealed: bytes) -> bytes:
    """A record as it was submitted, ``veri_seti/version/`` before its JSON; raises Tampered."""
    return key.open(sealed, f"kayit/{kurum}/{kayit_no}".encode())


def seal_exchange(key: Seals, claimed: Claimed, request: bytes, reply: bytes) -> tuple[bytes, bytes]:
    """(request, reply) of one attempt; an empty reply stays empty."""
    of = (claimed.kurum, claimed.sorgu_no, claimed.deneme_no)
    return (
        key.seal(request, deneme_place(*of, "request")),
        key.seal(reply, deneme_place(*of, "reply")) if reply else b"",
    )


def open_exchange(
    key: Seals, kurum: KurumNo, sorgu_no: SorguNo, deneme_no: int, *, request: bytes | None, reply: bytes | None
) -> tuple[bytes, bytes]:
    """(request without its credentials, reply) of one attempt, each empty when there was none; raises Tampered."""
    of = (kurum, sorgu_no, deneme_no)
    return (
        key.open(request, deneme_place(*of, "request")) if request else b"",
        key.open(reply, deneme_place(*of, "reply")) if reply else b"",
    )


def seal_refused(
    key: Seals, claimed: Claimed, outcome: Outcome, explanation: Mapping[str, Any] | None = None
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
    return key.seal(content, place_of(claimed.kurum, claimed.sorgu_no, "sonuc"))


def open_refused(key: Seals, kurum: KurumNo, sorgu_no: SorguNo, sealed: bytes) -> Sequence[Sonuc]:
    """The refused parts of a message."""
    told = json.loads(key.open(sealed, place_of(kurum, sorgu_no, "sonuc")))
    listed = told["parts"] if isinstance(told, dict) else told
    return [Sonuc((worker, code), status, message) for worker, code, status, message in listed]


def open_explanation(key: Seals, kurum: KurumNo, sorgu_no: SorguNo, sealed: bytes) -> dict[str, Any] | None:
    """Why the ministry said 214, as it was found then; None when it did not."""
    told = json.loads(key.open(sealed, place_of(kurum, sorgu_no, "sonuc")))
    return told["explanation"] if isinstance(told, dict) else None


def content_place(kurum: KurumNo, kayit_no: str) -> bytes:
    """What a record's content key is bound to."""
    return f"content_key/{kurum}/{kayit_no}".encode()


def commitments(salt: bytes, **told: bytes) -> dict[str, str]:
    """What the audit log keeps of canonical, cms, request and reply: a salted commitment to each that is not empty."""
    return {name: commitment(salt, value) for name, value in told.items() if value}


def index_bytes(isyeri_index: str, profesyonel_index: str) -> bytes:
    """The blind indexes of a message as they are committed to."""
    return f"{isyeri_index}/{profesyonel_index}".encode()


def deneme_place(kurum: KurumNo, sorgu_no: SorguNo, deneme_no: int, part: str) -> bytes:
    """What the request or the reply of one attempt is bound to."""
    return f"deneme/{kurum}/{sorgu_no}/{deneme_no}/{part}".encode()


def place_of(kurum: KurumNo, sorgu_no: SorguNo, part: str) -> bytes:
    """What a part of a message is bound to: canonical, cms, evidence or sonuc."""
    return f"bildirim/{kurum}/{sorgu_no}/{part}".encode()
