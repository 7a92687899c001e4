"""The signing agent: `agent sign` for a folder, `agent serve` for the desk's page. The PIN is never an argument."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial, wraps
from pathlib import Path
from typing import Any

import click

from integrator.agent import pin
from integrator.agent.endpoint import Declined, Endpoint
from integrator.agent.interchange import ToSign, is_signed, read_waiting, write_signatures
from integrator.agent.signing import KeySource, Pkcs12File, Signatures, in_confirmations, own, sign_confirmed
from integrator.agent.summary import Names
from integrator.cli.output import home_option, json_option, language, print_json, say
from integrator.domain.clock import SystemClock
from integrator.domain.errors import Misconfigured
from integrator.settings import Settings
from integrator.sign.pkcs11 import KNOWN_LIBRARIES, Card, find_library

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_TRIES = {
    "low": ("Karta daha önce yanlış PIN girilmiş.", "A wrong PIN was entered into this card before."),
    "final": ("DİKKAT: kartın tek bir PIN denemesi kaldı.", "CAREFUL: the card has one PIN try left."),
    "locked": ("Kartın PIN'i kilitli.", "The card's PIN is locked."),
}


@click.group()
def agent() -> None:
    """On the professional's own computer: show what waits for a signature, and sign it with the card."""


def _key_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Where the key is. The command receives `source`."""

    @wraps(function)
    def with_source(*, settings: Settings, pkcs11: str, token: str, key_id: str, p12: Path | None, **rest: Any) -> Any:
        source = _source(settings, pkcs11, token, key_id, p12)
        return function(settings=settings, source=source, **rest)

    named = ", ".join(KNOWN_LIBRARIES)
    for option in (
        click.option("--p12", type=FILE, help="A PKCS#12 file instead of a card: trial runs only."),
        click.option("--key-id", default="", help="CKA_ID in hex, when several certificates could sign."),
        click.option("--token", default="", help="Label of the token, when there are several."),
        click.option("--pkcs11", default="", help=f"The card's library: a path, or one of {named}."),
    ):
        with_source = option(with_source)
    return with_source


def _source(settings: Settings, library: str, token: str, key_id: str, p12: Path | None) -> KeySource:
    if p12 is None:
        named = find_library(library or settings.agent.library)
        return Card(named, token_label=token or settings.agent.token_label, key_id=key_id)
    if settings.production:
        raise Misconfigured("--p12: in production a professional signs with a card")
    click.echo(say("Deneme: kart yerine dosya kullanılıyor.", "Trial run: a file in place of a card."), err=True)
    return Pkcs12File(p12)


@agent.command("sign")
@click.option("--from", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Only CMS is written here."
)
@click.option("--yes", is_flag=True, help="Do not ask before signing.")
@click.option("--show-bytes", is_flag=True, help="Show the exact bytes beside the words.")
@click.option("--pin-file", type=FILE, help="For tests and trial runs; else the PIN is asked for, without echo.")
@click.option("--pin-stdin", is_flag=True, help="One line of standard input for each confirmation; wants --yes.")
@home_option
@_key_options
@json_option
def sign_folder(
    settings: Settings,
    source: KeySource,
    folder: Path,
    out: Path,
    yes: bool,
    show_bytes: bool,
    pin_file: Path | None,
    pin_stdin: bool,
    as_json: bool,
) -> None:
    """Sign what `ibys waiting --write-to` wrote, up to 50 messages for each confirmation and PIN entry."""
    del settings
    if (as_json or pin_stdin) and not yes:
        raise click.UsageError("--json and --pin-stdin want --yes: there is nobody to ask")
    clock = SystemClock()
    messages, names = read_waiting(folder)
    mine = own(source, messages, at=clock.now())
    due = [each for each in mine if not is_signed(out, each.sorgu_no)]
    signed = 0
    for group in in_confirmations(due):
        if not as_json:
            _show(group, names, show_bytes=show_bytes)
        if not yes and not _agrees(group):
            break
        write_signatures(out, sign_confirmed(source, group, _pin_taker(source, pin_file, stdin=pin_stdin), clock))
        signed += len(group)
    _told(len(messages) - len(mine), len(mine) - len(due), signed, len(due) - signed, as_json=as_json)


def _told(others: int, before: int, signed: int, left: int, *, as_json: bool) -> None:
    if as_json:
        print_json({"signed": signed, "signed_before": before, "left": left, "of_another_person": others})
        return
    click.echo(
        say(
            f"İmzalandı: {signed}. Önceden imzalı: {before}. Kalan: {left}. Başka kişiye ait: {others}.",
            f"Signed: {signed}. Signed before: {before}. Left: {left}. Another person's: {others}.",
        )
    )


@agent.command("serve")
@click.option("--address", default="", help="127.0.0.1:PORT; no other host is taken.")
@click.option("--origin", default="", help="The desk's origin, for instance https://desk.example.")
@home_option
@_key_options
@json_option
def serve(settings: Settings, source: KeySource, address: str, origin: str, as_json: bool) -> None:
    """Wait for the desk's page. Each batch is shown here, confirmed here, and its PIN is typed here."""

    def tell(token: str) -> None:
        print_json({"token": token}) if as_json else click.echo(
            say(f"Tek kullanımlık anahtar: {token}", f"One-time token: {token}")
        )

    sign = partial(_ask_and_sign, source)
    address, origin = address or settings.agent.address, origin or settings.agent.origin
    with pin.terminal_kept(), Endpoint(address, origin, sign, tell) as endpoint:
        print_json({"address": endpoint.own_host, "origin": endpoint.origin}) if as_json else click.echo(
            say(
                f"İmza aracı {endpoint.own_host} adresinde {endpoint.origin} için bekliyor. Durdurmak için Ctrl-C.",
                f"The agent waits on {endpoint.own_host} for {endpoint.origin}. Ctrl-C stops it.",
            )
        )
        endpoint.serve_forever()


