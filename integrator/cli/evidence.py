"""Evidence copies by hand: `evidence pay` runs the job once, `evidence copy` hands one out."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click

from integrator.cli.output import home_option, json_option, name_of, name_option, print_json, say
from integrator.domain.errors import Misconfigured
from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.evidence_job import pay_debt
from integrator.looks import OPEN, looking
from integrator.queue import bodies, copies
from integrator.settings import Settings
from integrator.store.engine import reading
from integrator.wiring import open_authority, open_gateway


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
    with looking(gateway, kurum, OPEN, [number], by=name_of(by), facts={"what": "evidence_copy"}):
        out.write_bytes(bodies.open_evidence(gateway.keyring.sealer(kurum), kurum, number, sealed))
    print_json({"level": level, "out": str(out)}) if as_json else click.echo(f"{out}: CAdES-{level}")


COMMANDS = [evidence_group]
