"""Usage certificates (circular 6a): an employer shows that its institution notifies by an integrator's software.

1. `issue` counts what was notified and accepted of a workplace and a period, makes the file, and keeps what it says
2. `verify_code` tells anybody who holds the paper what it said when it was issued, and whether it still stands
3. `revoke` takes it back

The code stands on the paper and nowhere else, so a file is handed out once. What is kept names no person.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any

from sqlalchemy import RowMapping, insert, select, update

from integrator.audit.bound import told_now
from integrator.audit.trail import Entry
from integrator.coverage.reading import today_of
from integrator.domain.errors import Malformed, NotFound
from integrator.domain.hands import Hand
from integrator.domain.identifiers import KurumNo, SgkTescilNo
from integrator.domain.texts import Language
from integrator.gateway import Gateway
from integrator.paper.tallies import Period, Tally, read_tallies
from integrator.paper.usage_codes import digest_of, new_code, read_code
from integrator.paper.usage_pdf import Professional, Statement, render_usage
from integrator.parties.mirror import place_of
from integrator.parties.register import isyeri_index, masked
from integrator.protect.seal import Sealer
from integrator.registering import Card, read_card
from integrator.sign.verify import TRIAL
from integrator.store.engine import Tx, reading, write_anew
from integrator.store.paper_tables import usage_certificate

LONGEST_PERIOD = timedelta(days=3660)
SHOWN_AT_ONCE = 500
_C = usage_certificate.c


@dataclass(frozen=True, slots=True)
class Asked:
    """Of which workplace and which days of events; `hides_sgk` masks its number for whoever else will see the paper."""

    sgk: SgkTescilNo
    since: date
    until: date
    language: Language = "tr"
    hides_sgk: bool = False

    def __post_init__(self) -> None:
        if not self.since <= self.until <= self.since + LONGEST_PERIOD:
            raise Malformed(f"from {self.since} to {self.until}: the first day, then the last, ten years at most")


@dataclass(frozen=True, slots=True)
class Count:
    """Messages of one veri seti as they were counted when the certificate was issued."""

    veri_seti: str
    notified: int
    accepted: int


@dataclass(frozen=True, slots=True)
class Certificate:
    """What is kept of one. `title` is the workplace by first letters; `sha256` that of the file."""

    usage_no: str
    title: str
    since: date
    until: date
    counts: Sequence[Count]
    last_accepted_at: datetime
    sha256: str
    made_at: datetime
    made_by: str
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Issued:
    """A new certificate, and what is told once: its code, and the file with the code on it."""

    certificate: Certificate
    code: str = field(repr=False)
    pdf: bytes = field(repr=False)


class Validity(StrEnum):
    """What becomes of a code that somebody asks about."""

    VALID = "valid"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verified:
    """What a stranger is told: who keeps it, and what it said; nothing of an unknown one."""

    validity: Validity
    gateway: str
    certificate: Certificate | None = None


def issue(gateway: Gateway, kurum: KurumNo, asked: Asked, *, by: str) -> Issued:
    """Certify what was accepted. Raises UnknownParty, NotFound where nothing was, Malformed for days to come."""
    hand = Hand(by, "usage certificate")
    if asked.since > today_of(gateway):
        raise Malformed(f"from {asked.since}: that day is still to come")
    card = read_card(gateway, kurum, asked.sgk)
    sealer = gateway.keyring.sealer(kurum)
    index = isyeri_index(sealer, asked.sgk.value)
    with reading(gateway.database) as tx:
        tallies = read_tallies(tx, Period(kurum, asked.since, asked.until, index))
    accepted = [each.last_accepted_at for each in tallies if each.last_accepted_at]
    if not accepted:
        raise NotFound("nothing was accepted of that workplace and time, so there is nothing to certify")
    code, now, usage_no = new_code(), gateway.clock.now(), secrets.token_hex(8)
    pdf = render_usage(_statement(gateway, kurum, asked, card, tallies), code, usage_no)
    counts = [Count(each.veri_seti, each.notified, each.accepted) for each in tallies]
    made = Certificate(
        usage_no, masked(str(card.facts.get("ad_unvan") or "")), asked.since, asked.until, counts, max(accepted),
        sha256(pdf).hexdigest(), now, hand.by.strip(),
    )  # fmt: skip

    def write(tx: Tx) -> None:
        gateway.keyring.hold(tx, kurum, sealer)
        tx.execute(insert(usage_certificate).values(_row(kurum, sealer, index, made, digest_of(read_code(code)))))
        gateway.record(tx, [_entry(gateway, tx, kurum, made, hand)], now)

    write_anew(gateway.database, write)
    return Issued(made, code, pdf)


def _statement(gateway: Gateway, kurum: KurumNo, asked: Asked, card: Card, tallies: Sequence[Tally]) -> Statement:
    served = {
        (str(each.get("ad") or "-"), str(each.get("belge_tipi") or ""))
        for each in card.contracts
        if each["durum"] == "onaylandi"
        and (each["bitis"] is None or each["bitis"] >= asked.since)
        and (each["baslangic"] is None or each["baslangic"] <= asked.until)
    }
    return Statement(
        gateway=gateway.checkpoint_key.origin, kurum=kurum, is_trial=gateway.policy == TRIAL,
        title=str(card.facts.get("ad_unvan") or "-"), sgk_tescil_no=asked.sgk.value, hides_sgk=asked.hides_sgk,
        since=asked.since, until=asked.until, tallies=tallies, made_at=gateway.clock.now(), language=asked.language,
        professionals=[Professional(*each) for each in sorted(served)],
    )  # fmt: skip


def revoke(gateway: Gateway, kurum: KurumNo, usage_no: str, hand: Hand) -> Certificate:
    """Take it back from now on; one that was taken back keeps its time. Raises NotFound."""
    now = gateway.clock.now()
    mine = (_C.kurum_id == kurum, _C.usage_no == usage_no)

    def write(tx: Tx) -> Certificate:
        if tx.execute(update(usage_certificate).where(*mine, _C.revoked_at.is_(None)).values(revoked_at=now)).rowcount:
            found = read_one(gateway, tx, kurum, usage_no)
            gateway.record(tx, [_entry(gateway, tx, kurum, found, hand)], now)
        return read_one(gateway, tx, kurum, usage_no)

    return write_anew(gateway.database, write)


def read_one(gateway: Gateway, tx: Tx, kurum: KurumNo, usage_no: str) -> Certificate:
    """One of a customer's; raises NotFound."""
    query = select(usage_certificate).where(_C.kurum_id == kurum, _C.usage_no == usage_no)
    row = tx.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("no usage certificate of this customer has that number")
    return _read(gateway, row)


