"""`ibys backup` and `ibys restore`: a copy that nobody reads without its key, and a guarded way back."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from integrator.audit.claim import write_claim
from integrator.cli.output import home_option, json_option, local, print_json, say
from integrator.domain.clock import SystemClock
from integrator.domain.errors import Malformed, Misconfigured
from integrator.keeping.backup import make_backup
from integrator.keeping.restoring import Restored, check_backup
from integrator.keeping.restoring import restore as restore_it
from integrator.protect.files import write_secret
from integrator.protect.seal import new_key, read_key_file
from integrator.settings import Settings, read_settings
from integrator.store.engine import open_engine, reading, sqlite_url
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
    made = make_backup(gateway, read_key_file(key_file), out, settings.home / "backups")
    facts = {"file": str(made.path), "made_at": made.made_at, "bytes": made.size, "sha256": made.sha256}
    facts["went_on"] = made.went_on
    if as_json:
        print_json({**facts, "new_key": is_new})
        return
    click.echo(f"{made.path}  {made.size:,} B  SHA-256 {made.sha256[:16]}...")
    if made.went_on:
        click.echo(
            say(
                f"Yarım kalan yedek tamamlandı: {local(made.made_at)} anını gösterir. Şimdiki an için yineleyin.",
                f"An interrupted backup was finished; it is of {local(made.made_at)}. For one of now, say it again.",
            )
        )
    if is_new:
        click.echo(
            say(
                f"Yeni yedek anahtarı: {key_file}. Yedeklerden ve ana anahtardan ayrı yerde saklayın.",
                f"A new backup key: {key_file}. Keep it apart from the backups, and from the master key.",
            )
        )


@click.command()
@click.argument("file", type=FILE)
@click.option(
    "--verify",
    is_flag=True,
    help="Change nothing: restore into a scratch database, verify to the last checkpoint, delete it. Without --into, "
    "only read the file to its end.",
)
@click.option("--into", type=click.Path(path_type=Path), help="The new home; keys/ and ibys.toml lie there already.")
@click.option("--backup-key", type=FILE, help="The backup key; by default the one in the new home.")
@click.option("--destroyed", multiple=True, type=FILE, help="A certificate of destruction (JSON) made since.")
@json_option
def restore(
    file: Path, verify: bool, into: Path | None, backup_key: Path | None, destroyed: tuple[Path, ...], as_json: bool
) -> None:
    """Make a gateway of a backup. It verifies to the last checkpoint, and sends nothing until `ibys line resume`."""
    if into is None:
        _read_through(file, backup_key if verify else None, as_json)
        return
    settings = read_settings(into)
    key, certificates = backup_key or settings.path(settings.keys.backup_key_file), [_certificate(e) for e in destroyed]
    if verify:
        with TemporaryDirectory(prefix="ibys-verify-") as scratch:
            done = _restored(file, key, settings, certificates, sqlite_url(Path(scratch) / "ibys.sqlite3"))
    elif (into / "checkpoints").exists():
        raise Misconfigured(f"{into}: a gateway lived here and left checkpoints; a backup goes into a new home only")
    else:
        done = _restored(file, key, settings, certificates)
    _tell(done, only_verified=verify, as_json=as_json)


def _read_through(file: Path, backup_key: Path | None, as_json: bool) -> None:
    """What can be said of a backup without the home's keys: it opens to its end."""
    if backup_key is None:
        raise click.UsageError(say("--into, ya da --verify ve --backup-key", "--into, or --verify and --backup-key"))
    made_at, lines = check_backup(file, read_key_file(backup_key))
    if as_json:
        print_json({"made_at": made_at, "lines": lines, "audit_ok": None})
        return
    click.echo(
        say(
            f"{local(made_at)} tarihli yedek sonuna kadar okundu: {lines} satır. Kanıt için --into da verin.",
            f"The backup of {local(made_at)} reads to its end: {lines} lines. For its evidence give --into as well.",
        )
    )


def _restored(
    file: Path, key: Path, settings: Settings, certificates: list[dict[str, Any]], scratch: str = ""
) -> Restored:
    log_key = checkpoint_key(settings)
    database = open_engine(scratch) if scratch else open_database(settings)
    with closing_database(database):
        done = restore_it(
            file,
            read_key_file(key),
            database,
            name=settings.gateway.name,
            keyring=KeyRing(database, master_key(settings)),
            log_key=log_key,
            now=SystemClock().now(),
            destroyed=certificates,
        )
        if not scratch:
            with reading(database) as tx:  # a claim that came along with the keys speaks of the original
                write_claim(tx, log_key, done.entries)
    return done


def _tell(done: Restored, *, only_verified: bool, as_json: bool) -> None:
    facts = {
        "made_at": done.made_at,
        "entries": done.entries,
        "asked_first": done.asked_first,
        "erased_again": done.erased_again,
        "rows": done.rows,
    }
    if as_json:
        print_json({**facts, "audit_ok": True, "sending": False, "restored": not only_verified})
        return
    click.echo(
        say(
            f"{local(done.made_at)} tarihli yedek son mühre kadar doğrulandı: {done.entries} kanıt kaydı.",
            f"The backup of {local(done.made_at)} verifies to its last checkpoint: {done.entries} entries.",
        )
    )
    if only_verified:
        click.echo(say("Yalnızca doğrulandı; hiçbir şey yazılmadı.", "Only verified; nothing was written."))
        return
    click.echo(
        say(
            f"Geri yüklendi. Hiçbir şey gönderilmiyor. {done.asked_first} ileti gönderilmeden önce sorulacak. Asıl "
            'sistem bir daha çalışmayacaksa: ibys line resume --reason "..."',
            f"Restored. Nothing is sent. {done.asked_first} message(s) will be asked about first. When the original "
            'will never run again: ibys line resume --reason "..."',
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
