"""Packs of a workplace and a period, asked for now and made later: a row that survives every restart (decision 0030).

1. `ask_pack` writes what is wanted, sealed, and answers with a number
2. `make_next` claims the oldest row, makes the pack outside of any transaction, and keeps it sealed under its number;
   meanwhile the row tells how far it is, and `stop_pack` ends it
3. `read_pack_content` hands it out until it expires; each time is a look

A pack holds what was signed, so its row is sealed like everything else, and it goes when a record of the customer is
erased.
"""

from __future__ import annotations

import json
import secrets
from base64 import b64decode, b64encode
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from integrator.domain.errors import IllegalMove, IntegratorError, Malformed, NotFound, TooManyPacks, Unavailable
from integrator.domain.hands import Hand
from integrator.domain.identifiers import KurumNo, SgkTescilNo
from integrator.evidence.dossier import of_workplace
from integrator.evidence.health import Seal, read_recipient
from integrator.evidence.pack import MOST_MESSAGES, Wish, make_pack
from integrator.gateway import Gateway
from integrator.log import logger
from integrator.looks import EXPORT, looking
from integrator.queue import packs
from integrator.queue.packs import Job
from integrator.sign.evidence import TimestampAuthority
from integrator.store.engine import Tx, reading, write_anew, writing

KEPT = timedelta(hours=24)
OPEN_AT_ONCE = 5
LARGEST = 512 << 20
LONGEST_PERIOD = timedelta(days=3660)
TOLD_IN_A_STEP = 50
SHOWN_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """A workplace, the days of the events, and the physician's certificate for whom the health part is sealed."""

    isyeri: str
    since: date
    until: date
    physician: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        SgkTescilNo(self.isyeri)
        if not self.since <= self.until <= self.since + LONGEST_PERIOD:
            raise Malformed(f"from {self.since} to {self.until}: the first day, then the last, ten years at most")
        if self.physician:
            read_recipient(self.physician, "physician")

    def told(self) -> bytes:
        """As it is kept."""
        physician = b64encode(self.physician).decode()
        return json.dumps([self.isyeri, f"{self.since}", f"{self.until}", physician]).encode()

    @classmethod
    def read(cls, told: bytes) -> Asked:
        """What was kept."""
        isyeri, since, until, physician = json.loads(told)
        return cls(isyeri, date.fromisoformat(since), date.fromisoformat(until), b64decode(physician))


def ask_pack(gateway: Gateway, kurum: KurumNo, asked: Asked, *, by: str) -> Job:
    """Write the wish down. Raises NotFound when no message fits it, TooManyPacks when five are open."""
    now, name = gateway.clock.now(), Hand(by, "pack").by
    with reading(gateway.database) as tx:
        numbers = of_workplace(tx, gateway, kurum, asked.isyeri, since=asked.since, until=asked.until)
    if not 0 < len(numbers) <= MOST_MESSAGES:
        raise NotFound(f"{len(numbers)} messages of that workplace and time; 1 to {MOST_MESSAGES} go into one pack")
    job = Job(kurum, secrets.token_hex(8), "waiting", now, name, None, 0, "", len(numbers), 0, 0, "")

    def write(tx: Tx) -> None:
        sealer = gateway.keyring.sealer(kurum)
        gateway.keyring.hold(tx, kurum, sealer)
        if packs.count_open(tx, kurum) >= OPEN_AT_ONCE:
            raise TooManyPacks(f"{OPEN_AT_ONCE} of {OPEN_AT_ONCE} packs", retry_after=timedelta(minutes=1))
        packs.put(tx, replace(job, body=packs.sealed_body(sealer, kurum, job.pack_no, asked.told())))

    write_anew(gateway.database, write)
    return job


def read_pack(gateway: Gateway, kurum: KurumNo, pack_no: str) -> Job:
    """How far it is, without its content; raises NotFound."""
    with reading(gateway.database) as tx:
        return packs.read(tx, kurum, pack_no)


def read_packs(gateway: Gateway, kurum: KurumNo, *, limit: int = SHOWN_AT_ONCE) -> list[Job]:
    """Those asked for last, first."""
    with reading(gateway.database) as tx:
        return packs.newest(tx, kurum, limit=limit)


