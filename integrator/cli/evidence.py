"""Evidence by hand: `evidence pay` runs the job once, `copy` hands a stamped copy out, `pack` a whole pack."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from integrator.cli.audit import audit_group
from integrator.cli.output import home_option, json_option, name_of, name_option, print_json, say
from integrator.domain.errors import Misconfigured
from integrator.domain.identifiers import KurumNo, SgkTescilNo, SorguNo
from integrator.evidence.dossier import of_workplace
from integrator.evidence.health import seal_for
from integrator.evidence.pack import Wish, make_pack
from integrator.evidence_job import pay_debt
from integrator.gateway import Gateway
from integrator.looks import OPEN, looking
from integrator.protect.files import write_whole
from integrator.queue import bodies, copies, readings
from integrator.settings import Settings
from integrator.store.engine import reading
from integrator.wiring import open_authority, open_gateway

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(name="evidence")
def evidence_group() -> None:
    """CAdES-T and LT copies of sent signatures; what was sent is never touched."""


@evidence_group.command()
@home_option
@json_option
def pay(settings: Settings, as_json: bool) -> int:
    """Time-stamp what is owed and complete what is old enough, now. Exit code 4 when the authority is away."""
    authority = open_authority(settings)
    if authority is None:
        raise Misconfigured("evidence.tsa_address is not set")
    gateway = open_gateway(settings, sending=False)
    paid = pay_debt(gateway, authority, complete_after=timedelta(hours=settings.evidence.complete_after_hours))
    with reading(gateway.database) as tx:
        debt = copies.count_debt(tx)
    if as_json:
        print_json({"stamped": paid.stamped, "completed": paid.completed, "stopped": paid.stopped, "debt": debt})
    else:
        left = debt["without_time_stamp"]
        click.echo(
            say(
                f"{paid.stamped} damgalandı, {paid.completed} tamamlandı, {left} bekliyor.",
                f"{paid.stamped} stamped, {paid.completed} completed, {left} still owed.",
            )
        )
    return 4 if paid.stopped else 0


@evidence_group.command()
@click.argument("sorgu_no", type=int)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
@name_option
@home_option
@json_option
def copy(settings: Settings, sorgu_no: int, out: Path, by: str | None, as_json: bool) -> None:
    """Write the evidence copy of one message (CMS with unsigned attributes) to a file. Audited."""
    gateway = open_gateway(settings, sending=False)
    kurum, number = KurumNo(settings.gateway.kurum), SorguNo(sorgu_no)
    with reading(gateway.database) as tx:
        level, sealed = copies.read_copy(tx, kurum, number)
        found = readings.read_one(tx, kurum, number)
    key = gateway.content(kurum, found["row"]["kayit_no"], found["content_key"])
    with looking(gateway, kurum, OPEN, [number], by=name_of(by), facts={"what": "evidence_copy"}):
        out.write_bytes(bodies.open_evidence(key, kurum, number, sealed))
    print_json({"level": level, "out": str(out)}) if as_json else click.echo(f"{out}: CAdES-{level}")


@evidence_group.command()
@click.option("--sorgu-no", "numbers", type=int, multiple=True, help="One message; may be given several times.")
@click.option("--isyeri", type=str, help="All messages of one workplace (SGK number).")
@click.option("--from", "since", type=click.DateTime(["%Y-%m-%d"]), help="Events since this day.")
@click.option("--to", "until", type=click.DateTime(["%Y-%m-%d"]), help="Events until this day, inclusive.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
@click.option("--physician", type=_FILE, help="Certificate (RSA) for which the health part is sealed.")
@click.option("--passphrase-file", type=_FILE, help="Or the passphrase under which it is.")
@name_option
@home_option
@json_option
def pack(settings: Settings, out: Path, by: str | None, as_json: bool, **told: Any) -> None:
    """Make an evidence pack that a stranger verifies with the verify.py inside. Audited.

    Without --physician or --passphrase-file health content stays out of it.
    """
    gateway, kurum = open_gateway(settings, sending=False), KurumNo(settings.gateway.kurum)
    seal = seal_for(told["physician"], told["passphrase_file"])
    numbers, selection = _selected(gateway, kurum, told)
    wish = Wish(numbers, selection, by=name_of(by), seal=seal, authority=open_authority(settings))
    made = make_pack(gateway, kurum, wish)
    write_whole(out, made.content)
    facts = {
        "out": str(out), "sha256": made.digest, "bytes": len(made.content), "messages": made.messages,
        "files": made.files, "health_left_out": made.left_out,
    }  # fmt: skip
    if as_json:
        print_json(facts)
        return
    size = f"{len(made.content) / 1e6:.1f} MB"
    click.echo(say(f"{out}: {made.messages} bildirim, {size}", f"{out}: {made.messages} message(s), {size}"))
    click.echo(f"SHA-256 {made.digest}")
    if made.left_out:
        click.echo(
            say(
                f"{made.left_out} bildirimin sağlık verisi pakete konmadı: --physician ya da --passphrase-file",
                f"the health content of {made.left_out} message(s) was left out: --physician or --passphrase-file",
            )
        )


def _selected(gateway: Gateway, kurum: KurumNo, told: dict[str, Any]) -> tuple[list[SorguNo], dict[str, str]]:
    """(numbers, how they were chosen, as the manifest tells it); raises UsageError for half a choice."""
    isyeri, since, until = told["isyeri"], told["since"], told["until"]
    if bool(told["numbers"]) == bool(isyeri) or bool(isyeri) != bool(since and until):
        raise click.UsageError(
            say("--sorgu-no ya da --isyeri ile --from ve --to", "--sorgu-no, or --isyeri with --from and --to")
        )
    if not isyeri:
        return [SorguNo(each) for each in dict.fromkeys(told["numbers"])], {"chosen": "sorgu_no"}
    workplace, first, last = SgkTescilNo(isyeri).value, since.date(), until.date()
    with reading(gateway.database) as tx:
        numbers = of_workplace(tx, gateway, kurum, workplace, since=first, until=last)
    return numbers, {"chosen": "isyeri", "isyeri": workplace, "from": f"{first}", "to": f"{last}"}


audit_group.add_command(pack, "bundle")  # the name that outside checks know
COMMANDS = [evidence_group]
