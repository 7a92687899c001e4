"""What the ministry's stub carries alone: signed saves a second on one core, and its memory over a hostile day.

The messages are signed beforehand (the number is not signed, so one signature serves many numbers); every check is on.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from statistics import median
from typing import Any

from bench.figures import Row, Scale, Void
from bench.machine import cpu_seconds, resident_bytes
from bench.signing import specimen
from bench.world import CODES, WORKERS, today, uniform_records
from integrator.domain.clock import SystemClock
from integrator.ministry.published import read_wsdl
from integrator.sign.cades import CadesSigner
from integrator.sign.certificates import der_of, read_certificate
from integrator.sign.keys import Pkcs12Signer
from integrator.sign.trial_pki import issue_signer, make_root
from integrator.trial.people import FIRMA_KODU, Town

CLIENTS = 4
MIB = 1 << 20
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"

PLACE = "{sorgu_no}"
PAROLA = "bench"
PATIENCE_SECONDS = 0.5
_CONTENT_LENGTH = re.compile(rb"\r\nContent-Length: ([0-9]+)\r\n(?:.+\r\n)*\r\n")


def measure(scale: Scale) -> Iterator[Row]:
    """The rate on an honest stub of its own, then a day at a hostile one."""
    town = Town(records=1, seed=1, today=today())
    message = signed_message(town)
    yield from _rate_rows(scale, town, message)
    yield from _day_rows(scale, town, message)


def signed_message(town: Town) -> str:
    """An HTTP request of soap-g2 with ten workers and two trainings, signed, with PLACE for the number."""
    record, message = next(uniform_records(town, 1)), specimen()
    issued = issue_signer(make_root(now=SystemClock().now()), message.signer, now=SystemClock().now())
    signer = CadesSigner(Pkcs12Signer(issued.key, read_certificate(der_of(issued.certificate))))
    signature = b64encode(signer.sign(message.canonical, at=SystemClock().now())).decode()
    year, month, day = record["egitimTarihi"].split("-")
    dvo = [
        "<belgeTipi>2</belgeTipi>",
        *(f"<calisan><calisanTckNo>{one}</calisanTckNo></calisan>" for one in record["calisan"]),
        f"<egiticiTckNo>{record['egiticiTckNo']}</egiticiTckNo>",
        *(f"<egitim><egitimKoduId>{code}</egitimKoduId><egitimSuresi>60.0</egitimSuresi></egitim>" for code in CODES),
        f"<egitimTarihi>{day}-{month}-{year}</egitimTarihi><egitimTur>1</egitimTur><egitimYer>1</egitimYer>",
        f"<imzaliDeger>{signature}</imzaliDeger><isgProfTckNo>{record['isgProfTckNo']}</isgProfTckNo>",
        f"<sgkTescilNo>{record['sgkTescilNo']}</sgkTescilNo><sorguNo>{PLACE}</sorguNo>",
    ]
    namespace = read_wsdl("soap-g2").namespace
    return (
        f'<S:Envelope xmlns:S="{SOAP}"><S:Body><n:cokluEgitimBildirimKaydet xmlns:n="{namespace}"><egitim>'
        f"{''.join(dvo)}</egitim><firmaKodu>{FIRMA_KODU}</firmaKodu><parola>{PAROLA}</parola>"
        "</n:cokluEgitimBildirimKaydet></S:Body></S:Envelope>"
    )


class Stub:
    """A stub in a process of its own, which has one thread, and a few clients that do nothing but post."""

    def __init__(self, process: subprocess.Popen[str], message: str) -> None:
        assert process.stdout is not None
        self._ready = json.loads(process.stdout.readline())
        self.pid, self._message = process.pid, message
        self._port = int(self._ready["soap_g2"].split(":")[2].split("/")[0])
        self._numbers = count(1)

    def control(self, method: str, path: str, content: Any = None) -> Any:
        """One call to the control port."""
        body = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(self._ready["control"] + path, body, method=method)
        with urllib.request.urlopen(request, timeout=60) as reply:
            return json.loads(reply.read())

    def post_for(self, seconds: float) -> int:
        """How many requests CLIENTS clients made in `seconds`, each with a number of its own."""
        made, ends = [0] * CLIENTS, time.monotonic() + seconds

        def client(which: int) -> None:
            connection = None
            while time.monotonic() < ends:
                connection = connection or socket.create_connection(("127.0.0.1", self._port), PATIENCE_SECONDS)
                made[which] += 1
                if not self._post(connection, next(self._numbers)):
                    connection.close()
                    connection = None

        threads = [threading.Thread(target=client, args=(which,)) for which in range(CLIENTS)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        return sum(made)

    def _post(self, connection: socket.socket, number: int) -> bool:
        """One request and whatever comes back; False when the connection is of no more use."""
        body = self._message.replace(PLACE, str(number)).encode()
        head = f"POST /soap-g2 HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n"
        try:
            connection.sendall(head.encode() + body)
            received = connection.recv(MIB)
            while (wanted := _length(received)) > len(received):
                received += (
                    connection.recv(MIB) or b" " * wanted
                )  # closed before its end: then it is no 200 of one length
            return wanted == len(received) and received.startswith(b"HTTP/1.1 200")
        except OSError:  # what a hostile ministry does to its clients is not ours to mend here
            return False


def _length(received: bytes) -> int:
    """How long the reply is whose beginning this is; 0 when it does not say."""
    found = _CONTENT_LENGTH.search(received)
    return found.end() + int(found[1]) if found else 0


@contextmanager
def a_stub(arguments: list[str], town: Town, message: str) -> Iterator[Stub]:
    """Start it, let it know the town, end it by its id."""
    command = [sys.executable, "-m", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            stub = Stub(process, message)
            stub.control("PUT", "/parties", town.parties(PAROLA))
            yield stub
        finally:
            process.terminate()


def _rate_rows(scale: Scale, town: Town, message: str) -> Iterator[Row]:
    with a_stub(["integrator.ministry", "serve", "--seed", "1"], town, message) as stub:
        rates, grown, before = [], [], resident_bytes(stub.pid)
        for _ in range(scale.rounds):
            began, cpu = time.perf_counter(), cpu_seconds(stub.pid)
            made = stub.post_for(scale.seconds * 5)
            rates.append((made / (time.perf_counter() - began), made / (cpu_seconds(stub.pid) - cpu)))
            grown.append(made)
        held = stub.control("GET", "/ledger/summary")
        if held["messages"] != sum(grown) or set(held["codes"]) != {"200"}:
            raise Void(f"the stub's ledger says {held['messages']} of {sum(grown)}; codes {held['codes']}")
        each = (resident_bytes(stub.pid) - before) / sum(grown)
    note = (
        f"for a second of its one core, all checks, {WORKERS} x {len(CODES)} pairs; "
        f"{median(wall for wall, _ in rates):.0f}/s by the clock"
    )
    yield Row("stub alone, signed saves", median(cpu for _, cpu in rates), "/s", target=500, note=note)
    yield Row("stub alone, what a save leaves", each / 1024, "KiB", note="the ledger: grows by design")


def _day_rows(scale: Scale, town: Town, message: str) -> Iterator[Row]:
    """Four quarters of a day; the ledger keeps an hour of it."""
    quarter = scale.day_seconds / 4
    with a_stub(["bench.stub_day", str(86_400 / scale.day_seconds)], town, message) as stub:
        sizes, made = [], 0
        for _ in range(4):
            made += stub.post_for(quarter)
            sizes.append(resident_bytes(stub.pid) / MIB)
        held = stub.control("GET", "/ledger/summary")
    if not held["forgotten"] or not held["faults"]:
        raise Void(f"nothing was forgotten, or nothing was hostile: {held}")
    note = (
        f"{made} requests, {sum(held['faults'].values())} met a fault; MiB at the quarters "
        f"{', '.join(f'{size:.1f}' for size in sizes)}; holds {held['messages']}, forgot {held['forgotten']}"
    )
    yield Row("stub, a hostile day", sizes[3] - sizes[1], "MiB", target=5, at_most=True, note=note)
