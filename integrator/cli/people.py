"""People who may log in: `person make | list | lock | unlock | reset | role | setup`.

An identity number, a password or a code is never taken from the command line: a file holds it, or it is asked for.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from integrator.cli.output import (
    home_option,
    json_option,
    local,
    name_of,
    name_option,
    print_json,
    print_table,
    read_number,
    say,
)
from integrator.domain.errors import NotAdmitted
from integrator.domain.identifiers import KurumNo, Tckn
from integrator.domain.roles import Role
from integrator.parties.people import OWN, Person
from integrator.people import making
from integrator.people import own_account as own
from integrator.people.entering import Caller
from integrator.people.house import House
from integrator.settings import Settings
from integrator.wiring import open_gateway, people_rules

ROLES = click.Choice([each.value for each in Role if each is not Role.SYSTEM])
DAYS = click.IntRange(1, 400)
PROFESSIONAL = click.option(
    "--professional",
    "number_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file with the identity number of the professional; only a keyed index of it is kept.",
)
REASON = click.option("--reason", required=True, help="Kept in the audit log.")


@click.group(name="person")
def person_group() -> None:
    """People who may log in."""


@person_group.command()
@click.argument("login")
@click.option("--role", type=ROLES, required=True)
@PROFESSIONAL
@click.option("--days", type=DAYS, default=400, help="How long they may log in.")
@click.option("--kurum", default=None, help="Whose person it is; this home's customer when not given.")
@name_option
@home_option
@json_option
def make(
    settings: Settings,
    login: str,
    role: str,
    number_file: Path | None,
    days: int,
    kurum: str | None,
    by: str | None,
    as_json: bool,
) -> None:
    """Make a person with LOGIN, an e-mail address. The set-up code is shown once, here.

    An operator is staff of the integrator and belongs to no customer.
    """
    person, code = making.make_person(
        _house(settings),
        KurumNo(kurum or settings.gateway.kurum),
        Role(role),
        login,
        lives=timedelta(days=days),
        professional=_number(number_file),
        by=name_of(by),
    )
    _tell_code(person, code, as_json=as_json)


@person_group.command(name="list")
@click.option("--kurum", default=None, help="Whose people; this home's customer when not given.")
@click.option("--staff", is_flag=True, help="The integrator's own people instead.")
@home_option
@json_option
def list_people(settings: Settings, kurum: str | None, staff: bool, as_json: bool) -> None:
    """Everybody: role, second step, until when, when they came in last. No secrets."""
    owner = OWN if staff else KurumNo(kurum or settings.gateway.kurum)
    found = making.read_people(_house(settings), owner)
    if as_json:
        print_json({"people": [_shown(each) for each in found]})
        return
    words = (say("rol", "role"), say("durum", "state"), say("bitiş", "until"), say("giriş", "entered"))
    rows = [
        (each.kullanici_no, each.login, each.role, _state(each), each.expires_at.date(), local(each.entered_at))
        for each in found
    ]
    print_table(say("Kişiler", "People"), ("no", "login", *words), rows)


@person_group.command()
@click.argument("login")
@REASON
@name_option
@home_option
@json_option
def lock(settings: Settings, login: str, reason: str, by: str | None, as_json: bool) -> None:
    """Nothing opens to LOGIN from now on; every session ends."""
    _tell(making.lock_person(_house(settings), login, reason=reason, by=name_of(by)), as_json=as_json)


@person_group.command()
@click.argument("login")
@REASON
@name_option
@home_option
@json_option
def unlock(settings: Settings, login: str, reason: str, by: str | None, as_json: bool) -> None:
    """LOGIN may come in again, with what they had."""
    _tell(making.unlock_person(_house(settings), login, reason=reason, by=name_of(by)), as_json=as_json)


@person_group.command()
@click.argument("login")
@REASON
@click.option("--days", type=DAYS, default=400, help="How long they may log in from now on.")
@name_option
@home_option
@json_option
def reset(settings: Settings, login: str, reason: str, days: int, by: str | None, as_json: bool) -> None:
    """A new set-up code for LOGIN; password, second step, recovery codes and sessions go."""
    person, code = making.reset_person(
        _house(settings), login, reason=reason, lives=timedelta(days=days), by=name_of(by)
    )
    _tell_code(person, code, as_json=as_json)


@person_group.command()
@click.argument("login")
@click.argument("role", type=ROLES)
@PROFESSIONAL
@REASON
@name_option
@home_option
@json_option
def role(
    settings: Settings, login: str, role: str, number_file: Path | None, reason: str, by: str | None, as_json: bool
) -> None:
    """LOGIN has ROLE from now on; every session ends."""
    person = making.change_role(
        _house(settings), login, Role(role), reason=reason, professional=_number(number_file), by=name_of(by)
    )
    _tell(person, as_json=as_json)


@person_group.command()
@click.argument("login")
@home_option
@json_option
def setup(settings: Settings, login: str, as_json: bool) -> None:
    """Take a password and a second step here, in the terminal: with the set-up code, which is asked for.

    Questions go to stderr. The authenticator scans the square, or takes the secret below it.
    """
    house, caller = _house(settings), Caller("cli")
    code, password = _ask(say("Kurulum kodu", "Set-up code")), _ask(say("Parola", "Password"), twice=True)
    entered = own.set_up(house, login, code, password, caller)
    secret, uri = own.begin_totp(house, entered.person, "", caller)
    click.echo(f"{qr_lines(uri)}\n{uri}\n{secret}", err=True)
    done, codes = _until_right(lambda told: own.confirm_totp(house, entered.session, told, caller))
    own.end_own_session(house, done.person, done.session.oturum_no)
    if as_json:
        print_json({**_shown(done.person), "recovery_codes": codes})
        return
    click.echo("\n".join(codes))
    click.echo(say("Her biri bir kez geçerlidir: şimdi saklayın.", "Each is good once: keep them now."), err=True)


def _until_right(act: Callable[[str], Any]) -> Any:
    """Ask for six digits, three times at most; raises NotAdmitted."""
    for _ in range(2):
        try:
            return act(_ask(say("Uygulamadaki altı hane", "Six digits of the authenticator")))
        except NotAdmitted:
            click.echo(say("Olmadı; yenisini yazın.", "That was not it; type the next one."), err=True)
    return act(_ask(say("Uygulamadaki altı hane", "Six digits of the authenticator")))


def _ask(what: str, *, twice: bool = False) -> str:
    """An answer that is not shown; from a pipe one line, without being asked twice."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    told: str = click.prompt(what, hide_input=True, err=True, confirmation_prompt=twice)
    return told


