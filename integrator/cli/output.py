"""How the commands print: JSON for machines, tables for people, in the language of the locale."""

from __future__ import annotations

import getpass
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from integrator.domain.clock import ISTANBUL
from integrator.domain.findings import Finding
from integrator.domain.identifiers import Tckn
from integrator.domain.texts import LANGUAGES, Language
from integrator.log import set_up_log
from integrator.settings import Settings, default_home, read_settings


def language() -> Language:
    """Turkish when ``IBYS_LANG`` or the locale says so, else English."""
    for name in ("IBYS_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        if os.environ.get(name):
            return "tr" if os.environ[name].lower().startswith("tr") else "en"
    return "en"


def say(tr: str, en: str) -> str:
    """The sentence in the reader's language."""
    return tr if language() == "tr" else en


def json_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--json`` for every command."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")(function)


def home_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--home`` and the settings found there. The command receives `settings`; its log holds errors only."""

    @wraps(function)
    def with_settings(*, home: Path | None, **rest: Any) -> Any:
        settings = read_settings(home or default_home())
        set_up_log(level="ERROR")
        return function(settings=settings, **rest)

    option = click.option("--home", type=click.Path(path_type=Path), help="Folder of the gateway (IBYS_HOME, ~/.ibys).")
    return option(with_settings)


def progress(*, show: bool) -> Progress:
    """A counter with its time on stderr; silent when there is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}"), TimeElapsedColumn())
    console = Console(stderr=True)
    return Progress(*columns, transient=True, console=console, disable=not show or not sys.stderr.isatty())


def name_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--as``: the operator's name."""
    told = "Your name, for the audit log; by default the OS user's."
    return click.option("--as", "by", metavar="NAME", default=None, help=told)(function)


def name_of(by: str | None) -> str:
    """The name given by ``--as``, else that of the OS user."""
    if by is not None:
        return by
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        raise click.UsageError(say("--as ADINIZ gerekli", "--as YOUR-NAME is needed")) from None


def read_number(path: Path) -> Tckn:
    """The identity number in a file; raises Malformed. It is never taken from the command line."""
    with path.open(encoding="utf-8", errors="replace") as file:
        return Tckn(file.read(100).strip())


def print_json(value: Any) -> None:
    """One JSON document on stdout."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def console() -> Console:
    """Where tables go. Fixed width when the output is no terminal, so that files read well."""
    real = Console()
    return real if real.is_terminal else Console(width=110)


def print_table(title: str, headings: Iterable[str], rows: Iterable[Iterable[Any]]) -> None:
    """A table for people; numbers to the right."""
    table = Table(title=title, title_justify="left", title_style="bold", header_style="")
    for heading in headings:
        table.add_column(heading)
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    console().print(table)


def print_findings(where: str, findings: Iterable[Finding]) -> None:
    """One line per finding: where, code, sentence."""
    for finding in findings:
        click.echo(f"  {where}  {finding.code}  {finding.sentence(language())}")


def local(at: datetime | None) -> str:
    """A moment as people in Turkey read it."""
    return at.astimezone(ISTANBUL).strftime("%d.%m.%Y %H:%M:%S") if at else "-"


def as_rows(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Largest first."""
    return sorted(counts.items(), key=lambda pair: -pair[1])


__all__ = [
    "LANGUAGES",
    "Settings",
    "as_rows",
    "console",
    "home_option",
    "json_option",
    "language",
    "local",
    "name_of",
    "name_option",
    "print_findings",
    "print_json",
    "print_table",
    "progress",
    "read_number",
    "say",
]
