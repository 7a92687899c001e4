"""The nouns that travel between the rooms: Kayit, Bildirim and what the queue hands out.

Identity numbers and content stay out of every `repr`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from integrator.domain.findings import Finding
from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.domain.states import State


@dataclass(frozen=True, slots=True)
class Submitted:
    """One record as it came in: the customer's id, the veri seti it names, and its fields, not yet checked.

    An empty `kayit_no` means the customer gave none: the content's keyed digest stands in for it. `content` is
    what the idempotency check compares. `where` tells a person where it stood (``line 3``). `fault` is set when
    the bytes could not be read at all; then `fields` is empty. A sheet says more: `remarks` are what was wrong with
    single cells, and `places` leads from a finding's path to its cell (``Kayıtlar!K17``).
    """

    kayit_no: str
    veri_seti: str
    version: str | None
    fields: Mapping[str, Any] = field(repr=False)
    content: bytes = field(repr=False)
    where: str = ""
    fault: Finding | None = None
    remarks: tuple[Finding, ...] = ()
    places: Mapping[str, str] | None = field(default=None, repr=False)
    traceparent: str = ""  # of the call it came by, while traces are kept


@dataclass(frozen=True, slots=True)
class Kayit:
    """One checked record. `fields` holds Python values in the definition's order (dates, ints, text, lists)."""

    kayit_no: str
    veri_seti: str
    version: str
    event_date: date
    fields: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Message:
    """One part of a Kayit before it has a number: the exact bytes to be signed, and who must sign them."""

    canonical: bytes = field(repr=False)
    signer: str = field(repr=False)
    parts_total: int = 0


@dataclass(frozen=True, slots=True)
class Form:
    """What decides how a message is written; messages of one form share one fault (quarantine goes by it)."""

    veri_seti: str
    version: str
    metot: str


@dataclass(frozen=True, slots=True)
class Bildirim:
    """One signed message. Number, canonical bytes and signature are made once and never change.

    `cms` is empty while the signature is awaited.
    """

    sorgu_no: SorguNo
    kurum: KurumNo
    kayit_no: str
    part: int
    form: Form
    parts_total: int
    canonical: bytes = field(repr=False)
    cms: bytes = field(repr=False)
    salt: bytes = field(repr=False)
    # Blind indexes of workplace and professional: who can mend a cause is found without opening a body.
    isyeri_index: str = ""
    profesyonel_index: str = ""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A Bildirim in a worker's hands. Only the holder of the current `fence` may settle it.

    `canonical` and `cms` are still sealed. `ministry_no` is the ministry's own number, where it gave one.
    """

    sorgu_no: SorguNo
    kurum: KurumNo
    form: Form
    state: State
    fence: int
    attempt: int
    asks: int
    deneme_no: int
    parts_total: int
    uncertain_since: datetime | None
    last_code: str
    until_at: datetime  # when the lease ends
    canonical: bytes = field(repr=False)
    cms: bytes = field(repr=False)
    ministry_no: str = ""
    kayit_no: str = ""
    content_key: bytes | None = field(default=None, repr=False)  # sealed, as it is stored


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a worker asks the queue to write about one claimed Bildirim.

    `due_at` matters where `end` is a state the gateway will act on again. Request, reply and what explains a
    refusal come sealed; `cause` holds the causes' codes of a 214, which are nobody's secret.
    """

    claimed: Claimed
    end: State
    due_at: datetime
    outcome: str
    code: str
    parts_accepted: int = 0
    burns_attempt: bool = True
    request: bytes = field(default=b"", repr=False)
    reply: bytes = field(default=b"", repr=False)
    refused_parts: bytes | None = field(default=None, repr=False)
    cause: str = ""
    ministry_no: str = ""
    commitments: Mapping[str, str] = field(default_factory=dict)  # to request and reply, for the audit log


@dataclass(frozen=True, slots=True)
class Moved:
    """One move that was written: what the audit log must record in the same transaction.

    `start` equals `end` for an act that moves nothing (a question that got no answer).
    """

    sorgu_no: SorguNo
    kurum: KurumNo
    start: State | None
    end: State
    facts: Mapping[str, Any]
