"""Evidence packs: one ZIP that a stranger verifies with the `verify.py` inside, on a machine that knows nothing of us.

1. A checkpoint over what stands, time-stamped where there is an authority.
2. Files of each message; what holds health content goes into one part sealed for a physician, or is left out.
3. The manifest with each file's digest; its own digest becomes an entry of the log.
4. A checkpoint over that entry, and under it the proofs of every entry: `log/`, which proves itself.

So whoever alters a file must alter the manifest, and with it the log, whose checkpoints others hold. Making a pack is
audited: intent, the manifest's digest, outcome. Form and reasons: docs/decisions/0023.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import select

from integrator import acts
from integrator.audit.log_keys import change_indexes, keys_now
from integrator.audit.prove import Head, newest_head, prove_consistency, prove_row
from integrator.audit.trail import Entry
from integrator.domain.errors import Erased, NotFound, Unavailable
from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.evidence import verifier
from integrator.evidence.dossier import Dossier, read_dossier
from integrator.evidence.health import Seal
from integrator.evidence.summary import render_summary
from integrator.gateway import Gateway
from integrator.log import logger
from integrator.looks import PACK, looking
from integrator.protect.seal import erased_of
from integrator.queue import readings
from integrator.sign.certificates import der_of
from integrator.sign.evidence import TimestampAuthority
from integrator.sign.verify import signer_of
from integrator.store.engine import Tx, reading, writing
from integrator.store.tables import audit_checkpoint, audit_entry

MOST_MESSAGES = 20_000
HISTORY = 50  # earlier checkpoints that a pack leads from
Files = dict[str, bytes]
Progress = Callable[[str, int], None]
"""Told in each of `packs.STEPS` with how many messages are done; what it raises ends the making."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What shall be packed and how: `selection` is told in the manifest, `seal` hides the health part."""

    numbers: Sequence[SorguNo]
    selection: Mapping[str, str]
    by: str = ""
    seal: Seal | None = None
    authority: TimestampAuthority | None = None


@dataclass(frozen=True, slots=True)
class Pack:
    """A finished pack. `left_out` counts the messages whose health content is not in it."""

    content: bytes = field(repr=False)
    messages: int
    files: int
    manifest: str
    left_out: int

    @property
    def digest(self) -> str:
        """SHA-256 of the whole."""
        return sha256(self.content).hexdigest()


def _untold(_step: str, _done: int) -> None:
    """Nobody waits for it."""


def make_pack(gateway: Gateway, kurum: KurumNo, wish: Wish, *, progress: Progress = _untold) -> Pack:
    """A pack of these messages; raises NotFound for none, Tampered when what is stored does not prove itself."""
    wish = replace(wish, numbers=_not_erased(gateway, kurum, wish.numbers))
    if not wish.numbers or len(wish.numbers) > MOST_MESSAGES:
        raise NotFound(f"{len(wish.numbers)} messages were selected; 1 to {MOST_MESSAGES} go into one pack")
    with looking(gateway, kurum, PACK, wish.numbers, by=wish.by, facts=dict(wish.selection)) as told:
        # 1. a checkpoint over what stands
        acts.checkpoint(gateway)
        with reading(gateway.database) as tx:
            head = newest_head(tx)
            files = _stamped(tx)
        files = files or _stamp(head, wish.authority)
        # 2. files of each message
        dossiers = _read_all(gateway, kurum, wish.numbers, head, progress)
        files |= _message_files(gateway, dossiers, wish.seal, progress)
        # 3. the manifest, and its digest in the log
        manifest = _manifest(gateway, dossiers, wish, files)
        digest = sha256(manifest).hexdigest()
        _write_down(gateway, kurum, digest)
        # 4. proofs under a checkpoint that covers that entry
        acts.checkpoint(gateway)
        log = _log_files(gateway, dossiers, digest, progress)
        content = _zipped(files | log | {"manifest.json": manifest})
        left_out = 0 if wish.seal else sum(each.is_health for each in dossiers)
        pack = Pack(content, len(dossiers), len(files) + len(log) + 1, digest, left_out)
        told |= {"manifest": digest, "sha256": pack.digest}
    return pack


