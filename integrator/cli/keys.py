"""Signatures by hand: `sign`, `verify`, and `certs` for the public test PKI."""

from __future__ import annotations

from pathlib import Path

import click

from integrator.cli.output import json_option, print_json, say
from integrator.domain.clock import SystemClock
from integrator.domain.errors import Malformed
from integrator.domain.identifiers import is_tckn
from integrator.sign.certificates import read_trust_store
from integrator.sign.keys import read_pkcs12
from integrator.sign.trial_pki import write_test_pki
from integrator.sign.verify import MAX_CMS_BYTES, Signature, judge

_MARKS = {True: "+", False: "X", None: "?"}
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option("--p12", type=FILE, required=True, help="Key and certificate.")
@click.option("--pin-file", type=FILE, required=True, help="A file that holds the PIN; never an argument.")
@click.argument("content", type=FILE)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
@json_option
def sign(p12: Path, pin_file: Path, content: Path, out: Path, as_json: bool) -> None:
    """Make a detached CAdES-BES signature over CONTENT."""
    cms = read_pkcs12(p12, pin_file).sign(content.read_bytes(), at=SystemClock().now())
    out.write_bytes(cms)
    print_json({"out": str(out), "bytes": len(cms)}) if as_json else click.echo(f"{out}: {len(cms)}")


@click.command()
@click.option("--cms", type=FILE, required=True)
@click.option("--content", type=FILE, required=True)
@click.option(
    "--trust", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder with trusted .pem files."
)
@click.option("--professional", default=None, help="File with the identity number the signer must have.", type=FILE)
@json_option
def verify(cms: Path, content: Path, trust: Path | None, professional: Path | None, as_json: bool) -> int:
    """Judge a signature as the ministry would: one verdict per check. Exit code 5 when one says no."""
    if cms.stat().st_size > MAX_CMS_BYTES * 16:
        raise Malformed(f"{cms}: {cms.stat().st_size} bytes is no signature")
    owner = professional.read_text(encoding="ascii").strip() if professional else None
    store = read_trust_store(trust) if trust else None
    verdicts = judge(Signature(cms.read_bytes(), content.read_bytes(), SystemClock().now(), store, owner))
    valid = not any(each.ok is False for each in verdicts)
    if as_json:
        shown = [{"check": each.check, "ok": each.ok, "detail": each.detail} for each in verdicts]
        print_json(
            {
                "valid": valid,
                "trust_checked": store is not None,
                "professional_checked": owner is not None,
                "verdicts": shown,
            }
        )
    else:
        for each in verdicts:
            click.echo(f"  {_MARKS[each.ok]} {each.check:20} {each.detail}")
        click.echo(
            say(
                "Geçerli." if valid else "Geçersiz: bakanlık kabul etmez.",
                "Valid." if valid else "Not valid: the ministry would refuse it.",
            )
        )
    return 0 if valid else 5


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--owner",
    "owners",
    multiple=True,
    default=("81234567804",),
    show_default=True,
    help="Invented identity number of a signer.",
)
@click.option(
    "--key", type=click.Choice(["rsa-2048", "rsa-3072", "p-256", "p-384"]), default="rsa-2048", show_default=True
)
@json_option
def certs(folder: Path, owners: tuple[str, ...], key: str, as_json: bool) -> None:
    """Make a public test PKI in FOLDER: trust/root.pem and signers/*.p12 with *.pin. Never for production."""
    wrong = [owner for owner in owners if not is_tckn(owner)]
    if wrong:
        raise Malformed(f"--owner: {len(wrong)} number(s) whose check digits do not fit")
    if (folder / "signers").exists():
        raise Malformed(f"{folder}: there are signers already; nothing was changed")
    write_test_pki(folder, list(owners), now=SystemClock().now(), key=key)  # type: ignore[arg-type]
    print_json({"folder": str(folder), "signers": len(owners)}) if as_json else click.echo(
        f"{folder}: trust/root.pem, signers/ ({len(owners)})"
    )


COMMANDS = [sign, verify, certs]
