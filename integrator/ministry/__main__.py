"""`python -m integrator.ministry serve` starts the stub.

Exit codes: 0 stopped, 2 an option is at fault, 3 no port or no WSDL.
"""

import argparse
import asyncio
import contextlib
import ipaddress
import json
import secrets
import sys
from pathlib import Path

from integrator.ministry.export import BadExport
from integrator.ministry.fault_plan import SETS, FaultPlan
from integrator.ministry.ministry import Ministry
from integrator.ministry.personalities import PERSONALITIES, folder_of, put_on
from integrator.ministry.register import BadParties
from integrator.ministry.server import Address, serve
from integrator.ministry.state_file import StateFile
from integrator.ministry.versions import CURRENT, TRAITS

AS_THE_PERSONALITY = -1.0
FACES_TOLD = """A test stub; not the ministry. It listens on one port with five faces:

  /soap-g1  single record, SOAP 1.1 and 1.2; WSDL exact, its signature field seen in a relay
  /soap-g2  list form, a code for each pair; types seen in a relay, the save's name assumed
  /soap-g3  list form, accepted, then asked for by number; types seen in a relay, names assumed
  /json-g4  JSON, HTTP Basic, no number; seen in third-party code, never proven live
  /firma    the firm's own affairs: standing, announcements, audit requests; ours, nothing like it is public

  /isg-katip  pages: contracts, approvals, the 4A list; no fault strikes there

GET ?wsdl (json-g4: /openapi.json) gives the description. 46 faults on every SOAP face, 36 of them on json-g4;
six more strike connections.
What each face is, with which label: integrator/ministry/README.md."""


def main(argv: list[str] | None = None) -> int:
    """Parse, fill the register, serve until a signal comes."""
    wanted = _parser().parse_args(argv)
    if not wanted.allow_non_loopback and not _is_loopback(wanted.host):
        print(f"{wanted.host} is not a loopback address; --allow-non-loopback if you mean it", file=sys.stderr)
        return 2
    plan = FaultPlan(
        seed=secrets.randbelow(2**31) if wanted.seed is None else wanted.seed,
        slow_seconds=wanted.slow_seconds,
        latency=(wanted.latency, wanted.latency),
    )
    plan.use_set(wanted.faults)
    ministry = Ministry(plan)
    put_on(ministry, wanted.personality)
    ministry.versions.change({"schema": wanted.schema})
    if wanted.keep_hours is not None:
        ministry.keep_for(wanted.keep_hours)
    if wanted.processing_seconds != AS_THE_PERSONALITY:
        ministry.processing_seconds = wanted.processing_seconds
    if wanted.parties is not None and not _load(ministry, wanted.parties):
        return 2
    if wanted.state is not None and not _remember(ministry, wanted.state):
        return 2
    folder = folder_of(wanted.personality, plan.seed)
    address = Address(wanted.host, wanted.port, wanted.control_port, wanted.tls_port, wanted.idle_seconds, folder)
    try:
        asyncio.run(_serve(ministry, address, wanted))
    except OSError as error:
        print(f"cannot start, or write at the end: {error}", file=sys.stderr)
        return 3
    return 0


async def _serve(ministry: Ministry, address: Address, wanted: argparse.Namespace) -> None:
    async with StateFile(wanted.state, ministry).kept() if wanted.state else contextlib.nullcontext():
        await serve(ministry, address, wanted.faults)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="integrator.ministry", description="A test stub; not the ministry.")
    command = parser.add_subparsers(required=True).add_parser(
        "serve",
        help="listen until SIGTERM or SIGINT",
        description=FACES_TOLD,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("--host", default="127.0.0.1")
    command.add_argument("--port", type=int, default=0, help="0 takes a free one")
    command.add_argument("--control-port", type=int, default=0, help="0 takes a free one")
    command.add_argument(
        "--tls-port", type=int, help="the same faces with TLS; 0 takes a free one; none when not given"
    )
    command.add_argument("--idle-seconds", type=float, default=60.0, help="how long a silent client is kept")
    command.add_argument("--faults", choices=SETS, default="none")
    command.add_argument(
        "--personality", choices=list(PERSONALITIES), default="metro", help="where the published text is silent"
    )
    command.add_argument("--seed", type=int, help="random when not given; printed either way")
    command.add_argument("--slow-seconds", type=float, default=3.0, help="how late the late faults are")
    command.add_argument("--latency", type=float, default=0.0, help="seconds before every answer")
    command.add_argument(
        "--processing-seconds",
        type=_seconds_or_never,
        default=AS_THE_PERSONALITY,
        help="soap-g3: from acceptance to decision, or never; else the personality's",
    )
    command.add_argument("--parties", type=Path, metavar="FILE.json", help="firms, workplaces, contracts, codes")
    command.add_argument("--schema", choices=TRAITS["schema"], default=CURRENT, help="next: as announced, from now on")
    command.add_argument("--state", type=Path, metavar="FILE", help="remember everything in it")
    command.add_argument(
        "--keep-hours", type=float, help="forget what was stored longer ago; everything is kept if not given"
    )
    command.add_argument("--allow-non-loopback", action="store_true")
    return parser


def _seconds_or_never(text: str) -> float | None:
    return None if text == "never" else float(text)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _load(ministry: Ministry, path: Path) -> bool:
    try:
        ministry.register.merge(json.loads(path.read_bytes()))
    except (OSError, ValueError, BadParties) as error:
        print(f"{path}: {error}", file=sys.stderr)
        return False
    return True


def _remember(ministry: Ministry, path: Path) -> bool:
    try:
        StateFile(path, ministry).read()
    except (OSError, BadExport) as error:
        print(f"{path}: {error}", file=sys.stderr)
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
