"""The conformance suite from our command line: `ibys conformance run`. A product, and options, of its own."""

from __future__ import annotations

import click

from integrator.conformance.__main__ import main as conformance_main


@click.group(name="conformance")
def conformance_group() -> None:
    """Any gateway, or any ministry address, against the requirements."""


@conformance_group.command(
    context_settings={"ignore_unknown_options": True, "help_option_names": []}, add_help_option=False
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def run(arguments: tuple[str, ...]) -> int:
    """Run scenarios and write the reports; its own options follow (`ibys conformance run --help`, `--json`)."""
    return conformance_main(["run", *arguments])


COMMANDS = [conformance_group]
