"""`ibys backup` and `ibys restore`: a copy that nobody reads without its key, and a guarded way back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from integrator.audit.claim import write_claim
from integrator.cli.output import home_option, json_option, local, print_json, say
from integrator.domain.clock import SystemClock
from integrator.domain.errors import Malformed, Misconfigured
from integrator.keeping.backup import make_backup
from integrator.keeping.restoring import check_backup
from integrator.keeping.restoring import restore as restore_it
from integrator.protect.files import write_secret
from integrator.protect.seal import new_key, read_key_file
from integrator.settings import Settings, read_settings
from integrator.store.engine import reading
from integrator.store.keyring import KeyRing
from integrator.wiring import checkpoint_key, closing_database, master_key, open_database, open_gateway

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A file, or a folder to put one into.")
@home_option
@json_option
def backup(settings: Settings, out: Path, as_json: bool) -> None:
    """Copy everything the database holds, as of one moment, into an encrypted file. Sending goes on meanwhile."""
    gateway, key_file = open_gateway(settings, sending=False), settings.path(settings.keys.backup_key_file)
    is_new = not key_file.exists()
    if is_new:
        write_secret(key_file, new_key().hex().encode())
    if out.is_dir():
        out /= f"{settings.gateway.name}-{gateway.clock.now():%Y%m%dT%H%M%SZ}.ibysbackup"
    made = make_backup(gateway, read_key_file(key_file), out, settings.home / "backups")
    facts = {"file": str(made.path), "made_at": made.made_at, "bytes": made.size, "sha256": made.sha256}
    if as_json:
        print_json({**facts, "new_key": is_new})
        return
    click.echo(f"{made.path}  {made.size:,}  {made.sha256[:16]}...")
    if is_new:
        click.echo(
            say(
                f"Yeni yedek anahtarı: {key_file}. Yedeklerden ve ana anahtardan ayrı yerde saklayın.",
                f"A new backup key: {key_file}. Keep it apart from the backups, and from the master key.",
            )
        )


@click.command()
@click.argument("file", type=FILE)
@click.option("--verify", is_flag=True, help="Only read the file to its end and say what it is; nothing is written.")
@click.option("--into", type=click.Path(path_type=Path), help="The new home; keys/ and ibys.toml lie there already.")
@click.option("--backup-key", type=FILE, help="The backup key; by default the one in the new home.")
@click.option("--destroyed", multiple=True, type=FILE, help="A certificate of destruction (JSON) made since.")
@json_option
def restore(
    file: Path, verify: bool, into: Path | None, backup_key: Path | None, destroyed: tuple[Path, ...], as_json: bool
) -> None:
    """Make a gateway of a backup. It verifies to the last checkpoint, and sends nothing until `ibys line resume`."""
    if into is None:
        if not (verify and backup_key):
            told = say("--into, ya da --verify ve --backup-key", "--into, or --verify and --backup-key")
            raise click.UsageError(told)
        made_at, lines = check_backup(file, read_key_file(backup_key))
        print_json({"made_at": made_at, "lines": lines}) if as_json else click.echo(f"{local(made_at)}  {lines}")
        return
    if (into / "checkpoints").exists():
        raise Misconfigured(f"{into}: a gateway lived here and left checkpoints; a backup goes into a new home only")
    settings = read_settings(into)
    key = read_key_file(backup_key or settings.path(settings.keys.backup_key_file))
    log_key, database = checkpoint_key(settings), open_database(settings)
    with closing_database(database):
        done = restore_it(
            file,
            key,
            database,
            name=settings.gateway.name,
            keyring=KeyRing(database, master_key(settings)),
            log_key=log_key,
            now=SystemClock().now(),
            destroyed=[_certificate(each) for each in destroyed],
        )
        with reading(database) as tx:  # a claim that came along with the keys speaks of the original
            write_claim(tx, log_key, done.entries)
    facts = {
        "made_at": done.made_at,
        "entries": done.entries,
        "asked_first": done.asked_first,
        "erased_again": done.erased_again,
        "rows": done.rows,
    }
    if as_json:
        print_json({**facts, "audit_ok": True, "sending": False})
        return
    click.echo(
        say(
            f"{local(done.made_at)} tarihli yedek doğrulandı ve açıldı: {done.entries} kanıt kaydı.",
            f"The backup of {local(done.made_at)} was verified and restored: {done.entries} entries.",
        )
    )
    click.echo(
        say(
            f"Hiçbir şey gönderilmiyor. {done.asked_first} ileti gönderilmeden önce sorulacak. Asıl sistem bir daha "
            'çalışmayacaksa: ibys line resume --reason "..."',
            f"Nothing is sent. {done.asked_first} message(s) will be asked about first. When the original will never "
            'run again: ibys line resume --reason "..."',
        )
    )


def _certificate(path: Path) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        _ = told["kurum"], told["at"], told["class"], [each["kayit_no"] for each in told["records"]]
    except (ValueError, KeyError, TypeError) as error:
        raise Malformed(f"{path}: is no certificate of destruction; nothing was changed") from error
    return told


COMMANDS = [backup, restore]
