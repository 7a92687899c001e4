"""A customer takes everything along: one ZIP with its evidence packs, receipts, registers, and its own form (circular
2-5). Open formats throughout: packs prove themselves by the `verify.py` inside, the rest is JSON.

1. Evidence packs, so many messages at once; health content sealed for a physician, or left out.
2. The receipts of the same messages, one to a line.
3. What the registers know of its workplaces, contracts and professionals; its form and its letters by KEP.
4. A list of all files with their SHA-256.

Nothing is taken away here by it, and it works while the firm is passive.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import select

from integrator.audit.prove import newest_head
from integrator.domain.errors import Erased, NotFound
from integrator.domain.identifiers import KurumNo, SgkTescilNo, SorguNo
from integrator.evidence.dossier import read_dossier
from integrator.evidence.pack import Wish, make_pack
from integrator.evidence.receipt import tell_receipt
from integrator.gateway import Gateway
from integrator.looks import EXPORT, looking
from integrator.protect.files import sync_folder
from integrator.queue.standing import FORM
from integrator.registering import read_card, read_cards, read_kurum, read_professionals
from integrator.registry import rows
from integrator.registry.rows import Kept
from integrator.store.engine import reading
from integrator.store.tables import bildirim

AT_ONCE = 2_000
FORMAT = "ibys-tumu/1"
Step = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Taken:
    """What is in the archive. `health_left_out`: messages whose health content is not; `erased`: that are no more."""

    messages: int
    packs: int
    health_left_out: int
    erased: int
    files: int


def export_all(gateway: Gateway, kurum: KurumNo, out: Path, wish: Wish, *, step: Step = lambda _count: None) -> Taken:
    """Write the archive of `kurum` to `out`; raises NotFound for an unknown customer. Audited as an export.

    `wish` says by whom, and under which seal; its numbers are not looked at.
    """
    if not read_kurum(gateway, kurum):
        raise NotFound(f"nobody was ever told here of the customer {kurum}")
    partial = out.with_name(f".{out.name}.part")
    with looking(gateway, kurum, EXPORT, by=wish.by, facts={"what": "everything"}) as told:
        try:
            with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
                taken = _fill(_Archive(archive), gateway, kurum, wish, step)
            partial.chmod(0o600)
            partial.replace(out)
        finally:
            partial.unlink(missing_ok=True)
        sync_folder(out.parent)
        told |= {"messages": taken.messages, "packs": taken.packs}
    return taken


class _Archive:
    """The ZIP while it is written, and the digests of what is in it."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.digests: dict[str, str] = {}

    def put(self, name: str, content: bytes) -> None:
        self._archive.writestr(name, content)
        self.digests[name] = sha256(content).hexdigest()


def _fill(archive: _Archive, gateway: Gateway, kurum: KurumNo, wish: Wish, step: Step) -> Taken:
    taken = Taken(0, 0, 0, 0, 0)
    for place, numbers in enumerate(_portions(gateway, kurum), 1):
        # 1. a pack
        try:
            pack = make_pack(gateway, kurum, replace(wish, numbers=numbers, selection={"chosen": "everything"}))
        except Erased:  # all of them: the log tells of each
            taken = replace(taken, erased=taken.erased + len(numbers))
            continue
        archive.put(f"packs/{place:05}.zip", pack.content)
        # 2. its receipts
        receipts = list(_receipts(gateway, kurum, numbers))
        archive.put(f"receipts/{place:05}.ndjson", b"".join(_line(each) for each in receipts))
        taken = replace(
            taken, messages=taken.messages + pack.messages, packs=taken.packs + 1,
            health_left_out=taken.health_left_out + pack.left_out, erased=taken.erased + len(numbers) - pack.messages,
        )  # fmt: skip
        step(taken.messages)
    # 3. registers
    for name, content in _registers(gateway, kurum).items():
        archive.put(f"registers/{name}.json", json.dumps(content, ensure_ascii=False, indent=1, default=str).encode())
    # 4. the list of files
    told = {"format": FORMAT, "gateway": gateway.checkpoint_key.origin, "kurum": kurum, "files": dict(archive.digests)}
    counts = {"messages": taken.messages, "erased": taken.erased, "health_left_out": taken.health_left_out}
    archive.put("manifest.json", json.dumps({**told, **counts}, indent=1).encode())
    return replace(taken, files=len(archive.digests))


def _portions(gateway: Gateway, kurum: KurumNo) -> Iterator[list[SorguNo]]:
    after = 0
    while True:
        mine = (bildirim.c.kurum_id == kurum, bildirim.c.sorgu_no > after)
        query = select(bildirim.c.sorgu_no).where(*mine).order_by(bildirim.c.sorgu_no).limit(AT_ONCE)
        with reading(gateway.database) as tx:
            numbers = [SorguNo(each) for each in tx.execute(query).scalars()]
        if not numbers:
            return
        yield numbers
        after = numbers[-1]


def _receipts(gateway: Gateway, kurum: KurumNo, numbers: list[SorguNo]) -> Iterator[dict[str, Any]]:
    """Of those whose content was not erased, under the checkpoint that the pack made."""
    with reading(gateway.database) as tx:
        head = newest_head(tx)
        for number in numbers:
            try:
                yield tell_receipt(gateway, read_dossier(tx, gateway, kurum, number, head), head.note)
            except Erased:
                continue


def _registers(gateway: Gateway, kurum: KurumNo) -> dict[str, Any]:
    cards = [read_card(gateway, kurum, SgkTescilNo(str(e.facts["sgk_tescil_no"]))) for e in read_cards(gateway, kurum)]
    with reading(gateway.database) as tx:
        form = rows.read_one(tx, FORM, kurum)
        letters = [each for each in rows.read_all(tx, "kep") if each.facts.get("kurum") == kurum]
    return {
        "kurum": read_kurum(gateway, kurum),
        "isyerleri": [{**_plain(each.facts), "sozlesmeler": [_plain(one) for one in each.contracts]} for each in cards],
        "profesyoneller": [_plain(each) for each in read_professionals(gateway, kurum)],
        FORM: _told(form) if form else None,
        "kep": [_told(each) for each in letters],
    }


def _plain(facts: Any) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if not name.endswith("_index")}


def _told(kept: Kept) -> dict[str, Any]:
    return {"no": kept.entry_no, "state": kept.state, **kept.facts, "changed_at": kept.changed_at.isoformat()}


def _line(receipt: dict[str, Any]) -> bytes:
    return json.dumps(receipt, ensure_ascii=False, sort_keys=True, default=str).encode() + b"\n"
