"""Evidence: `audit verify | fsck | prove | checkpoint | consistency | claim`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from integrator import acts
from integrator.audit.checkpoint import Checkpoint, write_checkpoint_file
from integrator.audit.claim import told_of
from integrator.audit.log_keys import LogKeys, keys_now
from integrator.audit.prove import prove_bildirim, prove_consistency
from integrator.audit.verify import Report
from integrator.audit.verify import verify as verify_log
from integrator.cli.output import home_option, json_option, name_of, name_option, print_json, say
from integrator.domain.errors import Malformed, Tampered
from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.evidence.dossier import read_opening
from integrator.evidence.fsck import fsck
from integrator.evidence.handing import hand_out
from integrator.keeping.log_key import claim_key
from integrator.settings import Settings
from integrator.store.engine import reading
from integrator.wiring import checkpoint_key, open_gateway, open_holders, open_store

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_LARGEST_NOTE = 65_536


@click.group(name="audit")
def audit_group() -> None:
    """Evidence that a stranger can verify."""


_checkpoints_option = click.option(
    "--checkpoints",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of checkpoints kept elsewhere.",
)


@audit_group.command()
@_checkpoints_option
@click.option("--from", "since", type=_FILE, help="A checkpoint you kept: only what came after it is read again.")
@home_option
@json_option
def verify(settings: Settings, checkpoints: Path | None, since: Path | None, as_json: bool) -> int:
    """Recompute everything and name the first broken place. Exit code 5 when there is one."""
    key, outside = checkpoint_key(settings), kept_notes(checkpoints)
    with reading(open_store(settings)) as tx:
        keys = keys_now(tx, key)
        earlier = read_note(since, keys) if since else None
        report = verify_log(tx, key.public, key.origin, outside, since=earlier)
    return _tell(report, as_json=as_json, outside=len(outside), since=earlier.size if earlier else 0)


def kept_notes(folder: Path | None) -> list[tuple[Path, str]]:
    """Every checkpoint of a folder, by file."""
    return [(path, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.checkpoint"))] if folder else []


def _tell(report: Report, *, as_json: bool, outside: int, since: int) -> int:
    found = report.found
    if as_json:
        print_json(
            {
                "audit_ok": found is None,
                "broken": report.broken,
                "what": found.what if found else None,
                "index": found.index if found else None,
                "from": since,
                "entries": report.entries,
                "checkpoints": report.checkpoints,
                "outside_checkpoints": outside,
                "bildirim": report.bildirim,
                "root": report.root.hex(),
            }
        )
    elif found:
        click.echo(say(f"BOZUK: {report.broken}", f"BROKEN: {report.broken}"), err=True)
    else:
        counts = (
            f"{report.entries} {say('kayıt', 'entries')}, {report.checkpoints} {say('mühür', 'checkpoints')}, "
            f"{report.bildirim} {say('bildirim', 'messages')}; {report.root.hex()[:16]}..."
        )
        click.echo(f"{say('Doğrulandı', 'Verified')}: {counts}")
    return 5 if found else 0


@audit_group.command(name="fsck")
@_checkpoints_option
@home_option
@json_option
def check_all(settings: Settings, checkpoints: Path | None, as_json: bool) -> int:
    """Check storage, log and every row of evidence with the keys at hand: the first place that differs, and what."""
    outside = kept_notes(checkpoints)
    report = fsck(open_gateway(settings, sending=False), outside)
    return _tell(report, as_json=as_json, outside=len(outside), since=0)


@audit_group.command()
@home_option
@json_option
def checkpoint(settings: Settings, as_json: bool) -> None:
    """Sign the log's head now and write it to checkpoints/."""
    made = acts.checkpoint(open_gateway(settings, sending=False))
    if made is None:
        print_json({"made": False}) if as_json else click.echo(say("Yeni kayıt yok.", "Nothing new to sign."))
        return
    path = write_checkpoint_file(settings.home / "checkpoints", *made)
    print_json({"made": True, "size": made[0], "file": str(path)}) if as_json else click.echo(made[1], nl=False)


