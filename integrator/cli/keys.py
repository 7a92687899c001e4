"""Signatures by hand: `sign`, `verify`, and `certs` for the public test PKI."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import get_args

import click

from integrator.cli.output import json_option, language, print_json, say
from integrator.domain.clock import SystemClock
from integrator.domain.errors import Malformed
from integrator.domain.identifiers import is_tckn
from integrator.domain.texts import Language, text
from integrator.sign.answers import CRL_CAP, OCSP_CAP
from integrator.sign.certificates import read_trust_store
from integrator.sign.keys import read_pkcs12
from integrator.sign.revocation import Revocation
from integrator.sign.trial_pki import KeyKind, write_test_pki
from integrator.sign.verify import MAX_CMS_BYTES, Policy, Signature, Verdict, is_valid, judge

LANGUAGES: tuple[Language, ...] = ("tr", "en")
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
@click.option("--crl", "crls", multiple=True, type=FILE, help="A CRL on file (DER); may be given again.")
@click.option("--ocsp", "responses", multiple=True, type=FILE, help="An OCSP response on file; may be given again.")
@click.option("--max-age-hours", default=0.0, help="Believe those files up to this age, even after their nextUpdate.")
@click.option("--demand-qualified", is_flag=True, help="Refuse what is no qualified certificate of a person.")
@click.option("--demand-revocation", is_flag=True, help="Refuse when nobody says that the certificate is not revoked.")
@json_option
def verify(
    cms: Path,
    content: Path,
    trust: Path | None,
    professional: Path | None,
    crls: tuple[Path, ...],
    responses: tuple[Path, ...],
    max_age_hours: float,
    demand_qualified: bool,
    demand_revocation: bool,
    as_json: bool,
) -> int:
    """Judge a signature as the ministry would: one verdict per check. Exit code 5 when one says no."""
    owner = professional.read_text(encoding="ascii").strip() if professional else None
    revocation = Revocation(
        ocsp=[_read(each, OCSP_CAP) for each in responses],
        crls=[_read(each, CRL_CAP) for each in crls],
        max_age=timedelta(hours=max_age_hours),
    )
    judged = Signature(
        _read(cms, MAX_CMS_BYTES * 16),
        content.read_bytes(),
        SystemClock().now(),
        read_trust_store(trust) if trust else None,
        owner,
        Policy(qualified=demand_qualified, revocation=demand_revocation),
        revocation if crls or responses else None,
    )
    verdicts = judge(judged)
    print_json(_as_json(judged, verdicts)) if as_json else _print(verdicts)
    return 0 if is_valid(verdicts) else 5


def _read(path: Path, cap: int) -> bytes:
    if path.stat().st_size > cap:
        raise Malformed(f"{path}: {path.stat().st_size} bytes; at most {cap} are read")
    return path.read_bytes()


def _as_json(judged: Signature, verdicts: list[Verdict]) -> dict[str, object]:
    return {
        "valid": is_valid(verdicts),
        "trust_checked": judged.trust is not None,
        "professional_checked": judged.professional is not None,
        "revocation_checked": bool(judged.answers),
        "verdicts": [
            {
                "check": each.check,
                "ok": each.ok,
                "refuses": each.refuses,
                "code": each.code,
                "detail": each.detail,
                "advice": {name: text(each.code, name) for name in LANGUAGES} if each.code else {},
            }
            for each in verdicts
        ],
    }


def _print(verdicts: list[Verdict]) -> None:
    """One line per check, and under each that says no, one line of advice."""
    for each in verdicts:
        mark = "!" if each.ok is False and each.warning else _MARKS[each.ok]
        click.echo(f"  {mark} {each.check:20} {each.detail}".rstrip())
        if each.code:
            click.echo(f"    {each.code}: {text(each.code, language())}")
    told = (
        ("Geçerli.", "Valid.")
        if is_valid(verdicts)
        else (
            "Geçersiz: bakanlık kabul etmez.",
            "Not valid: the ministry would refuse it.",
        )
    )
    click.echo(say(*told))
    unasked = [each.check for each in verdicts if each.ok is None]
    if unasked:
        click.echo(say("Sorulmayan: ", "Not asked: ") + ", ".join(unasked))


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
    "--key",
    type=click.Choice(get_args(KeyKind)),
    default="rsa-2048",
    show_default=True,
)
@json_option
def certs(folder: Path, owners: tuple[str, ...], key: KeyKind, as_json: bool) -> None:
    """Make a public test PKI in FOLDER: trust/root.pem and signers/*.p12 with *.pin. Never for production."""
    wrong = [owner for owner in owners if not is_tckn(owner)]
    if wrong:
        raise Malformed(f"--owner: {len(wrong)} number(s) whose check digits do not fit")
    if (folder / "signers").exists():
        raise Malformed(f"{folder}: there are signers already; nothing was changed")
    write_test_pki(folder, list(owners), now=SystemClock().now(), key=key)
    print_json({"folder": str(folder), "signers": len(owners)}) if as_json else click.echo(
        f"{folder}: trust/root.pem, signers/ ({len(owners)})"
    )


COMMANDS = [sign, verify, certs]