def _not_erased(gateway: Gateway, kurum: KurumNo, numbers: Sequence[SorguNo]) -> list[SorguNo]:
    """Those whose content was not erased; raises Erased when it is all of them: then nothing is left to pack."""
    kept = list[SorguNo]()
    erased: dict[str, str] | None = None
    with reading(gateway.database) as tx:
        for number in numbers:
            gone = erased_of(readings.read_one(tx, kurum, number)["content_key"])
            erased = gone or erased
            kept += [] if gone else [number]
    if erased and not kept:
        raise Erased(f"its content was erased on {erased['on']} under the class {erased['class']}; nothing is left")
    return kept


def _stamped(tx: Tx) -> Files:
    """The newest checkpoint that has a token already, if it is the newest of all."""
    row = tx.execute(select(audit_checkpoint).order_by(audit_checkpoint.c.size.desc()).limit(1)).one()
    return {"stamp/checkpoint.txt": row.note.encode(), "stamp/checkpoint.tst": row.token} if row.token else {}


def _stamp(head: Head, authority: TimestampAuthority | None) -> Files:
    if authority is None:
        return {}
    try:
        token = authority.stamp(head.note.encode()).token
    except Unavailable as error:  # a pack without it is worth having; the verifier says that it has none
        logger().warning("evidence.stopped", stamped=0, completed=0, why=error.detail[:200])
        return {}
    return {"stamp/checkpoint.txt": head.note.encode(), "stamp/checkpoint.tst": token}


def _read_all(
    gateway: Gateway, kurum: KurumNo, numbers: Sequence[SorguNo], head: Head, progress: Progress
) -> list[Dossier]:
    found = list[Dossier]()
    with reading(gateway.database) as tx:
        for number in numbers:
            found.append(read_dossier(tx, gateway, kurum, number, head))
            progress("reading", len(found))
    return found


def _message_files(gateway: Gateway, dossiers: Sequence[Dossier], seal: Seal | None, progress: Progress) -> Files:
    files: Files = {"verify.py": Path(verifier.__file__).read_bytes()}
    health: Files = {}
    for count, each in enumerate(dossiers, 1):
        folder = f"bildirim/{each.sorgu_no}/"
        files[f"{folder}bildirim.json"] = verifier.strict_bytes(_facts(each))
        content = {f"{folder}{name}": value for name, value in _content(each)}
        (health if each.is_health else files).update(content)
        files |= {f"revocation/{name}": value for name, value in each.answers.items()}
        files |= _certificates(gateway, each)
        progress("writing", count)
    if health and seal:
        files[seal.name] = seal.close(_zipped(health))
    files["ozet.html"] = render_summary(gateway, dossiers, sealed=bool(seal)).encode()
    return files


def _content(each: Dossier) -> Iterator[tuple[str, bytes]]:
    """What may name persons: the bytes, what was signed over them, and what went over the wire.

    Of a health message the signature too: it holds an unsalted digest of content that could be guessed.
    """
    yield "canonical.xml", each.canonical
    yield "salt.txt", each.salt.hex().encode() + b"\n"
    if each.cms:
        yield "imza.p7s", each.cms
    if each.copy:
        yield "kanit.p7s", each.copy
    for deneme in each.denemeler:
        place = f"deneme-{deneme.row['deneme_no']:03}"
        if deneme.request:
            yield f"{place}-istek.txt", deneme.request
        if deneme.reply:
            yield f"{place}-yanit.txt", deneme.reply


_TOLD = (
    "sorgu_no", "kayit_no", "part", "veri_seti", "version", "metot", "last_code", "parts_total", "parts_accepted",
    "ministry_no", "created_at", "changed_at",
)  # fmt: skip
_TRIED = ("deneme_no", "act", "started_at", "ended_at", "outcome", "code")


