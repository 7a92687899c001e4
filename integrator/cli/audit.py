"""Evidence: `audit verify`, `audit prove`, `audit checkpoint`."""

from __future__ import annotations

from pathlib import Path

import click

from integrator import acts
from integrator.audit.checkpoint import write_checkpoint_file
from integrator.audit.prove import prove_bildirim
from integrator.audit.verify import verify as verify_log
from integrator.cli.output import home_option, json_option, print_json, say
from integrator.domain.identifiers import SorguNo
from integrator.settings import Settings
from integrator.store.engine import reading
from integrator.wiring import checkpoint_key, open_gateway, open_store


@click.group(name="audit")
def audit_group() -> None:
    """Evidence that a stranger can verify."""


@audit_group.command()
@click.option(
    "--checkpoints",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of checkpoints kept elsewhere.",
)
@home_option
@json_option
def verify(settings: Settings, checkpoints: Path | None, as_json: bool) -> int:
    """Recompute everything and name the first broken place. Exit code 5 when there is one."""
    key = checkpoint_key(settings)
    kept = sorted(checkpoints.glob("*.checkpoint")) if checkpoints else []
    outside = [(path, path.read_text(encoding="utf-8")) for path in kept]
    with reading(open_store(settings)) as tx:
        report = verify_log(tx, key.public, key.origin, outside)
    if as_json:
        print_json(
            {
                "audit_ok": report.broken is None,
                "broken": report.broken,
                "entries": report.entries,
                "checkpoints": report.checkpoints,
                "outside_checkpoints": len(outside),
                "bildirim": report.bildirim,
                "root": report.root.hex(),
            }
        )
    elif report.broken:
        click.echo(say(f"BOZUK: {report.broken}", f"BROKEN: {report.broken}"), err=True)
    else:
        click.echo(
            say("Doğrulandı", "Verified")
            + f": {report.entries} "
            + say("kayıt", "entries")
            + f", {report.checkpoints} "
            + say("mühür", "checkpoints")
            + f", {report.bildirim} "
            + say("bildirim", "messages")
            + f"; {report.root.hex()[:16]}..."
        )
    return 5 if report.broken else 0


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
@click.argument("sorgu_no", type=int)
@home_option
@json_option
def prove(settings: Settings, sorgu_no: int, as_json: bool) -> None:
    """The entries of one message, each with its inclusion proof under the newest checkpoint."""
    with reading(open_store(settings)) as tx:
        proof = prove_bildirim(tx, SorguNo(sorgu_no))
    if as_json:
        print_json(proof)
        return
    click.echo(proof["checkpoint"])
    for entry in proof["entries"]:
        click.echo(f"{entry['index']:>8}  {entry['leaf']}")
        click.echo(
            say(f"          {len(entry['proof'])} düğümlü kanıt", f"          proof of {len(entry['proof'])} nodes")
        )


COMMANDS = [audit_group]