@audit_group.command()
@click.option("--reason", required=True, help="Kept in the audit log.")
@name_option
@home_option
@json_option
def claim(settings: Settings, reason: str, by: str | None, as_json: bool) -> None:
    """Say that this home goes on with its log key, although it was copied or its database was put back."""
    found = claim_key(open_gateway(settings, sending=False, check_claim=False), reason=reason, by=name_of(by))
    told = f"{found.log[:16]}  {found.size}  {found.place}"
    print_json(told_of(found)) if as_json else click.echo(told)


@audit_group.command()
@home_option
@json_option
def hand(settings: Settings, as_json: bool) -> int:
    """Hand the newest checkpoint to everybody named in [checkpoint], now. Exit code 4 when somebody did not get it."""
    handed = hand_out(open_gateway(settings, sending=False), open_holders(settings), at_once=True)
    if as_json:
        print_json([asdict(each) for each in handed])
    for each in [] if as_json else handed:
        click.echo(f"{each.name:8} {each.size:>12}  {each.told or say('güncel', 'has it')}")
    if not handed and not as_json:
        click.echo(say("Kimseye verilmiyor: [checkpoint] boş.", "Nobody holds checkpoints: [checkpoint] is empty."))
    return 4 if any(each.told for each in handed) else 0


@audit_group.command()
@click.argument("checkpoint_file", type=_FILE)
@home_option
@json_option
def consistency(settings: Settings, checkpoint_file: Path, as_json: bool) -> None:
    """Prove that the log only grew since CHECKPOINT_FILE: the newest checkpoint and the hashes between the two."""
    key = checkpoint_key(settings)
    with reading(open_store(settings)) as tx:
        earlier = read_note(checkpoint_file, keys_now(tx, key))
        proof = prove_consistency(tx, earlier)
    if as_json:
        print_json(proof)
        return
    first, second, count = proof["first"], proof["second"], len(proof["proof"])
    click.echo(
        say(
            f"Günlük {first} kayıttan {second} kayda yalnızca büyüdü ({count} düğümlü kanıt).",
            f"The log only grew, from {first} to {second} entries (proof of {count} nodes).",
        )
    )


def read_note(path: Path, keys: LogKeys) -> Checkpoint:
    """The checkpoint in a file; raises Malformed for what is no small text, Tampered for what does not verify."""
    try:
        with path.open("rb") as file:
            note = file.read(_LARGEST_NOTE + 1)
        text = note.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise Malformed(f"{path.name}: not a checkpoint ({type(error).__name__})") from error
    if len(note) > _LARGEST_NOTE:
        raise Malformed(f"{path.name}: not a checkpoint (more than {_LARGEST_NOTE} bytes)")
    found = keys.open(text)
    if found.origin != keys.origin:
        raise Tampered(f"{path.name}: it speaks of the log {found.origin!r}")
    return found


@audit_group.command()
@click.argument("sorgu_no", type=int)
@click.option("--open", "opens", is_flag=True, help="With what opens its commitment to the signed bytes. Audited.")
@name_option
@home_option
@json_option
def prove(settings: Settings, sorgu_no: int, opens: bool, by: str | None, as_json: bool) -> None:
    """The entries of one message, each with its inclusion proof under the newest checkpoint.

    With --open a stranger who has the signed bytes sees that an entry names SHA-256(prefix + bytes).
    """
    with reading(open_store(settings)) as tx:
        proof = prove_bildirim(tx, SorguNo(sorgu_no))
    if opens:
        prefix = read_opening(
            open_gateway(settings, sending=False), KurumNo(settings.gateway.kurum), SorguNo(sorgu_no), by=name_of(by)
        )
        proof = {**proof, "prefix": prefix.hex()}
    if as_json:
        print_json(proof)
        return
    click.echo(proof["checkpoint"])
    if opens:
        click.echo(f"prefix {proof['prefix']}")
    for entry in proof["entries"]:
        click.echo(f"{entry['index']:>8}  {entry['leaf']}")
        click.echo(
            say(f"          {len(entry['proof'])} düğümlü kanıt", f"          proof of {len(entry['proof'])} nodes")
        )


COMMANDS = [audit_group]
