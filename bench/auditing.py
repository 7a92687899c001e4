"""What evidence costs: a proof out of ten million entries, a whole verification of a million, an append's share.

The long logs are filled directly, with the tree's own arithmetic and without waiting for the disk: what is measured
reads them as the commands do. The million entries are of the shape and length that the gateway writes, with their rows.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import count, islice
from statistics import median

from bench.accepting import accept_all
from bench.figures import Row, Scale, Void, in_turn
from bench.world import World, a_gateway, kurum_of
from integrator import acts
from integrator.audit.prove import newest_head, with_subtrees
from integrator.audit.trail import Entry, Trail, read_rows
from integrator.audit.tree import extend, inclusion_proof, leaf_hash, root_from_proof
from integrator.audit.verify import verify
from integrator.gateway import Gateway
from integrator.intake.read_json import Caps, read_file
from integrator.store.engine import Tx, reading

ENTRIES_OF_A_MESSAGE = 4  # taken in, its birth, its intent to send, its outcome
CHUNK = 50_000
INSERT = "INSERT INTO audit_entry (i, leaf, hash, nodes, sorgu_no, kurum_id) VALUES (?, ?, ?, ?, ?, ?)"
Leaf = tuple[bytes, int | None]


class Silent(Trail):
    """A log that keeps nothing: what is accepted with it is accepted without evidence."""

    def append(self, *_given: object, **_more: object) -> range:
        """Nothing."""
        return range(0)


def measure(scale: Scale, world: World) -> Iterator[Row]:
    """All three."""
    yield _append_row(scale, world)
    yield _verify_row(scale, world)
    yield from _proof_rows(scale, world)


def _append_row(scale: Scale, world: World) -> Row:
    settings, numbers = world.home(), count()
    with a_gateway(settings) as gateway:
        silent = replace(gateway, trail=Silent())

        def accept(into: Gateway) -> float:
            path = world.file_of(scale.accepted, f"AUDIT{next(numbers)}")
            began = time.process_time()  # of one process; who else uses the machine does not count
            accept_all(into, settings, read_file(path, Caps()), scale.accepted)
            return (time.process_time() - began) * 1e6 / scale.accepted

        accept(gateway)
        whole, without = in_turn(scale.rounds, partial(accept, gateway), partial(accept, silent))
    share = median(1 - b / a for a, b in zip(whole, without, strict=True)) * 100
    return Row(
        "append to the log, share of bulk accept", share, "%", target=15.0, at_most=True,
        note=f"processor time: {median(whole):.0f} us a record with it, {median(without):.0f} without",
    )  # fmt: skip


def _verify_row(scale: Scale, world: World) -> Row:
    size, settings = scale.millions // 10, world.home()
    with a_gateway(settings) as gateway:
        _fill(gateway, _told(kurum_of(settings), size), size, kurum_of(settings))
        _fill_rows(gateway, kurum_of(settings), size // ENTRIES_OF_A_MESSAGE)
        acts.checkpoint(gateway)
        with reading(gateway.database) as tx:
            began, busy = time.perf_counter(), time.process_time()
            report = verify(tx, gateway.checkpoint_key.public, gateway.checkpoint_key.origin)
            took, busy = time.perf_counter() - began, time.process_time() - busy
        if report.broken:
            raise Void(f"the log of {report.entries} entries does not verify: {report.broken}")
    return Row(
        f"audit verify of {report.entries:,} entries", took, "s", target=15.0, at_most=True,
        note=f"{report.entries / took:,.0f} entries/s; {busy:.1f} s of processor; {report.bildirim:,} messages",
    )  # fmt: skip


def _proof_rows(scale: Scale, world: World) -> Iterator[Row]:
    size = scale.millions
    with a_gateway(world.home()) as gateway:
        began = time.perf_counter()
        _fill(gateway, ((b'{"n":%d}' % number, None) for number in count()), size)
        filled = time.perf_counter() - began
        acts.checkpoint(gateway)
        with reading(gateway.database) as tx:
            head = newest_head(tx)
            places = [head.size * part // (scale.claims + 1) for part in range(1, scale.claims + 1)]
            taken, lengths = zip(*(_prove(tx, place, head.size, head.root) for place in places), strict=True)
    yield Row(
        f"inclusion proof out of {head.size:,}", median(taken), "ms", target=10.0, at_most=True,
        note=f"slowest {max(taken):.1f} ms; filled in {filled:.0f} s",
    )  # fmt: skip
    yield Row("length of that proof", max(lengths), "bytes", target=2000.0, at_most=True, note="32 bytes a node")


def _prove(tx: Tx, index: int, size: int, root: bytes) -> tuple[float, int]:
    began = time.perf_counter()
    proof = with_subtrees(tx, partial(inclusion_proof, index, size))
    took = (time.perf_counter() - began) * 1000
    if root_from_proof(read_rows(tx, [index])[index].hash, index, size, proof) != root:
        raise Void(f"the proof of entry {index} leads elsewhere")
    return took, sum(map(len, proof))


def _told(kurum: str, size: int) -> Iterator[Leaf]:
    """Entries as `pipeline` writes them, of as many messages as fit."""
    salted = {"canonical": "c" * 64, "cms": "d" * 64, "indexes": "e" * 64}
    for number in range(10_000_000_001, 10_000_000_001 + size // ENTRIES_OF_A_MESSAGE):
        about = {"kurum": kurum, "sorgu_no": number}
        yield _leaf("kayit.accepted", {"kurum": kurum, "kayit_no": f"K-{number}", "fingerprint": "f" * 64}), None
        yield _leaf("bildirim.moved", {**about, **salted, "to": "queued", "move": "a"}), number
        yield _leaf("bildirim.moved", {**about, "from": "queued", "to": "sending", "move": "b"}), number
        answered = {"code": "200", "request": "a" * 64, "reply": "b" * 64}
        yield _leaf("bildirim.moved", {**about, **answered, "from": "sending", "to": "accepted", "move": "c"}), number


def _leaf(event: str, facts: dict[str, object]) -> bytes:
    return Entry(event, "bench:1:00000000", facts).leaf("2026-03-02T09:00:00.000Z")


def _fill(gateway: Gateway, leaves: Iterator[Leaf], size: int, kurum: str = "") -> None:
    """Replace the log by `size` entries; those about a message are of `kurum`."""
    edge: list[bytes] = []
    with _raw(gateway) as raw:
        raw.execute("DELETE FROM audit_entry")
        raw.execute("DROP INDEX audit_entry_sorgu_no")
        raw.execute("DROP INDEX audit_entry_feed")
        for start in range(0, size, CHUNK):
            rows = []
            for number, (leaf, about) in enumerate(islice(leaves, min(CHUNK, size - start)), start):
                digest = leaf_hash(leaf)
                nodes = b"".join(extend(edge, number, digest))
                rows.append((number, leaf, digest, nodes, about, kurum if about else None))
            raw.executemany(INSERT, rows)
        raw.execute("CREATE INDEX audit_entry_sorgu_no ON audit_entry (sorgu_no)")
        raw.execute("CREATE INDEX audit_entry_feed ON audit_entry (kurum_id, i) WHERE kurum_id IS NOT NULL")


def _fill_rows(gateway: Gateway, kurum: str, messages: int) -> None:
    """The messages and records that those entries speak of."""
    numbers = range(10_000_000_001, 10_000_000_001 + messages)
    bildirim = ("kurum_id", "sorgu_no", "kayit_no", "part", "veri_seti", "version", "metot", "state", "due_at", "fence",
                "attempt", "asks", "deneme_no", "reason", "last_code", "parts_total", "parts_accepted", "created_at",
                "changed_at")  # fmt: skip
    kayit = ("kurum_id", "kayit_no", "fingerprint", "veri_seti", "version", "event_date", "received_at", "body")
    with _raw(gateway) as raw:
        raw.executemany(
            _insert("bildirim", bildirim),
            ((kurum, n, f"K-{n}", 1, "egitim", "2018-10", "soap-g2", "accepted", 0, 1, 1, 0, 1, "", "200", 1, 1, 0, 0)
             for n in numbers),
        )  # fmt: skip
        raw.executemany(
            _insert("kayit", kayit),
            ((kurum, f"K-{n}", b"", "egitim", "2018-10", "2025-10-23", 0, b"") for n in numbers),
        )


def _insert(table: str, names: tuple[str, ...]) -> str:
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"


def _raw(gateway: Gateway) -> sqlite3.Connection:
    raw = sqlite3.connect(str(gateway.database.url.database), timeout=60)
    raw.execute("PRAGMA synchronous=OFF")
    return raw
