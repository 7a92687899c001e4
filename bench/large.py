"""Measures 6 and 7: does a long queue slow the claim, and a long log its proofs? On homes filled directly."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from statistics import median

from sqlalchemy import Connection

from bench.figures import Row, Scale, Void, in_turn
from bench.world import World, a_gateway, kurum_of
from integrator import acts
from integrator.audit.prove import prove_bildirim
from integrator.audit.trail import read_rows, stored_subtree
from integrator.audit.tree import inclusion_proof
from integrator.audit.verify import verify
from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.domain.records import Bildirim, Form
from integrator.gateway import Gateway
from integrator.queue import outbox
from integrator.store.engine import reading, writing

GROUP, CLAIM = 1000, 64
SMALL = 1000
FORM = Form("egitim", "2018-10", "soap-g2")
SEALED = (os.urandom(1140), os.urandom(1560))  # of the size of sealed canonical bytes and of a sealed signature


def measure(scale: Scale, world: World) -> Iterator[Row]:
    """One small and one large home; the large one's log first, because claims change it."""
    small, large = world.home(), world.home()
    with a_gateway(small) as few, a_gateway(large) as many:
        fill(few, kurum_of(small), SMALL)
        rate = fill(many, kurum_of(large), scale.queued)
        yield Row(f"put and audit, groups of {GROUP}", rate, "messages/s", note="rows, bodies, entries, commit")
        yield from _log_rows(scale, many)
        yield _claim_row(scale, few, many)


def fill(gateway: Gateway, kurum: KurumNo, count: int) -> float:
    """`count` queued messages with their audit entries; messages a second."""
    began = time.perf_counter()
    for _ in range(count // GROUP):
        now = gateway.clock.now()
        with writing(gateway.database) as tx:
            numbers = outbox.take_numbers(tx, GROUP)
            rows = [
                Bildirim(SorguNo(number), kurum, f"K-{number}", 1, FORM, 20, canonical=b"", cms=b"", salt=b"")
                for number in numbers
            ]
            moved = outbox.put(tx, rows, [SEALED] * GROUP, now=now)
            gateway.record_moves(tx, moved, now)
    return count / (time.perf_counter() - began)


def _claim_row(scale: Scale, few: Gateway, many: Gateway) -> Row:
    short, long = in_turn(scale.claims, partial(claim_ms, few), partial(claim_ms, many))
    ratio = median(b / a for a, b in zip(short, long, strict=True))
    return Row(
        f"claim of {CLAIM} out of {scale.queued:,}", median(long), "ms", f"out of {SMALL:,}", median(short), ratio,
        target=1.5, at_most=True, note="with commit",
    )  # fmt: skip


def claim_ms(gateway: Gateway) -> float:
    """One claim; what was claimed goes back afterwards, so that the queue keeps its length."""
    now = gateway.clock.now()
    began = time.perf_counter()
    with writing(gateway.database) as tx:
        claimed = outbox.claim(tx, outbox.Terms(now, "bench", timedelta(minutes=2), CLAIM, FORM.metot))
    took = time.perf_counter() - began
    if len(claimed) != CLAIM:
        raise Void(f"{len(claimed)} messages were claimed, {CLAIM} wanted")
    with writing(gateway.database) as tx:
        outbox.give_back(tx, claimed, now=now)
    return took * 1000


def _log_rows(scale: Scale, gateway: Gateway) -> Iterator[Row]:
    made = acts.checkpoint(gateway)
    assert made is not None
    size = made[0]
    with reading(gateway.database) as tx:
        began = time.perf_counter()
        report = verify(tx, gateway.checkpoint_key.public, gateway.checkpoint_key.origin)
        took = time.perf_counter() - began
        if report.broken or report.entries != size:
            raise Void(f"the log of {size} entries does not verify: {report.broken}")
        yield Row("audit verify", size / took, "entries/s", note=f"{size:,} entries, checkpoint, rows compared")

        places = [size * part // (scale.claims + 1) for part in range(1, scale.claims + 1)]
        taken, lengths = zip(*(_proof(partial(_subtree, tx), place, size) for place in places), strict=True)
        yield Row(
            "inclusion proof, by index", median(taken), "ms", target=10.0, at_most=True,
            note=f"{max(lengths)} bytes, out of {size:,}",
        )  # fmt: skip
        began = time.perf_counter()
        shown = prove_bildirim(tx, SorguNo(10_000_000_001 + scale.queued // 2))
        took = time.perf_counter() - began
        assert len(shown["entries"]) == 1
        yield Row(
            "inclusion proof, by sorgu_no", took * 1000, "ms", note="as `ibys audit prove`: looks for the entries"
        )


def _proof(subtree: partial[bytes], index: int, size: int) -> tuple[float, int]:
    began = time.perf_counter()
    proof = inclusion_proof(index, size, subtree)
    return (time.perf_counter() - began) * 1000, sum(map(len, proof))


def _subtree(tx: Connection, level: int, index: int) -> bytes:
    last = ((index + 1) << level) - 1
    return stored_subtree(read_rows(tx, [last])[last], level)
