"""`paper list | report | certificate | certificates | revoke | verify`: workbooks, reports, usage certificates (6a)."""

from __future__ import annotations

import io
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from integrator.cli.output import (
    home_option,
    json_option,
    language,
    local,
    name_of,
    name_option,
    print_json,
    print_table,
    say,
)
from integrator.domain.hands import Hand
from integrator.domain.identifiers import KurumNo, SgkTescilNo
from integrator.paper.lists import LISTS, Narrowed, Reader, list_named
from integrator.paper.report import read_report
from integrator.paper.report_pdf import render_report
from integrator.paper.sheets import write_sheet
from integrator.paper.usage import (
    Asked,
    Certificate,
    Validity,
    issue,
    read_certificates,
    revoke,
    verify_code,
)
from integrator.protect.files import write_whole
from integrator.settings import Settings
from integrator.wiring import open_gateway

_OUT = click.Path(dir_okay=False, path_type=Path)


@click.group(name="paper")
def paper_group() -> None:
    """What people print, file and hand on."""


@paper_group.command(name="list")
@click.argument("name", type=click.Choice(list(LISTS)))
@click.option("--isyeri", type=str, help="Of `workers`: whose roster (SGK number).")
@click.option("--out", type=_OUT, required=True, help="The workbook to write (.xlsx).")
@home_option
@json_option
def write_list(settings: Settings, name: str, isyeri: str | None, out: Path, as_json: bool) -> None:
    """Write one of the desk's lists as a workbook, in the language of the locale."""
    gateway = open_gateway(settings, sending=False)
    narrowed = Narrowed(place=SgkTescilNo(isyeri) if isyeri else None)
    listing = list_named(Reader(gateway, KurumNo(settings.gateway.kurum), language(), narrowed=narrowed), name)
    content = io.BytesIO()
    written = write_sheet(content, listing, language(), made_at=gateway.clock.now())
    write_whole(out, content.getvalue())
    if as_json:
        print_json({"out": str(out), "rows": written.rows, "cut": written.is_cut})
        return
    more = say("; liste daha uzun", "; the list is longer") if written.is_cut else ""
    click.echo(say(f"{out}: {written.rows} satır{more}", f"{out}: {written.rows} row(s){more}"))


@paper_group.command()
@click.option("--month", type=click.DateTime(["%Y-%m"]), required=True, help="Messages by the month of their event.")
@click.option("--isyeri", type=str, help="One workplace (SGK number); without it all of the customer's.")
@click.option("--out", type=_OUT, required=True, help="The PDF file to write.")
@home_option
@json_option
def report(settings: Settings, month: datetime, isyeri: str | None, out: Path, as_json: bool) -> None:
    """Write the report of a month: coverage, deliveries, what stopped and why, deadlines."""
    gateway = open_gateway(settings, sending=False)
    sgk = SgkTescilNo(isyeri) if isyeri else None
    found = read_report(gateway, KurumNo(settings.gateway.kurum), month.date(), sgk)
    write_whole(out, render_report(found, language()))
    notified = sum(each.notified for each in found.tallies)
    if as_json:
        print_json({"out": str(out), "month": f"{found.month:%Y-%m}", "notified": notified})
    else:
        click.echo(say(f"{out}: {notified} bildirim", f"{out}: {notified} message(s)"))


@paper_group.command()
@click.option("--isyeri", type=str, required=True, help="The workplace (SGK number).")
@click.option("--from", "since", type=click.DateTime(["%Y-%m-%d"]), required=True, help="Events since this day.")
@click.option("--to", "until", type=click.DateTime(["%Y-%m-%d"]), required=True, help="Until this day, inclusive.")
@click.option("--mask", is_flag=True, help="Mask the SGK number: for whoever is not the workplace.")
@click.option("--out", type=_OUT, required=True, help="The PDF file to write. It is handed out once.")
@name_option
@home_option
@json_option
def certificate(settings: Settings, out: Path, by: str | None, as_json: bool, **told: Any) -> None:
    """Issue the usage certificate of a workplace (circular 6a), with a code that anybody can verify. Audited."""
    gateway, kurum = open_gateway(settings, sending=False), KurumNo(settings.gateway.kurum)
    days = (told["since"].date(), told["until"].date())
    asked = Asked(SgkTescilNo(told["isyeri"]), *days, language(), hides_sgk=told["mask"])
    issued = issue(gateway, kurum, asked, by=name_of(by))
    write_whole(out, issued.pdf)
    if as_json:
        print_json({"out": str(out), "code": issued.code, **_told(issued.certificate)})
    else:
        click.echo(f"{out}: {issued.code}")


@paper_group.command()
@home_option
@json_option
def certificates(settings: Settings, as_json: bool) -> None:
    """The usage certificates that were issued, the newest first."""
    found = read_certificates(open_gateway(settings, sending=False), KurumNo(settings.gateway.kurum))
    if as_json:
        print_json({"certificates": [_told(each) for each in found]})
        return
    headings = ("no", say("işyeri", "workplace"), say("dönem", "period"), say("verildi", "issued"), "")
    rows = [(e.usage_no, e.title, f"{e.since} - {e.until}", local(e.made_at), _state(e)) for e in found]
    print_table(say("Kullanım belgeleri", "Usage certificates"), headings, rows)


@paper_group.command(name="revoke")
@click.argument("usage_no")
@click.option("--reason", required=True)
@name_option
@home_option
@json_option
def revoke_one(settings: Settings, usage_no: str, reason: str, by: str | None, as_json: bool) -> None:
    """Take the usage certificate USAGE_NO back: whoever verifies its code is told so. Audited."""
    gateway, hand = open_gateway(settings, sending=False), Hand(name_of(by), reason)
    found = revoke(gateway, KurumNo(settings.gateway.kurum), usage_no, hand)
    print_json(_told(found)) if as_json else click.echo(_state(found))


@paper_group.command()
@click.argument("code")
@home_option
@json_option
def verify(settings: Settings, code: str, as_json: bool) -> int:
    """What became of the usage certificate with this CODE. Exit code 2 for one that is unknown or was taken back."""
    found = verify_code(open_gateway(settings, sending=False), code)
    told = _told(found.certificate) if found.certificate else {}
    if as_json:
        print_json({"validity": found.validity.value, "gateway": found.gateway, **told})
    else:
        click.echo(say(*_VALIDITIES[found.validity]))
        for name, value in told.items():
            click.echo(f"  {name}: {value}")
    return 0 if found.validity is Validity.VALID else 2


_VALIDITIES = {
    Validity.VALID: ("Belge geçerli.", "The certificate stands."),
    Validity.REVOKED: ("Belge geri alınmış.", "The certificate was taken back."),
    Validity.UNKNOWN: ("Bu kodla belge verilmemiş.", "No certificate was issued with this code."),
}


def _state(found: Certificate) -> str:
    return say(*_VALIDITIES[Validity.REVOKED if found.revoked_at else Validity.VALID])


def _told(found: Certificate) -> dict[str, Any]:
    return {**asdict(found), "counts": [asdict(each) for each in found.counts]}


COMMANDS = [paper_group]
