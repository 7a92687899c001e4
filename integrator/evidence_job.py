"""The job that pays the evidence debt: a time-stamp over each stored signature, later what proves it for good.

Resumable by its shape: what is owed stands in rows, one copy is one short transaction, and the authority is asked
outside of any. When it is away the job stops, the debt stays visible, and the next tick goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from integrator.audit.trail import Entry
from integrator.domain.errors import Unavailable
from integrator.gateway import Gateway
from integrator.log import logger
from integrator.protect.seal import Seals
from integrator.queue import bodies, copies
from integrator.queue.copies import COMPLETE, OWED, STAMPED, Copy
from integrator.sign.certificates import der_of
from integrator.sign.evidence import TimestampAuthority, add_timestamp, add_validation_data, signature_of
from integrator.sign.verify import signer_of
from integrator.store.engine import reading, writing

PAGE = 100


@dataclass(frozen=True, slots=True)
class Paid:
    """What one run of the job did, and whether it had to stop because an authority was away."""

    stamped: int = 0
    completed: int = 0
    stopped: bool = False


def pay_debt(
    gateway: Gateway,
    authority: TimestampAuthority | None,
    *,
    complete_after: timedelta,
    stop: Callable[[], bool] = lambda: False,
) -> Paid:
    """Stamp what is owed, then complete what has been stamped for `complete_after`. An outage is told, not raised."""
    now = gateway.clock.now()
    stamped = completed = 0
    try:
        for copy in _pages(gateway, OWED, now) if authority else []:
            if stop():
                break
            _stamp(gateway, authority, copy)
            stamped += 1
        for copy in _pages(gateway, STAMPED, now - complete_after):
            if stop():
                break
            completed += _complete(gateway, copy)
    except Unavailable as error:
        logger().warning("evidence.stopped", stamped=stamped, completed=completed, why=error.detail[:200])
        return Paid(stamped, completed, stopped=True)
    return Paid(stamped, completed)


def _pages(gateway: Gateway, level: str, before: datetime) -> Iterator[Copy]:
    after = ("", 0)
    while True:
        with reading(gateway.database) as tx:
            page = copies.at_level(tx, level, before=before, after=after, limit=PAGE)
        if not page:
            return
        yield from page
        after = (page[-1].kurum, page[-1].sorgu_no)


def _stamp(gateway: Gateway, authority: TimestampAuthority | None, copy: Copy) -> None:
    """One time-stamp; raises Unavailable when the authority is away or answers what does not verify."""
    assert authority is not None
    key = gateway.content(copy.kurum, copy.kayit_no, copy.content_key)
    sent = bodies.open_cms(key, copy.kurum, copy.sorgu_no, copy.cms)
    stamp = authority.stamp(signature_of(sent))
    _store(gateway, key, copy, STAMPED, add_timestamp(sent, stamp.token))


def _complete(gateway: Gateway, copy: Copy) -> bool:
    """Add issuers and revocation answers; False while somebody's standing cannot be learnt (asked again next time)."""
    if gateway.trust is None or gateway.revocation is None or copy.evidence is None:
        return False
    key = gateway.content(copy.kurum, copy.kayit_no, copy.content_key)
    stamped = bodies.open_evidence(key, copy.kurum, copy.sorgu_no, copy.evidence)
    facts = signer_of(bodies.open_cms(key, copy.kurum, copy.sorgu_no, copy.cms), now=gateway.clock.now())
    for path in gateway.trust.paths(facts):
        answers = gateway.revocation.along(facts, path, gateway.clock.now())
        if all(each.response for each in answers):
            ocsp = [each.response for each in answers if each.source == "ocsp"]
            crls = [each.response for each in answers if each.source == "crl"]
            issuers = [der_of(certificate) for certificate in path]
            _store(gateway, key, copy, COMPLETE, add_validation_data(stamped, issuers, ocsp, crls))
            return True
    return False


def _store(gateway: Gateway, key: Seals, copy: Copy, level: str, evidence: bytes) -> None:
    now = gateway.clock.now()
    sealed = bodies.seal_evidence(key, copy.kurum, copy.sorgu_no, evidence)
    with writing(gateway.database) as tx:
        if copies.put_copy(tx, copy, level, sealed, now=now):
            facts = {"kurum": copy.kurum, "sorgu_no": copy.sorgu_no, "level": level}
            gateway.record(tx, [Entry("evidence.added", gateway.actor, facts)], now)
