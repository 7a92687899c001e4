"""`python -m integrator.client upload FILE --address URL --token-file FILE [--progress]`: one act, from a shell.

Prints a line of JSON for each record, exits 0 when all were stored, 2 when one has faults, 3 when it may not, 4 when
the server could not be reached; the same numbers as `ibys`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

from integrator.client import Answer, Busy, Gateway, GatewayError, NotAllowed, Unreachable
from integrator.client.uploading import LINES


def main(arguments: list[str] | None = None) -> int:
    """Parse, call, print."""
    parser = argparse.ArgumentParser(prog="python -m integrator.client", description=__doc__)
    command = parser.add_subparsers(required=True).add_parser("upload", help="hand over a file")
    command.add_argument("file", type=Path)
    command.add_argument("--address", required=True)
    command.add_argument("--token-file", type=Path, required=True, help="holds the key's token")
    command.add_argument("--veri-seti", default="", help="for sheets whose headings fit several")
    command.add_argument("--progress", action="store_true", help="a bar on stderr; needs rich")
    asked = parser.parse_args(arguments)
    try:
        gateway = Gateway(asked.address, asked.token_file.read_text().strip())
        answers = gateway.upload(asked.file, veri_seti=asked.veri_seti)
        return _print(_with_bar(answers, asked.file) if asked.progress else answers)
    except (GatewayError, OSError, ValueError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201 - it is the command's answer
        return 4 if isinstance(error, (Unreachable, Busy)) else 3 if isinstance(error, NotAllowed) else 2


def _print(answers: Iterable[Answer]) -> int:
    faulty = 0
    for each in answers:
        faulty += not each.is_stored
        print(json.dumps(asdict(each), ensure_ascii=False))  # noqa: T201
    return 2 if faulty else 0


def _with_bar(answers: Iterable[Answer], path: Path) -> Iterator[Answer]:
    """The answers, counted on stderr; of a file of lines the end is known beforehand."""
    from rich.console import Console  # noqa: PLC0415 - only a bar needs more than Python
    from rich.progress import track  # noqa: PLC0415

    total = None
    if path.suffix.lower() in LINES:
        with path.open("rb") as stream:
            total = sum(1 for line in stream if line.strip())
    yield from track(answers, description=path.name, total=total, console=Console(stderr=True))


if __name__ == "__main__":
    sys.exit(main())
