"""A served application on a real socket, in a thread; and calls to it by hand, byte for byte."""

from __future__ import annotations

import socket
import threading
import time

import uvicorn

from integrator.web.server import make_config


class Served:
    def __init__(self, app, bounds, settings):
        self.app = app
        self.door = socket.create_server(("127.0.0.1", 0), backlog=2048)
        self.port = self.door.getsockname()[1]
        self.server = uvicorn.Server(make_config(app, settings, bounds))
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.door]})

    def __enter__(self):
        self.thread.start()
        until(lambda: self.server.started)
        return self

    def __exit__(self, *_):
        self.server.should_exit = True
        self.thread.join(30)
        assert not self.thread.is_alive()

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)


def until(claim, seconds=30):
    ends = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < ends, "it did not come true"
        time.sleep(0.01)


def head(method, path, *fields, token=""):
    lines = [f"{method} {path} HTTP/1.1", "Host: x", *fields]
    lines += [f"Authorization: Bearer {token}"] if token else []
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def read_all(connection):
    """Everything until the other side ends; a reset ends it too."""
    pieces = []
    while True:
        try:
            piece = connection.recv(65_536)
        except ConnectionResetError:
            break
        if not piece:
            break
        pieces.append(piece)
    return b"".join(pieces)


def read_answer(connection):
    """(status, fields, body) of one answer with a length."""
    told = b""
    while b"\r\n\r\n" not in told:
        piece = connection.recv(65_536)
        assert piece, f"it ended after {told!r}"
        told += piece
    top, _, body = told.partition(b"\r\n\r\n")
    first, *lines = top.decode("latin-1").split("\r\n")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(fields.get("content-length", 0)):
        body += connection.recv(65_536)
    return int(first.split()[1]), fields, body