def read_pack_content(gateway: Gateway, kurum: KurumNo, pack_no: str, *, by: str) -> bytes:
    """The finished pack. Raises NotFound, or IllegalMove while it is not ready. Audited."""
    with reading(gateway.database) as tx:
        job = packs.read(tx, kurum, pack_no, whole=True)
    if job.state != "ready" or (job.until_at and job.until_at < gateway.clock.now()):
        raise IllegalMove(f"the pack is {job.state if job.state != 'ready' else 'expired'}")
    with looking(gateway, kurum, EXPORT, by=by, facts={"pack": pack_no, "sha256": job.sha256}):
        return job.open(gateway.keyring.sealer(kurum))


def stop_pack(gateway: Gateway, kurum: KurumNo, pack_no: str) -> Job:
    """Nobody wants it any more: it is not made, or what was made goes. Raises NotFound. Again is no error."""

    def write(tx: Tx) -> Job:
        packs.stop(tx, kurum, pack_no)
        return packs.read(tx, kurum, pack_no)

    return write_anew(gateway.database, write)


def make_next(gateway: Gateway, authority: TimestampAuthority | None) -> bool:
    """Drop what is over, then make one pack that waits; False when none does."""
    now = gateway.clock.now()
    with writing(gateway.database) as tx:
        packs.expire(tx, now=now)
        job = packs.claim(tx, now=now)
    if job is None:
        return False
    if job.tries > packs.MOST_TRIES:
        _finish(gateway, replace(job, state="failed", code="INT-000", until_at=None), b"")
        return True
    try:
        done, content = _make(gateway, job, authority)
    except _NotWanted:  # its row says so
        return True
    except Unavailable:  # the claim ends by itself, and it is tried again
        raise
    except IntegratorError as error:  # told in the row: whoever asked learns it there
        logger().error("evidence.stopped", stamped=0, completed=0, why=error.code)
        done, content = replace(job, state="failed", code=error.code, until_at=None), b""
    _finish(gateway, done, content)
    return True


def _make(gateway: Gateway, job: Job, authority: TimestampAuthority | None) -> tuple[Job, bytes]:
    asked = Asked.read(job.open(gateway.keyring.sealer(job.kurum)))
    with reading(gateway.database) as tx:
        numbers = of_workplace(tx, gateway, job.kurum, asked.isyeri, since=asked.since, until=asked.until)
    selection = {"chosen": "isyeri", "isyeri": asked.isyeri, "from": f"{asked.since}", "to": f"{asked.until}"}
    seal = Seal(certificate=read_recipient(asked.physician, "physician")) if asked.physician else None
    wish = Wish(numbers, selection, by=job.asked_by, seal=seal, authority=authority)
    made = make_pack(gateway, job.kurum, wish, progress=_Progress(gateway, job, len(numbers)))
    if len(made.content) > LARGEST:
        raise Malformed(f"the pack has {len(made.content)} bytes, {LARGEST} are kept; ask for a shorter time")
    done = replace(job, state="ready", until_at=gateway.clock.now() + KEPT, messages=made.messages, sha256=made.digest)
    return replace(done, left_out=made.left_out, size=len(made.content)), made.content


class _NotWanted(Exception):
    """Somebody stopped the job, or took it over."""


class _Progress:
    """Writes into the job's row how far it is, some fifty times in a step."""

    def __init__(self, gateway: Gateway, job: Job, messages: int) -> None:
        self._gateway, self._job, self._every = gateway, job, max(1, messages // TOLD_IN_A_STEP)

    def __call__(self, step: str, done: int) -> None:
        """Raises _NotWanted when the job is not this maker's any more."""
        if done % self._every:
            return
        now = self._gateway.clock.now()
        if not write_anew(self._gateway.database, lambda tx: packs.tell_progress(tx, self._job, step, done, now=now)):
            raise _NotWanted


def _finish(gateway: Gateway, job: Job, content: bytes) -> None:
    def write(tx: Tx) -> None:
        sealer = gateway.keyring.sealer(job.kurum)
        gateway.keyring.hold(tx, job.kurum, sealer)
        body = packs.sealed_body(sealer, job.kurum, job.pack_no, content) if content else b""
        packs.finish(tx, replace(job, body=body))

    write_anew(gateway.database, write)
