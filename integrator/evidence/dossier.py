"""All that is kept about one message, opened: what receipts and packs are made of. Whoever reads it audits that."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Any

from sqlalchemy import select

from integrator.audit.prove import Head, prove_bildirim
from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.domain.states import State
from integrator.gateway import Gateway
from integrator.looks import OPEN, looking
from integrator.protect.seal import Seals, commitment_prefix
from integrator.queue import bodies, copies, readings
from integrator.store.engine import Tx, reading
from integrator.store.tables import bildirim, evidence_copy, kayit, revocation_answer

ANSWERED = ("200", "211")


@dataclass(frozen=True, slots=True)
class Deneme:
    """One attempt: its row, and the request (credentials blanked when it was kept) and reply as bytes."""

    row: Mapping[str, Any]
    request: bytes = field(repr=False)
    reply: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Dossier:
    """One message. `entries` are its audit entries with their proofs under `head`; `copy` is its T or LT copy."""

    row: Mapping[str, Any]
    event_date: date
    is_health: bool
    salt: bytes = field(repr=False)
    canonical: bytes = field(repr=False)
    cms: bytes = field(repr=False)
    copy: bytes = field(repr=False)
    level: str
    denemeler: list[Deneme]
    entries: list[dict[str, Any]]
    answers: dict[str, bytes] = field(repr=False)

    @property
    def sorgu_no(self) -> SorguNo:
        """Its number."""
        return SorguNo(self.row["sorgu_no"])

    @property
    def facts(self) -> list[dict[str, Any]]:
        """The entries, read."""
        return [json.loads(each["leaf"]) for each in self.entries]

    @property
    def state(self) -> State:
        """Where its entries say that it stands."""
        return State(next(each["to"] for each in reversed(self.facts) if "to" in each))


def read_dossier(tx: Tx, gateway: Gateway, kurum: KurumNo, sorgu_no: SorguNo, head: Head) -> Dossier:
    """Everything about one message as this transaction sees it; raises NotFound, Erased, Tampered."""
    found = readings.read_one(tx, kurum, sorgu_no)
    row, body = found["row"], found["body"]
    key = gateway.content(kurum, row["kayit_no"], found["content_key"])
    salt, canonical = bodies.open_canonical(key, kurum, sorgu_no, body["canonical"])
    entries = prove_bildirim(tx, sorgu_no, head)["entries"]
    level, copy = _copy(tx, key, kurum, sorgu_no)
    return Dossier(
        row=row,
        event_date=_event_date(tx, kurum, row["kayit_no"]),
        is_health=gateway.catalogue.definition(row["veri_seti"], row["version"]).health,
        salt=salt,
        canonical=canonical,
        cms=bodies.open_cms(key, kurum, sorgu_no, body["cms"]) if body["cms"] else b"",
        copy=copy,
        level=level,
        denemeler=[_deneme(key, kurum, sorgu_no, each) for each in found["denemeler"]],
        entries=entries,
        answers=_answers(tx, [json.loads(each["leaf"]) for each in entries]),
    )


def read_opening(gateway: Gateway, kurum: KurumNo, sorgu_no: SorguNo, *, by: str) -> bytes:
    """What stands before the signed bytes in the log's commitment to them; raises NotFound, Erased. Audited."""
    with looking(gateway, kurum, OPEN, [sorgu_no], by=by, facts={"what": "opening"}):
        with reading(gateway.database) as tx:
            found = readings.read_one(tx, kurum, sorgu_no)
        key = gateway.content(kurum, found["row"]["kayit_no"], found["content_key"])
        salt, canonical = bodies.open_canonical(key, kurum, sorgu_no, found["body"]["canonical"])
        return commitment_prefix(salt, canonical)


def of_workplace(
    tx: Tx, gateway: Gateway, kurum: KurumNo, workplace: str, *, since: date, until: date
) -> list[SorguNo]:
    """The numbers of a workplace's messages whose event lies in [since, until], oldest first."""
    index = gateway.keyring.sealer(kurum).blind_index("isyeri", workplace)
    mine = (bildirim.c.kurum_id == kurum, bildirim.c.isyeri_index == index)
    same = (kayit.c.kurum_id == bildirim.c.kurum_id) & (kayit.c.kayit_no == bildirim.c.kayit_no)
    period = kayit.c.event_date.between(since, until)
    query = select(bildirim.c.sorgu_no).join(kayit, same).where(*mine, period).order_by(bildirim.c.sorgu_no)
    return [SorguNo(each) for each in tx.execute(query).scalars()]


def _event_date(tx: Tx, kurum: KurumNo, kayit_no: str) -> date:
    mine = (kayit.c.kurum_id == kurum, kayit.c.kayit_no == kayit_no)
    found: date = tx.execute(select(kayit.c.event_date).where(*mine)).scalar_one()
    return found


def _copy(tx: Tx, key: Seals, kurum: KurumNo, sorgu_no: SorguNo) -> tuple[str, bytes]:
    mine = (evidence_copy.c.kurum_id == kurum, evidence_copy.c.sorgu_no == sorgu_no)
    row = tx.execute(select(evidence_copy.c.level, evidence_copy.c.body).where(*mine)).one_or_none()
    if row is None or row.level == copies.OWED:
        return "", b""
    return row.level, bodies.open_evidence(key, kurum, sorgu_no, row.body)


def _deneme(key: Seals, kurum: KurumNo, sorgu_no: SorguNo, row: Mapping[str, Any]) -> Deneme:
    request, reply = bodies.open_exchange(
        key, kurum, sorgu_no, row["deneme_no"], request=row["request"], reply=row["reply"]
    )
    return Deneme(row, request, reply)


def _answers(tx: Tx, entries: list[dict[str, Any]]) -> dict[str, bytes]:
    """File name -> OCSP response or CRL that the message's signature was judged by."""
    digests = sorted({digest for each in entries for digest in each.get("revocation", ())})
    rows = tx.execute(select(revocation_answer).where(revocation_answer.c.digest.in_(digests)))
    return {f"{sha256(row.response).hexdigest()[:32]}.{row.source}": row.response for row in rows}