def qr_lines(text: str) -> str:
    """`text` as a QR code of half blocks, dark on light, for a terminal."""
    from reportlab.graphics.barcode.qr import QrCodeWidget  # noqa: PLC0415 - half a second that only this needs

    code = QrCodeWidget(text, barLevel="L").qr
    code.make()
    size, edge = code.getModuleCount(), 2

    def is_dark(row: int, column: int) -> bool:
        return 0 <= row < size and 0 <= column < size and bool(code.isDark(row, column))

    blocks = {(False, False): "█", (False, True): "▀", (True, False): "▄", (True, True): " "}
    rows = range(-edge, size + edge, 2)
    columns = range(-edge, size + edge)
    return "\n".join("".join(blocks[is_dark(r, c), is_dark(r + 1, c)] for c in columns) for r in rows)


def _house(settings: Settings) -> House:
    return House(open_gateway(settings, sending=False), people_rules(settings))


def _number(path: Path | None) -> Tckn | None:
    return read_number(path) if path else None


def _tell_code(person: Person, code: str, *, as_json: bool) -> None:
    if as_json:
        print_json({**_shown(person), "setup_code": code})
        return
    click.echo(code)
    until = local(person.setup_until)
    told = say(f"Bir daha gösterilmez; {until} tarihine kadar", f"It is not shown again; good until {until}")
    click.echo(f"{told}: ibys person setup {person.login}", err=True)


def _tell(person: Person, *, as_json: bool) -> None:
    print_json(_shown(person)) if as_json else click.echo(f"{person.login}: {person.role}, {_state(person)}")


def _state(person: Person) -> str:
    if person.locked_at:
        return say("kapalı", "locked")
    if person.password is None:
        return say("kurulum bekliyor", "to be set up")
    return say("açık", "open") if person.totp else say("ikinci adım yok", "no second step")


def _shown(person: Person) -> dict[str, Any]:
    return {
        "kullanici_no": person.kullanici_no,
        "login": person.login,
        "kurum": person.kurum,
        "role": person.role.value,
        "second_step": bool(person.totp),
        "set_up": person.password is not None,
        "locked": person.locked_at is not None,
        "expires_at": person.expires_at.isoformat(),
        "entered_at": person.entered_at.isoformat() if person.entered_at else None,
    }


COMMANDS = [person_group]
