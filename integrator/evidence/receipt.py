"""The makbuz: what a customer is given about one message: numbers, times, codes, digests, and the proof of its entries.

It names no worker, masks the professional, and holds no health content: of a health message it has salted commitments
where others have SHA-256, because a digest of content that can be guessed tells it.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from integrator import acts
from integrator.audit.prove import newest_head
from integrator.domain.findings import seen
from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.domain.states import State
from integrator.evidence.dossier import Dossier, read_dossier
from integrator.gateway import Gateway
from integrator.looks import OPEN, looking
from integrator.queue import readings
from integrator.sign.canonical import signer_of
from integrator.store.engine import reading

FORMAT = "ibys-makbuz/1"
Receipt = Mapping[str, Any]


def make_receipt(gateway: Gateway, kurum: KurumNo, sorgu_no: SorguNo, *, by: str = "") -> Receipt:
    """The makbuz of one message, under a checkpoint over all that stands; raises NotFound, Tampered. Audited."""
    with reading(gateway.database) as tx:  # nothing is written for a number that this customer does not have
        readings.read_one(tx, kurum, sorgu_no)
    with looking(gateway, kurum, OPEN, [sorgu_no], by=by, facts={"what": "receipt"}):
        acts.checkpoint(gateway)
        with reading(gateway.database) as tx:
            head = newest_head(tx)
            dossier = read_dossier(tx, gateway, kurum, sorgu_no, head)
        return tell_receipt(gateway, dossier, head.note)


def tell_receipt(gateway: Gateway, dossier: Dossier, note: str) -> dict[str, Any]:
    """What the makbuz of a message says, under the checkpoint `note`. Whoever hands it out audits that."""
    row, facts = dossier.row, dossier.facts
    return {
        "format": FORMAT,
        "gateway": gateway.checkpoint_key.origin,
        "sorgu_no": dossier.sorgu_no,
        "kayit_no": row["kayit_no"],
        "part": row["part"],
        "ministry_no": row["ministry_no"],
        "veri_seti": row["veri_seti"],
        "version": row["version"],
        "metot": row["metot"],
        "event_date": dossier.event_date.isoformat(),
        "professional": seen(signer_of(dossier.canonical, gateway.catalogue.signers)),
        "state": str(dossier.state),
        "code": row["last_code"],
        "parts": {"accepted": row["parts_accepted"], "total": row["parts_total"]},
        "times": _times(facts),
        "attempts": sum(each["event"] == "bildirim.moved" and each["to"] == State.SENDING for each in facts),
        "signature": f"CAdES-{dossier.level or 'BES'}" if dossier.cms else "",
        "digests": _digests(dossier),
        "entries": dossier.entries,
        "checkpoint": note,
    }


def _times(facts: list[dict[str, Any]]) -> dict[str, str | None]:
    """When it was taken in, when it first left, and when the answer came that decided it; UTC."""
    sent = next((each["at"] for each in facts if each.get("to") == State.SENDING), None)
    decided = next((each["at"] for each in reversed(facts) if each.get("outcome")), None)
    return {"taken_in": facts[0]["at"], "sent": sent, "answered": decided}


def _digests(dossier: Dossier) -> dict[str, str]:
    """SHA-256 of bytes and signature; of a health message the commitments of its entries."""
    if dossier.is_health:
        return {"kind": "commitment"} | {
            name: str(each[name]) for each in dossier.facts for name in ("canonical", "cms") if name in each
        }
    content = {"canonical": dossier.canonical, "cms": dossier.cms}
    return {"kind": "sha256", **{name: sha256(value).hexdigest() for name, value in content.items() if value}}


def qr_text(receipt: Receipt) -> str:
    """What the QR of the page says: whose, which message, and the digest of what was signed."""
    digests = receipt["digests"]
    return f"{FORMAT} {receipt['gateway']} {receipt['sorgu_no']} {digests['kind']}:{digests['canonical']}"
