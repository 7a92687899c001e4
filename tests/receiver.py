"""Somebody who takes webhooks, with faults by script: a thread of a test, or a process (``python -m tests.receiver``).

Each request meets the next word of the script, and ``ok`` once it is over. What was received whole is remembered,
whatever is answered then. As a process it tells its port on stdout and notes each request as a line of JSON in a file.
"""

from __future__ import annotations

import base64
import json
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from standardwebhooks.webhooks import Webhook

RESET = struct.pack("ii", 1, 0)
SLOW = 0.05


@dataclass
class Received:
    """One request: lower-case headers, body, and the fault that it met."""

    headers: dict[str, str]
    body: bytes
    fault: str

    @property
    def message_id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def told(self) -> dict:
        return json.loads(self.body)

    def is_signed_by(self, secret: str) -> bool:
        """Whether another library makes the same signature; whatever the time is here."""
        at = datetime.fromtimestamp(int(self.headers["webhook-timestamp"]), UTC)
        made = Webhook(secret).sign(self.message_id, at, self.body.decode())
        return made in self.headers["webhook-signature"].split()


@dataclass
class Receiver:
    """Listens on loopback. A word of the script: ``ok``, a status (``500``, ``503:7`` with Retry-After, ``302:URL``),

    ``huge``, ``endless``, ``drip``, ``reset``, ``deaf`` (takes and never answers), ``shut`` (hangs up at once).
    """

    script: Iterable[str] = ()
    received: list[Received] = field(default_factory=list)
    note: Path | None = None
    place: tuple[str, int] = ("127.0.0.1", 0)

    def __post_init__(self) -> None:
        self._words = iter(self.script)
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._socket = socket.create_server(self.place, backlog=256)
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?key=of-ours"

    def close(self) -> None:
        self._closed.set()
        self._socket.close()

    def _listen(self) -> None:
        while True:
            try:
                sock, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with closing(sock), suppress(OSError):
            sock.settimeout(20)
            while self._answer(sock):
                pass

    def _answer(self, sock: socket.socket) -> bool:
        head = _until(sock, b"\r\n\r\n")
        if head is None:
            return False
        with self._lock:
            fault = next(self._words, "ok")
        if fault == "shut":
            return False
        self._remember(_request(sock, head), fault)
        return self._reply(sock, fault)

    def _remember(self, request: tuple[dict[str, str], bytes], fault: str) -> None:
        with self._lock:
            self.received.append(Received(*request, fault))
            if self.note:
                line = {"headers": request[0], "body": base64.b64encode(request[1]).decode(), "fault": fault}
                with self.note.open("a") as file:
                    file.write(json.dumps(line) + "\n")

    def _reply(self, sock: socket.socket, fault: str) -> bool:
        word, _, more = fault.partition(":")
        if word == "reset":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            return False
        if word == "deaf":
            self._closed.wait(20)
            return False
        status = word if word.isdecimal() else "200"
        name = {"302": "Location", "503": "Retry-After", "429": "Retry-After"}.get(status)
        header = f"{name}: {more}\r\n" if name and more else ""
        if word in ("huge", "endless", "drip"):
            return self._flood(sock, word)
        body = "" if status == "204" else "Content-Length: 2\r\n\r\nok"
        sock.sendall(f"HTTP/1.1 {status} X\r\n{header}{body or chr(13) + chr(10)}".encode())
        return True

    def _flood(self, sock: socket.socket, word: str) -> bool:
        length = 10_000_000 if word == "huge" else 10**12
        sock.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode())
        sent = 0
        while sent < length and not self._closed.is_set():
            sent += sock.send(b"x" * (1 if word == "drip" else 65_536))
            time.sleep(SLOW if word == "drip" else 0)
        return False


def _until(sock: socket.socket, end: bytes) -> bytes | None:
    held = b""
    while end not in held:
        piece = sock.recv(65_536)
        if not piece:
            return None
        held += piece
    return held


def _request(sock: socket.socket, held: bytes) -> tuple[dict[str, str], bytes]:
    head, _, body = held.partition(b"\r\n\r\n")
    lines = [line.partition(": ") for line in head.decode("latin-1").split("\r\n")[1:]]
    headers = {name.lower(): value for name, _, value in lines}
    while len(body) < int(headers["content-length"]):
        body += sock.recv(65_536)
    return headers, body


def read_note(path: Path) -> list[Received]:
    """What a receiver that is a process has received."""
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return [Received(each["headers"], base64.b64decode(each["body"]), each["fault"]) for each in lines]


def first_of_each(received: Iterable[Received]) -> list[Received]:
    """The first reception of each message, in the order in which they came."""
    first: dict[str, Received] = {}
    for each in received:
        first.setdefault(each.message_id, each)
    return list(first.values())


def main() -> None:
    """``python -m tests.receiver NOTE WORD...``: until stdin ends."""
    receiver = Receiver(sys.argv[2:], note=Path(sys.argv[1]))
    sys.stdout.write(f"{receiver.port}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
