"""Look-ups: the ministry is asked about a workplace, a professional or a worker, and the answer is kept for a day.

Commands ask; accepting only reads what is kept, it never waits for the ministry.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from integrator.audit.bound import told_now
from integrator.audit.trail import Entry
from integrator.deliver.generation import Generation, LooksUpProfessionals, LooksUpWorkers, LooksUpWorkplaces
from integrator.domain.errors import Unavailable
from integrator.domain.identifiers import KurumNo
from integrator.domain.parties import Isyeri, Sigorta, Yetki
from integrator.gateway import Gateway
from integrator.parties import mirror
from integrator.parties.mirror import Seen, Subject
from integrator.queue import standing
from integrator.store.engine import Conflict, reading, writing


def look_up(
    gateway: Gateway,
    kurum: KurumNo,
    subject: Subject,
    *,
    anew: bool = False,
    by: str = "",
    pay: Callable[[], None] = lambda: None,
) -> Seen:
    """What the ministry says about `subject`: the kept answer when it is fresh and not `anew`, else it is asked.

    Raises Unavailable when this metot has no such operation, or no answer came; FirmPassive or FormNotDelivered where
    the ministry may not be asked. Whoever asks through a door has a name, `by`, which stands in the audit entry, and
    pays before the ministry is asked: `pay` raises when nothing is left.
    """
    now = gateway.clock.now()
    sealer = gateway.keyring.sealer(kurum, now=now)
    if not anew:
        with reading(gateway.database) as tx:
            kept = mirror.read_fresh(tx, sealer, kurum, subject, now=now)
        if kept:
            return kept
    with reading(gateway.database) as tx:
        standing.require_may_ask(tx, kurum, needs_form=gateway.needs_form)
    pay()
    generation = gateway.ministry()
    answered, holds = _ask(generation, subject)
    seen = Seen(answered, holds, generation.metot, gateway.clock.now())
    facts = {"kurum": kurum, "about": type(subject).__name__.lower(), "holds": holds, "source": seen.source}
    facts |= {"by": by} if by else {}
    try:
        with writing(gateway.database) as tx:
            gateway.keyring.hold(tx, kurum, sealer)
            row = mirror.put(tx, sealer, kurum, seen)
            facts |= told_now(tx, sealer, kurum, row)
            gateway.record(tx, [Entry("party.looked_up", gateway.actor, facts)], seen.seen_at)
    except Conflict:  # another process asked the same just now: its answer stands, ours is as good
        pass
    return seen


def refresh(gateway: Gateway, kurum: KurumNo) -> Counter[str]:
    """Ask again about everything whose answer is older than a day; counts by what came of it."""
    now, tally = gateway.clock.now(), Counter[str]()
    sealer = gateway.keyring.sealer(kurum, now=now)
    with reading(gateway.database) as tx:
        stale = list(mirror.read_stale(tx, sealer, kurum, now=now))
    for each in stale:
        try:
            look_up(gateway, kurum, each.subject, anew=True)
        except Unavailable:  # the old answer stays, and counts for nothing; the next run asks again
            tally["unavailable"] += 1
        else:
            tally["refreshed"] += 1
    return tally


def _ask(generation: Generation, subject: Subject) -> tuple[Subject, bool]:
    """(the subject with what was said, yes or no)."""
    if isinstance(subject, Isyeri) and isinstance(generation, LooksUpWorkplaces):
        found = generation.look_up_workplace(subject.sgk_tescil_no)
        return found or subject, found is not None
    if isinstance(subject, Yetki) and isinstance(generation, LooksUpProfessionals):
        return subject, generation.look_up_professional(subject)
    if isinstance(subject, Sigorta) and isinstance(generation, LooksUpWorkers):
        return subject, generation.look_up_worker(subject)
    raise Unavailable(f"{generation.metot} has no operation for this look-up")
