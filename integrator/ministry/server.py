"""The listening sockets, one loop: the ministry's faces on one port (and one with TLS), its control on another."""

import asyncio
import contextlib
import gc
import json
import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from integrator.ministry.certificates import Certificates
from integrator.ministry.connection import Connection, Meet, nothing_met
from integrator.ministry.control import Control
from integrator.ministry.doors import CLOSED
from integrator.ministry.faces import Face
from integrator.ministry.faces.firma import FirmaFace
from integrator.ministry.faces.json_g4 import JsonG4
from integrator.ministry.faces.soap_g1 import SoapG1
from integrator.ministry.faces.soap_g2 import SoapG2
from integrator.ministry.faces.soap_g3 import SoapG3
from integrator.ministry.fault_plan import CONNECTION, TLS_CONNECTION
from integrator.ministry.isgkatip.pages.site import IsgKatip
from integrator.ministry.ministry import Ministry
from integrator.ministry.ports import Port, TlsGuest
from integrator.ministry.wire import BANNER, Patience, Reply, Request, Respond, Steps, plain

FACES: tuple[Callable[[Ministry, str], Face], ...] = (SoapG1, SoapG2, SoapG3, JsonG4, FirmaFace, IsgKatip)
MESSAGE_LIMIT = 2 * 1024 * 1024  # bytes of one message body
PARTIES_LIMIT = 256 * 1024 * 1024  # bytes of one body on the control port


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen; port 0 takes a free one, `tls_port` None none. A client idle for `idle_seconds` is dropped,
    one whose request takes half of that is answered 408. `folder` is where the faces are.
    """

    host: str
    port: int
    control_port: int
    tls_port: int | None = None
    idle_seconds: float = 60.0
    folder: str = ""


class Faces:
    """All faces behind one port, found by their path."""

    def __init__(self, ministry: Ministry, origin: str, folder: str = "") -> None:
        self._ministry, self._folder = ministry, folder
        self._by_path = {face.path: face for face in (make(ministry, origin + folder) for make in FACES)}
        self.addresses = {path.strip("/").replace("-", "_"): origin + folder + path for path in self._by_path}

    def respond(self, request: Request) -> Reply | Steps:
        """Hand the request to the face under its path, unless nothing is served at this moment."""
        path = request.path.removeprefix(self._folder) if request.path.startswith(self._folder) else ""
        face = self._by_path.get("/" + path.split("/", 2)[1]) if "/" in path else None
        if face is None:
            return plain(404, "there are: " + ", ".join(self._folder + path for path in self._by_path))
        if self._ministry.is_out():
            self._ministry.ledger.faults["outage"] += 1
            return CLOSED
        return face.respond(replace(request, path=path) if self._folder else request)


async def serve(ministry: Ministry, address: Address, fault_set: str) -> None:
    """Listen until SIGTERM or SIGINT; prints one line of JSON on stdout once every port is open."""
    loop = asyncio.get_running_loop()
    is_over = asyncio.Event()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(wanted, is_over.set)
    _calm_garbage_collector()
    control = Control(ministry)
    control_port = Port(address.host, address.control_port, _http(control.respond, Patience(PARTIES_LIMIT)))
    await control_port.open()
    services, told = await _open_services(ministry, address, control)

    def shut(seconds: float) -> None:
        for port in services:
            port.close_for(seconds)

    ministry.plan.shut = shut
    ready = {"banner": BANNER, **told, "control": control_port.origin()}
    print(json.dumps(ready | {"seed": ministry.plan.seed, "faults": fault_set}), flush=True)
    await is_over.wait()
    for port in (*services, control_port):
        port.close()


async def _open_services(ministry: Ministry, address: Address, control: Control) -> tuple[list[Port], dict[str, Any]]:
    """The faces' port, and the one with TLS if there is to be one; with their addresses."""
    patience = Patience(MESSAGE_LIMIT, request=address.idle_seconds / 2, idle=address.idle_seconds)
    doors = _Door()
    service = Port(address.host, address.port, _http(doors.respond, patience, _meeting(ministry, CONNECTION)))
    await service.open()
    faces = Faces(ministry, service.origin(), address.folder)
    doors.opens_to(faces.respond)
    if address.tls_port is None:
        return [service], faces.addresses
    certificates, secure_doors = Certificates(address.host), _Door()
    meet = _meeting(ministry, TLS_CONNECTION)
    secure = Port(address.host, address.tls_port, _https(secure_doors.respond, patience, certificates, meet))
    await secure.open()
    secure_faces = Faces(ministry, secure.origin("https"), address.folder)
    secure_doors.opens_to(secure_faces.respond)
    control.tells_tls({"authority": certificates.authority.decode(), **secure_faces.addresses})
    return [service, secure], faces.addresses | {"tls": secure_faces.addresses}


class _Door:
    """Lets the port be known before the faces are made: the WSDL wants to tell its own address."""

    def __init__(self) -> None:
        self._respond: Respond = lambda request: plain(503, "starting")

    def opens_to(self, respond: Respond) -> None:
        self._respond = respond

    def respond(self, request: Request) -> Reply | Steps:
        return self._respond(request)


def _meeting(ministry: Ministry, kind: str) -> Meet:
    """Decides what a connection of this kind meets at the door, and counts it."""

    def meet() -> str:
        fault = ministry.plan.decide_connection(kind)
        ministry.ledger.faults.update([fault] if fault else [])
        return fault

    return meet


def _http(respond: Respond, patience: Patience, meet: Meet = nothing_met) -> Callable[[set[Connection]], Connection]:
    return lambda clients: Connection(respond, patience, clients, meet)


def _https(
    respond: Respond, patience: Patience, certificates: Certificates, meet: Meet
) -> Callable[[set[Connection]], TlsGuest]:
    def guest(clients: set[Connection]) -> TlsGuest:
        fault = meet()
        connection = Connection(respond, patience, clients, lambda: fault)
        return TlsGuest(certificates.context_for(fault), connection)

    return guest


def _calm_garbage_collector() -> None:
    """A ledger of a million pairs is no garbage: walking it over and over would cost more than it frees."""
    with contextlib.suppress(ValueError):
        gc.set_threshold(50_000, 50, 100)
    gc.freeze()