def _ask_and_sign(source: KeySource, messages: Sequence[ToSign], names: Names) -> Signatures:
    """One confirmation at this terminal; a terminal that is gone means no."""
    _show(messages, names, show_bytes=False)
    try:
        agreed = _agrees(messages)
    except click.Abort:
        agreed = False
    if not agreed:
        raise Declined
    return sign_confirmed(source, messages, _pin_taker(source, None, stdin=False), SystemClock())


def _show(group: Sequence[ToSign], names: Names, *, show_bytes: bool) -> None:
    """The list a person reads before agreeing: number, words, and on request the bytes."""
    click.echo(say(f"İmzanızı bekleyen {len(group)} bildirim:", f"{len(group)} messages wait for your signature:"))
    for place, each in enumerate(group, 1):
        click.echo(f"{place:3}. {each.sorgu_no}  {each.summary.sentence(language(), names)}")
        if show_bytes:
            _show_bytes(each)


def _show_bytes(each: ToSign) -> None:
    click.echo(f"     {each.content.decode('ascii')}")


def _agrees(group: Sequence[ToSign]) -> bool:
    """Yes or no; on the way the bytes can be looked at."""
    question = say(
        f"{len(group)} bildirim imzalansın mı? [e]vet, [h]ayır, [b]aytları göster",
        f"Sign these {len(group)} messages? [y]es, [n]o, show the [b]ytes",
    )
    while True:
        answer = click.prompt(question, default="h" if language() == "tr" else "n").strip()[:1]
        if answer in ("b", "B"):
            for each in group:
                click.echo(f"{each.sorgu_no}")
                _show_bytes(each)
            continue
        return answer in ("e", "E", "y", "Y")


def _pin_taker(source: KeySource, pin_file: Path | None, *, stdin: bool) -> pin.PinTaker:
    if pin_file:
        return partial(pin.from_file, pin_file)
    if stdin:
        return pin.from_stdin
    if warning := _TRIES.get(source.tries_left()):
        click.echo(say(*warning), err=True)
    return partial(pin.from_terminal, say("PIN: ", "PIN: "))


COMMANDS = [agent]
