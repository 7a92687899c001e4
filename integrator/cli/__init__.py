"""The command line: one file per command group; parse, call, print. Errors are rendered here and nowhere else.

Exit codes: 0 done, 2 the input was at fault, 3 configuration, 4 unavailable, 5 evidence does not verify.
"""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Sequence

import click

from integrator.cli import (
    agent,
    announcement,
    audit,
    backup,
    code_lists,
    conformance,
    coverage,
    demo,
    doors,
    evidence,
    explain,
    feed,
    hands,
    home,
    impact,
    keys,
    limits,
    line,
    lookup,
    messages,
    paper,
    parties,
    people,
    receipt,
    records,
    registry,
    retention,
    sheets,
    vault,
    veri_seti,
    webhooks,
)
from integrator.cli.output import language
from integrator.domain.errors import IntegratorError
from integrator.domain.texts import text
from integrator.log import tell_bug


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="ibys-integrator")
def ibys() -> None:
    """İBYS integrator gateway: trainings in, accepted notifications and evidence out."""


for group in (
    home, code_lists, records, sheets, veri_seti, impact, messages, feed, hands, line, lookup, parties, people, keys,
    agent, explain, audit, coverage, evidence, receipt, demo, doors, limits, announcement,
    conformance, vault, backup, retention, webhooks, paper, registry,
):  # fmt: skip
    for command in group.COMMANDS:
        ibys.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of `ibys`. Turns our errors into a sentence, what was seen, and the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    sys.excepthook = tell_bug
    gc.freeze()  # what is loaded now lives as long as the process: the collector need not look at it again
    gc.set_threshold(50_000, 20, 100)
    try:
        sys.exit(ibys.main(given, standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except click.exceptions.Abort:
        sys.exit(130)
    except IntegratorError as error:
        _show(error, as_json="--json" in given)
        sys.exit(error.exit_code)


def _show(error: IntegratorError, *, as_json: bool) -> None:
    facts = {"path": "", "seen": error.detail, "wanted": ""}
    if as_json:
        shown = {"code": error.code, "detail": error.detail}
        shown |= {"tr": text(error.code, "tr", **facts), "en": text(error.code, "en", **facts)}
        click.echo(json.dumps({"error": shown}, ensure_ascii=False))
        return
    click.echo(f"{error.code}  {text(error.code, language(), **facts)}", err=True)
    click.echo(f"  {error.detail}", err=True)
