"""Two listening sockets, one loop: the ministry's faces on one port, its control on another."""

import asyncio
import contextlib
import gc
import json
import signal
from collections.abc import Callable
from dataclasses import dataclass

from integrator.ministry.control import Control
from integrator.ministry.faces import Face
from integrator.ministry.faces.firma import FirmaFace
from integrator.ministry.faces.json_g4 import JsonG4
from integrator.ministry.faces.soap_g1 import SoapG1
from integrator.ministry.faces.soap_g2 import SoapG2
from integrator.ministry.faces.soap_g3 import SoapG3
from integrator.ministry.isgkatip.pages.site import IsgKatip
from integrator.ministry.ministry import Ministry
from integrator.ministry.wire import (
    BANNER,
    Connection,
    Reply,
    Request,
    Respond,
    Steps,
    plain,
)

FACES: tuple[Callable[[Ministry, str], Face], ...] = (SoapG1, SoapG2, SoapG3, JsonG4, FirmaFace, IsgKatip)
MESSAGE_LIMIT = 2 * 1024 * 1024  # bytes of one message body
PARTIES_LIMIT = 256 * 1024 * 1024  # bytes of one body on the control port


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen; port 0 takes a free one."""

    host: str
    port: int
    control_port: int


class Faces:
    """All faces behind one port, found by the first part of the path."""

    def __init__(self, ministry: Ministry, origin: str) -> None:
        self._by_path = {face.path: face for face in (make(ministry, origin) for make in FACES)}
        self.addresses = {path.strip("/").replace("-", "_"): origin + path for path in self._by_path}

    def respond(self, request: Request) -> Reply | Steps:
        """Hand the request to the face under its path."""
        face = self._by_path.get("/" + request.path.split("/", 2)[1]) if "/" in request.path else None
        if face is None:
            return plain(404, "there are: " + ", ".join(self._by_path))
        return face.respond(request)


async def serve(ministry: Ministry, address: Address, fault_set: str) -> None:
    """Listen until SIGTERM or SIGINT; prints one line of JSON on stdout once both ports are open."""
    loop = asyncio.get_running_loop()
    is_over = asyncio.Event()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(wanted, is_over.set)
    _calm_garbage_collector()
    clients: set[Connection] = set()
    control = await _listen(Control(ministry).respond, address.host, address.control_port, PARTIES_LIMIT, clients)
    doors = _Door()
    service = await _listen(doors.respond, address.host, address.port, MESSAGE_LIMIT, clients)
    faces = Faces(ministry, _origin(address.host, service))
    doors.opens_to(faces.respond)
    ready = {"banner": BANNER, **faces.addresses, "control": _origin(address.host, control)}
    print(json.dumps(ready | {"seed": ministry.plan.seed, "faults": fault_set}), flush=True)
    await is_over.wait()
    for server in (service, control):
        server.close()
    for client in list(clients):
        client.abort()


class _Door:
    """Lets the port be known before the faces are made: the WSDL wants to tell its own address."""

    def __init__(self) -> None:
        self._respond: Respond = lambda request: plain(503, "starting")

    def opens_to(self, respond: Respond) -> None:
        self._respond = respond

    def respond(self, request: Request) -> Reply | Steps:
        return self._respond(request)


async def _listen(respond: Respond, host: str, port: int, body_limit: int, clients: set[Connection]) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: Connection(respond, body_limit, clients), host, port, backlog=1024)


def _origin(host: str, server: asyncio.Server) -> str:
    port = server.sockets[0].getsockname()[1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _calm_garbage_collector() -> None:
    """A ledger of a million pairs is no garbage: walking it over and over would cost more than it frees."""
    with contextlib.suppress(ValueError):
        gc.set_threshold(50_000, 50, 100)
    gc.freeze()