def read_certificates(gateway: Gateway, kurum: KurumNo, *, limit: int = SHOWN_AT_ONCE) -> list[Certificate]:
    """A customer's, the newest first."""
    newest = select(usage_certificate).where(_C.kurum_id == kurum).order_by(_C.made_at.desc(), _C.usage_no)
    with reading(gateway.database) as tx:
        return [_read(gateway, row) for row in tx.execute(newest.limit(limit)).mappings()]


def verify_code(gateway: Gateway, told: str) -> Verified:
    """What became of the certificate with this code; raises Malformed for one that was not copied rightly."""
    digest, origin = digest_of(read_code(told)), gateway.checkpoint_key.origin
    with reading(gateway.database) as tx:
        row = tx.execute(select(usage_certificate).where(_C.code_digest == digest)).mappings().one_or_none()
    if row is None:
        return Verified(Validity.UNKNOWN, origin)
    found = _read(gateway, row)
    return Verified(Validity.REVOKED if found.revoked_at else Validity.VALID, origin, found)


def _entry(gateway: Gateway, tx: Tx, kurum: KurumNo, made: Certificate, hand: Hand) -> Entry:
    """What was done to a certificate, and what its row says now."""
    told = told_now(tx, gateway.keyring.sealer(kurum), kurum, {usage_certificate: [(made.usage_no,)]})
    facts = {"kurum": kurum, "usage_no": made.usage_no, "sha256": made.sha256, **hand.facts}
    event = "usage.revoked" if made.revoked_at else "usage.issued"
    return Entry(event, gateway.actor, {**facts, **told})


def _row(kurum: KurumNo, sealer: Sealer, index: str, made: Certificate, digest: str) -> dict[str, Any]:
    counts = [[each.veri_seti, each.notified, each.accepted] for each in made.counts]
    said = json.dumps([made.title, counts, made.last_accepted_at.isoformat()], ensure_ascii=False).encode()
    told = {name: getattr(made, name) for name in ("usage_no", "since", "until", "sha256", "made_at", "made_by")}
    body = sealer.seal(said, place_of(usage_certificate, kurum, made.usage_no))
    return {**told, "kurum_id": kurum, "isyeri_index": index, "code_digest": digest, "body": body}


def _read(gateway: Gateway, row: RowMapping) -> Certificate:
    kurum = KurumNo(row["kurum_id"])
    place = place_of(usage_certificate, kurum, row["usage_no"])
    title, counts, last = json.loads(gateway.keyring.sealer(kurum).open(row["body"], place))
    told = {name: row[name] for name in ("usage_no", "since", "until", "sha256", "made_at", "made_by", "revoked_at")}
    return Certificate(
        title=title, counts=[Count(*each) for each in counts], last_accepted_at=datetime.fromisoformat(last), **told
    )
