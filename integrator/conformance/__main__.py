"""``python -m integrator.conformance run --gateway ADAPTER | --ministry URL --report DIR``: the suite by itself.

Exit codes: 0 everything that was run conforms, 2 an option, adapter or scenario is at fault, 4 ministry or stub cannot
be reached, 5 something does not conform or nothing was executed.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from integrator.conformance.adapter import BadAdapter, read_adapter
from integrator.conformance.address import BadAddress, open_address
from integrator.conformance.reports import NOT_CONFORMING, Report, as_json, name_of, write_reports
from integrator.conformance.run import LANES, PASSED, Verdict, header, run_gateway, run_ministry
from integrator.conformance.scenario import TIERS, BadScenario, Scenario, read_scenarios, select
from integrator.conformance.stage import VOCABULARY
from integrator.conformance.stub import StubFault

AT_FAULT, AWAY = 2, 4
OWN_ADAPTERS = Path(__file__).resolve().parent / "adapters"


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse, run, write the reports, say what came out."""
    wanted = parser().parse_args(arguments)
    try:
        scenarios = read_scenarios({name: word.takes for name, word in VOCABULARY.items()})
        side = "gateway" if wanted.gateway else "ministry"
        chosen = select(scenarios, side=side, only=wanted.only, tiers=wanted.tier)
        report = _run(wanted, chosen)
    except (BadAdapter, BadAddress, BadScenario) as error:
        print(error, file=sys.stderr)
        return AT_FAULT
    except StubFault as error:
        print(error, file=sys.stderr)
        return AWAY
    except FileExistsError as error:
        print(f"{error.filename}: is there already; --work wants an empty folder", file=sys.stderr)
        return AT_FAULT
    try:
        paths = write_reports(report, wanted.report)
    except OSError as error:
        print(f"--report: {error}", file=sys.stderr)
        return AT_FAULT
    _tell(report, paths, as_json_=wanted.json)
    return report.exit_code(accept_declared=wanted.accept_declared)


def parser() -> argparse.ArgumentParser:
    """The options; the command line of the gateway passes its own through."""
    made = argparse.ArgumentParser(prog="integrator.conformance", description="Conformance of a gateway or a ministry.")
    run = made.add_subparsers(required=True).add_parser("run", help="run scenarios and write the reports")
    sides = run.add_mutually_exclusive_group(required=True)
    sides.add_argument("--gateway", metavar="ADAPTER", help="an adapter file, or the name of one that ships: ibys")
    sides.add_argument("--ministry", metavar="URL", help="a ministry address; its faces lie under it")
    run.add_argument("--control", default="", metavar="URL", help="with --ministry: the control port of a stub")
    run.add_argument(
        "--people", type=Path, metavar="FILE", help="with --ministry: firm, people and keys it knows (TOML)"
    )
    run.add_argument(
        "--face", action="append", default=[], metavar="METOT=URL", help="with --ministry: where a face is"
    )
    run.add_argument("--report", type=Path, required=True, metavar="DIR")
    run.add_argument("--only", action="append", default=[], metavar="PATTERN", help="tier/name, with * and ?")
    run.add_argument("--tier", action="append", default=[], choices=TIERS)
    run.add_argument("--work", type=Path, metavar="DIR", help="where homes and logs go and stay; else they are removed")
    run.add_argument("--lanes", type=int, default=LANES, help="how many homes side by side")
    run.add_argument(
        "--accept-declared", action="store_true", help="0 also when all failures are declared in the adapter"
    )
    run.add_argument("--json", action="store_true", help="print the counts and failures as JSON")
    return made


def _run(wanted: argparse.Namespace, chosen: Sequence[Scenario]) -> Report:
    now = datetime.now(UTC)
    began = time.monotonic()
    if not chosen:
        frozen = header(subject=wanted.gateway or wanted.ministry, version="-", ministry="-", now=now)
        return Report(frozen, [], 0.0)
    with tempfile.TemporaryDirectory(prefix="ibys-conformance-") as scratch:
        frozen, verdicts = _play(wanted, chosen, wanted.work or Path(scratch), now)
    return Report(frozen, verdicts, time.monotonic() - began)


def _play(
    wanted: argparse.Namespace, chosen: Sequence[Scenario], folder: Path, now: datetime
) -> tuple[dict[str, str], list[Verdict]]:
    """The frozen header and the verdicts."""

    def progress(verdict: Verdict) -> None:
        _progress(wanted, verdict)

    if wanted.ministry:
        told = {"control": wanted.control, "people": wanted.people, "faces": wanted.face}
        address = open_address(wanted.ministry, now=now, **told)
        verdicts = run_ministry(address, chosen, folder, now=now, progress=progress)
        kind = "stub with a control port" if address.control else "address without a control port"
        return header(subject=wanted.ministry, version="not told", ministry=kind, now=now), verdicts
    adapter = read_adapter(_adapter_path(wanted.gateway))
    verdicts, version = run_gateway(adapter, chosen, folder, now=now, lanes=wanted.lanes, progress=progress)
    return header(subject=adapter.name, version=version, ministry="stub, loopback", now=now), verdicts


def _adapter_path(told: str) -> Path:
    shipped = OWN_ADAPTERS / f"{told}.toml"
    return shipped if "/" not in told and shipped.is_file() else Path(told)


def _progress(wanted: argparse.Namespace, verdict: Verdict) -> None:
    if not wanted.json:
        mark = "+" if verdict.verdict == PASSED else "X"
        print(
            f"  {mark} {name_of(verdict):60} {verdict.verdict:12} {verdict.seconds:5.1f} s  {verdict.reason}"[:220],
            file=sys.stderr,
        )


def _tell(report: Report, paths: Sequence[Path], *, as_json_: bool) -> None:
    told = as_json(report)
    if as_json_:
        failed = {each["id"]: each["reason"] for each in told["scenarios"] if each["verdict"] != PASSED}
        facts = {name: told[name] for name in ("header", "counts", "executed", "undeclared", "seconds")}
        print(
            json.dumps(
                {**facts, "failed": failed, "reports": [str(each) for each in paths]}, ensure_ascii=False, indent=1
            )
        )
        return
    print(", ".join(f"{name} {count}" for name, count in report.counts.items()) + f"; {report.seconds:.0f} s")
    if not report.executed:
        print("Hiçbir senaryo yürütülmedi; bu bir başarısızlıktır. / No scenario was executed; that is a failure.")
    print("\n".join(map(str, paths)))


__all__ = ["NOT_CONFORMING", "main", "parser"]

if __name__ == "__main__":
    sys.exit(main())
