"""Code 214 for people: `explain-214` compares two files, and `status` shows what was found when the answer came."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from integrator.cli.output import json_option, language, name_of, print_json, say
from integrator.domain.errors import Malformed
from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.looks import OPEN, looking
from integrator.queue.bodies import open_explanation
from integrator.receipt.explain_214 import CODE, explain
from integrator.receipt.values import Cause
from integrator.settings import Settings
from integrator.wiring import open_gateway

LARGEST_FILE = 16 << 20
_NO_CAUSE = frozenset({Cause.UNKNOWN, Cause.TOO_LARGE, Cause.NO_XML})


@click.command(name="explain-214")
@click.option("--ours", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True)
@click.option("--theirs", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True)
@json_option
def explain_214(ours: Path, theirs: Path, as_json: bool) -> int:
    """Why the ministry says that the signed content is not its own: the first byte that differs, and the cause.

    OURS are the bytes that were signed; THEIRS is the ministry's XML, or its message or reply with the XML in it.
    """
    found = explain(_read(ours), _read(theirs))
    print_json(found.as_json()) if as_json else print_explanation(found.as_json())
    return 2 if any(each.cause in _NO_CAUSE for each in found.causes) else 0


def _read(path: Path) -> bytes:
    """The whole file; raises Malformed when it cannot be read or no message was ever as large."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise Malformed(f"{path.name}: cannot be read ({error.strerror})") from error
    if len(content) > LARGEST_FILE:
        raise Malformed(f"{path.name}: larger than {LARGEST_FILE} bytes")
    return content


def print_explanation(found: Mapping[str, Any]) -> None:
    """Place, both sides one above the other, and a line for each cause, in the reader's language."""
    if found["offset"] is not None:
        click.echo(_place(found))
        names = (say("bizde", "ours"), say("bakanlıkta", "ministry"))
        for name, side in zip(names, (found["ours"], found["theirs"]), strict=True):
            click.echo(f"  {name:10}  {side}")
        click.echo(" " * (14 + found["column"]) + "^")
    click.echo(_weight(found))
    for each in found["causes"]:
        click.echo(f"  {each['code']}  {each['cause']}")
        click.echo(f"    {each[language()]}")


def _place(found: Mapping[str, Any]) -> str:
    offset, element = found["offset"], found["element"] or "-"
    return say(f"İlk farklı bayt: {offset}, öğe: {element}", f"First byte that differs: {offset}, in {element}")


def _weight(found: Mapping[str, Any]) -> str:
    if found["equal"]:
        return say("Fark yok:", "No difference:")
    if found["certain"]:
        return say(
            "Neden (kesin: giderilince bayt bayt eşit):", "Cause (certain: mended, they are equal byte for byte):"
        )
    return say("Olası neden:", "Likely cause:")


def explanation_of(settings: Settings, found: Mapping[str, Any]) -> dict[str, Any] | None:
    """What is sealed beside a message that got a 214, as `readings.read_one` found it; None for every other."""
    row, sealed = found["row"], found["refused_parts"]
    if row["last_code"] != CODE or sealed is None:
        return None
    kurum, sorgu_no = KurumNo(row["kurum_id"]), SorguNo(row["sorgu_no"])
    gateway = open_gateway(settings, sending=False)
    with looking(gateway, kurum, OPEN, [sorgu_no], by=name_of(None), facts={"what": "explanation"}):
        return open_explanation(gateway.keyring.sealer(kurum), kurum, sorgu_no, sealed)


def print_line_of_214(row: Mapping[str, Any], explanation: Mapping[str, Any] | None) -> None:
    """One line: what happened to a message that got a 214, or was stopped because another got one."""
    if explanation is None:
        told = told_causes(row["reason"])
    else:
        told = " ".join(each[language()] for each in explanation["causes"])
        if explanation["offset"] is not None:
            told += say(f" (bayt {explanation['offset']})", f" (byte {explanation['offset']})")
    if row["last_code"] == CODE and told:
        click.echo(f"{CODE}: {told}")


def told_causes(reason: str) -> str:
    """The causes that stand in a message's reason (``own_fault:INT-RCP-001``), by name; empty when there are none."""
    known = {cause.value: cause.word for cause in Cause}
    codes = reason.partition(":")[2].split(",")
    named = [f"{code} {known[code]}" for code in codes if code in known]
    return say("neden: ", "cause: ") + ", ".join(named) if named else ""


COMMANDS = [explain_214]