def _facts(each: Dossier) -> dict[str, Any]:
    tried = [{name: _plain(one.row[name]) for name in _TRIED} for one in each.denemeler]
    told = {name: _plain(each.row[name]) for name in _TOLD}
    return {**told, "state": str(each.state), "event_date": each.event_date.isoformat(), "denemeler": tried}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _certificates(gateway: Gateway, each: Dossier) -> Files:
    """The issuers of the signer up to the root that this gateway trusted."""
    if not each.cms or gateway.trust is None:
        return {}
    paths = gateway.trust.paths(signer_of(each.cms, now=gateway.clock.now()))
    ders = [der_of(one) for path in paths for one in path]
    return {f"certificates/{sha256(der).hexdigest()[:32]}.der": der for der in ders}


def _manifest(gateway: Gateway, dossiers: Sequence[Dossier], wish: Wish, files: Files) -> bytes:
    key = gateway.checkpoint_key
    messages = [
        {
            "sorgu_no": each.sorgu_no,
            "state": str(each.state),
            "health": each.is_health,
            "entries": [one["index"] for one in each.entries],
        }
        for each in dossiers
    ]
    log = ["checkpoint.txt", "history.json", "keys.json", "pack.json"]
    log += [f"{each.sorgu_no}.json" for each in dossiers]
    return verifier.strict_bytes(
        {
            "format": verifier.FORMAT,
            "made_at": gateway.clock.now().isoformat(),
            "log_key": {"origin": key.origin, "ed25519": key.public.public_bytes_raw().hex()},
            "selection": dict(wish.selection),
            "files": {name: {"sha256": sha256(value).hexdigest(), "size": len(value)} for name, value in files.items()},
            "messages": messages,
            "log": log,
        }
    )


def _write_down(gateway: Gateway, kurum: KurumNo, digest: str) -> None:
    now = gateway.clock.now()
    with writing(gateway.database) as tx:
        gateway.record(tx, [Entry("pack.sealed", gateway.actor, {"kurum": kurum, "manifest": digest})], now)


def _log_files(gateway: Gateway, dossiers: Sequence[Dossier], digest: str, progress: Progress) -> Files:
    with reading(gateway.database) as tx:
        head = newest_head(tx)
        files = {
            "log/checkpoint.txt": head.note.encode(),
            "log/history.json": verifier.strict_bytes(_history(tx, gateway, head)),
            "log/keys.json": verifier.strict_bytes(_proved(tx, change_indexes(tx), head)),
            "log/pack.json": verifier.strict_bytes(prove_row(tx, _sealed_row(tx, digest, head), head)),
        }
        for count, each in enumerate(dossiers, 1):
            indexes = [one["index"] for one in each.entries]
            files[f"log/{each.sorgu_no}.json"] = verifier.strict_bytes(_proved(tx, indexes, head))
            progress("proving", count)
    return files


def _proved(tx: Tx, indexes: Sequence[int], head: Head) -> list[dict[str, Any]]:
    rows = tx.execute(select(audit_entry).where(audit_entry.c.i.in_(indexes)).order_by(audit_entry.c.i))
    return [prove_row(tx, row, head) for row in rows]


def _history(tx: Tx, gateway: Gateway, head: Head) -> list[dict[str, Any]]:
    """The newest earlier checkpoints, each with the proof that the log only grew since."""
    query = select(audit_checkpoint.c.note).where(audit_checkpoint.c.size < head.size)
    notes = list(tx.execute(query.order_by(audit_checkpoint.c.size.desc()).limit(HISTORY)).scalars())
    keys = keys_now(tx, gateway.checkpoint_key)
    earlier = [(note, keys.open(note)) for note in notes]
    return [{"checkpoint": note, "proof": prove_consistency(tx, before)["proof"]} for note, before in reversed(earlier)]


def _sealed_row(tx: Tx, digest: str, head: Head) -> Any:
    """The entry that holds the manifest's digest: among the newest."""
    rows = tx.execute(select(audit_entry).where(audit_entry.c.i < head.size).order_by(audit_entry.c.i.desc()))
    return next(row for row in rows if json.loads(row.leaf).get("manifest") == digest)


def _zipped(files: Mapping[str, bytes]) -> bytes:
    """A ZIP whose bytes depend on names and contents only."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as container:
        for name in sorted(files):
            member = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
            member.compress_type, member.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            container.writestr(member, files[name])
    return out.getvalue()
